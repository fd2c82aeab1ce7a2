"""The sheet of lesson 7, “Clocks”: three exercises.

What an exercise runs and shows can be looked at by the learner too.
"""

from distlab.grade.checks.clocks.mutex import mutex
from distlab.grade.checks.clocks.snapshot import snapshot
from distlab.grade.checks.clocks.stamps import stamps

__all__ = ["mutex", "snapshot", "stamps"]
