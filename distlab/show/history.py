"""A history as bars on real time, and what a judge said about it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distlab.check.verdict import Verdict
from distlab.errors import Misuse
from distlab.history import History, Operation
from distlab.show.bars import Bars
from distlab.show.excerpt import Excerpt, counted, excerpt
from distlab.show.picture import Picture

__all__ = ["history"]


def history(
    history: History,
    verdict: Verdict | None = None,
    *,
    from_ms: float | None = None,
    to_ms: float | None = None,
    processes: Iterable[str] | None = None,
    seen_by: str | None = None,
    most: int = 40,
    caption: str = "",
    unit: str = "ms",
    width: float = 840,
) -> Picture:
    """Draw what each process called, and from when to when it waited.

    With a verdict, its evidence is brought out and its reason is the caption; if it has
    an order that explains the results, the operations are numbered by it: by that of
    the process `seen_by`, if each has one of its own. Where the order keeps real time,
    each number stands where the operation may have happened.

    More than `most` operations are cut, to those nearest to the evidence, and the
    picture says so. `unit` is what a millisecond is called: a log without times has the
    numbers of its lines instead.

    Raises `Misuse` for a process that the history does not have, and for a verdict
    about another history.
    """
    check_given(history, verdict)
    evidence, order = concerned(verdict), order_of(verdict, seen_by)
    part = excerpt(history, evidence, order, from_ms, to_ms, processes, most)
    bars = Bars(
        part,
        verdict,
        views(verdict),
        seen_by=seen_by,
        caption=caption,
        unit=unit,
        width=width,
    )
    told = (_summary(part, verdict), caption, _account(part), *views(verdict))
    return bars.drawing.picture(
        alt=_heading(part, verdict), text="\n".join(filter(None, told))
    )


def check_given(history: Any, verdict: Any) -> None:
    """Raise `Misuse` for what is no history, and for what is no verdict."""
    if not isinstance(history, History):
        raise Misuse(
            f"`show.history` draws a History, not a {type(history).__name__}: give it "
            f"`cluster.history`, or `History(operations)`."
        )
    if verdict is not None and not isinstance(verdict, Verdict):
        raise Misuse(
            f"`show.history` takes a Verdict about the history, not a "
            f"{type(verdict).__name__}: give it what a judge of `check` returned."
        )


def concerned(verdict: Verdict | None) -> list[object]:
    """What a verdict rests on: its evidence, and what is in its cycle."""
    if verdict is None:
        return []
    found = list(verdict.evidence)
    for edge in verdict.cycle:
        found += [end for end in (edge.source, edge.target) if end not in found]
    return found


def order_of(verdict: Verdict | None, seen_by: str | None) -> tuple[object, ...]:
    """The order that a verdict has found, for all or for one process.

    Raises `Misuse` if there is no order of this process.
    """
    order = () if verdict is None else verdict.order
    if seen_by is None:
        return order
    orders = {getattr(view, "process", ""): view for view in order if has_order(view)}
    if seen_by not in orders:
        raise Misuse(
            f"the verdict has no order that is {seen_by!r}'s own: it has one of "
            f"{', '.join(orders) or 'nobody; leave `seen_by` away'}."
        )
    return tuple(orders[seen_by].order)


def has_order(view: Any) -> bool:
    """Whether this is the order of one process."""
    return not isinstance(view, Operation) and hasattr(view, "order")


def _heading(part: Excerpt, verdict: Verdict | None) -> str:
    """One sentence about the whole picture."""
    names = ", ".join(part.processes) or "nobody"
    them = names if len(names) < 60 else f"{len(part.processes)} processes"
    judged = "" if verdict is None else f"; {verdict.outcome}: {verdict.property}"
    return f"History of {them}{judged}. {part.sentence()}"


def _summary(part: Excerpt, verdict: Verdict | None) -> str:
    """What the judge said, or how the operations ended."""
    if verdict is not None:
        return str(verdict)
    outcomes = [op.outcome for op in part.operations]
    ends = {"ok": "ok", "fail": "failed", "info": "unknown"}
    counts = [f"{outcomes.count(o)} {e}" for o, e in ends.items() if o in outcomes]
    return f"{counted(len(outcomes), 'operation')}: {', '.join(counts) or 'none'}."


def views(verdict: Verdict | None) -> list[str]:
    """The orders of a verdict that has one for each process, in words."""
    order = () if verdict is None else verdict.order
    return [f"As seen by {view}" for view in order if has_order(view)]


def _account(part: Excerpt) -> str:
    """Each operation drawn: `▶` for evidence, its place in the order, what it was."""
    numbers = {place: str(n) for n, place in enumerate(part.order, 1)}
    wide = max((len(numbers.get(place, "")) for place in part.places), default=0)
    return "\n".join(
        f"{'▶' if place in part.evidence else ' '} "
        f"{numbers.get(place, ''):>{wide}} {part.history[place]}"
        for place in part.places
    )
