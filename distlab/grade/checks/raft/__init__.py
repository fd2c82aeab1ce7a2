"""The sheet of lesson 5, “Raft”: five exercises.

What an exercise runs can be run by the learner too.
"""

from distlab.grade.checks.raft.adversary import (
    CountsCopies,
    ForgetsItsVote,
    Table,
    adversary,
)
from distlab.grade.checks.raft.commits import commits
from distlab.grade.checks.raft.logs import FIGURE_7, LEADER, logs
from distlab.grade.checks.raft.safety import safety, view_of
from distlab.grade.checks.raft.votes import votes

__all__ = [
    "FIGURE_7",
    "LEADER",
    "CountsCopies",
    "ForgetsItsVote",
    "Table",
    "adversary",
    "commits",
    "logs",
    "safety",
    "view_of",
    "votes",
]
