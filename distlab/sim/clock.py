"""A node's own clock: skewed, drifting and jumping if the run says so.

Timers run on the same oscillator, so drift changes their delays; being set (skew,
jumps) changes what the clock shows and no timer, as with CLOCK_MONOTONIC.
"""

from __future__ import annotations

MILLION = 1_000_000


class Clock:
    """What one node takes for the time, in whole microseconds."""

    __slots__ = ("elapsed_us", "offset_us", "ppm", "since_us")

    def __init__(self) -> None:
        self.ppm = 0.0  # how much faster than true time, in parts per million
        self.offset_us = 0  # what setting the clock has added
        self.since_us = 0  # true time of the last change of rate
        self.elapsed_us = 0  # what the oscillator had counted by then

    def shows_us(self, now_us: int) -> int:
        """What the clock shows at this true time."""
        return self.counted_us(now_us) + self.offset_us

    def counted_us(self, now_us: int) -> int:
        """How far the oscillator has come at this true time."""
        passed_us = now_us - self.since_us
        return self.elapsed_us + passed_us + round(passed_us * self.ppm / MILLION)

    def true_us(self, delay_us: int) -> int:
        """How long a delay of this node's timers really takes."""
        return round(delay_us / (1 + self.ppm / MILLION)) if self.ppm else delay_us

    def drift(self, now_us: int, ppm: float) -> None:
        """From now on run at this rate; timers already set keep their time."""
        self.elapsed_us = self.counted_us(now_us)
        self.since_us, self.ppm = now_us, ppm
