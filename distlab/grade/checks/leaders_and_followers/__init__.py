"""The sheet of lesson 1, “Leaders and followers”: seven exercises, easy ones first."""

from distlab.grade.checks.leaders_and_followers.follower import follower
from distlab.grade.checks.leaders_and_followers.look_alikes import look_alikes
from distlab.grade.checks.leaders_and_followers.lost_writes import lost_writes
from distlab.grade.checks.leaders_and_followers.own_writes import own_writes
from distlab.grade.checks.leaders_and_followers.session_tokens import session_tokens
from distlab.grade.checks.leaders_and_followers.timing import timing
from distlab.grade.checks.leaders_and_followers.when_done import when_done

__all__ = [
    "follower",
    "look_alikes",
    "lost_writes",
    "own_writes",
    "session_tokens",
    "timing",
    "when_done",
]
