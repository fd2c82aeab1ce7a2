"""Whole sheets that attack: none earns what it should not, and each gets a sentence.

Each is marked as any other, by one marker, with a neighbour's answer after it; around
it stands a folder that it would like to read and to change.
"""

import time

import pytest
from attacks import ATTACKS
from exercises_for_toys import COURSE, adversary, checker, median
from toy_answers import SOLUTION

from distlab.grade.collect import collect
from distlab.grade.exercise import Course
from distlab.grade.fence import Limits
from distlab.grade.marks import Marker

TIGHT = Limits(processor_s=1)
IMPATIENT = Limits(wall_s=1, check_s=2)
LONGEST_S = 60  # of which most is patience with a machine that is busy
FULL = {"99.1": 6, "99.2": 2, "99.3": 4, "99.4": 4}
HOLDS = ("limits", "namespaces", "Landlock", "seccomp")


@pytest.fixture(scope="module")
def marker():
    with Marker(COURSE, b"the instructor's secret", TIGHT) as marker:
        yield marker


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder with all that is worth reading and changing."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("key", "grades.csv", "solution.ipynb", "bob.ipynb"):
        (home / name).write_text(f"the {name} of others")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("DISTLAB_KEY", "the instructor's secret")
    return home


def test_there_are_more_than_forty_attacks():
    assert len(ATTACKS) >= 100


def marks_under_attack(marker, notebook, home, attack) -> dict:
    """The marks by exercise; nobody was harmed or kept waiting."""
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    honest = collect(notebook(*SOLUTION, name="bob.ipynb"), ["toys"])
    neighbour, holds = marker.mark_exercise(honest, median)
    if missing := set(HOLDS) - set(holds):
        pytest.skip(f"this system has no {', '.join(sorted(missing))}")
    marker.limits = IMPATIENT if attack.sleeps else TIGHT
    since_s = time.monotonic()
    cells = [cell.replace("{home}", str(home)) for cell in attack.cells]
    marks = marker.mark(notebook(*cells), "ann")
    assert time.monotonic() - since_s < LONGEST_S
    marker.limits = TIGHT
    assert marker.mark_exercise(honest, median)[0] == neighbour
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    return {marked.exercise.number: marked for marked in marks.exercises}


def assert_stopped(attack, marks: dict) -> None:
    """It earned what it deserves, and was told why; the other exercises are marked."""
    attacked = marks.pop(attack.exercise)
    assert attacked.points == attack.points
    first = attacked.findings[0]
    assert attack.said in first.came and (first.came or attack.points)
    if attack.others:
        assert all(marked.points == FULL[number] for number, marked in marks.items())


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_earns_nothing_harms_nobody_and_gets_a_sentence(
    marker, notebook, home, monkeypatch, name
):
    """The exercise that is attacked, and one that costs nothing to mark."""
    attack = ATTACKS[name]
    exercises = {e.number: e for e in (COURSE[attack.exercise], adversary)}.values()
    monkeypatch.setattr(marker, "course", Course(exercises))
    assert_stopped(attack, marks_under_attack(marker, notebook, home, attack))


@pytest.mark.soak
@pytest.mark.parametrize("name", ATTACKS)
def test_whole_sheets_that_attack(marker, notebook, home, name):
    attack = ATTACKS[name]
    assert_stopped(attack, marks_under_attack(marker, notebook, home, attack))


def test_the_limit_that_was_met_is_said_of_the_check_that_met_it(marker, notebook):
    source = SOLUTION[3].replace(
        "return totals ==", "while totals[0] > 1: pass\n    return totals =="
    )
    sheet = collect(notebook(source), ["toys"])
    first, second = marker.mark_exercise(sheet, checker)[0].findings
    assert (first.kind, first.points) == ("kept", 1)
    assert (second.kind, second.points) == ("stopped", 0)
    assert second.came == "The answer used more than 1 s of processor time."
