"""How long things take: distributions of delays, as frozen values.

Each draw is a whole number of microseconds. Logarithms and powers come from the
machine's C library, whose last bit may differ between machines; rounding to
microseconds hides that in all but about one draw in 10^11.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Generator
from dataclasses import dataclass
from itertools import accumulate
from math import inf, log
from typing import Any, Protocol

from distlab.errors import Misuse
from distlab.sim.streams import MASK, MULTIPLIER, Stream

Draws = Generator[int, Any, None]  # microseconds; what is sent in is not looked at


def us(ms: float) -> int:
    """Milliseconds as whole microseconds."""
    return round(ms * 1000)


class Distribution(Protocol):
    """What delays are drawn from."""

    @property
    def mean_ms(self) -> float:
        """The expected delay."""

    def draws(self, stream: Stream) -> Draws:
        """One delay after another, in microseconds, for ever."""


@dataclass(frozen=True)
class Constant:
    """Always the same delay."""

    ms: float

    def __post_init__(self) -> None:
        require_delays(self, self.ms)

    @property
    def mean_ms(self) -> float:
        """The expected delay."""
        return self.ms

    def draws(self, stream: Stream) -> Draws:
        """The same delay again and again; nothing is taken from the stream."""
        always = us(self.ms)
        while True:
            yield always


@dataclass(frozen=True)
class Uniform:
    """Every delay from `low_ms` to `high_ms` is as likely as any other."""

    low_ms: float
    high_ms: float

    def __post_init__(self) -> None:
        require_delays(self, self.low_ms, self.high_ms)
        if self.low_ms > self.high_ms:
            raise Misuse(f"{self} ends before it begins: give the lower bound first.")

    @property
    def mean_ms(self) -> float:
        """The expected delay."""
        return (self.low_ms + self.high_ms) / 2

    def draws(self, stream: Stream) -> Draws:
        """One delay after another, in microseconds, for ever."""
        low = us(self.low_ms)
        width = us(self.high_ms) - low + 1
        while True:  # `stream.bits()` written out: every message comes by here
            stream.state = state = stream.state * MULTIPLIER & MASK
            yield low + ((state >> 64) * width >> 64)


@dataclass(frozen=True)
class Exponential:
    """Waiting for what comes at random: at least `least_ms`, on average `mean_ms`."""

    mean_ms: float
    least_ms: float = 0

    def __post_init__(self) -> None:
        require_delays(self, self.mean_ms, self.least_ms)
        if self.least_ms > self.mean_ms:
            raise Misuse(f"{self} has a mean below its least delay: swap or raise it.")

    def draws(self, stream: Stream) -> Draws:
        """One delay after another, in microseconds, for ever."""
        least, fraction = us(self.least_ms), stream.fraction
        scale = (self.mean_ms - self.least_ms) * 1000
        while True:
            yield least + round(-scale * log(1 - fraction()))


@dataclass(frozen=True)
class Pareto:
    """A heavy tail: P(delay > x) = (least_ms / x)^shape; no mean if shape ≤ 1."""

    least_ms: float
    shape: float

    def __post_init__(self) -> None:
        require_delays(self, self.least_ms)
        if not 0.1 <= self.shape < inf:
            raise Misuse(f"{self}: the shape is 0.1 or more; 1.5 is a heavy tail.")

    @property
    def mean_ms(self) -> float:
        """The expected delay; infinite with a shape up to 1."""
        return self.least_ms * self.shape / (self.shape - 1) if self.shape > 1 else inf

    def draws(self, stream: Stream) -> Draws:
        """One delay after another, in microseconds, for ever."""
        least, power, fraction = self.least_ms * 1000, -1 / self.shape, stream.fraction
        while True:
            yield round(least * (1 - fraction()) ** power)


@dataclass(frozen=True)
class Mixture:
    """Now from one distribution, now from another: pairs of a weight and a
    distribution.

    >>> Mixture(((99, Uniform(1, 2)), (1, Constant(100)))).mean_ms
    2.485
    """

    parts: tuple[tuple[float, Distribution], ...]

    def __post_init__(self) -> None:
        if not self.parts or any(weight <= 0 for weight, _ in self.parts):
            raise Misuse(f"{self}: give pairs of a weight above 0 and a distribution.")

    @property
    def mean_ms(self) -> float:
        """The expected delay."""
        total = sum(weight for weight, _ in self.parts)
        return sum(weight * kind.mean_ms for weight, kind in self.parts) / total

    def draws(self, stream: Stream) -> Draws:
        """One delay after another, in microseconds, for ever."""
        bounds = list(accumulate(weight for weight, _ in self.parts))
        sources = [kind.draws(stream) for _, kind in self.parts]
        while True:
            chosen = bisect(bounds, stream.fraction() * bounds[-1])
            yield next(sources[min(chosen, len(sources) - 1)])


@dataclass(frozen=True)
class Empirical:
    """One of these measured delays, each as likely as any other."""

    samples_ms: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.samples_ms:
            raise Misuse("Empirical() has no samples: give a tuple of milliseconds.")
        require_delays(self, *self.samples_ms)

    @property
    def mean_ms(self) -> float:
        """The expected delay."""
        return sum(self.samples_ms) / len(self.samples_ms)

    def draws(self, stream: Stream) -> Draws:
        """One delay after another, in microseconds, for ever."""
        samples = [us(ms) for ms in self.samples_ms]
        while True:
            yield samples[stream.between(0, len(samples) - 1)]


def as_distribution(delay: Distribution | float) -> Distribution:
    """A distribution; a plain number of milliseconds is a constant one.

    Raises `Misuse` for anything else.
    """
    if isinstance(delay, (int, float)):
        return Constant(delay)
    if not hasattr(delay, "draws"):
        raise Misuse(
            f"{delay!r} is no delay: give milliseconds, or a distribution such as "
            f"`Uniform(1, 5)`."
        )
    return delay


def require_delays(owner: object, *delays_ms: float) -> None:
    """Raise `Misuse` for what is no number of milliseconds from 0."""
    for ms in delays_ms:
        if not isinstance(ms, (int, float)) or not 0 <= ms < inf:
            raise Misuse(f"{owner}: {ms!r} is no delay: give milliseconds, 0 or more.")
