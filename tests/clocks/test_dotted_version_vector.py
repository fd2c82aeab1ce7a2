"""Dotted version vectors: nothing is lost, and nothing comes back."""

from __future__ import annotations

import random
from typing import Any, ClassVar

import dotted_version_vector_mutants as mutants
import pytest
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import Drawing
from version_vector_runs import (
    OUTAGE,
    contexts_become_equal,
    each_value_is_there_once,
    nothing_comes_back,
    nothing_is_lost,
    run,
    values_become_equal,
)

from distlab.clocks.dotted_version_vector import (
    Dot,
    DottedVersionVectors,
    Version,
    Versions,
)
from distlab.clocks.version_vector import Row, Vector
from distlab.faults import Crash, Duplication, Loss, LostWrites, Recover
from distlab.node import Deliver
from distlab.replication import siblings, version_numbers
from distlab.sim import Cluster

PROMISES = (
    contexts_become_equal,
    values_become_equal,
    nothing_is_lost,
    nothing_comes_back,
    each_value_is_there_once,
)
NOTHING = Vector()


def a(number: int) -> Vector:
    """What who knows the first writes of server a knows."""
    return Vector((("a", number),))


def writes(*rows: tuple[Any, Vector]) -> Versions:
    """What a server a has after these writes."""
    row = Versions()
    for value, context in rows:
        row = row.update("a", value, context)
    return row


# ------------------------------------------------------------------ one rule, one test
def test_a_write_has_the_next_number_of_its_server_and_stands_on_what_was_seen():
    """update: its number says nothing of those before it."""
    row = writes(("milk", NOTHING), ("eggs", NOTHING))
    assert row.versions == (
        Version("milk", Dot("a", 1), NOTHING),
        Version("eggs", Dot("a", 2), NOTHING),
    )


def test_a_write_takes_the_place_of_what_its_client_has_seen_and_of_nothing_else():
    """update; sync: even if what it has not seen came before from the same server."""
    row = writes(("milk", NOTHING), ("eggs", NOTHING), ("flour", a(1)))
    assert row.values == ("eggs", "flour")


def test_of_two_sets_those_stay_that_no_other_stands_on():
    """Sync."""
    here = writes(("milk", NOTHING), ("eggs", NOTHING))
    there = writes(("milk", NOTHING)).update("b", "flour", a(1))
    assert here.sync(there) == there.sync(here)
    assert here.sync(there).values == ("eggs", "flour")


def test_a_reader_knows_the_versions_and_what_they_stand_on():
    """join: one vector for all."""
    row = writes(("milk", NOTHING)).update("b", "flour", a(1)).update("a", "eggs", a(1))
    assert row.context == Vector((("a", 2), ("b", 1)))


def test_clients_that_take_turns_leave_two_siblings_where_vectors_leave_ten():
    """update; sync: each has seen all but the last write of the other."""
    left = {}
    for kind in (Row, Versions):
        row, seen = kind(), {"c1": NOTHING, "c2": NOTHING}
        for i in range(10):
            client = ("c1", "c2")[i % 2]
            row = row.update("a", i, seen[client])
            seen[client] = row.context
        left[kind] = row.values
    assert left == {Row: tuple(range(10)), Versions: (8, 9)}


def test_a_vector_for_each_value_without_a_dot_loses_what_nobody_has_seen():
    """update: the second of two writes at once seems to stand on the first."""
    filled = mutants.FillsTheGap().update("a", "milk", NOTHING)
    assert filled.update("a", "eggs", NOTHING).values == ("eggs",)


@pytest.mark.parametrize("seed", range(20))
def test_on_one_server_dots_are_version_numbers(seed):
    """update; join: what several servers add is the name of the server."""
    draw, row = random.Random(seed), Versions()
    server = version_numbers.VersionNumbers("a")
    for i in range(30):
        seen = draw.randint(0, i)
        row = row.update("a", i, a(seen))
        write = version_numbers.Write(1, "x", i, seen)
        (answer,) = server.step(Deliver("c", write))
        assert answer.msg.values == row.values
        assert a(answer.msg.version) == row.context


