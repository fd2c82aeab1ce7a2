"""Demands on the order of writes, and whether some order meets them all.

A demand says that what was seen is not older than a certain write. Of two writes of one
key one is certainly older if it had ended before the other was called, or if its
position says so. So a demand *leads* to another that begins where it ends, or with a
write that what it saw is older than. Demands that lead back to where they began
contradict each other.

Costs
    n log n for n demands. The pairs that lead to each other can be far more; but what
    is older than one write is older than all that begin later, so the writes are put
    into a row: a demand leads to the first one that it has to, and each to the next.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import Any, NamedTuple

from distlab.check.versions import Versions
from distlab.history import Operation


class Demand(NamedTuple):
    """What was `seen` may not be older than the write `least`."""

    least: Operation
    seen: Operation | None  # a write of the same key; None: the key before any write
    shown: tuple[Operation, ...]  # how this came about, in order


def ring(demands: Sequence[Demand], versions: Versions) -> list[Demand]:
    """Demands of which each leads to the next, and the last to the first; or none."""
    after = Leads(demands, versions).after
    try:
        TopologicalSorter(dict(enumerate(after))).prepare()
    except CycleError as error:
        starts = sorted({node for node in error.args[1] if node < len(demands)})
        rings = (round_trip(start, after, len(demands)) for start in starts)
        return [demands[n] for n in min(rings, key=len)]
    return []


class Leads:
    """Which demands lead to which, by way of the writes at which demands begin.

    Of the nodes, the demands come first; then there are two for each such write: all
    that begins there, and its place in the row.
    """

    def __init__(self, demands: Sequence[Demand], versions: Versions):
        self.demands, self.versions = demands, versions
        self.after: list[list[int]] = [[] for _ in demands]
        keys: dict[Any, list[int]] = defaultdict(list)
        for n, demand in enumerate(demands):
            keys[demand.least.args[0]].append(n)
        for key, of_key in keys.items():
            self.lead(of_key, key in versions.positioned)

    def node(self, *after: int) -> int:
        """One more node."""
        self.after.append(list(after))
        return len(self.after) - 1

    def lead(self, of_key: list[int], positioned: bool) -> None:
        """What the demands on one key lead to."""
        begin: dict[Any, int] = {}  # where all demands that begin with a write do
        writes = []
        for n in of_key:
            least = self.demands[n].least
            if least.args not in begin:
                begin[least.args] = self.node()
                writes.append(least)
            self.after[begin[least.args]].append(n)
        if positioned:
            writes = [write for write in writes if write.outcome == "ok"]
        writes.sort(key=lambda write: begun(write, positioned))
        starts = [begun(write, positioned) for write in writes]
        row = [self.node(begin[write.args]) for write in writes]
        for place, following in pairwise(row):
            self.after[place].append(following)
        for n in of_key:
            seen = self.demands[n].seen
            assert seen is not None
            self.after[n] += [begin[seen.args]] if seen.args in begin else []
            if seen.outcome == "ok":
                over = seen.result if positioned else seen.ended_us
                later = bisect_right(starts, over)
                self.after[n] += row[later : later + 1]
                for at in range(bisect_left(starts, over), later):  # of one process
                    if self.versions.older(seen, writes[at]):
                        self.after[n].append(begin[writes[at].args])


def begun(write: Operation, positioned: bool) -> Any:
    """What is over before that is older."""
    return write.result if positioned else write.invoked_us


def round_trip(start: int, after: list[list[int]], demands: int) -> list[int]:
    """The fewest demands that lead from one of them back to it."""
    came: dict[int, int] = {}
    front = deque([start])
    while start not in came:
        node = front.popleft()
        for to in after[node]:
            if to not in came:
                came[to] = node
                if to < demands:
                    front.append(to)
                else:
                    front.appendleft(to)
    way = [node := came[start]]
    while node != start:
        way.append(node := came[node])
    return [n for n in reversed(way) if n < demands]
