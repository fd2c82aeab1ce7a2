"""The sheet of lesson 1, “Leaders and followers”: seven exercises, easy ones first.

What an exercise runs can be run by the learner too: `arena`, `lagging_run` and so on.
"""

from distlab.grade.checks.leaders_and_followers.arena import arena, lost
from distlab.grade.checks.leaders_and_followers.follower import follower
from distlab.grade.checks.leaders_and_followers.look_alikes import look_alikes, view
from distlab.grade.checks.leaders_and_followers.lost_writes import lost_writes
from distlab.grade.checks.leaders_and_followers.own_writes import (
    lagging_run,
    own_writes,
)
from distlab.grade.checks.leaders_and_followers.session_tokens import (
    reads_and_writes,
    session_run,
    session_tokens,
)
from distlab.grade.checks.leaders_and_followers.timing import (
    downtime,
    false_failovers,
    timing,
)
from distlab.grade.checks.leaders_and_followers.when_done import when_done

__all__ = [
    "arena",
    "downtime",
    "false_failovers",
    "follower",
    "lagging_run",
    "look_alikes",
    "lost",
    "lost_writes",
    "own_writes",
    "reads_and_writes",
    "session_run",
    "session_tokens",
    "timing",
    "view",
    "when_done",
]
