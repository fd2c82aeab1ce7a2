"""Queues and stacks whose items all differ: what went in, what came out, and when.

Source
    Bouajjani, Emmi, Enea and Hamza, "On Reducing Linearizability to State
    Reachability", Information and Computation 261, 2018: an item that nobody can tell
    from others is followed by itself.

Here the operations are put together to items, for `check.queues` and `check.stacks`. An
item is certainly inside from the end of its put to the call of its take. What somebody
tried to put in without an answer, and nobody took out, need not have happened.

Two things no algorithm on moments decides: which of the items that nobody took out went
to an operation without an answer, and the order of processes that crowd into a moment.
So it is asked twice. First all is allowed that may be: if that is wrong, so is the
history. Then one choice is made: if that is right, so is the history. What is between
is for the search.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple, NoReturn

from distlab.check.finding import Finding, Operations, told
from distlab.check.moments import Moments, moments, moments_in_turn


class Item(NamedTuple):
    """One thing that went in, and when it may have gone in and come out."""

    put: int  # the operations, by their places in the history
    take: int  # -1: nobody is known to have taken it
    put_call: float
    put_end: float
    take_call: float
    take_end: float


class Look(NamedTuple):
    """An operation that has found nothing inside."""

    op: int
    call: float
    end: float


class Inside(NamedTuple):
    """All that is known of a container."""

    ops: Operations
    items: list[Item]
    looks: list[Look]


class Wrong(Exception):
    """This cannot have been: a sentence, and the operations that it speaks of."""

    def __init__(self, reason: str, *ops: int):
        super().__init__(reason)
        self.reason, self.ops = reason, ops


class Container(NamedTuple):
    """How one kind of container is judged."""

    put: str
    take: str
    arrange: Callable[[Inside], list[int]]  # an order that explains, or raises `Wrong`
    must_leave: Callable[[Item, Item], bool]  # the one, before the other can


def judged(ops: Operations, container: Container) -> Finding | None:
    """What the algorithm finds out, where it can."""
    if any(op.f not in (container.put, container.take) for op in ops):
        return None
    matched = Matched(ops, container)
    if not matched.unique:
        return None
    times = moments(ops)
    try:
        matched.look_for_strangers()
        order = container.arrange(matched.all_allowed(times))
    except Wrong as wrong:
        evidence = sorted(set(wrong.ops))
        return Finding("invalid", wrong.reason, tuple(ops[i] for i in evidence))
    if matched.unanswered or times.crowds:
        try:
            order = container.arrange(matched.one_choice(moments_in_turn(ops)))
        except Wrong:
            return None
    return Finding("valid", order=tuple(ops[i] for i in order))


class Matched:
    """What was put in and taken out, by item."""

    def __init__(self, ops: Operations, container: Container):
        self.ops, self.container = ops, container
        self.puts: dict[Any, int] = {}
        self.takes: dict[Any, list[int]] = defaultdict(list)
        self.empty: list[int] = []  # those that found nothing
        self.unanswered: list[int] = []  # those that may have taken anything
        for i, op in enumerate(ops):
            if op.f == container.put:
                self.puts[op.args[-1]] = i
            elif op.outcome == "info":
                self.unanswered.append(i)
            elif op.result is None:
                self.empty.append(i)
            else:
                self.takes[op.result].append(i)

    @property
    def unique(self) -> bool:
        """Whether each item can be told from all others, and from nothing."""
        puts = sum(op.f == self.container.put for op in self.ops)
        return len(self.puts) == puts and None not in self.puts

    def look_for_strangers(self) -> None:
        """Raise `Wrong` for what was taken twice, or had not been put in at all."""
        ops = self.ops
        for item, takes in self.takes.items():
            one, put = takes[0], self.puts.get(item)
            if put is None:
                raise Wrong(f"{told(ops[one])}, which nobody had put in.", one)
            if len(takes) > 1:
                why = f"{told(ops[takes[1]])}: it went in once"
                raise Wrong(f"{told(ops[one])}, and {why}.", put, *takes[:2])

    def all_allowed(self, times: Moments) -> Inside:
        """What nobody took, each of those without an answer may have taken."""
        calls = [times.calls[i] for i in self.unanswered]
        return self.inside(times, {}, min(calls, default=inf))

    def one_choice(self, times: Moments) -> Inside:
        """What is in the way was taken by those without an answer, in their order."""
        inside = self.inside(times, {}, inf)
        left = [item for item in inside.items if item.take < 0]
        if not self.unanswered or len(left) * len(inside.items) > MOST:
            return inside
        due = [(self.due(item, inside), n) for n, item in enumerate(left)]
        urgent = [left[n].put for end, n in sorted(due) if end < inf]
        by_call = sorted(self.unanswered, key=lambda i: times.calls[i])
        return self.inside(times, dict(zip(urgent, by_call, strict=False)), inf)

    def due(self, item: Item, inside: Inside) -> float:
        """When this item must have left at the latest."""
        must_leave = self.container.must_leave
        ends = [other.take_end for other in inside.items if must_leave(item, other)]
        looks = [look.end for look in inside.looks if item.put_end < look.call]
        return min((*ends, *looks), default=inf)

    def inside(self, times: Moments, taken: dict[int, int], left_call: float) -> Inside:
        """The items, of which some were taken by those of which nobody knows.

        Raises `Wrong` for one that was taken before it was put in.
        """
        calls, ends, _ = times
        items = []
        for item, put in self.puts.items():
            takes = self.takes.get(item)
            if takes or self.ops[put].outcome == "ok":
                take = takes[0] if takes else taken.get(put, -1)
                call, end = (calls[take], ends[take]) if take >= 0 else (left_call, inf)
                if end < calls[put]:
                    why = f"{told(self.ops[take])}, but {told(self.ops[put])}, later."
                    raise Wrong(why, take, put)
                span = min(ends[put], end), max(call, calls[put])
                items.append(Item(put, take, calls[put], *span, end))
        looks = [Look(i, calls[i], ends[i]) for i in self.empty]
        return Inside(self.ops, items, looks)


# ------------------------------------------------------------------- when it was empty
class Stays:
    """The times at which something certainly was inside, joined where they overlap."""

    def __init__(self, inside: Inside):
        self.inside = inside
        self.begins: list[float] = []
        self.ends: list[float] = []
        for item in sorted(filter(stays, inside.items), key=lambda item: item.put_end):
            if self.ends and item.put_end < self.ends[-1]:
                self.ends[-1] = max(self.ends[-1], item.take_call)
            else:
                self.begins.append(item.put_end)
                self.ends.append(item.take_call)

    def empty_at(self, look: Look) -> float:
        """The first moment at which it may have found nothing. Raises `Wrong`."""
        at = bisect_left(self.begins, look.call) - 1
        moment = max(look.call, self.ends[at]) if at >= 0 else look.call
        if moment > look.end:
            self.tell(look)
        return moment

    def tell(self, look: Look) -> NoReturn:
        """What was inside for all the time of an operation that found nothing."""
        ops, there, until = self.inside.ops, [], look.call
        while until <= look.end:
            before = [item for item in self.inside.items if item.put_end < until]
            there.append(max(before, key=lambda item: item.take_call))
            until = there[-1].take_call
        about = [i for item in there for i in (item.put, item.take) if i >= 0]
        rows = [
            f"{told(ops[item.put])} and {told(ops[item.take])}"
            if item.take >= 0
            else f"{told(ops[item.put])}, and nobody took it"
            for item in there
        ]
        why = f"something was inside all the time: {'; '.join(rows)}"
        raise Wrong(f"{told(ops[look.op])}, but {why}.", look.op, *about)


def stays(item: Item) -> bool:
    """Whether it certainly was inside for a while."""
    return item.put_end < item.take_call


MOST = 10**6  # pairs to look at
