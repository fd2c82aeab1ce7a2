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

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from math import inf
from typing import Any, NamedTuple, NoReturn

from distlab.check.finding import Finding, Operations, told
from distlab.check.moments import Moments, moments, moments_in_turn
from distlab.check.versions import counted


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


class Due(NamedTuple):
    """What nobody is known to have taken, and must have been taken by then."""

    end: float
    put: int


class Inside(NamedTuple):
    """All that is known of a container."""

    ops: Operations
    items: list[Item]
    looks: list[Look]


Items = Sequence[Item]


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
    due: Callable[[Items, Items], list[float]]  # when the ones must leave, for others


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
        matched.urgent(times)
    except Wrong as wrong:
        evidence = sorted(set(wrong.ops))
        return Finding("invalid", wrong.reason, tuple(ops[i] for i in evidence))
    if matched.unanswered or times.crowds:
        try:
            order = matched.guessed(moments_in_turn(ops))
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

    def guessed(self, times: Moments) -> list[int]:
        """An order that explains, if the items that are in the way were taken.

        Each by the first that was called of those without an answer, the most urgent
        item first. What is in the way even so must have been taken sooner. Raises
        `Wrong` if that does not lead to an order soon.
        """
        urgent = {due.put: due.end for due in self.urgent(times)}
        takers = self.takers(times)
        for _ in range(TRIES):
            in_turn = sorted(urgent, key=lambda put: (urgent[put], put))
            taken = dict(zip(in_turn, takers, strict=False))
            try:
                return self.container.arrange(self.inside(times, taken, inf))
            except Wrong as wrong:
                lost = [i for i in wrong.ops if self.is_lost(i)]
                if not lost:
                    raise
                for put in lost:
                    late = times.calls[taken[put]] if put in taken else inf
                    ends = (times.ends[i] for i in wrong.ops)
                    urgent[put] = max((end for end in ends if end < late), default=0)
        raise Wrong("No guess was right.")

    def takers(self, times: Moments) -> list[int]:
        """Those without an answer, in the order of their calls."""
        return sorted(self.unanswered, key=lambda i: times.calls[i])

    def is_lost(self, i: int) -> bool:
        """Whether this operation put in what nobody is known to have taken."""
        op = self.ops[i]
        return op.f == self.container.put and op.args[-1] not in self.takes

    def urgent(self, times: Moments) -> list[Due]:
        """What must have been taken by those without an answer, and until when.

        Raises `Wrong` if they are too few.
        """
        inside = self.inside(times, {}, inf)
        lost = [item for item in inside.items if item.take < 0]
        looked = soonest_after((look.call, look.end) for look in inside.looks)
        ends = zip(self.container.due(lost, inside.items), lost, strict=True)
        rows = [Due(min(end, looked(item.put_end)), item.put) for end, item in ends]
        urgent = sorted(row for row in rows if row.end < inf)
        takers = self.takers(times)
        for n, due in enumerate(urgent):
            if n == len(takers) or times.calls[takers[n]] > due.end:
                self.too_few(urgent[: n + 1], takers[:n], inside)
        return urgent

    def too_few(self, urgent: list[Due], takers: list[int], inside: Inside) -> NoReturn:
        """More items had to be out than can have been taken."""
        must_leave, about = self.container.must_leave, []
        lost = {item.put: item for item in inside.items}
        for end, put in urgent:
            about += [
                (item.take, item.put, put)
                for item in inside.items
                if item.take_end == end and must_leave(lost[put], item)
            ] + [
                (look.op, put)
                for look in inside.looks
                if look.end == end and lost[put].put_end < look.call
            ]
        many, few = counted(len(urgent), "item"), len(takers)
        why = f"By then {many} had to be out that nobody is known to have taken"
        if few:
            why = f"{why}, and only {few} without an answer had been called"
        ops = [i for group in about for i in group]
        raise Wrong(f"{told(self.ops[about[-1][0]])}. {why}.", *takers, *ops)

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


def soonest_after(spans: Iterable[tuple[float, float]]) -> Callable[[float], float]:
    """When the first of those ends that are called after a moment."""
    rows = sorted(spans)
    calls = [call for call, _ in rows]
    ends = list(accumulate((end for _, end in reversed(rows)), min, initial=inf))[::-1]
    return lambda moment: ends[bisect_right(calls, moment)]


TRIES = 20  # of guesses what the unanswered took
