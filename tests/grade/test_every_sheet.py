"""Every sheet: the stub is unsolved, the solution passes, each mistake is told apart.

The wrong answers to a sheet are in `answers/`, in a module that is called like it.
"""

import importlib
import inspect
import pickle
from itertools import product
from types import ModuleType

import pytest
from sheets_that_run import ROOT, as_source, codes, marks_of, points_told, run, solved

from distlab.grade import practice
from distlab.grade.checks import course
from distlab.grade.examine import examine
from distlab.grade.exercise import Exercise

KEYS = (b"a key", b"another key")
SHEETS = sorted(path.stem for path in (ROOT / "solutions").glob("*.ipynb"))
EXERCISES = [exercise for sheet in SHEETS for exercise in course().of(sheet)]


def answers_to(sheet: str) -> ModuleType:
    return importlib.import_module(f"answers.{sheet.partition('_')[2]}")


WRONG = [wrong for sheet in SHEETS for wrong in answers_to(sheet).WRONG]
RIGHT_TOO = [right for sheet in SHEETS for right in answers_to(sheet).RIGHT_TOO]
NAMES = {
    id(value): name
    for sheet in SHEETS
    for name, value in vars(answers_to(sheet)).items()
}


def numbered(exercise: Exercise) -> str:
    return exercise.number


def named(answer) -> str:
    return NAMES[id(answer)]


def solution(exercise: Exercise):
    scope, _ = solved(exercise.sheet)
    return scope[exercise.answer.name]


# ------------------------------------------------------------------- stub and solution
@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_runs_as_it_is_handed_out_and_every_exercise_is_unsolved(sheet):
    _, said = run("exercises", sheet)
    assert [checked.exercise for checked in said] == course().of(sheet)
    kinds = {finding.kind for checked in said for finding in checked.findings}
    assert kinds == {"unsolved"}


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_solved_sheet_passes_every_check(sheet):
    _, said = solved(sheet)
    assert len(said) == len(course().of(sheet))
    assert all(checked.solved for checked in said)


def test_checks_can_be_handed_to_other_processes():
    """A class is marked by several: a check defined inside a function could not go."""
    assert len(pickle.loads(pickle.dumps(EXERCISES))) == len(EXERCISES)


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_cells_are_worth_what_the_exercises_are_worth(sheet):
    assert points_told(sheet) == [(e.number, e.points) for e in course().of(sheet)]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("exercise", EXERCISES, ids=numbered)
def test_the_solution_passes_hidden_cases_too(exercise: Exercise, key: bytes):
    for claim in exercise.claims:
        cases = claim.hidden_cases(exercise.number, key)
        found = examine(exercise, claim, solution(exercise), cases)
        assert found.kind == "kept", (claim.text, found.came, found.ran)


@pytest.mark.soak
@pytest.mark.parametrize("exercise", EXERCISES, ids=numbered)
def test_the_solution_passes_whatever_the_key(exercise: Exercise):
    for claim, key in product(exercise.claims, range(100)):
        cases = claim.hidden_cases(exercise.number, f"key {key}".encode())
        found = examine(exercise, claim, solution(exercise), cases)
        assert found.kind == "kept", (claim.text, key, found.came, found.ran)


@pytest.mark.parametrize(
    ("number", "answer"), RIGHT_TOO, ids=[named(answer) for _, answer in RIGHT_TOO]
)
def test_an_answer_that_is_right_in_another_way_passes(number, answer):
    checked = practice.check(number, answer)
    assert checked.solved, checked


# ----------------------------------------------------------------------- wrong answers
@pytest.mark.parametrize(
    ("number", "answer", "breaks", "said"),
    WRONG,
    ids=[f"{number}-{named(answer)}" for number, answer, _, _ in WRONG],
)
def test_each_typical_mistake_breaks_its_claims_and_is_told_why(
    number, answer, breaks, said
):
    """`breaks` are the claims that do not hold, by their place in the exercise."""
    checked = practice.check(number, answer)
    assert checked._repr_mimebundle_()  # with its picture
    findings = checked.findings
    broken = [i for i, f in enumerate(findings) if f.kind != "kept"]
    assert broken == [int(place) for place in breaks]
    assert all(findings[i].share < 1 for i in broken)
    assert any(said in f"{f.came} {f.advice}" for f in findings), findings


@pytest.mark.parametrize("sheet", SHEETS)
def test_no_two_mistakes_of_an_exercise_are_told_the_same(sheet):
    answers = answers_to(sheet)
    told: dict[tuple, str] = {}
    for number, answer, breaks, said in answers.WRONG:
        if answer not in answers.TOLD_ALIKE:
            name = named(answer)
            assert told.setdefault((number, breaks, said), name) == name


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_mistake_is_told_the_same_when_it_is_marked(sheet, tmp_path):
    """One wrong answer to each exercise, as a sheet, in a process of its own."""
    answers = answers_to(sheet)
    first = {number: (a, said) for number, a, _, said in reversed(answers.WRONG)}
    written = [codes("solutions", sheet)[0]]
    written += [inspect.getsource(helper) for helper in answers.SHARED]
    for exercise in course().of(sheet):
        answer, _ = first[exercise.number]
        written.append(as_source(exercise, answer))
    for marked in marks_of(written, tmp_path):
        said = first[marked.exercise.number][1]
        told = [f"{finding.came} {finding.advice}" for finding in marked.findings]
        assert any(said in text for text in told), told
        assert marked.points < marked.exercise.points


@pytest.mark.parametrize("sheet", SHEETS)
def test_the_librarys_own_answers_earn_nothing(sheet, tmp_path):
    for marked in marks_of([answers_to(sheet).ASKS_THE_LIBRARY], tmp_path):
        assert marked.points == 0, marked


@pytest.mark.parametrize("exercise", EXERCISES, ids=numbered)
def test_a_check_says_the_same_when_it_is_run_again(exercise: Exercise):
    wrong = next(a for number, a, _, _ in WRONG if number == exercise.number)
    for given in (solution(exercise), wrong):
        first, second = (repr(practice.check(exercise, given)) for _ in range(2))
        assert first == second
