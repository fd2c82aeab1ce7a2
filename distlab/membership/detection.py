"""How soon is a crash noticed, and how often is it none? Heartbeats as arrays.

    heard = heartbeats(generator, 100_000, 100, partial(drawn, YAMMER), loss=0.01)
    heard.with_timeout(250)                          # an `Accuracy`
    heard.with_phi(8, window=1000, least_std_ms=5)   # of the same heartbeats

Source
    Chen, Toueg and Aguilera, "On the Quality of Service of Failure Detectors", IEEE
    Transactions on Computers 51(5), 2002, section 2: the measures; Hayashibara et al.,
    "The φ Accrual Failure Detector", SRDS 2004: the window.
Guarantees
    Of the heartbeats that were drawn, the mean over all moments at which the sender may
    crash: exactly. Of all others, as far as these are like them.
Assumes
    Each heartbeat takes its time, and is lost, independently of all others. One watches
    one. In each period the sender may begin one pause, which delays what was due. With
    delays of infinite variance the mean time to notice a crash is infinite: of very
    many heartbeats one that was sent long before it is still to come.
Costs
    Up to four random numbers for each heartbeat, and a sort of what is nearly in order.
Departs
    A crash comes at any moment, and what is suspected by then is noticed at once. Where
    heartbeats overtake each other, φ knows a few gaps of those sent after the crash.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy
from numpy.random import Generator
from numpy.typing import NDArray

from distlab.errors import Misuse
from distlab.membership.phi_accrual import Normal

Times = NDArray[numpy.float64]  # milliseconds, infinite for what never happens
Delays = Callable[[Generator, tuple[int, ...]], Times]  # an array of this shape
HOUR_MS = 3_600_000


class Accuracy(NamedTuple):
    """What a detector is worth: milliseconds, errors an hour, a share of the time."""

    noticed_ms: float  # from a crash to its suspicion for good: T_D
    errors_per_hour: float  # how often one that lives is suspected: λ_M
    wrong: float  # the share of its life for which it is: 1 - P_A
    hours: float  # watched: fewer than one error in so many is not told from none


def heartbeats(
    generator: Generator,
    count: int,
    period_ms: float,
    delays: Delays,
    *,
    loss: float = 0,
    pauses: Delays | None = None,
    pausing: float = 0,
) -> Heard:
    """So many heartbeats, one each period: when they are sent and when they arrive.

    In a period the sender begins a pause with the probability `pausing`, at any moment,
    for as long as `pauses` says. What is lost is drawn last: with other losses, the
    times are the same. Raises `Misuse` for what is no probability or no period.
    """
    if not (count > 1 and period_ms > 0 and 0 <= loss < 1 and 0 <= pausing <= 1):
        raise Misuse(
            f"count={count}, period_ms={period_ms:g}, loss={loss:g}, "
            f"pausing={pausing:g}: give two heartbeats or more, a period above 0, and "
            f"probabilities; if all are lost, there is nothing to see."
        )
    shape = (count,)
    taken = delays(generator, shape)
    between = numpy.full(shape, float(period_ms))
    if pauses:
        over = generator.random(shape) * period_ms + pauses(generator, shape)
        paused = generator.random(shape) < pausing
        between = numpy.where(paused, numpy.maximum(between, over), between)
    sent = numpy.concatenate(([0.0], between.cumsum()[:-1]))
    lost = generator.random(shape) < loss
    return Heard(period_ms, sent, numpy.where(lost, numpy.inf, sent + taken))


@dataclass(frozen=True)
class Heard:
    """When heartbeats were sent, in order, and when each of them arrived."""

    period_ms: float
    sent: Times
    arrived: Times

    @cached_property
    def begins(self) -> Times:
        """When one begins to wait: at the start, and with each arrival."""
        arrived = self.arrived[numpy.isfinite(self.arrived)]
        return numpy.concatenate(([0.0], numpy.sort(arrived, kind="stable")))

    @cached_property
    def gaps(self) -> Times:
        """How long each of these waits is, until the next arrival."""
        return numpy.diff(self.begins)

    @cached_property
    def last(self) -> NDArray[numpy.int_]:
        """Which wait has no end, if the sender crashes before the next heartbeat."""
        arrived = numpy.where(numpy.isfinite(self.arrived), self.arrived, 0)
        latest = numpy.maximum.accumulate(arrived)
        return self.begins.searchsorted(latest, "right") - 1

    def with_timeout(self, timeout_ms: float) -> Accuracy:
        """With a timeout that is always the same."""
        return self.accuracy(numpy.full(len(self.begins), float(timeout_ms)))

    def with_phi(
        self, threshold: float, window: int = 1000, least_std_ms: float = 5
    ) -> Accuracy:
        """With the timeout that follows from a threshold for φ."""
        return self.accuracy(self.silences_ms(threshold, window, least_std_ms))

    def accuracy(self, patience_ms: Times) -> Accuracy:
        """With a timeout for each wait.

        Raises `Misuse` where no heartbeat follows another.
        """
        watched_ms = float(self.sent[-1])
        late = (self.gaps - patience_ms[:-1])[self.begins[1:] <= watched_ms]
        if not len(late):
            raise Misuse("of these heartbeats none arrived in time: draw more of them.")
        hours = watched_ms / HOUR_MS
        wrong_ms = float(numpy.maximum(0, late).sum())
        return Accuracy(
            noticed_ms=self.noticed_ms(patience_ms),
            errors_per_hour=int((late > 0).sum()) / hours,  # λ_M
            wrong=wrong_ms / watched_ms,  # P_A
            hours=hours,
        )

    def noticed_ms(self, patience_ms: Times) -> float:  # T_D
        """The mean over all moments of a crash of what is left of the last wait.

        Between one heartbeat and the next this falls with the time, down to 0 for one
        that is suspected already: its integral is half a difference of squares.
        """
        over = (self.begins + patience_ms)[self.last[:-1]]
        from_begin, from_end = (
            numpy.square(numpy.maximum(0, over - at)).sum()
            for at in (self.sent[:-1], self.sent[1:])
        )
        return float(from_begin - from_end) / 2 / float(self.sent[-1])

    def silences_ms(self, threshold: float, window: int, least_std_ms: float) -> Times:
        """For each wait the silence for which φ reaches the threshold."""
        if window < 1:
            raise Misuse(f"window={window}: keep one gap or more.")
        guess = self.period_ms * numpy.array([0.75, 1.25])
        gaps = numpy.concatenate((guess, self.gaps)) - self.period_ms  # small: exact
        end = numpy.arange(2, len(gaps) + 1)
        begin = numpy.maximum(0, end - window)
        mean, square = (
            (sums[end] - sums[begin]) / (end - begin)
            for sums in (
                numpy.concatenate(([0.0], (gaps**power).cumsum())) for power in (1, 2)
            )
        )
        std = numpy.sqrt(numpy.maximum(least_std_ms**2, square - mean**2))
        return self.period_ms + mean + std * Normal(0, 1).silence_ms(threshold)
