"""The legend of a space-time diagram: what colours and shapes mean, if they occur."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from distlab.show import shapes
from distlab.show.colours import GREY, HUES
from distlab.show.layout import ROW, Layout
from distlab.show.naming import kind_of
from distlab.show.picture import text_width
from distlab.show.shapes import SMALL

NEUTRAL = f"dl-m{HUES.index(GREY)}"
ENDS = {
    "dropped": "never arrives",
    "ignored": "ignored",
    "under way": "still under way",
}
MOMENTS = {
    "set": "timer set",
    "fire": "timer runs out",
    "cancel": "timer cancelled",
    "state": "state changes",
    "sync": "disk synced",
}


def hue_of(place: int) -> str:
    """The look of the message type that is number `place`: colours, then dashes."""
    return f"dl-m{place % len(HUES)}" + " dl-dashed" * (place >= len(HUES))


class Legend:
    """The entries that a diagram needs, in rows that fit its width."""

    def __init__(self, layout: Layout, more: Sequence[tuple[str, str]] = ()):
        self.kinds = layout.kinds
        shown = dict.fromkeys(kind_of(arrow.what) for arrow in layout.arrows)
        ends = {arrow.end for arrow in layout.arrows}
        moments = {mark.kind for mark in layout.marks}
        entries = [("message", kind) for kind in shown]
        entries += [(end, words) for end, words in ENDS.items() if end in ends]
        if any(arrow.again for arrow in layout.arrows):
            entries.append(("again", "arrives a second time"))
        entries += [(kind, words) for kind, words in MOMENTS.items() if kind in moments]
        if layout.scale.breaks:
            entries.append(("break", "idle time left out, ms"))
        entries += more
        self.rows: list[list[tuple[float, str, str]]] = []
        x = layout.width
        for sign, words in entries:
            room = 48 + text_width(words, SMALL)
            if x + room > layout.width - 10:
                self.rows.append([])
                x = layout.left
            self.rows[-1].append((x, sign, words))
            x += room

    def shapes(self, y: float) -> Iterator[str]:
        """The legend from this height downwards."""
        for i, row in enumerate(self.rows):
            for x, sign, words in row:
                yield from self._sign(sign, words, x, y + ROW * i)
                yield shapes.words(x + 32, y + ROW * i + 4, words, "dl-small")

    def _sign(self, sign: str, words: str, x: float, y: float) -> Iterator[str]:
        match sign:
            case "message":
                hue = hue_of(self.kinds[words])
                yield shapes.line(x, y, x + 20, y, hue)
                yield shapes.head(x, y, x + 26, y, f"{hue} dl-head")
            case "dropped":
                yield shapes.line(x + 2, y, x + 20, y, NEUTRAL)
                yield shapes.cross(x + 20, y)
            case "ignored":
                yield shapes.line(x, y, x + 18, y, NEUTRAL)
                yield shapes.head(x, y, x + 26, y, f"{NEUTRAL} dl-hollow")
            case "under way":
                yield shapes.line(x, y, x + 26, y, NEUTRAL)
            case "again":
                yield shapes.line(x, y, x + 20, y, f"{NEUTRAL} dl-again")
                yield shapes.head(x, y, x + 26, y, f"{NEUTRAL} dl-head")
            case _:
                yield from _moment(sign, x, y)


def _moment(sign: str, x: float, y: float) -> Iterator[str]:
    """What stands on a lane, or over all of them."""
    match sign:
        case "fire":
            yield shapes.line(x + 4, y, x + 17, y, "dl-wait")
            yield shapes.dot(x + 20, y, 3.2, "dl-fire")
        case "set":
            yield shapes.dot(x + 22, y, 2.4, "dl-set")
        case "cancel":
            yield shapes.cross(x + 22, y, 2.5, "dl-set")
        case "sync":
            yield shapes.box(x + 20, y - 2, 4, 4, "dl-fire")
        case "state":
            yield shapes.diamond(x + 20, y, "dl-set")
        case "break":
            yield shapes.words(x + 6, y + 4, "⟨9⟩", "dl-small dl-quiet")
        case "dl-cut" | "dl-bad-cut":
            yield shapes.line(x + 14, y - 7, x + 14, y + 7, sign)
        case look:
            yield shapes.box(x + 6, y - 6, 20, 12, look)
