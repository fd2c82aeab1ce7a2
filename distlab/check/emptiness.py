"""When a container may have been empty, by the items that certainly were inside.

Source
    Henzinger, Sezgin and Vafeiadis, "Aspect-Oriented Linearizability Proofs", CONCUR
    2013, section 3: who finds nothing is wrong if at each moment of the operation one
    item or another certainly was inside.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NoReturn

from distlab.check.containers import Inside, Item, Look, Wrong
from distlab.check.finding import told


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
