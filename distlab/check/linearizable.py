"""Linearizability: each operation seems to happen at one moment between call and end.

Source
    Herlihy and Wing, "Linearizability: A Correctness Condition for Concurrent Objects",
    TOPLAS 12(3), 1990: the promise, and that each object may be judged by itself.
    Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997: zones.
    Wing and Gong, "Testing and Verifying Concurrent Objects", J. Parallel Distrib.
    Comput. 17, 1993; Lowe, "Testing for Linearizability", CCPE 29(4), 2017: the search.

An operation that failed did not happen. A write of which nobody knows takes effect at
any time after its call, or never; a read without a result says nothing. Where each
value of a key is written once, a read tells which write it saw, and sorting is enough.
Otherwise orders are searched, within a budget, for nothing is known that is always
fast: the problem is NP-complete.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from math import inf
from typing import Any, Literal, NamedTuple, Protocol, Self

from distlab.check.verdict import Verdict
from distlab.check.versions import counted, told, version
from distlab.errors import Misuse
from distlab.history import History, Operation

PROMISE = "linearizable"
BUDGET = 30_000  # configurations: some seconds
Operations = tuple[Operation, ...]


def registers(history: History, budget: int = BUDGET) -> Verdict:
    """Whether each key is a linearizable register that at first holds nothing (None).

    `budget` is how many configurations a search may visit, for each key that is written
    the same value twice. Raises `Misuse` for other calls than reads and writes, and for
    a process that calls again before its last operation has ended.
    """
    keys = by_key(history)
    found = [judged(key, ops, budget) for key, ops in keys.items()]
    reads = sum(op.f == "read" for ops in keys.values() for op in ops)
    strength = f"{counted(reads, 'read')} on {counted(len(keys), 'key')}"
    if tried := sum(finding.tried for finding in found):
        strength += f"; a search of {tried:,} configurations (Wing and Gong)"
    if any(not finding.tried for finding in found):
        strength += "; zones (Gibbons and Korach)"
    for outcome, reason, evidence, _ in sorted(found, key=lambda f: f.outcome):
        if outcome != "valid":  # invalid comes first
            return Verdict(outcome, PROMISE, strength, reason, evidence)
    if not reads:
        return Verdict("unknown", PROMISE, strength, "No read has told anything.")
    reason = "For each key one order of its operations explains every read."
    return Verdict("valid", PROMISE, strength, reason)


def by_key(history: History) -> dict[Any, Operations]:
    """The operations of each key that say something, in the order of their calls."""
    keys: dict[Any, list[Operation]] = defaultdict(list)
    last: dict[str, Operation] = {}
    for op in history:
        if op.f not in ("read", "write"):
            raise Misuse(
                f"{op.process} called `{op.f}`, and a register knows `read` and "
                f'`write` alone: choose them, `history.where("read", "write")`.'
            )
        before = last.get(op.process)
        if before and (before.ended_us is None or before.ended_us > op.invoked_us):
            raise Misuse(
                f"{op.process} calls `{op.f}` at {op.invoked_ms:g} ms before its last "
                f"operation has ended: give each process one operation at a time."
            )
        last[op.process] = op
        if op.outcome == "ok" or op.f == "write":
            keys[op.args[0]].append(op)
    return {key: tuple(ops) for key, ops in keys.items()}


class Finding(NamedTuple):
    """What was found out about one key."""

    outcome: Literal["valid", "invalid", "unknown"]
    reason: str = ""
    evidence: Operations = ()
    tried: int = 0  # configurations, if it was searched


def judged(key: Any, ops: Operations, budget: int) -> Finding:
    """Whether one key is linearizable, found out in the fastest way that there is."""
    if strange := seen_from_nowhere(ops):
        return strange
    seen = {op.result for op in ops if op.f == "read"}
    happened = tuple(
        op
        for op in ops
        if op.outcome == "ok" or (op.outcome == "info" and value_of(op) in seen)
    )
    if written_once(happened):
        if not (broken := Zones(happened).contradiction()):
            return Finding("valid")
        values = {value_of(op) for pair in broken for op in pair if op}
        about = tuple(op for op in happened if value_of(op) in values)
        least = smallest(about, lambda some: bool(Zones(some).contradiction()))
        return Finding("invalid", argument(least), least)
    return searched(key, happened, budget)


def seen_from_nowhere(ops: Operations) -> Finding | None:
    """A read that no write at all explains, if there is one."""
    writes: dict[Any, list[Operation]] = defaultdict(list)
    for op in ops:
        if op.f == "write":
            writes[op.args[1]].append(op)
    for read in ops:
        if read.f == "read" and read.result is not None:
            those = writes.get(read.result, [])
            happened = [write for write in those if write.outcome != "fail"]
            about = (happened or those)[:1]
            if not about:
                why = "which nobody wrote."
            elif not happened:
                why = f"but {told(about[0])} and was told that it had failed."
            elif len(happened) == 1 and precedes(read, about[0], ops):
                why = f"but {told(about[0])}, later."
            else:
                continue
            shown = sorted((*about, read), key=ops.index)
            return Finding("invalid", f"{told(read)}, {why}", tuple(shown))
    return None


def precedes(one: Operation, other: Operation, ops: Operations) -> bool:
    """Whether one had ended before the other was called, if only in its own process."""
    if one.process == other.process and one.invoked_us == other.invoked_us:
        return ops.index(one) < ops.index(other)  # it took no time at all
    return one.before(other)


def written_once(ops: Operations) -> bool:
    """Whether a read tells which write it saw, or that it saw none."""
    values = [op.args[1] for op in ops if op.f == "write"]
    return None not in values and len(set(values)) == len(values)


# ----------------------------------------------------- where each value is written once
class Cluster:
    """A write and the reads that saw it: no other write comes between them."""

    def __init__(self, write: Operation | None):  # None: what was there at first
        self.first = self.last = write
        self.end_us: float = ended_us(write) if write else -1  # of the first to end
        self.call_us: float = write.invoked_us if write else -1  # of the last called

    def add(self, read: Operation) -> None:
        """Take in a read of this value."""
        if ended_us(read) < self.end_us:
            self.first, self.end_us = read, ended_us(read)
        if read.invoked_us > self.call_us:
            self.last, self.call_us = read, read.invoked_us


def ended_us(op: Operation) -> float:
    """When it had certainly taken effect; never, if nobody knows."""
    return inf if op.outcome == "info" or op.ended_us is None else op.ended_us


def value_of(op: Operation) -> Any:
    """What it wrote or saw."""
    return op.args[1] if op.f == "write" else op.result


Pair = tuple[
    Operation | None, Operation
]  # the one had ended, then the other was called


class Zones:
    """The clusters of one key, and the time that each of them certainly spans.

    One comes before another if some operation of it had ended before some operation of
    the other was called. All is well unless two come before each other. A cluster whose
    first end lies before its last call spans the time between, as a forward zone: no
    two of these may overlap, and the last call and first end of no other cluster may
    both lie inside one.
    """

    def __init__(self, ops: Operations):
        self.clusters: dict[Any, Cluster] = {None: Cluster(None)}
        for op in ops:
            if op.f == "write":
                self.clusters[op.args[1]] = Cluster(op)
        for op in ops:
            if op.f == "read":
                self.clusters[op.result].add(op)
        self.at_once = chains_at_once(ops)

    def contradiction(self) -> list[Pair]:
        """Pairs that lead from one cluster to another and back, or none."""
        every = list(self.clusters.values())
        forward = sorted(
            (c for c in every if c.end_us < c.call_us), key=lambda c: c.end_us
        )
        for one, other in pairwise(forward):
            if other.end_us < one.call_us:
                return [(one.first, last(other)), (other.first, last(one))]
        ends = [zone.end_us for zone in forward]
        for other in every:
            place = bisect_left(ends, other.call_us) - 1
            if other.end_us >= other.call_us and place >= 0:
                one = forward[place]
                if other.end_us < one.call_us:
                    return [(one.first, last(other)), (other.first, last(one))]
        return self.contradiction_at_once()

    def contradiction_at_once(self) -> list[Pair]:
        """The same where the order of a process counts, and not the time."""
        after: dict[Any, dict[Any, Pair]] = defaultdict(dict)
        for chain in self.at_once:
            late = chain[0]  # of the cluster that is called last of those so far
            for before, op in pairwise(chain):
                one, other = self.clusters[value_of(late)], self.clusters[value_of(op)]
                if one is not other and other.end_us < one.call_us:
                    return [(late, op), (other.first, last(one))]
                late = op if other.call_us > one.call_us else late
                if value_of(before) != value_of(op):
                    after[value_of(before)].setdefault(value_of(op), (before, op))
        try:
            TopologicalSorter({v: list(after[v]) for v in list(after)}).prepare()
        except CycleError as error:
            around = error.args[1][::-1]
            return [after[one][other] for one, other in pairwise(around)]
        return []


def last(cluster: Cluster) -> Operation:
    """The operation of a cluster that was called last."""
    assert cluster.last
    return cluster.last


def chains_at_once(ops: Iterable[Operation]) -> list[list[Operation]]:
    """Operations that a process called in the microsecond in which the last ended.

    Of a longer chain all but the first and the last have taken no time.
    """
    chains: list[list[Operation]] = []
    chain_of: dict[str, list[Operation]] = {}
    for op in ops:
        chain = chain_of.get(op.process)
        if chain and ended_us(chain[-1]) == op.invoked_us:
            if ended_us(op) == inf:  # it comes after these, and nothing after it
                chains.append([*chain, op])
                continue
            if len(chain) > 1 and chain[-1].invoked_us != op.invoked_us:
                chain = chain_of[op.process] = [chain[-1]]
            chain.append(op)
            if len(chain) == 2:
                chains.append(chain)
        else:
            chain_of[op.process] = [op]
    return chains


# --------------------------------------------------------------- where orders are tried
class Model(Protocol):
    """An object that does one thing at a time: its state, as a value."""

    def after(self, op: Operation) -> Self | None:
        """What it is after an operation; None if that cannot have gone like this."""

    def only_looks(self, op: Operation) -> bool:
        """Whether this operation leaves every state as it is."""


class Register(NamedTuple):
    """One value: a write puts another in its place, a read returns it."""

    value: Any = None

    def after(self, op: Operation) -> Register | None:
        """The new value after a write; the same after a read of what it holds."""
        if op.f == "write":
            return Register(op.args[1])
        return self if op.result == self.value else None

    def only_looks(self, op: Operation) -> bool:
        """Whether it is a read."""
        return op.f == "read"


def searched(key: Any, ops: Operations, budget: int) -> Finding:
    """Whether some order explains one key, as far as the budget reaches."""
    search = Search(ops, Register(), budget)
    if search.explained:
        return Finding("valid", tried=search.tried)
    if search.explained is None:
        reason = (
            f"The search gave up after {budget:,} configurations of {key}, where some "
            f"values were written again: raise `budget`, or write each value once."
        )
        return Finding("unknown", reason, tried=search.tried)
    spent = search.tried  # and as much again, for finding less that is still wrong

    def wrong(some: Operations) -> bool:
        nonlocal spent
        left = budget + search.tried - spent
        attempt = Search(some, Register(), left)
        spent += attempt.tried
        return attempt.explained is False

    least = smallest(ops, wrong)
    return Finding("invalid", argument(least), least, search.tried)


Config = tuple[tuple[int, ...], int, Any]


class Search:
    """All orders that real time allows, until one explains what was returned.

    A configuration is how far each process has come, which open operations have
    happened, and the state; none is visited twice. An operation that only looks is
    taken as soon as it may be and fits: that can be in nobody's way.
    """

    def __init__(self, ops: Iterable[Operation], start: Model, budget: int):
        lanes: dict[str, list[Operation]] = defaultdict(list)
        self.open: list[tuple[Operation, str, int]] = []  # and what comes before them
        for op in ops:
            if ended_us(op) < inf:
                lanes[op.process].append(op)
            else:
                self.open.append((op, op.process, len(lanes[op.process])))
        self.lanes = list(lanes.values())
        self.lane_of = {process: i for i, process in enumerate(lanes)}
        self.tried = 0
        self.explained = self.run(start, budget)  # None: the budget was too small

    def run(self, start: Model, budget: int) -> bool | None:
        """Whether some order explains all; None if the budget ends before."""
        todo = [self.settled((0,) * len(self.lanes), 0, start)]
        visited = set(todo)
        while todo:
            if self.tried >= budget:
                return None
            self.tried += 1
            place, happened, state = todo.pop()
            if self.first_end_us(place) == inf:
                return True
            for config in self.following(place, happened, state):
                if config not in visited:
                    visited.add(config)
                    todo.append(config)
        return False

    def first_end_us(self, place: Iterable[int]) -> float:
        """When the first operation ends that has not happened: none is called later."""
        ahead = (lane[at : at + 1] for at, lane in zip(place, self.lanes, strict=True))
        return min((ended_us(op) for ops in ahead for op in ops), default=inf)

    def following(
        self, place: tuple[int, ...], happened: int, state: Any
    ) -> list[Config]:
        """The configurations one step later."""
        bound_us, found = self.first_end_us(place), []
        for i, (at, lane) in enumerate(zip(place, self.lanes, strict=True)):
            may = at < len(lane) and lane[at].invoked_us <= bound_us
            if may and (after := state.after(lane[at])) is not None:
                there = (*place[:i], at + 1, *place[i + 1 :])
                found.append(self.settled(there, happened, after))
        for i, (op, process, before) in enumerate(self.open):
            may = op.invoked_us <= bound_us and place[self.lane_of[process]] >= before
            may = may and not happened >> i & 1
            if may and (after := state.after(op)) not in (None, state):
                found.append(self.settled(place, happened | 1 << i, after))
        return found

    def settled(self, place: tuple[int, ...], happened: int, state: Any) -> Config:
        """The configuration after all that may happen now and only looks."""
        there, moved = list(place), True
        while moved:
            bound_us, moved = self.first_end_us(there), False
            for i, lane in enumerate(self.lanes):
                at = there[i]
                may = at < len(lane) and lane[at].invoked_us <= bound_us
                may = may and state.only_looks(lane[at])
                if may and state.after(lane[at]) is not None:
                    there[i], moved = at + 1, True
        return tuple(there), happened, state


# ------------------------------------------------------------------- why, in few words
def smallest(ops: Operations, wrong: Callable[[Operations], bool]) -> Operations:
    """As few of these operations as are still wrong.

    Reads go as they are; a write only with all that read its value, or they would seem
    to have seen what nobody wrote.
    """
    size = len(ops) // 2
    while size:
        fewer = ops
        for at in range(len(ops) - size, -size, -size):
            without = fewer[: max(0, at)] + fewer[at + size :]
            seen = {op.result for op in without if op.f == "read"}
            gone = fewer[max(0, at) : at + size]
            orphans = any(op.f == "write" and op.args[1] in seen for op in gone)
            if not orphans and wrong(without):
                fewer = without
        if len(fewer) == len(ops):
            size //= 2
        ops = fewer
    return ops


def argument(ops: Operations) -> str:
    """Why these operations are wrong."""
    writes = {op.args[1]: op for op in ops if op.f == "write"}
    pairs = Zones(ops).contradiction() if written_once(ops) else []
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
        return f"{why} Nothing is there only before the first write."
    if older.before(newest):
        newer = newest
    return f"{why} And {version(newest)} is newer: {told(older)} before {told(newer)}."
