"""Honest sheets as people hand them in: damaged in every way, and still graded."""

import json
from pathlib import Path

import pytest
from exercises_for_toys import adversary, median, once
from toy_answers import MIDDLE, MY_COUNTER, SCHEDULE, SOLUTION, code, text

from distlab.grade.exercise import Course
from distlab.grade.marks import Marker

HEAD, BODY = MY_COUNTER.split("    def count(self")
DEF, RETURN = MIDDLE.strip().split("\n")
LONGER = "def middle(numbers):\n    ordered = sorted(numbers)"


@pytest.fixture(scope="module")
def some():
    """A marker of three exercises: a class, a function, and data."""
    with Marker(Course([once, median, adversary])) as marker:
        yield marker


def points(marks) -> float:
    assert marks.unread == ""
    return marks.score


FULL = 12

# ---------------------------------------------------------------------------- the cells
CELLS = {
    "a class is cut between two methods": (
        HEAD,
        "    def count(self" + BODY,
        *SOLUTION[1:],
    ),
    "a function is cut after its first line": (DEF, RETURN, MY_COUNTER, SCHEDULE),
    "a function is cut before its last line": (
        LONGER,
        "    return ordered[len(numbers) // 2]",
        MY_COUNTER,
        SCHEDULE,
    ),
    "a cell with a margin": (
        "\n".join(f"    {line}" for line in MIDDLE.split("\n")),
        MY_COUNTER,
        SCHEDULE,
    ),
    "a cell copied from a console": (
        f">>> {DEF}\n... {RETURN}\n>>> ",
        MY_COUNTER,
        SCHEDULE,
    ),
    "spaces that do not break, from a web page": (
        MIDDLE.replace("    ", "\u00a0" * 4),
        MY_COUNTER,
        SCHEDULE,
    ),
    "tabs": (MIDDLE.replace("    ", "\t"), MY_COUNTER, SCHEDULE),
    "lines that end as on Windows": tuple(s.replace("\n", "\r\n") for s in SOLUTION),
    "a byte order mark in a cell": ("\ufeff" + MIDDLE, MY_COUNTER, SCHEDULE),
    "magics in the cell of the answer": (
        "%matplotlib inline\n!pip install numpy\n%time\n" + MIDDLE + "\nmiddle?",
        "%%time\n" + MY_COUNTER,
        SCHEDULE + "\n!ls\nfiles = !ls\n?SCHEDULE",
    ),
    "a cell in another language": ("%%bash\nrm -rf x", *SOLUTION),
    "checks in the same cell": (
        MIDDLE + "\nprint(middle([1, 2, 3]))\nassert middle([1]) == 1",
        MY_COUNTER,
        SCHEDULE + "\nSCHEDULE",
    ),
    "scratch cells that raise": ("1 / 0", "raise SystemExit", *SOLUTION, "middle()"),
    "scratch cells that never end": ("while True: pass", *SOLUTION, "input()"),
    "a helper in another cell, below": (
        MIDDLE.replace("sorted(numbers)", "ordered(numbers)"),
        MY_COUNTER,
        SCHEDULE,
        "def ordered(x): return tuple(sorted(x))",
    ),
    "imports at the end": (
        MY_COUNTER.replace("from toys import Added, Counter\n", ""),
        MIDDLE,
        SCHEDULE,
        "from toys import *",
    ),
    "imports inside": (
        MIDDLE.replace("    return", "    import math, os\n    return"),
        MY_COUNTER,
        SCHEDULE,
    ),
    "an import that nobody has": ("import seaborn as sns\nimport os", *SOLUTION),
    "types, a docstring and a decorator": (
        (
            "from functools import lru_cache\nfrom typing import Sequence\n@lru_cache\n"
            'def middle(numbers: "Sequence[int]") -> int:\n    """The middle."""\n'
            "    return sorted(numbers)[len(numbers) // 2]"
        ),
        MY_COUNTER,
        SCHEDULE,
    ),
    "another name for it": (
        MIDDLE.replace("middle", "mine") + "\nmiddle = mine",
        MY_COUNTER,
        SCHEDULE,
    ),
    "a lambda": (
        "middle = lambda numbers: sorted(numbers)[len(numbers) // 2]",
        MY_COUNTER,
        SCHEDULE,
    ),
    "a schedule in parts": (
        MIDDLE,
        MY_COUNTER,
        "from distlab.faults import Loss\nRATE = 1\nALL = Loss(rate=RATE)",
        "SCHEDULE = (ALL,)",
    ),
    "cells retyped as text": (text(MIDDLE), text(MY_COUNTER, "raw"), SCHEDULE),
    "the stub left standing above": (
        "def middle(numbers):\n    raise NotImplementedError",
        "SCHEDULE = ()",
        *SOLUTION,
    ),
    "words between the cells that are code by mistake": (
        "I think that it is like this:",
        *SOLUTION,
        "that's all",
    ),
}


