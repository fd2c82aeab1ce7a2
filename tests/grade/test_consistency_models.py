"""What the exercises of lesson 3 judge by."""

from collections.abc import Iterator
from itertools import product

import pytest
from answers import consistency_models as answers
from check.twins_weak import every, least_causal_order, program_order
from sheets_that_run import codes, marks_of, solved

from distlab.errors import Misuse
from distlab.grade import practice
from distlab.grade.checks import models
from distlab.grade.checks.models import isolation, shortest
from distlab.grade.checks.models.applications import CHOICES, breaks_under
from distlab.grade.checks.models.goals import MODELS, Goal, reached, size, verdict
from distlab.grade.checks.models.isolation import GOALS as LEVELS
from distlab.grade.checks.models.isolation import reads_its_own
from distlab.grade.checks.models.linear import judge
from distlab.grade.checks.models.notation import history, transactions
from distlab.grade.checks.models.registers import FINE, KINDS, drawn, told
from distlab.grade.checks.models.sentences import FALSE, refutes
from distlab.grade.checks.models.shortest import GOALS
from distlab.grade.checks.models.taken import AT_ONCE, ONE_LATER, twice
from distlab.grade.exercise import Case
from distlab.grade.plans import plan
from distlab.history import History, Operation

SHEET = "03_consistency_models"
CASES = [Case(i, i) for i in range(1, 6)]


def by_name(goal: Goal) -> str:
    return goal.name


def test_who_asks_the_library_is_told_that_it_is_not_there(tmp_path):
    found = marks_of([answers.ASKS_THE_LIBRARY], tmp_path)
    told = {marked.exercise.number: marked.findings[0].came for marked in found}
    assert told["3.3"].startswith("NameError: name 'linearizable' is not defined")


# ------------------------------------------------------------------------------- names
@pytest.mark.parametrize(
    ("names", "outcome"),
    [
        (("sequentially consistent", "sequential", "Sequential-Consistency"), "valid"),
        (("PRAM", "FIFO", "pram"), "valid"),
        (("linearizable", "atomic", "linearizability"), "invalid"),
        (("read your writes", "RYW", "read-your-writes"), "unknown"),
        (("eventual consistency", "eventually consistent", "EC"), "unknown"),
    ],
)
def test_a_model_is_judged_by_any_of_its_names(names, outcome):
    for name in names:
        assert models.verdict(history(answers.LATE), name).outcome == outcome


def test_a_level_is_judged_by_any_of_its_names():
    for name in ("serializable", "PL-3"):
        assert models.verdict(transactions(answers.BEHIND), name).valid


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("serialisable", "Did you mean `serializable`"),
        ("fork*", "nobody judges 'fork\\*' here. Names: linearizable, .* consistency"),
    ],
)
def test_a_name_that_nobody_judges_is_told_which_are(name, said):
    with pytest.raises(Misuse, match=said):
        models.verdict(history(answers.LATE), name)


def test_a_name_that_is_none_costs_its_own_answer_alone():
    (none,) = practice.check("3.1", answers.KNOWS_ANOTHER_MODEL).findings
    (wrong,) = practice.check("3.1", answers.ORDERS_EACH_KEY).findings
    assert (none.share, wrong.share) == (5 / 6, (5 - 1 / 4) / 6)


# ---------------------------------------------------------------------------- notation
def test_a_history_is_read_as_it_is_written():
    read = history("  c1 0-2 x=1\n\n  c2 1-3 x?- \n c3 4-? y=name")
    assert list(read) == [
        Operation("c1", "write", ("x", 1), 0, "ok", None, 2_000),
        Operation("c2", "read", ("x",), 1_000, "ok", None, 3_000),
        Operation("c3", "write", ("y", "name"), 4_000, "info", None, None),
    ]
    (txn,) = transactions("c1 0-4 x?- y=1")
    assert txn.args == (("r", "x", None), ("w", "y", 1))
    assert txn.result == txn.args


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("c1 x=1", "`c1 x=1` is no operation"),
        ("c1 0-1 x:1", "`c1 0-1 x:1` is no operation"),
        ("c1 2-1 x=1", "ends before it begins"),
        ("c1 0-1 x=-", "writes nothing"),
        ("c1 0-1 x=1 y=1", "does 2 things at once"),
        ("c1 0-1 x=1\n" * 13, "13 lines: at most 12"),
        (7, "a history is a text of lines"),
    ],
)
def test_a_line_that_cannot_be_meant_is_told(text, said):
    with pytest.raises(Misuse, match=said):
        history(text)


