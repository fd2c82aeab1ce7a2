"""Maps of verdicts over two parameters: where a setting is safe and where it is not.

A map is computed once, however long that takes. A slider then moves a marker over it,
which takes no time. A cell speaks by a sign or a number, and its colour repeats it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.show.colours import BAD, GREEN, GREY, INK, PAPER, Colour
from distlab.show.picture import Drawing, Picture, text_width
from distlab.show.words import headed, label_of, lines_of, setting_of, table, told

__all__ = ["Map", "heatmap"]

SIGNS = {"valid": "✓", "invalid": "✗", "unknown": "?"}
FAINTEST, STRONGEST = 0.2, 0.55  # of a cell's colour, so that its sign stays legible
RULES: dict[str, dict[str, str | Colour]] = {
    ".dl .dl-map-valid": {"fill": GREEN},
    ".dl .dl-map-invalid": {"fill": BAD},
    ".dl .dl-map-unknown": {"fill": GREY},
    ".dl .dl-map-around": {"fill": "none", "stroke": PAPER, "stroke-width": "6"},
    ".dl .dl-map-here": {"fill": "none", "stroke": INK, "stroke-width": "2.5"},
    ".dl .dl-map-pointer": {"fill": INK},
}


class Cell(NamedTuple):
    """What one cell says, the sign or number in it, and how strong its colour is."""

    outcome: str
    sign: str
    strength: float


@dataclass(frozen=True, slots=True, repr=False)
class Map(Picture):
    """A map of two parameters: `at(150, 0.05)` is the same map with a marker there."""

    at: Callable[[Any, Any], Picture]


def heatmap(
    cells: Mapping[tuple[Any, Any], Any],
    *,
    x: str,
    y: str,
    title: str = "",
    valid: str = "kept",
    invalid: str = "broken",
    unknown: str = "unknown",
    of: int | None = None,
    what: str = "runs",
) -> Map:
    """Where a claim holds over two parameters: `{(150, 0.05): verdict, …}`.

    A cell holds a verdict, its outcome as a word, a bool (True: valid), or how many of
    `of` runs broke the claim: 0.4 of 100 `what="reads"`. `valid`, `invalid` and
    `unknown` say what those mean here. Raises `Misuse` for a map with a hole.
    """
    plan = Plan(cells, (x, y), (valid, invalid, unknown), of, what)
    plan.draw(title or f"{label_of(y)} against {label_of(x)}")
    plain = plan.picture()
    return Map(plain.svg, plain.text, plain.alt, lambda *spot: plan.picture(spot))


def cell_of(found: Any, of: float) -> Cell:
    """What a verdict, an outcome, a bool or a count of broken runs says."""
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        strength = FAINTEST + (STRONGEST - FAINTEST) * min(1, found / of)
        return Cell("invalid" if found else "valid", told(found), strength)
    if isinstance(found, bool):
        found = "valid" if found else "invalid"
    outcome = getattr(found, "outcome", found)
    if outcome not in SIGNS:
        raise Misuse(
            f"a cell of a map holds {found!r}: give a verdict, {', '.join(SIGNS)}, "
            f"True, False, or how many runs broke the claim."
        )
    return Cell(outcome, SIGNS[outcome], 0.45 if outcome == "invalid" else 0.3)


class Plan:
    """A map that is laid out and drawn once; `picture` puts a marker on it."""

    LEFT, SIDE, TALL, WIDE = 62, 44, 26, 404

    def __init__(
        self,
        cells: Mapping[tuple[Any, Any], Any],
        names: tuple[str, str],
        words: tuple[str, str, str],
        of: int | None,
        what: str,
    ):
        counts = [c for c in cells.values() if not isinstance(c, (str, bool))]
        numbers = [c for c in counts if isinstance(c, (int, float))]
        self.names, self.of = names, of if of is not None else max([1, *numbers])
        self.counted, self.what = bool(numbers), what
        self.words = dict(zip(SIGNS, words, strict=True))
        self.cells = {spot: cell_of(found, self.of) for spot, found in cells.items()}
        self.columns = in_order([column for column, _ in cells])
        self.rows = in_order([row for _, row in cells])[::-1]
        for spot in ((column, row) for column in self.columns for row in self.rows):
            if spot not in cells:
                raise Misuse(
                    f"the map has no cell for {self._spot(spot)}: give one for every "
                    f"value of `{names[0]}` with every value of `{names[1]}`."
                )
        self.side = min(self.SIDE, (self.WIDE - self.LEFT - 14) / len(self.columns))

    def draw(self, title: str) -> None:
        """Everything but the marker."""
        right = self.LEFT + self.side * len(self.columns) + 14
        self.title, wide = title, max(right, 300)
        self.paper = Drawing(wide, 0, RULES)
        for row, line in enumerate(lines_of(title, wide - 28)):
            self.paper.write(14, 22 + 17 * row, line, "dl-title")
            self.top = 54 + 17 * row
        self.low = self.top + self.TALL * len(self.rows)
        self.paper.write(14, self.top - 10, label_of(self.names[1]))
        for row in self.rows:
            y = self._corner(self.columns[0], row)[1] + self.TALL / 2 + 4
            self.paper.write(self.LEFT - 12, y, told(row), "dl-quiet dl-end")
            for column in self.columns:
                self._cell(column, row)
        self._scale()
        self.paper.height = self._legend() + 10

    def picture(self, spot: tuple[Any, Any] | None = None) -> Picture:
        """The map, with a marker on the cell that is nearest to `spot`."""
        counts = {
            word: sum(cell.outcome == outcome for cell in self.cells.values())
            for outcome, word in self.words.items()
        }
        told_counts = ", ".join(f"{word} at {n}" for word, n in counts.items() if n)
        alt = f"{headed(self.title)} Of {len(self.cells)} settings {told_counts}."
        paper = Drawing(self.paper.width, self.paper.height, RULES)
        paper.shapes = list(self.paper.shapes)
        if spot is not None:
            column, row = nearest(self.columns, spot[0]), nearest(self.rows, spot[1])
            self._marker(paper, column, row)
            alt += f" At {self._spot((column, row))}: {self._says((column, row))}."
        return paper.picture(alt=alt, text=self._text())

    def _corner(self, column: Any, row: Any) -> tuple[float, float]:
        """The top left of a cell."""
        return (
            self.LEFT + self.side * self.columns.index(column),
            self.top + self.TALL * self.rows.index(row),
        )

    def _cell(self, column: Any, row: Any) -> None:
        cell, (x, y) = self.cells[column, row], self._corner(column, row)
        self.paper.add(
            "rect",
            x=x + 1,
            y=y + 1,
            width=self.side - 2,
            height=self.TALL - 2,
            rx=3,
            class_=f"dl-map-{cell.outcome}",
            fill_opacity=cell.strength,
        )
        self.paper.write(
            x + self.side / 2, y + self.TALL / 2 + 4, cell.sign, "dl-middle"
        )

    def _marker(self, paper: Drawing, column: Any, row: Any) -> None:
        """A frame round the cell, and a pointer on each axis."""
        x, y = self._corner(column, row)
        box = {"x": x, "y": y, "width": self.side, "height": self.TALL, "rx": 4}
        paper.add("rect", class_="dl-map-around", **box)
        paper.add("rect", class_="dl-map-here", **box)
        middle, left = x + self.side / 2, self.LEFT - 3
        down = f"M{middle:.2f} {self.low + 2}l-5 7h10Z"
        aside = f"M{left} {y + self.TALL / 2:.2f}l-7 -5v10Z"
        paper.add("path", d=down + aside, class_="dl-map-pointer")

    def _scale(self) -> None:
        """The values of x, as many as have room, and its name."""
        widest = max(text_width(told(column)) for column in self.columns)
        for column in self.columns[:: math.ceil((widest + 4) / self.side)]:
            x = self._corner(column, self.rows[0])[0] + self.side / 2
            self.paper.write(x, self.low + 20, told(column), "dl-quiet dl-middle")
        middle = self.LEFT + self.side * len(self.columns) / 2
        self.paper.write(middle, self.low + 36, label_of(self.names[0]), "dl-middle")

    def _legend(self) -> float:
        """What the signs mean, in as many rows as they need."""
        x, y = 14.0, self.low + 56
        for sign, word in self._meanings():
            behind = text_width(sign, 11, bold=True) + 5
            wide = behind + text_width(word) + 16
            if x > 14 and x + wide > self.paper.width:
                x, y = 14.0, y + 16
            self.paper.write(x, y, sign, "dl-strong")
            self.paper.write(x + behind, y, word)
            x += wide
        return y

    def _meanings(self) -> list[tuple[str, str]]:
        """What stands in the cells, and what it means."""
        counts = {"valid": "0", "invalid": "n"} if self.counted else {}
        words = {**self.words, "invalid": self._broken("n")} if counts else self.words
        used = {*counts, *(cell.outcome for cell in self.cells.values())}
        signs = {**SIGNS, **counts}
        return [(signs[o], word) for o, word in words.items() if o in used]

    def _broken(self, count: str) -> str:
        return f"{self.words['invalid']} in {count} of {self.of} {self.what}"

    def _says(self, spot: tuple[Any, Any]) -> str:
        cell = self.cells[spot]
        if not self.counted or cell.outcome != "invalid":
            return self.words[cell.outcome]
        return self._broken(cell.sign)

    def _spot(self, spot: tuple[Any, Any]) -> str:
        return ", ".join(map(setting_of, self.names, spot))

    def _text(self) -> str:
        head = [f"{label_of(self.names[1])} \\ {label_of(self.names[0])}"]
        rows = [
            [told(row), *(self.cells[column, row].sign for column in self.columns)]
            for row in self.rows
        ]
        legend = "; ".join(f"{sign}: {word}" for sign, word in self._meanings())
        return f"{table([*head, *map(told, self.columns)], rows)}\n{legend}"


def in_order(values: Sequence[Any]) -> list[Any]:
    """Each value once: numbers by size, anything else as it first came."""
    once = list(dict.fromkeys(values))
    return sorted(once) if all(isinstance(v, (int, float)) for v in once) else once


def nearest(values: Sequence[Any], wanted: Any) -> Any:
    """The value that is wanted, or the number closest to it."""
    if wanted in values:
        return wanted
    if not all(isinstance(value, (int, float)) for value in [*values, wanted]):
        raise Misuse(
            f"the map has no {told(wanted)}: it has {', '.join(map(told, values))}."
        )
    return min(values, key=lambda value: abs(value - wanted))
