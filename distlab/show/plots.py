"""Lines and latency percentiles, drawn in a millisecond: for what a slider moves.

A series is told apart by its colour; its mark and its dashes say it again. What is
drawn stands in the text as numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from distlab.errors import Misuse
from distlab.show.colours import HUES, INK, PAPER, Colour
from distlab.show.picture import Drawing, Picture, number, shortened, text_width
from distlab.show.words import headed, label_of, lines_of, setting_of, table, told

__all__ = ["lines", "percentiles"]

Point = tuple[float, float]

DASHES = ("none", "7 3", "2 3", "9 3 2 3", "4 2", "1 2", "12 4")
MARKS = (  # each fits a circle of radius 4 round the point
    "M{0} {1}m-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0Z",
    "M{0} {1}m-3.2 -3.2h6.4v6.4h-6.4Z",
    "M{0} {1}m0 -4l4 7h-8Z",
    "M{0} {1}m0 -4.4l4.4 4.4l-4.4 4.4l-4.4 -4.4Z",
    "M{0} {1}m0 4l4 -7h-8Z",
    "M{0} {1}m-4 -1.4h2.6v-2.6h2.8v2.6h2.6v2.8h-2.6v2.6h-2.8v-2.6h-2.6Z",
    "M{0} {1}m-3.2 -3.2h6.4v2h-2.2v4.4h-2v-4.4h-2.2Z",
)
RULES: dict[str, dict[str, str | Colour]] = {
    ".dl .dl-plot-here": {
        "stroke": INK,
        "stroke-width": "1.5",
        "stroke-dasharray": "3 3",
    },
    **{
        f".dl .dl-plot-series{i}": {"stroke": hue, "fill": "none", "stroke-width": "2"}
        for i, hue in enumerate(HUES)
    },
    **{
        f".dl .dl-plot-mark{i}": {"fill": hue, "stroke": PAPER, "stroke-width": "1"}
        for i, hue in enumerate(HUES)
    },
}


def lines(
    series: Mapping[str, Iterable[Point]],
    *,
    x: str,
    y: str,
    title: str = "",
    at: float | None = None,
) -> Picture:
    """Points joined by lines, `{"lag": [(0, 0), (10, 3), …]}`; `at` marks a place on x.

    `x` and `y` are names with their units, such as `time_ms`.
    """
    points = {name: sorted(pairs) for name, pairs in series.items()}
    axes = label_of(x), label_of(y)
    frame = Frame(points, axes, title or f"{axes[1]} over {axes[0]}")
    frame.scale_of_x([(tick, told(tick)) for tick in ticks(*frame.spans[0])])
    for i, (name, own) in enumerate(points.items()):
        frame.curve(i, name, own, marked=own[:: max(1, len(own) // 6)])
    if at is not None:
        frame.here(at, setting_of(x, at))
    ends = [
        f"{name} ends at {told(own[-1][1])}" if own else f"{name} has no points"
        for name, own in points.items()
    ]
    text = "\n\n".join(
        f"{name}\n{table(axes, [(told(a), told(b)) for a, b in own])}"
        for name, own in points.items()
    )
    return frame.picture(f"{headed(frame.title)} {'; '.join(ends)}.", text)


def percentiles(
    samples: Mapping[str, Iterable[float]],
    *,
    of: str,
    title: str = "",
    at: Sequence[float] = (50, 90, 99),
) -> Picture:
    """How slow the slowest are: each percentile of some samples, `{"all": [3.1, …]}`.

    `of` is the samples' name with its unit, `latency_ms`. The axis has room for each
    further nine. A percentile is one of the samples (nearest rank), never in between.
    """
    known = {name: sorted(values) for name, values in samples.items()}
    curves = {
        name: [(nines(p), rank(own, p)) for p in steps(max(at)) if own]
        for name, own in known.items()
    }
    axes = "percentile", label_of(of)
    frame = Frame(curves, axes, title or f"{axes[1]} by percentile", zero=True)
    frame.scale_of_x([(nines(p), f"p{told(p)}" if p else "least") for p in (0, *at)])
    rows = []
    for i, (name, own) in enumerate(known.items()):
        marked = [(nines(p), rank(own, p)) for p in at if own]
        frame.curve(i, name, curves[name], marked)
        found = [told(value) for _, value in marked] or ["none"] * len(at)
        rows.append([name, str(len(own)), *found])
    heads = [axes[1], "samples", *(f"p{told(p)}" for p in at)]
    last = "; ".join(f"{row[0]}, {heads[-1]}: {row[-1]}" for row in rows)
    return frame.picture(f"{headed(frame.title)} {last}.", table(heads, rows))


# -------------------------------------------------------------------------- arithmetic
def rank(ordered: Sequence[float], percentile: float) -> float:
    """The least sample that so many per cent of the samples do not exceed.

    >>> [rank([10, 20, 30, 40], p) for p in (0, 25, 50, 51, 99)]
    [10, 10, 20, 30, 40]
    """
    exact = percentile * len(ordered) / 100
    return ordered[max(0, math.ceil(round(exact, 9)) - 1)]


def nines(percentile: float) -> float:
    """Where a percentile stands: 0 at 0, 1 at 90, 2 at 99, 3 at 99.9."""
    return -math.log10(1 - percentile / 100)


def steps(last: float) -> list[float]:
    """Percentiles from 0 to `last`, evenly spaced on the axis of nines."""
    end = nines(last)
    return [100 - 100 * 10 ** (-end * i / 120) for i in range(121)]


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from `low` to `high`: steps of 1, 2 or 5 times a power of ten.

    >>> ticks(0, 97), ticks(0, 0.5)
    ([0, 20, 40, 60, 80], [0, 0.1, 0.2, 0.3, 0.4, 0.5])
    """
    power = 10 ** math.floor(math.log10((high - low) / most or 1))
    step = next(s * power for s in (1, 2, 5, 10) if (high - low) / (s * power) <= most)
    first = math.ceil(low / step - 1e-9)
    digits = max(0, 1 - math.floor(math.log10(step)))
    found = [round(i * step, digits) for i in range(first, first + most + 2)]
    return [int(t) if t == int(t) else t for t in found if t <= high + step * 1e-9]