# ------------------------------------------------------------------------------- models
def test_the_models_of_the_sheet_are_a_chain():
    """What exercises 3.1 and 3.6 rest on: each allows what the one before it does."""
    for ops in every(3, "x"):
        held = [verdict(ops, model).outcome for model in MODELS]
        if "unknown" not in held:
            assert held == sorted(held)  # once valid, it stays so


def test_each_history_of_exercise_3_1_has_its_place():
    given = solved(SHEET)[0]["STRONGEST"]
    for name, text in models.HISTORIES.items():
        held = [m for m in MODELS if verdict(history(text), m).valid]
        assert (held or ["none of these"])[0] == given[name]


# ---------------------------------------------------------------------------- shortest
@pytest.mark.parametrize("goal", GOALS, ids=by_name)
def test_no_history_of_less_than_four_operations_is_between_two_models(goal: Goal):
    """Those of the first goal, which know real time, have two; one is not enough."""
    for count in range(1, min(goal.smallest, 4)):
        for ops in every(count):
            assert not is_one(goal, ops), ops.text()


@pytest.mark.soak
def test_no_history_of_four_operations_is_pram_and_not_causal_memory():
    """Unless in a circle: each reads what the other writes after that."""
    (goal,) = (goal for goal in GOALS if goal.smallest == 5)
    for ops in every(4):
        assert not is_one(goal, ops), ops.text()


def in_a_circle(ops: History) -> bool:
    """Whether somebody must have read the future, at whatever time all this was."""
    return not list(least_causal_order(tuple(ops), program_order(tuple(ops))))


def is_one(goal: Goal, ops: History) -> bool:
    """Whether a history is what is asked for, whenever all this was."""
    return goal.missed(ops) is None and not in_a_circle(ops)


@pytest.mark.parametrize("goal", LEVELS, ids=by_name)
def test_no_transactions_of_less_reads_and_writes_are_between_two_levels(goal: Goal):
    """The one goal that knows real time has two of them: one is not enough."""
    for count in range(1, goal.smallest):
        for ops in every_transactions(count):
            if any(map(reads_its_own, ops)):
                continue
            assert goal.missed(ops), ops.text()


def every_transactions(count: int) -> Iterator[History]:
    """All of so many reads and writes of two keys, in transactions at the same time."""
    micros = [
        *(("w", key, value) for key, value in product("xy", (1, 2))),
        *(("r", key, value) for key, value in product("xy", (None, 1, 2))),
    ]
    for done in product(micros, repeat=count):
        writes = [micro for micro in done if micro[0] == "w"]
        if done[0][1] != "x" or len(set(writes)) < len(writes):
            continue  # with x and y exchanged it is the same; and each value once
        for cuts in product((False, True), repeat=count - 1):
            parts: list[list] = [[done[0]]]
            for micro, cut in zip(done[1:], cuts, strict=True):
                parts += [[]] if cut else []
                parts[-1].append(micro)
            yield History(
                Operation(f"c{i}", "txn", tuple(part), 0, "ok", tuple(part), 1)
                for i, part in enumerate(parts)
            )


def test_the_answers_to_3_2_and_3_4_have_as_few_operations_as_are_asked_for():
    scope = solved(SHEET)[0]
    for given, goals in ((scope["BETWEEN"], GOALS), (scope["LEVELS"], LEVELS)):
        assert [size(goal.read(given[goal.name])) for goal in goals] == [
            goal.smallest for goal in goals
        ]
    assert [shortest.points, isolation.points] == [7, 5]


def shown() -> Iterator[tuple[str, str]]:
    """The histories that the sheet shows, as a learner would copy them."""
    yield from models.HISTORIES.items()
    yield from models.EXHIBITS.items()
    yield "the notation", codes("exercises", SHEET)[1].split('"""')[1]


@pytest.mark.parametrize("goal", [*GOALS, *LEVELS], ids=by_name)
def test_no_history_of_the_sheet_is_the_answer_to_another_exercise(goal: Goal):
    """Copied, it earns half of the points at most."""
    for name, text in shown():
        try:
            found = reached(goal, goal.read(text))
        except Misuse:
            continue
        assert found.share <= 1 / 2, (name, found.came)


