"""The sheet of lesson 6, “Consensus compared”: four exercises.

What an exercise runs and shows can be looked at by the learner too.
"""

from distlab.grade.checks.compared.duel import Game, duel, played
from distlab.grade.checks.compared.exhibits import EXHIBITS, AnswersAtOnce
from distlab.grade.checks.compared.rounds import rounds
from distlab.grade.checks.compared.statements import STATEMENTS, statements
from distlab.grade.checks.compared.views import views

__all__ = [
    "EXHIBITS",
    "STATEMENTS",
    "AnswersAtOnce",
    "Game",
    "duel",
    "played",
    "rounds",
    "statements",
    "views",
]
