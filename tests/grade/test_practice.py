"""Practice: running the cell is the check, and it never claims a mark."""

import linecache
import warnings

import pytest
import toys
from exercises_for_toys import adversary, median, noisy, once
from toy_answers import MIDDLE, MY_COUNTER

from distlab.errors import Misuse
from distlab.faults import Crash, Loss
from distlab.grade import practice, progress
from distlab.grade.examine import examine, shortest, trial, without
from distlab.grade.exercise import (
    Case,
    Exercise,
    Function,
    Literal,
    Scenario,
    broken,
    judged,
    kept,
)


def made(source: str, name: str):
    scope: dict = {"__name__": "toys"}
    exec(source, scope)
    return scope[name]


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DISTLAB_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("JPY_PARENT_PID", raising=False)
    return tmp_path / "home/progress.jsonl"


MyCounter = made(MY_COUNTER, "MyCounter")
middle = made(MIDDLE, "middle")


def test_a_right_answer_holds_and_no_mark_is_claimed(home):
    checked = practice.check(once, MyCounter)
    assert checked.solved
    assert repr(checked).splitlines() == [
        "99.1 Count each request once: all 3 claims held in what was tried",
        "✓ no request is counted twice",
        "✓ every request is answered",
        "✓ a crash forgets nothing",
    ]
    assert "points" not in repr(checked) and " of " not in repr(checked)


def test_a_stub_is_not_solved_yet_and_leaves_no_trace(home):
    class MyCounter(toys.Counter):
        def on_add(self, src, msg):
            raise NotImplementedError("write on_add first")

    checked = practice.check(once, MyCounter)
    assert not checked.solved
    assert repr(checked).startswith("99.1 Count each request once: not solved yet")
    assert not home.exists()


@pytest.mark.parametrize(
    ("exercise", "answer"), [(once, toys.Counter), (adversary, ()), (once, MyCounter)]
)
def test_what_the_sheet_begins_with_is_not_solved_yet(home, exercise, answer):
    stub = answer is not MyCounter
    assert repr(practice.check(exercise, answer)).endswith("yet") is stub


def test_a_wrong_answer_is_shown_its_shortest_counterexample(home):
    source = MY_COUNTER.replace("if (src, msg.number) not in", "if 1 or 1 not in")
    checked = practice.check(once, made(source, "MyCounter"))
    told = repr(checked)
    finding = checked.findings[0]
    assert finding.kind == "broken"
    assert finding.ran.startswith("seed ") and "Duplication(rate=0.5)" in finding.ran
    assert " calls add(1)" in finding.ran
    for label in ("ran", "came", "think", "again"):
        assert f"\n    {label} " in told
    bundle = checked._repr_mimebundle_()
    assert "data:image/svg+xml;base64," in bundle["text/html"]
    assert bundle["text/plain"] == told


def test_no_fault_and_no_call_of_the_counterexample_can_be_left_out(home):
    source = MY_COUNTER.replace("if (src, msg.number) not in", "if 1 or 1 not in")
    wrong, claim = made(source, "MyCounter"), once.claims[0]
    long = noisy(Case(1, 6))
    found = trial(claim, wrong, long)
    short, again = shortest(claim, wrong, long, found)
    assert (again.kind, again.advice) == (found.kind, found.advice)
    assert size(short) < size(long)
    kinds = [trial(claim, wrong, smaller).kind for smaller in without(short, 1)]
    assert kinds and "broken" not in kinds


def size(scenario: Scenario) -> int:
    """How many faults and calls."""
    return len(scenario.faults) + sum(len(calls) for _, calls in scenario.workload)


def test_the_line_that_is_shown_runs_the_same_case_again(home):
    source = MY_COUNTER.replace("if (src, msg.number) not in", "if 1 or 1 not in")
    wrong = made(source, "MyCounter")
    first = practice.check(once, wrong).findings[0]
    seed, size = replayed(first.replay)
    again = practice.check(once, wrong, seed=seed, size=size).findings[0]
    assert (again.came, again.ran) == (first.came, first.ran)


def replayed(line: str) -> tuple[int, int]:
    """The seed and the size in `practice.check(…, seed=3, size=2)`."""
    numbers = dict(part.strip(" )").split("=") for part in line.split(",")[2:])
    return int(numbers["seed"]), int(numbers["size"])


def test_an_answer_that_raises_is_told_what_and_where(home):
    def middle(numbers):
        return numbers.index("nothing")

    checked = practice.check(median, middle)
    [finding] = checked.findings
    assert finding.kind == "raised"
    assert finding.came.startswith("ValueError: ")
    number = middle.__code__.co_firstlineno + 1
    line = f'middle, line {number}: return numbers.index("nothing")'
    assert f"\n    line     {line}\n" in repr(checked)


def test_the_line_of_a_cell_is_shown_and_its_error_told_once(home, monkeypatch):
    """As a notebook does: the cell's source is known to `linecache` alone."""
    source = MY_COUNTER.replace("self.count(src, msg)", "max(())")
    lines = source.splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, "<cell 7>", (1, None, lines, "<cell 7>"))
    scope: dict = {"__name__": "__main__"}
    exec(compile(source, "<cell 7>", "exec"), scope)
    checked = practice.check(once, scope["MyCounter"])
    assert checked.findings[0].line == "on_add, line 9: max(())"
    assert repr(checked).count("ValueError") == 1
    assert repr(checked).count("came     as above") == 2