def test_a_hundred_clients_of_one_server_leave_one_number():
    """update: where clients count for themselves they leave a hundred."""
    row, version = Versions(), siblings.Version("", siblings.Vector())
    for i in range(100):
        row = row.update("a", i, row.context)
        version = siblings.Version(i, version.vector.then(f"c{i}", 1))
    assert row.context == a(100)
    assert len(version.vector.counts) == 100


# ------------------------------------------------------------------------- many seeds
@pytest.mark.parametrize("shape", ["symmetric", "lopsided"])
@pytest.mark.parametrize("seed", range(10))
def test_values_stay_until_they_are_overwritten_and_no_longer(seed, shape):
    """update; sync; join."""
    drawing = Drawing(seed, ("s1", "s2", "s3"), ("c1", "c2", "c3"))
    faults = drawing.schedule(DottedVersionVectors.assumes)
    cluster = run(DottedVersionVectors, seed, shape=shape, faults=faults)
    assert broken(cluster, *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 200))
def test_values_stay_and_go_in_many_runs(seed):
    """update; sync; join."""
    for shape in ("symmetric", "lopsided"):
        test_values_stay_until_they_are_overwritten_and_no_longer(seed, shape)


def test_servers_become_equal_after_an_outage():
    """Sync."""
    assert broken(run(DottedVersionVectors, 1, faults=OUTAGE), *PROMISES) == {}


# --------------------------------------------------------- what is taken for granted
HARM = {
    values_become_equal: (Loss(0.5, messages=("Sync",)),),
    nothing_comes_back: (Duplication(0.5, messages=("Put",)),),
    nothing_is_lost: (
        LostWrites("s1", at_ms=300, records=20),
        Crash("s1", at_ms=301),
        Recover("s1", at_ms=302),
    ),
}


@pytest.mark.parametrize("promise", HARM, ids=lambda promise: promise.__name__)
def test_what_is_not_admitted_breaks_a_promise(promise):
    """update: a write that arrives twice is two, and the second is not overwritten."""
    faults, servers = HARM[promise], 1 if promise is nothing_is_lost else 3
    assert not DottedVersionVectors.assumes.admits(faults, servers)

    def harmed(seed: int) -> Cluster:
        return run(DottedVersionVectors, seed, faults=faults, servers=servers)

    first_harm(promise, harmed)


# ---------------------------------------------------------------------------- mutants
TABLE = [
    (mutants.FillsTheGap, "symmetric", 0, nothing_is_lost),
    (mutants.ForgetsTheContext, "symmetric", 0, nothing_comes_back),
    (mutants.CountsFromTheContext, "symmetric", 0, nothing_is_lost),
    (mutants.StandsOnAllThereIs, "symmetric", 0, nothing_is_lost),
    (mutants.KeepsAll, "symmetric", 0, nothing_comes_back),
    (mutants.TakesTheirs, "symmetric", 0, nothing_is_lost),
    (mutants.LooksAtTheirsAlone, "symmetric", 0, nothing_comes_back),
    (mutants.JoinsPastsAlone, "symmetric", 0, nothing_is_lost),
    (mutants.JoinsDotsAlone, "symmetric", 0, nothing_comes_back),
]


@each_mutant(TABLE)
def test_each_rule_is_needed(mutant, shape, seed, promise):
    """update; sync; join."""

    def shaped(kind: type, seed: int) -> Cluster:
        class Server(DottedVersionVectors):
            empty: ClassVar[Any] = kind()

        return run(Server, seed, shape=shape)

    kill(mutant, seed, promise, PROMISES, shaped, Versions)


def test_every_mutant_is_in_the_table():
    assert {row[0] for row in TABLE} == mutants_in(mutants)
