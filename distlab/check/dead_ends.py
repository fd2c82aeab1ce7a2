"""Why no order explains a few operations: where each order comes to its end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from distlab.check.finding import Operations, named, shown, told
from distlab.check.kinds import NEVER, kinds_of
from distlab.check.versions import counted
from distlab.machine import Machine

MOST = 4  # orders that are told
FEW = 12  # operations: orders of more would be too much to read
LOOKED_AT = 500  # beginnings of orders


class Orders:
    """The orders of a few operations of one object that real time allows."""

    def __init__(self, ops: Operations, machine: Machine, keyed: bool):
        self.ops, self.machine = ops, machine
        self.kinds = kinds_of(ops, machine, keyed)
        self.before = [
            [j for j in range(len(ops)) if precedes(ops, j, i)] for i in range(len(ops))
        ]
        self.left = LOOKED_AT

    def dead_ends(self) -> list[str]:
        """Where they end, each told once."""
        return list(dict.fromkeys(self.following((), self.machine.initial)))

    def following(self, path: tuple[int, ...], state: Any) -> Iterator[str]:
        """The dead ends behind this one."""
        self.left -= 1
        here = [i for i in range(len(self.ops)) if self.may(i, path)]
        after = {i: self.kinds[i].applied(state) for i in here}
        definite = [i for i in here if not self.kinds[i].open]
        fit = [i for i in definite if after[i] is not NEVER]
        looks = [i for i in fit if self.kinds[i].looks]
        perhaps = [i for i in here if self.kinds[i].open and after[i] != state]
        for i in looks[:1] or fit + perhaps:
            if self.left > 0:
                yield from self.following((*path, i), after[i])
        if not fit:
            yield self.told(path, state, definite)

    def may(self, i: int, path: tuple[int, ...]) -> bool:
        """Whether it may be next."""
        return i not in path and all(before in path for before in self.before[i])

    def told(self, path: tuple[int, ...], state: Any, stuck: list[int]) -> str:
        """What has happened, and what cannot be next."""
        wrote = [named(self.ops[i]) for i in path if not self.kinds[i].looks]
        after = f"After {', then '.join(wrote)}" if wrote else "At first"
        would = " and ".join(
            f"{named(self.ops[i])} gives {shown(self.kinds[i].given(state))}, not "
            f"{shown(self.ops[i].result)}"
            for i in stuck
        )
        return f"{after}, {would}."


def precedes(ops: Operations, one: int, other: int) -> bool:
    """Whether one had ended before the other was called, if only in its own process."""
    first, later = ops[one], ops[other]
    if first.outcome != "ok":
        return False
    if first.process == later.process and first.invoked_us == later.invoked_us:
        return one < other  # it took no time at all
    return first.before(later)


def argument(ops: Operations, machine: Machine, keyed: bool) -> str:
    """Why these operations are wrong: what comes of each order, if these are few."""
    last = max((op for op in ops if op.outcome == "ok"), key=lambda op: op.invoked_us)
    alone = (
        f"No order of these {counted(len(ops), 'operation')} that real time allows "
        f"explains that {told(last)}."
    )
    orders = Orders(ops, machine, keyed)
    ends = orders.dead_ends() if len(ops) <= FEW else []
    few = 0 < len(ends) <= MOST and orders.left > 0
    return " ".join([alone, *ends]) if few else alone
