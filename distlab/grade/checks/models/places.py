"""Exercise 3.1: the strongest model that a history satisfies."""

from __future__ import annotations

from typing import Any, NamedTuple

from distlab.errors import Misuse, did_you_mean
from distlab.grade.checks.models.goals import MODELS, verdict
from distlab.grade.checks.models.notation import history
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    broken,
    kept,
    partly,
)

NONE = "none of these"
CHOICES = (*MODELS, NONE)
HISTORIES = {
    "A": """
        c1 0-9 x=1
        c2 1-2 x?-
        c3 3-4 x?1
        """,
    "B": """
        c1 0-1 x=1
        c1 2-9 x=2
        c2 3-4 x?2
        c3 5-6 x?1
        """,
    "C": """
        c1 0-1 x=1
        c2 0-1 y=1
        c1 2-3 y?-
        c2 2-3 x?-
        """,
    "D": """
        c1 0-1 x=question
        c2 2-3 x?question
        c2 4-5 y=answer
        c3 6-7 y?answer
        c3 8-9 x?-
        """,
    "E": """
        c1 0-1 x=1
        c1 2-3 y=1
        c2 4-5 y?1
        c2 6-7 x?-
        """,
    "F": """
        c1 0-? x=1
        c2 1-2 x=2
        c3 3-4 x?2
        c3 5-6 x?1
        """,
}

places = Exercise(
    "3.1",
    "The strongest model",
    "03_consistency_models",
    Literal("STRONGEST", stub=dict.fromkeys(HISTORIES)),
)


class Placing(NamedTuple):
    """What was chosen for a history, and whether it is the strongest that holds."""

    name: str
    chosen: str

    def outcome(self) -> Outcome | None:
        """Why it is another model; None if it is this one."""
        ops = history(HISTORIES[self.name])
        if self.chosen != NONE:
            said = verdict(ops, self.chosen)
            if not said.valid:
                return broken(f"{self.name}: {said}", ops, advice=TOO_STRONG, mark=said)
        above = CHOICES[: CHOICES.index(self.chosen)]
        if above and (said := verdict(ops, above[-1])).valid:
            return broken(f"{self.name}: {said}", ops, advice=TOO_WEAK, mark=said)
        return None


TOO_STRONG = "It breaks the model that you have chosen: which is the next weaker one?"
TOO_WEAK = "It is even more than that: there is an order that a stronger model accepts."


def placings(answer: Any) -> list[Placing]:
    """What was chosen for each. Raises `Misuse` for what is no choice."""
    if not isinstance(answer, dict) or set(answer) != set(HISTORIES):
        raise Misuse(f"STRONGEST has a model for each of {', '.join(HISTORIES)}.")
    for name, chosen in answer.items():
        if chosen is not None and chosen not in CHOICES:
            hint = did_you_mean(str(chosen), CHOICES)
            raise Misuse(f"{name}: {chosen!r} is none of {', '.join(CHOICES)}.{hint}")
    return [Placing(name, answer[name]) for name in HISTORIES]


# ---------------------------------------------------------------------- what is claimed
@places.claim("each history has its strongest model", points=6, public=1, hidden=0)
def placed(answer: Any, case: Case) -> Outcome:
    """A point for each."""
    asked = placings(answer)
    wrong = [why for one in asked if one.chosen and (why := one.outcome())]
    right = sum(one.chosen is not None for one in asked) - len(wrong)
    came = f"{right} of {len(asked)} are right"
    if right == len(asked):
        return kept(came)
    if not wrong:
        return partly(right / len(asked), f"{came}, the others are open", advice=OPEN)
    first = wrong[0]
    told = partly(right / len(asked), f"{came}. {first.came}", advice=first.advice)
    return told._replace(evidence=first.evidence, mark=first.mark)


OPEN = "One that is left out earns nothing: choose for each."
