"""What the exercises of lesson 7 judge by."""

from itertools import product

import pytest
from answers import clocks as answers
from sheets_that_run import marks_of

from distlab.clocks.mutex import LamportMutex
from distlab.clocks.snapshot import ChandyLamport
from distlab.clocks.vector import VectorClock
from distlab.faults import ClockSkew
from distlab.grade.checks.clocks import mutex, snapshot, stamps
from distlab.grade.checks.clocks.adversary import (
    LOST,
    MONEY,
    WANTED,
    last_write_wins,
    lost,
    naive_snapshot,
    written,
)
from distlab.grade.checks.clocks.diagram import CUTS, DIAGRAM, causes, cut, stamp, way
from distlab.grade.checks.clocks.waits import (
    LATE_MS,
    OFF_PPM,
    Waits,
    outside,
    unsafe,
    without_holder_ms,
)
from distlab.grade.exercise import Case
from distlab.node import Call

SLACK_MS = 2  # a few messages of 0.1 ms, and how often the other one asks
COUNTS = list(product(range(5), repeat=3))  # of P, Q and R


def test_who_asks_the_library_is_told_so(tmp_path):
    found = marks_of([answers.ASKS_THE_LIBRARY], tmp_path)
    told = {marked.exercise.number: marked.findings[0].came for marked in found}
    for number, ours in (("7.1", "happen"), ("7.3", "may_enter"), ("7.5", "on_marker")):
        assert told[number].startswith(f"it asks for our `{ours}`"), told[number]


# -------------------------------------------------------------------- 7.1, 7.3 and 7.5
@pytest.mark.parametrize(
    ("exercise", "protocol"),
    [(stamps, VectorClock), (mutex, LamportMutex), (snapshot, ChandyLamport)],
)
def test_the_protocols_of_the_library_keep_what_is_claimed(exercise, protocol):
    drawn = [claim for claim in exercise.claims if claim.scenario]
    for claim, size in product(drawn, range(1, 7)):
        case = Case(100 + size, size)
        assert claim.judge(protocol, claim.scenario(case)).share == 1, claim.text


def test_exercises_7_3_and_7_5_go_through_all_orders():
    """A changed count is a changed exercise."""
    exclusion, all_the_money = mutex.claims[0], snapshot.claims[2]
    case = Case(1, 1)
    assert exclusion.judge(LamportMutex, case).came == "1,924 states"
    assert all_the_money.judge(ChandyLamport, case).came == "1,437 states"


# --------------------------------------------------------------------------------- 7.2
def past(event: str) -> tuple[int, ...]:
    """How many events of each process a way leads from to this one, or are it."""
    before = [e for e in DIAGRAM.events if way(e, event)]
    return tuple(sum(e[0].upper() == p for e in before) for p in DIAGRAM.processes)


def test_ways_causes_and_stamps_say_the_same_of_the_diagram():
    at = DIAGRAM.number
    for event in DIAGRAM.events:
        assert past(event) == stamp(event)
        for other in DIAGRAM.events:
            leads = bool(way(event, other)) and event != other
            assert causes().happened_before(at(event), at(other)) == leads


def is_closed(counts: tuple[int, ...]) -> bool:
    """Whether every message that has arrived was sent."""
    inside = {
        event
        for event in DIAGRAM.events
        if int(event[1]) <= counts[DIAGRAM.processes.index(event[0].upper())]
    }
    return all(begin in inside for begin, end in DIAGRAM.messages if end in inside)


def test_a_cut_is_consistent_if_what_has_arrived_in_it_was_sent_in_it():
    for counts in COUNTS:
        assert causes().is_consistent(cut(counts)) == is_closed(counts), counts
    assert {name for name, counts in CUTS.items() if is_closed(counts)} == set("ADE")


def test_the_stamp_of_an_event_is_the_smallest_consistent_cut_with_it():
    for event in DIAGRAM.events:
        line = DIAGRAM.processes.index(event[0].upper())
        cuts = [c for c in COUNTS if is_closed(c) and c[line] >= int(event[1])]
        assert min(cuts, key=sum) == stamp(event)
        assert all(
            c >= s for one in cuts for c, s in zip(one, stamp(event), strict=True)
        )


# --------------------------------------------------------------------------------- 7.4
def losses(calls, faults) -> int:
    return len(lost(written(last_write_wins(calls, faults).trace)))


def found(calls, faults) -> int:
    """How much money, or 0 if not all have recorded any."""
    outputs = naive_snapshot(calls, faults).trace.where("output")
    parts = {step.node: step.what.total for step in reversed(outputs)}
    return sum(parts.values()) if len(parts) == 3 else 0


def test_of_the_shortest_plans_nothing_can_be_left_out():
    plans = answers.plans()
    calls, faults = plans[LOST]["calls"], plans[LOST]["faults"]
    assert losses(calls, faults) == WANTED
    assert losses(calls, ()) == 0
    for i in range(len(calls)):
        assert losses(calls[:i] + calls[i + 1 :], faults) < WANTED
    calls, faults = plans[MONEY]["calls"], plans[MONEY]["faults"]
    assert found(calls, faults) == 305
    assert found(calls[:1], faults) == 300
    assert found(calls[1:], faults) == 0


def test_what_is_lost_is_read_by_nobody():
    plan = answers.plans()[LOST]
    reads = [(at_ms, "c3", Call("read", ("x",))) for at_ms in range(6, 100, 6)]
    cluster = last_write_wins((*plan["calls"], *reads), plan["faults"])
    values = {v.value for op in cluster.history.where("read") for v in op.result}
    assert values == {0}
    later = last_write_wins((*plan["calls"], *reads), (ClockSkew("c1", 0),))
    values = {v.value for op in later.history.where("read") for v in op.result}
    assert values == {0, 1, 2, 3}


def test_where_all_links_are_alike_two_calls_find_no_money_that_is_not_there():
    ends = [(src, dst) for src, dst in product(("s1", "s2", "s3"), repeat=2)]
    for src, dst in [pair for pair in ends if pair[0] != pair[1]]:
        for at_ms in range(10):
            calls = (
                (5, "s1", Call("snapshot")),
                (at_ms, src, Call("transfer", (dst, 5))),
            )
            assert found(calls, ()) <= 300, calls


# --------------------------------------------------------------------------------- 7.6
def test_the_true_time_is_inside_from_seven_milliseconds_on():
    assert outside(7) is None
    at_ms, _ = outside(6.99)
    assert at_ms == 29_999


def by_arithmetic(given: Waits) -> float:
    """How long after the server's term a slow holder's effect may come."""
    off = OFF_PPM / 1_000_000
    lasts_ms = given.term_ms * (1 - given.drift) - given.act_ms
    return lasts_ms / (1 - off) + LATE_MS - given.term_ms / (1 + off)


@pytest.mark.parametrize("act_ms", [74, 80])
@pytest.mark.parametrize("drift", [0.02, 0.03, 0.04])
def test_a_lease_is_safe_where_arithmetic_says_so(drift, act_ms):
    late_ms = by_arithmetic(given := Waits(7, 325, drift, act_ms))
    if late_ms <= 0:
        assert unsafe(given) is None
    elif late_ms > SLACK_MS:
        assert unsafe(given) is not None


def test_who_crashes_is_missed_for_a_term_of_a_slow_server():
    missed_ms = without_holder_ms(Waits(7, 325, 0.04, 80))
    assert 0 < missed_ms - 325 / (1 - OFF_PPM / 1_000_000) < SLACK_MS
