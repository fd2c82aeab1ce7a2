"""Where words go to be read: never over other words, seldom over a line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

WIDE, HIGH = 64, 24  # what is near is found in cells of this many pixels
CROSSING = 2.0  # what it costs to write over a line, in steps away from the best place
CLOSE = 3.0  # words this near to a line seem to belong to it
DEAR = 5.0  # a place that costs more is not worth having

Box = tuple[float, float, float, float]  # left, top, right, bottom
Line = tuple[float, float, float, float]  # x1, y1, x2, y2
Cell = tuple[int, int]


class Placement:
    """Boxes that must stay free, lines that should, and the words placed so far."""

    def __init__(self, page: Box):
        self.page = page
        self.boxes: dict[Cell, list[Box]] = defaultdict(list)
        self.lines: dict[Cell, list[Line]] = defaultdict(list)

    def block(self, box: Box) -> None:
        """Keep words away from this box."""
        for cell in _cells(box):
            self.boxes[cell].append(box)

    def cross(self, line: Line) -> None:
        """Let words cross this line only where there is no better place."""
        x1, y1, x2, y2 = line
        if y1 > y2:
            x1, y1, x2, y2 = x2, y2, x1, y1
        for row in range(int(y1 // HIGH), int(y2 // HIGH) + 1):
            part = _between((x1, y1, x2, y2), row * HIGH, (row + 1) * HIGH)
            if part:
                for cell in _cells((min(part), row * HIGH, max(part), row * HIGH)):
                    self.lines[cell].append((x1, y1, x2, y2))

    def place(
        self,
        candidates: Iterable[tuple[float, float, float]],
        width: float,
        height: float,
        own: Line | None = None,
        dear: float = DEAR,
    ) -> Box | None:
        """The cheapest free one of `candidates` (cost, left, top), now taken; or None.

        The words belong to the line `own`, which they may touch. What costs `dear` is
        not worth having: as dear as `CROSSING`, and they cross no other line.
        """
        if own and own[1] > own[3]:
            own = (own[2], own[3], own[0], own[1])
        best, best_cost = None, dear
        for cost, left, top in candidates:
            box = (left, top, left + width, top + height)
            if cost < best_cost and self.is_free(box):
                most = (best_cost - cost) / CROSSING
                cost += CROSSING * self.crossings(box, own, most)
                if cost < best_cost and not (own and self._parted(box, own)):
                    best, best_cost = box, cost
        if best:
            self.block(best)
        return best

    def is_free(self, box: Box) -> bool:
        """Whether the box is on the page and touches no other."""
        left, top, right, bottom = box
        page = self.page
        if left < page[0] or top < page[1] or right > page[2] or bottom > page[3]:
            return False
        for cell in _cells(box):
            for x0, y0, x1, y1 in self.boxes.get(cell, ()):
                if left < x1 and x0 < right and top < y1 and y0 < bottom:
                    return False
        return True

    def _parted(self, box: Box, own: Line) -> bool:
        """Whether a line runs between the middle of a box and its own line."""
        return self.crossings(_to_line(box, own), own, 1) > 0

    def crossings(self, box: Box, own: Line | None, most: float) -> int:
        """How many lines run through the box or close by; counting stops at `most`."""
        found: list[Line] = []
        left, top, right, bottom = box[0] - CLOSE, box[1], box[2] + CLOSE, box[3]
        for cell in _cells((left, top, right, bottom)):
            for line in self.lines.get(cell, ()):
                x1, y1, x2, y2 = line
                if y2 < top or y1 > bottom or line == own or line in found:
                    continue
                slope = (x2 - x1) / (y2 - y1) if y2 > y1 else 0.0
                start = x1 if y1 >= top else x1 + slope * (top - y1)
                end = x2 if y2 <= bottom else x1 + slope * (bottom - y1)
                if (start < right or end < right) and (start > left or end > left):
                    found.append(line)
                    if len(found) >= most:
                        return len(found)
        return len(found)


def _to_line(box: Box, own: Line) -> Box:
    """What lies between the middle of a box and its line."""
    (left, top, right, bottom), (x1, y1, x2, y2) = box, own
    x, y = (left + right) / 2, (top + bottom) / 2
    if y1 <= y <= y2 and y2 - y1 >= abs(x2 - x1):
        there = x1 + (x2 - x1) * (y - y1) / (y2 - y1)
        return min(there + 2 * CLOSE, x), top, max(there - 2 * CLOSE, x), bottom
    if min(x1, x2) <= x <= max(x1, x2) and x1 != x2:
        there = y1 + (y2 - y1) * (x - x1) / (x2 - x1)
        return x, min(there + CLOSE, y), x, max(there - CLOSE, y)
    return x, y, x, y


def _cells(box: Box) -> Iterator[Cell]:
    """The cells that a box touches."""
    left, top, right, bottom = box
    columns = range(int(left // WIDE), int(right // WIDE) + 1)
    for row in range(int(top // HIGH), int(bottom // HIGH) + 1):
        for column in columns:
            yield column, row


def _between(line: Line, top: float, bottom: float) -> tuple[float, float] | None:
    """Where a line that runs down enters and leaves the stripe between two heights."""
    x1, y1, x2, y2 = line
    if y2 < top or y1 > bottom:
        return None
    slope = (x2 - x1) / (y2 - y1) if y2 > y1 else 0.0
    start = x1 if y1 >= top else x1 + slope * (top - y1)
    return start, x2 if y2 <= bottom else x1 + slope * (bottom - y1)
