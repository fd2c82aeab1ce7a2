"""Cristian's reading of a remote clock: ask until an answer comes back soon enough.

Source
    Cristian, "Probabilistic Clock Synchronization", Distributed Computing 3, 1989,
    sections 3 and 4.
Guarantees
    At the end of a reading the server's clock is within the error that is told, and the
    error is no larger than asked for. Whether a reading comes about is left to chance.
Assumes
    A message takes `least_ms` at least, either way, and for ever at most. Both clocks
    drift by `drift_ppm` at most, and nobody sets them meanwhile. The server is honest.
Costs
    Two messages an attempt. If an attempt is too slow with probability p, one of k
    succeeds with 1 - p^k, and 1 / (1 - p) are needed on average.
Departs
    What is of the second order in the drift is left out, as in the paper. Attempts are
    numbered by when they began, so that a crash cannot mix them up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from distlab.errors import Misuse
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


class WhatTime(Message):
    """What does your clock show? Mine showed this when I asked."""

    asked_ms: float


class TimeIs(Message):
    """The server's clock showed this when it answered."""

    asked_ms: float
    server_ms: float


class Again(Timer):
    """Time for another attempt."""


class Reading(Value):
    """What the server's clock shows now, give or take an error."""

    time_ms: float
    error_ms: float

    def __repr__(self) -> str:
        return f"{self.time_ms:.3f} ± {self.error_ms:.3f} ms"


def reading(
    server_ms: float, round_trip_ms: float, least_ms: float = 0, drift_ppm: float = 0
) -> Reading:  # §3, estimate
    """The middle of what is possible when the answer has come."""
    drift, half_ms = drift_ppm / MILLION, round_trip_ms / 2
    if half_ms < least_ms * (1 - drift):
        raise Misuse(
            f"a round trip of {round_trip_ms:g} ms, where each way takes at least "
            f"{least_ms:g} ms: give a smaller `least_ms`."
        )
    most_ms = half_ms * (1 + 2 * drift)
    time_ms = server_ms + most_ms - least_ms * drift
    return Reading(time_ms, max(0.0, most_ms - least_ms))  # §3, error


class Reader(Node):
    """`read_clock()` ends with a `Reading`, or fails after `attempts`."""

    servers: tuple[NodeId, ...] = setting(())
    least_ms: float = setting(1)  # no message is faster
    drift_ppm: float = setting(200)
    wanted_ms: float = setting(2)  # the largest error that is good enough
    attempts: int = setting(10)
    wait_ms: float = setting(50)  # paper: W; longer than most round trips

    left: int = volatile(0)  # attempts that the reading may still make
    asked_ms: float | None = volatile(None)  # when this attempt began, by its own clock

    def read_clock(self):
        if self.attempts < 1:
            raise Misuse(f"attempts={self.attempts}: let {self.id!r} make 1 or more.")
        self.left = self.attempts
        self.try_once()

    def try_once(self):  # §4, attempt
        self.left -= 1
        self.asked_ms = self.now_ms
        self.send(self.servers[0], WhatTime(self.asked_ms))
        self.set_timer(Again(), self.wait_ms)

    def on_time_is(self, src: NodeId, msg: TimeIs):
        if msg.asked_ms != self.asked_ms:
            return self.ignore("answers an earlier attempt")
        self.asked_ms = None
        round_trip_ms = self.now_ms - msg.asked_ms
        found = reading(msg.server_ms, round_trip_ms, self.least_ms, self.drift_ppm)
        if found.error_ms > self.wanted_ms:
            return self.ignore("took too long to tell enough")  # §4, too slow
        self.cancel_timer(Again())
        self.ok(found)  # §4, rapport

    def on_again(self, timer: Again):
        if self.left:
            return self.try_once()
        self.asked_ms = None
        self.fail("no rapport")  # §4, failure

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a reader does when a run says nothing else."""
        for _ in range(10):
            yield Call("read_clock")


class TimeServer(Node):
    """Tells what its clock shows."""

    assumes = Assumes(disk="loses writes", clock="bounded drift")
    client = Reader

    def on_what_time(self, src: NodeId, msg: WhatTime):
        self.send(src, TimeIs(msg.asked_ms, self.now_ms))


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (TimeServer, 1), "clients": (Reader, 1)}
