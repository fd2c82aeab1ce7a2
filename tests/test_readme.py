"""The index of protocols and the map of lessons are made from the course itself."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from distlab import readme
from distlab.show.beside import Paper, papers

ROOT = Path(__file__).parent.parent
PROTOCOL = '''\
class Ask(Message):  # Rule 4
    """Ask."""


class Leader(Node):
    def on_ask(self, src, msg):  # Rule 1: why
        if msg:
            self.send(src, msg)  # Rule 12

    def on_tell(self, src, msg):  # Rule 1
        pass
'''
TESTS = '''\
from distlab.chapter.leader import Leader


class Forgets(Leader):
    def on_ask(self, src, msg):
        pass


class Helper:
    def on_ask(self, src, msg):
        pass


def test_one():
    """Rule 12, second half."""


def test_two():
    """Rule 1.2 is another one, and so is Rule 12."""


def test_three():
    pass
'''
STEPS = ("Rule 1", "Rule 12", "Rule 4", "Rule 9")
PAPER = Paper("T", "A", "V", 1978, {step: f"words of {step}" for step in STEPS})


def small_course(folder: Path) -> Path:
    for place, text in (
        ("distlab/chapter/leader.py", PROTOCOL),
        ("tests/chapter/test_leader.py", TESTS),
        ("tests/chapter/test_other.py", TESTS.replace("leader import", "other import")),
    ):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (folder / "notebooks").mkdir()
    for name, cell in (
        ("01_uses", new_code_cell("from distlab.chapter.leader import Leader")),
        ("02_tells", new_markdown_cell("see distlab.chapter.leader")),
        ("03_from_chapter", new_code_cell("from distlab.chapter import leader")),
    ):
        nbformat.write(new_notebook(cells=[cell]), folder / f"notebooks/{name}.ipynb")
    return folder


@pytest.mark.parametrize("page", readme.PAGES)
def test_a_page_is_up_to_date(page):
    told = (ROOT / page).read_text(encoding="utf-8")
    assert readme.brought_up_to_date(told, ROOT) == told, "say `distlab readme`"


def test_every_step_of_every_paper_has_its_code_and_its_test():
    empty = [
        f"{module}: {row.step}"
        for module, paper in papers().items()
        for row in readme.rows(ROOT, module, paper)
        if not (row.carriers and row.tests)
    ]
    assert empty == []


def test_a_step_is_found_in_the_code_the_tests_and_the_mutants(tmp_path):
    rule_1, rule_12, rule_4, rule_9 = readme.rows(
        small_course(tmp_path), "chapter.leader", PAPER
    )
    assert rule_1.carriers == ("on_ask", "on_tell")
    assert rule_1.tests == ()
    assert rule_1.mutants == ("Forgets",)
    assert rule_12.carriers == ("on_ask",)
    assert rule_12.tests == ("test_one", "test_two")
    assert rule_4.carriers == ("Ask",)
    assert rule_4.mutants == ()
    assert rule_9 == ("Rule 9", "words of Rule 9", (), (), ())


def test_a_lesson_is_one_whose_code_imports_the_protocol(tmp_path):
    found = readme.using(small_course(tmp_path), "chapter.leader")
    assert [path.stem for path in found] == ["01_uses", "03_from_chapter"]


def test_what_is_made_replaces_what_stood_between_its_markers(monkeypatch, tmp_path):
    monkeypatch.setattr(readme, "PARTS", {"index": lambda course: "fresh"})
    begin, end = "<!-- index: made by `distlab readme` -->", "<!-- /index -->"
    old = f"before\n{begin}\nold\n{end}\nafter\n"
    new = readme.brought_up_to_date(old, tmp_path)
    assert new.split() == f"before {begin} fresh {end} after".split()
    assert readme.brought_up_to_date(new, tmp_path) == new
    assert readme.brought_up_to_date("a page of prose", tmp_path) == "a page of prose"


def test_the_map_has_a_line_for_each_lesson(tmp_path):
    for folder in ("notebooks", "exercises"):
        (tmp_path / folder).mkdir()
    head = "# Clocks\n\n**You should know** what time is. **It takes** an hour."
    for name in ("01_clocks", "02_more"):
        notebook = new_notebook(cells=[new_markdown_cell(head)])
        nbformat.write(notebook, tmp_path / f"notebooks/{name}.ipynb")
    (tmp_path / "exercises/01_clocks.ipynb").touch()
    _, _, first, second = readme.course_map(tmp_path).splitlines()
    told = "| [Clocks](notebooks/01_clocks.ipynb) | what time is. | an hour. |"
    assert first == f"{told} [exercises](exercises/01_clocks.ipynb) |"
    assert second == f"{told.replace('01_clocks', '02_more')}  |"
