"""The sheet of lesson 8, “Failure detection”: three exercises.

What an exercise runs and shows can be looked at by the learner too.
"""

from distlab.grade.checks.failure_detection.claims import claims, run
from distlab.grade.checks.failure_detection.interest import as_printed, interest
from distlab.grade.checks.failure_detection.timeouts import heard, timeouts

__all__ = [
    "as_printed",
    "claims",
    "heard",
    "interest",
    "run",
    "timeouts",
]
