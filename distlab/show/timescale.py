"""Where a time is on the paper: one scale for all, idle stretches cut short.

Messages take a few milliseconds and timeouts hundreds: on one plain scale every arrow
would stand upright. So long stretches in which nothing happens are replaced by a break
of fixed width that says how long it was, and all the rest keeps one common scale.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

LEGIBLE = 40.0  # pixels that a usual message should get along the axis
BREAK = 34.0  # pixels of a break
MOST_BREAKS = 12
TICK = 72.0  # pixels between ticks, at least


class TimeScale:
    """Maps microseconds to pixels between `left` and `right`, breaks left out.

    `times` are those at which something happens; `travels` how long messages took.
    """

    def __init__(
        self,
        from_us: int,
        to_us: int,
        times: Iterable[int],
        travels: Sequence[int],
        left: float,
        right: float,
    ):
        inner = {t for t in times if from_us < t < to_us}
        stops = sorted(inner | {from_us, max(to_us, from_us + 1)})
        gaps = sorted(((b - a, a, b) for a, b in pairwise(stops)))
        usual = median(travels) if travels else 0
        total, width = stops[-1] - stops[0], right - left
        self.breaks: list[tuple[int, int]] = []
        self.scale = width / total
        while gaps and len(self.breaks) < MOST_BREAKS:
            longest, a, b = gaps.pop()
            legible = not usual or usual * self.scale >= LEGIBLE
            if legible or longest * self.scale < 3 * BREAK:
                break
            self.breaks.append((a, b))
            total, width = total - longest, width - BREAK
            self.scale = width / max(total, 1)
        self.breaks.sort()
        self.anchors = self._anchors(stops[0], stops[-1], left, right)
        self._starts = [us for us, _ in self.anchors]

    def _anchors(
        self, from_us: int, to_us: int, left: float, right: float
    ) -> list[tuple[int, float]]:
        """The corners of the map from time to pixels, first to last."""
        anchors = [(from_us, left)]
        for a, b in self.breaks:
            x = anchors[-1][1] + (a - anchors[-1][0]) * self.scale
            if a > anchors[-1][0]:
                anchors.append((a, x))
            anchors.append((b, x + BREAK))
        if to_us > anchors[-1][0]:
            anchors.append((to_us, right))
        return anchors

    def x(self, at_us: float) -> float:
        """The pixel of a time; times outside go to the border."""
        place = bisect_right(self._starts, at_us) - 1
        place = max(0, min(place, len(self.anchors) - 2))
        (us0, x0), (us1, x1) = self.anchors[place], self.anchors[place + 1]
        share = (at_us - us0) / (us1 - us0)
        return x0 + (x1 - x0) * max(0.0, min(1.0, share))

    def stretches(self) -> list[tuple[int, int]]:
        """The intervals between the breaks, on which the scale is plain."""
        edges = [self.anchors[0][0]]
        for a, b in self.breaks:
            edges += [a, b]
        edges.append(self.anchors[-1][0])
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return [(a, b) for a, b in pairs]

    def ticks(self) -> list[tuple[float, str]]:
        """Round times and their pixels; every stretch that has room gets one."""
        ticks: list[tuple[float, str]] = []
        for a, b in self.stretches():
            step = self._round_step(TICK)
            while step > 100 and a // step == b // step and a % step:
                step = _finer(step)
            times = range(-(-a // step) * step, b + 1, step) or (a,)
            for us in times:
                x = self.x(us)
                if not ticks or x - ticks[-1][0] >= TICK * 0.6:
                    ticks.append((x, f"{round(us / 1000, 1):g}"))
        return ticks

    def _round_step(self, pixels: float) -> int:
        """The shortest of 1, 2, 5, 10, 20 … µs that takes this many pixels."""
        step = 1
        while step * self.scale < pixels:
            step = _coarser(step)
        return step


def _coarser(step: int) -> int:
    return step * 5 // 2 if str(step).startswith("2") else step * 2


def _finer(step: int) -> int:
    return step * 2 // 5 if str(step).startswith("5") else step // 2
