"""Hybrid logical clocks: they respect causes, and stay near the time of day."""

from __future__ import annotations

import random

import hybrid_mutants as mutants
import pytest
from hypothesis import given
from hypothesis import strategies as st
from killed import broken, each_mutant, first_harm, kill, mutants_in
from stamped_runs import SHAPES, Event, events, pairs, run

from distlab.clocks.hybrid import HybridClock, Stamp, Told
from distlab.faults import (
    ClockDrift,
    ClockJump,
    ClockSkew,
    Crash,
    Duplication,
    Fault,
    Loss,
    Pause,
    Recover,
    Reordering,
)
from distlab.node import Call, Deliver, Output
from distlab.sim import Cluster

EPSILON_MS = 50


# --------------------------------------------------------------------------- promises
def order_of_causes(cluster: Cluster) -> str | None:
    """If a → b, then (l, c) of a is smaller than (l, c) of b."""
    for a, b, before in pairs(cluster):
        if before and not a.said.ts < b.said.ts:
            return f"{a.said} happened before {b.said}"
    return None


def never_behind(cluster: Cluster) -> str | None:
    """L is at least what the process's own clock shows."""
    behind = (e.said for e in events(cluster) if e.said.ts.l_ms < e.said.pt_ms)
    return next((f"{said} is behind its clock" for said in behind), None)


def within_epsilon(cluster: Cluster) -> str | None:
    """L is at most ε more than that."""
    for event in events(cluster):
        if event.said.ts.l_ms > event.said.pt_ms + EPSILON_MS:
            return f"{event.said} is more than {EPSILON_MS} ms ahead"
    return None


def past(cluster: Cluster, event: Event, of: list[Event]) -> list[Event]:
    """The events before this one, itself included."""
    before = cluster.trace.causality.happened_before
    return [e for e in of if e is event or before(e.number, event.number)]


def shown_by_some_clock(cluster: Cluster) -> str | None:
    """L is what a clock has shown at the event or at one before it."""
    found = events(cluster)
    for event in found[::5]:
        l_ms = event.said.ts.l_ms
        if l_ms and not any(e.said.pt_ms == l_ms for e in past(cluster, event, found)):
            return f"{event.said}: no clock had shown {l_ms} ms before"
    return None


def counted_by_events(cluster: Cluster) -> str | None:
    """C is not more than the events of this l that happened before."""
    found = events(cluster)
    for event in found[::5]:
        ts = event.said.ts
        same = [e for e in past(cluster, event, found) if e.said.ts.l_ms == ts.l_ms]
        if ts.c >= len(same) + (ts.l_ms == 0):  # the first of all has c = 1 at l = 0
            return f"{event.said}: {len(same) - 1} events before have its l"
    return None


PROMISES = (
    order_of_causes,
    never_behind,
    within_epsilon,
    shown_by_some_clock,
    counted_by_events,
)


def clocks(seed: int) -> tuple[Fault, ...]:
    """Each clock is ahead by at most ε, and slow ones get no further behind."""
    draw = random.Random(f"clocks {seed}")
    skews = [ClockSkew(f"s{i}", draw.randint(0, EPSILON_MS - 10)) for i in range(1, 5)]
    return (*skews, ClockDrift("s1", draw.randint(0, 400)))


def links(seed: int) -> tuple[Fault, ...]:
    """What else is admitted."""
    return (
        Loss(0.2, until_ms=200),
        Duplication(0.3, at_ms=50),
        Reordering(0.3, within_ms=80),
        Pause(f"s{seed % 4 + 1}", at_ms=100, until_ms=180),
        Crash(f"s{seed % 3 + 1}", at_ms=250),
    )


# ------------------------------------------------------------------ one rule, one test
def process(l_ms: int = 0, c: int = 0) -> HybridClock:
    """A process that knows of this time."""
    found = HybridClock("q", ("p", "q"))
    found.clock = Stamp(l_ms, c)
    return found


def stamped(effects: list) -> Stamp:
    """The stamp that a step gave."""
    return next(e.value.ts for e in effects if isinstance(e, Output))


def test_an_event_takes_the_time_of_day_if_that_has_moved_on():
    """Fig. 5, send or local event: and counts from 0."""
    q = process(10, 4)
    assert stamped(q.step(Call("act", ("cook",)), now_ms=11.9)) == Stamp(11, 0)


@pytest.mark.parametrize("now_ms", [10, 10.7, 3])
def test_an_event_counts_on_if_the_time_of_day_has_not(now_ms):
    """Fig. 5, send or local event."""
    q = process(10, 4)
    call = Call("tell", ("news", ("p",)))
    assert stamped(q.step(call, now_ms=now_ms)) == Stamp(10, 5)


