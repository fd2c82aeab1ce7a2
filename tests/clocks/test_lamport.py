"""Lamport's logical clocks: the Clock Condition, and the order of everything."""

from __future__ import annotations

import lamport_mutants as mutants
import pytest
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import Drawing
from stamped_runs import SHAPES, events, pairs, run

from distlab.clocks.lamport import Happened, LamportClock, Stamp, Told
from distlab.faults import Byzantine, Crash, Recover
from distlab.node import Call, Deliver, End, Output, Send
from distlab.sim import Cluster


# --------------------------------------------------------------------------- promises
def clock_condition(cluster: Cluster) -> str | None:
    """If a → b, then C(a) < C(b)."""
    for a, b, before in pairs(cluster):
        if before and not a.said.ts.clock < b.said.ts.clock:
            return f"{a.said} happened before {b.said}"
    return None


def total_order(cluster: Cluster) -> str | None:
    """Of any two events one is first: no stamp is given twice."""
    stamps = [event.said.ts for event in events(cluster)]
    twice = len(stamps) - len(dict.fromkeys(stamps))
    return f"{twice} stamps were given twice" if twice else None


PROMISES = (clock_condition, total_order)


# ------------------------------------------------------------------ one rule, one test
def test_the_clock_moves_on_between_any_two_events():
    """IR1."""
    p = LamportClock("p", ("p", "q"))
    assert p.step(Call("act", ("cook",))) == [
        Output(Happened("cook", Stamp(1, "p"))),
        End(Call("act", ("cook",)), "ok", Stamp(1, "p")),
    ]
    p.step(Call("act", ("eat",)))
    assert p.clock == 2


def test_a_message_carries_the_time_of_its_sending():
    """IR2 (a): all that are sent at once, the same."""
    p = LamportClock("p", ("p", "q", "r"))
    effects = p.step(Call("tell", ("news", ("q", "r"))))
    news = Told(Stamp(1, "p"), "news")
    assert [e for e in effects if isinstance(e, Send)] == [
        Send("q", news),
        Send("r", news),
    ]


@pytest.mark.parametrize(("own", "carried", "then"), [(0, 7, 8), (9, 7, 10), (7, 7, 8)])
def test_a_message_pushes_the_clock_beyond_its_time_and_never_back(own, carried, then):
    """IR2 (b)."""
    q = LamportClock("q", ("p", "q"))
    q.clock = own
    effects = q.step(Deliver("p", Told(Stamp(carried, "p"), "news")))
    assert effects == [Output(Happened("hears news", Stamp(then, "q")))]


def test_stamps_of_one_time_are_ordered_by_their_processes():
    """⇒."""
    assert Stamp(1, "q") < Stamp(2, "p")
    assert Stamp(2, "p") < Stamp(2, "q")


# ------------------------------------------------------------------------- many seeds
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(10))
def test_the_clock_condition_holds_whatever_links_do(seed, shape):
    """IR1; IR2 (a); IR2 (b); ⇒."""
    drawn = Drawing(seed, ("s1", "s2", "s3", "s4")).schedule(LamportClock.assumes)
    cluster = run(LamportClock, seed, shape=shape, faults=drawn)
    assert broken(cluster, *PROMISES) == {}


def test_a_smaller_time_does_not_mean_that_it_happened_before():
    """IR1: or whatever is apart would have to be at the same time."""
    found = pairs(run(LamportClock, 1))
    assert any(a.said.ts < b.said.ts and not before for a, b, before in found)


# --------------------------------------------------------- what is taken for granted
def test_who_comes_back_from_a_crash_has_forgotten_its_clock():
    """IR1: without its clock a process takes what comes for earlier than what was."""

    def with_crash(seed: int) -> Cluster:
        faults = (Crash("s1", at_ms=100), Recover("s1", at_ms=101))
        assert not LamportClock.assumes.admits(faults, 4)
        return run(LamportClock, seed, faults=faults)

    assert first_harm(clock_condition, with_crash) < 5


def test_who_lies_about_the_time_spoils_it_for_those_that_listen():
    """IR2 (a)."""

    def with_liar(seed: int) -> Cluster:
        faults = (Byzantine("s1", mutants.SendsTheTimeBefore, at_ms=1),)
        return run(LamportClock, seed, shape="lopsided", faults=faults)

    assert first_harm(clock_condition, with_liar) < 5


# ---------------------------------------------------------------------------- mutants
TABLE = [
    (mutants.NeverTicks, "symmetric", 0, clock_condition),
    (mutants.TicksForMessagesOnly, "symmetric", 0, clock_condition),
    (mutants.SendsTheTimeBefore, "lopsided", 0, clock_condition),
    (mutants.DoesNotLookAtStamps, "lopsided", 0, clock_condition),
    (mutants.SetsItsClockBack, "symmetric", 0, clock_condition),
    (mutants.StopsAtTheStamp, "lopsided", 0, clock_condition),
    (mutants.LeavesTiesOpen, "symmetric", 0, total_order),
]


@each_mutant(TABLE)
def test_each_rule_is_needed(mutant, shape, seed, promise):
    """IR1; IR2 (a); IR2 (b); ⇒."""

    def shaped(kind: type, seed: int) -> Cluster:
        return run(kind, seed, shape=shape)

    kill(mutant, seed, promise, PROMISES, shaped, LamportClock)


def test_every_mutant_is_in_the_table():
    assert {row[0] for row in TABLE} == mutants_in(mutants)
