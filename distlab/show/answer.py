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
    """One thing to show: a picture or table, and what is said about it."""

    kind: str  # picture, table, verdict, text or error
    says: str  # a sentence or a few, read aloud when it changes
    body: str = ""  # the SVG or HTML
    twin: str = ""  # what the body shows, in words
    outcome: str = ""  # of a verdict


class Answer(NamedTuple):
    """The parts of one result, in the order in which the function gave them."""

    parts: tuple[Part, ...]

    @property
    def says(self) -> str:
        """What is written under the pictures."""
        return "\n".join(part.says for part in self.parts if part.says)

    @property
    def twin(self) -> str:
        """What the pictures show, in words."""
        return "\n\n".join(part.twin for part in self.parts if part.twin)

    def to_json(self) -> dict[str, Any]:
        """As the browser gets it."""
        shown = [part._replace(twin="")._asdict() for part in self.parts]
        return {"parts": shown, "twin": self.twin}


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
    return Answer((Part("error", sentence),))


def _part(result: Any) -> Part:
    if isinstance(result, Picture):
        return Part("picture", result.alt, result.svg, result.text)
    if hasattr(result, "outcome"):
        return Part("verdict", str(result), outcome=result.outcome)
    if hasattr(result, "mark_point"):  # an Altair chart
        from distlab.show.charts import bare_chart

        return _part(bare_chart(result))
    if hasattr(result, "_repr_html_"):
        rows = len(result) if hasattr(result, "__len__") else "some"
        says = f"A table of {rows} row{'s' if rows != 1 else ''}."
        return Part("table", says, result._repr_html_(), str(result))
    return Part("text", result if isinstance(result, str) else repr(result))


# ------------------------------------------------------------------- without a browser
def sheet(answer: Answer, where: str) -> Picture:
    """All parts as one picture: drawings beside each other, words below them."""
    drawn = [part.body for part in answer.parts if part.kind == "picture"]
    lines = [cut for part in answer.parts for cut in _lines(part)]
    alt = f"{where}: {answer.says}"
    if len(drawn) == 1 and not lines:
        return Picture(drawn[0], answer.twin, alt)
    shapes, wide, low = _side_by_side(drawn)
    wide = max(wide, *(GLYPH * len(line) + 2 * GAP for line in lines or [""]))
    paper = Drawing(wide, low + LINE * len(lines) + GAP, RULES)
    paper.shapes += shapes
    for i, line in enumerate(lines, start=1):
        paper.write(GAP, low + LINE * i - 4, line, "dl-words")
    return paper.picture(alt=alt, text=answer.twin)


def _lines(part: Part) -> list[str]:
    """What is written under the drawings: everything that is not one."""
    words = {"picture": "", "table": part.twin}.get(part.kind, part.says)
    return [cut for line in words.splitlines() for cut in textwrap.wrap(line, 120)]


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
