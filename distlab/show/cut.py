"""A cut through a run: `cut(trace, {"s1": 4, "s2": 2})`, and whether it is consistent.

Source: F. Mattern, Virtual Time and Global States of Distributed Systems, 1989, on
cuts: one is consistent if no message arrives before it and is sent after it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from distlab.causality import Cut as Steps
from distlab.errors import Misuse
from distlab.show import shapes
from distlab.show.colours import BAD, GREEN
from distlab.show.layer import Layer
from distlab.show.layout import Layout
from distlab.show.naming import labels
from distlab.show.picture import Picture
from distlab.show.spacetime import Spacetime, traced
from distlab.trace import Trace

NEAR = 14.0  # pixels from the last step in the cut to the line, at most
NAMED = 3  # messages that a sentence names
Times = float | Mapping[str, float]


def cut(
    trace: Trace,
    steps: Steps | None = None,
    *,
    at_ms: Times | None = None,
    **options: Any,
) -> Picture:
    """Draw a cut through the lanes, and say whether it is consistent.

    `steps` says how many steps of each node are in the cut, none of those not named; or
    `at_ms` when it is, one time for all or one for each. Messages from the future are
    marked. Takes the options of `spacetime`.

    Raises `Misuse` for a node that the trace does not have, and for too many steps.
    """
    layer = CutLine(traced(trace), steps, at_ms)
    return Spacetime(trace, layer=layer, **options).picture


class CutLine(Layer):
    """A line through all lanes: a layer of a diagram.

    `steps` says how many steps of each node are in the cut. `orphans` are sent after it
    and arrive in it, what is `in_transit` is sent in it and arrives after it.
    """

    rules = {
        ".dl-cut": {"stroke": GREEN, "stroke-width": "3"},
        ".dl-bad-cut": {"stroke": BAD, "stroke-width": "3", "stroke-dasharray": "7 4"},
    }

    def __init__(self, trace: Trace, steps: Steps | None, at_ms: Times | None):
        self.causality = trace.causality
        self.at_ms = at_ms
        self.steps = self._steps(steps, at_ms)
        self.orphans = self.causality.orphans(self.steps)
        self.in_transit = self.causality.in_transit(self.steps)
        beside = [i for node in self.steps for i in self._beside(node)]
        super().__init__(shown=beside)
        self.mark(i for pair in self.orphans for i in pair)
        self.line = "dl-bad-cut" if self.orphans else "dl-cut"
        self.legend = ((self.line, "the cut"),)

    def _steps(self, steps: Steps | None, at_ms: Times | None) -> dict[str, int]:
        """How many steps of each node are in the cut that is meant."""
        if (steps is None) == (at_ms is None):
            raise Misuse("a cut is given by its `steps` or by `at_ms`: give one.")
        nodes, at = self.causality.trace.nodes, self.causality.cut_at
        if steps is not None:
            given = steps
        elif isinstance(at_ms, Mapping):
            given = {node: at(ms).get(node, 0) for node, ms in at_ms.items()}
        else:
            given = at(at_ms or 0.0)
        return {node: given.get(node, 0) for node in (*nodes, *given)}

    def _beside(self, node: str) -> list[int]:
        """The last step of a node in the cut and the first one after it."""
        line, steps = self.causality.lines[node], self.steps[node]
        return line[max(steps - 1, 0) : steps + 1]

    def sentence(self) -> str:
        """Whether the cut is consistent, and which messages go over it."""
        if self.orphans:
            told = [self._from_the_future(*pair) for pair in self.orphans[:NAMED]]
            more = len(self.orphans) - NAMED
            rest = f"; and {more} more such messages" * (more > 0)
            return f"Not a consistent cut: {'; '.join(told)}{rest}."
        count, plural = len(self.in_transit), "s" * (len(self.in_transit) != 1)
        names = ", ".join(self._name(sent) for sent, _ in self.in_transit[:NAMED])
        rest = ", …" * (count > NAMED)
        over = f" ({names}{rest})" if count else ""
        return (
            "A consistent cut: what has been received in it has been sent in it; "
            f"{count or 'no'} message{plural} in transit{over}."
        )

    def _from_the_future(self, sent: int, arrived: int) -> str:
        step = self.causality.trace[arrived]
        return (
            f"{step.node} has received {labels(step.what)[0]}, "
            f"which {step.peer} sends after the cut"
        )

    def _name(self, sent: int) -> str:
        step = self.causality.trace[sent]
        return f"{labels(step.what)[0]} from {step.node} to {step.peer}"

    def sign(self, steps: Sequence[int]) -> str:
        """Whether an event is in the cut, or has to do with what is wrong with it."""
        trace, places = self.causality.trace, self.causality.places
        within = [places[i] <= self.steps[trace[i].node] for i in steps if places[i]]
        if self.marked.intersection(steps):
            return "▶    "
        return "     " if not any(within) else "in   " if all(within) else "part "

    def x(self, layout: Layout, node: str) -> float:
        """Where the cut goes through a lane: between its steps, or at its time."""
        if self.at_ms is not None:
            times = self.at_ms
            at_ms = times.get(node, 0) if isinstance(times, Mapping) else times
            return layout.x(at_ms * 1000)
        trace, line = self.causality.trace, self.causality.lines[node]
        steps = self.steps[node]
        low = layout.x(trace[line[steps - 1]].at_us) if steps else layout.left
        then = layout.x(trace[line[steps]].at_us) if steps < len(line) else layout.right
        return between(low, then)

    def shapes(self, layout: Layout) -> Iterator[str]:
        """The line, from above the first lane to below the last."""
        at = [(self.x(layout, node), y) for node, y in layout.lane.items()]
        if at:
            (first, _), (last, _) = at[0], at[-1]
            at = [(first, layout.top + 4), *at, (last, layout.bottom - 4)]
        for (x0, y0), (x1, y1) in pairwise(at):
            yield shapes.line(x0, y0, x1, y1, self.line)


def between(low: float, then: float) -> float:
    """Where a cut passes: soon after the last step in it, before the next one."""
    return min((low + then) / 2, low + NEAR)
