"""Convergence, when all is at rest and at any time."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from check.histories import read, write

from distlab.check import convergence
from distlab.check.convergence import (
    Look,
    eventual_consistency,
    strong_eventual_consistency,
)
from distlab.errors import Misuse
from distlab.history import History, Operation
from distlab.machine import Counter

TWO_WRITES = write("c1", "x", 1, 0, 5), write("c2", "x", 2, 0, 5)


# ------------------------------------------------------------------ when all is at rest
def test_at_rest_all_readers_find_the_same():
    """Vogels 2009: if no new updates are made, all accesses return the last value."""
    reads = read("c3", "x", 2, 20, 21), read("c4", "x", 2, 30, 31)
    verdict = eventual_consistency(History((*TWO_WRITES, *reads)), at_rest_ms=10)
    assert verdict.valid
    assert verdict.strength == "2 looks at 1 thing from 10 ms on"


def test_two_readers_who_find_different_things_at_rest_break_it():
    reads = read("c3", "x", 1, 20, 21), read("c4", "x", 2, 30, 31)
    verdict = eventual_consistency(History((*TWO_WRITES, *reads)), at_rest_ms=10)
    assert verdict.invalid
    assert verdict.reason == (
        "c3 read x = 1 (20 to 21 ms), and c4 read x = 2 (30 to 31 ms): nothing came "
        "between them."
    )
    assert verdict.evidence == reads


def test_before_that_they_may_find_anything():
    """Vogels 2009: the inconsistency window."""
    early = read("c3", "x", 1, 6, 7), read("c3", "x", None, 8, 9)
    late = read("c3", "x", 2, 20, 21), read("c4", "x", 2, 30, 31)
    history = History((*TWO_WRITES, *early, *late))
    assert eventual_consistency(history, at_rest_ms=10).valid


def test_what_they_find_was_written():
    reads = read("c3", "x", 7, 20, 21), read("c4", "x", 7, 30, 31)
    verdict = eventual_consistency(History((*TWO_WRITES, *reads)), at_rest_ms=10)
    assert verdict.reason == "c3 read x = 7 (20 to 21 ms), which nobody wrote."


def test_nothing_is_what_no_acknowledged_write_has_left():
    reads = read("c3", "x", None, 20, 21), read("c4", "x", None, 30, 31)
    verdict = eventual_consistency(History((*TWO_WRITES, *reads)), at_rest_ms=10)
    assert verdict.reason == (
        "c3 read x and found nothing (20 to 21 ms), though c1 wrote x = 1 (0 to 5 ms)."
    )
    unsure = write("c1", "x", 1, 0, 5, outcome="info")
    assert eventual_consistency(History((unsure, *reads)), at_rest_ms=10).valid
    failed = write("c1", "x", 1, 0, 5, outcome="fail")
    assert eventual_consistency(History((failed, *reads)), at_rest_ms=10).valid


def test_which_of_the_acknowledged_writes_is_left_is_not_its_business():
    """That none is lost is another promise: `check.durability`."""
    writes = write("c1", "x", 1, 0, 5), write("c1", "x", 2, 6, 9)
    reads = read("c3", "x", 1, 20, 21), read("c4", "x", 1, 30, 31)
    assert eventual_consistency(History((*writes, *reads)), at_rest_ms=10).valid


def test_a_system_that_still_writes_is_not_at_rest():
    late = write("c1", "x", 3, 12, 14)
    with pytest.raises(Misuse, match=r"so the system was not at rest from 10 ms on"):
        eventual_consistency(History((*TWO_WRITES, late)), at_rest_ms=10)
    with pytest.raises(Misuse, match=r"c1 wrote x = 3 .*: choose a later moment"):
        eventual_consistency(History((*TWO_WRITES, late)), at_rest_ms=13)
    eventual_consistency(History((*TWO_WRITES, late)), at_rest_ms=14)
    failed = late._replace(outcome="fail")
    eventual_consistency(History((*TWO_WRITES, failed)), at_rest_ms=10)


def test_without_that_moment_or_without_two_looks_nothing_is_known():
    reads = read("c3", "x", 2, 20, 21), read("c3", "y", None, 30, 31)
    history = History((*TWO_WRITES, *reads))
    assert eventual_consistency(history).reason == (
        "Nobody has said from when on the system was at rest: give `at_rest_ms`, and "
        "let clients read after it."
    )
    verdict = eventual_consistency(history, at_rest_ms=10)
    assert verdict.unknown
    assert verdict.reason == "Nothing was looked at twice from 10 ms on."


def test_of_any_machine_the_same_question_has_the_same_answer():
    adds = [Operation(f"c{i}", "add", (i,), 0, "ok", None, 5000) for i in (1, 2)]
    for second, outcome in ((3, "valid"), (2, "invalid")):
        asked = [
            Operation("c3", "read", (), 20_000 + i, "ok", result, 20_001 + i)
            for i, result in enumerate((3, second))
        ]
        history = History([*adds, *asked])
        verdict = eventual_consistency(history, at_rest_ms=10, machine=Counter())
        assert verdict.outcome == outcome


# -------------------------------------------------------------------------- at any time
def test_replicas_that_have_delivered_the_same_are_in_the_same_state():
    """Shapiro et al. 2011, section 2: strong convergence."""
    verdict = strong_eventual_consistency(
        {
            "s1": [(["a"], (1,)), (["a", "b"], (1, 2))],
            "s2": [(["b"], (2,)), (["b", "a"], (1, 2))],
        }
    )
    assert verdict.valid
    assert verdict.strength == "4 looks at 2 replicas"
    assert verdict.reason == "The same state after the same updates, 1 time."


def test_replicas_that_take_what_came_last_differ_by_the_order_of_delivery():
    verdict = strong_eventual_consistency(
        {"s1": [(["a", "b"], "b's")], "s2": [(["b", "a"], "a's")]}
    )
    assert verdict.invalid
    assert verdict.reason == (
        'The same was delivered, and the states differ: s1 after a, b: "b\'s"; s2 '
        'after a, b: "a\'s".'
    )
    assert verdict.evidence == (
        Look("s1", ("a", "b"), "b's"),
        Look("s2", ("a", "b"), "a's"),
    )


def test_a_state_that_changes_though_nothing_was_delivered_breaks_it_too():
    assert strong_eventual_consistency({"s1": [(["a"], 1), (["a"], 2)]}).invalid


def test_without_two_replicas_after_the_same_updates_nothing_is_known():
    assert strong_eventual_consistency().reason == (
        "Nobody has told which updates the replicas had delivered."
    )
    for apart in (
        {"s1": [(["a"], 1), (["a", "b"], 2)]},
        {"s1": [(["a"], 1)], "s2": [(["b"], 1)]},
    ):
        verdict = strong_eventual_consistency(apart)
        assert verdict.unknown
        assert verdict.reason == "No two replicas were seen after the same updates."


def test_a_replica_that_has_delivered_less_later_is_refused():
    with pytest.raises(Misuse, match="s1 had delivered 'a' before it had 2: tell each"):
        strong_eventual_consistency({"s1": [(["a"], 1), (["b"], 2)]})


# ------------------------------------------------------------------------ slow twins
def resting(seed: int) -> tuple[History, float]:
    """A random history that is at rest from some moment on, and that moment."""
    rng = random.Random(seed)
    ops = []
    for at in range(rng.randint(0, 4)):
        outcome = rng.choice(["ok", "ok", "info", "fail"])
        ops.append(write("w", rng.choice("xy"), at, at, at + 1, outcome=outcome))
    for at in range(rng.randint(0, 5)):
        result = rng.choice([None, 0, 1, 2, 2, 2])
        begin = rng.choice([3, 10, 12])
        ops.append(read(f"c{at}", rng.choice("xxy"), result, begin, begin + 1))
    return History(ops), 10


def converged(history: History, at_rest_ms: float) -> str:
    """Every two late reads of a key agree, and on what some write has left."""
    late = [
        op for op in history if op.f == "read" and op.invoked_us >= 1000 * at_rest_ms
    ]
    pairs = [(a, b) for a, b in combinations(late, 2) if a.args == b.args]
    wrote = [op for op in history.where("write") if op.outcome != "fail"]
    for op in late:
        left = [w.args[1] for w in wrote if w.args[:1] == op.args]
        sure = any(w.args[:1] == op.args and w.outcome == "ok" for w in wrote)
        if op.result not in (left if sure else [*left, None]):
            return "invalid"
    if any(a.result != b.result for a, b in pairs):
        return "invalid"
    return "valid" if pairs else "unknown"


def first_difference(seeds) -> int | None:
    for seed in seeds:
        history, at_rest_ms = resting(seed)
        said = eventual_consistency(history, at_rest_ms)
        if said.outcome != converged(history, at_rest_ms):
            return seed
    return None


def test_the_judge_says_what_its_slow_twin_says():
    assert first_difference(range(2000)) is None
    outcomes = {eventual_consistency(*resting(seed)).outcome for seed in range(100)}
    assert len(outcomes) == 3


def forgets_when_all_was_at_rest(patch):
    original = convergence.answers_of
    patch.setattr(
        convergence,
        "answers_of",
        lambda history, at_rest_ms, machine: original(
            history.where("read"), -1, machine
        ),
    )


def asks_no_writer(patch):
    patch.setattr(convergence, "left_by_none", lambda read, history: None)


def believes_what_failed(patch):
    original = convergence.left_by_none
    patch.setattr(
        convergence,
        "left_by_none",
        lambda read, history: original(
            read, History(op._replace(outcome="ok") for op in history)
        ),
    )


def compares_all_keys_with_each_other(patch):
    original = convergence.answers_of

    def answers_of(history, at_rest_ms, machine):
        found = original(history, at_rest_ms, machine).values()
        together = [op for looks in found for op in looks]
        return {("read", ()): together} if together else {}

    patch.setattr(convergence, "answers_of", answers_of)


MUTANTS = [
    forgets_when_all_was_at_rest,
    asks_no_writer,
    believes_what_failed,
    compares_all_keys_with_each_other,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_judge_that_forgets_something_is_told_from_its_twin(mutant, monkeypatch):
    mutant(monkeypatch)
    assert first_difference(range(2000)) is not None


SAID = (  # deliveries, and what is to be said of them
    ({"s1": [("a", 1), ("ab", 2)], "s2": [("b", 3), ("ba", 2)]}, "valid"),
    ({"s1": [("ab", 1)], "s2": [("ba", 2)]}, "invalid"),
    ({"s1": [("a", 1), ("ab", 2)], "s2": [("b", 3)]}, "unknown"),
    ({"s1": [("a", 1), ("a", 1)]}, "unknown"),
    ({"s1": [("a", 1), ("ab", 2)], "s2": [("a", 3), ("ab", 2)]}, "invalid"),
)


def wrongly_said() -> list[str]:
    return [
        outcome
        for deliveries, outcome in SAID
        if strong_eventual_consistency(deliveries).outcome != outcome
    ]


def counts_the_order_of_delivery(patch):
    patch.setattr(convergence, "sorted", lambda updates, key: updates, raising=False)


def counts_how_many_were_delivered(patch):
    patch.setattr(
        convergence,
        "sorted",
        lambda updates, key: range(len(updates)),
        raising=False,
    )


def looks_at_the_end_alone(patch):
    original = convergence.looks_of
    patch.setattr(
        convergence,
        "looks_of",
        lambda deliveries: original({r: s[-1:] for r, s in deliveries.items()}),
    )


def compares_a_replica_with_itself(patch):
    original = convergence.looks_of

    def looks_of(deliveries):
        return [
            Look(f"{look.replica}, {at}", look.delivered, look.state)
            for at, look in enumerate(original(deliveries))
        ]

    patch.setattr(convergence, "looks_of", looks_of)


@pytest.mark.parametrize(
    "mutant",
    [
        counts_the_order_of_delivery,
        counts_how_many_were_delivered,
        looks_at_the_end_alone,
        compares_a_replica_with_itself,
    ],
    ids=lambda mutant: mutant.__name__,
)
def test_so_is_one_that_forgets_what_was_delivered(mutant, monkeypatch):
    assert wrongly_said() == []
    mutant(monkeypatch)
    assert wrongly_said()
