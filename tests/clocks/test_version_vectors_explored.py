"""Two servers that take writes, in every order in which messages may arrive.

A changed count is a changed protocol.
"""

from __future__ import annotations

from typing import Any, ClassVar

import dotted_version_vector_mutants as dots
import pytest
from killed import broken
from version_vector_runs import (
    contexts_become_equal,
    each_value_is_there_once,
    nothing_comes_back,
    nothing_is_lost,
    values_become_equal,
)

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.world import World
from distlab.clocks.dotted_version_vector import DottedVersionVectors
from distlab.clocks.version_vector import VersionVectors
from distlab.node import Call

WRITES = {
    "c1": (Call("write", ("x", "a")), Call("write", ("x", "b"))),
    "c2": (Call("write", ("x", "c")),),
}


def at_the_end(world: World, *promises: Any) -> str | None:
    """What is broken when nothing is left to happen."""
    if world.messages or any(world.calls_left.values()):
        return None
    return next(iter(broken(world, *promises).values()), None)


def always_nothing_lost(world: World) -> str | None:
    """What version vectors promise."""
    return at_the_end(world, contexts_become_equal, nothing_is_lost)


def always_what_nobody_overwrote(world: World) -> str | None:
    """What dots add."""
    return at_the_end(world, nothing_comes_back, each_value_is_there_once)


def always_equal(world: World) -> str | None:
    """And so servers have the same values."""
    return at_the_end(world, values_become_equal)


def sometimes_in_conflict(world: World) -> bool:
    """A server has several values."""
    return any(len(world.nodes[s].row("x").values) > 1 for s in ("s1", "s2"))


def explored(protocol: type[VersionVectors], *properties: Any) -> Explored:
    """All orders of these writes, at whichever servers."""
    return explore(
        protocol,
        servers=2,
        clients=2,
        workload=WRITES,
        budget=Budget(timers=0),
        properties=properties,
    )


SAFE = (always_nothing_lost, always_what_nobody_overwrote, always_equal)


def test_with_dots_the_servers_have_what_nobody_overwrote():
    """update; sync; join."""
    verdict = explored(DottedVersionVectors, *SAFE, sometimes_in_conflict)
    assert (verdict.valid, verdict.states) == (True, 3089)


def test_without_dots_nothing_is_lost():
    """update; conflict; merge."""
    verdict = explored(VersionVectors, always_nothing_lost, sometimes_in_conflict)
    assert (verdict.valid, verdict.states) == (True, 3034)


def test_without_dots_some_order_brings_something_back():
    """conflict; merge: a copy that is in conflict comes with all that it had."""
    verdict = explored(VersionVectors, always_what_nobody_overwrote)
    assert verdict.invalid
    assert "has a, which was seen by c1" in verdict.reason


def test_without_dots_servers_of_equal_vectors_may_have_different_values():
    """merge: one got two copies before they were compared, the other after."""
    verdict = explored(VersionVectors, always_equal)
    assert verdict.invalid
    assert "different values: [['b', 'c'], ['a', 'b', 'c']]" in verdict.reason
    assert verdict.depth == 12


KILLED = (
    dots.FillsTheGap,
    dots.ForgetsTheContext,
    dots.CountsFromTheContext,
    dots.KeepsAll,
    dots.TakesTheirs,
    dots.JoinsPastsAlone,
)


@pytest.mark.parametrize("mutant", KILLED)
def test_what_forgets_a_rule_goes_wrong_in_some_order(mutant):
    """update; sync; join."""

    class Server(DottedVersionVectors):
        empty: ClassVar[Any] = mutant()

    assert explored(Server, *SAFE).invalid
