"""The past and the future of one event, as a layer over a space-time diagram.

Its past could have caused it and its future be caused by it; all else is concurrent and
gets pale. Bands on the lanes say which is which: the past has a firm edge, the future a
dashed one, so that nobody needs the colours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from distlab.show import shapes
from distlab.show.colours import BLUE, FAINT, INK, ORANGE, PAPER
from distlab.show.layer import Layer
from distlab.show.layout import Layout
from distlab.show.order import Order
from distlab.trace import Step, Trace

HIGH = 20.0  # of a band on a lane
BEYOND = 5.0  # pixels by which a band reaches over its outermost event
SIGNS = ("before", "▶", "after")


class Cone(Layer):
    """What could have caused an event, and what it could cause: a layer of a diagram.

    `past`, `future` and `concurrent` are events of `order`.
    """

    rules = {
        ".dl-past": {"fill": BLUE, "fill-opacity": "0.2", "stroke": BLUE},
        ".dl-future": {
            "fill": ORANGE,
            "fill-opacity": "0.2",
            "stroke": ORANGE,
            "stroke-dasharray": "4 3",
        },
        ".dl-pale": {"opacity": "0.3"},
        ".dl-neither": {"fill": "none", "stroke": FAINT},
        ".dl-event": {"fill": PAPER, "stroke": INK, "stroke-width": "2.5"},
    }
    legend = (
        ("dl-past", "its past: could have caused it"),
        ("dl-future", "its future: it could cause these"),
        ("dl-neither", "pale: concurrent"),
    )

    def __init__(self, trace: Trace, step: Step | int):
        self.order = order = Order(trace)
        self.event = order.event(step)
        super().__init__(shown=order.events[self.event].steps)
        self.past, self.future = order.past(self.event), order.future(self.event)
        known = {self.event, *self.past, *self.future}
        self.concurrent = [e for e in range(len(order.events)) if e not in known]
        relations = zip(SIGNS, (self.past, [self.event], self.future), strict=True)
        self.relation = {
            i: sign
            for sign, events in relations
            for event in events
            for i in order.events[event].steps
        }

    def sentence(self) -> str:
        """The event, and how many are before it, after it, and neither."""
        order, counted = self.order, self.order.counted
        return (
            f"{order.told(self.event)}: "
            f"{counted(self.past)} before it, {counted(self.future)} after it, "
            f"{counted(self.concurrent)} concurrent with it."
        )

    def sign(self, steps: Sequence[int]) -> str:
        """Before it, after it, the event itself, or nothing: concurrent with it."""
        return f"{self.relation.get(steps[0], ''):<6} "

    def look(self, steps: Sequence[int]) -> str:
        """Pale, unless it lies within the past or within the future.

        A message is in the past once it has arrived there, and in the future when it is
        sent there.
        """
        first, last = (self.relation.get(i) for i in (steps[0], steps[-1]))
        return "" if last in SIGNS[:2] or first in SIGNS[1:] else "dl-pale"

    def shapes(self, layout: Layout) -> Iterator[str]:
        """Bands on the lanes, and a ring around the event."""
        events, top = self.order.events, -HIGH / 2
        for node, y in layout.lane.items():
            lane = [e for e in self.past if events[e].node == node]
            if lane and events[lane[0]].at_us <= layout.to_us:
                x = layout.x(events[lane[-1]].at_us) + BEYOND
                wide = x - layout.left + 4
                yield shapes.box(layout.left - 4, y + top, wide, HIGH, "dl-past")
            lane = [e for e in self.future if events[e].node == node]
            if lane and events[lane[-1]].at_us >= layout.from_us:
                x = layout.x(events[lane[0]].at_us) - BEYOND
                wide = layout.right - x
                yield shapes.box(x, y + top, wide, HIGH, "dl-future")
        event = events[self.event]
        if event.node in layout.lane and layout.inside(event.at_us):
            x, y = layout.x(event.at_us), layout.lane[event.node]
            yield shapes.dot(x, y, 9, "dl-event")
