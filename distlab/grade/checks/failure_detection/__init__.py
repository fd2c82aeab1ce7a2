"""The sheet of lesson 8, “Who is alive”: five exercises.

What an exercise runs and shows can be looked at by the learner too.
"""

from distlab.grade.checks.failure_detection.adversary import adversary, lossy
from distlab.grade.checks.failure_detection.claims import claims
from distlab.grade.checks.failure_detection.exhibits import EXHIBITS
from distlab.grade.checks.failure_detection.interest import as_printed, interest
from distlab.grade.checks.failure_detection.statements import STATEMENTS, statements
from distlab.grade.checks.failure_detection.timeouts import heard, timeouts

__all__ = [
    "EXHIBITS",
    "STATEMENTS",
    "adversary",
    "as_printed",
    "claims",
    "heard",
    "interest",
    "lossy",
    "statements",
    "timeouts",
]
