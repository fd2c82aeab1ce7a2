"""Numbers and spans of time in a row, searched in log n by trees of maxima.

Source
    Bentley, "Solutions to Klee's Rectangle Problems", 1977: segment trees.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import inf


class Maxima:
    """Numbers in a row, of which the last that is large enough is found in log n."""

    def __init__(self, numbers: Sequence[float]):
        self.size = 1 << len(numbers).bit_length()
        rest = [-inf] * (self.size - len(numbers))
        self.tree = [-inf] * self.size + [*numbers, *rest]
        for i in range(self.size - 1, 0, -1):
            self.tree[i] = max(self.tree[2 * i], self.tree[2 * i + 1])

    def last(self, end: int, least: float) -> int:
        """The last place before `end` with at least this number; -1: there is none."""
        i, tree, size = end + self.size, self.tree, self.size
        while i > 1:
            if i % 2 == 0:
                i //= 2
            elif tree[i - 1] < least:
                i -= 1
            else:
                i -= 1
                while i < size:
                    i = 2 * i + (tree[2 * i + 1] >= least)
                return i - size
        return -1

    def most(self, end: int) -> float:
        """The largest number before `end`."""
        i, most = end + self.size, -inf
        while i > 1:
            if i % 2:
                most = max(most, self.tree[i - 1])
            i //= 2
        return most

    def put(self, place: int, number: float) -> None:
        """Change one number."""
        i, tree = place + self.size, self.tree
        tree[i] = number
        while i > 1:
            i //= 2
            tree[i] = max(tree[2 * i], tree[2 * i + 1])


class Spans:
    """Spans of time, of which one that contains a moment is found in log n."""

    def __init__(self, spans: Sequence[tuple[float, float]]):
        self.row = sorted(range(len(spans)), key=lambda n: spans[n][0])
        self.place = {n: place for place, n in enumerate(self.row)}
        self.begins = [spans[n][0] for n in self.row]
        self.ends = Maxima([spans[n][1] for n in self.row])

    def around(self, moment: float) -> int:
        """The last to begin of those that have the moment inside; -1: there is none."""
        if moment == inf:
            return -1
        place = self.ends.last(bisect_left(self.begins, moment), moment + 1)
        return self.row[place] if place >= 0 else -1

    def at(self, moment: float) -> int:
        """The same, but the moment may also be one of its ends."""
        place = self.ends.last(bisect_right(self.begins, moment), moment)
        return self.row[place] if place >= 0 else -1

    def remove(self, n: int) -> None:
        """Never find this one again."""
        self.ends.put(self.place[n], -inf)
