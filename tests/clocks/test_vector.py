"""Vector clocks: two stamps tell whether either could have caused the other."""

from __future__ import annotations

import pytest
import vector_mutants as mutants
from hypothesis import given
from hypothesis import strategies as st
from killed import each_mutant, first_harm, kill, mutants_in
from schedules import Drawing
from stamped_runs import SHAPES, pairs, run

from distlab.clocks import lamport
from distlab.clocks.vector import Happened, Told, Vector, VectorClock
from distlab.codec import size_bytes
from distlab.faults import Byzantine, Crash, Recover
from distlab.node import Call, Deliver, Output, Send
from distlab.sim import Cluster


# --------------------------------------------------------------------------- promises
def strong_clock_condition(cluster: Cluster) -> str | None:
    """V(a) < V(b) if and only if a → b."""
    for a, b, before in pairs(cluster):
        if before and not a.said.ts < b.said.ts:
            return f"{a.said} happened before {b.said}"
        if a.said.ts < b.said.ts and not before:
            return f"{a.said} did not happen before {b.said}"
    return None


# ------------------------------------------------------------------ one rule, one test
def test_an_event_counts_in_the_entry_of_its_process():
    """Tick."""
    q = VectorClock("q", ("p", "q", "r"))
    q.step(Call("act", ("cook",)))
    assert Output(Happened("eat", Vector((0, 2, 0)))) in q.step(Call("act", ("eat",)))


def test_a_message_carries_the_vector_of_its_sending():
    """send: its own sending is in it."""
    q = VectorClock("q", ("p", "q", "r"))
    effects = q.step(Call("tell", ("news", ("p", "r"))))
    news = Told(Vector((0, 1, 0)), "news")
    sent = [effect for effect in effects if isinstance(effect, Send)]
    assert sent == [Send("p", news), Send("r", news)]


def test_whoever_hears_of_more_knows_it_and_has_an_event_more():
    """receive: what the sender did not know is kept."""
    q = VectorClock("q", ("p", "q", "r"))
    q.clock = Vector((0, 4, 2))
    effects = q.step(Deliver("p", Told(Vector((3, 1, 1)), "news")))
    assert effects == [Output(Happened("hears news", Vector((3, 5, 2))))]


VECTORS = st.tuples(*[st.integers(0, 3)] * 3).map(Vector)


@given(VECTORS, VECTORS, VECTORS)
def test_the_supremum_is_the_least_vector_above_both(u, v, w):
    """sup; ≤."""
    assert u <= u.sup(v)
    assert v <= u.sup(v)
    assert (u <= w and v <= w) == (u.sup(v) <= w)


@given(VECTORS, VECTORS, VECTORS)
def test_vectors_are_ordered_in_part(u, v, w):
    """≤; <: reflexive, antisymmetric, transitive; and the strict one of it."""
    assert u <= u
    assert not u < u
    assert not (u <= v and v <= u) or u == v
    assert not (u <= v and v <= w) or u <= w


@given(VECTORS, VECTORS)
def test_of_two_vectors_one_is_less_or_they_are_equal_or_concurrent(u, v):
    """∥: one of the four, and no two."""
    assert (u < v) + (v < u) + (u == v) + u.concurrent(v) == 1


def test_one_entry_that_is_greater_is_enough_to_be_concurrent():
    """≤; ∥."""
    assert Vector((1, 0, 9)).concurrent(Vector((1, 1, 0)))


def test_each_process_costs_every_message_a_number():
    """send: which a Lamport clock does not."""
    vectors = [size_bytes(Told(Vector((0,) * n), "news")) for n in (10, 110, 1010)]
    assert vectors[1] - vectors[0] == 200  # a digit and a comma for each
    assert vectors[2] - vectors[1] == 1800
    assert (
        size_bytes(lamport.Told(lamport.Stamp(1010, "s1010"), "news")) < vectors[0] + 50
    )


# ------------------------------------------------------------------------- many seeds
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(10))
def test_stamps_tell_what_happened_before_what_whatever_links_do(seed, shape):
    """tick; send; receive."""
    drawn = Drawing(seed, ("s1", "s2", "s3", "s4")).schedule(VectorClock.assumes)
    cluster = run(VectorClock, seed, shape=shape, faults=drawn)
    assert strong_clock_condition(cluster) is None


# --------------------------------------------------------- what is taken for granted
def test_who_comes_back_from_a_crash_has_forgotten_what_it_knew():
    """tick: what it counts from then on has been counted already."""

    def with_crash(seed: int) -> Cluster:
        faults = (Crash("s1", at_ms=100), Recover("s1", at_ms=101))
        assert not VectorClock.assumes.admits(faults, 4)
        return run(VectorClock, seed, faults=faults)

    assert first_harm(strong_clock_condition, with_crash) < 5


def test_who_lies_about_what_it_knows_spoils_it_for_the_others():
    """Send."""

    def with_liar(seed: int) -> Cluster:
        faults = (Byzantine("s1", mutants.SendsTheVectorBefore, at_ms=1),)
        return run(VectorClock, seed, faults=faults)

    assert first_harm(strong_clock_condition, with_liar) < 5


# ---------------------------------------------------------------------------- mutants
TABLE = [
    (mutants.NeverTicks, "symmetric", 0, strong_clock_condition),
    (mutants.TicksAllEntries, "symmetric", 0, strong_clock_condition),
    (mutants.SendsTheVectorBefore, "lopsided", 0, strong_clock_condition),
    (mutants.DoesNotLookAtStamps, "lopsided", 0, strong_clock_condition),
    (mutants.TakesTheStampOver, "symmetric", 0, strong_clock_condition),
    (mutants.HearsOfTheSenderAlone, "symmetric", 0, strong_clock_condition),
]


@each_mutant(TABLE)
def test_each_rule_is_needed(mutant, shape, seed, promise):
    """tick; send; receive."""

    def shaped(kind: type, seed: int) -> Cluster:
        return run(kind, seed, shape=shape)

    kill(mutant, seed, promise, (promise,), shaped, VectorClock)


def test_each_comparison_is_needed():
    """sup; ≤; <; ∥: each of the wrong vectors breaks what right ones promise."""
    sum_of, left = mutants.AddsUp((1, 1)), mutants.ReadsFromTheLeft((1, 9))
    assert not sum_of.sup(Vector((1, 1))) <= Vector((1, 1))
    assert left <= Vector((2, 0))
    assert mutants.IsBeforeItself((1, 1)) < mutants.IsBeforeItself((1, 1))
    assert mutants.IsConcurrentWithItsPast((2, 2)).concurrent(Vector((1, 1)))


def test_every_mutant_is_tried():
    nodes = {kind for kind in mutants_in(mutants) if issubclass(kind, VectorClock)}
    assert {row[0] for row in TABLE} == nodes
