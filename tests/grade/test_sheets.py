"""Sheets are made from solutions, always the same way, and nbgrader takes them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from distlab.__main__ import main
from distlab.errors import Misuse
from distlab.grade import index
from distlab.grade.reset import chosen, reset
from distlab.grade.sheets import sheet, sheets, sources, without_solution, written

ROOT = Path(__file__).parent.parent.parent


def nbgrader(name: str, **changes) -> dict:
    usual = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": {**usual, "schema_version": 3, "grade_id": name, **changes}}


def cell(kind: str, source: str, **metadata) -> dict:
    made = {"cell_type": kind, "id": str(abs(hash(source)))[:6], "metadata": metadata}
    made["source"] = source.splitlines(keepends=True)
    if kind == "code":
        made |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "42"}]}
        made["execution_count"] = 3
    return made


METHOD = '''\
class MyCounter(Counter):
    def on_add(self, src, msg):
        """Count it."""
        ### BEGIN SOLUTION
        # once, since a request may come twice
        self.total += msg.amount
        ### END SOLUTION

    def other(self):
        return 1
'''
TEST = """\
practice.check("99.1", MyCounter)
### BEGIN HIDDEN TESTS
assert MyCounter("s1")
### END HIDDEN TESTS"""


def solution() -> dict:
    return {
        "cells": [
            cell("markdown", "# Counting"),
            cell("code", METHOD, **nbgrader("counter", solution=True)),
            cell("code", TEST, **nbgrader("check", grade=True, locked=True, points=6)),
            cell("markdown", "Why: requests are repeated.", tags=["answer"]),
            cell(
                "code",
                "SCHEDULE = ()\n### BEGIN SOLUTION\nSCHEDULE = (1,)\n### END SOLUTION",
                **nbgrader("schedule", solution=True),
            ),
        ],
        "metadata": {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.fixture
def course(tmp_path):
    """A course with one solution and one lesson."""
    for room in ("solutions", "exercises", "notebooks"):
        (tmp_path / room).mkdir()
    (tmp_path / "solutions/99_counting.ipynb").write_text(written(solution()))
    head = (
        "# Counting\n\n**You should know** next to\nnothing. **It takes** an hour.\n\n-"
    )
    lesson = {**solution(), "cells": [cell("markdown", head)]}
    (tmp_path / "notebooks/99_counting.ipynb").write_text(written(lesson))
    return tmp_path


def test_the_sheets_and_the_index_of_the_course_are_up_to_date():
    made = sheets(ROOT)
    if (ROOT / "notebooks").is_dir():
        made[ROOT / "notebooks/index.ipynb"] = index.made(ROOT)
    kept = {path: path.read_text("utf-8") for path in made if path.exists()}
    stale = [path.name for path, text in made.items() if kept.get(path) != text]
    assert stale == [], "run `distlab sheets`"
    names = {path.name for path in ROOT.glob("exercises/*.ipynb")}
    assert names == {path.name for path in ROOT.glob("solutions/*.ipynb")}


def test_a_sheet_has_holes_where_the_solution_has_answers(course):
    made = json.loads(sheet(course / "solutions/99_counting.ipynb"))
    sources = ["".join(cell["source"]) for cell in made["cells"]]
    assert sources == [
        "# Counting",
        '''\
class MyCounter(Counter):
    def on_add(self, src, msg):
        """Count it."""
        # YOUR CODE HERE
        raise NotImplementedError("write on_add first")

    def other(self):
        return 1
''',
        'practice.check("99.1", MyCounter)',
        "SCHEDULE = ()\n# YOUR CODE HERE",
    ]


def test_a_sheet_keeps_nbgraders_metadata_and_no_outputs(course):
    made = json.loads(sheet(course / "solutions/99_counting.ipynb"))
    told = [c["metadata"].get("nbgrader", {}).get("grade_id") for c in made["cells"]]
    assert told == [None, "counter", "check", "schedule"]
    code = [c for c in made["cells"] if c["cell_type"] == "code"]
    assert all(c["outputs"] == [] and c["execution_count"] is None for c in code)


def test_the_stub_of_a_sheet_runs_and_what_it_defines_is_a_hole(course):
    made = json.loads(sheet(course / "solutions/99_counting.ipynb"))
    scope = {"Counter": object}
    exec("".join(made["cells"][1]["source"]), scope)
    exec("".join(made["cells"][3]["source"]), scope)
    with pytest.raises(NotImplementedError, match="write on_add first"):
        scope["MyCounter"]().on_add("c1", None)
    assert scope["SCHEDULE"] == ()


def test_the_same_solution_gives_the_same_bytes(course):
    code = (
        "from pathlib import Path; from distlab.grade.sheets import sheet; "
        f"print(sheet(Path({str(course / 'solutions/99_counting.ipynb')!r})))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "7")
    }
    assert len(told) == 1


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("### BEGIN SOLUTION\nx = 1", "there is no `### END SOLUTION`"),
        ("### END SOLUTION", "does not match"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "does not match"),
    ],
)
def test_markers_that_do_not_match_are_refused(source, said):
    with pytest.raises(Misuse, match=said):
        without_solution(source, "here")


