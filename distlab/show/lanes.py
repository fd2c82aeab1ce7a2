"""Where the operations of a history go: a lane for each process, bars on real time."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from distlab.show.excerpt import Excerpt
from distlab.show.instants import Instants
from distlab.show.operations import few_words
from distlab.show.picture import text_width
from distlab.show.shapes import SMALL

TOP = 18.0  # of the first lane
LANE = 42.0  # from one process to the next
WORDS = 17.0  # from the top of a lane to its bars
BAR = 15.0  # the height of an operation
MARGIN = 24.0
NAME = 130.0  # pixels of a process's name, at most
ROOMS = (150, 90, 60, 38, 0)  # of an operation's words, at most: the first that fits
NEXT = 11.0  # from one point of the order to the next, where there is room
POINT = 14.0  # across
WIDER = 1.16  # DejaVu's letters against Helvetica's: nothing is clipped there either


class Lanes:
    """The place of each operation of an excerpt on `width` pixels of paper.

    `told` has its words, `box` its corners, `free_until` where the next one begins, and
    `points` its number in the order, with the pixel where it stands.
    """

    def __init__(self, part: Excerpt, width: float):
        self.part = part
        self.lanes = [part.lane(process) for process in part.processes]
        names = [text_width(p, 11, bold=True) for p in part.processes]
        self.left = max(46.0, min(max(names, default=0), NAME) + 28)
        self.right = width - MARGIN
        self.told = dict.fromkeys(part.places, "")
        self.instants = self._instants()
        self.box = dict(self._boxes())
        self.free_until = dict(self._rooms())
        self.points = self._points()

    def _instants(self) -> Instants:
        """The widest words that all fit; time is as plain as they allow."""
        operations = [[self.part.history[i] for i in lane] for lane in self.lanes]
        order = self.part.order
        least = point_width(str(len(order))) + 4 if order else 0
        for most in ROOMS:
            self.of = self.part.only_key * (most < ROOMS[0])
            keys = not self.of
            self.told = {
                i: few_words(self.part.history[i], key=keys) for i in self.told
            }
            wide = {i: text_width(told, SMALL) for i, told in self.told.items()}
            rooms = [
                [max(min(wide[i] * WIDER, most) + 8, least) for i in lane]
                for lane in self.lanes
            ]
            found = Instants(operations, rooms, self.left + 4, self.right)
            if found.fits:
                break
        found.spread_out()
        return found

    def _boxes(self) -> Iterator[tuple[int, tuple[float, float, float, float]]]:
        """The corners of each operation: left, top, right, bottom."""
        for row, lane in enumerate(self.lanes):
            top = TOP + LANE * row + WORDS
            calls = [self.instants.span(row, i)[0] for i in range(len(lane))]
            for i, place in enumerate(lane):
                x0, x1 = self.instants.span(row, i)
                then = calls[i + 1] - 1.5 if i + 1 < len(lane) else inf
                yield place, (x0, top, max(min(x1, then), x0 + 2), top + BAR)

    def _rooms(self) -> Iterator[tuple[int, float]]:
        """How far the place of each operation reaches: to the next one's call."""
        for lane in self.lanes:
            for place, then in zip(lane, [*lane[1:], None], strict=True):
                border = self.right + 12 if then is None else self.box[then][0] - 4
                yield place, border

    def _keeps_time(self) -> bool:
        """Whether the order is one that real time allows."""
        at_us = 0
        for place in self.part.order:
            op = self.part.history[place]
            at_us = max(at_us, op.invoked_us)
            if op.definite and op.ended_us is not None and op.ended_us < at_us:
                return False
        return True

    def _points(self) -> dict[int, tuple[str, float]]:
        """The number of each operation in the order, and where it stands."""
        order = [(str(n), i) for n, i in enumerate(self.part.order, 1) if i in self.box]
        if not self._keeps_time():
            return {i: (n, (self.box[i][0] + self.box[i][2]) / 2) for n, i in order}
        latest, until = {}, self.right
        for _, place in reversed(order):
            x0, _, x1, _ = self.box[place]
            if self.part.history[place].definite:
                until = min(until, x1 - min(POINT / 2, (x1 - x0) / 2))
            latest[place] = until
        points: dict[int, tuple[str, float]] = {}
        apart = min(NEXT, (self.right - self.left) / (2 * len(order) + 1))
        x = -inf
        for told, place in order:
            x0, _, x1, _ = self.box[place]
            first = x0 + min(POINT / 2, (x1 - x0) / 2)
            x = max(x, x0, min(max(x + apart, first), latest[place]))
            points[place] = told, x
        return points

    def limit(self) -> float | None:
        """Where the first operation ends that the order does not explain."""
        known, key = set(self.part.order), self.part.key
        ends = [
            (op.ended_us, i)
            for i in self.part.places
            if i not in known and (op := self.part.history[i]).outcome == "ok"
            if op.args[: len(key)] == key
        ]
        explained = self.points and ends and self._keeps_time()
        return self.box[min(ends)[1]][2] if explained else None


def point_width(told: str) -> float:
    """How wide the point with this number is."""
    return max(POINT, text_width(told, 9.5) + 6)
