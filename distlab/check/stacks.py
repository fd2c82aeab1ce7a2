"""Stacks whose items all differ: last in, first out, taken apart from the outside.

Source
    Lee and Mathur, "Efficient Decrease-and-Conquer Linearizability Monitoring", OOPSLA
    2025: take out one item after another without which the stack is right if and only
    if it was right before. Which items these are is our own way to say it, found anew;
    Abdulla, Grahn, Jonsson, Krishna and Mishra, "Efficient Linearizability Monitoring",
    PLDI 2025, show that earlier rules were wrong. The tests compare ours with brute
    force on all small histories.

An item that may be popped as it is pushed can be left out: both are done at once. Any
other is certainly inside from the end of its push to the call of its pop. If there is a
moment during its push, and one during its pop, at which nothing else certainly is
inside, then it can go in before all that is inside between, and come out after that: it
can be left out too. Then less is inside, and others can go. If some are left in the end
the stack is wrong: of what is inside without a pause, something went in first, and must
come out last. Costs n log n in trees of maxima, as long as few items wait for others.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import inf
from typing import NoReturn

from distlab.check.containers import (
    Container,
    Inside,
    Item,
    Stays,
    Wrong,
    judged,
    stays,
)
from distlab.check.finding import Finding, Operations, told
from distlab.check.smallest import smallest


def stack(ops: Operations) -> Finding | None:
    """Whether these are pushes to, and pops from, a stack that is empty at first.

    None where items are pushed twice, or where this does not tell.
    """
    return judged(ops, STACK)


class Maxima:
    """Numbers in a row, of which the last that is large enough is found in log n."""

    def __init__(self, numbers: Sequence[float]):
        self.size = 1 << len(numbers).bit_length()
        rest = [-inf] * (self.size - len(numbers))
        self.tree = [-inf] * self.size + [*numbers, *rest]
        for i in range(self.size - 1, 0, -1):
            self.tree[i] = max(self.tree[2 * i], self.tree[2 * i + 1])

    def last(self, end: int, least: float) -> int:
        """The last place before `end` with at least this number; -1: there is none."""
        i, tree, size = end + self.size, self.tree, self.size
        while i > 1:
            if i % 2 == 0:
                i //= 2
            elif tree[i - 1] < least:
                i -= 1
            else:
                i -= 1
                while i < size:
                    i = 2 * i + (tree[2 * i + 1] >= least)
                return i - size
        return -1

    def put(self, place: int, number: float) -> None:
        """Change one number."""
        i, tree = place + self.size, self.tree
        tree[i] = number
        while i > 1:
            i //= 2
            tree[i] = max(tree[2 * i], tree[2 * i + 1])


class Spans:
    """Spans of time, of which one that contains a moment is found in log n."""

    def __init__(self, spans: Sequence[tuple[float, float]]):
        self.row = sorted(range(len(spans)), key=lambda n: spans[n][0])
        self.place = {n: place for place, n in enumerate(self.row)}
        self.begins = [spans[n][0] for n in self.row]
        self.ends = Maxima([spans[n][1] for n in self.row])

    def around(self, moment: float) -> int:
        """The last to begin of those that have the moment inside; -1: there is none."""
        if moment == inf:
            return -1
        place = self.ends.last(bisect_left(self.begins, moment), moment + 1)
        return self.row[place] if place >= 0 else -1

    def at(self, moment: float) -> int:
        """The same, but the moment may also be one of its ends."""
        place = self.ends.last(bisect_right(self.begins, moment), moment)
        return self.row[place] if place >= 0 else -1

    def remove(self, n: int) -> None:
        """Never find this one again."""
        self.ends.put(self.place[n], -inf)


class Peeled:
    """Items that stay inside, taken out from the outside as far as they can be."""

    def __init__(self, items: Sequence[Item]):
        self.items = items
        self.gone: dict[int, None] = {}  # items, in the order in which they went
        self.moments = sorted({at for i in items for at in (i.put_end, i.take_call)})
        self.free: dict[float, int] = {}  # moments, and how many items had gone
        self.inside = Spans([(item.put_end, item.take_call) for item in items])
        self.pushes = Spans([(item.put_call, item.put_end) for item in items])
        self.pops = Spans([(item.take_call, item.take_end) for item in items])
        self.waits = [2] * len(items)  # for such a moment: to go in, and to come out
        self.watch: dict[int, list[float]] = defaultdict(list)
        todo = [at for at in self.moments if not self.is_inside(at)]
        while todo:
            moment = todo.pop()
            self.free[moment] = len(self.gone)
            for n in self.released(moment):
                again = self.watch.pop(n, [])
                todo += [at for at in again if not self.is_inside(at)]

    def is_inside(self, moment: float) -> bool:
        """Whether something is; if so that is asked again when this one has gone."""
        n = self.inside.around(moment)
        if n >= 0:
            self.watch[n].append(moment)
        return n >= 0

    def released(self, moment: float) -> Iterator[int]:
        """The items that can go now that nothing else is inside at a moment."""
        for spans in (self.pushes, self.pops):
            while (n := spans.at(moment)) >= 0:
                spans.remove(n)
                self.waits[n] -= 1
                if not self.waits[n]:
                    self.gone[n] = None
                    self.inside.remove(n)
                    yield n

    def left(self) -> list[Item]:
        """The items that cannot go."""
        return [item for n, item in enumerate(self.items) if n not in self.gone]

    def in_and_out(self) -> Iterator[tuple[Item, float, float]]:
        """The items as they went, each as long inside as it has to be."""
        at = self.moments
        before = Maxima([-self.free[moment] for moment in at])
        after = Maxima([-self.free[moment] for moment in reversed(at)])
        for step, n in enumerate(self.gone):
            item = self.items[n]
            pushed = before.last(bisect_right(at, item.put_end), -step)
            popped = after.last(len(at) - bisect_left(at, item.take_call), -step)
            yield item, at[pushed], at[len(at) - 1 - popped]


def arrange(inside: Inside) -> list[int]:
    """An order that explains what came out. Raises `Wrong` if there is none."""
    empty = Stays(inside)
    looks = [(empty.empty_at(look), look.op) for look in inside.looks]
    peeled = Peeled(list(filter(stays, inside.items)))
    if left := peeled.left():
        tell(inside, left)
    # at one moment: out from the inside, what takes no time, in from the outside
    events: list[tuple[float, int, int, int]] = []
    for step, (item, pushed, popped) in enumerate(peeled.in_and_out()):
        events.append((pushed, 2, step, item.put))
        events.append((popped, 0, -step, item.take))
    for moment, op in looks:
        events.append((moment, 1, len(events), op))
    for item in inside.items:
        if not stays(item):
            moment = max(item.put_call, item.take_call)
            events.append((moment, 1, len(events), item.put))
            events.append((moment, 1, len(events), item.take))
    return [op for *_, op in sorted(events) if op >= 0]


def tell(inside: Inside, left: list[Item]) -> NoReturn:
    """Raise `Wrong` for items of which none can be left out."""
    if pair := crossing(left):
        least: tuple[Item, ...] = pair
        under, over = pair
        take, put, other = (
            told(inside.ops[i]) for i in (under.take, over.put, under.put)
        )
        late = f"{told(inside.ops[over.take])} after that" if over.take >= 0 else ""
        rest = late or "nobody had taken that one"
        why = f"{take}, but {put} after {other}, and {rest}."
    else:
        least = smallest(tuple(left), lambda some: bool(Peeled(some).left()))
        why = none_goes_around(inside.ops, least)
    raise Wrong(why, *(i for item in least for i in (item.put, item.take) if i >= 0))


def none_goes_around(ops: Operations, items: Sequence[Item]) -> str:
    """Why no item went in before the others and came out after them."""
    first = min(items, key=lambda item: item.put_end)
    last = max(items, key=lambda item: item.take_call)
    until = "on" if last.take < 0 else f"to {ops[last.take].invoked_ms:g} ms"
    late = [item.put for item in items if item.put_call > first.put_end]
    early = [
        item.take
        for item in items
        if item.put_call <= first.put_end and item.take_end < last.take_call
    ]
    rows = [f"{told(ops[i])} too late" for i in late]
    rows += [f"{told(ops[i])} too early" for i in early]
    return (
        f"From {ops[first.put].ended_ms:g} {until} something was inside without a "
        f"pause, so one item went in before that and came out after. None can have: "
        f"{', '.join(rows)}."
    )


def crossing(items: list[Item]) -> tuple[Item, Item] | None:
    """An item, and one that went in and came out after it, if there are two."""
    by_end = sorted(items, key=lambda item: item.put_end)
    by_pop = sorted(range(len(items)), key=lambda n: -by_end[n].take_call)
    place = {n: at for at, n in enumerate(by_pop)}
    calls = [-by_end[n].take_call for n in by_pop]
    pushed, soonest = 0, Maxima([-inf] * len(items))
    for over in sorted(items, key=lambda item: item.put_call):
        while by_end[pushed].put_end < over.put_call:
            soonest.put(place[pushed], -by_end[pushed].take_end)
            pushed += 1
        still = bisect_left(calls, -over.put_end)  # not popped before this was pushed
        at = soonest.last(still, 1 - over.take_call if over.take_call < inf else -MOST)
        if at >= 0:
            return by_end[by_pop[at]], over
    return None


def must_leave(item: Item, other: Item) -> bool:
    """Whether the one must come out before the other can."""
    return other.put_end < item.put_call and item.put_end < other.take_call


MOST = 2.0**1000  # less than for ever
STACK = Container("push", "pop", arrange, must_leave)
