"""The small shapes of a space-time diagram, and how each kind of line looks."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from distlab.show import colours
from distlab.show.colours import HUE_TEXTS, HUES, Colour
from distlab.show.picture import element, number

SMALL = 10.5  # the size of the words among the arrows
TINTS = (colours.SKY, colours.ORANGE, colours.PURPLE, colours.GREEN)

RULES: dict[str, dict[str, str | Colour]] = {
    ".dl .dl-small": {"font-size": f"{SMALL}px"},
    ".dl .dl-bad-text": {"fill": colours.BAD_TEXT},
    ".dl .dl-good-text": {"fill": colours.GOOD_TEXT},
    # the life of a node
    ".dl-lane": {"stroke": colours.LANE, "stroke-width": "1.5"},
    ".dl-gap": {"fill": colours.PAPER},
    ".dl-torn": {"stroke": colours.LANE, "fill": "none"},
    ".dl-down": {
        "stroke": colours.BAD,
        "stroke-width": "1.5",
        "stroke-dasharray": "1 5",
    },
    ".dl-paused": {
        "stroke": colours.QUIET,
        "stroke-width": "7",
        "stroke-dasharray": "1.5 3",
    },
    ".dl-lying": {"stroke": colours.BAD, "stroke-width": "5", "stroke-opacity": "0.5"},
    # the faults of the links
    ".dl-band": {"fill": colours.BAD, "fill-opacity": "0.16"},
    ".dl-wall": {
        "stroke": colours.BAD,
        "stroke-width": "1.5",
        "stroke-dasharray": "7 4",
    },
    # moments
    ".dl-bad": {"stroke": colours.BAD, "stroke-width": "2", "fill": "none"},
    ".dl-good": {"fill": colours.GREEN, "stroke": colours.PAPER},
    ".dl-wait": {"stroke": colours.QUIET, "stroke-dasharray": "1 3", "fill": "none"},
    ".dl-set": {"stroke": colours.QUIET, "fill": colours.PAPER},
    ".dl-fire": {"stroke": colours.QUIET, "fill": colours.QUIET},
    ".dl-flag": {"stroke": colours.INK, "fill": colours.INK},
    # operations, by how they ended
    ".dl-ok": {"fill": colours.GREEN, "stroke": colours.GREEN},
    ".dl-fail": {"fill": colours.BAD, "stroke": colours.BAD},
    ".dl-info": {"fill": colours.ORANGE, "stroke": colours.ORANGE},
    ".dl-open": {"fill": colours.GREY, "stroke": colours.GREY},
    ".dl-operation": {"fill-opacity": "0.2"},
    ".dl-info,.dl-open": {"stroke-dasharray": "4 2"},
    ".dl-halo": {
        "stroke": colours.HALO,
        "stroke-width": "11",
        "stroke-linecap": "round",
        "fill": "none",
    },
    ".dl-wide": {"stroke-width": "21"},
    # messages, by type
    **{
        f".dl-m{i}": {"stroke": hue, "fill": hue, "stroke-width": "1.5"}
        for i, hue in enumerate(HUES)
    },
    **{f".dl .dl-t{i}": {"fill": hue} for i, hue in enumerate(HUE_TEXTS)},
    **{
        f".dl-g{i}": {"fill": tint, "fill-opacity": "0.13"}
        for i, tint in enumerate(TINTS)
    },
    ".dl-dashed": {"stroke-dasharray": "7 2"},
    ".dl-again": {"stroke-dasharray": "2 3"},
    ".dl .dl-head": {"stroke": "none"},
    ".dl .dl-hollow": {"fill": colours.PAPER, "stroke-dasharray": "none"},
}


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def loop(x0: float, x1: float, y: float, class_: str) -> str:
    """The way of a message to oneself: up and back."""
    path = f"M{_at(x0, y)}C{_at(x0, y - 28)} {_at(x1, y - 28)} {_at(x1, y)}"
    return element("path", d=path, class_=class_, style="fill:none")


def box(
    x: float, y: float, width: float, height: float, class_: str, rx: Any = None
) -> str:
    """A rectangle."""
    size = {"width": width, "height": height}
    return element("rect", x=x, y=y, **size, rx=rx, class_=class_)


def dot(x: float, y: float, r: float, class_: str) -> str:
    """A circle."""
    return element("circle", cx=x, cy=y, r=r, class_=class_)


def cross(x: float, y: float, r: float = 4.5, class_: str = "dl-bad") -> str:
    """What ends here: a lost message, a crashed node."""
    path = f"M{_at(x - r, y - r)}L{_at(x + r, y + r)}M{_at(x - r, y + r)}"
    return element("path", d=f"{path}L{_at(x + r, y - r)}", class_=class_)


def diamond(x: float, y: float, class_: str) -> str:
    """A change of state."""
    return element("path", d=f"M{_at(x, y - 4)}l4 4l-4 4l-4 -4z", class_=class_)


def triangle(x: float, y: float, class_: str) -> str:
    """What begins again: a node that is back."""
    return element("path", d=f"M{_at(x - 4, y - 6)}l10 6l-10 6z", class_=class_)


def head(x0: float, y0: float, x1: float, y1: float, class_: str) -> str:
    """The head of an arrow that comes from one point and ends in another."""
    dx, dy = x1 - x0, y1 - y0
    length = (dx * dx + dy * dy) ** 0.5 or 1
    ux, uy = dx / length, dy / length
    bx, by = x1 - 9 * ux, y1 - 9 * uy
    left = _at(bx - 3.6 * uy, by + 3.6 * ux)
    right = _at(bx + 3.6 * uy, by - 3.6 * ux)
    return element("path", d=f"M{_at(x1, y1)}L{left}L{right}z", class_=class_)


def words(x: float, y: float, text: str, class_: str) -> str:
    """A line of text."""
    return element("text", escape(text), x=x, y=y, class_=class_)


def _at(x: float, y: float) -> str:
    return f"{number(x)} {number(y)}"
