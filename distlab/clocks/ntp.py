"""NTP: a client asks several servers for the time, and brings its clock to theirs.

Source
    Mills, Martin, Burbank and Kasch, "Network Time Protocol Version 4: Protocol and
    Algorithms Specification", RFC 5905, 2010, sections 8, 10, 11.2.1 and 12.
Guarantees
    As long as a majority of the servers is right, the true time is within the error
    that a client tells, at every moment. Unless it steps or crashes, its clock never
    goes back.
Assumes
    A right server is off by no more than the error that it tells. The client's own
    clock drifts by `drift_ppm` at most, and nobody else sets it while it runs.
Costs
    Two messages for each server and poll. The error is half the round trip of the best
    of eight samples, and what the client's clock may have drifted since.
Departs
    The servers are intersected as in `marzullo`, for a fixed number of wrong ones:
    `survivors`, the RFC's selection, tells more than it knows when a server lies a
    little. Survivors are not clustered or weighted by jitter, polls come evenly, and
    the rate of the clock is left alone: only its offset is corrected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import NamedTuple

from distlab.clocks.cristian import Reading
from distlab.clocks.marzullo import ANY_TIME, Interval, tolerating
from distlab.node import (
    Assumes,
    Call,
    Message,
    Node,
    NodeId,
    Timer,
    Value,
    setting,
    volatile,
)

MILLION = 1_000_000
STAGES = 8  # of the clock filter: the RFC's NSTAGE


class Request(Message):
    """What time is it? `origin_ms` is when I asked, by my clock: T1."""

    origin_ms: float


class Response(Message):
    """When I heard it, and when I answered, by my clock: T2 and T3."""

    origin_ms: float
    receive_ms: float
    transmit_ms: float
    error_ms: float  # how far at most this clock is off


class Poll(Timer):
    """Time to ask again."""


class Sample(Value):
    """What one exchange tells: the truth is `offset_ms` away, give or take."""

    offset_ms: float  # of the server's clock from the client's: θ
    delay_ms: float  # there and back: δ
    error_ms: float  # of the server
    at_ms: float  # when it was taken, by the client's own clock

    def interval(self, now_ms: float, drift_ppm: float) -> Interval:
        """Where the truth is, as far away as it may have drifted since."""
        taken_ms = max(0.0, now_ms - self.at_ms) + self.delay_ms
        error_ms = self.delay_ms / 2 + self.error_ms  # §10, error
        error_ms += drift_ppm / MILLION * taken_ms  # §10, drift
        return Interval(self.offset_ms - error_ms, self.offset_ms + error_ms)


def sample(t1: float, t2: float, t3: float, t4: float, error_ms: float = 0) -> Sample:
    """Offset and delay from the four stamps, in milliseconds."""
    offset_ms = ((t2 - t1) + (t3 - t4)) / 2  # §8, offset
    delay_ms = (t4 - t1) - (t3 - t2)  # §8, delay
    return Sample(offset_ms, max(0.0, delay_ms), error_ms, t4)


def best(samples: tuple[Sample, ...]) -> Sample:  # §10, clock filter
    """The sample with the least delay; of equal ones the latest."""
    return min(reversed(samples), key=lambda one: one.delay_ms)


class Selection(NamedTuple):
    """Where enough sources meet, and which of them do."""

    interval: Interval
    truechimers: tuple[NodeId, ...]


def survivors(sources: Mapping[NodeId, Interval]) -> Selection | None:
    """Those that are left when as few as possible are taken for falsetickers.

    None if that would be half of them. What all but a few allow has to have all but as
    few of the middles in it; who does not overlap with it ticks falsely.
    """
    n = len(sources)
    for falsetickers in range((n + 1) // 2):  # §11.2.1, fewer than half
        found = tolerating(sources.values(), falsetickers)
        if found is None:
            continue
        outside = [one.middle_ms not in found for one in sources.values()]
        if sum(outside) <= falsetickers:  # §11.2.1, midpoints
            return Selection(
                found,
                tuple(id for id, one in sources.items() if meet(one, found)),
            )
    return None


def meet(one: Interval, other: Interval) -> bool:
    """Whether they have a moment in common."""
    return one.low_ms <= other.high_ms and other.low_ms <= one.high_ms


class TimeClient(Node):
    """`shows_ms` is its disciplined clock; `read_clock()` ends at the next update."""

    servers: tuple[NodeId, ...] = setting(())
    poll_ms: float = setting(1000)
    drift_ppm: float = setting(200)  # of its own clock; the RFC takes 15
    slew_ppm: float = setting(500)  # how fast an offset is worked off
    step_ms: float = setting(128)  # a larger one is set at once; ntpd's threshold

    asked_ms: dict[NodeId, float] = volatile({})  # T1, of who has not answered yet
    samples: dict[NodeId, tuple[Sample, ...]] = volatile({})
    # The correction was `from_ms` at `since_ms` of its own clock, and goes to `to_ms`
    from_ms: float = volatile(0)
    to_ms: float = volatile(0)
    since_ms: float = volatile(0)

    def on_start(self):
        self.on_poll(Poll())

    def on_recover(self, report):
        self.on_poll(Poll())

    def on_poll(self, timer: Poll):
        for server in self.servers:
            self.asked_ms[server] = self.now_ms
            self.send(server, Request(self.now_ms))
        self.set_timer(timer, self.poll_ms)

    def on_response(self, src: NodeId, msg: Response):
        if self.asked_ms.get(src) != msg.origin_ms:  # §8, bogus
            return self.ignore("answers no request under way")
        del self.asked_ms[src]
        t1, t2, t3 = msg.origin_ms, msg.receive_ms, msg.transmit_ms
        taken = sample(t1, t2, t3, self.now_ms, msg.error_ms)
        if not (isfinite(taken.offset_ms) and taken.error_ms >= 0):
            return self.ignore("allows no time at all")  # and so no other's, either
        self.samples[src] = (*self.samples.get(src, ()), taken)[-STAGES:]
        self.update()

    # --------------------------------------------------------------- what servers allow
    def allowed(self) -> Interval | None:  # §11.2.1, intersection
        """Where the truth is, away from its own clock: a minority may be wrong.

        A server that has not answered yet allows everything.
        """
        said = [self.of_server(server) for server in self.servers]
        return tolerating(said, (len(said) - 1) // 2)

    def of_server(self, server: NodeId) -> Interval:
        """What it allows, by its best sample."""
        if server not in self.samples:
            return ANY_TIME
        return best(self.samples[server]).interval(self.now_ms, self.drift_ppm)

    def update(self):
        allowed = self.allowed()
        if allowed is None:
            return self.note("no majority agrees")
        if allowed.error_ms == ANY_TIME.error_ms:
            return self.note("too few servers have answered")
        self.discipline(allowed.middle_ms)
        if self.operation:
            self.ok(self.reading())

    # -------------------------------------------------------------------- its own clock
    def discipline(self, offset_ms: float):
        """From here on the correction goes there: at once, or little by little."""
        self.from_ms, self.since_ms = self.correction_ms, self.now_ms
        self.to_ms = offset_ms
        if abs(offset_ms - self.from_ms) > self.step_ms:
            self.note("steps")
            self.from_ms = offset_ms  # §12, step

    @property
    def correction_ms(self) -> float:  # §12, slew
        """What is added to its own clock by now."""
        most_ms = self.slew_ppm / MILLION * max(0.0, self.now_ms - self.since_ms)
        return self.from_ms + max(-most_ms, min(most_ms, self.to_ms - self.from_ms))

    @property
    def shows_ms(self) -> float:
        """The time, as well as it knows."""
        return self.now_ms + self.correction_ms

    @property
    def error_ms(self) -> float:
        """How far at most `shows_ms` is off; infinite while no majority agrees."""
        allowed = self.allowed() or ANY_TIME
        shown_ms = self.correction_ms
        return max(shown_ms - allowed.low_ms, allowed.high_ms - shown_ms)

    def reading(self) -> Reading:
        """What it shows, with its error."""
        return Reading(self.shows_ms, self.error_ms)

    def read_clock(self):
        """Ends with the next update: `update` sees to it."""

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client does when a run says nothing else."""
        for _ in range(10):
            yield Call("read_clock")


class TimeServer(Node):
    """Tells what its clock shows, and how far at most it is off."""

    assumes = Assumes(
        failures="byzantine", disk="loses writes", clock="bounded drift", f="minority"
    )
    client = TimeClient

    error_ms: float = setting(0)

    def on_request(self, src: NodeId, msg: Request):
        heard_ms = self.now_ms
        self.send(src, Response(msg.origin_ms, heard_ms, self.now_ms, self.error_ms))
