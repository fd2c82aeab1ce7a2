"""Where everything of a space-time diagram goes: lanes, times, courses of arrows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from statistics import median

from distlab.faults import Isolate, Split
from distlab.show.naming import fault_in_words, kind_of
from distlab.show.picture import text_width
from distlab.show.scene import Arrow, Band, Bar, Mark, Scene, Spell
from distlab.show.shapes import SMALL
from distlab.show.timescale import TimeScale
from distlab.show.window import Window

ROW = 16.0  # the height of a row of small text
BAR = 15.0  # the height of an operation
MARGIN = 24.0
OUTER = 40.0  # above the first lane and below the last
Course = tuple[float, float, float, float]  # x1, y1, x2, y2


class Layout:
    """What of a scene is in the window, and its place on `width` pixels of paper."""

    def __init__(self, scene: Scene, window: Window, width: float):
        self.window, self.width = window, width
        self.from_us, self.to_us = window.from_us, window.to_us
        self.arrows = [a for a in scene.arrows if self._shows(scene, a, a.src, a.dst)]
        self.bars = [b for b in scene.bars if self._shows(scene, b, b.node)]
        self.spells = [s for s in scene.spells if self._shows(scene, s, s.node)]
        self.bands = [b for b in scene.bands if self._shows(scene, b)]
        self.marks = [m for m in scene.marks if self._shows(scene, m, m.node)]
        # a type keeps its colour wherever the window is
        kinds = dict.fromkeys(kind_of(arrow.what) for arrow in scene.arrows)
        self.kinds = {kind: place for place, kind in enumerate(kinds)}

        names = max((text_width(n, 11, bold=True) for n in window.nodes), default=0)
        self.left, self.right = max(46.0, names + 28), width - MARGIN
        self.scale = self._time_scale()
        self.caption_rows = self._caption_rows()
        self.top = 14 + ROW * (1 + max(self.caption_rows, default=-1))
        crowd = min(34.0, len(self.arrows) / 2)
        self.gap = 60 + crowd + (12 if self.bars else 0)
        first = self.top + OUTER
        self.lane = {n: first + self.gap * i for i, n in enumerate(window.nodes)}
        self.bottom = max(self.lane.values(), default=self.top) + OUTER
        with_bars = {bar.node for bar in self.bars}
        self.bar_side = {n: self._quiet_side(n) for n in with_bars}

    def _shows(self, scene: Scene, item: object, *nodes: str) -> bool:
        """Whether the item is in the window, in whole or in part."""
        if any(node not in self.window.nodes for node in nodes):
            return False
        times = [scene.at_us[i] for i in item.steps]  # type: ignore[attr-defined]
        first, last = min(times), max(times)
        if isinstance(item, (Spell, Band, Bar)):
            last = self.to_us if item.to_us is None else item.to_us
        return first <= self.to_us and last >= self.from_us

    def _time_scale(self) -> TimeScale:
        travels = [
            arrow.ended_us - arrow.sent_us
            for arrow in self.arrows
            if arrow.sent_us is not None and arrow.ended_us is not None
        ]
        self.usual_us = median(travels) if travels else (self.to_us - self.from_us) / 9
        times = (step.at_us for _, step in self.window.steps)
        left, right = self.left + 8, self.right - 8
        return TimeScale(self.from_us, self.to_us, times, travels, left, right)

    def x(self, at_us: float | None) -> float:
        """The pixel of a time; None is the end of the window."""
        return self.scale.x(self.to_us if at_us is None else at_us)

    def inside(self, at_us: int | None) -> bool:
        """Whether a time is in the window."""
        return at_us is not None and self.from_us <= at_us <= self.to_us

    # ------------------------------------------------------------------------ messages
    def course(self, arrow: Arrow) -> tuple[Course, bool]:
        """Where an arrow begins and ends on paper, and whether its end is on it."""
        y0, y1 = self.lane[arrow.src], self.lane[arrow.dst]
        x0, x1 = self._beyond(arrow.sent_us), self._beyond(arrow.ended_us)
        if x0 is None:  # it was sent before the trace begins
            assert x1 is not None
            x0, y0 = x1 - 40, (y0 + y1) / 2
        if arrow.src == arrow.dst:  # as wide as a loop has to be
            x0 = min(x0, (x1 or x0) - 14)
        if x1 is None or (arrow.end == "dropped" and x1 - x0 < 8):
            x1 = x0 + max(24.0, min(self.usual_us * self.scale.scale, 90.0))
        share = self._share(arrow, abs(y1 - y0))
        dx, dy, most = x1 - x0, y1 - y0, self.right
        whole = x0 + dx * share <= most
        begin = max(0.0, (self.left - x0) / dx) if dx > 0 else 0.0
        end = share if whole or dx <= 0 else min(share, (most - x0) / dx)
        return (x0 + dx * begin, y0 + dy * begin, x0 + dx * end, y0 + dy * end), whole

    def _share(self, arrow: Arrow, height: float) -> float:
        """How far towards its destination a message gets."""
        if arrow.end == "under way":
            return 0.7
        if arrow.end != "dropped":
            return 1.0
        if arrow.why == "cut" and height:
            return min(0.6, 0.5 * self.gap / height)
        return 0.97 if arrow.why.endswith("down") else 0.6

    def _beyond(self, at_us: int | None) -> float | None:
        """The pixel of a time, on the margin too: arrows leave the window straight."""
        if at_us is None:
            return None
        outside = min(0, at_us - self.from_us) + max(0, at_us - self.to_us)
        return self.x(at_us) + outside * self.scale.scale

    # -------------------------------------------------------------- beside the lanes
    def _quiet_side(self, node: str) -> int:
        """1: operations hang below their lane; -1: above, for its mail is below."""
        y, balance = self.lane[node], 0
        for arrow in self.arrows:
            if node in (arrow.src, arrow.dst):
                other = self.lane[arrow.dst if arrow.src == node else arrow.src]
                balance += (other > y) - (other < y)
        return -1 if balance > 0 else 1

    def bar_box(self, bar: Bar) -> tuple[float, float, float, float]:
        """The corners of an operation: left, top, right, bottom."""
        x0, x1 = self.x(bar.from_us), self.x(bar.to_us)
        lane, side = self.lane[bar.node], self.bar_side[bar.node]
        top = lane + 4 if side > 0 else lane - 4 - BAR
        return x0, top, max(x1, x0 + 3), top + BAR

    def timers_y(self, node: str) -> float:
        """The height at which a node's timers are marked: where no operations hang."""
        return self.lane[node] - 8 * self.bar_side.get(node, -1)

    def place_of(self, mark: Mark) -> tuple[float, float]:
        """Where a moment is marked."""
        timer = mark.kind in ("set", "fire", "cancel")
        y = self.timers_y(mark.node) if timer else self.lane[mark.node]
        return self.x(mark.at_us), y

    # ------------------------------------------------------------ faults of the links
    def _caption_rows(self) -> list[int]:
        """The row of each band's caption: no two captions meet."""
        rows: list[int] = []
        ends: list[float] = []  # where the last caption of each row ends
        for band in self.bands:
            start = self.caption_x(band)
            row = next((r for r, end in enumerate(ends) if end <= start), len(ends))
            room = text_width(fault_in_words(band.fault), SMALL) + 14
            ends[row : row + 1] = [max(self.x(band.to_us), start + room)]
            rows.append(row)
        return rows

    def caption_x(self, band: Band) -> float:
        """Where a band's caption begins: with it, unless it would leave the paper."""
        room = text_width(fault_in_words(band.fault), SMALL) + 14
        return min(self.x(band.from_us), self.right - room)

    def sides(self, band: Band) -> dict[str, int]:
        """Which side each node is on while the band lasts, if it is on one."""
        match band.fault:
            case Split(groups):
                return {node: i for i, group in enumerate(groups) for node in group}
            case Isolate(node):
                return {other: int(other == node) for other in self.lane}
        return {}

    def row(self, node: str) -> tuple[float, float]:
        """The top of a node's row, half way to its neighbours, and its height."""
        top = max(self.top, self.lane[node] - self.gap / 2)
        return top, min(self.bottom, self.lane[node] + self.gap / 2) - top

    def walls(self, band: Band) -> Iterator[float]:
        """The heights at which neighbouring lanes cannot reach each other."""
        side, shown = self.sides(band), list(self.lane)
        for above, node in pairwise(shown):
            if above in side and node in side and side[above] != side[node]:
                yield self.lane[node] - self.gap / 2
