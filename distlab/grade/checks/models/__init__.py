"""The sheet of lesson 3, “Consistency models”: seven exercises.

What an exercise judges by can be looked at by the learner too.
"""

from distlab.grade.checks.models.applications import APPLICATIONS, applications
from distlab.grade.checks.models.goals import verdict
from distlab.grade.checks.models.isolation import isolation
from distlab.grade.checks.models.linear import linear
from distlab.grade.checks.models.notation import either, history, transactions
from distlab.grade.checks.models.places import HISTORIES, places
from distlab.grade.checks.models.sentences import EXHIBITS, SENTENCES, sentences
from distlab.grade.checks.models.shortest import shortest
from distlab.grade.checks.models.taken import (
    linearizable_register,
    one_replica_is_enough,
    taken,
)

__all__ = [
    "APPLICATIONS",
    "EXHIBITS",
    "HISTORIES",
    "SENTENCES",
    "applications",
    "either",
    "history",
    "isolation",
    "linear",
    "linearizable_register",
    "one_replica_is_enough",
    "places",
    "sentences",
    "shortest",
    "taken",
    "transactions",
    "verdict",
]
