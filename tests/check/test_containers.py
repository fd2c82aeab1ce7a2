"""Queues and stacks whose items all differ, against a twin that tries all orders."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from check.brute_force import Operations, drawn, explained, is_explained_by, spans

from distlab.check import containers, moments, queues, stacks
from distlab.check.containers import Matched
from distlab.check.emptiness import Stays
from distlab.check.queues import queue
from distlab.check.stacks import Peeled, stack
from distlab.history import History, Operation
from distlab.machine import Queue, Stack

KINDS = {
    "queue": (queue, Queue(), ("enqueue", "dequeue")),
    "stack": (stack, Stack(), ("push", "pop")),
}


def all_of(n: int, kind: str, unknown: bool = True):
    """Every history of n operations, up to the names of processes and items.

    Each puts its own item in, or takes one out, or finds nothing, or is not told.
    """
    put, take = KINDS[kind][2]
    mays = [
        ("put", "put?", "take?", None, *range(n))
        if unknown
        else ("put", None, *range(n))
    ] * n
    for what in product(*mays):
        taken = [i for i in what if isinstance(i, int)]
        there = [i for i, does in enumerate(what) if does in ("put", "put?")]
        if len(set(taken)) == len(taken) and set(taken) <= set(there):
            does = [(put, (i,)) if i in there else (take, ()) for i in range(n)]
            for laid in spans(n):
                yield tuple(
                    Operation(
                        f"c{i}",
                        *does[i],
                        laid[i][0],
                        "info" if what[i] in ("put?", "take?") else "ok",
                        what[i] if isinstance(what[i], int) else None,
                        laid[i][1],
                    )
                    for i in range(n)
                )


def small(seed: int, kind: str, most: int = 8) -> Operations:
    put, take = KINDS[kind][2]

    def command(rng, i):
        return (put, (i,)) if rng.random() < 0.5 else (take, ())

    return drawn(seed, KINDS[kind][1], command, most)


def differs(ops: Operations, kind: str) -> bool:
    """Whether the algorithm says another thing than the twin, or not why."""
    judge, machine, _ = KINDS[kind]
    finding, truth = judge(ops), explained(ops, machine)
    if finding is None:
        return False
    if (finding.outcome == "valid") != truth:
        return True
    if truth:
        return not is_explained_by(finding.order, ops, machine)
    return explained(finding.evidence, machine)


def first_difference(seeds, kind: str) -> int | None:
    return next((seed for seed in seeds if differs(small(seed, kind), kind)), None)


# --------------------------------------------------------------------- against the twin
@pytest.mark.parametrize("kind", KINDS)
def test_the_rules_say_what_the_twin_says_of_all_histories_of_three_operations(kind):
    assert not any(differs(ops, kind) for ops in all_of(3, kind))


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_the_rules_say_what_the_twin_says_of_all_histories_of_four_operations(kind):
    assert not any(differs(ops, kind) for ops in all_of(4, kind))


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_they_do_of_all_histories_of_five_of_which_all_was_told(kind):
    assert not any(differs(ops, kind) for ops in all_of(5, kind, unknown=False))


@pytest.mark.parametrize("kind", KINDS)
def test_the_rules_say_what_the_twin_says_of_larger_ones(kind):
    assert first_difference(range(1500), kind) is None


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_the_rules_say_what_the_twin_says_of_many_larger_ones(kind):
    assert first_difference(range(1500, 12_000), kind) is None


@pytest.mark.parametrize("kind", KINDS)
def test_the_random_histories_are_of_every_outcome_and_few_are_for_the_search(kind):
    found = [KINDS[kind][0](small(seed, kind)) for seed in range(1000)]
    outcomes = Counter(finding and finding.outcome for finding in found)
    assert min(outcomes["valid"], outcomes["invalid"]) > 100
    assert outcomes[None] < 10


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_told_at_different_moments_is_for_the_search_only_without_an_answer(
    kind,
):
    for seed in range(0, 12_000, 2):
        ops = small(seed, kind)
        known = all(op.outcome == "ok" or op.f in ("enqueue", "push") for op in ops)
        assert not known or KINDS[kind][0](ops) is not None, seed


# ------------------------------------------------------------------------ what is told
def put(kind, process, item, begin, end):
    args, ended_us = (item,), None if end is None else end * 1000
    outcome = "info" if end is None else "ok"
    f = KINDS[kind][2][0]
    return Operation(process, f, args, begin * 1000, outcome, None, ended_us)


def take(kind, process, item, begin, end):
    outcome, ended_us = ("info", None) if end is None else ("ok", end * 1000)
    return Operation(
        process, KINDS[kind][2][1], (), begin * 1000, outcome, item, ended_us
    )


BAD = {
    "queue: from nowhere": (
        (take("queue", "c1", 7, 0, 2),),
        "c1 dequeue() gave 7 (0 to 2 ms), which nobody had put in.",
    ),
    "queue: twice": (
        (
            put("queue", "c1", 1, 0, 1),
            take("queue", "c2", 1, 2, 3),
            take("queue", "c3", 1, 2, 3),
        ),
        (
            "c2 dequeue() gave 1 (2 to 3 ms), and c3 dequeue() gave 1 (2 to 3 ms): it "
            "went in once."
        ),
    ),
    "queue: too early": (
        (take("queue", "c2", 1, 0, 1), put("queue", "c1", 1, 2, 3)),
        "c2 dequeue() gave 1 (0 to 1 ms), but c1 enqueue(1) (2 to 3 ms), later.",
    ),
    "queue: out of order": (
        (
            put("queue", "c1", 1, 0, 1),
            put("queue", "c1", 2, 2, 3),
            take("queue", "c2", 2, 4, 5),
            take("queue", "c2", 1, 6, 7),
        ),
        (
            "c2 dequeue() gave 2 (4 to 5 ms), but c1 enqueue(1) (0 to 1 ms) before c1 "
            "enqueue(2) (2 to 3 ms), and c2 dequeue() gave 1 (6 to 7 ms) after that."
        ),
    ),
    "queue: the first is left": (
        (
            put("queue", "c1", 1, 0, 1),
            put("queue", "c1", 2, 2, 3),
            take("queue", "c2", 2, 4, 5),
        ),
        (
            "c2 dequeue() gave 2 (4 to 5 ms), but c1 enqueue(1) (0 to 1 ms) before c1 "
            "enqueue(2) (2 to 3 ms), and nobody had taken the first."
        ),
    ),
    "queue: two are lost to one": (
        (
            put("queue", "c1", 1, 0, 1),
            take("queue", "c3", None, 1, None),
            put("queue", "c1", 2, 2, 3),
            put("queue", "c1", 3, 4, 5),
            take("queue", "c2", 3, 6, 7),
        ),
        (
            "c2 dequeue() gave 3 (6 to 7 ms). By then 2 items had to be out that "
            "nobody is known to have taken, and only 1 without an answer had been "
            "called."
        ),
    ),
    "queue: not empty": (
        (put("queue", "c1", 1, 0, 1), take("queue", "c2", None, 2, 3)),
        (
            "c2 dequeue() gave None (2 to 3 ms), but something was inside all the "
            "time: c1 enqueue(1) (0 to 1 ms), and nobody took it."
        ),
    ),
    "queue: never empty, first for one and then for another item": (
        (
            put("queue", "c1", 1, 0, 1),
            take("queue", "c3", None, 2, 9),
            put("queue", "c1", 2, 2, 3),
            take("queue", "c2", 1, 4, 5),
            take("queue", "c2", 2, 10, 11),
        ),
        (
            "c3 dequeue() gave None (2 to 9 ms), but something was inside all the "
            "time: c1 enqueue(1) (0 to 1 ms) and c2 dequeue() gave 1 (4 to 5 ms); c1 "
            "enqueue(2) (2 to 3 ms) and c2 dequeue() gave 2 (10 to 11 ms)."
        ),
    ),
    "stack: the lower one first": (
        (
            put("stack", "c1", 1, 0, 1),
            put("stack", "c1", 2, 2, 3),
            take("stack", "c2", 1, 4, 5),
            take("stack", "c2", 2, 6, 7),
        ),
        (
            "c2 pop() gave 1 (4 to 5 ms), but c1 push(2) (2 to 3 ms) after c1 push(1) "
            "(0 to 1 ms), and c2 pop() gave 2 (6 to 7 ms) after that."
        ),
    ),
    "stack: the upper one is left": (
        (
            put("stack", "c1", 1, 0, 1),
            put("stack", "c1", 2, 2, 3),
            take("stack", "c2", 1, 4, 5),
        ),
        (
            "c2 pop() gave 1 (4 to 5 ms), but c1 push(2) (2 to 3 ms) after c1 push(1) "
            "(0 to 1 ms), and nobody had taken that one."
        ),
    ),
    "stack: never empty, first for one and then for another item": (
        (
            put("stack", "c1", 1, 0, 1),
            take("stack", "c3", None, 2, 9),
            put("stack", "c1", 2, 2, 3),
            take("stack", "c2", 1, 4, 12),
            take("stack", "c1", 2, 10, 11),
        ),
        (
            "c3 pop() gave None (2 to 9 ms), but something was inside all the time: c1 "
            "push(1) (0 to 1 ms) and c2 pop() gave 1 (4 to 12 ms); c1 push(2) (2 to 3 "
            "ms) and c1 pop() gave 2 (10 to 11 ms)."
        ),
    ),
    "stack: three that no two of them show": (
        (
            put("stack", "c1", 1, 0, 1),
            put("stack", "c2", 3, 2, 6),
            put("stack", "c3", 2, 3, 4),
            take("stack", "c1", 1, 5, 9),
            take("stack", "c3", 2, 7, 8),
            take("stack", "c2", 3, 10, 11),
        ),
        (
            "From 1 to 10 ms something was inside without a pause, so one item went in "
            "before that and came out after. None can have: c2 push(3) (2 to 6 ms) too "
            "late, c3 push(2) (3 to 4 ms) too late, c1 pop() gave 1 (5 to 9 ms) too "
            "early."
        ),
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_history_that_is_wrong_is_told(what):
    history, reason = BAD[what]
    finding = KINDS[what[:5]][0](tuple(History(history)))
    assert (finding.outcome, finding.reason) == ("invalid", reason)
    assert finding.evidence == tuple(History(history))


# --------------------------------------------------------------- mutants of the rules
def lets_any_item_be_first(patch):
    patch.setattr(queues, "first_in_first_out", lambda inside: None)


def forgets_what_nobody_took(patch):
    original = queues.first_in_first_out

    def first_in_first_out(inside):
        taken = [item for item in inside.items if item.take >= 0]
        original(inside._replace(items=taken))

    patch.setattr(queues, "first_in_first_out", first_in_first_out)
    patch.setattr(Matched, "urgent", lambda self, times: [])


def never_knows_that_something_is_inside(patch):
    class Blind(Stays):
        def empty_at(self, look):
            return look.call

    patch.setattr(stacks, "Stays", Blind)


def looks_at_one_item_at_a_time(patch):
    class Narrow(Stays):
        def empty_at(self, look):
            alone = [Stays(self.inside._replace(items=[i])) for i in self.inside.items]
            return max([look.call, *(one.empty_at(look) for one in alone)])

    patch.setattr(stacks, "Stays", Narrow)


def is_certain_when_what_nobody_knows_ended(patch):
    patch.setattr(moments, "ended_us", lambda op: op.ended_us or 10**12)


def never_did_what_nobody_knows(patch):
    for kind, (judge, *more) in list(KINDS.items()):
        patch.setitem(KINDS, kind, (answered_alone(judge), *more))


def answered_alone(judge):
    return lambda ops: judge(tuple(op for op in ops if op.outcome == "ok"))


def keeps_what_the_unanswered_took(patch):
    def all_allowed(self, times):
        return self.inside(times, {}, float("inf"))

    patch.setattr(Matched, "all_allowed", all_allowed)


def lets_the_unanswered_take_everything(patch):
    def guessed(self, times):
        return self.container.arrange(self.all_allowed(times))

    patch.setattr(Matched, "urgent", lambda self, times: [])
    patch.setattr(Matched, "guessed", guessed)


def has_takers_enough(patch):
    patch.setattr(Matched, "too_few", lambda self, *more: None)
    patch.setattr(Matched, "guessed", lambda self, times: [])


def forgets_crowds(patch):
    patch.setattr(containers, "moments_in_turn", moments.moments)


def dequeues_in_the_order_of_enqueues_alone(patch):
    def in_order(items):
        return sorted(range(len(items)), key=lambda n: items[n].put_end)

    patch.setattr(queues, "in_order", in_order)


def asks_no_pop(patch):
    def released(self, moment):
        while (n := self.pushes.at(moment)) >= 0:
            self.pushes.remove(n)
            self.gone[n] = None
            self.inside.remove(n)
            yield n

    patch.setattr(Peeled, "released", released)


def asks_no_push(patch):
    def released(self, moment):
        while (n := self.pops.at(moment)) >= 0:
            self.pops.remove(n)
            self.gone[n] = None
            self.inside.remove(n)
            yield n

    patch.setattr(Peeled, "released", released)


def does_not_ask_again(patch):
    original = Peeled.is_inside

    def is_inside(self, moment):
        inside = original(self, moment)
        self.watch.clear()
        return inside

    patch.setattr(Peeled, "is_inside", is_inside)


def pushes_late_and_pops_late(patch):
    original = Peeled.in_and_out

    def in_and_out(self):
        for item, pushed, _ in original(self):
            yield item, pushed, item.take_end

    patch.setattr(Peeled, "in_and_out", in_and_out)


def leaves_out_what_takes_time(patch):
    patch.setattr(stacks, "stays", lambda item: item.put_end + 1e6 < item.take_call)


MUTANTS = [
    lets_any_item_be_first,
    forgets_what_nobody_took,
    never_knows_that_something_is_inside,
    looks_at_one_item_at_a_time,
    is_certain_when_what_nobody_knows_ended,
    never_did_what_nobody_knows,
    keeps_what_the_unanswered_took,
    lets_the_unanswered_take_everything,
    has_takers_enough,
    forgets_crowds,
    dequeues_in_the_order_of_enqueues_alone,
    asks_no_pop,
    asks_no_push,
    does_not_ask_again,
    pushes_late_and_pops_late,
    leaves_out_what_takes_time,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_rules_that_forget_something_are_told_from_their_twin(mutant, monkeypatch):
    mutant(monkeypatch)
    assert any(
        KINDS[what[:5]][0](tuple(History(ops))).outcome == "valid"
        for what, (ops, _) in BAD.items()
    ) or any(first_difference(range(3000), kind) is not None for kind in KINDS)
