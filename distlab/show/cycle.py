"""The cycle of a verdict: what each has to come before, round and round."""

from __future__ import annotations

from typing import Any

from distlab.check.verdict import Edge, Verdict
from distlab.errors import Misuse
from distlab.history import Operation
from distlab.show.operations import few_words
from distlab.show.picture import Picture
from distlab.show.ring import MEANINGS, Ring, named

__all__ = ["cycle"]


def cycle(verdict: Any, *, caption: str = "", width: float = 840) -> Picture:
    """Draw the cycle of a verdict or an anomaly: no order can have them all in a row.

    Each arrow leads to what has to come later, and its number to the reason below. More
    than eight operations are folded, and the picture says so.

    Raises `Misuse` for what has no cycle.
    """
    edges = getattr(verdict, "cycle", ())
    if not edges or not all(isinstance(edge, Edge) for edge in edges):
        what = (
            f"this verdict on “{verdict.property}” has none: `show.history(history, "
            f"verdict)` draws its evidence"
            if isinstance(verdict, Verdict)
            else f"a {type(verdict).__name__} has none: give it an invalid verdict"
        )
        raise Misuse(f"`show.cycle` draws a cycle, and {what}.")
    ring = Ring(edges, title(verdict), caption, width)
    alt = (
        f"A cycle of {len(ring.nodes)}: "
        f"{' → '.join(named(node) for node in (*ring.nodes, ring.nodes[0]))}."
    )
    told = (title(verdict), getattr(verdict, "reason", ""), caption, *account(ring))
    return ring.drawing.picture(alt=alt, text="\n".join(filter(None, told)))


def title(verdict: Any) -> str:
    """What was found: the verdict in short, or the name of the anomaly."""
    if isinstance(verdict, Verdict):
        return f"{verdict.outcome}: {verdict.property} ({verdict.strength})"
    return str(getattr(verdict, "name", ""))


def account(ring: Ring) -> list[str]:
    """Who is in the cycle, by numbers, and why each comes before the next."""
    numbers = {place: i for i, place in enumerate(ring.nodes, 1)}
    lines = [
        f"{i}  {named(node)}: {few_words(node)}"
        if isinstance(node, Operation)
        else f"{i}  {named(node)}"
        for node, i in numbers.items()
    ]
    lines += [
        f"{numbers[edge.source]} → {numbers[edge.target]}  {edge}"
        for edge in ring.edges
    ]
    kinds = dict.fromkeys(edge.kind for edge in ring.edges)
    lines += [f"{kind}: {MEANINGS[kind]}." for kind in kinds if kind in MEANINGS]
    return lines
