"""Parameters and their values in words, and numbers as columns of text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate, takewhile
from typing import Any

from distlab.show.picture import text_width

__all__ = [
    "headed",
    "label_of",
    "lines_of",
    "paragraph",
    "setting_of",
    "table",
    "told",
]

LINES = 12  # of one paragraph below a picture
UNITS = {"us": "µs", "percent": "%", "per_s": "per s", "per_ms": "per ms"}
NAMED_UNIT = re.compile(r"(.+?)_(per_s|per_ms|ms|us|s|min|bytes|kb|mb|percent)(_.+)?$")


def name_and_unit(name: str) -> tuple[str, str]:
    """`timeout_ms_max` → `timeout max`, `ms`."""
    found = NAMED_UNIT.match(name)
    if not found:
        return name.replace("_", " "), ""
    words = (found[1] + (found[3] or "")).replace("_", " ")
    return words, UNITS.get(found[2], found[2])


def label_of(name: str) -> str:
    """The name of a parameter for people, with its unit in brackets.

    >>> label_of("timeout_ms"), label_of("rate_per_s"), label_of("sync_followers")
    ('timeout (ms)', 'rate (per s)', 'sync followers')
    """
    words, unit = name_and_unit(name)
    return f"{words} ({unit})" if unit else words


def setting_of(name: str, value: Any) -> str:
    """A parameter and its value for people.

    >>> setting_of("timeout_ms", 150), setting_of("loss", 0.05), setting_of("f", True)
    ('timeout 150 ms', 'loss 0.05', 'f yes')
    """
    words, unit = name_and_unit(name)
    return f"{words} {told(value)} {unit}".rstrip()


def told(value: Any) -> str:
    """A number in at most four digits, a class by its name, anything else as it is.

    >>> told(150), told(0.05), told(12.3456), told(1234567.8), told(dict)
    ('150', '0.05', '12.35', '1234568', 'dict')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return value.__name__ if isinstance(value, type) else str(value)


def headed(title: str) -> str:
    """A title that leads into a sentence: `Lag:`, but `Is it lost?`."""
    return title if title.endswith(("?", "!", ".", ":")) else f"{title}:"


def lines_of(
    title: str, room: float, *, size: float = 13, bold: bool = True
) -> list[str]:
    """A text in as many lines as it needs, none wider than `room` pixels.

    >>> lines_of("How long a write takes when its leader dies", 180)
    ['How long a write takes', 'when its leader dies']
    >>> lines_of("[1,2,3,4,5,6]", 40, size=11, bold=False)
    ['[1,2,3,4', ',5,6]']
    """
    lines = [""]
    for word in title.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, bold) > room:
            longer = word
            lines.append("")
        while text_width(longer, size, bold) > room and len(longer) > 1:
            cut = max(1, _letters(longer, room, size, bold))  # a value without a space
            lines[-1:] = [longer[:cut], ""]
            longer = longer[cut:]
        lines[-1] = longer
    return lines


def paragraph(text: str, room: float, *, size: float) -> list[str]:
    """A text in lines, for below a picture: what is very long is in words elsewhere."""
    lines = lines_of(text, room, size=size) if text else []
    if len(lines) > LINES:
        lines[LINES - 1 :] = ["… the rest of this is in the text beside the picture."]
    return lines


def _letters(word: str, room: float, size: float, bold: bool) -> int:
    """How many letters of a word fit."""
    wide = accumulate(text_width(letter, size, bold) for letter in word)
    return sum(1 for _ in takewhile(lambda until: until <= room, wide))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns of text: the first to the left, the others to the right."""
    every = [head, *rows]
    wide = [max(map(len, column)) for column in zip(*every, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, wide, strict=True))
        ).rstrip()
        for row in every
    )
