"""How stale are quorum reads, and how long do they take? The WARS model, in arrays.

    trials = Wars(w, a, r, s).trials(generator, n=3, count=16_000)
    trials.read_ms[r - 1], trials.fresh_after_ms(r, w)       # one number for each trial

Source
    Bailis, Venkataraman, Franklin, Hellerstein and Stoica, "Probabilistically Bounded
    Staleness for Practical Partial Quorums", PVLDB 5(8), 2012.
Guarantees
    The distribution of operation latencies and of staleness: by drawing. k-staleness:
    exactly. With r + w > n no trial is stale, whatever is lost.
Assumes
    Each message takes its time independently of all others. One write, one read that
    begins after it has returned; no read repair, no retransmission.
Costs
    4n random numbers a trial; sorting them is cheap beside drawing them.
Departs
    Messages may be lost, which is to take for ever, and replicas may have failed.
    Trials of which the write or the read never ends say nothing about staleness.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, product
from math import ceil, comb, inf, nan
from typing import NamedTuple

import numpy
from numpy.random import Generator
from numpy.typing import NDArray

from distlab.errors import Misuse
from distlab.value import Value

Times = NDArray[numpy.float64]  # milliseconds, infinite for what never happens


# ----------------------------------------------------------- how long one message takes
class Exponential(Value):
    """Waiting for what comes at random: `mean_ms` on average."""

    mean_ms: float

    def shaped(self, waiting: Times) -> Times:
        """Delays out of standard exponential ones."""
        return waiting * self.mean_ms


class Pareto(Value):
    """A heavy tail: P(delay > x) = (least_ms / x)^shape."""

    least_ms: float
    shape: float

    def shaped(self, waiting: Times) -> Times:
        """Delays out of standard exponential ones."""
        return numpy.exp(waiting / self.shape) * self.least_ms


class Mixture(Value):
    """Now from one distribution, now from another: pairs of a share and which."""

    parts: tuple[tuple[float, Exponential | Pareto], ...]


Delay = Exponential | Pareto | Mixture


def drawn(delay: Delay, generator: Generator, shape: tuple[int, ...]) -> Times:
    """Delays in an array of this shape."""
    waiting = generator.standard_exponential(shape)
    if not isinstance(delay, Mixture):
        return delay.shaped(waiting)
    (_, first), *others = delay.parts
    bounds = accumulate(share for share, _ in delay.parts)
    which, times = generator.random(shape), first.shaped(waiting)
    for bound, (_, part) in zip(bounds, others, strict=False):
        times = numpy.where(which < bound, times, part.shaped(waiting))
    return times


# ---------------------------------------------------------------------------- the model
class Wars(Value):
    """How long the four messages take, each from or to each of n replicas.

    `remote_ms` is added, one way, for all replicas but a local one, which is drawn for
    the write and for the read.
    """

    w: Delay
    a: Delay
    r: Delay
    s: Delay
    remote_ms: float = 0.0

    def trials(
        self, generator: Generator, n: int, count: int, loss: float = 0, failed: int = 0
    ) -> Trials:
        """So many writes, each with a read after it; `failed` replicas never answer.

        What is lost is drawn last: with other losses, the times are the same.
        """
        if not (0 <= failed <= n and n > 0 and 0 <= loss <= 1):
            raise Misuse(
                f"n={n}, failed={failed}, loss={loss}: there is at least one replica, "
                f"as many may fail as there are, and a loss is from 0 to 1."
            )
        shape = (n, count)
        times = [drawn(d, generator, shape) for d in (self.w, self.a, self.r, self.s)]
        if self.remote_ms:
            for there, back in (times[:2], times[2:]):
                local = generator.integers(n, size=count)
                further = self.remote_ms * (numpy.arange(n)[:, None] != local)
                there += further
                back += further
        for taken in times:
            taken[n - failed :] = inf
            if loss:
                taken[generator.random(shape) < loss] = inf
        return Trials(*times)


@dataclass(frozen=True)
class Trials:
    """What the four messages took, as arrays `[replica, trial]`, and what follows."""

    w: Times
    a: Times
    r: Times
    s: Times

    @cached_property
    def write_ms(self) -> list[Times]:  # WARS, write
        """`[w - 1]`: when w replicas have acknowledged, and the write returns."""
        return in_order(self.w + self.a)[0]

    @cached_property
    def answers(self) -> tuple[list[Times], list[Times]]:  # WARS, read
        """The replicas in the order of their answers: when each of these comes, and
        how long before the read the write must have begun to be seen there.
        """
        with numpy.errstate(invalid="ignore"):  # one that neither message reaches
            return in_order(self.r + self.s, self.w - self.r)

    @property
    def read_ms(self) -> list[Times]:
        """`[r - 1]`: when r replicas have answered, and the read returns."""
        return self.answers[0]

    def fresh_after_ms(self, r: int, w: int) -> Times:  # WARS, t-visibility
        """How long after the write's return a read must begin to see it.

        Below 0 for one that might have begun earlier; not a number for a trial whose
        write or read never ends.
        """
        write, read = self.write_ms[w - 1], self.read_ms[r - 1]
        seen = self.answers[1][0]
        for another in self.answers[1][1:r]:
            seen = numpy.fmin(seen, another)
        ended = numpy.isfinite(write + read)
        return numpy.where(ended, seen - numpy.where(ended, write, 0), numpy.nan)


def in_order(
    times: Iterable[Times], carried: Iterable[Times] = ()
) -> tuple[list[Times], list[Times]]:
    """The rows, so that each column ascends; what is carried goes with its time.

    There are few replicas: to swap whole rows takes a tenth of sorting each column.
    """
    times, carried = list(times), list(carried)
    for last in range(len(times) - 1, 0, -1):
        for i in range(last):
            one, other = times[i], times[i + 1]
            times[i : i + 2] = numpy.minimum(one, other), numpy.maximum(one, other)
            if carried:
                swap, a, b = other < one, *carried[i : i + 2]
                carried[i : i + 2] = numpy.where(swap, b, a), numpy.where(swap, a, b)
    return times, carried


# ------------------------------------------------------------------------ what it tells
def k_staleness(n: int, r: int, w: int, k: int = 1) -> Fraction:  # Equation 2
    """The probability that a read returns none of the last k versions, exactly.

    Each write went to w replicas of n drawn at random, and the read asks r.
    """
    if not (1 <= r <= n and 1 <= w <= n and k >= 0):
        raise Misuse(f"n={n}, r={r}, w={w}, k={k}: r and w are from 1 to n, k from 0.")
    return Fraction(comb(n - w, r), comb(n, r)) ** k


class Cell(NamedTuple):
    """What is known of one (r, w): shares from 0 to 1, latencies in milliseconds."""

    stale: float  # of the reads that end after a write that did; nan where none does
    reads_end: float  # share of all
    writes_end: float
    read_ms: tuple[float, ...]  # for each percent that was asked for; infinite if
    write_ms: tuple[float, ...]  # more operations than that never end

    @property
    def never(self) -> str:
        """What cannot be answered here, in words; empty if something can."""
        shares = {"read": self.reads_end, "write": self.writes_end}
        ends_not = [kind for kind, share in shares.items() if not share]
        return f"no {' and no '.join(ends_not)} ever ends" if ends_not else ""


def staleness_map(
    model: Wars,
    generator: Generator,
    n: int = 3,
    *,
    t_ms: float = 0,
    loss: float = 0,
    failed: int = 0,
    percents: Sequence[float] = (50, 99.9),
    count: int = 4000,
) -> dict[tuple[int, int], Cell]:
    """A cell for each (r, w): how stale a read is that begins t after the write ended.

    All cells are about the same trials.
    """
    trials = model.trials(generator, n, count, loss, failed)
    read, write = (
        [
            (float(numpy.isfinite(row).mean()), percentiles(row, percents))
            for row in rows
        ]
        for rows in (trials.read_ms, trials.write_ms)
    )
    cells = {}
    for r, w in product(range(1, n + 1), repeat=2):
        fresh_after_ms = trials.fresh_after_ms(r, w)
        ended = count - int(numpy.isnan(fresh_after_ms).sum())
        stale = int((fresh_after_ms > t_ms).sum()) / ended if ended else nan
        (reads_end, read_ms), (writes_end, write_ms) = read[r - 1], write[w - 1]
        cells[r, w] = Cell(stale, reads_end, writes_end, read_ms, write_ms)
    return cells


def percentiles(times: Times, percents: Sequence[float]) -> tuple[float, ...]:
    """The least of these times that so many percent of them do not exceed."""
    ranks = [max(0, ceil(len(times) * percent / 100) - 1) for percent in percents]
    return tuple(numpy.partition(times, ranks)[ranks].tolist())
