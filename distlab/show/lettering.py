"""The words in a space-time diagram: each where it covers no other, or not at all.

What finds no place is still in the text twin, and under the pointer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from distlab.show import shapes
from distlab.show.account import moment, operation
from distlab.show.colours import HUES
from distlab.show.layout import BAR, Course, Layout
from distlab.show.naming import in_full, kind_of, labels
from distlab.show.picture import shortened, text_width
from distlab.show.placement import CROSSING, Placement
from distlab.show.scene import Arrow, Bar, Spell
from distlab.show.shapes import SMALL

HIGH = 12.0  # of a line of words
LONGEST = 130.0  # of a label, in pixels
SPELLS = {
    "down": ("crash", "back"),
    "paused": ("paused", "goes on"),
    "lying": ("lies", ""),
}
FLAGGED = {"note", "output", "fault", "ignore", "recover", "resume"}
LOOP = 21.0  # how high the loop of a message to oneself is
FURTHER = 7.0  # from a line its words may stand, beyond what is usual
SHARES = (0.0, *(side * n / 100 for n in range(8, 41, 8) for side in (-1, 1)))
WIDER = 1.12  # DejaVu's letters against Helvetica's: they keep off the lines there too


class Lettering:
    """Writes the words of a layout, the scarcest places first."""

    def __init__(self, layout: Layout):
        self.layout = layout
        page = (layout.left - 8, layout.top - 4, layout.width - 5, layout.bottom + 1)
        self.places = Placement(page)
        # how many lines words may cross at most: none at first, more where they are few
        self.crossings = sorted({0, max(0, 2 - len(layout.arrows) // 15)})
        self.written: list[str] = []
        self._drawn()
        for spell in layout.spells:
            self._spell(spell)
        for bar in layout.bars:
            self._operation(bar)
        self._flags()
        self._messages()

    def _drawn(self) -> None:
        """Keep words away from all that is drawn, and off lines where possible."""
        layout = self.layout
        for y in layout.lane.values():
            self.places.block((layout.left - 4, y - 3, layout.right, y + 3))
        for bar in layout.bars:
            self.places.block(layout.bar_box(bar))
        for arrow in layout.arrows:
            (x0, y0, x1, y1), whole = layout.course(arrow)
            self.places.cross(self._way(arrow))
            if arrow.src == arrow.dst:
                self.places.cross((x0, y0 - LOOP, x0, y0))
                self.places.cross((x1, y1 - LOOP, x1, y1))
            if whole:
                self.places.block((x1 - 5, y1 - 5, x1 + 5, y1 + 5))
        for band in layout.bands:
            x0, x1 = layout.x(band.from_us), layout.x(band.to_us)
            for y in layout.walls(band):
                self.places.cross((x0, y, x1, y))
        for mark in layout.marks:
            x, y = layout.place_of(mark)
            if mark.kind != "state":
                self.places.block((x - 4, y - 4, x + 4, y + 4))

    def _write(self, box: tuple, text: str, look: str) -> None:
        self.written.append(
            shapes.words(box[0], box[1] + 9.5, text, f"dl-small dl-rim {look}".rstrip())
        )

    # -------------------------------------------------------------------- beside a lane
    def _spell(self, spell: Spell) -> None:
        layout, (begins, ends) = self.layout, SPELLS[spell.kind]
        x = layout.x(max(spell.from_us, layout.from_us))
        self._flag(x, layout.lane[spell.node], begins, "dl-bad-text")
        if ends and layout.inside(spell.to_us):
            x = layout.x(spell.to_us)
            self._flag(x, layout.lane[spell.node], ends, "dl-good-text")

    def _flags(self) -> None:
        """Notes, outputs and the like at their node."""
        layout = self.layout
        for mark in layout.marks:
            if mark.kind in FLAGGED:
                text = shortened(moment(mark), 2 * LONGEST, SMALL)
                self._flag(
                    layout.x(mark.at_us), layout.lane[mark.node], text, "dl-strong"
                )

    def _flag(self, x: float, y: float, text: str, look: str) -> None:
        """Words above or below a lane, with a pole where they stand away from it."""
        wide = text_width(text, SMALL, bold=look == "dl-strong")
        tops = (
            (0.0, y - 19),
            (0.3, y + 8),
            (1.0, y - 32),
            (1.3, y + 21),
            (1.8, y - 44),
        )
        candidates = [
            (cost + aside, left, top)
            for aside, left in ((0.0, x - 3), (0.4, x - wide / 2), (0.6, x - wide + 3))
            for cost, top in tops
        ]
        box = self.places.place(candidates, wide, HIGH)
        if box:
            near = box[3] if box[1] < y else box[1]
            if abs(near - y) > 9:
                self.written.append(shapes.line(x, y, x, near, "dl-wait"))
            self._write(box, text, look)

    def _operation(self, bar: Bar) -> None:
        """An operation with its outcome, in its bar or beside it; else a part of it."""
        texts = operation(bar)
        for text in texts[:2]:
            if self._in_bar(bar, text) or self._beside_bar(bar, text):
                return
        any(self._in_bar(bar, text) for text in texts[2:])

    def _in_bar(self, bar: Bar, text: str) -> bool:
        x0, top, x1, _ = self.layout.bar_box(bar)
        x0 = max(x0, self.layout.left)
        fits = text_width(text, SMALL) + 8 <= x1 - x0
        if fits:
            self.written.append(shapes.words(x0 + 4, top + 11, text, "dl-small"))
        return fits

    def _beside_bar(self, bar: Bar, text: str) -> bool:
        x0, top, x1, _ = self.layout.bar_box(bar)
        top, wide = top + 1.5, text_width(text, SMALL)
        away = top + BAR * self.layout.bar_side[bar.node]
        candidates = [(0.0, x1 + 4, top), (0.5, x0, away), (1.0, x1 - wide, away)]
        box = self.places.place(candidates, wide, HIGH)
        if box:
            self._write(box, text, "")
        return box is not None

    # ----------------------------------------------------------------- along an arrow
    def _messages(self) -> None:
        """Each message's name and what befell it; once for what was sent to several."""
        copies: dict[tuple, list[Arrow]] = {}
        for arrow in self.layout.arrows:
            sent = (
                arrow.src,
                arrow.sent_us,
                kind_of(arrow.what),
                in_full(arrow.what),
            )
            copies.setdefault(sent, []).append(arrow)
        for arrows in copies.values():
            fates = {fate: arrow for arrow in arrows if (fate := _fate(arrow))}
            for fate, arrow in fates.items():
                any(self._along(arrow, *fate, most) for most in self.crossings)
        unnamed = list(copies.values())
        for most in self.crossings:
            unnamed = [a for a in unnamed if not self._name(a, slice(-1), most)]
        for arrows in unnamed:
            self._name(arrows, slice(-1, None), 0)

    def _name(self, arrows: list[Arrow], which: slice, crossings: int) -> bool:
        """The first of these names that finds a place at one of these arrows.

        What a message says comes first, and is worth crossing another line where there
        are few of them; its type alone is not, for its colour says that too.
        """
        what = arrows[0].what
        hue = f"dl-t{self.layout.kinds[kind_of(what)] % len(HUES)}"
        return any(
            self._along(arrow, text, hue, 0.5, crossings)
            for text in labels(what)[which]
            if text_width(text, SMALL) <= LONGEST
            for arrow in arrows
        )

    def _along(
        self, arrow: Arrow, text: str, look: str, at: float, crossings: int = 0
    ) -> bool:
        """Write along the arrow, about `at` this share of its way, if there is room.

        Where no other line may be crossed, words may stand a little further away.
        """
        way, wide = self._way(arrow), text_width(text, SMALL) * WIDER
        places = beside(way, wide, at, (0.0,) if crossings else (0.0, FURTHER))
        dear = CROSSING * (crossings + 1)  # no place in itself costs a crossing
        box = self.places.place(places, wide, HIGH, way, dear)
        if box:  # in the middle, for not every letter is as wide as it may be
            self._write((box[0] + wide / 2, box[1]), text, f"dl-middle {look}")
        return box is not None

    def _way(self, arrow: Arrow) -> Course:
        """The line that an arrow's words belong to: of a loop it is the top."""
        (x0, y0, x1, y1), _ = self.layout.course(arrow)
        up = LOOP * (arrow.src == arrow.dst)
        return x0, y0 - up, x1, y1 - up