@pytest.mark.parametrize(
    ("source", "metadata", "said"),
    [
        ("x = 1", nbgrader("a", solution=True), "a solution without"),
        ("x = 1", nbgrader("a", grade=True), "points"),
        ("x = 1", {"nbgrader": {"grade_id": "a", "schema_version": 3}}, "locked"),
        ("x = 1", nbgrader("a", schema_version=1), "schema_version 3"),
    ],
)
def test_a_solution_that_nbgrader_would_refuse_is_refused(
    course, source, metadata, said
):
    path = course / "solutions/bad.ipynb"
    path.write_text(
        written({**solution(), "cells": [cell("code", source, **metadata)]})
    )
    with pytest.raises(Misuse, match=said):
        sheet(path)


# -------------------------------------------------------------------------------- reset
def test_a_reset_gives_a_fresh_sheet_and_keeps_the_old_one(course):
    place, source = course / "exercises/99_counting.ipynb", chosen(course, "99")
    assert reset(place, source) is None
    fresh = place.read_text()
    assert reset(place, source) is None  # nothing was written there
    kept = []
    for mine in ("first", "second"):
        place.write_text(mine)
        kept.append(reset(place, source))
        assert place.read_text() == fresh
    assert [path.read_text() for path in kept] == ["first", "second"]
    assert kept[0].parent == course / "exercises/saved"


@pytest.mark.parametrize("name", ["99", "99_counting", "exercises/99_counting.ipynb"])
def test_a_sheet_is_found_by_number_name_or_file(course, name):
    assert chosen(course, name).name == "99_counting.ipynb"


def test_the_sheet_that_the_help_names_is_there(capsys):
    with pytest.raises(SystemExit):
        main(["reset", "--help"])
    [name] = re.findall(
        r"its name \((\w+)\)", " ".join(capsys.readouterr().out.split())
    )
    assert chosen(ROOT, name).stem == name


def test_what_a_reset_keeps_is_the_learners_own_and_not_the_projects():
    assert "exercises/saved/" in (ROOT / ".gitignore").read_text().split()


def test_a_sheet_that_is_not_there_is_refused(course):
    with pytest.raises(Misuse, match="Did you mean `99_counting`"):
        chosen(course, "99_countin")


# ---------------------------------------------------------------------------- the index
def test_the_index_tells_what_each_lesson_needs_and_takes(course):
    cells = json.loads(index.made(course))["cells"]
    table = "".join(cells[1]["source"])
    assert (
        "| [Counting](99_counting.ipynb) | next to nothing. | an hour. | none |"
        in table
    )


def test_the_last_cell_of_the_index_shows_what_it_shows_when_it_is_run(
    course, monkeypatch
):
    monkeypatch.setenv("DISTLAB_HOME", str(course / "nobody"))
    last = json.loads(index.made(course))["cells"][-1]
    scope: dict = {}
    *_, shown = "".join(last["source"]).split("\n")
    exec("".join(last["source"]), scope)
    assert repr(eval(shown, scope)) == "".join(last["outputs"][0]["data"]["text/plain"])


def test_a_lesson_that_does_not_say_what_it_needs_is_refused(course):
    path = course / "notebooks/98_silent.ipynb"
    path.write_text(written({**solution(), "cells": [cell("markdown", "# Silent")]}))
    with pytest.raises(Misuse, match="has to begin with a cell"):
        index.made(course)


# --------------------------------------------------------------------------- nbgrader
def generated(folder: Path) -> Path:
    """The release folder that nbgrader makes of FOLDER/source."""
    pytest.importorskip("nbgrader", reason="the nbgrader extra is not installed")
    api = (
        "import sys; from traitlets.config import Config; "
        "from nbgrader.apps.api import NbGraderAPI; config = Config(); "
        f"config.CourseDirectory.root = {str(folder)!r}; "
        "config.CourseDirectory.course_id = 'distlab'; "
        "api = NbGraderAPI(config=config)\n"
        "for name in sys.argv[1:]:\n"
        "    done = api.generate_assignment(name)\n"
        "    assert done['success'], done"
    )
    names = [path.name for path in sorted((folder / "source").iterdir())]
    code = [sys.executable, "-W", "ignore", "-c", api, *names]
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # alembic
    env = {**os.environ, "PATH": tools}
    done = subprocess.run(code, capture_output=True, text=True, cwd=folder, env=env)
    assert done.returncode == 0, done.stderr[-3_000:]
    return folder / "release"


def test_nbgrader_generates_the_same_holes_from_its_source_notebooks(course):
    for path, text in sources(course, course / "school").items():
        path.parent.mkdir(parents=True)
        path.write_text(text)
    release = generated(course / "school") / "99_counting/99_counting.ipynb"
    cells = json.loads(release.read_text())["cells"]
    ids = [c["metadata"].get("nbgrader", {}).get("grade_id") for c in cells]
    assert ids == [None, "counter", "check", "schedule"]
    assert "raise NotImplementedError()" in "".join(cells[1]["source"])
    assert "Why" not in release.read_text()


def test_nbgrader_accepts_the_sheets_of_the_course(tmp_path):
    made = sources(ROOT, tmp_path)
    if not made:
        pytest.skip("the course has no sheet yet")
    for path, text in sheets(ROOT).items():  # and the sheets themselves, as they are
        made[tmp_path / "source" / f"sheet_{path.stem}" / path.name] = text
    for path, text in made.items():
        path.parent.mkdir(parents=True)
        path.write_text(text)
    assert len(list(generated(tmp_path).rglob("*.ipynb"))) == len(made)
