"""Lamport's clocks and vectors in every order in which messages may arrive.

A changed count is a changed protocol.
"""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any

import lamport_mutants
import pytest
import vector_mutants

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.networks import Unordered
from distlab.check.world import World
from distlab.clocks.lamport import LamportClock
from distlab.clocks.vector import VectorClock
from distlab.node import Call, Node

Named = tuple[str, Any]  # what happened, and its stamp


def told(world: World) -> dict[str, list[Named]]:
    """What each process has stamped, in its order."""
    outputs = world.outputs.items()
    return {node: [(o.what, o.ts) for o in all_of_it] for node, all_of_it in outputs}


def causes(world: World) -> list[tuple[Named, Named]]:
    """What comes just before what: on one process, and by a message."""
    lines = told(world).values()
    tells = {
        what: ts for line in lines for what, ts in line if what.startswith("tells")
    }
    pairs = [pair for line in lines for pair in pairwise(line)]
    for what, ts in (event for line in lines for event in line):
        if what.startswith("hears"):
            tell = what.replace("hears", "tells")
            pairs.append(((tell, tells[tell]), (what, ts)))
    return pairs


def happened_before(world: World) -> list[tuple[Named, Named]]:
    """All pairs a → b: what comes just before, and so on."""
    found = pairs = dict.fromkeys(causes(world))
    while pairs:
        longer = {(a, d): None for (a, b), (c, d) in product(found, pairs) if b == c}
        pairs = {pair: None for pair in longer if pair not in found}
        found = found | pairs
    return list(found)


def always_the_clock_condition(world: World) -> str | None:
    """If a → b, then C(a) < C(b)."""
    wrong = (f"{a} is before {b}" for a, b in causes(world) if not a[1] < b[1])
    return next(wrong, None)


def always_one_stamp_each(world: World) -> str | None:
    """The order is total."""
    stamps = [ts for line in told(world).values() for _, ts in line]
    return "two are equal" if len(stamps) > len(dict.fromkeys(stamps)) else None


def always_the_strong_clock_condition(world: World) -> str | None:
    """V(a) < V(b) if and only if a → b."""
    before = happened_before(world)
    events = [event for line in told(world).values() for event in line]
    for a, b in product(events, events):
        if (a[1] < b[1]) != ((a, b) in before):
            return f"{a} and {b}"
    return None


def sometimes_concurrent(world: World) -> bool:
    """Two processes have had events, and neither has heard of the other."""
    events = [ts for line in told(world).values() for _, ts in line]
    return any(v.concurrent(w) for v, w in product(events, events))


TELLS = {
    "s1": (Call("act", ("a",)), Call("tell", ("b", ("s2", "s3")))),
    "s2": (Call("tell", ("c", ("s3",))), Call("tell", ("d", ("s1",)))),
    "s3": (Call("tell", ("e", ("s2",))),),
}
LAMPORT = (always_the_clock_condition, always_one_stamp_each)
VECTOR = (always_the_strong_clock_condition,)


def explored(protocol: type[Node], properties: tuple, **how: Any) -> Explored:
    """All orders of these calls and messages."""
    return explore(
        protocol,
        servers=3,
        workload=TELLS,
        network=Unordered(),
        properties=properties,
        **how,
    )


@pytest.mark.parametrize(
    ("protocol", "properties", "states"),
    [
        (LamportClock, LAMPORT, 826),
        (VectorClock, (*VECTOR, sometimes_concurrent), 826),
    ],
)
def test_stamps_are_right_in_every_order(protocol, properties, states):
    verdict = explored(protocol, properties)
    assert (verdict.valid, verdict.states) == (True, states)


@pytest.mark.parametrize(
    ("protocol", "properties"), [(LamportClock, LAMPORT), (VectorClock, VECTOR)]
)
def test_who_crashes_harms_nobody_before_it_comes_back(protocol, properties):
    """tick; IR1: then it counts what it has counted before."""
    assert explored(protocol, properties, budget=Budget(crashes=1)).valid
    back = Budget(crashes=1, recoveries=1)
    verdict = explored(protocol, properties, budget=back)
    assert verdict.invalid
    assert verdict.depth == 4  # an event, a crash, a recovery, an event


MUTANTS = [
    (lamport_mutants.NeverTicks, LAMPORT),
    (lamport_mutants.SendsTheTimeBefore, LAMPORT),
    (lamport_mutants.DoesNotLookAtStamps, LAMPORT),
    (lamport_mutants.SetsItsClockBack, LAMPORT),
    (lamport_mutants.StopsAtTheStamp, LAMPORT),
    (lamport_mutants.LeavesTiesOpen, LAMPORT),
    (vector_mutants.NeverTicks, VECTOR),
    (vector_mutants.TicksAllEntries, VECTOR),
    (vector_mutants.SendsTheVectorBefore, VECTOR),
    (vector_mutants.DoesNotLookAtStamps, VECTOR),
    (vector_mutants.TakesTheStampOver, VECTOR),
    (vector_mutants.HearsOfTheSenderAlone, VECTOR),
]


@pytest.mark.parametrize(("mutant", "properties"), MUTANTS)
def test_what_forgets_a_rule_goes_wrong_in_some_order(mutant, properties):
    """IR1; IR2 (a); IR2 (b); ⇒; and those of vectors."""
    verdict = explored(mutant, properties)
    print(verdict)
    assert verdict.invalid
