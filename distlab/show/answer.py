"""What a function under a slider gave, in parts that a page can show, and in words."""

from __future__ import annotations

import re
import textwrap
import traceback
from typing import Any, NamedTuple

from distlab.errors import DistlabError
from distlab.show.picture import Drawing, Picture, number

__all__ = ["Answer", "answer_of", "answer_to_error", "sheet"]

WIDE = 900  # pixels of a sheet; what has no room beside goes below
GAP, LINE, GLYPH = 10, 16, 6.7
RULES = {".dl .dl-words": {"font-family": "monospace", "white-space": "pre"}}
SIDES = re.compile(r' (?:width|height)="([\d.]+)"')


class Part(NamedTuple):
    """One thing to show: `kind` is picture, html, verdict, text or error."""

    kind: str
    body: str  # SVG or HTML for the first two, else words
    says: str  # one sentence, read aloud when it changes
    twin: str  # the same at length, in words
    outcome: str = ""  # of a verdict


class Answer(NamedTuple):
    """The parts of one result, in the order in which the function gave them."""

    parts: tuple[Part, ...]

    @property
    def says(self) -> str:
        """What is read aloud, and printed under the picture."""
        return "\n".join(part.says for part in self.parts if part.says)

    @property
    def twin(self) -> str:
        """Everything in words."""
        return "\n\n".join(part.twin for part in self.parts if part.twin)

    def to_json(self) -> dict[str, Any]:
        """As the browser gets it."""
        kept = ("kind", "body", "outcome")
        shown = [{name: getattr(part, name) for name in kept} for part in self.parts]
        return {"parts": shown, "says": self.says, "twin": self.twin}


def answer_of(result: Any) -> Answer:
    """The parts of a result: a tuple gives several, each of which may be anything."""
    if type(result) is tuple:
        return Answer(tuple(part for item in result for part in answer_of(item).parts))
    return Answer((_part(result),))


def answer_to_error(error: Exception) -> Answer:
    """One sentence in the place of the picture: what went wrong, and where."""
    sentence = (str(error).strip() or "no reason given").splitlines()[0]
    if not isinstance(error, DistlabError):
        where = traceback.extract_tb(error.__traceback__)[-1]
        at = f"in `{where.name}`, line {where.lineno}"
        sentence = f"{type(error).__name__} {at}: {sentence}"
    return Answer((Part("error", sentence, sentence, ""),))


def _part(result: Any) -> Part:
    if isinstance(result, Picture):
        return Part("picture", result.svg, result.alt, result.text)
    if hasattr(result, "outcome"):
        return Part("verdict", str(result), str(result), "", result.outcome)
    if isinstance(result, str):
        return Part("text", result, result, "")
    if hasattr(result, "to_dict") and hasattr(result, "mark_point"):  # an Altair chart
        from distlab.show.charts import bare_chart

        return _part(bare_chart(result))
    if hasattr(result, "_repr_html_"):
        return Part("html", result._repr_html_(), _size(result), str(result))
    return Part("text", repr(result), repr(result), "")


def _size(table: Any) -> str:
    shape = getattr(table, "shape", None)
    return f"A table of {shape[0]} rows and {shape[1]} columns." if shape else ""


# ------------------------------------------------------------------- without a browser
def sheet(answer: Answer, alt: str) -> Picture:
    """All parts as one picture: drawings beside each other, words below them."""
    drawn = [part.body for part in answer.parts if part.kind == "picture"]
    lines = [cut for part in answer.parts for cut in _lines(part)]
    text = "\n\n".join(filter(None, (answer.twin, *(_words(p) for p in answer.parts))))
    if len(drawn) == 1 and not lines:
        return Picture(drawn[0], text, alt)
    shapes, wide, low = _side_by_side(drawn)
    wide = max(wide, *(GLYPH * len(line) + 2 * GAP for line in lines or [""]))
    paper = Drawing(wide, low + LINE * len(lines) + GAP, RULES)
    paper.shapes += shapes
    for i, line in enumerate(lines, start=1):
        paper.write(GAP, low + LINE * i - 4, line, "dl-words")
    return paper.picture(alt=alt, text=text)


def _side_by_side(drawn: list[str]) -> tuple[list[str], float, float]:
    """The drawings in rows, and how wide and high they are together."""
    shapes, x, y, wide, low = [], float(GAP), float(GAP), 0.0, float(GAP)
    for svg in drawn:
        width, height = (float(side) for side in SIDES.findall(svg)[:2])
        if x > GAP and x + width > WIDE:
            x, y = GAP, low
        place = f'<svg x="{number(x)}" y="{number(y)}" '
        shapes.append(svg.replace("<svg ", place, 1))
        x += width + GAP
        wide, low = max(wide, x), max(low, y + height + GAP)
    return shapes, wide, low


def _words(part: Part) -> str:
    return "" if part.kind in ("picture", "html") else part.body


def _lines(part: Part) -> list[str]:
    """What is written under the drawings: everything that is not one."""
    words = part.twin if part.kind == "html" else _words(part)
    return [cut for line in words.splitlines() for cut in textwrap.wrap(line, 120)]
