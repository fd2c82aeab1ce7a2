"""A space-time diagram on paper: a lane for each node, time from left to right.

Drawn from back to front: what is wrong with the links, time, lanes, what is marked,
operations, messages, moments, words. Colour never says it alone: what never arrives
ends in a cross, what is ignored in a hollow head, a crash breaks the lane.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from distlab.faults import Heal
from distlab.show import shapes
from distlab.show.account import SPELLS, message, moment, operation
from distlab.show.layer import Layer
from distlab.show.layout import ROW, Layout
from distlab.show.legend import Legend, hue_of
from distlab.show.lettering import Lettering
from distlab.show.naming import fault_in_words, kind_of
from distlab.show.picture import Drawing, element, text_width
from distlab.show.scene import Arrow, Band, Bar, Mark, Scene, Spell
from distlab.show.window import Window

DEEP = 16.0  # from the lanes to the names of the times


class Diagram:
    """One window of one scene, drawn when it is made: `drawing` has the result."""

    def __init__(
        self,
        scene: Scene,
        window: Window,
        layer: Layer,
        *,
        caption: str = "",
        width: float = 840,
    ):
        self.layout = layout = Layout(scene, window, width)
        self.layer, self.marked = layer, layer.marked
        self.legend = Legend(layout, layer.legend)
        self.caption = _wrapped(caption, width - layout.left - 16)
        self.axis = layout.bottom + DEEP + (12 if layout.scale.breaks else 0)
        rows = len(self.legend.rows) + 1 + len(self.caption)
        rules = {**shapes.RULES, **layer.rules}
        self.drawing = Drawing(width, self.axis + 24 + ROW * rows, rules)

        for band, row in zip(layout.bands, layout.caption_rows, strict=True):
            self._band(band, row)
        self._ticks()
        self._lanes()
        self.drawing.shapes += layer.shapes(layout)
        self._halos()
        for spell in layout.spells:
            self._spell(spell)
        for bar in layout.bars:
            self._bar(bar)
        for arrow in layout.arrows:
            self._arrow(arrow)
        for mark in sorted(layout.marks, key=lambda m: m.kind != "set"):
            self._mark(mark)
        for spell in layout.spells:
            self._turns(spell)
        self.drawing.shapes += Lettering(layout).written
        self._foot()

    def _group(self, steps: list[int], told: str, *inside: str) -> None:
        """Shapes that show the same steps, with their words for a pointer."""
        title = element("title", escape(told))
        data = " ".join(map(str, steps))
        look = f"dl-step {self.layer.look(steps)}".rstrip()
        self.drawing.add("g", title + "".join(inside), class_=look, data_step=data)

    # --------------------------------------------------------------- the links' faults
    def _band(self, band: Band, row: int) -> None:
        layout = self.layout
        x0, x1 = layout.x(band.from_us), layout.x(band.to_us)
        wide, y, told = max(x1 - x0, 2), 8 + ROW * row, fault_in_words(band.fault)
        inside = []
        if isinstance(band.fault, Heal):
            inside.append(shapes.line(x0, y, x0, layout.bottom, "dl-wait"))
        else:
            inside.append(shapes.box(x0, y, wide, 14, "dl-band", rx=2))
        for node, side in layout.sides(band).items():
            if node in layout.lane:
                top, high = layout.row(node)
                inside.append(shapes.box(x0, top, wide, high, f"dl-g{side % 4}"))
        inside += [
            shapes.line(x0, wall, x1, wall, "dl-wall") for wall in layout.walls(band)
        ]
        caption = layout.caption_x(band) + 5
        inside.append(shapes.words(caption, y + 11, told, "dl-small dl-bad-text"))
        self._group(band.steps, told, *inside)

    # ------------------------------------------------------------------ time and lanes
    def _ticks(self) -> None:
        draw, layout = self.drawing, self.layout
        for x, label in layout.scale.ticks():
            draw.line(x, layout.top, x, layout.bottom, "dl-grid")
            draw.write(x, self.axis, label, "dl-quiet dl-middle")
        draw.write(layout.right + 4, self.axis, "ms", "dl-quiet")

    def _lanes(self) -> None:
        draw, layout = self.drawing, self.layout
        for node, y in layout.lane.items():
            draw.write(layout.left - 10, y + 4, node, "dl-strong dl-end")
            draw.line(layout.left - 4, y, layout.right, y, "dl-lane")
        for a, b in layout.scale.breaks:
            self._break((layout.x(a) + layout.x(b)) / 2, b - a)

    def _break(self, x: float, long_us: int) -> None:
        """Two torn edges in each lane, and how much time is missing between them."""
        draw, layout = self.drawing, self.layout
        for y in layout.lane.values():
            draw.shapes.append(shapes.box(x - 4, y - 5, 8, 10, "dl-gap"))
            for edge in (x - 4, x + 4):
                draw.line(edge - 2, y + 5, edge + 2, y - 5, "dl-torn")
        ms = long_us / 1000
        label = f"⟨{ms:.0f}⟩" if ms >= 10 else f"⟨{ms:.2g}⟩"
        draw.write(x, layout.bottom + 12, label, "dl-quiet dl-middle dl-small")

    # ------------------------------------------------------------- what the nodes do
    def _spell(self, spell: Spell) -> None:
        layout = self.layout
        x0, x1 = layout.x(spell.from_us), layout.x(spell.to_us)
        y = layout.lane[spell.node]
        lane = shapes.line(x0, y, x1, y, f"dl-{spell.kind}")
        gap = shapes.box(x0, y - 2, x1 - x0, 4, "dl-gap") * (spell.kind == "down")
        self._group(spell.steps, f"{spell.node} {SPELLS[spell.kind]}", gap, lane)

    def _turns(self, spell: Spell) -> None:
        """Where a spell begins and ends, over what arrives there."""
        layout, y = self.layout, self.layout.lane[spell.node]
        ends = []
        if spell.kind == "down" and layout.inside(spell.from_us):
            ends.append(shapes.cross(layout.x(spell.from_us), y, 7))
        if layout.inside(spell.to_us):
            ends.append(shapes.triangle(layout.x(spell.to_us), y, "dl-good"))
        if ends:
            self._group(spell.steps, f"{spell.node} {SPELLS[spell.kind]}", *ends)

    def _bar(self, bar: Bar) -> None:
        x0, top, x1, bottom = self.layout.bar_box(bar)
        look = f"dl-operation dl-{bar.outcome}"
        shape = shapes.box(x0, top, x1 - x0, bottom - top, look, rx=3)
        self._group(bar.steps, f"{bar.node} {operation(bar)[0]}", shape)

    def _arrow(self, arrow: Arrow) -> None:
        (x0, y0, x1, y1), whole = self.layout.course(arrow)
        hue = hue_of(self.layout.kinds[kind_of(arrow.what)])
        hue += " dl-again" * arrow.again
        if arrow.src == arrow.dst:
            inside = [shapes.loop(x0, x1, y0, hue)]
            x0, y0 = x1, y1 - 20  # the head points down from the loop
        else:
            inside = [shapes.line(x0, y0, x1, y1, hue)]
            if self.layout.inside(arrow.sent_us) and not arrow.again:
                inside.append(shapes.dot(x0, y0, 2.2, hue))
        if whole and arrow.end == "dropped":
            inside.append(shapes.cross(x1, y1))
        elif whole and arrow.end != "under way":
            look = "dl-hollow" if arrow.end == "ignored" else "dl-head"
            inside.append(shapes.head(x0, y0, x1, y1, f"{hue} {look}"))
        self._group(arrow.steps, message(arrow), *inside)

    def _mark(self, mark: Mark) -> None:
        x, y = self.layout.place_of(mark)
        match mark.kind:
            case "set":
                inside = [shapes.dot(x, y, 2.4, "dl-set")]
            case "cancel":
                inside = [shapes.cross(x, y, 2.5, "dl-set")]
            case "fire":
                inside = [shapes.dot(x, y, 3.2, "dl-fire")]
                if mark.since_us is not None:
                    since = self.layout.x(mark.since_us)
                    inside.append(shapes.line(since, y, x - 3, y, "dl-wait"))
            case "sync" | "start":
                inside = [shapes.box(x - 2, y - 2, 4, 4, "dl-fire")]
            case "state":
                inside = [shapes.diamond(x, y, "dl-set")]
            case _:
                inside = [shapes.dot(x, y, 3, "dl-flag")]
        self._group(mark.steps, f"{mark.node} {moment(mark)}", *inside)

    # -------------------------------------------------------------- marks and the foot
    def _halos(self) -> None:
        draw, layout = self.drawing, self.layout
        for arrow in layout.arrows:
            if self.marked.intersection(arrow.steps):
                draw.line(*layout.course(arrow)[0], "dl-halo")
        for bar in layout.bars:
            if self.marked.intersection(bar.steps):
                x0, top, x1, bottom = layout.bar_box(bar)
                y = (top + bottom) / 2
                draw.line(x0, y, x1, y, "dl-halo dl-wide")
        for mark in layout.marks:
            if self.marked.intersection(mark.steps):
                x, y = layout.place_of(mark)
                draw.line(x, y, x + 0.1, y, "dl-halo dl-wide")
        for spell in layout.spells:
            if self.marked.intersection(spell.steps):
                x, y = layout.x(spell.from_us), layout.lane[spell.node]
                draw.line(x, y, layout.x(spell.to_us), y, "dl-halo dl-wide")

    def _foot(self) -> None:
        draw, layout = self.drawing, self.layout
        y = self.axis + 22
        draw.shapes += self.legend.shapes(y)
        y += ROW * len(self.legend.rows) + 4
        draw.write(layout.left, y, layout.window.sentence(), "dl-small dl-quiet")
        for row in self.caption:
            y += ROW
            draw.write(layout.left, y, row, "dl-strong")


def _wrapped(text: str, room: float) -> list[str]:
    """The text in lines that fit."""
    rows: list[str] = []
    for word in text.split():
        if rows and text_width(f"{rows[-1]} {word}", 11, bold=True) <= room:
            rows[-1] += f" {word}"
        else:
            rows.append(word)
    return rows
