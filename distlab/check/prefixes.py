"""How far a history went well: its longest beginning that some order explains.

Source
    Herlihy and Wing, "Linearizability: A Correctness Condition for Concurrent Objects",
    TOPLAS 12(3), 1990: it is prefix-closed. What went wrong at some moment stays wrong
    whatever comes later, so halving finds the end of the operation at which it did.

What was under way at a moment may have happened or not. To look costs as much as to
judge it all: twice if it went wrong where the evidence ends, and at worst log n times.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

from distlab.check.finding import Finding, Operations
from distlab.check.limits import Meter
from distlab.check.objects import Object
from distlab.check.sources import ended_us, looks
from distlab.history import Operation

Judge = Callable[[Object], Finding | None]


def longest_good(
    one: Object, evidence: Operations, judge: Judge, meter: Meter
) -> tuple[Operation, Operations] | None:
    """Who ends where no order explains a bad history any more, and one until there.

    None where the judge does not know, or a limit is passed.
    """
    done = [op for op in one.ops if op.outcome == "ok"]
    ends_us = sorted({ended_us(op) for op in done})
    last_us = max(ended_us(op) for op in evidence if op.outcome == "ok")
    guess = bisect_left(ends_us, last_us)  # what is wrong may show only later
    good, bad = -1, len(ends_us) - 1
    order: Operations = ()
    while bad - good > 1:
        at = next((g for g in (guess, guess - 1) if good < g < bad), (good + bad) // 2)
        part, whole = until(one, ends_us[at])
        found = judge(part) if meter.look() else None
        if found is None or found.outcome == "unknown":
            return None
        if found.outcome == "invalid":
            bad = at
        else:
            good, order = at, tuple(whole[id(op)] for op in found.order)
    return next(op for op in done if ended_us(op) == ends_us[bad]), order


def until(one: Object, at_us: int) -> tuple[Object, dict[int, Operation]]:
    """What is known of an object at a moment, and what each operation came to be.

    Nobody knows of what had not ended; what could only have looked is left out.
    """
    part: list[Operation] = []
    whole: dict[int, Operation] = {}
    for op in one.ops:
        if op.invoked_us > at_us:
            break
        begun = op
        if op.outcome == "ok" and ended_us(op) > at_us:
            begun = op._replace(outcome="info", result=None)
            if looks(begun, one.machine):
                continue
        part.append(begun)
        whole[id(begun)] = op
    return one._replace(ops=tuple(part)), whole
