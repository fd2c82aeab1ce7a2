"""A run as if drawn on rubber: events move, and what caused what stays as it is.

Source: F. Mattern, Virtual Time and Global States of Distributed Systems, 1989, section
3: lanes may be stretched and compressed as long as no message runs back in time; a cut
can be pulled straight exactly if it is consistent.

`widgets/rubber_band.js` does the same in the browser; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from distlab.errors import Misuse
from distlab.show.cut import between
from distlab.show.order import Order

GAP = 12.0  # pixels from an event to what comes after it at once, if there is room


class Rubber:
    """Where events may be, from `left` to `right`: one after another, a gap between.

    `xs` are the pixels of all events of the order. Nothing here changes those given.
    """

    def __init__(self, order: Order, left: float, right: float):
        self.order, self.left, self.right = order, left, right
        lanes = order.lanes.values()
        self.places = {event: i for lane in lanes for i, event in enumerate(lane)}
        forth = range(len(order.events))
        since, until = [0] * len(forth), [0] * len(forth)  # longest chains of events
        for event in forth:
            since[event] = max((since[e] + 1 for e in order.before[event]), default=0)
        for event in reversed(forth):
            until[event] = max((until[e] + 1 for e in order.after[event]), default=0)
        # twice: a cut may part two of the longest chains, one on each side
        self.gap = min(GAP, (right - left) / (2 * max(since, default=0) + 2))
        self.low = [left + self.gap * length for length in since]
        self.high = [right - self.gap * length for length in until]

    def settled(self, xs: Sequence[float]) -> list[float]:
        """These places, moved right where order asks for it, if there is paper."""
        moved = self._pushed_right(list(map(max, xs, self.low)))
        return list(map(min, moved, self.high))

    def dragged(self, xs: Sequence[float], event: int, x: float) -> list[float]:
        """One event pulled to `x`: it pushes its future before it, its past behind it.

        What is concurrent with it never moves; it stops where the paper ends for those
        that it pushes.
        """
        moved = list(xs)
        moved[event] = min(max(x, self.low[event]), self.high[event])
        push = self._pushed_right if moved[event] > xs[event] else self._pushed_left
        return push(moved)

    def straightened(
        self, xs: Sequence[float], cut: Mapping[str, int]
    ) -> tuple[list[float], float]:
        """All events, those in the cut on the left of one upright line, and its `x`.

        `cut` says how many events of each lane are in it. Raises `Misuse` if it is not
        consistent.
        """
        crossing = self.orphans(cut)
        if crossing:
            sent, arrived, _ = crossing[0]
            src, dst = (self.order.events[e].node for e in (sent, arrived))
            raise Misuse(
                f"this cut cannot be made straight: a message that {src} sends after "
                f"it arrives at {dst} before it, and would have to run back in time."
            )
        early = [self.is_within(event, cut) for event in range(len(xs))]
        least = [self.low[e] + self.gap for e, there in enumerate(early) if there]
        most = [self.high[e] - self.gap for e, there in enumerate(early) if not there]
        points = self.points(xs, cut)
        middle = sum(points) / max(1, len(points))
        x = min(max([middle, self.left, *least]), *most, self.right)
        near, far = x - self.gap, x + self.gap
        # each side by itself: what is on the other one does not push
        sides = list(zip(xs, early, strict=True))
        left = self._pushed_left([min(at, near) if e else inf for at, e in sides])
        right = self._pushed_right([-inf if e else max(at, far) for at, e in sides])
        return [left[e] if early[e] else right[e] for e in range(len(xs))], x

    # ------------------------------------------------------------------------- the cut
    def is_within(self, event: int, cut: Mapping[str, int]) -> bool:
        """Whether an event is in the cut."""
        return self.places[event] < cut.get(self.order.events[event].node, 0)

    def orphans(self, cut: Mapping[str, int]) -> list[tuple[int, int, int]]:
        """The messages that arrive in the cut and are sent after it."""
        return [
            (sent, arrived, step)
            for sent, arrived, step in self.order.messages
            if self.is_within(arrived, cut) and not self.is_within(sent, cut)
        ]

    def points(self, xs: Sequence[float], cut: Mapping[str, int]) -> list[float]:
        """Where the cut goes through each lane: soon after its last event there."""
        points = []
        for node, lane in self.order.lanes.items():
            steps = cut.get(node, 0)
            low = xs[lane[steps - 1]] if steps else self.left - self.gap
            then = xs[lane[steps]] if steps < len(lane) else self.right + self.gap
            points.append(between(low, then))
        return points

    # ------------------------------------------------------------------------- pushing
    def _pushed_right(self, xs: list[float]) -> list[float]:
        for event, earlier in enumerate(self.order.before):
            xs[event] = max([xs[event], *(xs[e] + self.gap for e in earlier)])
        return xs

    def _pushed_left(self, xs: list[float]) -> list[float]:
        for event in reversed(range(len(xs))):
            later = self.order.after[event]
            xs[event] = min([xs[event], *(xs[e] - self.gap for e in later)])
        return xs
