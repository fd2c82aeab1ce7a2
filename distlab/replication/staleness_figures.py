"""The published figures on staleness, and the same ones estimated beside them.

    found = sweep.trials(partial(measured, FITS["WAN"]), 2_000_000, seed=1, name="WAN")
    compared("WAN", found)             # published, ours, its interval, the difference

Source
    Bailis, Venkataraman, Franklin, Hellerstein and Stoica, "Probabilistically Bounded
    Staleness for Practical Partial Quorums", PVLDB 5(8), 2012: Tables 3 and 4, and the
    shares in the text beside them.
Guarantees
    Counts, which add up to the same whoever adds them in whatever order; so do all
    figures. Each lies within its interval with the confidence that is asked for.
Assumes
    The model of `replication.staleness`, n = 3.
Costs
    140 kB for each latency and each (r, w), however many trials.
Departs
    Times are told to a part in a thousand, half the width of a bin. The t-visibility
    lies above the paper's, which tried t in steps: `stepped_ms` does that again.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import ceil, inf, sqrt
from statistics import NormalDist
from typing import NamedTuple

import numpy
from numpy.random import Generator
from numpy.typing import NDArray

from distlab.errors import Misuse
from distlab.replication.staleness import Exponential, Mixture, Pareto, Times, Wars

SSD = Mixture(((0.9122, Pareto(0.235, 10)), (0.0878, Exponential(1 / 1.66))))
DISK = Mixture(((0.38, Pareto(1.05, 1.51)), (0.62, Exponential(1 / 0.183))))
YAMMER_W = Mixture(((0.939, Pareto(3, 3.35)), (0.061, Exponential(1 / 0.0028))))
YAMMER = Mixture(((0.982, Pareto(1.5, 3.8)), (0.018, Exponential(1 / 0.0217))))

FITS = {  # Table 3
    "LNKD-SSD": Wars(SSD, SSD, SSD, SSD),
    "LNKD-DISK": Wars(DISK, SSD, SSD, SSD),
    "YMMR": Wars(YAMMER_W, YAMMER, YAMMER, YAMMER),
    "WAN": Wars(DISK, SSD, SSD, SSD, remote_ms=75),
}

SHARE = 0.999  # of operations that are no slower, of reads that are not stale
Figures = tuple[float, float, float]  # read latency, write latency, t-visibility
PUBLISHED_MS: dict[
    str, dict[tuple[int, int], Figures]
] = {  # Table 4, by fit and (r, w)
    "LNKD-SSD": {
        (1, 1): (0.66, 0.66, 1.85),
        (1, 2): (0.66, 1.63, 1.79),
        (2, 1): (1.63, 0.65, 0),
        (2, 2): (1.62, 1.64, 0),
        (3, 1): (4.14, 0.65, 0),
        (1, 3): (0.65, 4.09, 0),
    },
    "LNKD-DISK": {
        (1, 1): (0.66, 10.99, 45.5),
        (1, 2): (0.65, 20.97, 43.3),
        (2, 1): (1.63, 10.9, 13.6),
        (2, 2): (1.64, 20.96, 0),
        (3, 1): (4.12, 10.89, 0),
        (1, 3): (0.65, 112.65, 0),
    },
    "YMMR": {
        (1, 1): (5.58, 10.83, 1364),
        (1, 2): (5.61, 427.12, 1352),
        (2, 1): (32.6, 10.73, 202),
        (2, 2): (33.18, 428.11, 0),
        (3, 1): (219.27, 10.79, 0),
        (1, 3): (5.63, 1870.86, 0),
    },
    "WAN": {
        (1, 1): (3.4, 55.12, 113),
        (1, 2): (3.4, 167.64, 0),
        (2, 1): (151.3, 56.36, 30.2),
        (2, 2): (151.31, 167.72, 0),
        (3, 1): (153.86, 55.19, 0),
        (1, 3): (3.44, 241.55, 0),
    },
}
# P(consistent) of a read that begins when the write returns, r = w = 1
PUBLISHED_AT_ONCE = {
    "LNKD-SSD": 0.974,
    "LNKD-DISK": 0.439,
    "YMMR": 0.893,
    "WAN": 0.33,
}


# --------------------------------------------------------------- many times, as counts
SHIFT = 43  # leaves nine bits of a float behind its point: 512 bins for each octave
LEAST, MOST = (int(numpy.float64(2.0**e).view("i8")) >> SHIFT for e in (-10, 24))


class Estimate(NamedTuple):
    """A figure, and the interval in which it lies with the confidence asked for."""

    value: float
    low: float
    high: float


class Tally:
    """How many of many times fall where: a bin for 0 and less, narrow ones above."""

    def __init__(self, counts: NDArray[numpy.int64]):
        self.counts = counts

    @classmethod
    def of(cls, times_ms: Times) -> Tally:
        """These times; what is not a number is left out."""
        known = times_ms[~numpy.isnan(times_ms)]
        return cls(numpy.bincount(bins(known), minlength=MOST - LEAST + 2))

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.counts + other.counts)

    def share(self, ms: float, confidence: float = 0.999) -> Estimate:
        """Which share is not above this, with Wilson's interval."""
        total, z = int(self.counts.sum()), z_score(confidence)
        below = int(self.counts[: bins(numpy.array([float(ms)]))[0] + 1].sum())
        p, more = below / total, z * z / total
        half = z * sqrt(p * (1 - p) / total + more / total / 4)
        low, high = (
            (p + more / 2 - half) / (1 + more),
            (p + more / 2 + half) / (1 + more),
        )
        return Estimate(p, max(0.0, min(low, p)), min(1.0, max(high, p)))

    def quantile(self, share: float, confidence: float = 0.999) -> Estimate:
        """The least time that such a share is not above, between order statistics."""
        total = int(self.counts.sum())
        reach = z_score(confidence) * sqrt(total * share * (1 - share))
        ranks = [ceil(total * share) + side for side in (0, -reach - 1, reach + 1)]
        at = numpy.searchsorted(self.counts.cumsum(), numpy.clip(ranks, 1, total))
        here, low, high = (edges(place) for place in at.tolist())
        return Estimate(sum(here) / 2, low[0], high[1])


