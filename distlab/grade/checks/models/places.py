"""Exercise 3.1: the strongest model that a history satisfies."""

from __future__ import annotations

from typing import Any

from distlab.grade.checks.models.choices import chosen, scored
from distlab.grade.checks.models.goals import MODELS, verdict
from distlab.grade.checks.models.notation import history
from distlab.grade.exercise import Case, Exercise, Literal, Outcome, broken

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
        c3 0-1 z=1
        c1 2-3 y?-
        c2 2-3 z?-
        c3 2-3 x?-
        """,
    "D": """
        c1 0-1   x=1
        c2 2-3   x?1
        c2 4-5   y=2
        c3 6-7   y?2
        c3 8-9   z=3
        c4 10-11 z?3
        c4 12-13 x?-
        """,
    "E": """
        c1 0-1 x=1
        c1 2-3 y=1
        c1 4-5 z=1
        c2 6-7 z?1
        c2 8-9 x?-
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


def misplaced(name: str, model: str) -> Outcome | None:
    """Why another model is the strongest; None if it is this one."""
    ops = history(HISTORIES[name])
    if model != NONE and not (said := verdict(ops, model)).valid:
        return broken(f"{name}: {said}", ops, advice=TOO_STRONG, mark=said)
    above = CHOICES[: CHOICES.index(model)]
    if above and (said := verdict(ops, above[-1])).valid:
        return broken(f"{name}: {said}", ops, advice=TOO_WEAK, mark=said)
    return None


TOO_STRONG = "It breaks the model that you have chosen: which is the next weaker one?"
TOO_WEAK = "It is even more than that: a stronger model allows it, too."


# ---------------------------------------------------------------------- what is claimed
@places.claim("each history has its strongest model", points=6, public=1, hidden=0)
def placed(answer: Any, case: Case) -> Outcome:
    """A point for each; a wrong one costs a quarter."""
    models, unknown = chosen(answer, "STRONGEST", HISTORIES, CHOICES)
    wrong = [why for name in models if (why := misplaced(name, models[name]))]
    return scored(wrong, unknown, len(models), len(HISTORIES), CHOICES)
