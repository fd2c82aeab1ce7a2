"""The objects of a history: one, or one for each key, and what was done to each."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from distlab.check.finding import Operations
from distlab.check.kinds import ANY
from distlab.check.processes import one_at_a_time
from distlab.errors import Misuse, did_you_mean
from distlab.history import Operation
from distlab.machine import Machine


class Object(NamedTuple):
    """One object and what was done to it, in the order of the calls."""

    machine: Machine
    keyed: bool  # the first argument of each operation is the object
    ops: Operations  # that happened, or of which nobody knows
    failed: Operations = ()

    @property
    def tells(self) -> bool:
        """Whether any result says something of the state."""
        tells = self.machine.tells
        return any(op.outcome == "ok" and tells(op.f, op.result) for op in self.ops)


def objects_of(
    history: Iterable[Operation], machine: Machine, keyed: bool = True
) -> dict[Any, Object]:
    """The objects by key, or the one object, by None.

    A keyed machine falls into parts, unless some operation touches them all. What could
    only have looked is left out where nobody knows of it. Raises `Misuse` for what no
    history of this machine can be.
    """
    ops = checked(history, machine)
    part = machine.part
    keyed = keyed and part is not None and all(op.f in part.commands for op in ops)
    groups: dict[Any, tuple[list[Operation], list[Operation]]] = {}
    for op in ops:
        key = op.args[0] if keyed else None
        happened, failed = groups.setdefault(key, ([], []))
        if op.outcome == "fail":
            failed.append(op)
        elif op.outcome == "ok" or not machine.only_looks(op.f, ANY):
            happened.append(op)
    one = part if part is not None and keyed else machine
    return {
        key: Object(one, keyed, tuple(happened), tuple(failed))
        for key, (happened, failed) in groups.items()
    }


def checked(history: Iterable[Operation], machine: Machine) -> Operations:
    """The operations, each of which the machine can do, one at a time by each process.

    Raises `Misuse` for any other.
    """
    ops = tuple(history)
    for op in one_at_a_time(calls_of(machine, ops)):
        try:
            hash((op.args, op.result))
        except TypeError:
            raise Misuse(
                f"{op} holds what may change: use tuples for lists, frozensets for "
                f"sets, tuples of pairs for dicts."
            ) from None
    return ops


def calls_of(machine: Machine, ops: Operations) -> Iterator[Operation]:
    """The same operations, as far as the machine can do them."""
    shapes: set[tuple[str, int]] = set()
    for op in ops:
        if (op.f, len(op.args)) not in shapes:
            check_call(op, machine)
            shapes.add((op.f, len(op.args)))
        yield op


def check_call(op: Operation, machine: Machine) -> None:
    """Refuse a command that the machine does not have, or other arguments than its."""
    name = type(machine).__name__
    if op.f not in machine.commands:
        known = ", ".join(f'"{command}"' for command in sorted(machine.commands))
        hint = did_you_mean(op.f, machine.commands)
        if op.f == "txn":
            hint = " `check.transactions` judges transactions."
        raise Misuse(
            f"{op.process} called `{op.f}`, and {name} knows no such command: judge "
            f"another machine, or choose what this one knows, `history.where({known})`."
            f"{hint}"
        )
    signature = inspect.signature(getattr(machine, op.f))
    try:
        signature.bind(None, *op.args)
    except TypeError:
        wanted = ", ".join(list(signature.parameters)[1:]) or "nothing"
        raise Misuse(
            f"{op}: `{op.f}` of {name} takes {wanted}; judge another machine, or give "
            f"the operation those arguments."
        ) from None
