"""The sheet of lesson 6, “Consensus compared”: three exercises.

What an exercise runs and shows can be looked at by the learner too.
"""

from distlab.grade.checks.compared.exhibits import EXHIBITS, AnswersAtOnce
from distlab.grade.checks.compared.rounds import rounds
from distlab.grade.checks.compared.statements import STATEMENTS, statements
from distlab.grade.checks.compared.views import views

__all__ = [
    "EXHIBITS",
    "STATEMENTS",
    "AnswersAtOnce",
    "rounds",
    "statements",
    "views",
]
