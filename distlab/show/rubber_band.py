"""A run to be pulled: `rubber_band(trace)` shows its order, and no times.

An event that is chosen shows its past and its future, and can be dragged: it pushes its
future before it and its past behind it. A cut goes through the lanes; a consistent one
can be made straight. The drawing is given to the browser once; from then on
`widgets/rubber_band.js` answers alone, without the kernel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets

from distlab.causality import Cut
from distlab.show.account import account
from distlab.show.cut import CutLine, Times
from distlab.show.layout import MARGIN
from distlab.show.naming import labels
from distlab.show.order import Order
from distlab.show.picture import Picture, text_width
from distlab.show.rubber import Rubber
from distlab.show.rubber_drawing import RubberDrawing, lanes_of
from distlab.show.spacetime import traced
from distlab.show.timescale import TimeScale
from distlab.show.window import Window, window
from distlab.trace import Trace

__all__ = ["RubberBand", "rubber_band"]

WIDGETS = Path(__file__).parent / "widgets"


def rubber_band(
    trace: Trace,
    steps: Cut | None = None,
    *,
    at_ms: Times | None = None,
    from_ms: float | None = None,
    to_ms: float | None = None,
    max_messages: int = 40,
    width: float = 840,
) -> RubberBand:
    """Let a run be pulled within causality: choose events, drag them, move the cut.

    The cut is given as in `cut`; without one it stands in the middle of what is shown.
    It passes between events: one that has begun is in it.

    Raises `Misuse` for a cut that the trace does not have.
    """
    if steps is None and at_ms is None:
        part = window(traced(trace), from_ms, to_ms, None, max_messages, ())
        at_ms = (part.from_us + part.to_us) / 2000
    cut = CutLine(traced(trace), steps, at_ms)
    part = window(trace, from_ms, to_ms, None, max_messages, cut.shown)
    return RubberBand(part, cut, width)


class RubberBand(anywidget.AnyWidget):
    """Events on lanes that can be pulled, and a cut that can be moved and straightened.

    `static()` is what it shows at first, `straightened()` the same with a straight cut.
    """

    _esm = WIDGETS / "rubber_band.js"
    _css = WIDGETS / "rubber_band.css"
    band = traitlets.Dict().tag(sync=True)

    def __init__(self, part: Window, cut: CutLine, width: float):
        order = Order(part.trace, part.steps)
        names = [text_width(node, 11, bold=True) + 28 for node in order.lanes]
        left = max([46.0, *names]) + 16
        self.rubber = Rubber(order, left, width - MARGIN - 12)
        self.part, self.line, self.width = part, cut, width
        self.cut = order.cut_of(cut.steps)
        self.xs = self.rubber.settled(self._in_time())
        self._still = self._picture(self.xs, None)
        super().__init__(band=self._as_data())

    def _in_time(self) -> list[float]:
        """Where each event would be by its time."""
        times = [event.at_us for event in self.rubber.order.events]
        first, last = self.part.from_us, self.part.to_us
        scale = TimeScale(first, last, times, [], self.rubber.left, self.rubber.right)
        return [scale.x(at_us) for at_us in times]

    def static(self) -> Picture:
        """What is shown at first, for pages without a kernel."""
        return self._still

    def straightened(self) -> Picture:
        """The same run with the cut as one upright line.

        Raises `Misuse` if the cut is not consistent.
        """
        return self._picture(*self.rubber.straightened(self.xs, self.cut))

    def _picture(self, xs: list[float], upright: float | None) -> Picture:
        drawn = RubberDrawing(
            self.rubber, xs, self.cut, upright, self.line.sentence(), self.width
        )
        how = "a cut through them" if upright is None else "a cut made straight"
        nodes = ", ".join(self.part.nodes)
        return drawn.drawing.picture(
            alt=f"The order of events of {nodes}, and {how}: {self.part.sentence()}.",
            text=f"{self.line.sentence()}\n{account(self.part.steps, self.line.sign)}",
        )

    def _as_data(self) -> dict[str, Any]:
        """All that the browser needs, as short lists."""
        rubber, order = self.rubber, self.rubber.order
        trace = order.trace
        return {
            "svg": self._still.svg,
            "alt": self._still.alt,
            "left": rubber.left,
            "right": rubber.right,
            "gap": rubber.gap,
            "low": rubber.low,
            "high": rubber.high,
            "xs": self.xs,
            "lanes": [(n, y, order.lanes[n]) for n, y in lanes_of(order.lanes).items()],
            "before": order.before,
            "after": order.after,
            "words": [order.told(event) for event in range(len(order.events))],
            "messages": [
                (sent, arrived, labels(trace[step].what)[0])
                for sent, arrived, step in order.messages
            ],
            "cut": [self.cut[node] for node in order.lanes],
        }

    def __repr__(self) -> str:
        return f"RubberBand: {self._still.alt}\n{self._still.text}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        live, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        still = {"image/svg+xml": self._still.svg, "text/plain": repr(self)}
        return {**live, **still}, metadata
