"""What makes no sense without what: for leaving operations out of a bad history.

A part of a history may be shown as evidence only if leaving out the rest cannot have
made it wrong. What only looked can always go. The write that a read saw may not, nor
any that it may have seen; an item goes in and out of a container together or not at
all. Of other objects, each operation may matter to all that looked.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from distlab.check.finding import Operations
from distlab.check.kinds import ANY
from distlab.events import Call
from distlab.history import Operation
from distlab.machine import Machine, Queue, Register, Stack

Dependants = Callable[[Operations, Operations], Operations]


def dependants_in(ops: Operations, machine: Machine, keyed: bool) -> Dependants:
    """`dependants(gone, left)` for parts of this history of one object."""
    if is_register(ops, machine):
        return Sources(ops, machine).dependants
    if isinstance(machine, (Queue, Stack)):
        return same_items(machine)

    def all_if_not_looks(gone: Operations, left: Operations) -> Operations:
        return () if all(looks(op, machine) for op in gone) else left

    return all_if_not_looks


def looks(op: Operation, machine: Machine) -> bool:
    """Whether it left the state as it was."""
    return machine.only_looks(op.f, op.result if op.outcome == "ok" else ANY)


def same_items(machine: Machine) -> Dependants:
    """Items go in and out together, or not at all."""

    def item(op: Operation) -> Any:
        return machine.item(
            Call(op.f, op.args), op.result if op.outcome == "ok" else ANY
        )

    def dependants(gone: Operations, left: Operations) -> Operations:
        items = {item(op) for op in gone if not looks(op, machine)}
        if ANY in items:  # it may have taken any of them
            return left
        return tuple(op for op in left if not looks(op, machine) and item(op) in items)

    return dependants


class Sources:
    """Which writes of a register each operation may have seen.

    Not those that had certainly been overwritten when it was called.
    """

    def __init__(self, ops: Operations, machine: Machine):
        self.writers = [op for op in ops if not looks(op, machine)]
        self.ended = sorted(
            (op for op in self.writers if op.outcome == "ok"), key=ended_us
        )
        self.latest = list(accumulate(self.ended, later))  # called, of those that ended
        self.ends = list(map(ended_us, self.ended))
        self.sources = {id(op): set(map(id, self.fresh(op))) - {id(op)} for op in ops}

    def over(self, op: Operation) -> Operation | None:
        """The last write that had ended when it was called, if any had."""
        ended = bisect_left(self.ends, op.invoked_us)
        return self.latest[ended - 1] if ended else None

    def fresh(self, op: Operation) -> list[Operation]:
        """The writes that it may have seen."""
        over_us = last.invoked_us if (last := self.over(op)) else -1
        return [
            writer
            for writer in self.writers
            if (writer.outcome != "ok" or ended_us(writer) >= over_us)
            and fit(op, made(writer))
        ]

    def dependants(self, gone: Operations, left: Operations) -> Operations:
        """Those that may have seen what one of the gone ones wrote."""
        lost = {id(op) for op in gone}
        return tuple(op for op in left if self.sources[id(op)] & lost)

    def stale(self, op: Operation) -> Operations:
        """Why it cannot have found what it did: what was written over that, or none."""
        over = self.over(op)
        if over is None or self.sources[id(op)] or not finds(op):
            return ()
        seen = [writer for writer in self.ended if fit(op, made(writer))]
        before = [writer for writer in seen if ended_us(writer) < over.invoked_us]
        return (*before[-1:], over, op)


def stale_in(ops: Operations, machine: Machine) -> Operations:
    """Some operation that found what had been overwritten, and by which; or none."""
    if not is_register(ops, machine):
        return ()
    sources = Sources(ops, machine)
    return next(filter(None, map(sources.stale, ops)), ())


def is_register(ops: Operations, machine: Machine) -> bool:
    """Whether each operation that changes the state puts another in its place."""
    return isinstance(machine, Register) and all(op.f != "append" for op in ops)


def ended_us(op: Operation) -> int:
    """When an operation ended that did."""
    assert op.ended_us is not None
    return op.ended_us


def later(one: Operation, other: Operation) -> Operation:
    """The one that was called later."""
    return other if other.invoked_us > one.invoked_us else one


def finds(op: Operation) -> bool:
    """Whether its result tells what it has found."""
    return op.outcome == "ok" and op.f in ("read", "cas")


def made(op: Operation) -> Any:
    """The value that a writer leaves."""
    return None if op.f == "delete" else op.args[-1]


def fit(op: Operation, value: Any) -> bool:
    """Whether an operation may have found this value."""
    if op.f == "read":
        return bool(op.result == value)
    if op.f == "cas" and op.outcome == "ok":
        return bool((op.args[-2] == value) is op.result)
    return False