def _fate(arrow: Arrow) -> tuple[str, str, float] | None:
    """Why a message never arrived or was ignored, its look, and where to say it."""
    if arrow.end == "dropped" and arrow.why not in ("", "lost"):
        return arrow.why, "dl-bad-text", 0.75
    return (arrow.why, "dl-quiet", 0.8) if arrow.end == "ignored" else None


def beside(
    way: Course, wide: float, at: float, distances: Sequence[float]
) -> Iterator[tuple]:
    """Places for a label at a line: beside it, on both sides, then upon it."""
    x0, y0, x1, y1 = way
    dx, dy = x1 - x0, y1 - y0
    steep = abs(dy) > abs(dx) * 0.35
    for share, further in product(SHARES, distances):
        t = at + share
        if not 0.08 <= t <= 0.92:
            continue
        x, y, cost = x0 + dx * t, y0 + dy * t, abs(share) * 3 + further / 14
        if steep:
            away = 4 + abs(dx / dy) * HIGH / 2 + further
            yield cost, x + away, y - HIGH / 2
            yield cost + 0.2, x - away - wide, y - HIGH / 2
        else:
            away = 3 + (abs(dy / dx) * wide / 2 if dx else 0) + further
            yield cost, x - wide / 2, y - away - HIGH
            yield cost + 0.2, x - wide / 2, y + away
        yield cost + 1.0, x - wide / 2, y - HIGH / 2
