"""Marks: the same claims as in practice, judged in a process that is given nothing."""

import json

import pytest
from exercises_for_toys import COURSE, adversary, checker, median, once
from pages import markdown, web_page
from toy_answers import MIDDLE, MY_COUNTER, SCHEDULE, SOLUTION, text

from distlab.errors import Misuse
from distlab.grade.checks import course
from distlab.grade.exercise import Case, Claim, Course, Exercise, Literal
from distlab.grade.marks import Marker

STUB = (
    """
from toys import Counter
class MyCounter(Counter):
    def on_add(self, src, msg):
        raise NotImplementedError("write on_add first")
""",
    "def middle(numbers):\n    raise NotImplementedError('write middle first')",
    "SCHEDULE = ()",
    "def counts_right(history):\n    raise NotImplementedError('write it first')",
)


# -------------------------------------------------------- three assertions per exercise
def test_a_solution_earns_all_the_points(mark):
    marks = mark(*SOLUTION)
    assert {n: m.points for n, m in marks.items()} == {
        e.number: e.points for e in (once, median, adversary, checker)
    }
    assert not any(m.remarks for m in marks.values())


def test_a_stub_is_unsolved_and_earns_nothing(mark):
    for marked in mark(*STUB).values():
        assert {finding.kind for finding in marked.findings} == {"unsolved"}
        assert marked.points == 0


FORGETS = MY_COUNTER.replace("durable", "volatile")
COUNTS_TWICE = MY_COUNTER.replace("if (src, msg.number) not in", "if True or 1 not in")
SILENT = MY_COUNTER.replace("self.count(src, msg)\n", "return self.ignore('never')\n")
WRONG = [
    (COUNTS_TWICE, "99.1", 0, "A request may arrive twice"),
    (FORGETS, "99.1", 2, "What has to outlive a crash belongs into a durable field."),
    (SILENT, "99.1", 1, "The answer may have been lost"),
    (MIDDLE.replace("sorted", "list"), "99.2", 0, "Put them in order first."),
    (
        "from distlab.faults import Loss\nSCHEDULE = (Loss(0.5),)",
        "99.3",
        0,
        "a rate of 1",
    ),
    (SCHEDULE.replace("(Loss(rate=1.0),)", "(Loss(1), Loss(1))"), "99.3", 1, "One is"),
    ("def counts_right(history):\n    return True", "99.4", 1, "Sum up."),
    ("def counts_right(history):\n    return False", "99.4", 0, "Read it."),
]


@pytest.mark.parametrize(("source", "number", "place", "advice"), WRONG)
def test_each_typical_mistake_gets_its_own_message(mark, source, number, place, advice):
    marked = mark(source)[number]
    finding = marked.findings[place]
    assert advice in finding.advice
    assert finding.share < 1 and finding.ran and finding.replay


def test_credit_is_given_for_each_property(mark):
    assert mark(FORGETS)["99.1"].points == 4
    two = SCHEDULE.replace("(Loss(rate=1.0),)", "(Loss(1), Loss(1))")
    assert mark(two)["99.3"].points == 3
    some = "def counts_right(history):\n    return history[0].result == 1"
    assert mark(some)["99.4"].points == 1 + 2  # misses one of three


