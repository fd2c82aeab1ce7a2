"""What stays possible: from which states some way leads to a goal, going backwards.

On links that lose messages nothing has to happen, for the network may lose them all.
What can be promised there is that no state is a trap: some way still leads on.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np


class Edges:
    """The steps between the states of a search, by their numbers."""

    def __init__(self) -> None:
        self.sources, self.targets = array("q"), array("q")
        self.leave = array("q")  # states with a step over the boundary

    def add(self, source: int, target: int) -> None:
        """A step from a state to another."""
        self.sources.append(source)
        self.targets.append(target)

    def out(self, source: int) -> None:
        """A step over the boundary: nobody knows where it leads."""
        self.leave.append(source)

    def trap(self, goal: Sequence[bool]) -> tuple[int | None, bool]:
        """The first state from which no way leads to a goal; whether that is sure.

        It is not if a way leads over the boundary.
        """
        sure = self._led_to(np.array(goal, dtype=bool))
        hoped = sure.copy()
        hoped[np.array(self.leave, dtype=np.int64)] = True
        for led, known in ((self._led_to(hoped), True), (sure, False)):
            if not led.all():
                return int(np.argmin(led)), known
        return None, True

    def _led_to(self, good: np.ndarray) -> np.ndarray:
        """All from which some way leads to the good: one step back at a time."""
        sources = np.array(self.sources, dtype=np.int64)
        targets = np.array(self.targets, dtype=np.int64)
        good, reached = good.copy(), -1
        while reached != (reached := int(good.sum())):
            good[sources[good[targets]]] = True
        return good
