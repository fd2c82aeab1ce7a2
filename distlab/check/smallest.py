"""The smallest part of a bad history that is still wrong.

Source
    Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE
    Trans. Software Eng. 28(2), 2002: delta debugging. Parts are left out, large ones
    first, for as long as what is left is wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
Part = tuple[T, ...]


def nothing(gone: Part[T], left: Part[T]) -> Part[T]:
    """Every operation makes sense by itself."""
    return ()


def smallest(
    ops: Part[T],
    wrong: Callable[[Part[T]], bool],
    dependants: Callable[[Part[T], Part[T]], Part[T]] = nothing,
    time_s: float = 5,
) -> Part[T]:
    """As few of these operations as are still wrong; after `time_s`, those so far.

    `wrong` says whether some are, in their order. `dependants(gone, left)` are those of
    the left ones that make no sense without the ones that go (a read whose write goes
    would seem to have seen what nobody wrote): they go too.
    """
    until_s = time.monotonic() + time_s
    size = len(ops) // 2
    while size:
        before = len(ops)
        at = before
        while at > 0:
            at = min(at, len(ops)) - size
            left = without(ops, max(0, at), at + size, dependants)
            if len(left) < len(ops) and wrong(left):
                ops = left
            if time.monotonic() > until_s:
                return ops
        if len(ops) == before:
            size //= 2
        size = min(size, len(ops) // 2)
    return ops


def without(
    ops: Part[T],
    start: int,
    stop: int,
    dependants: Callable[[Part[T], Part[T]], Part[T]],
) -> Part[T]:
    """The operations without some of them, and without all that depends on those."""
    gone, left = ops[start:stop], ops[:start] + ops[stop:]
    while gone := dependants(gone, left):
        lost = set(map(id, gone))
        left = tuple(op for op in left if id(op) not in lost)
    return left
