"""Times for a way that has only an order: so that the simulator can go it too.

A message may take any time, and a timer any in its range; what happens later has a
later time. Each of these bounds the difference between two times. The earliest times
that keep all bounds are longest ways in the graph of the bounds, if there are any: some
timer may have to wait longer than it can.

Source
    Cormen, Leiserson, Rivest and Stein, "Introduction to Algorithms", 3rd edition,
    2009, section 24.4: systems of difference constraints, by Bellman and Ford.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from distlab import faults
from distlab.node import Call, Crash, NodeId, Recover
from distlab.recording import Called, Chose, Ran, Recording, Took

if TYPE_CHECKING:
    from distlab.check.retelling import Retelling

GAPS_US = (1000, 10)  # from one moment to the next; the second leaves timers more room
AFTERWARDS_US = 1_000_000  # when the way is over: what is still under way arrives then
Bound = tuple[int, int, int]  # from a moment to another it takes at least so long


@dataclass
class Flight:
    """A message: the moment in which it was sent, and those in which it arrived."""

    src: NodeId
    dst: NodeId
    sent: int
    arrived: list[int] = field(default_factory=list)
    lost: bool = False


@dataclass
class Alarm:
    """A timer: the moment in which it was set, and that in which it ended."""

    node: NodeId
    set: int
    low_us: int
    high_us: int
    ended: int | None = None
    ran_out: bool = False


def recording(told: Retelling) -> Recording | None:
    """What lets a simulator go this way; None where no times fit.

    There are none if a word to oneself has not arrived at once, or if a disk lied.
    """
    lies = any(isinstance(a.event, Crash) and a.event.saved for a in told.actions)
    waits = any(is_loop(f) and not f.arrived for f in told.flights)
    for gap_us in () if lies or waits else GAPS_US:
        if (
            times := earliest(list(bounds(told, gap_us)), len(told.actions))
        ) is not None:
            return as_recorded(told, times)
    return None


def bounds(told: Retelling, gap_us: int) -> Iterator[Bound]:
    """What the moments of a way have to keep, the first of them being the start."""
    to_itself = {f.arrived[0]: f.sent for f in told.flights if is_loop(f) and f.arrived}
    last, latest = 0, dict.fromkeys(told.nodes, 0)
    for moment, action in enumerate(told.actions):
        if moment in to_itself:  # arrives at once
            yield latest[action.node], moment, 0
            yield to_itself[moment], moment, 0
            yield moment, to_itself[moment], 0
        elif moment:
            yield last, moment, gap_us
            last = moment
        latest[action.node] = moment
    for alarm in told.alarms:
        ended = last if alarm.ended is None else alarm.ended
        yield ended, alarm.set, -alarm.high_us + (0 if alarm.ran_out else 1)
        if alarm.ran_out:
            yield alarm.set, ended, alarm.low_us


def is_loop(flight: Flight) -> bool:
    """Whether a node sends this to itself."""
    return flight.src == flight.dst


def earliest(bounds: list[Bound], moments: int) -> list[int] | None:
    """The earliest time of each moment, in microseconds; None where none fit."""
    times = [0] * moments
    for _ in range(moments + 1):
        settled = True
        for before, after, least_us in bounds:
            if times[after] < times[before] + least_us:
                times[after] = times[before] + least_us
                settled = False
        if settled:
            return times
    return None


def as_recorded(told: Retelling, times: list[int]) -> Recording:
    """The way, with these times."""
    called, chose = [], []
    failed: list[faults.Fault] = []
    counts: dict[NodeId, int] = defaultdict(int)
    for action, at_us in zip(told.actions, times, strict=True):
        node, event, at_ms = action.node, action.event, at_us / 1000
        if isinstance(event, Call):
            called.append(Called(at_ms, node, event))
        elif isinstance(event, Crash):
            failed.append(faults.Crash(node, at_ms))
        elif isinstance(event, Recover):
            failed.append(faults.Recover(node, at_ms))
        for answer in action.choices:
            counts[node] += 1
            chose.append(Chose(node, counts[node], answer))
    return Recording(
        calls=tuple(called),
        faults=tuple(failed),
        messages=tuple(taken(told.flights, times)),
        timers=tuple(ran(told.alarms, times)),
        choices=tuple(chose),
        until_ms=times[-1] / 1000,
    )


def taken(flights: list[Flight], times: list[int]) -> Iterator[Took]:
    """What each message took, counted on its link."""
    counts: dict[tuple[NodeId, NodeId], int] = defaultdict(int)
    for one in flights:
        if is_loop(one):
            continue
        link = one.src, one.dst
        counts[link] += 1
        took = [(times[moment] - times[one.sent]) / 1000 for moment in one.arrived]
        later = (times[-1] - times[one.sent] + AFTERWARDS_US) / 1000
        copies = tuple(took or [later])
        ms = (
            None if one.lost and not took else copies[0] if len(copies) == 1 else copies
        )
        yield Took(*link, counts[link], ms)


def ran(alarms: list[Alarm], times: list[int]) -> Iterator[Ran]:
    """How long each timer with a range ran; the longest time, if it never ran out."""
    counts: dict[NodeId, int] = defaultdict(int)
    for alarm in alarms:
        if alarm.low_us == alarm.high_us:
            continue
        counts[alarm.node] += 1
        ms = alarm.high_us / 1000
        if alarm.ran_out and alarm.ended is not None:
            ms = (times[alarm.ended] - times[alarm.set]) / 1000
        yield Ran(alarm.node, counts[alarm.node], ms)
