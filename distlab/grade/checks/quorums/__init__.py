"""The sheet of lesson 2, “Quorums”: seven exercises.

What an exercise runs can be run by the learner too.
"""

from distlab.grade.checks.quorums.adversary import adversary, strict_quorum
from distlab.grade.checks.quorums.descent import descent, trees, walk
from distlab.grade.checks.quorums.dials import dials, figures
from distlab.grade.checks.quorums.enough import enough
from distlab.grade.checks.quorums.stale_reads import register_run, stale_reads
from distlab.grade.checks.quorums.survivors import survivors
from distlab.grade.checks.quorums.write_back import write_back

__all__ = [
    "adversary",
    "descent",
    "dials",
    "enough",
    "figures",
    "register_run",
    "stale_reads",
    "strict_quorum",
    "survivors",
    "trees",
    "walk",
    "write_back",
]
