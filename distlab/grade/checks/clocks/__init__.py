"""The sheet of lesson 7, “Clocks”: six exercises.

What an exercise runs and shows can be looked at by the learner too.
"""

from distlab.grade.checks.clocks.adversary import (
    adversary,
    last_write_wins,
    naive_snapshot,
)
from distlab.grade.checks.clocks.diagram import CUTS, DIAGRAM, cut, diagram
from distlab.grade.checks.clocks.mutex import mutex
from distlab.grade.checks.clocks.snapshot import snapshot
from distlab.grade.checks.clocks.stamps import stamps
from distlab.grade.checks.clocks.waits import readings, waits

__all__ = [
    "CUTS",
    "DIAGRAM",
    "adversary",
    "cut",
    "diagram",
    "last_write_wins",
    "mutex",
    "naive_snapshot",
    "readings",
    "snapshot",
    "stamps",
    "waits",
]
