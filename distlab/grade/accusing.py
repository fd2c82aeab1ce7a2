"""Checks that accuse operations of a history, judged by the histories they tell apart.

A story is a few operations, told once with something wrong in them and once without.
Whoever accuses nobody, or everybody, earns nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple, Protocol

from distlab.grade.exercise import Case, Outcome, broken, kept, partly
from distlab.history import Operation

RETURN = (
    "`history[i]` is an operation and i its place: return a list of places, as [3]."
)
BLIND = "Who never raises an alarm raises no false one either: that earns nothing."

Check = Callable[[tuple[Operation, ...]], Any]
Operations = Sequence[Operation]


class Story(Protocol):
    """A history in few words, and what to think of if one is wrong about it."""

    @property
    def title(self) -> str:
        """What it is about."""

    @property
    def advice(self) -> str:
        """What to think of."""


class Stories(NamedTuple):
    """What a check is tried on, and how that is told."""

    offence: str  # what an operation is accused of: "too old"
    told: Callable[[Any, bool, Case], tuple[Operations, int]]  # and the place of it
    line: Callable[[Operation], str]  # an operation, as it is shown
    broken: Sequence[Any]  # each with something wrong in it, and right
    fine: Sequence[Any]  # right, however odd they look

    def found(self, check: Check, case: Case) -> Outcome:
        """A story counts if the check finds it, and is content with its right twin."""
        history, place = self.told(self.broken[0], True, case)
        if accused(check, history) is None:
            came = f"it returned {check(tuple(history))!r}, which is no list of places"
            return broken(came, self.listing(check, history, [place]), advice=RETURN)
        missed = [
            (story, shown)
            for story in self.broken
            if (shown := self.wrong_about(check, story, True, case))
            or (shown := self.wrong_about(check, story, False, case))
        ]
        return scored(missed, len(self.broken))

    def no_false_alarm(self, check: Check, case: Case) -> Outcome:
        """A check that never finds anything is not content: it is blind."""
        history, place = self.told(self.broken[0], True, case)
        if place not in (accused(check, history) or []):
            came = f"it does not find the plainest one: {self.broken[0].title}"
            return broken(came, self.listing(check, history, [place]), advice=BLIND)
        alarms = [
            (story, shown)
            for story in self.fine
            if (shown := self.wrong_about(check, story, False, case))
        ]
        return scored(alarms, len(self.fine))

    def judged(
        self, check: Check, history: Operations, guilty: Collection[int], advice: str
    ) -> Outcome:
        """A run of a protocol, in which these are guilty."""
        said = accused(check, history) or []
        for i, op in enumerate(history):
            if (i in guilty) != (i in said):
                missed = f"{self.offence}, and not found"
                what = missed if i in guilty else "fine, and accused"
                came = f"of {op.process}, the read at place {i} is {what}"
                return broken(came, self.listing(check, history, guilty), advice=advice)
        count = f"{len(guilty)} of {len(history)} operations"
        return kept(f"{count} are {self.offence}, and found")

    def wrong_about(self, check: Check, story: Any, wrong: bool, case: Case) -> str:
        """The history, if the check does not see what is in it; or nothing."""
        history, place = self.told(story, wrong, case)
        guilty = [place] if wrong else []
        right = accused(check, history) == guilty
        return "" if right else self.listing(check, history, guilty)

    def listing(
        self, check: Check, history: Operations, guilty: Collection[int]
    ) -> str:
        """The history with its places, and where the check is wrong about it."""
        said = accused(check, history) or []
        lines = []
        for i, op in enumerate(history):
            missed = f"   ← {self.offence}" + (
                ", and not found" if i not in said else ""
            )
            alarm = "   ← fine, and accused" if i in said else ""
            lines.append(f"{i:3}  {self.line(op)}{missed if i in guilty else alarm}")
        return "\n".join(lines)


def accused(check: Check, history: Operations) -> list[int] | None:
    """The places that the check accuses, in order; None if that is no answer."""
    found = check(tuple(history))
    if not isinstance(found, (list, tuple)) or any(type(i) is not int for i in found):
        return None
    return sorted(set(found))


def scored(missed: list[tuple[Story, str]], count: int) -> Outcome:
    """So many of these; the first that was missed is the counterexample."""
    told = f"{count - len(missed)} of {count} are judged right"
    if not missed:
        return kept(told)
    story, shown = missed[0]
    more = f", and {len(missed) - 1} more" if missed[1:] else ""
    came = f"{told}; not: {story.title}{more}"
    return partly(1 - len(missed) / count, came, shown, advice=story.advice)
