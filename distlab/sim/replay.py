"""Recording a run, and letting a recording decide in the place of chance.

    run = Cluster(SingleLeader, servers=3, clients=2, seed=83).run(2_000)
    again = run.again(run.recording).run(2_000)

Faults of chance (loss, copies, held back messages, slow links) are recorded by what
they did to each message. What bounds a run (cuts, crashes, clocks, disks) stays a fault
of the schedule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median_low
from typing import TYPE_CHECKING, Any

from distlab.faults import Delay, Duplication, Loss, Reordering, Schedule, SlowLink
from distlab.node import Message, NodeId
from distlab.recording import Called, Chose, Ran, Recording, Synced, Took
from distlab.sim.delays import us
from distlab.sim.streams import Stream

if TYPE_CHECKING:
    from distlab.sim.engine import Engine

OF_CHANCE = (Loss, Duplication, Reordering, Delay, SlowLink)
Link = tuple[NodeId, NodeId]
Recorded = dict[int, Any]  # by its number, from 1: what a draw came to


class Tape:
    """A stream that notes down what is drawn, or plays what was."""

    __slots__ = ("noted", "played", "stream")

    def __init__(self, stream: Stream, played: Recorded | None):
        self.stream, self.played = stream, played
        self.noted: list[Any] = []

    def between(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`; `low` where nothing is recorded."""
        if self.played is None:
            drawn = self.stream.between(low, high)
        else:
            drawn = min(max(low, self.played.get(len(self.noted) + 1, low)), high)
        self.noted.append(drawn)
        return drawn

    def sample(self, k: int, options: Sequence[Any]) -> tuple[Any, ...]:
        """`k` of `options`; the first ones where nothing that fits is recorded."""
        if self.played is None:
            drawn = self.stream.sample(k, options)
        else:
            drawn = self.played.get(len(self.noted) + 1, ())
            fits = len(drawn) == k and set(drawn) <= set(options)
            drawn = drawn if fits else tuple(options[:k])
        self.noted.append(drawn)
        return drawn

    def lengths(self, drawn_us: Iterator[int]) -> Iterator[int]:
        """One length after another, in microseconds; 0 where nothing is recorded."""
        for usual_us in drawn_us:
            number = len(self.noted) + 1
            played = self.played
            self.noted.append(usual_us if played is None else played.get(number, 0))
            yield self.noted[-1]


class Script:
    """A recording, as those who draw want it."""

    def __init__(self, recording: Recording):
        self.usual_us = us(recording.usual_ms)
        self.overtaking = recording.overtaking
        self.messages: dict[Link, Recorded] = defaultdict(dict)
        for took in recording.messages:
            self.messages[took.src, took.dst][took.nth] = outcome(took.ms)
        self.timers = by_node((x.node, x.nth, us(x.ms)) for x in recording.timers)
        self.choices = by_node((x.node, x.nth, x.answer) for x in recording.choices)
        self.syncs = by_node((x.node, x.nth, us(x.ms)) for x in recording.syncs)

    def transit(self, src: NodeId, dst: NodeId) -> Callable[[Message], Any]:
        """What happens to one message of a link after another."""
        recorded, usual_us = self.messages[src, dst], self.usual_us
        numbers = iter(range(1, 2**62))
        return lambda msg: recorded.get(next(numbers), usual_us)


def outcome(ms: float | tuple[float, ...] | None) -> int | str | tuple[int, ...]:
    """As the network tells it: a delay, why it never arrived, a delay for each copy."""
    if ms is None:
        return "lost"
    return tuple(map(us, ms)) if isinstance(ms, tuple) else us(ms)


def by_node(draws: Iterable[tuple[NodeId, int, Any]]) -> dict[NodeId, Recorded]:
    """What was drawn, for each node by number."""
    found: dict[NodeId, Recorded] = defaultdict(dict)
    for node, nth, drawn in draws:
        found[node][nth] = drawn
    return found


# ------------------------------------------------------------------- looking back at it
def recording(engine: Engine, schedule: Schedule) -> Recording:
    """What chance decided in a run so far."""
    messages = tuple(flights(engine.raw, engine.aside))
    delays = [took.ms for took in messages if isinstance(took.ms, float)]
    timers, choices, syncs = [], [], []
    for host in engine.hosts.values():
        timers += [Ran(host.id, n, x / 1000) for n, x in noted(host.timers.tape)]
        choices += [Chose(host.id, n, x) for n, x in noted(host.choices)]
        syncs += [Synced(host.id, n, x / 1000) for n, x in noted(host.syncs)]
    return Recording(
        tuple(calls(engine.raw)),
        tuple(fault for fault in schedule if not isinstance(fault, OF_CHANCE)),
        messages,
        tuple(timers),
        tuple(choices),
        tuple(syncs),
        median_low(delays) if delays else 1,
        any(isinstance(fault, Reordering) for fault in schedule),
        engine.now_us / 1000,
    )


def noted(tape: Tape) -> Iterator[tuple[int, Any]]:
    """What a tape has noted down, numbered."""
    return enumerate(tape.noted, 1)


def calls(raw: list[Any]) -> Iterator[Called]:
    """Who was called when."""
    for record in raw:
        if record[2] is None and record[3] == "call":
            at_us, _, _, _, node, _, call, _, _ = record
            yield Called(at_us / 1000, node, call)


def flights(raw: list[Any], aside: Mapping[int, Any]) -> Iterator[Took]:
    """What each message took, counted on its link in the order of sending."""
    newest, counts = 0, dict[Link, int]()
    for record in raw:
        at_us, tie, door = record[:3]
        if door is None and record[3] == "send":
            src, dst, newest = record[4], record[5], record[8]
            took_us = aside[newest]
        elif door is not None and tie > newest:
            newest = tie
            if door.kind != "deliver":
                continue
            src, dst, took_us = record[3], door.node, at_us - record[5]
        else:
            continue
        nth = counts[src, dst] = counts.get((src, dst), 0) + 1
        if took_us != "cut":  # by a fault of the schedule, which cuts it again
            yield Took(src, dst, nth, in_ms(took_us))


def in_ms(took_us: int | str | tuple[int, ...]) -> float | tuple[float, ...] | None:
    """The other way round than `outcome`."""
    if isinstance(took_us, str):
        return None
    if isinstance(took_us, tuple):
        return tuple(copy_us / 1000 for copy_us in took_us)
    return took_us / 1000
