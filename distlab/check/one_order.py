"""One order of all objects' operations, from an order for each object.

Source
    Herlihy and Wing, TOPLAS 12(3), 1990, Theorem 1: locality. Each operation is put at
    the first moment that its call and those before it in its object allow; by these
    moments the orders are merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import groupby, pairwise
from operator import itemgetter
from typing import NamedTuple

from distlab.check.finding import Operations
from distlab.history import Operation


class Placed(NamedTuple):
    """An operation, when it happened, and in which object."""

    at_us: int
    row: int
    op: Operation


def merged(orders: Sequence[Operations], ops: Iterable[Operation]) -> Operations | None:
    """One order that holds each of these, in real time; `ops`: all, as they are called.

    None if there is none where several processes each end one operation and call the
    next, all in the same microsecond: only there can objects not be judged one by one.
    """
    if len(orders) == 1:
        return orders[0]
    called = {id(op): i for i, op in enumerate(ops)}
    placed = [at for row, order in enumerate(orders) for at in in_time(row, order)]
    found: list[Operation] = []
    for _, group in groupby(sorted(placed, key=itemgetter(0)), key=itemgetter(0)):
        try:
            found += at_one_moment(list(group), called)
        except CycleError:
            return None
    return tuple(found)


def in_time(row: int, order: Operations) -> list[Placed]:
    """Each operation at the first moment that it may have had."""
    now_us, placed = -1, []
    for op in order:
        now_us = max(now_us, op.invoked_us)
        placed.append(Placed(now_us, row, op))
    return placed


def at_one_moment(group: Sequence[Placed], called: dict[int, int]) -> list[Operation]:
    """The operations of one moment, by their objects and processes."""
    if len({at.op.process for at in group}) == len(group):
        return [at.op for at in group]
    ops = [at.op for at in group]
    after: TopologicalSorter[int] = TopologicalSorter()
    for n, (one, other) in enumerate(pairwise(group)):
        after.add(n + 1, *([n] if one.row == other.row else []))
    turns = sorted(range(len(ops)), key=lambda n: called[id(ops[n])])
    last: dict[str, int] = {}
    for n in turns:
        after.add(n, *([last[ops[n].process]] if ops[n].process in last else []))
        if ops[n].outcome == "ok":
            last[ops[n].process] = n
    return [ops[n] for n in after.static_order()]
