"""One item of a set, added and removed again and again: the most urgent goes first.

Source
    Lee and Mathur, "Efficient Decrease-and-Conquer Linearizability Monitoring", OOPSLA
    2025, and Abdulla, Grahn, Jonsson, Krishna and Mishra, "Efficient Linearizability
    Monitoring", PLDI 2025: sets in n log n or n, where an item is added once. Jackson,
    "Scheduling a Production Line to Minimize Maximum Tardiness", 1955: of jobs that can
    stand in for each other the one with the earliest deadline goes first.

An item is in or out. Who adds what was not there, or removes what was, changes that,
and the two take turns; all others only look. So nothing is done before it must be. When
an operation ends that could not be done yet, the item is first put where it needs to
be, by the one who can do that and ends soonest; and all who wait to see this see it.
Waiting never harms: whoever is not done may be done later, until its end. Costs
n log n.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf

from distlab.check.finding import Finding, Operations, told
from distlab.check.moments import Moments, moments, moments_in_turn
from distlab.check.smallest import smallest
from distlab.history import Operation


def member(ops: Operations) -> Finding | None:
    """Whether these adds, removes and looks (`contains`) are of one item of a set.

    None where somebody was not told whether the item was there.
    """
    if not all(op.f in CHANGED and told_whether(op) for op in ops):
        return None
    times = moments(ops)
    turns = Turns(ops, times)
    if turns.late is not None:
        return Finding("invalid", turns.argument(), evidence(ops, times, turns.late))
    if times.crowds:
        turns = Turns(ops, moments_in_turn(ops))
        if turns.late is not None:
            return None
    return Finding("valid", order=tuple(ops[i] for i in turns.order))


CHANGED = {"add": True, "remove": False, "contains": None}  # where the item is then


def told_whether(op: Operation) -> bool:
    """Whether the answer says where the item was, if there was one."""
    return isinstance(op.result, bool) or op.outcome == "info"


def leaves(op: Operation) -> bool | None:
    """Where an operation puts the item; None if it only looks."""
    return CHANGED[op.f] if op.outcome == "info" or op.result else None


def sees(op: Operation) -> bool:
    """Where somebody who only looks has seen the item: in or out."""
    return (op.f == "add") is not op.result


class Turns:
    """What must be done at each end, and no sooner."""

    def __init__(self, ops: Operations, times: Moments):
        self.ops, self.ends = ops, times.ends
        self.there = False
        self.order: list[int] = []
        self.done: dict[int, None] = {}
        self.waiting: dict[bool, list[int]] = {True: [], False: []}  # to see it there
        self.ready: dict[bool, list[tuple[float, int]]] = {True: [], False: []}
        self.late: int | None = None  # who could not be done in time
        rows: list[tuple[float, int, int]]
        rows = [(at, 0, i) for i, at in enumerate(times.calls)]
        rows += [(at, 1, i) for i, at in enumerate(times.ends) if at < inf]
        for _, ended, i in sorted(rows):
            if not ended:
                self.call(i)
            elif i not in self.done and not self.end(i):
                self.late = i
                return

    def call(self, i: int) -> None:
        """Somebody comes who changes something, or who looks."""
        put = leaves(self.ops[i])
        if put is not None:
            heappush(self.ready[put], (self.ends[i], i))
        elif sees(self.ops[i]) == self.there:
            self.do(i)
        else:
            self.waiting[sees(self.ops[i])].append(i)

    def end(self, i: int) -> bool:
        """Somebody has to be done now; False if that cannot be."""
        put = leaves(self.ops[i])
        if put is None:
            return self.change(sees(self.ops[i]))
        if put == self.there and not self.change(not put):
            return False
        self.put(i)
        return True

    def change(self, there: bool) -> bool:
        """Let the most urgent of those who can put the item there do it."""
        ready = self.ready[there]
        while ready:
            _, i = heappop(ready)
            if i not in self.done:
                self.put(i)
                return True
        return False

    def put(self, i: int) -> None:
        """Change where the item is; those who waited for this see it."""
        self.there = not self.there
        self.do(i)
        for one in self.waiting[self.there]:
            self.do(one)
        self.waiting[self.there] = []

    def do(self, i: int) -> None:
        """Somebody is done."""
        self.done[i] = None
        self.order.append(i)

    def argument(self) -> str:
        """Why somebody could not be done in time."""
        assert self.late is not None
        where, changed = ("in", "removed") if self.there else ("out", "added")
        why = f"nobody can have {changed} it before that"
        changes = [i for i in self.order if leaves(self.ops[i]) is not None]
        if changes:
            why = f"it was {where} since {told(self.ops[changes[-1]])}, and {why}"
        return f"{told(self.ops[self.late])}, but {why}."


def evidence(ops: Operations, times: Moments, late: int) -> Operations:
    """Who changed something until then, and those who look that cannot be left out."""
    rows = [i for i, at in enumerate(times.calls) if at <= times.ends[late]]
    changes = tuple(i for i in rows if leaves(ops[i]) is not None)
    looks = tuple(i for i in rows if leaves(ops[i]) is None)

    def those(some: tuple[int, ...]) -> Operations:
        return tuple(ops[i] for i in sorted((*changes, *some)))

    def wrong(some: tuple[int, ...]) -> bool:
        return Turns(those(some), moments(those(some))).late is not None

    return those(()) if wrong(()) else those(smallest(looks, wrong))
