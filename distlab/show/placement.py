"""Where words go to be read: never over other words, seldom over a line."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

STRIP = 64  # what is near is found in upright strips of this many pixels
CROSSING = 2.0  # what it costs to write over a line, in steps away from the best place
CLOSE = 3.0  # words this near to a line seem to belong to it
DEAR = 5.0  # a place that costs more is not worth having

Box = tuple[float, float, float, float]  # left, top, right, bottom
Line = tuple[float, float, float, float]  # x1, y1, x2, y2


class Placement:
    """Boxes that must stay free, lines that should, and the words placed so far."""

    def __init__(self, page: Box):
        self.page = page
        self.boxes: dict[int, list[Box]] = defaultdict(list)
        self.lines: dict[int, list[Line]] = defaultdict(list)

    def block(self, box: Box) -> None:
        """Keep words away from this box."""
        for strip in _strips(box[0], box[2]):
            self.boxes[strip].append(box)

    def cross(self, line: Line) -> None:
        """Let words cross this line only where there is no better place."""
        x1, _, x2, _ = line
        for strip in _strips(min(x1, x2), max(x1, x2)):
            self.lines[strip].append(line)

    def place(
        self,
        candidates: Iterable[tuple[float, float, float]],
        width: float,
        height: float,
        own: Line | None = None,
    ) -> Box | None:
        """The cheapest free one of `candidates` (cost, left, top), now taken; or None.

        The words belong to the line `own`, which they may touch.
        """
        best, best_cost = None, DEAR
        for cost, left, top in candidates:
            box = (left, top, left + width, top + height)
            if cost < best_cost and self.is_free(box):
                cost += CROSSING * self.crossings(
                    box, own, (best_cost - cost) / CROSSING
                )
                if cost < best_cost:
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
        for strip in _strips(left, right):
            for x0, y0, x1, y1 in self.boxes.get(strip, ()):
                if left < x1 and x0 < right and top < y1 and y0 < bottom:
                    return False
        return True

    def crossings(self, box: Box, own: Line | None, most: float) -> int:
        """How many lines run through the box or close by; counting stops at `most`."""
        found: set[Line] = set()
        box = (box[0] - CLOSE, box[1], box[2] + CLOSE, box[3])
        for strip in _strips(box[0], box[2]):
            for line in self.lines.get(strip, ()):
                if line != own and _crosses(line, box):
                    found.add(line)
                    if len(found) >= most:
                        return len(found)
        return len(found)


def _strips(left: float, right: float) -> range:
    return range(int(left // STRIP), int(right // STRIP) + 1)


def _crosses(line: Line, box: Box) -> bool:
    x1, y1, x2, y2 = line
    left, top, right, bottom = box
    if y1 > y2:
        x1, y1, x2, y2 = x2, y2, x1, y1
    if y2 < top or y1 > bottom:
        return False
    if y2 > y1:  # keep only the part between the top and the bottom of the box
        slope = (x2 - x1) / (y2 - y1)
        x2 = x1 + slope * (min(y2, bottom) - y1)
        x1 += slope * (max(y1, top) - y1)
    return min(x1, x2) < right and max(x1, x2) > left
