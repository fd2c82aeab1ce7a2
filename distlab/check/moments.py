"""Real time as whole numbers, so that an algorithm compares no more than two of them.

Operations of two processes that only touch are at the same time; but a process that
calls again in the microsecond in which its last operation ended has done one after the
other. Where one process alone does so at a moment, the events of that moment can be
put into a row that says just this: the calls of the others, its own events, the ends of
the others. Where several do, no row can, and these crowds are left over.

Source
    Fishburn, "Intransitive Indifference with Unequal Indifference Intervals",
    J. Math. Psych. 7, 1970: two pairs, each in order and both ways at the same time as
    the other, are what intervals cannot show.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import inf
from typing import NamedTuple

from distlab.history import Operation

Chains = dict[int, dict[str, list[int]]]  # by moment and process, operations in order


class Moments(NamedTuple):
    """One operation comes before another if its end is less than the other's call."""

    calls: list[int]
    ends: list[float]  # inf: it may take effect at any later time
    crowds: Sequence[list[int]] = ()  # orders of which the numbers say nothing


def ended_us(op: Operation) -> float:
    """When it had certainly taken effect; never, if nobody knows."""
    return inf if op.outcome == "info" or op.ended_us is None else op.ended_us


def moments(ops: Sequence[Operation]) -> Moments:
    """The operations on one line of whole numbers, and what no line can say."""
    calls, ends = [op.invoked_us for op in ops], list(map(ended_us, ops))
    if set(calls).isdisjoint(ends):
        return Moments(calls, ends)
    chains = chains_at_once(ops)
    if not chains:
        return Moments(calls, ends)
    alone = {at: rows for at, rows in chains.items() if len(rows) == 1}
    crowds = [
        chain
        for at, rows in chains.items()
        if len(rows) > 1
        for row in rows.values()
        for chain in definite_chains(ops, row)
    ]
    return Moments(*in_a_row(ops, alone), crowds)


def moments_in_turn(ops: Sequence[Operation]) -> Moments:
    """The same, but in a crowd one process after the other: more order than there is.

    What goes well in this order goes well.
    """
    return Moments(*in_a_row(ops, chains_at_once(ops)))


def chains_at_once(ops: Iterable[Operation]) -> Chains:
    """Operations that a process called in the microsecond in which its last one ended.

    Of a longer chain all but the first and the last have taken no time.
    """
    chains: Chains = defaultdict(lambda: defaultdict(list))
    last: dict[str, tuple[float, int]] = {}  # when the last one ended, and which it was
    for i, (process, _, _, called, outcome, _, end) in enumerate(ops):
        ended, before = last.get(process, (-1, -1))
        if ended == called:
            chain = chains[called][process]
            chain += [i] if chain else [before, i]
        if end is not None and outcome != "info":
            last[process] = end, i
        elif ended != called:
            last[process] = inf, i
    return chains


def definite_chains(ops: Sequence[Operation], row: list[int]) -> list[list[int]]:
    """A chain, split where nobody knows: such an operation comes before no other."""
    chain, chains = [], []
    for i in row:
        if ended_us(ops[i]) < inf:
            chain.append(i)
        elif chain:
            chains.append([*chain, i])
    return [*chains, chain] if len(chain) > 1 else chains


def in_a_row(ops: Sequence[Operation], chains: Chains) -> tuple[list[int], list[float]]:
    """The calls and ends as numbers that also put these chains into their order."""
    if not chains:
        return [op.invoked_us for op in ops], [ended_us(op) for op in ops]
    room = 2 * max(sum(map(len, rows.values())) for rows in chains.values()) + 2
    calls: list[int] = [op.invoked_us * room for op in ops]
    ends: list[float] = [ended_us(op) * room + room - 1 for op in ops]
    for at, rows in chains.items():
        place = at * room
        for first, *others in rows.values():
            ends[first] = place = place + 1
            for i in others:
                calls[i] = place = place + 1
                if ops[i].ended_us == at and ends[i] < inf and i != others[-1]:
                    ends[i] = place = place + 1
    return calls, ends
