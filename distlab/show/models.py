"""The map of consistency models, and where on it a history stands: `models()`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

from distlab.check.levels import Kind, Model
from distlab.history import History
from distlab.show import colours, shapes
from distlab.show.colours import Colour
from distlab.show.picture import Drawing, Picture, element, text_width
from distlab.show.standing import BROKEN, HOLDS, OPEN, SIGNS, SILENT, Judged, Standing
from distlab.show.words import lines_of, paragraph

__all__ = ["models"]

# Column and row of each model: what is stronger stands higher. Transactions to the
# left, single objects to the right; strict serializability implies the best of both.
PLACES: dict[str, tuple[float, float]] = {
    "strict serializable": (3.6, 0),
    "strong session serializable": (0.9, 1),
    "strong snapshot isolation": (2.5, 1),
    "serializable": (0.4, 2),
    "strong session snapshot isolation": (1.9, 2),
    "repeatable read": (0, 3),
    "snapshot isolation": (1.5, 3),
    "parallel snapshot isolation": (2.2, 4),
    "consistent view": (1.83, 5),
    "transactional causal consistency": (2.85, 5),
    "cursor stability": (0.3, 6),
    "read atomic": (2.85, 6),
    "monotonic atomic view": (2.1, 7),
    "read committed": (1.2, 8),
    "read uncommitted": (1.2, 9),
    "linearizable": (6, 1),
    "sequentially consistent": (4.9, 2),
    "fork-linearizable": (6, 2),
    "regular": (7, 2),
    "consistent prefix": (8, 2),
    "fork-sequential": (5.5, 3),
    "fork*": (6.6, 3),
    "safe": (7.6, 3),
    "causally convergent": (4.4, 4),
    "causal memory": (5.7, 4),
    "strong eventual consistency": (4, 5),
    "causally consistent": (5.1, 5),
    "PRAM": (7, 5),
    "eventual consistency": (4, 7),
    "writes follow reads": (5, 7),
    "read your writes": (6, 7),
    "monotonic reads": (7, 7),
    "monotonic writes": (8, 7),
}
COLUMN, ROW = 96.0, 62.0  # from the middle of one box to the next
WIDE, LINE = 90.0, 13.0  # of a box, and the height of a line in it
LEFT, TOP = 60.0, 44.0  # the middle of the first box
LEGEND_ROW = 20.0
SMALL = 10.5
WIDER = 1.16  # DejaVu's letters against Helvetica's

LEGEND = {
    HOLDS: "holds for this history",
    BROKEN: "broken by this history",
    OPEN: "judged, and not known",
    SILENT: "nothing is known",
}
NOTE = "A line down: implies."
RULES: dict[str, dict[str, str | Colour]] = {
    ".dl .dl-model text": {"font-size": f"{SMALL}px", "text-anchor": "middle"},
    ".dl-model-link": {"stroke": colours.LANE, "stroke-width": "1.2"},
    ".dl-model-box": {"stroke-width": "1.2"},
    ".dl-model-ground": {"fill": colours.PAPER},
    ".dl-model-silent": {"fill": colours.BAND, "stroke": colours.LANE},
    ".dl-model-open": {
        "fill": colours.BAND,
        "stroke": colours.QUIET,
        "stroke-dasharray": "4 2",
    },
    ".dl-model-holds": {
        "fill": colours.GREEN,
        "fill-opacity": "0.2",
        "stroke": colours.GREEN,
    },
    ".dl-model-broken": {
        "fill": colours.BAD,
        "fill-opacity": "0.2",
        "stroke": colours.BAD,
    },
    ".dl-model-judged": {"stroke-width": "2.8"},
    ".dl-model-badge-holds": {"fill": colours.GREEN, "stroke": colours.PAPER},
    ".dl-model-badge-broken": {"fill": colours.BAD, "stroke": colours.PAPER},
    ".dl-model-badge-open": {"fill": colours.QUIET, "stroke": colours.PAPER},
    ".dl .dl-model-sign": {"fill": colours.PAPER, "font-weight": "700"},
    ".dl .dl-small": {"font-size": f"{SMALL}px"},
}


def models(
    judged: History | Judged = (),
    *,
    kind: Kind | None = None,
    anomalies: Iterable[Any] = (),
    caption: str = "",
) -> Picture:
    """Draw which models imply which, and where a history stands among them.

    A history is judged by all that can judge it (`check.placing`). Or give the verdicts
    on it, each of which names its model, or `{"PRAM": verdict}`; an outcome will do
    (`"valid"`). `anomalies` are names of phenomena that were found in it (`"G1a"`). A
    model that holds lets all weaker ones hold, a broken one breaks all stronger ones.
    `kind` picks one half: `"transactions"` or `"single objects"`.

    Raises `Misuse` for a name that no model has, and if what holds implies what is
    broken: that cannot be one history.
    """
    if isinstance(judged, History):
        from distlab.check.placing import placed

        judged = placed(judged)
    known = Standing(judged, anomalies, kind)
    return Map(known, caption).drawing.picture(alt=known.sentence(), text=known.text())


class Map:
    """The map on paper, drawn when it is made: `drawing` has the result."""

    def __init__(self, standing: Standing, caption: str = ""):
        self.standing = standing
        self.places = {m.name: PLACES[m.name] for m in standing.models}
        columns, rows = zip(*self.places.values(), strict=True)
        self.left = LEFT - COLUMN * min(columns)
        self.top = TOP - ROW * min(rows)
        self.width = COLUMN * (max(columns) - min(columns)) + 2 * LEFT
        self.bottom = self.top + ROW * max(rows) + 46
        self.lines = {name: self._wrapped(name) for name in self.places}
        legend = self._legend() if standing.asked else []
        told = standing.sentence() if standing.asked else ""
        note = f"{NOTE} A thick rim: judged itself." if standing.asked else NOTE
        foot = [
            (line, look)
            for text, look in ((note, "dl-quiet"), (told, ""), (caption, "dl-strong"))
            for line in paragraph(text, self.width - 40, size=11)
        ]
        y = self.bottom + LEGEND_ROW * len(legend)
        self.drawing = Drawing(self.width, y + 16 * len(foot) + 4, RULES)
        self._grounds()
        for model in standing.models:
            for other in model.implies:
                if other in self.places:
                    self._link(model.name, other)
        for model in standing.models:
            self._box(model)
        for i, row in enumerate(legend):
            for x, state in row:
                self._sign(state, x, self.bottom + LEGEND_ROW * i)
        for i, (line, look) in enumerate(foot):
            self.drawing.write(20, y + 16 * i, line, look or None)

    def _wrapped(self, name: str) -> list[str]:
        """A name in the lines of its box, also parted at its hyphen."""
        parted, size = name.replace("-", "- "), SMALL * WIDER
        return lines_of(parted, WIDE - 8, size=size, bold=False)

    def corners(self, name: str) -> tuple[float, float, float, float]:
        """The box of a model: left, top, right, bottom."""
        column, row = self.places[name]
        x, y = self.left + COLUMN * column, self.top + ROW * row
        high = LINE * max(2, len(self.lines[name])) + 8
        return x - WIDE / 2, y - high / 2, x + WIDE / 2, y + high / 2

    def _grounds(self) -> None:
        """The names of the halves, and a line between them."""
        draw, kinds = self.drawing, {model.kind for model in self.standing.models}
        if "transactions" in kinds:
            draw.write(20, 30, "Transactions", "dl-title")
        if "single objects" in kinds:
            draw.write(self.width - 20, 30, "Single objects", "dl-title dl-end")
        if len(kinds) == 2:
            x = self.left + COLUMN * 3.4
            draw.line(x, self.top + ROW, x, self.bottom - 24, "dl-grid")

    def _link(self, stronger: str, weaker: str) -> None:
        left, _, right, bottom = self.corners(stronger)
        to_left, top, to_right, _ = self.corners(weaker)
        ends = (left + right) / 2, bottom, (to_left + to_right) / 2, top
        self.drawing.line(*ends, "dl-model-link")

    def _box(self, model: Model) -> None:
        left, top, right, bottom = self.corners(model.name)
        state, size = self.standing.of(model.name), (WIDE, bottom - top)
        look = f"dl-model-box dl-model-{state}"
        look += " dl-model-judged" * (model.name in self.standing.judged)
        title = f"{self.standing.told(model).strip()} {model.source}."
        inside = element("title", escape(title))
        inside += shapes.box(left, top, *size, "dl-model-ground", rx=5)
        inside += shapes.box(left, top, *size, look, rx=5)
        lines, x = self.lines[model.name], (left + right) / 2
        y = (top + bottom - LINE * len(lines)) / 2 + 10
        for i, line in enumerate(lines):
            inside += shapes.words(x, y + LINE * i, line, "dl-small")
        if sign := SIGNS.get(state):
            inside += _badge(right - 4, top + 2, sign, state)
        self.drawing.add("g", inside, class_="dl-model", data_model=model.name)

    def _legend(self) -> list[list[tuple[float, str]]]:
        """What colours mean, each with its place, in rows that fit."""
        rows: list[list[tuple[float, str]]] = []
        x = self.width
        for state, words in LEGEND.items():
            room = 60 + text_width(words, SMALL) * WIDER
            if x + room > self.width:
                rows.append([])
                x = 20
            rows[-1].append((x, state))
            x += room
        return rows

    def _sign(self, state: str, x: float, y: float) -> None:
        look = f"dl-model-box dl-model-{state}"
        self.drawing.shapes.append(shapes.box(x, y - 10, 24, 13, look, rx=3))
        if sign := SIGNS.get(state):
            badge = _badge(x + 24, y - 8, sign, state)
            self.drawing.add("g", badge, class_="dl-model")
        self.drawing.write(x + 38, y, LEGEND[state], "dl-small")


def _badge(x: float, y: float, sign: str, state: str) -> str:
    """What is known of a model, for those who do not tell its colour."""
    dot = shapes.dot(x, y, 7, f"dl-model-badge-{state}")
    return dot + shapes.words(x, y + 3.6, sign, "dl-model-sign")
