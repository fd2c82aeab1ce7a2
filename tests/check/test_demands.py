"""Rings of demands, against a slow twin that asks of every two whether one leads on.

Terry and others, PDIS 1994: an order of the writes that all demands agree with.
"""

from __future__ import annotations

import random
from collections import defaultdict

import pytest

from distlab.check import demands
from distlab.check.demands import Demand
from distlab.check.versions import Versions
from distlab.history import Operation


def drawn(seed: int) -> tuple[list[Demand], Versions]:
    """Demands on writes that overlap and touch; every third time with positions."""
    rng = random.Random(seed)
    free: dict[str, int] = defaultdict(int)
    writes = []
    for value in range(rng.randint(2, 8)):
        process = rng.choice("abc")
        begin = free[process] + rng.choice((0, 0, 1, 3))
        end = free[process] = begin + rng.choice((0, 1, 2, 5))
        outcome = rng.choice(("ok", "ok", "info"))
        position = rng.randrange(50) if not seed % 3 and outcome == "ok" else None
        args = rng.choice("xxy"), value
        op = Operation(process, "write", args, begin, outcome, position, end)
        writes.append(op)
        if outcome == "info":  # it never calls again
            free[process] = 100 * (value + 1)
    pairs = [
        (a, b) for a in writes for b in writes if a != b and a.args[0] == b.args[0]
    ]
    some = rng.sample(pairs, min(len(pairs), rng.randint(1, 8)))
    return [Demand(least, seen, ()) for least, seen in some], Versions(writes)


def leads(one: Demand, other: Demand, versions: Versions) -> bool:
    if one.seen.args[0] != other.least.args[0]:
        return False
    return one.seen == other.least or versions.older(one.seen, other.least)


def fewest_back(start: Demand, some: list[Demand], versions: Versions) -> int | None:
    """How many steps lead from a demand back to it."""
    reached, steps = [start], 0
    while reached:
        steps += 1
        reached = [d for d in some if any(leads(r, d, versions) for r in reached)]
        if start in reached:
            return steps
        if steps > len(some):
            return None
    return None


def differs(seed: int) -> bool:
    some, versions = drawn(seed)
    back = [fewest_back(demand, some, versions) for demand in some]
    ring = demands.ring(some, versions)
    if not ring:
        return any(back)
    steps = zip(ring, ring[1:] + ring[:1], strict=True)
    if not all(leads(one, other, versions) for one, other in steps):
        return True
    return len(ring) != back[some.index(ring[0])]


def test_a_ring_is_found_where_there_is_one_and_none_is_shorter_from_where_it_begins():
    """What leads back to itself is demanded to be older than itself."""
    assert [seed for seed in range(2000) if differs(seed)] == []


def test_the_random_demands_are_of_both_kinds():
    found = [bool(demands.ring(*drawn(seed))) for seed in range(300)]
    assert 50 < sum(found) < 250


def forgets_what_is_older(patch):
    patch.setattr(demands, "begun", lambda write, positioned: -1)


def forgets_that_a_process_calls_at_once(patch):
    patch.setattr(demands, "bisect_left", demands.bisect_right)


def takes_what_touches_for_older(patch):
    patch.setattr(demands, "bisect_right", demands.bisect_left)


def takes_the_first_ring_for_the_shortest(patch):
    patch.setattr(demands, "deque", lambda front: Last(front))


class Last(list):
    """The last to come is the first to go."""

    appendleft = list.append
    popleft = list.pop


@pytest.mark.parametrize(
    "mutant",
    [
        forgets_what_is_older,
        forgets_that_a_process_calls_at_once,
        takes_what_touches_for_older,
        takes_the_first_ring_for_the_shortest,
    ],
)
def test_a_search_for_rings_with_a_flaw_is_told_from_its_twin(mutant, monkeypatch):
    mutant(monkeypatch)
    assert any(map(differs, range(2000)))
