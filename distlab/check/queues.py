"""Queues whose items all differ: first in, first out, by two sorts.

Source
    Henzinger, Sezgin and Vafeiadis, "Aspect-Oriented Linearizability Proofs", CONCUR
    2013, section 3: a queue is wrong if something comes from nowhere, twice, out of
    order, or is not seen by one who finds nothing; otherwise it is right. Lee and
    Mathur, "Efficient Decrease-and-Conquer Linearizability Monitoring", OOPSLA 2025:
    that this can be found in n log n.

One item comes before another if its enqueue had ended before the other's was called, or
its dequeue. With one of either and against each other, the queue is wrong. If there are
no two such items, there are no longer rings either, and some item can always go first.
Who found nothing did so at a moment at which nothing certainly was inside; what comes
before that moment is a queue by itself, and so is what comes after it.
"""

from __future__ import annotations

from bisect import bisect_left
from heapq import heappop, heappush
from math import inf

from distlab.check.containers import (
    Container,
    Inside,
    Item,
    Items,
    Wrong,
    judged,
    soonest_after,
)
from distlab.check.emptiness import Stays
from distlab.check.finding import Finding, Operations, told


def queue(ops: Operations) -> Finding | None:
    """Whether these are enqueues to, and dequeues from, a queue that is empty at first.

    None where items are enqueued twice, or where this does not tell.
    """
    return judged(ops, QUEUE)


def arrange(inside: Inside) -> list[int]:
    """An order that explains what came out. Raises `Wrong` if there is none."""
    first_in_first_out(inside)
    stays = Stays(inside)
    looks = sorted((stays.empty_at(look), look.op) for look in inside.looks)
    moments = sorted({at for at, _ in looks})
    parts = [bisect_left(moments, item.take_call) for item in inside.items]
    cut = [between(i, n, moments) for i, n in zip(inside.items, parts, strict=True)]
    row = in_order(cut)
    events: list[tuple[float, int, int, int]] = []  # when, which part, which item
    put_at = take_at = 0.0
    for n in row:
        item = cut[n]
        put_at = max(put_at, item.put_call)
        take_at = max(take_at, item.take_call, put_at)
        events.append((put_at, 2 * parts[n], len(events), item.put))
        if item.take >= 0:
            events.append((take_at, 2 * parts[n], len(events), item.take))
    for at, op in looks:
        events.append((at, 2 * bisect_left(moments, at) + 1, len(events), op))
    return [op for *_, op in sorted(events)]


def first_in_first_out(inside: Inside) -> None:
    """Raise `Wrong` if of two items the first in was not the first out."""
    by_end = sorted(inside.items, key=lambda item: item.put_end)
    last: Item | None = None  # to be taken, of those that were in already
    n = 0
    for item in sorted(inside.items, key=lambda item: item.put_call):
        while by_end[n].put_end < item.put_call:
            if last is None or by_end[n].take_call > last.take_call:
                last = by_end[n]
            n += 1
        if last and item.take_end < last.take_call:
            tell(inside, last, item)


def tell(inside: Inside, first: Item, second: Item) -> None:
    """Raise `Wrong`: the first of two items was taken after the second, or never."""
    put, take, other_put, other_take = (
        told(inside.ops[i]) for i in (first.put, first.take, second.put, second.take)
    )
    late = f"{take} after that" if first.take >= 0 else "nobody had taken the first"
    why = f"{put} before {other_put}, and {late}"
    about = [i for i in (*first[:2], *second[:2]) if i >= 0]
    raise Wrong(f"{other_take}, but {why}.", *about)


def between(item: Item, part: int, moments: list[float]) -> Item:
    """The item within the part of time before `moments[part]`, and after the last."""
    begin = moments[part - 1] if part else 0
    end = moments[part] if part < len(moments) else inf
    return item._replace(
        put_call=max(begin, item.put_call),
        put_end=min(end, item.put_end),
        take_call=max(begin, item.take_call),
        take_end=min(end, item.take_end),
    )


def in_order(items: list[Item]) -> list[int]:
    """The items, each after all that come before it by enqueue or by dequeue."""
    every = range(len(items))
    waiting = sorted(every, key=lambda n: -items[n].put_call)  # the first is the last
    put_ends = sorted(every, key=lambda n: -items[n].put_end)
    take_ends = sorted(every, key=lambda n: -items[n].take_end)
    ready: list[tuple[float, int]] = []  # as far as enqueues go
    gone: dict[int, None] = {}
    while len(gone) < len(items):
        for ends in (put_ends, take_ends):
            while ends[-1] in gone:
                ends.pop()
        while waiting and items[waiting[-1]].put_call <= items[put_ends[-1]].put_end:
            n = waiting.pop()
            heappush(ready, (items[n].take_call, n))
        gone[heappop(ready)[1]] = None
    return list(gone)


def must_leave(item: Item, other: Item) -> bool:
    """Whether the one must come out before the other can."""
    return item.put_end < other.put_call


def due(lost: Items, items: Items) -> list[float]:
    """When each lost item must have come out, for those that did."""
    soonest = soonest_after((item.put_call, item.take_end) for item in items)
    return [soonest(item.put_end) for item in lost]


QUEUE = Container("enqueue", "dequeue", arrange, must_leave, due)
