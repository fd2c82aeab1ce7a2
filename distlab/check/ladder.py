"""Rings of dependencies: what they are made of, and so which name they have.

Source
    Adya, "Weak Consistency", MIT 1999, and Adya, Liskov and O'Neil, ICDE 2000: rings
    of ww (G0), of ww and wr (G1c), with one rw (G-single), with several (G2-item, and
    G2 if a scan missed a row). Cerone and Gotsman, "Analysing Snapshot Isolation", PODC
    2016: with several of which no two follow each other (G-nonadjacent).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from distlab.check.dependencies import (
    ALWAYS,
    IN_SESSIONS,
    IN_TIME,
    ON,
    PROCESS,
    REAL_TIME,
    RW,
    SCAN,
    WR,
    WW,
)
from distlab.check.graphs import MISSED
from distlab.check.levels import PHENOMENA, ruled_out

BASES = {ALWAYS: "", IN_SESSIONS: "-process", IN_TIME: "-realtime"}
BASIS = {PROCESS: IN_SESSIONS, REAL_TIME: IN_TIME}
RANK = {p.name: at for at, p in enumerate(PHENOMENA)}  # 0: the worst


class Step(NamedTuple):
    """One edge of a ring."""

    src: int
    dst: int
    kind: int
    key: int = -1
    basis: int = ALWAYS


class Ring(NamedTuple):
    """Steps that lead back to where they began."""

    name: str
    steps: tuple[Step, ...]
    shortest: bool = True


class Kind(NamedTuple):
    """What rings of one name are made of: one such edge closes it, those lead there."""

    name: str
    closing: frozenset[int]
    others: frozenset[int]
    apart: bool = False  # no two rw follow each other
    certain: bool = True  # in each component there is one


LADDER = (  # the worst first
    Kind("G0", frozenset({WW}), frozenset({WW})),
    Kind("G1c", frozenset({WR}), frozenset({WW, WR})),
    Kind("causality violation", frozenset({RW}), frozenset({WR}), certain=False),
    Kind("G-single", frozenset({RW}), frozenset({WW, WR}), certain=False),
    Kind("G-single-predicate", frozenset({SCAN}), frozenset({WW, WR}), certain=False),
    Kind("G-nonadjacent", frozenset({RW}), frozenset({WW, WR, RW}), apart=True),
    Kind(
        "G-nonadjacent-predicate",
        frozenset({SCAN}),
        frozenset({WW, WR, RW, SCAN}),
        apart=True,
    ),
    Kind("G2-item", frozenset({RW}), frozenset({WW, WR, RW})),
    Kind("G2", frozenset({SCAN}), frozenset({WW, WR, RW, SCAN})),
)


def classified(steps: tuple[Step, ...]) -> str:
    """The name of a ring, by what it is made of."""
    missed = [step.kind in MISSED for step in steps]
    adjacent = any(one and missed[i - 1] for i, one in enumerate(missed))
    predicate = any(step.kind == SCAN for step in steps)
    causal = sorted(step.kind for step in steps) == [*[WR] * (len(steps) - 1), RW]
    basis = max(max(s.basis, BASIS.get(s.kind, ALWAYS)) for s in steps)
    if not any(missed):
        name = "G1c" if any(step.kind == WR for step in steps) else "G0"
    elif sum(missed) > 1 and adjacent:
        name = "G2" if predicate else "G2-item"
    elif causal and len(steps) > 2 and not basis:
        name = "causality violation"
    else:
        name = "G-nonadjacent" if sum(missed) > 1 else "G-single"
        name += "-predicate" if predicate and not basis else ""
    return name + BASES[basis]


def misses(step: Step, before: bool) -> bool:
    """Whether a step ends in a missed write; a hub hands on what led to it."""
    return before if step.kind == ON else step.kind in MISSED


def tidied(ring: tuple[Step, ...]) -> tuple[Step, ...]:
    """A ring without hubs, and without stops on the way through time.

    What closes it comes first, and then last.
    """
    steps: list[Step] = []
    for step in ring:
        last = steps[-1] if steps else None
        if last and step.kind == ON:
            steps[-1] = last._replace(dst=step.dst)
        elif last and step.kind in BASIS and last.kind in BASIS:
            steps[-1] = last._replace(dst=step.dst, kind=max(step.kind, last.kind))
        else:
            steps.append(step)
    return (*steps[1:], steps[0])


def simple(ring: tuple[Step, ...]) -> tuple[Step, ...]:
    """A ring that meets nobody twice: of one that does, the part that is worse."""
    for i, one in enumerate(ring):
        for j in range(i + 1, len(ring)):
            if one.src == ring[j].src:
                parts = ring[i:j], (*ring[j:], *ring[:i])
                return simple(min(parts, key=lambda part: RANK[classified(part)]))
    return ring


@cache
def covers(found: str, name: str) -> bool:
    """Whether nothing more is ruled out by another ring, of this other name."""
    return set(ruled_out([name])) <= set(ruled_out([found]))
