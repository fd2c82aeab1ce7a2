"""Properties of a state, judged by the states they tell apart.

A scene is a state with a title: something is broken in wrong ones, and fine ones only
look like it. Whoever always raises the alarm, or never does, earns nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from distlab.errors import Misuse
from distlab.grade.exercise import Case, Outcome, broken, kept, partly

NOBODY = "Whoever accuses nobody raises no false alarm: that earns nothing."
EVERYBODY = "Whoever accuses everybody finds all of them: that earns nothing."

View = dict[str, dict[str, Any]]  # of each node what the property is shown
Property = Callable[[View], Any]  # what is broken, in a sentence; or None


class Scene(Protocol):
    """A state in few words, and what to think of if one is wrong about it."""

    @property
    def title(self) -> str:
        """What it is."""

    @property
    def advice(self) -> str:
        """What to think of."""

    def view(self, case: Case) -> View:
        """The state, of nodes that the case names."""


class Scenes(NamedTuple):
    """What a property is tried on, and how that is told."""

    protocol: str
    plainest: str  # what is wrong in the first of the wrong ones
    wrong: Sequence[Scene]
    fine: Sequence[Scene]
    right_runs: Callable[[Case], Iterable[View]]  # states that right nodes come through
    listing: Callable[[View], str]

    def no_false_alarm(self, of: Property, case: Case) -> Outcome:
        """Odd states, and those that runs come through."""
        if alarm(of, worst := self.wrong[0].view(case)) is None:
            came = f"it does not even mind {self.plainest}"
            return broken(came, self.listing(worst), advice=NOBODY)
        for scene in self.fine:
            if said := alarm(of, view := scene.view(case)):
                came = f"{scene.title}: it says “{said}”"
                return broken(came, self.listing(view), advice=scene.advice)
        views = list(self.right_runs(case))
        for view in views:
            if said := alarm(of, view):
                advice = (
                    f"This is a state of a run of {self.protocol} as it is. "
                    f"What in it only looks wrong?"
                )
                came = f"it says “{said}”"
                return broken(came, self.listing(view), advice=advice)
        return kept(f"{len(self.fine)} odd states, and {len(views)} of a run")

    def found(self, of: Property, case: Case) -> Outcome:
        """Scored by how many of the wrong ones are."""
        if said := alarm(of, healthy := self.fine[0].view(case)):
            came = f"{self.fine[0].title}, and it says “{said}”"
            return broken(came, self.listing(healthy), advice=EVERYBODY)
        missed = [scene for scene in self.wrong if alarm(of, scene.view(case)) is None]
        told = f"{len(self.wrong) - len(missed)} of {len(self.wrong)} are found"
        if not missed:
            return kept(told)
        came, shown = f"{told}; not: {missed[0].title}", missed[0].view(case)
        share = 1 - len(missed) / len(self.wrong)
        return partly(share, came, self.listing(shown), advice=missed[0].advice)


def alarm(of: Property, view: View) -> str | None:
    """What it says is broken. Raises `Misuse` if that is neither None nor a text."""
    said = of(view)
    if said is None or (isinstance(said, str) and said):
        return said
    raise Misuse(f"it returned {said!r}: return None, or a sentence that says what.")
