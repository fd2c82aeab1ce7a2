"""What lies over a space-time diagram and is said about it: here, marks on its steps.

The past and the future of an event and a cut are layers too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from distlab.show.colours import Colour
from distlab.show.layout import Layout


class Layer:
    """Brings out steps of a trace, and nothing else.

    `shown` are the steps that have to be on the page; `rules` say how the shapes look,
    `legend` what their looks mean.
    """

    rules: Mapping[str, Mapping[str, str | Colour]] = {}
    legend: Sequence[tuple[str, str]] = ()

    def __init__(self, marked: Iterable[int] = (), shown: Iterable[int] = ()):
        self.marked = set(marked)
        self.shown = set(shown)

    def mark(self, steps: Iterable[int]) -> None:
        """Bring out these steps too."""
        self.marked.update(steps)
        self.shown.update(self.marked)

    def sentence(self) -> str:
        """What there is to see."""
        return ""

    def sign(self, steps: Sequence[int]) -> str:
        """What the account says before an event of these steps."""
        return "▶" if self.marked.intersection(steps) else " "

    def look(self, steps: Sequence[int]) -> str:
        """The class that shapes of these steps get; "" for none."""
        return ""

    def shapes(self, layout: Layout) -> Iterable[str]:
        """What lies upon the lanes and below the messages."""
        return ()
