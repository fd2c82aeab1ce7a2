"""One item of a set, against a twin that tries all orders."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from check.brute_force import Operations, drawn, explained, is_explained_by, spans

from distlab.check import moments, sets
from distlab.check.sets import Turns, member
from distlab.history import Operation
from distlab.machine import Set

KINDS = [
    *product(("add", "remove", "contains"), ("ok",), (True, False)),
    *product(("add", "remove"), ("info",), (None,)),
]


def all_of(n: int):
    """Every history of n operations on one item, up to the names of processes."""
    for what, laid in product(product(KINDS, repeat=n), spans(n)):
        yield tuple(
            Operation(f"c{i}", f, (1,), call, outcome, result, end)
            for i, ((f, outcome, result), (call, end)) in enumerate(
                zip(what, laid, strict=True)
            )
        )


def small(seed: int) -> Operations:
    def command(rng, i):
        return rng.choice(("add", "remove", "contains")), (1,)

    return drawn(seed, Set(), command, most=8)


def differs(ops: Operations) -> bool:
    """Whether the rule says another thing than the twin, or not why."""
    finding, truth = member(ops), explained(ops, Set())
    if finding is None:
        return not moments.moments(ops).crowds
    if (finding.outcome == "valid") != truth:
        return True
    if truth:
        return not is_explained_by(finding.order, ops, Set())
    return explained(finding.evidence, Set())


def first_difference(seeds) -> int | None:
    return next((seed for seed in seeds if differs(small(seed))), None)


# --------------------------------------------------------------------- against the twin
def test_turns_say_what_their_twin_says_of_all_histories_of_three_operations():
    assert not any(map(differs, all_of(3)))


@pytest.mark.soak
def test_turns_say_what_their_twin_says_of_all_histories_of_four_operations():
    assert not any(map(differs, all_of(4)))


def test_turns_say_what_their_twin_says_of_larger_ones():
    assert first_difference(range(1500)) is None


@pytest.mark.soak
def test_turns_say_what_their_twin_says_of_many_larger_ones():
    assert first_difference(range(1500, 12_000)) is None


def test_the_random_histories_are_of_every_outcome_and_few_are_for_the_search():
    found = [member(small(seed)) for seed in range(1000)]
    outcomes = Counter(finding and finding.outcome for finding in found)
    assert min(outcomes["valid"], outcomes["invalid"]) > 100
    assert outcomes[None] < 10


# ------------------------------------------------------------------------ what is told
def op(process, f, result, begin, end):
    outcome = "info" if result is None else "ok"
    return Operation(process, f, (1,), begin * 1000, outcome, result, end * 1000)


ADD = op("c1", "add", True, 0, 1)
BAD = {
    "never added": (
        (op("c2", "contains", True, 2, 3),),
        (
            "c2 contains(1) gave True (2 to 3 ms), but nobody can have added it before "
            "that."
        ),
    ),
    "added too late": (
        (op("c2", "contains", True, 2, 3), op("c1", "add", True, 4, 5)),
        (
            "c2 contains(1) gave True (2 to 3 ms), but nobody can have added it before "
            "that."
        ),
    ),
    "added twice": (
        (ADD, op("c2", "add", True, 2, 3)),
        (
            "c2 add(1) gave True (2 to 3 ms), but it was in since c1 add(1) gave True "
            "(0 to 1 ms), and nobody can have removed it before that."
        ),
    ),
    "lost": (
        (ADD, op("c2", "contains", False, 2, 3)),
        (
            "c2 contains(1) gave False (2 to 3 ms), but it was in since c1 add(1) gave "
            "True (0 to 1 ms), and nobody can have removed it before that."
        ),
    ),
    "removed by two": (
        (ADD, op("c2", "remove", True, 2, 5), op("c3", "remove", True, 3, 6)),
        (
            "c3 remove(1) gave True (3 to 6 ms), but it was out since c2 remove(1) "
            "gave True (2 to 5 ms), and nobody can have added it before that."
        ),
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_history_that_is_wrong_is_told(what):
    history, reason = BAD[what]
    finding = member(history)
    assert (finding.outcome, finding.reason) == ("invalid", reason)
    assert finding.evidence == tuple(h for h in history if h.invoked_us < 4000)


def test_what_is_wrong_is_told_without_those_who_looked_at_what_is_right():
    looks = [op("c3", "contains", True, at, at + 1) for at in range(2, 40, 2)]
    history = (ADD, *looks, op("c4", "contains", False, 50, 51))
    assert member(history).evidence == (ADD, history[-1])


def test_who_was_not_told_may_have_done_it_at_any_later_time():
    maybe = op("c1", "remove", None, 2, 3)
    seen, gone = op("c2", "contains", True, 4, 5), op("c2", "contains", False, 6, 7)
    assert member((ADD, maybe, seen, gone)).order == (ADD, seen, maybe, gone)
    back = op("c2", "contains", True, 8, 9)
    assert member((ADD, maybe, seen, gone, back)).outcome == "invalid"


def test_without_answers_it_is_for_the_search():
    assert member((op("c1", "add", None, 0, 1)._replace(outcome="ok"),)) is None
    assert member((op("c1", "read", True, 0, 1),)) is None


# ----------------------------------------------------------------- mutants of the turns
def lets_anybody_go_first(patch):
    """Not the one who ends soonest, but the one who came last."""
    patch.setattr(
        sets, "heappush", lambda ready, row: ready.insert(0, (-row[1], row[1]))
    )


def does_all_at_once(patch):
    original = Turns.call

    def call(self, i):
        original(self, i)
        if i not in self.done:
            self.end(i)

    patch.setattr(Turns, "call", call)


def lets_nobody_see_in_passing(patch):
    original = Turns.put

    def put(self, i):
        self.waiting = {True: [], False: []}
        original(self, i)

    patch.setattr(Turns, "put", put)


def forgets_the_ends(patch):
    original = Turns.__init__

    def init(self, ops, times):
        original(self, ops, times._replace(ends=[10**12] * len(ops)))

    patch.setattr(Turns, "__init__", init)


def is_certain_when_what_nobody_knows_ended(patch):
    patch.setattr(moments, "ended_us", lambda op: op.ended_us)


def never_did_what_nobody_knows(patch):
    original = Turns.call

    def call(self, i):
        if self.ops[i].outcome == "ok":
            original(self, i)

    patch.setattr(Turns, "call", call)


def forgets_crowds(patch):
    patch.setattr(sets, "moments_in_turn", moments.moments)


def takes_a_refusal_for_a_change(patch):
    patch.setattr(sets, "leaves", lambda op: sets.CHANGED[op.f])


MUTANTS = [
    lets_anybody_go_first,
    does_all_at_once,
    lets_nobody_see_in_passing,
    forgets_the_ends,
    is_certain_when_what_nobody_knows_ended,
    never_did_what_nobody_knows,
    forgets_crowds,
    takes_a_refusal_for_a_change,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_turns_that_forget_something_are_told_from_their_twin(mutant, monkeypatch):
    mutant(monkeypatch)
    assert first_difference(range(3000)) is not None
