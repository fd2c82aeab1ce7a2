"""Partial orders of reads and writes, and the ways that lead through them.

An order is kept as vectors: for each operation, how many of each lane come before it
(Mattern, "Virtual Time and Global States of Distributed Systems", 1989). Computing it
is linear in the operations times the lanes, and so is finding a circle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import islice
from math import inf
from typing import Any

from distlab.check.limits import Exceeded, Meter
from distlab.check.reads_from import Link, ReadsFrom

ENOUGH = 16  # ways round that are compared: the rest is left to those who shorten


class Order:
    """All operations, ordered by their lanes and by links between these.

    Raises `Exceeded` if that takes more than a meter allows.
    """

    def __init__(self, shown: ReadsFrom, links: Iterable[Link], meter: Meter):
        self.shown = shown
        self.between = list(links)
        self.links: dict[int, list[Link]] = {}  # by where they lead
        for after, before in shown.fork.items():
            self.links[after] = [Link(before, "process", after)]
        for link in self.between:
            self.links.setdefault(link.target, []).append(link)
        self.past: dict[int, list[int]] = {}  # how many of each lane, itself included
        self.sequence: list[int] = []  # one that keeps the order, in time if it can be
        self._sort(meter)

    def also(self, links: Iterable[Link], meter: Meter) -> Order:
        """The order with more links."""
        return Order(self.shown, [*self.between, *links], meter)

    @property
    def circular(self) -> bool:
        """Whether some operation would come before itself."""
        return len(self.sequence) < len(self.shown.ops)

    def _sort(self, meter: Meter) -> None:
        waits = [int(place > 0) for place in self.shown.place]
        after: dict[int, list[int]] = {}
        for target, links in self.links.items():
            waits[target] += len(links)
            for link in links:
                after.setdefault(link.source, []).append(target)
        free = [i for i, number in enumerate(waits) if not number]  # and so a heap
        while free:
            i = heappop(free)
            if not meter.step():
                raise Exceeded
            self.sequence.append(i)
            self.past[i] = self._past(i)
            for target in (*self.shown.later(i), *after.get(i, ())):
                waits[target] -= 1
                if not waits[target]:
                    heappush(free, target)

    def _past(self, i: int) -> list[int]:
        shown = self.shown
        lane, place = shown.lane[i], shown.place[i]
        if place:
            past = self.past[shown.lanes[lane][place - 1]].copy()
        else:
            past = [0] * len(shown.lanes)
        for link in self.links.get(i, ()):
            before = link.source
            if past[shown.lane[before]] <= shown.place[before]:
                past = list(map(max, past, self.past[before]))
        past[lane] = place + 1
        return past

    def before(self, one: int, other: int) -> bool:
        """Whether one operation comes before another, or is the same."""
        return self.past[other][self.shown.lane[one]] > self.shown.place[one]

    def last_writes(self, read: int) -> Iterator[int]:
        """The last write to its key that comes before a read, for each lane."""
        past = self.past[read]
        for lane, places, writes in self.shown.writers.get(self.shown.key(read), ()):
            if at := bisect_left(places, past[lane]):
                yield writes[at - 1]

    def next_writes(self, write: int | None, key: Any) -> Iterator[int]:
        """The first write to a key that comes after one, or at all, for each lane."""
        for _, _, writes in self.shown.writers.get(key, ()):
            at = 0
            if write is not None:
                at = bisect_left(writes, True, key=lambda w: self.before(write, w))
                at += writes[at : at + 1] == [write]
            yield from writes[at : at + 1]

    # ------------------------------------------------------------- ways, to be told
    def way(self, start: int, end: int, rounds: float = inf) -> list[Link]:
        """The fewest links that lead from one operation to another, in their order.

        Beside those of the history itself, only links of earlier rounds are used.
        """
        onward: dict[int, Link] = {}
        opened = [0] * len(self.shown.lanes)
        todo = deque([end])
        while todo and start not in onward:
            for link in self._into(todo.popleft(), opened, rounds):
                if link.source not in onward:
                    onward[link.source] = link
                    todo.append(link.source)
        found = list[Link]()
        at = start
        while not found or at != end:
            found.append(onward[at])
            at = onward[at].target
        return found

    def _into(self, at: int, opened: list[int], rounds: float) -> Iterator[Link]:
        for link in self.links.get(at, ()):
            if link.given or link.round < rounds:
                yield link
        lane, place = self.shown.lane[at], self.shown.place[at]
        for earlier in range(place - 1, opened[lane] - 1, -1):
            yield Link(self.shown.lanes[lane][earlier], "process", at)
        opened[lane] = max(opened[lane], place)

    def circle(self) -> list[Link]:
        """A short circle of links, each leading to the next. There is one."""
        stuck = set(range(len(self.shown.ops))).difference(self.sequence)
        at, walked = min(stuck), dict[int, int]()
        while at not in walked:
            walked[at] = len(walked)
            at = min(b for b in self._right_before(at) if b in stuck)
        ring = {i: None for i, step in walked.items() if step >= walked[at]}
        across = (
            link
            for i in ring
            for link in self.links.get(i, ())
            if link.source in ring and link.kind != "process"
        )
        tried = islice(across, ENOUGH)
        least = min(
            ([link, *self.way(link.target, link.source)] for link in tried), key=len
        )
        first = min(range(len(least)), key=lambda at: least[at].source)
        return least[first:] + least[:first]

    def _right_before(self, i: int) -> list[int]:
        found = [link.source for link in self.links.get(i, ())]
        if place := self.shown.place[i]:
            found.append(self.shown.lanes[self.shown.lane[i]][place - 1])
        return found
