"""A cycle on paper: boxes there and back in two rows, an arrow from each to the next.

The kind of an arrow stands beside it; its dashes say it again: dashed is what was not
seen, dotted is time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any
from xml.sax.saxutils import escape

from distlab.check.verdict import Edge
from distlab.history import Operation
from distlab.show import colours, shapes
from distlab.show.colours import Colour
from distlab.show.operations import few_words, has_steps, steps_of
from distlab.show.picture import Drawing, element, number, shortened
from distlab.show.shapes import SMALL
from distlab.show.words import paragraph

MOST = 8  # boxes; of a longer cycle the middle is folded into one
ROW = 16.0  # the height of a line
MARGIN = 24.0
APART = 84.0  # from a box to the next in its row: room for the kind of an arrow
BETWEEN = 62.0  # from row to row
BROADEST = 250.0  # a box
STEPS = 5  # of a transaction that are written into its box
FOLD = -1  # the number of the box that stands for those without one
BESIDES = 4  # operations outside the cycle that are told on paper
WIDER = 1.16  # DejaVu's letters against Helvetica's

MEANINGS = {
    "ww": "the second wrote over what the first had written",
    "wr": "the second read what the first had written",
    "rw": "the first did not see what the second wrote",
    "process": "the second came later in the same process",
    "real time": "the first had ended when the second was called",
}
KINDS = (*MEANINGS, "")
HUES = (
    colours.BLUE,
    colours.GREEN,
    colours.ORANGE,
    colours.GREY,
    colours.GREY,
    colours.PURPLE,
)
DASHES = ("none", "none", "7 3", "2 3", "2 3", "none")
RULES: dict[str, dict[str, str | Colour]] = {
    ".dl .dl-small": {"font-size": f"{SMALL}px"},
    ".dl .dl-bad-text": {"fill": colours.BAD_TEXT},
    ".dl-ring-box": {"fill": colours.BAND, "stroke": colours.LANE},
    ".dl-ring-fold": {"stroke-dasharray": "2 3"},
    **{
        f".dl-ring-{i}": {
            "stroke": hue,
            "stroke-width": "1.8",
            "stroke-dasharray": dashes,
            "fill": "none",
        }
        for i, (hue, dashes) in enumerate(zip(HUES, DASHES, strict=True))
    },
    **{f".dl-ring-head-{i}": {"fill": hue} for i, hue in enumerate(HUES)},
    ".dl-ring-dot": {"fill": colours.PAPER, "stroke": colours.INK},
    ".dl .dl-ring-number": {"font-size": "9.5px", "text-anchor": "middle"},
}
TITLE = "dl-strong dl-bad-text"
Point = tuple[float, float]


class Ring:
    """A cycle, drawn when it is made: `drawing` has the result."""

    def __init__(
        self,
        edges: Sequence[Edge],
        told: Sequence[str] = (),
        others: Sequence[Any] = (),
        *,
        reason: str = "",
        caption: str = "",
        width: float = 840,
    ):
        self.edges, self.reason, self.width = tuple(edges), reason, width
        ends = (end for edge in edges for end in (edge.source, edge.target))
        numbers = {end: i for i, end in enumerate(dict.fromkeys(ends))}
        self.nodes = list(numbers)
        self.ways = [(numbers[e.source], numbers[e.target]) for e in edges]
        self.others = [node for node in others if node not in numbers]
        self.shown = self._folded()
        columns = max(2, (len(self.shown) + 1) // 2)
        room = (width - 2 * MARGIN + APART) / columns - APART
        self.wide = min(room, BROADEST)
        self.words = {n: self._written(n) for n in self.shown}
        self.high = {n: 10 + 15 * len(rows) for n, rows in self.words.items()}
        self.middle = dict(self._places(columns))
        bottom = max(y + self.high[n] / 2 for n, (_, y) in self.middle.items())
        self.foot = list(self._foot(told, caption))
        self.drawing = Drawing(width, bottom + 30 + ROW * len(self.foot), RULES)
        for i in self._drawn():
            self._arrow(i)
        self._over_the_fold()
        for n in self.shown:
            self._box(n)
        for i, (line, look) in enumerate(self.foot):
            self.drawing.write(MARGIN, bottom + 34 + ROW * i, line, look or None)

    # --------------------------------------------------------------------------- places
    def _folded(self) -> list[int]:
        """The numbers of those that get a box; a fold stands for those that do not."""
        every = list(range(len(self.nodes)))
        if len(every) <= MOST:
            return every
        return [*every[: MOST // 2], FOLD, *every[-(MOST // 2 - 1) :]]

    def _drawn(self) -> list[int]:
        """The numbers of the arrows between boxes."""
        return [i for i, way in enumerate(self.ways) if set(way) <= self.middle.keys()]

    def named(self, node: Any) -> str:
        """Who it is, also by its name in the reason: `T1 is c1's (0 to 8 ms)`."""
        if not isinstance(node, Operation):
            return str(node)
        whose = re.escape(f"{node.process}'s ({node.span})")
        found = re.search(rf"(\w+) is {whose}", self.reason)
        return f"{found[1]}: {who(node)}" if found else who(node)

    def presented(self, node: Any) -> str:
        """Who it is, and what it did."""
        did = f" {few_words(node)}" if isinstance(node, Operation) else ""
        return f"{self.named(node)}{did}"

    def _written(self, n: int) -> list[str]:
        """What stands in a box: who and when, then what it did."""
        if n == FOLD:
            return ["…", f"{len(self.nodes) - MOST + 1} more"]
        node = self.nodes[n]
        rows = [self.named(node)]
        if isinstance(node, Operation):
            steps = steps_of(node) if has_steps(node) else [few_words(node)]
            rows += steps[:STEPS]
            rows += [f"… {len(steps) - STEPS} more"] * (len(steps) > STEPS)
        return [shortened(row, (self.wide - 14) / WIDER) for row in rows]

    def _places(self, columns: int) -> Iterator[tuple[int, Point]]:
        """The middle of each box: there in the upper row, back in the lower."""
        upper = self.shown if len(self.shown) == 2 else self.shown[:columns]
        lower = self.shown[len(upper) :][::-1]
        pitch = self.wide + APART
        y = 20 + max(self.high[n] for n in upper) / 2
        for row in (upper, lower):
            left = self.width / 2 - pitch * (len(row) - 1) / 2
            for i, n in enumerate(row):
                yield n, (left + pitch * i, y)
            if lower:
                highest = [max(self.high[n] for n in r) for r in (upper, lower)]
                y += sum(highest) / 2 + BETWEEN

    def _way(self, src: int, dst: int) -> tuple[Point, Point]:
        """Where an arrow leaves one box and reaches the other."""
        (x0, y0), (x1, y1) = self.middle[src], self.middle[dst]
        if len(self.shown) == 2:  # there above, back below
            aside = -10 if x0 < x1 else 10
            y0, y1 = y0 + aside, y1 + aside
        one, other = (x0, y0), (x1, y1)
        return self._border(src, one, other), self._border(dst, other, one)

    def _border(self, n: int, inside: Point, towards: Point) -> Point:
        """Where the way out of a box crosses its border."""
        dx, dy = towards[0] - inside[0], towards[1] - inside[1]
        across = (self.wide / 2 + 4) / abs(dx) if dx else 2.0
        down = (self.high[n] / 2 + 4) / abs(dy) if dy else 2.0
        share = min(across, down, 1.0)
        return inside[0] + dx * share, inside[1] + dy * share

    # --------------------------------------------------------------------------- shapes
    def _arrow(self, i: int) -> None:
        edge, (src, dst) = self.edges[i], self.ways[i]
        look = KINDS.index(edge.kind) if edge.kind in KINDS else len(KINDS) - 1
        title = element("title", escape(f"{i + 1}. {edge}"))
        draw = self._loop if src == dst else self._line
        shape, (x, y) = draw(src, dst, look)
        label = shapes.dot(x, y, 7.5, "dl-ring-dot")
        label += shapes.words(x, y + 3.4, str(i + 1), "dl-ring-number")
        label += self._kind(i, x, y)
        self.drawing.add("g", title + shape + label, data_edge=str(i + 1))

    def _kind(self, i: int, x: float, y: float) -> str:
        """The kind of an arrow: beside it if it goes down or up, else outside."""
        kind, (src, dst) = self.edges[i].kind, self.ways[i]
        if self.middle[src][1] != self.middle[dst][1]:
            return shapes.words(x + 12, y + 4, kind, "dl-small dl-rim")
        below = len(self.shown) == 2 and src == self.shown[1]
        y += 19 if below else -12
        return shapes.words(x, y, kind, "dl-small dl-middle dl-rim")

    def _line(self, src: int, dst: int, look: int) -> tuple[str, Point]:
        (x0, y0), (x1, y1) = self._way(src, dst)
        shape = shapes.line(x0, y0, x1, y1, f"dl-ring-{look}")
        shape += shapes.head(x0, y0, x1, y1, f"dl-ring-head-{look}")
        return shape, ((x0 + x1) / 2, (y0 + y1) / 2)

    def _loop(self, src: int, dst: int, look: int) -> tuple[str, Point]:
        """The way of what has to come before itself."""
        x, y = self.middle[src]
        x += self.wide / 2 + 2
        path = f"M{number(x)} {number(y - 8)}h40v16h-40"
        shape = element("path", d=path, class_=f"dl-ring-{look}")
        shape += shapes.head(x + 40, y + 8, x, y + 8, f"dl-ring-head-{look}")
        return shape, (x + 40, y)

    def _over_the_fold(self) -> None:
        if FOLD in self.shown:
            at = self.shown.index(FOLD)
            for src, dst in ((at - 1, at), (at, at + 1)):
                (x0, y0), (x1, y1) = self._way(self.shown[src], self.shown[dst])
                self.drawing.line(x0, y0, x1, y1, "dl-ring-3")
                head = shapes.head(x0, y0, x1, y1, "dl-ring-head-3")
                self.drawing.shapes.append(head)

    def _box(self, n: int) -> None:
        x, y = self.middle[n]
        top, rows = y - self.high[n] / 2, self.words[n]
        look, told = "dl-ring-box dl-ring-fold", " ".join(rows)
        if n != FOLD:
            look, told = "dl-ring-box", " ".join(str(self.nodes[n]).split())
        inside = element("title", escape(told))
        size = self.wide, self.high[n]
        inside += shapes.box(x - self.wide / 2, top, *size, look, rx=6)
        for i, row in enumerate(rows):
            style = "dl-strong dl-middle" if i == 0 else "dl-small dl-middle"
            inside += shapes.words(x, top + 16 + 15 * i, row, style)
        self.drawing.add("g", inside)

    def _foot(self, heads: Sequence[str], caption: str) -> Iterator[tuple[str, str]]:
        """What was found, the reason for each arrow, and what the kinds mean."""
        room = self.width - 2 * MARGIN
        paragraphs = [(text, "" if i else TITLE) for i, text in enumerate(heads)]
        paragraphs += [(f"{i + 1}. {self.edges[i]}", "") for i in self._drawn()]
        besides = [self.presented(node) for node in self.others[:BESIDES]]
        besides += ["others, in the text"] * (len(self.others) > BESIDES)
        paragraphs += [(f"Besides: {told}", "") for told in besides]
        kinds = dict.fromkeys(edge.kind for edge in self.edges)
        known = [f"{kind}: {MEANINGS[kind]}" for kind in kinds if kind in MEANINGS]
        if FOLD in self.shown:
            count = len(self.nodes) - len(self.shown) + 1
            known.append(
                f"{count} of {len(self.nodes)} left out: the text has them all"
            )
        paragraphs += [(f"{'; '.join(known)}." * bool(known), "dl-small dl-quiet")]
        paragraphs += [(caption, "dl-strong")]
        for text, look in paragraphs:
            size = 11 if "strong" in look else 10
            yield from ((line, look) for line in paragraph(text, room, size=size))


def who(node: Any) -> str:
    """Who it is in the cycle: the process and its time, or a name."""
    if not isinstance(node, Operation):
        return str(node)
    return f"{node.process} ({node.span})"
