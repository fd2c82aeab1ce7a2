"""What viewstamped replication promises at all times, of a cluster or a world.

Each returns the sentence that is broken, or None. They read the history that a
`remembering` replica keeps of itself, which no rule of the protocol reads.
"""

import functools
from itertools import combinations
from typing import Any

from distlab.consensus.viewstamped import Viewstamped
from distlab.node import Log, ghost
from distlab.replicated import Command


@functools.cache
def remembering(protocol: type[Viewstamped]) -> type[Viewstamped]:
    """The same protocol; each replica also remembers what it has led and executed."""

    class Remembering(protocol):
        led: dict[int, Log[Command]] = ghost({})  # by view: its log, while it led that
        executed: Log[Command] = ghost(Log())  # the furthest that it has ever come
        committed: dict[int, Log[Command]] = ghost({})  # by view: executed in it
        strange: str | None = ghost(None)  # what it did and no replica does

        def become_normal(self, view_number: int, log: Log[Command]):
            super().become_normal(view_number, log)
            if self.primary != self.id:
                return
            if self.led.setdefault(view_number, log) != log:
                self.strange = f"{self.id} begins view {view_number} twice"

        def advance_commit_number(self, commit_number: int):
            super().advance_commit_number(commit_number)
            now, known = self.log.cut(self.commit_number), self.executed
            if now.cut(len(known)) != known.cut(len(now)):
                self.strange = f"{self.id} executes another command than it had"
            self.executed = max(now, known, key=len)
            if self.commit_number:
                self.committed[self.last_normal] = now

    Remembering.__name__ = Remembering.__qualname__ = protocol.__name__
    return Remembering


def replicas(world: Any) -> list[Any]:
    """The nodes that replicate: clients do not."""
    return [node for node in world.nodes.values() if isinstance(node, Viewstamped)]


def always_one_command_is_executed_at_each_place(world: Any) -> str | None:
    """What one replica has ever executed, no other executes otherwise."""
    for one in replicas(world):
        if one.strange:
            return one.strange
    for one, other in combinations(replicas(world), 2):
        length = min(len(one.executed), len(other.executed))
        if one.executed.cut(length) != other.executed.cut(length):
            return f"{one.id} and {other.id} have executed different commands"
    return None


def always_logs_of_one_view_agree(world: Any) -> str | None:
    """Of two logs of the same view one is the beginning of the other."""
    for one, other in combinations(replicas(world), 2):
        length = min(len(one.log), len(other.log))
        agree = one.log.cut(length) == other.log.cut(length)
        if one.last_normal == other.last_normal and not agree:
            return f"{one.id} and {other.id} disagree on view {one.last_normal}"
    return None


def always_later_views_begin_with_what_is_committed(world: Any) -> str | None:
    """Whoever begins a view has all that was committed in the views before."""
    for one in replicas(world):
        for view, committed in one.committed.items():
            for other in replicas(world):
                for later, log in other.led.items():
                    if later > view and log.cut(len(committed)) != committed:
                        return (
                            f"{one.id} has executed {len(committed)} commands in view "
                            f"{view}, and {other.id} begins view {later} without them"
                        )
    return None


CLAIMS = (
    always_one_command_is_executed_at_each_place,
    always_logs_of_one_view_agree,
    always_later_views_begin_with_what_is_committed,
)
