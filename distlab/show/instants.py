"""Where calls and ends are on the paper: real time, stretched where words need room.

If all words fit on one plain scale, it is plain. If not, long stretches in which
nothing begins or ends are cut out, as in a space-time diagram; what is still crowded is
spread out, and the order of all calls and ends is kept.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from math import inf
from statistics import median

from distlab.history import Operation
from distlab.show.timescale import BREAK, MOST_BREAKS

BAR = 9.0  # pixels: the shortest operation
GAP = 4.0  # between two moments
OPEN = 34.0  # of an operation without an end
LONG = 8  # times the usual time between two moments: it may be cut out
TICK = 54.0  # between ticks, at least
CALLS, ENDS = 0, 1_000_000  # of one microsecond: calls first, as these overlap

Instant = tuple[float, int]  # microseconds, and the order in one of them


class Instants:
    """Maps the calls and ends of operations, lane by lane, to `left` … `right`.

    `rooms` are the pixels that each wants from its call to the next one in its lane,
    and `fits` says whether they are there. `spread_out` then uses the whole width; if
    it does not fit, moments get closer than they should be.
    """

    def __init__(
        self,
        lanes: Sequence[Sequence[Operation]],
        rooms: Sequence[Sequence[float]],
        left: float,
        right: float,
    ):
        self.left, self.right = left, right
        self.spans = [spans(lane) for lane in lanes]
        every = {moment for lane in self.spans for span in lane for moment in span}
        last_us = max((us for us, _ in every if us < inf), default=0)
        self.moments = sorted({m for m in every if m[0] < inf} | {(last_us, ENDS + 1)})
        self.numbers = {moment: i for i, moment in enumerate(self.moments)}
        self.wanted: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for lane, wide in zip(self.spans, rooms, strict=True):
            self._wants(lane, wide)
        self.broken: set[int] = set()
        self.scale, self.xs = 0.0, self._spread(0)
        self.fits = self.xs[-1] <= right

    def span(self, lane: int, place: int) -> tuple[float, float]:
        """Where an operation begins and ends; without an end, at the border."""
        call, end = self.spans[lane][place]
        return self.xs[self.numbers[call]], self.xs[self._number(end)]

    @property
    def stretched(self) -> bool:
        """Whether a pixel is not always the same time."""
        return any(
            self.xs[i] - self.xs[i - 1] > self._idle_us(i) * self.scale + 1
            for i in range(1, len(self.moments) - 1)
            if i not in self.broken and self._idle_us(i)
        )

    @property
    def breaks(self) -> list[tuple[float, int]]:
        """The middle of each stretch that is left out, and its microseconds."""
        return [
            ((self.xs[i - 1] + self.xs[i]) / 2, round(self._idle_us(i)))
            for i in sorted(self.broken)
        ]

    # ------------------------------------------------------------------ least distances
    def _number(self, moment: Instant) -> int:
        return self.numbers.get(moment, len(self.moments) - 1)

    def _wants(
        self, lane: list[tuple[Instant, Instant]], wide: Sequence[float]
    ) -> None:
        """A bar is to be seen, and the words of one end where the next begins."""
        after = [call for call, _ in lane[1:]] + [(inf, 0)]
        for (call, end), then, room in zip(lane, after, wide, strict=True):
            least = OPEN if end[0] == inf else BAR
            for until, pixels in ((end, least), (then, room)):
                if until > call:  # unless its process is busy
                    wanted = self.wanted[self._number(until)]
                    wanted.append((self.numbers[call], pixels))

    def _idle_us(self, i: int) -> float:
        """The time between a moment and the one before it."""
        return self.moments[i][0] - self.moments[i - 1][0]

    def _plain(self) -> float:
        """Pixels for a microsecond if nothing needed more room."""
        total = sum(
            self._idle_us(i)
            for i in range(1, len(self.moments))
            if i not in self.broken
        )
        width = self.right - self.left - BREAK * len(self.broken)
        return width / total if total else 0.0

    def _spread(self, scale: float) -> list[float]:
        """All moments from left to right, no closer than they may be."""
        xs = [self.left]
        for i in range(1, len(self.moments)):
            idle = BREAK if i in self.broken else self._idle_us(i) * scale
            gap = GAP if i < len(self.moments) - 1 else 0.0
            x = xs[-1] + max(idle, gap)
            xs.append(max([x, *(xs[j] + least for j, least in self.wanted[i])]))
        return xs

    def spread_out(self) -> None:
        """Find the widest scale at which all is on the paper; cut out idle time."""
        passing = filter(None, map(self._idle_us, range(1, len(self.moments))))
        usual_us = median([*passing] or [0])
        while True:
            self._widest()
            rest = [i for i in range(1, len(self.moments)) if i not in self.broken]
            longest = max(rest, key=self._idle_us, default=0)
            if (
                not self.stretched
                or self._idle_us(longest) < LONG * usual_us
                or len(self.broken) >= MOST_BREAKS
                or self._idle_us(longest) * self.scale < 3 * BREAK
                or self._spread(0)[-1] + BREAK > self.right
            ):
                return
            self.broken.add(longest)

    def _widest(self) -> None:
        low, high = 0.0, self._plain()
        for _ in range(22):
            middle = (low + high) / 2
            if self._spread(middle)[-1] <= self.right:
                low = middle
            else:
                high = middle
        if self._spread(high)[-1] <= self.right + 0.01:
            low = high
        self.scale, self.xs = low, self._spread(low)
        over = (self.xs[-1] - self.left) / (self.right - self.left)
        if over > 1:  # nothing helps: closer than they should be
            self.xs = [self.left + (x - self.left) / over for x in self.xs]

    # ------------------------------------------------------------------------ the ticks
    def x(self, us: float) -> float:
        """The pixel of a time, between the moments around it."""
        place = bisect_left(self.moments, (us, CALLS))
        if not 0 < place < len(self.moments):
            return self.xs[min(place, len(self.moments) - 1)]
        (before, _), (after, _) = self.moments[place - 1 : place + 1]
        share = (us - before) / (after - before) if after > before else 1.0
        return self.xs[place - 1] + share * (self.xs[place] - self.xs[place - 1])

    def ticks(self) -> list[tuple[float, int]]:
        """Round times, in microseconds, and their pixels: finer where there is room."""
        edges = [self.moments[0][0], self.moments[-1][0]]
        for i in self.broken:
            edges += [self.moments[i - 1][0], self.moments[i][0]]
        edges.sort()
        ticks: list[tuple[float, int]] = []
        for low, high in zip(edges[::2], edges[1::2], strict=True):
            before = ticks[-1][0] if ticks else -inf
            ticks += self._ticks(int(low), int(high), before)
        return ticks

    def _ticks(self, low: int, high: int, before: float) -> list[tuple[float, int]]:
        """Those of a stretch without breaks, and at least one if there is room."""
        ticks: list[tuple[float, int]] = []
        step = 10 ** len(str(high))
        while step >= 1:
            borders = [(before, low - 1), *ticks, (inf, high + 1)]
            for one, other in pairwise(borders):
                between = self._between(one[1] + 1, other[1], step)
                finer = [t for t in between if one[0] + TICK <= t[0] <= other[0] - TICK]
                if all(b[0] - a[0] >= TICK for a, b in pairwise(finer)):
                    ticks += finer
            ticks.sort()
            step = step // 2 if str(step).startswith("1") else step // 5
        return ticks

    def _between(self, low: int, high: int, step: int) -> list[tuple[float, int]]:
        """The multiples of a step; none if they are too many."""
        times = range(-(-low // step) * step, high, step)
        if len(times) * TICK > self.right - self.left + 2 * TICK:
            return []
        return [(self.x(us), us) for us in times]


def spans(lane: Sequence[Operation]) -> list[tuple[Instant, Instant]]:
    """When each operation of a process begins and ends; without an end, never.

    In one microsecond calls come before ends, which is when operations of others
    overlap; but a process calls again when its last operation has ended.
    """
    found: list[tuple[Instant, Instant]] = []
    call = (-1.0, CALLS)
    for op, then in zip(lane, [*lane[1:], None], strict=True):
        if call[0] != op.invoked_us:
            call = (op.invoked_us, CALLS)
        if op.ended_us is None:
            end: Instant = (inf, 0)
        elif then and then.invoked_us == op.ended_us:
            end = (op.ended_us, call[1] + 1 if call[0] == op.ended_us else CALLS)
        else:
            end = (op.ended_us, ENDS)
        found.append((call, end))
        call = end
    return found
