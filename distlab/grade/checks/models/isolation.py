"""Exercise 3.4: what one level of isolation allows and the next one forbids."""

from __future__ import annotations

from typing import Any

from distlab.errors import Misuse
from distlab.grade.checks.models.goals import Goal, goal_and_history, reached
from distlab.grade.checks.models.notation import transactions
from distlab.grade.exercise import Case, Exercise, Literal, Outcome
from distlab.history import Operation

BEHIND = "serializable, not strict serializable"
SKEWED = "snapshot isolation, not serializable"
TORN = "read committed, not snapshot isolation"

GOALS = (
    Goal(BEHIND, transactions, "serializable", "strict serializable", 2),
    Goal(SKEWED, transactions, "snapshot isolation", "serializable", 4),
    Goal(TORN, transactions, "read committed", "snapshot isolation", 3),
)

isolation = Exercise(
    "3.4",
    "Between two levels",
    "03_consistency_models",
    Literal("LEVELS", stub={goal.name: "" for goal in GOALS}),
)


def goal_reached(answer: Any, name: str) -> Outcome:
    """Whether the history under this name is one, and how short it is."""
    goal, history = goal_and_history(answer, GOALS, name)
    for txn in history:
        if reads_its_own(txn):
            raise Misuse(
                f"{name}: {txn.process} reads a key that it has written in the same "
                f"transaction: this is about what it sees of others."
            )
    return reached(goal, history)


def reads_its_own(txn: Operation) -> bool:
    """Whether a transaction reads a key after it has written it."""
    own: set[str] = set()
    for f, key, _ in txn.args:
        if f == "r" and key in own:
            return True
        own |= {key} if f == "w" else set()
    return False


# ---------------------------------------------------------------------- what is claimed
@isolation.claim(BEHIND, points=1, public=1, hidden=0)
def behind(answer: Any, case: Case) -> Outcome:
    """Somebody reads what was, after it was replaced."""
    return goal_reached(answer, BEHIND)


@isolation.claim(SKEWED, points=2, public=1, hidden=0)
def skewed(answer: Any, case: Case) -> Outcome:
    """Two snapshots, and two writes that do not meet."""
    return goal_reached(answer, SKEWED)


@isolation.claim(TORN, points=2, public=1, hidden=0)
def torn(answer: Any, case: Case) -> Outcome:
    """All that was read was committed, and still it does not fit."""
    return goal_reached(answer, TORN)
