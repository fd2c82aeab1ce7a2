"""What makes no sense without what: for leaving operations out of a bad history.

A part of a history may be shown as evidence only if leaving out the rest cannot have
made it wrong. What only looked can always go. The write that a read saw may not, nor
any that it may have seen; an item goes in and out of a container together or not at
all. Of other objects, each operation may matter to all that looked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distlab.check.finding import Operations
from distlab.check.kinds import ANY
from distlab.events import Call
from distlab.history import Operation
from distlab.machine import Machine, Queue, Register, Stack

Dependants = Callable[[Operations, Operations], Operations]
NOTHING = object()  # no value


def dependants_in(ops: Operations, machine: Machine, keyed: bool) -> Dependants:
    """`dependants(gone, left)` for parts of this history of one object."""
    if isinstance(machine, Register) and all(op.f != "append" for op in ops):
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
    """Which writes of a register each operation may have seen."""

    def __init__(self, ops: Operations, machine: Machine):
        self.sources: dict[int, set[int]] = {}
        writers = [op for op in ops if not looks(op, machine)]
        ended = [op for op in writers if op.outcome == "ok"]
        for op in ops:
            before = [writer for writer in ended if writer.before(op)]
            latest_us = max((writer.invoked_us for writer in before), default=-1)
            fits = [writer for writer in writers if fit(op, made(writer))]
            fresh = [
                w
                for w in fits
                if w.ended_us is None or w.outcome != "ok" or w.ended_us >= latest_us
            ]
            self.sources[id(op)] = {id(w) for w in fresh or fits if w is not op}

    def dependants(self, gone: Operations, left: Operations) -> Operations:
        """Those that may have seen what one of the gone ones wrote."""
        lost = {id(op) for op in gone}
        return tuple(op for op in left if self.sources[id(op)] & lost)


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