@pytest.mark.parametrize("how", CELLS)
def test_cells_may_be_cut_pasted_and_full_of_other_things(some, notebook, how):
    assert points(some.mark(notebook(*CELLS[how]), "ann")) == FULL


# ----------------------------------------------------------------------------- the file
def saved(cells: list[dict], **more) -> dict:
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **more}


WHOLE = [code(source) for source in SOLUTION]
LINES = [{**cell, "source": cell["source"].splitlines(keepends=True)} for cell in WHOLE]
BARE = [{"cell_type": "code", "source": cell["source"]} for cell in WHOLE]
OLD = [
    {"cell_type": "code", "input": cell["source"], "language": "python"}
    for cell in WHOLE
]
ACCENT = [code("# déjà vu"), *WHOLE]


def as_json(content: dict, **how) -> str:
    return json.dumps(content, **how)


FILES: dict[str, bytes] = {
    "sources as lists of lines": as_json(saved(LINES)).encode(),
    "no ids, metadata, outputs or versions": as_json({"cells": BARE}).encode(),
    "version 3": as_json({"worksheets": [{"cells": OLD}], "nbformat": 3}).encode(),
    "a version that is not known yet": as_json(saved(WHOLE, nbformat=9)).encode(),
    "indented, and sorted": as_json(saved(WHOLE), indent=4, sort_keys=True).encode(),
    "every id the same": as_json(saved([{**c, "id": "x"} for c in WHOLE])).encode(),
    "unknown fields": as_json(
        saved([{**c, "colour": "red"} for c in WHOLE], widgets={"x": [1]})
    ).encode(),
    "a byte order mark": b"\xef\xbb\xbf" + as_json(saved(WHOLE)).encode(),
    "UTF-16": as_json(saved(ACCENT), ensure_ascii=False).encode("utf-16"),
    "Latin-1": as_json(saved(ACCENT), ensure_ascii=False).encode("latin-1"),
    "lines that end as on Windows": as_json(saved(WHOLE), indent=1)
    .replace("\n", "\r\n")
    .encode(),
    "not-a-numbers in an output": as_json(
        saved([{**WHOLE[0], "outputs": [float("nan")]}, *WHOLE[1:]])
    ).encode(),
    "cells that are no cells": as_json(saved([None, 3, {}, *WHOLE])).encode(),
    "metadata of another grader": as_json(
        saved([{**c, "metadata": {"otter": 1, "deletable": False}} for c in WHOLE])
    ).encode(),
}


@pytest.mark.parametrize("how", FILES)
def test_a_file_may_be_saved_by_any_tool(some, tmp_path: Path, how):
    path = tmp_path / "ann.ipynb"
    path.write_bytes(FILES[how])
    assert points(some.mark(path, "ann")) == FULL


def test_what_is_handed_in_under_another_name_is_what_it_answers(some, notebook):
    path = notebook(*SOLUTION, name="Untitled (1) - Copy of bob's 02_quorums.ipynb")
    marks = some.mark(path, "ann")
    assert (marks.sheet, marks.student, marks.score) == ("99_counting", "ann", FULL)


def test_whoever_hands_in_half_is_marked_for_it(some, notebook):
    marks = some.mark(notebook(MIDDLE), "ann")
    assert [marked.points for marked in marks.exercises] == [0, 2, 0]