# --------------------------------------------------------------------------- the paper
class Frame:
    """Two axes, a legend, and curves between them."""

    WIDE, HIGH, LEFT, RIGHT, BOTTOM = 404, 190, 52, 22, 44

    def __init__(
        self,
        series: Mapping[str, Sequence[Point]],
        axes: tuple[str, str],
        title: str,
        zero: bool = False,
    ):
        if not 1 <= len(series) <= len(HUES):
            raise Misuse(
                f"a plot tells {len(HUES)} series apart, and was given {len(series)}: "
                f"give at least one and leave out the least telling."
            )
        self.series, self.axes, self.title = series, axes, title
        self.spans = self._span(0), self._span(1, zero)
        self.paper = Drawing(self.WIDE, 0, RULES)
        heading = lines_of(title, self.WIDE - 28)
        for row, line in enumerate(heading):
            self.paper.write(14, 22 + 17 * row, line, "dl-title")
        self.top = self._legend(25.0 + 17 * len(heading)) + 28
        self.low = self.top + self.HIGH
        self.paper.height = self.low + self.BOTTOM
        self._scale_of_y()

    def across(self, value: float) -> float:
        """Where a value of x is, in pixels."""
        return self._between(0, value, self.LEFT, self.WIDE - self.RIGHT)

    def up(self, value: float) -> float:
        """Where a value of y is, in pixels."""
        return self._between(1, value, self.low, self.top)

    def scale_of_x(self, marks: Sequence[tuple[float, str]]) -> None:
        """A tick and its label for each of these places."""
        for value, label in marks:
            x = self.across(value)
            self.paper.line(x, self.top, x, self.low, "dl-grid")
            self.paper.write(x, self.low + 15, label, "dl-quiet dl-middle")
        middle = (self.LEFT + self.WIDE - self.RIGHT) / 2
        self.paper.write(middle, self.low + 34, self.axes[0], "dl-middle")

    def curve(
        self, i: int, name: str, points: Sequence[Point], marked: Sequence[Point]
    ) -> None:
        """One series: a line through its points, and its mark on some of them."""
        spots = [f"{number(self.across(x))} {number(self.up(y))}" for x, y in points]
        if spots:
            self._stroke(i, f"M{'L'.join(spots)}", data_series=name)
        for x, y in marked:
            self._mark(i, self.across(x), self.up(y))

    def here(self, value: float, label: str) -> None:
        """A dashed line at the place in question, and what it is."""
        x = self.across(value)
        self.paper.line(x, self.top - 4, x, self.low, "dl-plot-here")
        room = text_width(label) / 2 + 4
        free = 14 + text_width(self.axes[1]) + 12  # the axis has its name on the left
        middle = min(max(x, free + room), self.WIDE - room)
        self.paper.write(middle, self.top - 7, label, "dl-middle dl-strong dl-rim")

    def picture(self, alt: str, text: str) -> Picture:
        """What has been drawn, with its words."""
        return self.paper.picture(alt=alt, text=text)

    def _span(self, axis: int, zero: bool = False) -> Point:
        """From the least to the greatest value on an axis; never empty."""
        values = [point[axis] for own in self.series.values() for point in own]
        low = min([*values, *([0.0] if zero or not values else [])])
        high = max(values, default=1.0)
        return (low, high) if low < high else (low, low + 1)

    def _between(self, axis: int, value: float, start: float, end: float) -> float:
        low, high = self.spans[axis]
        return start + (value - low) / (high - low) * (end - start)

    def _scale_of_y(self) -> None:
        for tick in ticks(*self.spans[1]):
            y = self.up(tick)
            self.paper.line(self.LEFT, y, self.WIDE - self.RIGHT, y, "dl-grid")
            self.paper.write(self.LEFT - 6, y + 4, told(tick), "dl-quiet dl-end")
        self.paper.write(14, self.top - 12, self.axes[1], None)

    def _legend(self, y: float) -> float:
        """The name of each series behind its mark, in as many rows as they need."""
        x = 14.0
        for i, name in enumerate(self.series):
            name = shortened(name, self.WIDE - 60)
            wide = 36 + text_width(name) + 14
            if x + wide > self.WIDE and x > 14:
                x, y = 14.0, y + 17
            self._stroke(i, f"M{number(x)} {number(y - 4)}h28")
            self._mark(i, x + 14, y - 4)
            self.paper.write(x + 36, y, name)
            x += wide
        return y

    def _stroke(self, i: int, path: str, **data: str) -> None:
        dash = {"stroke_dasharray": DASHES[i]}
        self.paper.add("path", d=path, class_=f"dl-plot-series{i}", **dash, **data)

    def _mark(self, i: int, x: float, y: float) -> None:
        path = MARKS[i].format(number(x), number(y))
        self.paper.add("path", d=path, class_=f"dl-plot-mark{i}")
