"""Registers where each value is written once: sorting is enough.

Source
    Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997, section
    3: a write and the reads that saw it are a cluster, the time that it certainly spans
    a zone, and two rules on zones decide.

Sorting n operations costs n log n; `zones_in_arrays` does it without a loop. The paper
knows neither two moments that are the same nor operations of which nobody knows: of
these, those that a read saw happened, and the others need not have.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from math import inf
from typing import Any

from distlab.check.finding import Finding, Operations, told
from distlab.check.moments import moments
from distlab.check.smallest import smallest
from distlab.check.versions import counted, version
from distlab.history import Operation


def registers(ops: Operations) -> Finding | None:
    """Whether these reads and writes are of a register that holds nothing at first.

    None where a value was written twice, or another command was called.
    """
    if any(op.f not in ("read", "write") for op in ops):
        return None
    if strange := seen_from_nowhere(ops):
        return strange
    ops = those_that_happened(ops)
    if not written_once(ops):
        return None
    zones = Zones(ops, list(map(value_of, ops)))
    if broken := zones.contradiction():
        values = {value_of(op) for pair in broken for op in pair if op}
        about = tuple(op for op in ops if value_of(op) in values)
        least = smallest(about, in_contradiction, their_reads)
        return Finding("invalid", argument(least), least)
    rank = {value: i for i, value in enumerate(zones.order())}
    order = sorted(ops, key=lambda op: (rank[value_of(op)], op.f == "read"))
    return Finding("valid", order=tuple(order))


def those_that_happened(ops: Operations) -> Operations:
    """Without the writes of which nobody knows and that nobody saw."""
    seen = {op.result for op in ops if op.f == "read"}
    return tuple(
        op
        for op in ops
        if op.outcome == "ok" or (op.f == "write" and value_of(op) in seen)
    )


def in_contradiction(ops: Operations) -> bool:
    """Whether no order explains these reads and writes."""
    return bool(Zones(ops, list(map(value_of, ops))).contradiction())


def their_reads(gone: Operations, left: Operations) -> Operations:
    """The reads of values whose writes are gone."""
    values = {value_of(op) for op in gone if op.f == "write"}
    return tuple(op for op in left if op.f == "read" and op.result in values)


def seen_from_nowhere(ops: Operations) -> Finding | None:
    """A read that no write at all explains, if there is one."""
    writes: dict[Any, list[Operation]] = defaultdict(list)
    for op in ops:
        if op.f == "write":
            writes[value_of(op)].append(op)
    for read in ops:
        if read.f == "read" and read.outcome == "ok" and read.result is not None:
            those = writes.get(read.result, [])
            if not those:
                why = "which nobody wrote."
            elif len(those) == 1 and precedes(read, those[0], ops):
                why = f"but {told(those[0])}, later."
            else:
                continue
            shown = sorted((*those[:1], read), key=ops.index)
            return Finding("invalid", f"{told(read)}, {why}", tuple(shown))
    return None


def precedes(one: Operation, other: Operation, ops: Operations) -> bool:
    """Whether one had ended before the other was called, if only in its own process."""
    if one.process == other.process and one.invoked_us == other.invoked_us:
        return ops.index(one) < ops.index(other)  # it took no time at all
    return one.before(other)


def written_once(ops: Operations) -> bool:
    """Whether a read tells which write it saw, or that it saw none."""
    values = [value_of(op) for op in ops if op.f == "write"]
    return None not in values and len(set(values)) == len(values)


def value_of(op: Operation) -> Any:
    """What it wrote or saw."""
    return op.args[-1] if op.f == "write" else op.result


# ------------------------------------------------------------------------------ zones
class Cluster:
    """Operations that nothing of another cluster comes between: a write and its reads.

    It spans the time from its first end to its last call as a forward zone; where these
    are the other way round, all of it may be done at once, at any moment between.
    """

    def __init__(self, name: Hashable):
        self.name = name
        self.first: Operation | None = None  # to end; None: what was there at first
        self.last: Operation | None = None  # to be called
        self.end: float = -1 if name is None else inf
        self.call: float = -1


Pair = tuple[
    Operation | None, Operation
]  # the one had ended, then the other was called


class Zones:
    """The clusters of one object, and the time that each of them certainly spans.

    One comes before another if some operation of it had ended before some operation of
    the other was called. All is well unless two come before each other: no two forward
    zones may overlap, and the last call and first end of no other cluster may both lie
    inside one. The cluster named None is what was there at first.
    """

    def __init__(self, ops: Operations, names: Sequence[Hashable]):
        self.ops, self.names = ops, names
        self.clusters: dict[Hashable, Cluster] = {None: Cluster(None)}
        self.moments = moments(ops)
        calls, ends, self.crowds = self.moments
        for op, name, call, end in zip(ops, names, calls, ends, strict=True):
            cluster = self.clusters.get(name)
            if cluster is None:
                cluster = self.clusters[name] = Cluster(name)
            if end < cluster.end:
                cluster.first, cluster.end = op, end
            if call > cluster.call:
                cluster.last, cluster.call = op, call
        every = self.clusters.values()
        self.forward = sorted((c for c in every if c.end < c.call), key=by_end)

    def contradiction(self) -> list[Pair]:
        """Pairs that lead from one cluster to another and back, or none."""
        for one, other in pairwise(self.forward):
            if other.end < one.call:
                return there_and_back(one, other)
        ends = list(map(by_end, self.forward))
        for other in self.clusters.values():
            place = bisect_left(ends, other.call) - 1
            if other.end >= other.call and place >= 0:
                one = self.forward[place]
                if other.end < one.call:
                    return there_and_back(one, other)
        return self.contradiction_at_once() if self.crowds else []

    def contradiction_at_once(self) -> list[Pair]:
        """The same where the order of a process counts, and not the time."""
        after: dict[Hashable, dict[Hashable, Pair]] = defaultdict(dict)
        for chain in self.crowds:
            late = chain[0]  # of the cluster that is called last of those so far
            for before, i in pairwise(chain):
                one, other = self.cluster(late), self.cluster(i)
                if one is not other and other.end < one.call:
                    return [(self.ops[late], self.ops[i]), (other.first, last(one))]
                late = i if other.call > one.call else late
                if self.names[before] != self.names[i]:
                    pair = self.ops[before], self.ops[i]
                    after[self.names[before]].setdefault(self.names[i], pair)
        try:
            TopologicalSorter({v: list(after[v]) for v in list(after)}).prepare()
        except CycleError as error:
            around = error.args[1][::-1]
            return [after[one][other] for one, other in pairwise(around)]
        return []

    def cluster(self, i: int) -> Cluster:
        """The cluster of one operation."""
        return self.clusters[self.names[i]]

    def order(self) -> list[Hashable]:
        """The clusters, if all is well, in an order that real time allows."""
        ends = list(map(by_end, self.forward))

        def place(cluster: Cluster) -> tuple[int, bool, float]:
            """After every forward zone that had ended when this one was called."""
            if cluster.end < cluster.call:
                return bisect_left(ends, cluster.end), False, cluster.call
            return bisect_left(ends, cluster.call) - 1, True, cluster.call

        placed = sorted(self.clusters.values(), key=place)
        return [c.name for c in (self.after_crowds(placed) if self.crowds else placed)]

    def after_crowds(self, every: list[Cluster]) -> Iterable[Cluster]:
        """The same clusters, each after those that it follows in a process at once."""
        follows: dict[Hashable, list[Cluster]] = defaultdict(list)
        for chain in self.crowds:
            for before, i in pairwise(chain):
                follows[self.names[i]].append(self.cluster(before))
        ended, past = sorted(every, key=by_end), 0
        placed: dict[Hashable, Cluster] = {}
        begun: set[Hashable] = set()

        def put(cluster: Cluster) -> None:
            nonlocal past
            if cluster.name in begun:
                return
            begun.add(cluster.name)
            at = past
            while at < len(ended) and ended[at].end < cluster.call:
                put(ended[at])
                at += 1
            for one in follows[cluster.name]:
                put(one)
            placed[cluster.name] = cluster
            while past < len(ended) and ended[past].name in placed:
                past += 1

        for cluster in every:
            put(cluster)
        return placed.values()


def by_end(cluster: Cluster) -> float:
    """The moment that a forward zone begins with."""
    return cluster.end


def there_and_back(one: Cluster, other: Cluster) -> list[Pair]:
    """Why each of two clusters comes before the other."""
    return [(one.first, last(other)), (other.first, last(one))]


def last(cluster: Cluster) -> Operation:
    """The operation of a cluster that was called last."""
    assert cluster.last
    return cluster.last


def argument(ops: Operations) -> str:
    """Why these reads and writes are wrong."""
    writes = {value_of(op): op for op in ops if op.f == "write"}
    pairs = Zones(ops, list(map(value_of, ops))).contradiction()
    late = [(before, op) for before, op in pairs if before and op.f == "read"]
    if len(pairs) != 2 or not late:
        read = max((op for op in ops if op.f == "read"), key=lambda op: op.invoked_us)
        return (
            f"No order of these {counted(len(ops), 'operation')} that real time allows "
            f"explains that {told(read)}."
        )
    before, read = max(late, key=lambda pair: pair[1].invoked_us)
    newest = writes[value_of(before)]
    if newest.outcome == "ok" and newest.before(read):
        before = newest
    why = f"{told(read)}, but {told(before)} before that."
    older, newer = next(pair for pair in pairs if pair[1] != read)
    if older is None:
        return f"{why} A read finds nothing only before the first write."
    if older.before(newest):
        newer = newest
    what = version(newest) if len(newest.args) > 1 else repr(newest.args[0])
    return f"{why} And {what} is newer: {told(older)} before {told(newer)}."
