"""The state graph of a small space, column by column: `states(verdict)`."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from typing import Any
from xml.sax.saxutils import escape

from distlab.check.explored import Explored, Space
from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.show import colours, shapes
from distlab.show.colours import Colour
from distlab.show.picture import Drawing, Picture, element, number
from distlab.show.words import paragraph

__all__ = ["states"]

WIDTH = 840.0
MARGIN, TOP = 34.0, 62.0  # the middle of the first column, and of the highest state
COLUMN = 150.0  # from a column to the next, if there is room
HIGH = 400.0  # of a column with many states
PITCH = (7.0, 40.0)  # from a state to the next: side by side where there is no room
ROW = 16.0  # the height of a line below
SWEEPS = 12  # times that the order in the columns is bettered
NUMBERED = 40  # states: more are dots without their numbers
LISTED = 60  # states: more are told in words by their depth alone
WAY = 12  # steps of a way that are told below the picture

RULES: dict[str, dict[str, str | Colour]] = {
    ".dl .dl-bad-text": {"fill": colours.BAD_TEXT},
    ".dl .dl-small": {"font-size": f"{shapes.SMALL}px"},
    ".dl-step": {"stroke": colours.LANE, "stroke-opacity": "0.55", "fill": "none"},
    ".dl-step-back": {"stroke-dasharray": "2 3"},
    ".dl-step-head": {"fill": colours.LANE},
    ".dl-state": {"fill": colours.BAND, "stroke": colours.QUIET},
    ".dl-state-first": {"stroke": colours.INK, "stroke-width": "2.2"},
    ".dl .dl-state-number": {"font-size": "9.5px", "text-anchor": "middle"},
    ".dl-way-bad": {"stroke": colours.BAD, "stroke-width": "2.4", "fill": "none"},
    ".dl-way-good": {"stroke": colours.BLUE, "stroke-width": "2.4", "fill": "none"},
    ".dl-way-head-bad": {"fill": colours.BAD},
    ".dl-way-head-good": {"fill": colours.BLUE},
    ".dl-state-way": {"fill": colours.HALO},
}
Point = tuple[float, float]


def states(verdict: Explored, *, caption: str = "") -> Picture:
    """Draw the states that were reached, by their distance from the beginning.

    The way to what is broken, or to the goal, is marked. Of a large space the first
    states are drawn, and it is said how many are not. Raises `Misuse` for a verdict
    that no exploration gave.
    """
    space = getattr(verdict, "space", None)
    if space is None:
        raise Misuse(
            f"a {type(verdict).__name__} has no states: give what `explore`, `search` "
            f"or `inductive` returned."
        )
    graph = StateGraph(space, verdict, caption)
    return graph.drawing.picture(alt=sentence(verdict, space), text=account(verdict))


class StateGraph:
    """States and steps on paper, drawn when it is made: `drawing` has the result."""

    def __init__(self, space: Space, verdict: Explored, caption: str = ""):
        self.space, self.verdict = space, verdict
        self.steps = steps_of(space)
        self.way = list(pairwise(space.marked))
        self.look = "bad" if verdict.invalid else "good"
        self.columns = columns(space)
        most = max(map(len, self.columns))
        self.usual = min(HIGH / most, PITCH[1])
        self.is_numbered = len(space.labels) <= NUMBERED
        room = max(self.usual, PITCH[0])
        self.radius = 9.0 if self.is_numbered else min(4.5, room / 2 - 0.6)
        room = WIDTH - 2 * MARGIN
        self.wide = min(COLUMN, room / max(1, len(self.columns) - 1))
        self.bottom = TOP + self._pitch(most) * (most - 1) + 36
        self.middle = dict(self._places())
        self.foot = list(self._foot(caption))
        self.drawing = Drawing(WIDTH, self.bottom + ROW * len(self.foot) + 12, RULES)
        self._depths()
        for step in self.steps:
            if step not in self.way:
                self._step(*step)
        for i, step in enumerate(self.way, 1):
            self._step(*step, marked=i)
        for state in range(len(space.labels)):
            self._state(state)
        for i, (line, look) in enumerate(self.foot):
            self.drawing.write(20, self.bottom + 14 + ROW * i, line, look or None)

    def _pitch(self, count: int) -> float:
        """How far down the next state is, in a column of so many."""
        return max(self.usual, min(PITCH[0], HIGH / count))

    def _places(self) -> Iterator[tuple[int, Point]]:
        """The middle of each state; in a full column they stand side by side."""
        middle = (TOP + self.bottom - 36) / 2
        for depth, column in enumerate(self.columns):
            pitch = self._pitch(len(column))
            strands = ceil(PITCH[0] / pitch)
            for i, state in enumerate(column):
                aside = (i % strands - (strands - 1) / 2) * (2 * self.radius + 2)
                y = middle + pitch * (i - (len(column) - 1) / 2)
                yield state, (MARGIN + self.wide * depth + aside, y)

    def _depths(self) -> None:
        """How far each column is from the beginning."""
        last = len(self.columns) - 1
        every = -(-last // 12) or 1  # no more numbers than fit
        for depth in range(0, last + 1, every):
            x, text = MARGIN + self.wide * depth, str(depth)
            self.drawing.write(x, 38, text, "dl-quiet dl-small dl-middle")
        self.drawing.write(20, 20, "steps", "dl-quiet dl-small")

    def _step(self, src: int, dst: int, marked: int = 0) -> None:
        """A line from a state to another; those that go back are curved and dashed."""
        (x0, y0), (x1, y1) = self.middle[src], self.middle[dst]
        look = f"dl-way-{self.look}" if marked else "dl-step"
        inside = element("title", escape("; ".join(self.steps[src, dst])))
        if x1 > x0:
            x0, y0, x1, y1 = self._apart(x0, y0, x1, y1)
            inside += shapes.line(x0, y0, x1, y1, look)
        else:
            cx, cy = (x0 + x1) / 2 + 26, (y0 + y1) / 2 - 0.16 * (x0 - x1)
            _, _, x1, y1 = self._apart(cx, cy, x1, y1)
            path = f"M{number(x0)} {number(y0)}Q{number(cx)} {number(cy)} "
            path += f"{number(x1)} {number(y1)}"
            inside += element("path", d=path, class_=f"{look} dl-step-back")
            x0, y0 = cx, cy
        if marked or self.is_numbered:
            head = f"dl-way-head-{self.look}" if marked else "dl-step-head"
            inside += shapes.head(x0, y0, x1, y1, head)
        data = {"data_way": str(marked)} if marked else {}
        self.drawing.add("g", inside, data_from=str(src), data_to=str(dst), **data)

    def _apart(
        self, x0: float, y0: float, x1: float, y1: float
    ) -> tuple[float, float, float, float]:
        """The same line, from rim to rim."""
        dx, dy = x1 - x0, y1 - y0
        length = (dx * dx + dy * dy) ** 0.5 or 1.0
        ux, uy = dx / length * (self.radius + 1), dy / length * (self.radius + 1)
        return x0 + ux, y0 + uy, x1 - ux, y1 - uy

    def _state(self, state: int) -> None:
        x, y = self.middle[state]
        on_way = state in self.space.marked
        look = "dl-state" + " dl-state-way" * on_way
        look += " dl-state-first" * (self.space.depths[state] == 0)
        label = f"{state}  {self.space.labels[state]}"
        inside = element("title", escape(label))
        if self.verdict.path and state == self.space.marked[-1]:
            look += f" dl-way-{self.look}"
        radius = max(self.radius, 4.0) if on_way else self.radius
        inside += shapes.dot(x, y, radius, look)
        if self.is_numbered:
            inside += shapes.words(x, y + 3.4, str(state), "dl-state-number")
        self.drawing.add("g", inside, data_state=str(state))

    def _foot(self, caption: str) -> Iterator[tuple[str, str]]:
        """What was found, the way to it, and what is not drawn."""
        verdict = self.verdict
        look = "dl-strong" + " dl-bad-text" * verdict.invalid
        texts = [(title(verdict), look), (verdict.reason, "")]
        lines = way(self.space)
        if any(len(paragraph(line, WIDTH - 40, size=11)) > 1 for line in lines):
            lines = way(self.space, with_states=False)
        texts += [(line, "") for line in lines[:WAY]]
        if (more := len(lines) - WAY) > 0:
            texts.append((f"… {counted(more, 'step')} more, in the text", ""))
        texts += [(note(self.space), "dl-quiet"), (caption, "dl-strong")]
        for text, style in texts:
            size = 12 if "strong" in style else 11
            for line in paragraph(text, WIDTH - 40, size=size):
                yield line, style


# ------------------------------------------------------------------------ what is drawn
def steps_of(space: Space) -> dict[tuple[int, int], list[str]]:
    """The actions that lead from one state to another, without those that stay."""
    steps: dict[tuple[int, int], list[str]] = {}
    for src, action, dst in space.edges:
        if src != dst:
            steps.setdefault((src, dst), []).append(action)
    return steps


def columns(space: Space) -> list[list[int]]:
    """The states by depth, in the best order that was met: few lines cross.

    Each is moved to the middle of its neighbours in the column before, then in that
    behind, a few times (Sugiyama, Tagawa and Toda, 1981: the barycentre method).
    """
    found: list[list[int]] = [[] for _ in range(max(space.depths) + 1)]
    for state, depth in enumerate(space.depths):
        found[depth].append(state)
    before: dict[int, list[int]] = {state: [] for state in range(len(space.depths))}
    behind: dict[int, list[int]] = {state: [] for state in range(len(space.depths))}
    for src, dst in steps_of(space):
        if space.depths[dst] == space.depths[src] + 1:
            before[dst].append(src)
            behind[src].append(dst)
    best, least = found, crossings(found, behind)
    for sweep in range(SWEEPS):
        forth = range(1, len(found))
        found = [list(column) for column in found]
        for at in forth if sweep % 2 == 0 else reversed(range(len(found) - 1)):
            beside, other = (before, at - 1) if sweep % 2 == 0 else (behind, at + 1)
            found[at] = nearest(found[at], beside, found[other])
        if (count := crossings(found, behind)) < least:
            best, least = found, count
    return best


def nearest(
    column: list[int], beside: dict[int, list[int]], other: list[int]
) -> list[int]:
    """A column in the order of its neighbours in another; who has none stays."""
    place = {state: float(i) for i, state in enumerate(other)}
    share = len(other) / len(column)
    at: dict[int, float] = {}
    for i, state in enumerate(column):
        near = [place[one] for one in beside[state]]
        at[state] = sum(near) / len(near) if near else i * share
    return sorted(column, key=at.__getitem__)


def crossings(found: list[list[int]], behind: dict[int, list[int]]) -> int:
    """How many pairs of lines between neighbouring columns cross."""
    count = 0
    for column, other in pairwise(found):
        place = {state: i for i, state in enumerate(other)}
        ends: list[int] = []
        for state in column:
            mine = sorted(place[one] for one in behind[state])
            count += sum(len(ends) - bisect_right(ends, end) for end in mine)
            for end in mine:
                insort(ends, end)
    return count


# ----------------------------------------------------------------------------- in words
def title(verdict: Explored) -> str:
    """The verdict in short."""
    return f"{verdict.outcome}: {verdict.property} ({verdict.strength})"


def sentence(verdict: Explored, space: Space) -> str:
    """One sentence for those who do not see it."""
    drawn = counted(len(space.labels), "state")
    return f"A graph of {drawn}. {title(verdict)[0].upper()}{title(verdict)[1:]}."


def way(space: Space, *, with_states: bool = True) -> list[str]:
    """The marked way, a step a line."""
    steps = steps_of(space)
    lines = [f"begin:  {space.labels[at]}" for at in space.marked[:1] if with_states]
    for i, (src, dst) in enumerate(
        zip(space.marked, space.marked[1:], strict=False), 1
    ):
        action = steps[src, dst][0]
        lines.append(f"{i}.  {action}" + f":  {space.labels[dst]}" * with_states)
    return lines


def note(space: Space) -> str:
    """What is not drawn."""
    drawn = len(space.labels)
    told = ["Steps go to the right."]
    if any(space.depths[src] >= space.depths[dst] for src, dst in steps_of(space)):
        told = ["Steps go to the right; curved and dashed ones go back."]
    if still := sum(src == dst for src, _, dst in space.edges):
        what = "step that changes" if still == 1 else "steps that change"
        told.append(f"Not drawn: {still} {what} nothing.")
    if space.left_out:
        told.append(
            f"Left out: {space.left_out:,} of {space.left_out + drawn:,} states."
        )
    return " ".join(told)


def account(verdict: Explored) -> str:
    """The same in words: the way, and the states by their depth."""
    space: Any = verdict.space
    lines = [f"{title(verdict)}", verdict.reason]
    lines += way(space)
    if len(space.labels) <= LISTED:
        lines += [f"{i}  {label}" for i, label in enumerate(space.labels)]
        lines += [
            f"{src} → {dst}  {'; '.join(actions)}"
            for (src, dst), actions in steps_of(space).items()
        ]
    else:
        for depth in range(max(space.depths) + 1):
            count = counted(space.depths.count(depth), "state")
            lines.append(f"after {counted(depth, 'step')}: {count}")
    return "\n".join([*lines, note(space)])