def bins(times_ms: Times) -> NDArray[numpy.int64]:
    """Which bin each time is in: the upper bits of a float grow like its logarithm."""
    upper = numpy.clip(times_ms.view(numpy.int64) >> SHIFT, LEAST, MOST)
    return numpy.where(times_ms > 0, upper - LEAST + 1, 0)


def edges(place: int) -> tuple[float, float]:
    """Between which times a bin is; the last one has all that are longer."""
    if place == 0:
        return 0.0, 0.0
    ends = numpy.array([place + LEAST - 1, place + LEAST]) << SHIFT
    begin, end = ends.view(numpy.float64).tolist()
    return (begin, end) if place <= MOST - LEAST else (inf, inf)


def z_score(confidence: float) -> float:
    """How many standard deviations around its middle a normal one is within."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


# ------------------------------------------------------------------ ours beside theirs
class Measured:
    """Tallies of the reads' and writes' latencies, and of when reads become fresh."""

    def __init__(self, read: list[Tally], write: list[Tally], fresh: dict):
        self.read, self.write, self.fresh = read, write, fresh

    def __add__(self, other: Measured) -> Measured:
        return Measured(
            [a + b for a, b in zip(self.read, other.read, strict=True)],
            [a + b for a, b in zip(self.write, other.write, strict=True)],
            {key: tally + other.fresh[key] for key, tally in self.fresh.items()},
        )


def measured(model: Wars, generator: Generator, count: int, n: int = 3) -> Measured:
    """So many trials, counted, for each r and w."""
    trials = model.trials(generator, n, count)
    quorums = product(range(1, n + 1), repeat=2)
    return Measured(
        [Tally.of(times) for times in trials.read_ms],
        [Tally.of(times) for times in trials.write_ms],
        {(r, w): Tally.of(trials.fresh_after_ms(r, w)) for r, w in quorums},
    )


class Row(NamedTuple):
    """A published figure, ours, and the interval that ours has."""

    fit: str
    r: int
    w: int
    figure: str
    published: float
    ours: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        """How far ours is from the published one, as a part of that; 0 if both are."""
        if self.ours == self.published:
            return 0.0
        return self.ours / self.published - 1 if self.published else inf


def compared(fit: str, found: Measured) -> Iterator[Row]:
    """Each published figure of a fit, beside what was measured with n = 3."""
    for (r, w), (read_ms, write_ms, t_ms) in PUBLISHED_MS[fit].items():
        ours = found.read[r - 1], found.write[w - 1], found.fresh[r, w]
        figures = {"read, ms": read_ms, "write, ms": write_ms, "t-visibility, ms": t_ms}
        for tally, (figure, published) in zip(ours, figures.items(), strict=True):
            yield Row(fit, r, w, figure, published, *tally.quantile(SHARE))
    at_once = found.fresh[1, 1].share(0)
    yield Row(fit, 1, 1, "P(consistent), t = 0", PUBLISHED_AT_ONCE[fit], *at_once)


def stepped_ms(
    fresh: Tally, generator: Generator, step_ms: float, count: int = 50_000
) -> float:
    """A t-visibility as it is found by trying t in steps, with new trials for each.

    The first t that passes is taken: of many that are a little too early, a lucky one.
    """
    for step in range(1, 20_000):
        stale = 1 - fresh.share(step * step_ms).value
        if generator.binomial(count, stale) <= count * (1 - SHARE):
            return step * step_ms
    raise Misuse(f"steps of {step_ms} ms lead nowhere: take longer ones.")
