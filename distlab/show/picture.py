"""A picture: an SVG, the same in words, and one sentence for those who see neither.

`Drawing` is the paper and the pen: shapes are added in the order in which they are
painted, and `picture()` puts them on a panel of their own, legible on light pages and
on dark ones. All numbers go through `number` and nothing depends on the machine, so
that equal inputs give equal bytes.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from distlab.show.colours import BAND, FAINT, INK, PAPER, QUIET, Colour, style_sheet

__all__ = ["Drawing", "Picture", "number", "text_width"]

FONT = "'Helvetica Neue',Helvetica,Arial,'Liberation Sans',sans-serif"


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """A drawing (`svg`), its twin in words (`text`), one sentence about it (`alt`)."""

    svg: str
    text: str
    alt: str

    def __repr__(self) -> str:
        return f"Picture: {self.alt}"

    def __str__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict:
        return {"image/svg+xml": self.svg, "text/plain": f"{self.alt}\n{self.text}"}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the SVG to a file."""
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(self.svg)


def number(value: float) -> str:
    """A coordinate: at most two decimals, no exponent, no minus zero.

    >>> number(3.0), number(0.1 + 0.2), number(-0.001), number(1e7)
    ('3', '0.3', '0', '10000000')
    """
    if isinstance(value, int):
        return str(value)
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


# Widths of Helvetica's glyphs, in thousandths of the size (Adobe's metrics). What most
# browsers put in its place (Arial, Liberation Sans) has the same; others get `SPARE`.
_GLYPHS = {
    222: "'ijl|",
    278: " !,./:;I[\\]ftˈ",
    333: "()-`r",
    355: '"',
    389: "*",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu«»–",
    584: "+<=>~×−≤≥",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "…→←⟶—↑↓",
    1015: "@",
}
WIDTHS = {glyph: width for width, glyphs in _GLYPHS.items() for glyph in glyphs}
SPARE = 1.04
BOLDER = 1.28  # Helvetica's own is 1.07: DejaVu Sans Bold would lose words at an edge


def text_width(text: str, size: float = 11, bold: bool = False) -> float:
    """About how wide a text is, in the units of `size`."""
    thousandths = sum(WIDTHS.get(glyph, 600) for glyph in text)
    return thousandths * size * SPARE * (BOLDER if bold else 1) / 1000


def shortened(text: str, room: float, size: float = 11) -> str:
    """The text, cut with an ellipsis if it is wider than `room`; "" if nothing fits."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(text + "…", size) > room:
        text = text[:-1]
    return f"{text.rstrip()}…" if text else ""


def element(name: str, inside: str = "", /, **attributes: Any) -> str:
    """One SVG element; `class_` and `data_step` become `class` and `data-step`.

    `inside` is markup already; attributes that are None are left out.

    >>> element("circle", cx=1, r=2.50, class_="dot", fill=None)
    '<circle cx="1" r="2.5" class="dot"/>'
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}="
        f"{quoteattr(number(value) if isinstance(value, (int, float)) else str(value))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


BASE: dict[str, dict[str, str | Colour]] = {
    ".dl-paper": {"fill": PAPER, "stroke": FAINT},
    ".dl-band": {"fill": BAND},
    ".dl-grid": {"stroke": FAINT, "fill": "none"},
    ".dl text": {"font-family": FONT, "fill": INK, "font-size": "11px"},
    ".dl .dl-quiet": {"fill": QUIET},
    ".dl .dl-title": {"font-size": "13px", "font-weight": "600"},
    ".dl .dl-strong": {"font-weight": "600"},
    ".dl .dl-end": {"text-anchor": "end"},
    ".dl .dl-middle": {"text-anchor": "middle"},
    # a rim of paper keeps words legible where they cross a line
    ".dl .dl-rim": {
        "paint-order": "stroke",
        "stroke": PAPER,
        "stroke-width": "3px",
        "stroke-linejoin": "round",
    },
}


class Drawing:
    """A panel to draw on: `width` by `height` pixels, from the top left.

    `rules` adds CSS classes, `{".dl-x": {"stroke": BLUE}}`. Give every class the prefix
    `dl-`: inside a widget the style sheet is the whole page's.
    """

    def __init__(
        self,
        width: float,
        height: float,
        rules: Mapping[str, Mapping[str, str | Colour]] | None = None,
    ):
        self.width, self.height = width, height
        self.rules = {**BASE, **(rules or {})}
        self.shapes: list[str] = []

    def add(self, name: str, inside: str = "", /, **attributes: Any) -> None:
        """Paint one element over what is there."""
        self.shapes.append(element(name, inside, **attributes))

    def line(self, x1: float, y1: float, x2: float, y2: float, class_: str) -> None:
        """A straight line."""
        self.add("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)

    def write(self, x: float, y: float, text: str, class_: str | None = None) -> None:
        """A line of text that begins at `x` on the base line `y`."""
        self.add("text", escape(text), x=x, y=y, class_=class_)

    def picture(self, *, alt: str, text: str) -> Picture:
        """What has been drawn, with its sentence and its twin in words.

        The first line of the text becomes the description inside the SVG.
        """
        body, first = "".join(self.shapes), text.partition("\n")[0]
        digest = hashlib.sha256(f"{alt}{body}".encode()).hexdigest()
        key = digest[:8]  # so that no two ids on a page are equal
        head = element("title", escape(alt), id=f"t{key}")
        head += element("desc", escape(first), id=f"d{key}")
        head += element("style", escape(style_sheet(self.rules)))
        svg = element(
            "svg",
            f"{head}{self._panel()}{body}",
            xmlns="http://www.w3.org/2000/svg",
            class_="dl",
            width=self.width,
            height=self.height,
            viewBox=f"0 0 {number(self.width)} {number(self.height)}",
            role="img",
            aria_labelledby=f"t{key}",
            aria_describedby=f"d{key}",
        )
        return Picture(svg, text, alt)

    def _panel(self) -> str:
        """A paper of its own: the colour of the page does not matter."""
        size = {"width": self.width - 1, "height": self.height - 1}
        return element("rect", x=0.5, y=0.5, **size, rx=6, class_="dl-paper")
