"""The space-time diagram of a run: `spacetime(trace)`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from distlab.errors import Misuse
from distlab.history import Operation
from distlab.show.account import account, summary
from distlab.show.cone import Cone
from distlab.show.diagram import Diagram
from distlab.show.layer import Layer
from distlab.show.layout import Layout
from distlab.show.picture import Picture
from distlab.show.scene import Scene
from distlab.show.window import Window, window
from distlab.trace import Step, Trace

__all__ = ["Spacetime", "spacetime"]


def spacetime(
    trace: Trace,
    *,
    from_ms: float | None = None,
    to_ms: float | None = None,
    nodes: Iterable[str] | None = None,
    max_messages: int = 60,
    mark: Any = (),
    past_and_future_of: Step | int | None = None,
    caption: str = "",
    width: float = 840,
) -> Picture:
    """Draw what happened: a lane for each node, time from left to right.

    Longer traces are cut at `max_messages` and say so; ask for another part by
    `from_ms` and `to_ms`, in milliseconds. `mark` brings out some steps: steps of the
    trace, their numbers, operations of its history, or a verdict, whose evidence is
    marked and whose sentence becomes the caption. `past_and_future_of` a step shows
    what could have caused it and what it could cause; the rest gets pale.

    Raises `Misuse` for a node or a mark that the trace does not have.
    """
    chosen = past_and_future_of
    drawn = Spacetime(
        trace,
        from_ms=from_ms,
        to_ms=to_ms,
        nodes=nodes,
        max_messages=max_messages,
        mark=mark,
        caption=caption,
        width=width,
        layer=None if chosen is None else Cone(traced(trace), chosen),
    )
    return drawn.picture


class Spacetime:
    """A space-time diagram with all that it was drawn from, for those who go on."""

    def __init__(
        self,
        trace: Trace,
        *,
        from_ms: float | None = None,
        to_ms: float | None = None,
        nodes: Iterable[str] | None = None,
        max_messages: int = 60,
        mark: Any = (),
        caption: str = "",
        width: float = 840,
        layer: Layer | None = None,
    ):
        layer = layer or Layer()
        layer.mark(marked_steps(traced(trace), mark))
        caption = caption or str(mark) * hasattr(mark, "evidence")
        caption = f"{layer.sentence()} {caption}".strip()
        self.window = window(trace, from_ms, to_ms, nodes, max_messages, layer.shown)
        diagram = Diagram(
            Scene(trace), self.window, layer, caption=caption, width=width
        )
        self.layout: Layout = diagram.layout
        told = (self._summary(), caption, account(self.window.steps, layer.sign))
        self.picture = diagram.drawing.picture(
            alt=heading(self.window), text="\n".join(filter(None, told))
        )

    def _summary(self) -> str:
        shown = self.layout
        sent = [a for a in shown.arrows if shown.inside(a.sent_us) and not a.again]
        return summary(sent, shown.bars, [*shown.spells, *shown.bands])


def traced(trace: Any) -> Trace:
    """A trace; `Misuse` for what is none."""
    if not isinstance(trace, Trace):
        raise Misuse(
            f"`spacetime` draws a trace, not a {type(trace).__name__}: "
            f"give it `cluster.trace`."
        )
    return trace


def heading(part: Window) -> str:
    """One sentence about the whole picture."""
    seed = "" if part.trace.seed is None else f", seed {part.trace.seed}"
    nodes = ", ".join(part.nodes)
    return f"Space-time diagram of {nodes}{seed}: {part.sentence()}."


def marked_steps(trace: Trace, mark: Any) -> list[int]:
    """The numbers of the steps that `mark` means, in order."""
    if hasattr(mark, "evidence"):
        known = [m for m in mark.evidence if isinstance(m, (Step, Operation))]
        return sorted({i for item in known for i in _numbers(trace, item)})
    if isinstance(mark, (int, Step, Operation)):
        mark = (mark,)
    return sorted({i for item in mark for i in _numbers(trace, item)})


def _numbers(trace: Trace, item: int | Step | Operation) -> Sequence[int]:
    if isinstance(item, Operation):
        node = item.process.split("#")[0]
        times = {"call": item.invoked_us, item.outcome: item.ended_us}
        found = [
            i
            for i, step in enumerate(trace)
            if step.node == node and times.get(step.kind) == step.at_us
        ]
    elif isinstance(item, Step):
        found = [i for i, step in enumerate(trace) if step == item]
    else:
        found = [item] if 0 <= item < len(trace) else []
    if not found:
        raise Misuse(
            f"`mark` has {item}, which is not in this trace: give steps of it, their "
            f"numbers from 0 to {len(trace) - 1}, operations of its history, a verdict."
        )
    return found
