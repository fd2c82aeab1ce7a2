"""The sheet of lesson 4, “Paxos”: six exercises.

What an exercise runs can be run by the learner too.
"""

from distlab.grade.checks.paxos.acceptor import acceptor
from distlab.grade.checks.paxos.adversary import (
    Forgetful,
    adversary,
    chosen,
    three_acceptors,
)
from distlab.grade.checks.paxos.agreement import agreement
from distlab.grade.checks.paxos.invariants import invariants
from distlab.grade.checks.paxos.proposer import proposer
from distlab.grade.checks.paxos.shapes import five, grid_of, one_big, shapes

__all__ = [
    "Forgetful",
    "acceptor",
    "adversary",
    "agreement",
    "chosen",
    "five",
    "grid_of",
    "invariants",
    "one_big",
    "proposer",
    "shapes",
    "three_acceptors",
]
