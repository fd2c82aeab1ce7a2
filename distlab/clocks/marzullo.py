"""Marzullo's intersection: what several clocks say together, though some are wrong.

    >>> said = [Interval(8, 12), Interval(11, 13), Interval(10, 12)]
    >>> most_agreed(said)
    Agreement(interval=11 to 12 ms, sources=3)
    >>> tolerating(said, faulty=1)
    10 to 12 ms

Source
    Marzullo, "Maintaining the Time in a Distributed System", dissertation, Stanford
    1984; Marzullo, "Tolerating Failures of Continuous-Valued Sensors", ACM Transactions
    on Computer Systems 8(4), 1990, section 3.
Guarantees
    Of `most_agreed`: no other moment has more sources behind it. Of `tolerating`: with
    at most `faulty` sources wrong the true time is in it; and while the wrong ones are
    fewer than half, every moment in it is between two that right ones allow.
Assumes
    A right interval has the true time in it. Nothing of wrong ones.
Costs
    Sorting the 2n ends.
Departs
    Of several intervals with the most sources the narrowest is taken, of equally narrow
    ones the earliest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import inf
from typing import NamedTuple

from distlab.errors import Misuse
from distlab.value import Value


class Interval(Value):
    """From `low_ms` to `high_ms`, both included."""

    low_ms: float
    high_ms: float

    @property
    def middle_ms(self) -> float:
        """The best guess, if nothing else is known."""
        return (self.low_ms + self.high_ms) / 2

    @property
    def error_ms(self) -> float:
        """How far at most the middle is from the truth."""
        return (self.high_ms - self.low_ms) / 2

    def wider(self, by_ms: float) -> Interval:
        """The same, with more doubt on both sides."""
        return Interval(self.low_ms - by_ms, self.high_ms + by_ms)

    def __contains__(self, at_ms: float) -> bool:
        return self.low_ms <= at_ms <= self.high_ms

    def __repr__(self) -> str:
        return f"{self.low_ms:g} to {self.high_ms:g} ms"


ANY_TIME = Interval(-inf, inf)  # what a clock says that says nothing


class Agreement(NamedTuple):
    """An interval, and how many sources allow each moment of it."""

    interval: Interval
    sources: int


def most_agreed(intervals: Iterable[Interval]) -> Agreement:  # Marzullo 1984
    """The smallest interval that the largest number of sources agrees on."""
    found = list(pieces(intervals))
    most = max(piece.sources for piece in found)
    return min(
        (piece for piece in found if piece.sources == most),
        key=lambda piece: piece.interval.error_ms,
    )


def tolerating(intervals: Iterable[Interval], faulty: int) -> Interval | None:
    """From the first to the last moment that all but `faulty` sources allow, if any.

    What lies between two agreements is part of it: nobody knows which one is right.
    """
    intervals = tuple(intervals)
    if not 0 <= faulty < len(intervals):
        raise Misuse(f"{faulty} faulty of {len(intervals)}: let one at least be right.")
    enough = len(intervals) - faulty
    agreed = [p.interval for p in pieces(intervals) if p.sources >= enough]
    if not agreed:
        return None
    return Interval(agreed[0].low_ms, agreed[-1].high_ms)  # Marzullo 1990


def pieces(intervals: Iterable[Interval]) -> Iterator[Agreement]:
    """What lies between one end and the next, from left to right.

    At the same moment beginnings come before ends: who only touches agrees.
    """
    edges: list[tuple[float, int]] = []
    for one in intervals:
        if not one.low_ms <= one.high_ms:
            raise Misuse(f"{one} allows no time at all: give the earlier end first.")
        edges += (one.low_ms, 0), (one.high_ms, 1)
    if not edges:
        raise Misuse("no interval at all: give what one clock says, or more.")
    edges.sort()
    sources = 0
    for (at_ms, ends), (next_ms, _) in pairwise(edges):
        sources += -1 if ends else 1  # Marzullo 1984, edges
        yield Agreement(Interval(at_ms, next_ms), sources)
