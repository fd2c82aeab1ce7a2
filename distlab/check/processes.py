"""A process does one thing at a time: every judge takes this for granted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf

from distlab.errors import Misuse
from distlab.history import Operation


def one_at_a_time(ops: Iterable[Operation]) -> Iterator[Operation]:
    """The same operations, in the order of their calls, as far as this is true of them.

    Raises `Misuse` at the first that a process calls while it is still busy.
    """
    free_us: dict[str, float] = {}
    for op in ops:
        process, _, _, invoked_us, _, _, ended_us = op
        if free_us.get(process, invoked_us) > invoked_us:
            raise Misuse(
                f"{process} calls `{op.f}` at {op.when(invoked_us)} before its last "
                f"operation has ended: give each process one operation at a time."
            )
        free_us[process] = inf if ended_us is None else ended_us
        yield op
