"""The search for an order, against a twin that tries all, for every machine."""

from __future__ import annotations

import pytest
from check.brute_force import Operations, explained, is_explained_by
from check.twins_linearizable import WORLDS, World, all_of, at_random

from distlab.check.configurations import Search
from distlab.check.limits import Limits
from distlab.check.linearizable import linearizable
from distlab.history import History

LIMITS = Limits()


def searched(ops: Operations, world: World):
    return Search(ops, world.machine, LIMITS.meter(), keyed=False).run()


def search_differs(ops: Operations, world: World) -> bool:
    """Whether the search says another thing than the twin, or shows a wrong order."""
    found = searched(ops, world)
    if found.explained != explained(ops, world.machine):
        return True
    if found.explained:
        return not is_explained_by(found.order, ops, world.machine)
    until_us = found.stuck.ended_us
    known = [op.outcome == "ok" and op.ended_us < until_us for op in ops]
    prefix = tuple(
        op if ended else op._replace(outcome="info")
        for op, ended in zip(ops, known, strict=True)
        if op.invoked_us <= until_us
    )
    theirs = {id(op): then for op, then in zip(ops, prefix, strict=False)}
    order = tuple(theirs[id(op)] for op in found.order)
    return not is_explained_by(order, prefix, world.machine)


def judge_differs(ops: Operations, world: World) -> bool:
    """Whether the verdict is another than the twin's, or its witness is none."""
    verdict = linearizable(History(ops), world.machine)
    if verdict.valid:
        return not is_explained_by(verdict.order, ops, world.machine)
    if verdict.unknown:
        return not explained(ops, world.machine)
    return explained(verdict.evidence, world.machine)


def first_difference(world: World, seeds: range) -> int | None:
    for seed in seeds:
        ops = at_random(world, seed)
        if search_differs(ops, world) or judge_differs(ops, world):
            return seed
    return None


@pytest.mark.parametrize("world", WORLDS)
def test_the_search_says_what_its_twin_says_of_all_histories_of_two_operations(world):
    world = WORLDS[world]
    different = [ops for ops in all_of(world, 2) if search_differs(ops, world)]
    assert not different


@pytest.mark.parametrize("world", WORLDS)
def test_the_judge_says_what_its_twin_says_of_larger_ones(world):
    assert first_difference(WORLDS[world], range(500)) is None


@pytest.mark.soak
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("n", [3, 4])
def test_the_search_says_what_its_twin_says_of_all_small_histories(world, n):
    world = WORLDS[world]
    for ops in all_of(world, n):
        assert not search_differs(ops, world), ops


@pytest.mark.soak
@pytest.mark.parametrize("world", WORLDS)
def test_the_judge_says_what_its_twin_says_of_many_larger_ones(world):
    assert first_difference(WORLDS[world], range(500, 20_000)) is None


@pytest.mark.parametrize("world", WORLDS)
def test_the_random_histories_are_of_both_kinds(world):
    world = WORLDS[world]
    good = sum(explained(at_random(world, seed), world.machine) for seed in range(200))
    assert 20 < good < 190
