"""Vector stamps of all steps of a trace, kept in one of two ways.

Only what arrives from others changes what a node knows of them: the stamp of a step is
that of the last arrival on its node's line, with the step's own place on that line. So
stamps are kept for arrivals.

`Rows` keeps a row of numbers for each arrival, one number for each node. `Changes`
keeps what an arrival changed: where nodes hear of few others, that is little. Both
answer the same questions, after a search in a sorted list. `stamps_of` begins with
changes, and leaves them for rows as soon as more is told than rows would be worth.

Source
    Mattern, "Virtual Time and Global States of Distributed Systems", 1989 (`Rows`).
    Singhal and Kshemkalyani, "An Efficient Implementation of Vector Clocks",
    Information Processing Letters 43(1), 1992 (to tell changes alone, as `Changes`).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy

DEARER = 300  # times: what a sender knew of a node, in changes and in rows
MOST_NUMBERS = 1 << 28  # in rows: 1 GiB
Arrival = tuple[int, int, int, int]  # a node and its place, a sender and its place


class Stamps(Protocol):
    """What each node knew of each other, at each place of its line.

    Nodes are numbers, places count from 1. At a place that is before all arrivals
    nothing is known; of itself a node is not asked.
    """

    def arrive(self, node: int, place: int, sender: int, sent: int) -> None:
        """At this place of its line, a node hears from the `sent`-th step of another.

        Arrivals have to come in an order in which each is told after its causes.
        """

    def known(self, node: int, place: int, of: int) -> int:
        """How many steps of another node happened before this place."""

    def of_all(self, node: int, place: int) -> Iterator[tuple[int, int]]:
        """The other nodes of which something is known there, with how many steps."""

    def first(self, node: int, of: int, steps: int) -> int | None:
        """The first place at which so many steps of another node are known."""


class Rows:
    """A row for each arrival, a column for each node. The first row is for none."""

    def __init__(self, nodes: int, arrivals: int):
        import numpy

        self.rows = numpy.zeros((arrivals + 1, nodes), numpy.int32)
        self.greater = numpy.maximum
        self.used = 0
        self.places: list[list[int]] = [[] for _ in range(nodes)]  # where they arrived
        self.numbers: list[list[int]] = [[] for _ in range(nodes)]  # and their rows

    def _row(self, node: int, place: int) -> numpy.ndarray:
        before = bisect_right(self.places[node], place)
        return self.rows[self.numbers[node][before - 1] if before else 0]

    def arrive(self, node: int, place: int, sender: int, sent: int) -> None:
        """Whatever is known more at the sender is known here from now on."""
        self.used += 1
        row = self.rows[self.used]
        self.greater(self._row(node, place), self._row(sender, sent), out=row)
        row[sender] = max(row[sender], sent)
        row[node] = 0
        self.places[node].append(place)
        self.numbers[node].append(self.used)

    def known(self, node: int, place: int, of: int) -> int:
        """A number of the row."""
        return int(self._row(node, place)[of])

    def of_all(self, node: int, place: int) -> Iterator[tuple[int, int]]:
        """The row, without its zeros."""
        row = self._row(node, place)
        (others,) = row.nonzero()
        return zip(others.tolist(), row[others].tolist(), strict=True)

    def first(self, node: int, of: int, steps: int) -> int | None:
        """Down a column the numbers only grow."""
        column = self.rows[self.numbers[node], of]
        found = int(column.searchsorted(steps))
        return self.places[node][found] if found < len(column) else None


class Changes:
    """For each node and each other that it has heard of: where it came to know more."""

    def __init__(self, nodes: int):
        self.heard: list[dict[int, tuple[array[int], array[int]]]]
        self.heard = [{} for _ in range(nodes)]  # by the other: places, and how many
        self.told = 0  # numbers that senders knew, so far

    def arrive(self, node: int, place: int, sender: int, sent: int) -> None:
        """Write down what is known more than before."""
        self._learn(node, place, sender, sent)
        self.told += len(self.heard[sender])
        for other, steps in self.of_all(sender, sent):
            if other != node:
                self._learn(node, place, other, steps)

    def _learn(self, node: int, place: int, of: int, steps: int) -> None:
        if of not in self.heard[node]:
            self.heard[node][of] = array("i"), array("i")
        places, known = self.heard[node][of]
        if not known or known[-1] < steps:
            places.append(place)
            known.append(steps)

    def known(self, node: int, place: int, of: int) -> int:
        """What the last change up to there made of it."""
        if of not in self.heard[node]:
            return 0
        places, known = self.heard[node][of]
        before = bisect_right(places, place)
        return known[before - 1] if before else 0

    def of_all(self, node: int, place: int) -> Iterator[tuple[int, int]]:
        """The others one by one."""
        for other, (places, known) in self.heard[node].items():
            if before := bisect_right(places, place):
                yield other, known[before - 1]

    def first(self, node: int, of: int, steps: int) -> int | None:
        """The first change that made it so many."""
        if of not in self.heard[node]:
            return None
        places, known = self.heard[node][of]
        found = bisect_left(known, steps)
        return places[found] if found < len(known) else None


def stamps_of(nodes: int, arrivals: Sequence[Arrival]) -> Stamps:
    """The stamps of a trace of so many nodes, kept in the cheaper way."""
    numbers = len(arrivals) * nodes
    changes = Changes(nodes)
    for arrival in arrivals:
        changes.arrive(*arrival)
        if changes.told * DEARER > numbers and numbers <= MOST_NUMBERS:
            return filled(Rows(nodes, len(arrivals)), arrivals)
    return changes


def filled(stamps: Stamps, arrivals: Iterable[Arrival]) -> Stamps:
    """The same, after all arrivals."""
    for arrival in arrivals:
        stamps.arrive(*arrival)
    return stamps
