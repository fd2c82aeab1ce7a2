"""Operations as bars, a lane for each process: how `show.history` looks.

Colour never says it alone: an operation that failed is hollow, one of which nobody
knows is dashed and fades, the evidence has a thick rim.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

from distlab.check.verdict import Verdict
from distlab.show import colours, shapes
from distlab.show.colours import Colour
from distlab.show.excerpt import Excerpt
from distlab.show.lanes import (
    BAR,
    LANE,
    NAME,
    POINT,
    TOP,
    WIDER,
    WORDS,
    Lanes,
    point_width,
)
from distlab.show.naming import in_full
from distlab.show.picture import Drawing, element, number, shortened, text_width
from distlab.show.shapes import SMALL
from distlab.show.words import paragraph

ROW = 16.0  # the height of a row of small text
FADE, FADES = 60.0, 8  # pixels in which the unknown fades after its end, and steps
VIEWS = 6  # orders of single processes that are told below

RULES: dict[str, dict[str, str | Colour]] = {
    **shapes.RULES,
    ".dl-op": {"fill-opacity": "0.2", "stroke-width": "1.2"},
    ".dl-op-ok": {"fill": colours.GREEN, "stroke": colours.GREEN},
    ".dl-op-fail": {"fill": colours.PAPER, "fill-opacity": "1", "stroke": colours.GREY},
    ".dl-op-info": {"fill": colours.ORANGE, "stroke": colours.ORANGE},
    ".dl-op.dl-op-info,.dl-op-open": {"stroke-dasharray": "4 2"},
    ".dl-op-bad": {"fill": colours.BAD, "stroke": colours.BAD, "stroke-width": "2.2"},
    ".dl-op-fail.dl-op-bad": {"fill": colours.PAPER},
    ".dl .dl-op-fade": {"stroke": "none"},
    ".dl .dl-op-open": {"fill": "none"},
    ".dl-op-glow": {"fill": colours.HALO},
    ".dl-op-limit": {
        "stroke": colours.QUIET,
        "stroke-width": "1.5",
        "stroke-dasharray": "6 3",
    },
    ".dl-op-path": {"stroke": colours.QUIET, "stroke-opacity": "0.6"},
    ".dl-op-over": {"stroke-dasharray": "1 4"},
    ".dl-op-point": {"fill": colours.PAPER, "stroke": colours.INK},
    ".dl .dl-op-number": {"font-size": "9.5px", "text-anchor": "middle"},
}
OUTCOMES = {
    "valid": "dl-strong dl-good-text",
    "invalid": "dl-strong dl-bad-text",
    "unknown": "dl-strong",
}
LEGEND = {
    "ok": "ok",
    "fail": "failed: did not happen",
    "info": "unknown: may have happened, or may yet",
    "bad": "evidence",
    "point": "place in the order that the verdict found",
    "break": "time left out",
}


class Bars:
    """An excerpt on paper, drawn when it is made: `drawing` has the result."""

    def __init__(
        self,
        part: Excerpt,
        verdict: Verdict | None = None,
        views: Sequence[str] = (),
        *,
        seen_by: str | None = None,
        caption: str = "",
        unit: str = "ms",
        width: float = 840,
    ):
        self.part, self.verdict, self.unit, self.width = part, verdict, unit, width
        self.lanes = lanes = Lanes(part, width)
        self.box, self.points, self.instants = lanes.box, lanes.points, lanes.instants
        self.bottom = TOP + LANE * len(lanes.lanes)
        self.axis = self.bottom + (24 if self.instants.breaks else 12)
        self.legend = dict(LEGEND)
        if seen_by is not None:
            self.legend["point"] = f"place in the order that {seen_by} sees"
        self.signs = self._signs_in_rows()
        self.foot = self._foot(views, caption)
        rows = len(self.signs) + len(self.foot)
        self.drawing = Drawing(width, self.axis + 22 + ROW * rows, RULES)
        self._ticks()
        self._names()
        self._limit()
        for place in part.places:
            self._bar(place)
        self._order()
        for place in part.places:
            self._words(place)
        self._below()

    # ------------------------------------------------------------------ time and lanes
    def _ticks(self) -> None:
        draw = self.drawing
        for x, us in self.instants.ticks():
            draw.line(x, TOP, x, self.bottom, "dl-grid")
            draw.write(x, self.axis, f"{us / 1000:.10g}", "dl-quiet dl-middle")
        draw.write(self.lanes.left - 10, self.axis, self.unit, "dl-quiet dl-end")

    def _names(self) -> None:
        draw = self.drawing
        for row, process in enumerate(self.part.processes):
            y = TOP + LANE * row + WORDS + BAR / 2
            name = shortened(process, NAME / 1.28)
            draw.write(self.lanes.left - 10, y + 4, name, "dl-strong dl-end")
            draw.line(self.lanes.left - 4, y, self.lanes.right, y, "dl-grid")
            for x, _ in self.instants.breaks:
                draw.shapes.append(shapes.box(x - 4, y - 5, 8, 10, "dl-gap"))
                for edge in (x - 4, x + 4):
                    draw.line(edge - 2, y + 5, edge + 2, y - 5, "dl-torn")
        for x, long_us in self.instants.breaks:
            ms = long_us / 1000
            label = f"⟨{ms:.0f}⟩" if ms >= 10 else f"⟨{ms:.2g}⟩"
            draw.write(x, self.bottom + 10, label, "dl-quiet dl-middle dl-small")

    def _limit(self) -> None:
        """Where the good prefix ends."""
        lanes, judged = self.lanes, self.verdict
        x = lanes.limit() if judged is not None and judged.invalid else None
        if x is not None:
            self.drawing.line(x, TOP - 8, x, self.bottom, "dl-op-limit")
            of = f" of {in_full(lanes.part.key[0])}" if lanes.part.key else ""
            words = f"up to here, the order shown explains all{of}"
            fits = x - 6 - text_width(words, SMALL) * WIDER > lanes.left
            place, look = (x - 6, " dl-end") if fits else (x + 6, "")
            self.drawing.write(place, TOP - 3, words, f"dl-small dl-quiet dl-rim{look}")

    # ------------------------------------------------------------------- the operations
    def _bar(self, place: int) -> None:
        op, (x0, top, x1, _) = self.part.history[place], self.box[place]
        look = f"dl-op-{op.outcome}"
        inside = []
        if place in self.part.evidence:
            size = x0 - 4, top - 4, x1 - x0 + 8, BAR + 8
            inside.append(shapes.box(*size, "dl-op-glow", rx=6))
            look += " dl-op-bad"
        if op.outcome == "info":
            inside += self._fading(place, look)
        else:
            inside.append(shapes.box(x0, top, x1 - x0, BAR, f"dl-op {look}", rx=3))
        title = element("title", escape(" ".join(str(op).split())))
        self.drawing.add("g", title + "".join(inside), data_op=str(place))

    def _fading(self, place: int, look: str) -> Iterator[str]:
        """What may happen yet: paler and paler up to the next call of its process."""
        x0, top, x1, bottom = self.box[place]
        begin = x0 if self.part.history[place].ended_us is None else x1
        end = max(x1, min(self.lanes.free_until[place], x1 + FADE))
        for i in range(FADES):
            a, b = (begin + (end - begin) * n / FADES for n in (i, i + 1))
            paler = f"fill-opacity:{number(0.24 * (1 - i / FADES))}"
            size = {"x": a, "y": top, "width": b - a, "height": BAR}
            yield element("rect", **size, class_=f"{look} dl-op-fade", style=paler)
        if begin == x1:
            yield shapes.box(x0, top, x1 - x0, BAR, f"dl-op {look}", rx=3)
        else:
            left, right = number(x0), number(x1)
            edge = f"M{right} {number(top)}H{left}V{number(bottom)}H{right}"
            yield element("path", d=edge, class_=f"{look} dl-op-open")

    def _order(self) -> None:
        """The points, joined by a line in their order; dotted over those left out."""
        middles = {i: self.box[i][1] + BAR / 2 for i in self.points}
        for (one, (n, x0)), (other, (then, x1)) in pairwise(self.points.items()):
            look = "dl-op-path" + " dl-op-over" * (int(then) > int(n) + 1)
            self.drawing.line(x0, middles[one], x1, middles[other], look)
        for place, (told, x) in self.points.items():
            wide, y = point_width(told), middles[place]
            size = x - wide / 2, y - POINT / 2, wide, POINT
            self.drawing.shapes.append(shapes.box(*size, "dl-op-point", rx=POINT / 2))
            self.drawing.write(x, y + 3.4, told, "dl-op-number")

    def _words(self, place: int) -> None:
        """What an operation was, above it, up to where the next one begins."""
        x0, top, _, _ = self.box[place]
        room = (self.lanes.free_until[place] - x0) / WIDER
        words = shortened(self.lanes.told[place], room, SMALL)
        self.drawing.write(x0, top - 5, words, "dl-small dl-rim")

    # ----------------------------------------------------------------- below the lanes
    def _signs(self) -> Iterator[str]:
        """What needs to be explained."""
        outcomes = {op.outcome for op in self.part.operations}
        yield from (
            outcome for outcome in ("ok", "fail", "info") if outcome in outcomes
        )
        if self.part.evidence & self.box.keys():
            yield "bad"
        if self.points:
            yield "point"
        if self.instants.breaks:
            yield "break"

    def _signs_in_rows(self) -> list[list[tuple[float, str]]]:
        """The signs, each with its place, in rows that fit."""
        rows: list[list[tuple[float, str]]] = []
        x = self.width
        for sign in self._signs():
            room = 46 + text_width(self.legend[sign], SMALL) * WIDER
            if x + room > self.width - 10:
                rows.append([])
                x = self.lanes.left
            rows[-1].append((x, sign))
            x += room
        return rows

    def _sign(self, sign: str, x: float, y: float) -> str:
        match sign:
            case "point":
                return shapes.box(x + 5, y - 6, 12, 12, "dl-op-point", rx=6)
            case "break":
                return shapes.words(x + 2, y + 4, "⟨9⟩", "dl-small dl-quiet")
            case "bad":
                glow = shapes.box(x - 2, y - 7, 26, 14, "dl-op-glow", rx=5)
                return glow + shapes.box(x + 1, y - 4, 20, 8, "dl-op dl-op-bad", rx=2)
        return shapes.box(x, y - 5, 22, 10, f"dl-op dl-op-{sign}", rx=2)

    def _foot(self, views: Sequence[str], caption: str) -> list[tuple[str, str]]:
        """The lines below, each with its look."""
        verdict, room = self.verdict, self.width - self.lanes.left - 16
        note = self.part.sentence() + (
            f" Key: {in_full(self.lanes.of[0])}." if self.lanes.of else ""
        )
        if self.instants.stretched:
            note += " Time is stretched where words need room."
        paragraphs = [(note, "dl-small dl-quiet")]
        if verdict is not None:
            head = f"{verdict.outcome}: {verdict.property} ({verdict.strength})"
            paragraphs += [(head, OUTCOMES[verdict.outcome]), (verdict.reason, "")]
        paragraphs += [(view, "") for view in views[:VIEWS]]
        if len(views) > VIEWS:
            paragraphs.append((f"{len(views) - VIEWS} more in the text.", "dl-quiet"))
        paragraphs.append((caption, "dl-strong"))
        return [
            (line, look)
            for text, look in paragraphs
            for line in paragraph(text, room, size=11 if "strong" in look else 10)
        ]

    def _below(self) -> None:
        y = self.axis + 22
        for row in self.signs:
            for x, sign in row:
                self.drawing.shapes.append(self._sign(sign, x, y))
                self.drawing.write(x + 28, y + 4, self.legend[sign], "dl-small")
            y += ROW
        for line, look in self.foot:
            self.drawing.write(self.lanes.left, y + 4, line, look or None)
            y += ROW