@pytest.mark.parametrize("goal", GOALS[1:], ids=by_name)
def test_no_promise_is_broken_by_the_answer_to_another_exercise(goal: Goal):
    for name, application in models.APPLICATIONS.items():
        for ops in application.breaking():
            assert goal.missed(ops) or size(ops) > goal.smallest, name


# ------------------------------------------------------------------------- the checker
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_histories_of_exercise_3_3_are_what_they_say(case: Case):
    """And all orders, tried one after another, say the same."""
    for kind in KINDS:
        assert judge(told(kind.wrong, case)).invalid, kind.title
        assert not answers.tries_every_order(told(kind.wrong, case)), kind.title
        assert judge(told(kind.right, case)).valid, kind.title
        assert answers.tries_every_order(told(kind.right, case)), kind.title
    for title, text, _ in FINE:
        assert not judge(told(text, case)).invalid, title
        assert answers.tries_every_order(told(text, case)), title


@pytest.mark.parametrize("case", CASES, ids=str)
def test_of_the_histories_that_are_drawn_some_are_linearizable_and_some_are_not(
    case: Case,
):
    found = [judge(ops).invalid for ops in drawn(case)]
    assert 5 <= sum(found) <= len(found) - 5
    for ops, invalid in zip(drawn(case), found, strict=True):
        assert answers.tries_every_order(ops) != invalid, ops.text()


def test_the_history_that_is_shown_cannot_be_shorter_and_is_drawn():
    checked = practice.check("3.3", answers.takes_the_unknown_for_never)
    shown = [finding.evidence for finding in checked.findings]
    assert [len(ops) for ops in shown] == [2, 4, 2]
    for ops in shown:
        assert judge(ops).valid
        assert not answers.takes_the_unknown_for_never(ops)
    assert checked._repr_mimebundle_()["text/html"].count("data:image/svg") == len(
        shown
    )


# --------------------------------------------------------------------------- sentences
def test_each_false_sentence_is_refuted_and_no_true_one_is():
    for number in models.SENTENCES:
        found = [name for name in models.EXHIBITS if not refutes(number, name)]
        assert bool(found) == (number in FALSE), (number, found)


def test_whoever_sees_no_common_order_of_writes_refutes_that_all_see_one():
    """Two readers of one key, or three of three keys in a ring."""
    assert [name for name in models.EXHIBITS if not refutes(9, name)] == ["E1", "E7"]


def test_each_history_of_exercise_3_5_refutes_something():
    for name in models.EXHIBITS:
        assert any(not refutes(number, name) for number in FALSE), name


@pytest.mark.parametrize("number", [3, 8])
def test_no_small_history_refutes_a_true_sentence(number):
    sentence = models.SENTENCES[number]
    assert all(sentence.refuted_by(ops) for ops in every(3))


# ------------------------------------------------------------------------ applications
def test_each_application_has_one_weakest_model_and_all_stronger_ones_do():
    given = solved(SHEET)[0]["WEAKEST"]
    for name, application in models.APPLICATIONS.items():
        assert application.weakest() == given[name]
        enough = [breaks_under(application, model) is None for model in CHOICES]
        assert enough == sorted(enough, reverse=True), name


def test_a_promise_can_be_kept_and_all_but_one_can_be_broken():
    for name, application in models.APPLICATIONS.items():
        all_of_them = list(application.histories())
        assert len(application.breaking()) < len(all_of_them)
        assert bool(application.breaking()) == (name != "the visitors")


# -------------------------------------------------------------------------- taken twice
def test_the_smallest_plans_need_each_of_their_calls_and_faults():
    runs = {
        AT_ONCE: models.linearizable_register,
        ONE_LATER: models.one_replica_is_enough,
    }
    for name, run in runs.items():
        calls, faults = plan("TAKEN", answers.taken(), name)
        later = name == ONE_LATER
        assert twice(run(calls, faults).history, later)
        for i in range(len(calls)):
            fewer = run(calls[:i] + calls[i + 1 :], faults)
            assert not twice(fewer.history, later)
        for i in range(len(faults)):
            fewer = run(calls, faults[:i] + faults[i + 1 :])
            assert not twice(fewer.history, later)


def test_on_a_linearizable_register_the_second_who_asks_later_hears_of_the_first():
    calls, faults = plan("TAKEN", answers.taken(), ONE_LATER)
    late = [(at_ms * 2, *call) for at_ms, *call in calls]
    assert not twice(models.linearizable_register(late, faults).history, True)
    assert not twice(models.linearizable_register(late).history, True)
