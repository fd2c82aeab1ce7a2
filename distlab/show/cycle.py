"""The cycle of a verdict: what each has to come before, round and round."""

from __future__ import annotations

from typing import Any

from distlab.check.verdict import Edge, Verdict
from distlab.errors import Misuse
from distlab.history import Operation
from distlab.show.picture import Picture
from distlab.show.ring import MEANINGS, MOST, Ring

__all__ = ["cycle"]


def cycle(verdict: Any, *, caption: str = "", width: float = 840) -> Picture:
    """Draw the cycle of a verdict or an anomaly: no order can have them all in a row.

    Each arrow leads to what has to come later, and its number to the reason below. More
    than eight operations are folded, and the picture says so.

    Raises `Misuse` for what has no cycle.
    """
    edges = edges_of(verdict)
    reason = getattr(verdict, "reason", "")
    ring = Ring(
        edges,
        (title(verdict), headline(reason, edges)),
        others(verdict),
        reason=reason,
        caption=caption,
        width=width,
    )
    few = [ring.named(node) for node in ring.nodes[:MOST]]
    few += ["…"] * (len(ring.nodes) > MOST)
    around = " → ".join((*few, few[0]))
    told = (title(verdict), reason, caption, *account(ring))
    return ring.drawing.picture(
        alt=f"A cycle of {len(ring.nodes)}: {around}.",
        text="\n".join(filter(None, told)),
    )


def edges_of(verdict: Any) -> tuple[Edge, ...]:
    """The cycle of a verdict or an anomaly. Raises `Misuse` if there is none."""
    edges = getattr(verdict, "cycle", ())
    if edges and all(isinstance(edge, Edge) for edge in edges):
        return tuple(edges)
    what = (
        f"this verdict on “{verdict.property}” has none: `show.history(history, "
        f"verdict)` draws its evidence"
        if isinstance(verdict, Verdict)
        else f"a {type(verdict).__name__} has none: give it an invalid verdict"
    )
    raise Misuse(f"`show.cycle` draws a cycle, and {what}.")


def title(verdict: Any) -> str:
    """What was found: the verdict in short, or the name of the anomaly."""
    if isinstance(verdict, Verdict):
        return f"{verdict.outcome}: {verdict.property} ({verdict.strength})"
    return str(getattr(verdict, "name", ""))


def headline(reason: str, edges: tuple[Edge, ...]) -> str:
    """The reason, up to where it tells what the arrows tell one by one."""
    before, found, _ = reason.partition(edges[0].why)
    return before[: before.rfind(". ") + 1] if found else reason


def others(verdict: Any) -> list[Any]:
    """The operations that a reason needs beside those of its cycle: who saw it."""
    has_evidence = isinstance(verdict, Verdict)
    known = verdict.evidence if has_evidence else getattr(verdict, "transactions", ())
    return [op for op in known if isinstance(op, Operation)]


def account(ring: Ring) -> list[str]:
    """Who is in the cycle, by numbers, and why each comes before the next."""
    lines = [f"{i}  {ring.presented(node)}" for i, node in enumerate(ring.nodes, 1)]
    lines += [f"-  {ring.presented(node)}" for node in ring.others]
    lines += [
        f"{src + 1} → {dst + 1}  {edge}"
        for (src, dst), edge in zip(ring.ways, ring.edges, strict=True)
    ]
    kinds = dict.fromkeys(edge.kind for edge in ring.edges)
    lines += [f"{kind}: {MEANINGS[kind]}." for kind in kinds if kind in MEANINGS]
    return lines