# ------------------------------------------------------------- damaged as people damage
DAMAGED = {
    "cells in another order": tuple(reversed(SOLUTION)),
    "everything in one cell": ("\n".join(SOLUTION),),
    "every cell twice": (*SOLUTION, *SOLUTION),
    "an old attempt before": ("class MyCounter: pass\ndef middle(x): 1 / 0", *SOLUTION),
    "experiments between": (
        *SOLUTION,
        "import matplotlib.pyplot as plt\nplt.plot([1])",
        "%timeit middle([1])\nmiddle([3, 1, 2])",
        "from distlab import show\nshow.spacetime(run)",
        "for x in range(10**9): pass",
    ),
    "another cell does not parse": (*SOLUTION, "def broken(:"),
    "one cell retyped": (*SOLUTION[:1], text(MIDDLE), *SOLUTION[2:]),
    "a class and its helper apart": (
        "from toys import Added, Counter\nfrom distlab.node import durable\n",
        MY_COUNTER.replace("class MyCounter(Counter)", "class Half(Counter)"),
        "class MyCounter(Half):\n    pass",
        *SOLUTION[1:],
    ),
    "names that are defined below": (
        MIDDLE.replace("len(numbers)", "count(numbers)"),
        "def count(x): return len(x)",
        *(s for s in SOLUTION if s != MIDDLE),
    ),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_an_honest_sheet_is_graded_however_it_comes_back(mark, how):
    assert sum(marked.points for marked in mark(*DAMAGED[how]).values()) == 16


def test_a_name_that_was_refused_is_explained(mark):
    source = "import os\ndef middle(numbers):\n    return os.path"
    [finding] = mark(source)["99.2"].findings
    assert "NameError: name 'os' is not defined" in finding.came
    assert finding.advice == "`os`: `os` is not among what an answer may import."


def test_a_name_that_could_not_be_defined_is_explained(mark):
    source = "LIMIT = LOW\n" + MIDDLE.replace("len(numbers)", "LIMIT")
    [finding] = mark(source)["99.2"].findings
    assert "it could not be defined: NameError: name 'LOW'" in finding.advice


def test_what_was_not_asked_for_stays_as_the_library_has_it(mark):
    more = MY_COUNTER + "\n    def on_start(self):\n        1 / 0\n"
    marked = mark(more)["99.1"]
    assert marked.points == 6
    [remark] = marked.remarks
    assert "`on_start` of `MyCounter` was not asked for" in remark


def test_the_line_of_the_sheet_that_raised_is_shown_once(mark):
    source = MY_COUNTER.replace("self.count(src, msg)", "[][9]")
    first, *others = mark("", source)["99.1"].findings
    assert first.line == "code cell 2, line 9: [][9]"
    assert first.came.endswith(
        "IndexError: list index out of range (code cell 2, line 9)"
    )
    assert {(f.kind, f.came, f.replay) for f in others} == {("raised", "as above", "")}


def test_who_asks_for_the_librarys_answer_is_told_that_marks_do_not_have_it(mark):
    source = """
from toys import Counter
class MyCounter(Counter):
    def on_add(self, src, msg):
        super().on_add(src, msg)
"""
    first = mark(source)["99.1"].findings[0]
    assert (first.kind, first.share) == ("unsolved", 0)
    assert first.came == (
        "it asks for our `on_add`, as `super()` does, and marks do not have it"
    )


@pytest.mark.parametrize(
    ("number", "broken"),
    [
        ("99.1", MY_COUNTER.replace("def on_add(self,", "def on_add(self((,")),
        ("99.2", MIDDLE.replace("(numbers):", "(numbers:")),
        ("99.3", "from distlab.faults import Loss\nSCHEDULE = (Loss(rate=1.0),"),
    ],
)
def test_an_answer_in_a_cell_that_is_not_python_is_told_so(
    marker, notebook, number, broken
):
    place = int(number[-1])
    marks = marker.mark(
        notebook(*SOLUTION[: place - 1], broken, *SOLUTION[place:]), "ann"
    )
    cell = f"code cell {place}"
    assert f"; {cell} is not Python: " in marks.summary()
    for marked in marks.exercises:
        lost = marked.exercise.number == number
        assert marked.points == (0 if lost else marked.exercise.points)
        told = f"stands in {cell}, which is not Python: "
        assert (told in marked.findings[0].came) is lost
    report = markdown(marks), web_page(marks)
    assert all(cell in text and "not solved yet" not in text for text in report)


def test_a_report_says_why_nothing_was_marked(marker, notebook):
    told = markdown(marker.mark(notebook(MIDDLE), "ann"))
    assert "there is no `MyCounter` in this sheet" in told


# ------------------------------------------------------------------------- hidden cases
def test_hidden_cases_come_from_the_key_and_from_nothing_else():
    claim = once.claims[0]
    cases = claim.hidden_cases("99.1", b"key")
    assert cases == claim.hidden_cases("99.1", b"key")
    assert len(cases) == claim.hidden
    assert cases != claim.hidden_cases("99.1", b"another")
    assert cases != claim.hidden_cases("99.2", b"key")
    assert cases[0] == Case(3114409609, 1)  # on any machine


def test_an_answer_that_knows_the_public_cases_fails_the_hidden_ones(notebook):
    public = [Case(i, i) for i in range(1, 6)]
    known = {}
    for case in public:
        numbers = tuple(case.random("numbers").sample(range(100), 2 * case.size + 1))
        known[numbers] = sorted(numbers)[case.size]
    path = notebook(f"KNOWN = {known!r}\ndef middle(x):\n    return KNOWN.get(x, 0)")
    with Marker(COURSE) as open_marker:
        assert open_marker.mark(path, "ann").exercises[1].points == 2
    with Marker(COURSE, b"secret") as marker:
        marks = marker.mark(path, "ann")
    assert marks.exercises[1].points == 0
    assert "public and hidden cases" in marks.summary()


def test_without_a_key_it_is_said_that_hidden_cases_were_not_run(marker, notebook):
    summary = marker.mark(notebook(*SOLUTION), "ann").summary()
    assert summary.startswith("ann, 99_counting: 16 of 16 points (public cases; hidden")
    assert "kept apart by limits" in summary


def test_marks_are_the_same_when_they_are_given_twice(marker, notebook):
    path = notebook(COUNTS_TWICE, *SOLUTION[1:])
    first, second = (markdown(marker.mark(path, "ann")) for _ in range(2))
    assert first == second


# ------------------------------------------------------------------ exercises and cases
def test_two_exercises_cannot_ask_for_the_same_name():
    other = Exercise("99.9", "x", "99_other", Literal("SCHEDULE"))
    with pytest.raises(Misuse, match="found by its name alone"):
        Course([adversary, other])


def test_an_exercise_that_is_not_there_is_refused():
    with pytest.raises(Misuse, match=r"no exercise '3\.7'.*99\.1"):
        COURSE["3.7"]


def test_a_claim_that_cannot_be_tried_is_refused():
    with pytest.raises(Misuse, match="at least one public case"):
        median.claim("x", points=1, public=0)


def test_the_streams_of_a_case_are_its_own():
    case = Case(7)
    assert case.random("a").random() == case.random("a").random()
    assert case.random("a").random() != case.random("b").random()
    assert case.random("a").random() != Case(8).random("a").random()


def test_every_exercise_of_the_course_has_points_and_claims_that_can_be_told_apart():
    for exercise in course().exercises.values():
        texts = [claim.text for claim in exercise.claims]
        assert len(set(texts)) == len(texts) > 0
        assert all(isinstance(c, Claim) and c.points > 0 for c in exercise.claims)


def test_an_old_notebook_and_a_damaged_one_are_marked_alike(marker, tmp_path):
    cells = [{"cell_type": "code", "input": source} for source in SOLUTION]
    path = tmp_path / "ann.ipynb"
    path.write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}))
    assert marker.mark(path, "ann").score == 16
