"""Operations as bars, a lane for each process: how `show.history` looks.

Colour never says it alone: an operation that failed is hollow, one of which nobody
knows is dashed and fades, the evidence has a thick rim.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import inf
from xml.sax.saxutils import escape

from distlab.check.verdict import Verdict
from distlab.show import colours, shapes
from distlab.show.colours import Colour
from distlab.show.excerpt import Excerpt
from distlab.show.instants import Instants
from distlab.show.naming import in_full
from distlab.show.operations import few_words
from distlab.show.picture import Drawing, element, number, shortened, text_width
from distlab.show.shapes import SMALL
from distlab.show.words import lines_of

ROW = 16.0  # the height of a row of small text
TOP = 18.0
LANE = 42.0  # from one process to the next
BAR = 15.0  # the height of an operation
MARGIN = 24.0
NAME = 130.0  # pixels of a process's name, at most
ROOMS = (150, 90, 60, 38, 0)  # of an operation's words, at most: the first that fits
FADE, FADES = 60.0, 8  # pixels in which the unknown fades after its end, and steps
NEXT = 11.0  # from one point of the order to the next, where there is room
POINT = 14.0  # across
VIEWS = 6  # orders of single processes that are told below
WIDER = 1.16  # DejaVu's letters against Helvetica's: nothing is clipped there either

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
    "break": "time left out, ms",
}


class Bars:
    """An excerpt on paper, drawn when it is made: `drawing` has the result."""

    def __init__(
        self,
        part: Excerpt,
        verdict: Verdict | None = None,
        views: Sequence[str] = (),
        *,
        caption: str = "",
        unit: str = "ms",
        width: float = 840,
    ):
        self.part, self.verdict, self.unit, self.width = part, verdict, unit, width
        self.lanes = [part.lane(process) for process in part.processes]
        self.told = dict.fromkeys(part.places, "")
        names = [text_width(p, 11, bold=True) for p in part.processes]
        self.left = max(46.0, min(max(names, default=0), NAME) + 28)
        self.right = width - MARGIN
        self.instants = self._instants()
        self.box = dict(self._boxes())
        self.free_until = dict(self._rooms())
        self.points = self._points()
        self.bottom = TOP + LANE * len(self.lanes)
        self.axis = self.bottom + (24 if self.instants.breaks else 12)
        self.legend = self._legend()
        self.foot = self._foot(views, caption)
        rows = len(self.legend) + len(self.foot)
        self.drawing = Drawing(width, self.axis + 22 + ROW * rows, RULES)
        self._ticks()
        self._lanes()
        self._limit()
        for place in part.places:
            self._bar(place)
        self._order()
        for lane in self.lanes:
            self._words(lane)
        self._below()

    # --------------------------------------------------------------------------- places
    def _instants(self) -> Instants:
        """The widest words that all fit; time is as plain as they allow."""
        operations = [[self.part.history[i] for i in lane] for lane in self.lanes]
        order = self.part.order
        least = self._point_width(str(len(order))) + 4 if order else 0
        for most in ROOMS:
            self.of = self.part.only_key * (most < ROOMS[0])
            keys = not self.of
            self.told = {
                i: few_words(self.part.history[i], key=keys) for i in self.told
            }
            wide = {i: text_width(told, SMALL) for i, told in self.told.items()}
            rooms = [
                [max(min(wide[i] * WIDER, most) + 8, least) for i in lane]
                for lane in self.lanes
            ]
            found = Instants(operations, rooms, self.left + 4, self.right)
            if found.fits:
                break
        return found

    def _boxes(self) -> Iterator[tuple[int, tuple[float, float, float, float]]]:
        """The corners of each operation: left, top, right, bottom."""
        for row, lane in enumerate(self.lanes):
            top = TOP + LANE * row + 17
            calls = [self.instants.span(row, i)[0] for i in range(len(lane))]
            for i, place in enumerate(lane):
                x0, x1 = self.instants.span(row, i)
                then = calls[i + 1] - 1.5 if i + 1 < len(lane) else inf
                yield place, (x0, top, max(min(x1, then), x0 + 2), top + BAR)

    def _rooms(self) -> Iterator[tuple[int, float]]:
        """How far the place of each operation reaches: to the next one's call."""
        for lane in self.lanes:
            for place, then in zip(lane, [*lane[1:], None], strict=True):
                border = self.right + 12 if then is None else self.box[then][0] - 4
                yield place, border

    def _keeps_time(self) -> bool:
        """Whether the order is one that real time allows."""
        at_us = 0
        for place in self.part.order:
            op = self.part.history[place]
            at_us = max(at_us, op.invoked_us)
            if op.definite and op.ended_us is not None and op.ended_us < at_us:
                return False
        return True

    def _points(self) -> dict[int, tuple[str, float]]:
        """The number of each operation in the order, and where it stands."""
        order = [(str(n), i) for n, i in enumerate(self.part.order, 1) if i in self.box]
        if not self._keeps_time():
            return {i: (n, (self.box[i][0] + self.box[i][2]) / 2) for n, i in order}
        latest, until = {}, self.right
        for _, place in reversed(order):
            x0, _, x1, _ = self.box[place]
            if self.part.history[place].definite:
                until = min(until, x1 - min(POINT / 2, (x1 - x0) / 2))
            latest[place] = until
        points: dict[int, tuple[str, float]] = {}
        apart = min(NEXT, (self.right - self.left) / (2 * len(order) + 1))
        x = -inf
        for told, place in order:
            x0, _, x1, _ = self.box[place]
            first = x0 + min(POINT / 2, (x1 - x0) / 2)
            x = max(x, x0, min(max(x + apart, first), latest[place]))
            points[place] = told, x
        return points

    # ------------------------------------------------------------------ time and lanes
    def _ticks(self) -> None:
        draw = self.drawing
        for x, us in self.instants.ticks():
            draw.line(x, TOP, x, self.bottom, "dl-grid")
            draw.write(x, self.axis, f"{us / 1000:.10g}", "dl-quiet dl-middle")
        draw.write(self.left - 10, self.axis, self.unit, "dl-quiet dl-end")

    def _lanes(self) -> None:
        draw = self.drawing
        for row, process in enumerate(self.part.processes):
            y = TOP + LANE * row + 17 + BAR / 2
            name = shortened(process, NAME / 1.28)
            draw.write(self.left - 10, y + 4, name, "dl-strong dl-end")
            draw.line(self.left - 4, y, self.right, y, "dl-grid")
            for x, _ in self.instants.breaks:
                draw.shapes.append(shapes.box(x - 4, y - 5, 8, 10, "dl-gap"))
                for edge in (x - 4, x + 4):
                    draw.line(edge - 2, y + 5, edge + 2, y - 5, "dl-torn")
        for x, long_us in self.instants.breaks:
            ms = long_us / 1000
            label = f"⟨{ms:.0f}⟩" if ms >= 10 else f"⟨{ms:.2g}⟩"
            draw.write(x, self.bottom + 10, label, "dl-quiet dl-middle dl-small")

    def _limit(self) -> None:
        """Where the good prefix ends: the first end that the order does not explain."""
        judged = self.verdict is not None and self.verdict.invalid and self.points
        known, key = set(self.part.order), self.part.key
        ends = [
            (op.ended_us, i)
            for i in self.part.places
            if i not in known and (op := self.part.history[i]).outcome == "ok"
            if op.args[: len(key)] == key
        ]
        if judged and ends and self._keeps_time():
            x = self.box[min(ends)[1]][2]
            self.drawing.line(x, TOP - 8, x, self.bottom, "dl-op-limit")
            of = f" of {in_full(key[0])}" if key else ""
            words = f"up to here, the order shown explains all{of}"
            fits = x - 6 - text_width(words, SMALL) * WIDER > self.left
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
        end = max(x1, min(self.free_until[place], x1 + FADE))
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
        """The points, joined by a line in their order."""
        middles = {i: self.box[i][1] + BAR / 2 for i in self.points}
        for (one, (_, x0)), (other, (_, x1)) in pairwise(self.points.items()):
            self.drawing.line(x0, middles[one], x1, middles[other], "dl-op-path")
        for place, (told, x) in self.points.items():
            wide, y = self._point_width(told), middles[place]
            size = x - wide / 2, y - POINT / 2, wide, POINT
            self.drawing.shapes.append(shapes.box(*size, "dl-op-point", rx=POINT / 2))
            self.drawing.write(x, y + 3.4, told, "dl-op-number")

    def _point_width(self, told: str) -> float:
        return max(POINT, text_width(told, 9.5) + 6)

    def _words(self, lane: list[int]) -> None:
        """What each operation was, above it, up to where the next one begins."""
        for place in lane:
            x0, top, _, _ = self.box[place]
            room = (self.free_until[place] - x0) / WIDER
            words = shortened(self.told[place], room, SMALL)
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

    def _legend(self) -> list[list[tuple[float, str]]]:
        """The signs, each with its place, in rows that fit."""
        rows: list[list[tuple[float, str]]] = []
        x = self.width
        for sign in self._signs():
            room = 46 + text_width(LEGEND[sign], SMALL) * WIDER
            if x + room > self.width - 10:
                rows.append([])
                x = self.left
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
        verdict, room = self.verdict, self.width - self.left - 16
        note = self.part.sentence() + (
            f" Key: {in_full(self.of[0])}." if self.of else ""
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
            for line in lines_of(text, room, size=11 if "strong" in look else 10)
            if line
        ]

    def _below(self) -> None:
        y = self.axis + 22
        for row in self.legend:
            for x, sign in row:
                self.drawing.shapes.append(self._sign(sign, x, y))
                self.drawing.write(x + 28, y + 4, LEGEND[sign], "dl-small")
            y += ROW
        for line, look in self.foot:
            self.drawing.write(self.left, y + 4, line, look or None)
            y += ROW