def test_an_error_that_no_line_of_the_answer_raised_has_advice_that_fits(home):
    """The data names a node that is not there: the run refuses it."""
    exercise = Exercise("99.7", "x", "99_other", Literal("FAULTS"))

    def judge(faults, case):
        case.cluster(toys.Counter, servers=1, faults=faults)
        return kept()

    exercise.claim("it runs", points=1, public=1)(judge)
    told = repr(practice.check(exercise, (Crash("s9", at_ms=3),)))
    assert "ran      FAULTS = (Crash(node='s9', at_ms=3),); seed 1, size 1" in told
    assert "no node 's9'" in told and "line     " not in told
    assert "think    It is in the data of your answer" in told


def test_who_asks_for_the_librarys_answer_is_told_that_marks_do_not_have_it(home):
    class Asks(toys.Counter):
        def on_add(self, src, msg):
            super().on_add(src, msg)

    class Half(MyCounter):
        def on_add(self, src, msg):
            super().on_add(src, msg)

    said = "`super().on_add()` asks for our answer; marks do not have it."
    assert practice.check(once, Asks).remarks == [said]
    assert practice.check(once, Half).remarks == []  # it asks for its own
    assert said in practice.check(once, Asks)._repr_mimebundle_()["text/html"]


@pytest.mark.parametrize(
    ("exercise", "answer", "said"),
    [
        (once, middle, r"asks for a class: write `class MyCounter\(Counter\):`"),
        (once, MyCounter("s1"), "asks for a class"),
        (median, 3, "asks for a function, `middle`"),
    ],
)
def test_an_answer_of_another_kind_is_refused(exercise, answer, said):
    with pytest.raises(Misuse, match=said):
        practice.check(exercise, answer)


def test_what_marks_will_leave_out_is_said_before(home):
    class Eager(MyCounter):
        def on_start(self):
            self.note("here")

    assert practice.check(once, Eager).remarks == [
        "`on_start` is not asked for: marks leave it as Counter has it."
    ]


def test_under_nbgrader_the_cell_is_worth_its_points(home, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert practice.check(once, MyCounter) == 6
    assert practice.check(adversary, (Loss(1), Crash("s1", 5))) == 3


def test_the_same_answer_is_shown_the_same_page_whatever_was_solved_before(home):
    before = practice.check(median, middle)._repr_mimebundle_()
    practice.check(once, MyCounter)
    assert practice.check(median, middle)._repr_mimebundle_() == before


# ------------------------------------------------------------------- what judges say
def outcome_of(judge):
    exercise = Exercise("99.8", "x", "99_other", Literal("X"))
    exercise.claim("it holds", points=1, public=2)(judge)
    return examine(exercise, exercise.claims[0], None, exercise.claims[0].cases())


class Verdict:
    def __init__(self, outcome):
        self.valid, self.invalid = outcome == "valid", outcome == "invalid"
        self.evidence = ()

    def __str__(self):
        return "a sentence"


@pytest.mark.parametrize(
    ("outcome", "kind", "share"),
    [("valid", "kept", 1), ("invalid", "broken", 0), ("unknown", "unknown", 0)],
)
def test_an_unknown_verdict_earns_nothing_and_says_so(outcome, kind, share):
    found = outcome_of(lambda a, c: judged(Verdict(outcome), advice="look"))
    assert (found.kind, found.share) == (kind, share)


def test_the_smallest_case_that_breaks_a_claim_is_the_one_that_is_shown():
    def judge(answer, case):
        return kept() if case.size < 2 else broken("so", advice="a")

    assert outcome_of(judge).ran == "X = None; seed 2, size 2"


def test_a_judge_that_returns_nothing_is_a_mistake_of_the_course():
    with pytest.raises(Misuse, match="return `kept"):
        outcome_of(lambda answer, case: None)


# -------------------------------------------------------------------------- predictions
QUESTION = ("1.2a", "What is lost?", ("nothing", "a write", "all"))


def test_a_prediction_is_committed_and_then_settled(home):
    guess = practice.predict(*QUESTION, "nothing", confidence=0.8)
    assert repr(guess) == "What is lost?\nCommitted: nothing, 80% sure."
    settled = guess.settle("a write")
    assert not settled.right
    assert repr(settled) == "You said 'nothing'; the answer is 'a write'."
    assert repr(practice.predict(*QUESTION, "a write").settle("a write")) == (
        "'a write': as you said."
    )


def test_without_a_choice_nothing_is_kept_and_nothing_given_away(home):
    guess = practice.predict(*QUESTION)
    assert repr(guess) == (
        "What is lost?\nCommit to one first: 'nothing', 'a write' or 'all'."
    )
    assert repr(guess.settle("all")) == (
        "Commit to an answer above, run it again, and this cell tells you."
    )
    assert not home.exists()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: practice.predict(*QUESTION, "nothin"), "Did you mean `nothing`"),
        (lambda: practice.predict(*QUESTION, "all", confidence=80), "no probability"),
        (
            lambda: practice.predict(*QUESTION, "all").settle("x"),
            "not among its options",
        ),
    ],
)
def test_a_prediction_that_cannot_be_meant_is_refused(call, said):
    with pytest.raises(Misuse, match=said):
        call()


def test_practice_and_progress_agree_on_what_is_solved(home):
    practice.check(once, MyCounter)
    practice.check(median, lambda numbers: 0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        events = [(r["event"], r["exercise"]) for r in progress.records()]
    assert events == [("solved", "99.1"), ("tried", "99.2")]


def test_a_function_may_be_any_callable():
    assert Function("f") == Function("f")
    nowhere = eval("lambda numbers: 1 / 0", {"__name__": None})
    assert practice.check(median, nowhere).findings[0].kind == "raised"
    assert practice.check(median, sorted).findings[0].kind == "broken"
