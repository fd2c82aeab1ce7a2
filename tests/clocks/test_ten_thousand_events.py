"""What clocks promise, on random traces with ten thousand events.

What happened before what is found by a slow twin: it follows every path of the graph.
"""

from __future__ import annotations

import random
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stamped_runs import Event, events, run

from distlab.clocks.hybrid import HybridClock
from distlab.clocks.lamport import LamportClock
from distlab.clocks.vector import VectorClock
from distlab.faults import ClockDrift, ClockSkew, Duplication, Loss, Pause, Reordering
from distlab.node import Node

EVENTS = 10_000
few = settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow])
many = settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])


class Shape(NamedTuple):
    """What a run is like."""

    seed: int
    processes: int
    loss: float
    duplication: float
    epsilon_ms: int  # between any two clocks


SHAPES = st.builds(
    Shape,
    seed=st.integers(0, 1 << 32),
    processes=st.integers(2, 8),
    loss=st.sampled_from((0.0, 0.3)),
    duplication=st.sampled_from((0.0, 0.3)),
    epsilon_ms=st.integers(0, 200),
)


def stamped(kind: type[Node], shape: Shape) -> list[Event]:
    """Ten thousand events of a run, or somewhat more."""
    draw = random.Random(shape.seed)
    names = [f"s{i}" for i in range(1, shape.processes + 1)]
    skews = [ClockSkew(name, draw.uniform(0, shape.epsilon_ms)) for name in names]
    slow = [ClockDrift(names[0], -draw.randint(0, 50), at_ms=1)]
    faults = (
        *(skews if kind is not LamportClock else ()),
        *(slow if kind is HybridClock else ()),
        Loss(shape.loss),
        Duplication(shape.duplication),
        Reordering(0.1, within_ms=100),
        Pause("s2", at_ms=500, until_ms=900),
    )
    cluster = run(
        kind,
        shape.seed,
        processes=shape.processes,
        count=EVENTS // shape.processes * 3 // 4,
        faults=faults,
        until_ms=1e9,
    )
    return events(cluster)[:EVENTS]


def causes(found: list[Event]) -> list[list[int]]:
    """What comes just before each event: on its process, and the sending of it."""
    last: dict[str, int] = {}
    told: dict[str, int] = {}
    before: list[list[int]] = []
    for i, event in enumerate(found):
        verb, _, news = event.said.what.partition(" ")
        before.append([last[event.process]] if event.process in last else [])
        if verb == "hears":
            before[i].append(told[news])
        elif verb == "tells":
            told[news] = i
        last[event.process] = i
    return before


def pasts(before: list[list[int]]) -> list[int]:
    """What happened before each event: a number with a bit for each."""
    found: list[int] = []
    for i, causes in enumerate(before):
        found.append(0)
        for j in causes:
            found[i] |= found[j] | 1 << j
    return found


# --------------------------------------------------------------------------- promises
def check_lamport(shape: Shape) -> None:
    """⇒ is total, and contains → (which is transitive, as the order of stamps is)."""
    found = stamped(LamportClock, shape)
    assert len(found) == EVENTS
    in_order = sorted(event.said.ts for event in found)
    assert all(a < b for a, b in pairwise(in_order))
    for i, before in enumerate(causes(found)):
        assert all(found[j].said.ts.clock < found[i].said.ts.clock for j in before)


def check_vectors(shape: Shape) -> None:
    """V(a) < V(b) if and only if a → b, for pairs that are drawn."""
    found = stamped(VectorClock, shape)
    assert len(found) == EVENTS
    before, draw = pasts(causes(found)), random.Random(shape.seed)
    for _ in range(5_000):
        b = draw.randrange(EVENTS)
        a = draw.randrange(max(0, b - 200), min(EVENTS, b + 200))
        assert (found[a].said.ts < found[b].said.ts) == bool(before[b] >> a & 1)


def check_hybrid(shape: Shape) -> None:
    """(l, c) contains →, and l is at most ε ahead of the clock and never behind."""
    found = stamped(HybridClock, shape)
    assert len(found) == EVENTS
    most_ms = shape.epsilon_ms + 1 + drifted_ms(found)  # 1: whole ones are read
    for event in found:
        assert 0 <= event.said.ts.l_ms - event.said.pt_ms <= most_ms
    for i, before in enumerate(causes(found)):
        assert all(found[j].said.ts < found[i].said.ts for j in before)


def drifted_ms(found: list[Event]) -> float:
    """What the slow clock has lost in the end: 50 millionths of the time at most."""
    return max(event.said.pt_ms for event in found) * 50 / 1_000_000


@few
@given(SHAPES)
def test_lamports_order_is_total_and_contains_what_happened_before(shape):
    """IR1; IR2 (a); IR2 (b); ⇒."""
    check_lamport(shape)


@few
@given(SHAPES)
def test_vectors_are_less_where_something_happened_before_and_only_there(shape):
    """tick; send; receive; <."""
    check_vectors(shape)


@few
@given(SHAPES)
def test_hybrid_clocks_are_bounded_by_their_clocks_and_the_skew(shape):
    """Fig. 5, send or local event; Fig. 5, receive event."""
    check_hybrid(shape)


@pytest.mark.soak
@many
@given(SHAPES)
def test_all_clocks_keep_their_promises_on_many_traces(shape):
    """IR1; tick; Fig. 5, receive event."""
    check_lamport(shape)
    check_vectors(shape)
    check_hybrid(shape)
