"""A million reads and writes of a register, judged from arrays without a loop.

Source
    Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997, section
    3, as in `check.zones`: the two rules on zones.

    >>> import numpy as np
    >>> call, end = np.array([0, 3, 6]), np.array([2, 5, 8])
    >>> contradiction(call, end, np.array([True, True, False]), np.array([0, 1, 0]))
    ((0, 1), (1, 2))

Operation 0 had ended when 1 was called, and 1 when 2 was called, which saw what 0
wrote. Costs a sort of the zones, n log n, and some 100 bytes an operation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from distlab.check.zones import Zones, seen_from_nowhere
from distlab.errors import Misuse
from distlab.history import Operation

Array = np.ndarray[Any, Any]
NEVER = 2**62  # the end of an operation of which nobody knows
Pairs = tuple[tuple[int, int], ...]


def contradiction(
    call: Array,
    end: Array,
    is_write: Array,
    value: Array,
    process: Array | None = None,
) -> Pairs:
    """Pairs of operations that lead from one cluster to another and back; none: valid.

    All in whole numbers: moments (`NEVER`: nobody knows), values that count from 0 (-1:
    nothing was there). Of a pair the one had ended (-1: it is the beginning) before the
    other was called. A single pair (-1, read): no write had been called that explains
    it. Operations that only touch are at the same time, unless `process` (from 0) says
    that one process called them, in the order of the arrays. Raises `Misuse` where a
    value is written twice.
    """
    writes = np.flatnonzero(is_write)
    writer = np.full(int(value.max(initial=-1)) + 2, -1)
    writer[value[writes]] = writes
    writer[-1] = -2  # of nothing
    if len(writes) != (writer >= 0).sum():
        raise Misuse("A value is written twice: `linearizable` judges such histories.")
    by = writer[value]  # of what nobody wrote: -1
    if process is None:
        return _in_zones(call, end, value, by)
    return _of_processes(call, end, value, by, process)


def _in_zones(call: Array, end: Array, value: Array, by: Array) -> Pairs:
    """The two rules on zones; the first cluster is what was there at first."""
    strange = (by == -1) | ((by >= 0) & (end < call[np.maximum(by, 0)]))
    if strange.any():
        return ((-1, int(strange.argmax())),)
    first_end = np.full(int(value.max(initial=-1)) + 2, NEVER)
    last_call = np.full(len(first_end), -1)
    np.minimum.at(first_end, value + 1, end)
    np.maximum.at(last_call, value + 1, call)
    first_end[0] = -1
    zones = np.flatnonzero(first_end < last_call)
    zones = zones[first_end[zones].argsort(kind="stable")]
    ends, calls = first_end[zones], last_call[zones]
    overlap = ends[1:] < calls[:-1]
    if overlap.any():
        at = int(overlap.argmax())
        return _there_and_back(zones[at], zones[at + 1], call, end, value)
    others = np.flatnonzero(first_end >= last_call)
    place = np.searchsorted(ends, last_call[others]) - 1
    inside = (place >= 0) & (first_end[others] < np.append(calls, -1)[place])
    if inside.any():
        at = int(inside.argmax())
        return _there_and_back(zones[place[at]], others[at], call, end, value)
    return ()


def _there_and_back(
    one: int, other: int, call: Array, end: Array, value: Array
) -> Pairs:
    """The first end and the last call of either cluster, and those of the other."""

    def first_and_last(cluster: int) -> tuple[int, int]:
        members = (value == cluster - 1).nonzero()[0]
        first = -1 if cluster == 0 else int(members[end[members].argmin()])
        return first, int(members[call[members].argmax()])

    (first, last), (others_first, others_last) = map(first_and_last, (one, other))
    return (first, others_last), (others_first, last)


def _of_processes(
    call: Array, end: Array, value: Array, by: Array, process: Array
) -> Pairs:
    """The same where a process that calls as its last operation ends does one by one.

    As in `check.moments`, places in a row say so for moments when one process does it.
    Where several do, less order than there is may go wrong already, and more order than
    there is may still go well; what is between is found out one by one.
    """
    one, other, place, crowded = _chains(call, end, process)
    room = int(place.max(initial=0)) + 3

    def in_a_row(those: Array) -> Pairs:
        calls = call * room
        ends = np.where(end < NEVER, end * room + room - 1, NEVER)
        ends[one[those]] = call[other[those]] * room + place[those]
        calls[other[those]] = call[other[those]] * room + place[those] + 1
        return _in_zones(calls, ends, value, by)

    if broken := in_a_row(~crowded):
        return broken
    between = bool((end[other] == NEVER).any())  # what follows it follows `one` as well
    if not between and not (crowded.any() and in_a_row(np.full(len(one), True))):
        return ()
    return _one_by_one(call, end, value, by, process)


def _chains(
    call: Array, end: Array, process: Array
) -> tuple[Array, Array, Array, Array]:
    """Operations, and those that their processes called in the moment of their end.

    With their places in the row of that moment, and whether other processes have a row.
    """
    small = np.min_scalar_type(int(process.max(initial=0)))
    rows = process.astype(small).argsort(kind="stable")
    one, other = rows[:-1], rows[1:]
    linked = (process[one] == process[other]) & (end[one] == call[other])
    one, other = one[linked], other[linked]
    by_moment = call[other].argsort(kind="stable")
    one, other = one[by_moment], other[by_moment]
    moment = call[other]
    start = np.flatnonzero(np.diff(moment, prepend=-1))
    size = np.diff(start, append=len(moment))
    place = 2 * (np.arange(len(one)) - start.repeat(size)) + 1
    differ = process[one] != process[one[start]].repeat(size)
    crowds = np.logical_or.reduceat(differ, start) if len(start) else differ
    return one, other, place, crowds.repeat(size)


def _one_by_one(
    call: Array, end: Array, value: Array, by: Array, process: Array
) -> Pairs:
    """What `check.zones` finds, which makes an object of each operation."""
    names = [None if name < 0 else name for name in value.tolist()]
    ops = tuple(
        Operation(
            str(process[i]),
            "write" if by[i] == i else "read",
            (i, name) if by[i] == i else (i,),
            int(call[i]),
            "ok" if end[i] < NEVER else "info",
            name,
            int(end[i]),
        )
        for i, name in enumerate(names)
    )
    if strange := seen_from_nowhere(ops):
        return ((-1, next(op.args[0] for op in strange.evidence if op.f == "read")),)
    broken = Zones(ops, names).contradiction()
    return tuple((a.args[0] if a else -1, b.args[0]) for a, b in broken)
