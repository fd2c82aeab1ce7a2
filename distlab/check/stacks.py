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

from distlab.check.containers import Container, Inside, Item, Items, Wrong, judged
from distlab.check.emptiness import Stays, stays
from distlab.check.finding import Finding, Operations, told
from distlab.check.maxima import Maxima, Spans
from distlab.check.smallest import smallest


def stack(ops: Operations) -> Finding | None:
    """Whether these are pushes to, and pops from, a stack that is empty at first.

    None where items are pushed twice, or where this does not tell.
    """
    return judged(ops, STACK)


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
    until = "on"
    if last.take >= 0:
        until = f"to {ops[last.take].when(ops[last.take].invoked_us)}"
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


class Under:
    """Items that are under others, and when the first of them is popped."""

    def __init__(self, items: Items):
        self.by_end = sorted(items, key=lambda item: item.put_end)
        self.by_pop = sorted(range(len(items)), key=lambda n: -self.by_end[n].take_call)
        self.place = {n: at for at, n in enumerate(self.by_pop)}
        self.calls = [-self.by_end[n].take_call for n in self.by_pop]
        self.soonest = Maxima([-inf] * len(items))
        self.pushed = 0

    def those(self, pushed: float, there: float) -> int:
        """How many of `by_pop` were inside at a moment, if pushed before another.

        `soonest` has those that were; ask for later and later ones.
        """
        by_end = self.by_end
        while self.pushed < len(by_end) and by_end[self.pushed].put_end < pushed:
            popped = by_end[self.pushed].take_end
            self.soonest.put(self.place[self.pushed], -popped)
            self.pushed += 1
        return bisect_left(self.calls, -there)


def crossing(items: Items) -> tuple[Item, Item] | None:
    """An item, and one that went in and came out after it, if there are two."""
    under = Under(items)
    for over in sorted(items, key=lambda item: item.put_call):
        still = under.those(over.put_call, over.put_end)
        at = under.soonest.last(still, 1 - min(over.take_call, MOST))
        if at >= 0:
            return under.by_end[under.by_pop[at]], over
    return None


def due(lost: Items, items: Items) -> list[float]:
    """When each lost item must have come out, for those under it that did."""
    under, found = Under(items), [inf] * len(lost)
    for n in sorted(range(len(lost)), key=lambda n: lost[n].put_call):
        still = under.those(lost[n].put_call, lost[n].put_end)
        found[n] = -under.soonest.most(still)
    return found


def must_leave(item: Item, other: Item) -> bool:
    """Whether the one must come out before the other can."""
    return other.put_end < item.put_call and item.put_end < other.take_call


MOST = 2**62  # later than all that ever ended
STACK = Container("push", "pop", arrange, must_leave, due)
