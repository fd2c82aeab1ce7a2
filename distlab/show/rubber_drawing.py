"""A run on rubber, on paper: lanes, events as points, messages, and a cut.

No times: only what comes after what. Whatever moves in the browser is a group that
stands at its place by `transform`, so that moving it draws nothing anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import atan2, degrees, hypot
from xml.sax.saxutils import escape

from distlab.show import shapes
from distlab.show.colours import BAD, BLUE, GREEN, INK, ORANGE, PAPER, Colour
from distlab.show.legend import hue_of
from distlab.show.lettering import FURTHER, HIGH, WIDER, beside
from distlab.show.naming import kind_of, labels
from distlab.show.picture import Drawing, element, number, text_width
from distlab.show.placement import CROSSING, Placement
from distlab.show.rubber import Rubber
from distlab.show.shapes import SMALL
from distlab.show.words import lines_of

TOP, LANE_GAP, BELOW = 36.0, 64.0, 30.0  # to the first lane, from lane to lane, below
SHORT = 6.0  # an arrow ends this far from the middle of its event
STUB = 26.0  # of what never arrives here
ROW = 16.0
LABEL = 120.0  # of a message, at most
EARLY, LATE, HANDLE = "M5 -6L-6 0L5 6z", "M-5 -6L6 0L-5 6z", "M0 -8L6 0L0 8L-6 0z"

RULES: dict[str, dict[str, str | Colour]] = {
    **shapes.RULES,
    ".dl-point": {"fill": INK, "stroke": PAPER, "stroke-width": "1.5"},
    ".dl-still": {"fill": PAPER, "stroke": INK},
    ".dl-reach": {"fill": "transparent", "stroke": "none"},
    ".dl-early,.dl-late": {"display": "none"},
    ".dl-early": {"fill": BLUE, "stroke": PAPER},
    ".dl-late": {"fill": ORANGE, "stroke": PAPER},
    ".dl-before .dl-early,.dl-after .dl-late": {"display": "inline"},
    ".dl-before .dl-point,.dl-after .dl-point": {"display": "none"},
    ".dl-this .dl-point": {"fill": PAPER, "stroke": INK, "stroke-width": "4"},
    ".dl-apart": {"opacity": "0.35"},
    ".dl-guilty line": {"stroke-width": "4.5"},
    ".dl-cut": {"fill": "none", "stroke": GREEN, "stroke-width": "3"},
    ".dl-handle": {"fill": GREEN, "stroke": PAPER},
    ".dl-bad-cut .dl-cut": {"stroke": BAD, "stroke-dasharray": "7 4"},
    ".dl-bad-cut .dl-handle": {"fill": BAD},
}


class RubberDrawing:
    """Draws the events of a rubber at `xs`, and a cut: `drawing` has the result.

    `upright` is where the cut is one line; without it, it goes from lane to lane.
    """

    def __init__(
        self,
        rubber: Rubber,
        xs: Sequence[float],
        cut: Mapping[str, int],
        upright: float | None,
        caption: str,
        width: float,
    ):
        self.rubber, self.order, self.xs, self.cut = rubber, rubber.order, xs, cut
        self.ys = lanes_of(self.order.lanes)
        self.bottom = TOP + LANE_GAP * (len(self.ys) - 1) + BELOW
        rows = lines_of(caption, width - rubber.left - 24, size=11)
        self.drawing = Drawing(width, self.bottom + 30 + ROW * len(rows), RULES)
        sent = (step.what for step in self.order.trace.where("send"))
        self.hues = {
            k: hue_of(i) for i, k in enumerate(dict.fromkeys(map(kind_of, sent)))
        }

        messages, sources = self.order.messages, self.order.causality.sources
        self.talking = {event for ends in messages for event in ends[:2]}
        self.arrived = {sources[step] for _, _, step in messages}
        ends = self.order.trace.steps
        self.lost = {sent for i, sent in sources.items() if ends[i].kind == "drop"}
        self._lanes()
        self.drawing.shapes += self._mail()
        for event in range(len(xs)):
            self._event(event)
        self._cut(upright)
        y = self.bottom + 22
        for row in rows:
            self.drawing.write(rubber.left, y, row, "dl-strong dl-caption")
            y += ROW

    def place(self, event: int) -> tuple[float, float]:
        """Where an event is."""
        return self.xs[event], self.ys[self.order.events[event].node]

    def _lanes(self) -> None:
        left, right = self.rubber.left - 16, self.rubber.right + 12
        for node, y in self.ys.items():
            self.drawing.write(left - 8, y + 4, node, "dl-strong dl-end")
            self.drawing.line(left, y, right, y, "dl-lane")
        look, y = "dl-small dl-quiet", self.bottom + 6
        self.drawing.write(self.rubber.left, y, "○ without a message", look)
        self.drawing.write(right, y, "order, not time →", f"{look} dl-end")

    # ------------------------------------------------------------------------ messages
    def _mail(self) -> Iterator[str]:
        """Each message with its name, where that has room."""
        order, seen = self.order, set()
        guilty = {step for _, _, step in self.rubber.orphans(self.cut)}
        page = (self.rubber.left - 10, 6, self.rubber.right + 14, self.bottom)
        places = Placement(page)
        for y in self.ys.values():
            places.block((0, y - 8, self.rubber.right + 14, y + 8))
        ways = [(*self.place(a), *self.place(b)) for a, b, _ in order.messages]
        for way in ways:
            places.cross(way)
        for (sent, arrived, step), way in zip(order.messages, ways, strict=True):
            what, source = order.trace[step].what, order.causality.sources[step]
            hue = self.hues[kind_of(what)] + " dl-again" * (source in seen)
            seen.add(source)
            inside = arrow(*way, hue) + self._name(way, what, places)
            look = f"dl-mail{' dl-guilty' * (step in guilty)}"
            title = element("title", escape(labels(what)[0]))
            ends = {"data_from": sent, "data_to": arrived}
            yield element("g", title + inside, class_=look, **ends)

    def _name(self, way: tuple, what: object, places: Placement) -> str:
        x, y = (way[0] + way[2]) / 2, (way[1] + way[3]) / 2
        hue = self.hues[kind_of(what)].split()[0].replace("-m", "-t")
        for text in labels(what):
            wide = text_width(text, SMALL) * WIDER
            if wide > LABEL:
                continue
            spots = beside(way, wide, 0.5, (0.0, FURTHER))
            box = places.place(spots, wide, HIGH, way, CROSSING)
            if box:
                at = {"x": box[0] + wide / 2, "y": box[1] + 9.5}
                away = {"data_dx": at["x"] - x, "data_dy": at["y"] - y}
                look = f"dl-small dl-rim dl-middle {hue}"
                return element("text", escape(text), **at, class_=look, **away)
        return ""

    # -------------------------------------------------------------------------- events
    def _event(self, event: int) -> None:
        order, (x, y) = self.order, self.place(event)
        happening = order.events[event]
        still = event not in self.talking
        inside = element("title", escape(order.told(event)))
        inside += "".join(self._stubs(happening.steps, y))
        inside += shapes.dot(0, 0, 11, "dl-reach")
        inside += shapes.dot(0, 0, 5, "dl-point" + " dl-still" * still)
        inside += element("path", d=EARLY, class_="dl-early")
        inside += element("path", d=LATE, class_="dl-late")
        look = f"translate({number(x)} {number(y)})"
        data = {"data_event": event, "transform": look}
        self.drawing.add("g", inside, class_="dl-happening", **data)

    def _stubs(self, steps: Sequence[int], y: float) -> Iterator[str]:
        """What an event sends and nobody here receives: lost, or still under way."""
        for i in steps:
            step = self.order.trace[i]
            if step.kind == "send" and i not in self.arrived and step.peer in self.ys:
                dy = (self.ys[step.peer] > y) - (self.ys[step.peer] < y)
                hue = self.hues[kind_of(step.what)]
                yield shapes.line(0, 0, STUB * 0.6, STUB * dy, hue)
                if i in self.lost:
                    yield shapes.cross(STUB * 0.6, STUB * dy)

    # ------------------------------------------------------------------------- the cut
    def _cut(self, upright: float | None) -> None:
        """The line through all lanes, with a handle on each."""
        points = self.rubber.points(self.xs, self.cut)
        at = points if upright is None else [upright] * len(points)
        ends = list(zip(at, self.ys.values(), strict=True))
        if not ends:
            return
        way = [(at[0], 14.0), *ends, (at[-1], self.bottom - 4)]
        line = " ".join(f"{number(x)},{number(y)}" for x, y in way)
        inside = element("polyline", points=line, class_="dl-cut")
        for (x, y), node in zip(ends, self.ys, strict=True):
            look = f"translate({number(x)} {number(y)})"
            data = {"data_node": node, "transform": look}
            grip = shapes.dot(0, 0, 12, "dl-reach")
            path = grip + element("path", d=HANDLE)
            inside += element("g", path, class_="dl-handle", **data)
        bad = bool(self.rubber.orphans(self.cut))
        self.drawing.add("g", inside, class_="dl-cutting" + " dl-bad-cut" * bad)


def lanes_of(nodes: Mapping[str, object]) -> dict[str, float]:
    """The height of each lane."""
    return {node: TOP + LANE_GAP * i for i, node in enumerate(nodes)}


def arrow(x0: float, y0: float, x1: float, y1: float, hue: str) -> str:
    """A message from one point to another: a line along the x axis, turned."""
    end = max(hypot(x1 - x0, y1 - y0) - SHORT, 0)
    turn = number(degrees(atan2(y1 - y0, x1 - x0)))
    inside = shapes.line(0, 0, end, 0, hue)
    head = element(
        "path",
        d="M0 0L-9 -3.6L-9 3.6z",
        class_=f"{hue} dl-head",
        transform=f"translate({number(end)} 0)",
    )
    place = f"translate({number(x0)} {number(y0)}) rotate({turn})"
    return element("g", inside + head, transform=place)