@pytest.mark.parametrize(
    ("own", "carried", "now_ms", "then"),
    [
        ((10, 4), (10, 7), 9, (10, 8)),  # both know the same time
        ((10, 4), (8, 7), 9, (10, 5)),  # its own is later
        ((10, 4), (12, 7), 9, (12, 8)),  # the message's is later
        ((10, 4), (12, 7), 13, (13, 0)),  # its clock has moved on beyond both
    ],
)
def test_a_message_is_received_after_both_times_and_not_before_its_own(
    own, carried, now_ms, then
):
    """Fig. 5, receive event: the four cases."""
    q = process(*own)
    effects = q.step(Deliver("p", Told(Stamp(*carried), "news")), now_ms=now_ms)
    assert stamped(effects) == Stamp(*then)


def as_in_the_figure(own: Stamp, carried: Stamp, pt_ms: int) -> Stamp:
    """The cases of the receive event one by one: a slow twin."""
    l_ms = max(own.l_ms, carried.l_ms, pt_ms)
    if l_ms == own.l_ms == carried.l_ms:
        return Stamp(l_ms, max(own.c, carried.c) + 1)
    if l_ms == own.l_ms:
        return Stamp(l_ms, own.c + 1)
    if l_ms == carried.l_ms:
        return Stamp(l_ms, carried.c + 1)
    return Stamp(l_ms, 0)


STAMPS = st.builds(Stamp, st.integers(0, 4), st.integers(0, 4))


@given(STAMPS, STAMPS, st.integers(0, 5))
def test_one_rule_for_messages_comes_to_the_four_cases(own, carried, pt_ms):
    """Fig. 5, receive event."""
    q = process(*own)
    effects = q.step(Deliver("p", Told(carried, "news")), now_ms=pt_ms)
    assert stamped(effects) == as_in_the_figure(own, carried, pt_ms)


# ------------------------------------------------------------------------- many seeds
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(10))
def test_all_promises_hold_with_clocks_that_differ_by_epsilon(seed, shape):
    """Fig. 5, send or local event; Fig. 5, receive event."""
    faults = (*clocks(seed), *links(seed))
    assert HybridClock.assumes.admits(faults, 4)
    cluster = run(HybridClock, seed, shape=shape, faults=faults)
    assert broken(cluster, *PROMISES) == {}


def test_many_events_at_once_do_not_carry_the_clock_away():
    """Fig. 5, send or local event: without c they do, by a millisecond each."""
    last = {}
    for kind in (HybridClock, mutants.CountsInMilliseconds):
        q = kind("q", ("p", "q"))
        for _ in range(1000):
            last[kind] = stamped(q.step(Call("act", ("cook",)), now_ms=5))
    assert list(last.values()) == [Stamp(5, 999), Stamp(1004, 0)]


# --------------------------------------------------------- what is taken for granted
def test_a_clock_that_jumps_takes_all_others_with_it():
    """Fig. 5, receive event: the order is right all the same."""

    def with_jump(seed: int) -> Cluster:
        return run(HybridClock, seed, faults=(ClockJump("s1", 500, at_ms=50),))

    assert not HybridClock.assumes.admits((ClockJump("s1", 500, at_ms=50),), 4)
    seed = first_harm(within_epsilon, with_jump)
    assert order_of_causes(with_jump(seed)) is None


def test_who_comes_back_from_a_crash_has_forgotten_how_late_it_was():
    """Fig. 5, receive event: its clock may be behind what it had heard of."""

    def with_crash(seed: int) -> Cluster:
        faults = (*clocks(seed), Crash("s1", at_ms=100), Recover("s1", at_ms=101))
        assert not HybridClock.assumes.admits(faults, 4)
        return run(HybridClock, seed, faults=faults)

    assert first_harm(order_of_causes, with_crash) < 20


# ---------------------------------------------------------------------------- mutants
TABLE = [
    (mutants.NeverLooksAtTheClock, "symmetric", 0, never_behind),
    (mutants.GoesByTheClockAlone, "symmetric", 0, order_of_causes),
    (mutants.CountsInMilliseconds, "symmetric", 0, shown_by_some_clock),
    (mutants.NeverCounts, "symmetric", 0, order_of_causes),
    (mutants.CountsOnForEver, "symmetric", 0, counted_by_events),
    (mutants.DoesNotLookAtStamps, "symmetric", 0, order_of_causes),
    (mutants.TakesTheStampOver, "symmetric", 0, order_of_causes),
    (mutants.LooksAtLAlone, "symmetric", 1, order_of_causes),
]


@each_mutant(TABLE)
def test_each_rule_is_needed(mutant, shape, seed, promise):
    """Fig. 5, send or local event; Fig. 5, receive event."""

    def shaped(kind: type, seed: int) -> Cluster:
        return run(kind, seed, shape=shape, faults=clocks(seed))

    kill(mutant, seed, promise, PROMISES, shaped, HybridClock)


def test_every_mutant_is_in_the_table():
    assert {row[0] for row in TABLE} == mutants_in(mutants)
