"""Exercise 3.2: the shortest history that one model allows and the next forbids."""

from __future__ import annotations

from typing import Any

from distlab.grade.checks.models.goals import Goal, goal_and_history, reached
from distlab.grade.checks.models.notation import history
from distlab.grade.exercise import Case, Exercise, Literal, Outcome

LATE = "sequentially consistent, not linearizable"
TWO_ORDERS = "causal memory, not sequentially consistent, on one key"
CAUSE_LOST = "PRAM, not causal memory"
TOGETHER = "each key sequentially consistent, not the whole"

GOALS = (
    Goal(LATE, history, "sequentially consistent", "linearizable", 2),
    Goal(TWO_ORDERS, history, "causal memory", "sequentially consistent", 4, keys=1),
    Goal(CAUSE_LOST, history, "PRAM", "causal memory", 5),
    Goal(
        TOGETHER,
        history,
        "sequentially consistent",
        "sequentially consistent",
        4,
        by_key=True,
    ),
)

shortest = Exercise(
    "3.2",
    "Between two models",
    "03_consistency_models",
    Literal("BETWEEN", stub={goal.name: "" for goal in GOALS}),
)


# ---------------------------------------------------------------------- what is claimed
@shortest.claim(LATE, points=1, public=1, hidden=0)
def late(answer: Any, case: Case) -> Outcome:
    """One order explains it, and no order that keeps to the clock."""
    return reached(*goal_and_history(answer, GOALS, LATE))


@shortest.claim(TWO_ORDERS, points=2, public=1, hidden=0)
def two_orders(answer: Any, case: Case) -> Outcome:
    """Each process has its own order."""
    return reached(*goal_and_history(answer, GOALS, TWO_ORDERS))


@shortest.claim(CAUSE_LOST, points=2, public=1, hidden=0)
def cause_lost(answer: Any, case: Case) -> Outcome:
    """An effect is seen without its cause."""
    return reached(*goal_and_history(answer, GOALS, CAUSE_LOST))


@shortest.claim(TOGETHER, points=2, public=1, hidden=0)
def together(answer: Any, case: Case) -> Outcome:
    """Sequential consistency does not compose."""
    return reached(*goal_and_history(answer, GOALS, TOGETHER))
