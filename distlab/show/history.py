"""A history as bars on real time, and what a judge said about it."""

from __future__ import annotations

from collections.abc import Iterable

from distlab.check.verdict import Verdict
from distlab.errors import Misuse
from distlab.history import History
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
    most: int = 40,
    caption: str = "",
    unit: str = "ms",
    width: float = 840,
) -> Picture:
    """Draw what each process called, and from when to when it waited.

    With a verdict, its evidence is brought out and its reason is the caption; if it has
    an order that explains the results, the operations are numbered by it. Where that
    order keeps real time, each number stands where the operation may have happened.

    More than `most` operations are cut, to those nearest to the evidence, and the
    picture says so. `unit` is what a millisecond is called: a log without times has the
    numbers of its lines instead.

    Raises `Misuse` for a process that the history does not have, and for a verdict
    about another history.
    """
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
    part = excerpt(history, verdict, from_ms, to_ms, processes, most)
    bars = Bars(part, verdict, caption=caption, unit=unit, width=width)
    told = (_summary(part, verdict), caption, _account(part, bars))
    return bars.drawing.picture(
        alt=_heading(part, verdict), text="\n".join(filter(None, told))
    )


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


def _account(part: Excerpt, bars: Bars) -> str:
    """Each operation drawn: `▶` for evidence, its place in the order, what it was."""
    numbers = {place: str(n) for n, place in enumerate(part.order, 1)}
    wide = max((len(numbers.get(place, "")) for place in part.places), default=0)
    return "\n".join(
        f"{'▶' if place in part.evidence else ' '} "
        f"{numbers.get(place, ''):>{wide}} {part.history[place]}"
        for place in part.places
    )
