"""The colours of every picture: Okabe and Ito's eight, for white and for black paper.

Source: M. Okabe, K. Ito, Color Universal Design (2002; rev. 2008): hues that people
with any common colour blindness tell apart. Theirs are made for print on white, where
yellow and sky blue vanish; here each hue comes in two shades, at least 3:1 against its
paper, and every colour of text at least 4.5:1 (WCAG 2.1, 1.4.3 and 1.4.11; a test
computes them).

A picture is one SVG for both themes. JupyterLab shows it as an `<img>`, which the
page's style sheet cannot reach, but the page's `color-scheme` can: `light-dark()`
follows it there, and inside a widget too. In a browser that does not know it, the light
shades hold, on a paper of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["HUES", "INK", "PAPER", "Colour", "contrast", "style_sheet"]


class Colour(NamedTuple):
    """One colour as `#rrggbb` on the light theme and on the dark one."""

    light: str
    dark: str


# ------------------------------------------------------------ what pictures are made of
PAPER = Colour("#ffffff", "#1b1d21")
BAND = Colour("#f3f5f7", "#25282d")  # the background of a lane, every other row
FAINT = Colour("#d5d9de", "#434950")  # grid lines and borders: never carry meaning
LANE = Colour("#8b949e", "#7d8690")  # the life of a node
QUIET = Colour("#57606a", "#a7b0ba")  # text that may be passed over
INK = Colour("#1f2328", "#e8eaed")  # text, and the fallback for everything

BLUE = Colour("#0072b2", "#1f8ad6")
VERMILLION = Colour("#d55e00", "#ee7733")
GREEN = Colour("#008f68", "#1fbf93")
PURPLE = Colour("#c0609a", "#d98bb5")
ORANGE = Colour("#b97d00", "#e69f00")
SKY = Colour("#2b95d0", "#56b4e9")
YELLOW = Colour("#948a00", "#f0e442")
GREY = Colour("#6e7781", "#98a2ad")

# In this order they are given out: the first ones are furthest apart.
HUES = (BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, GREY)
# The same, for words beside what has that colour.
HUE_TEXTS = (
    Colour("#0072b2", "#3596da"),
    Colour("#966500", "#e69f00"),
    Colour("#007f5d", "#1fbf93"),
    Colour("#a55384", "#d98bb5"),
    Colour("#2276a4", "#56b4e9"),
    Colour("#797100", "#f0e442"),
    Colour("#677079", "#98a2ad"),
)
BAD = VERMILLION  # kept for what goes wrong: losses, crashes, violations
HALO = Colour("#ffe27a", "#5c4e00")  # behind what is marked
BAD_TEXT = Colour("#b84c00", "#ff8f50")
GOOD_TEXT = Colour("#007a58", "#35c99f")
TEXTS = (INK, QUIET, BAD_TEXT, GOOD_TEXT, *HUE_TEXTS)


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`, from 0 (black) to 1 (white)."""
    red, green, blue = (_linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, from 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def style_sheet(rules: Mapping[str, Mapping[str, str | Colour]]) -> str:
    """CSS for both themes: `{".note": {"fill": INK, "font-size": "11px"}}`.

    Light shades first, for every renderer; then the pairs, for those that know them.
    """
    plain, themed = [], []
    for selector, declarations in rules.items():
        plain.append(_rule(selector, declarations, "{0.light}"))
        colours = {k: v for k, v in declarations.items() if isinstance(v, Colour)}
        if colours:
            themed.append(_rule(selector, colours, "light-dark({0.light},{0.dark})"))
    return (
        f"{''.join(plain)}@supports (color:light-dark(red,red)){{"
        # only a picture that stands alone says which schemes it knows: inside a page
        # it takes the page's
        f"svg:root{{color-scheme:light dark}}{''.join(themed)}}}"
    )


def _rule(selector: str, declarations: Mapping[str, str | Colour], colour: str) -> str:
    written = ";".join(
        f"{name}:{colour.format(value) if isinstance(value, Colour) else value}"
        for name, value in declarations.items()
    )
    return f"{selector}{{{written}}}"
