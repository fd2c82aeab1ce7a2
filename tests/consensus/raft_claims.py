"""What Raft promises at all times (Figure 3), as functions of a cluster or a world.

Each returns the sentence that is broken, or None. They read the history that a
`remembering` replica keeps of itself, which no rule of the protocol reads.
"""

import functools
from itertools import combinations
from typing import Any

from distlab.consensus.raft import Entry, Raft, Role
from distlab.node import Log, ghost


@functools.cache
def remembering(protocol: type[Raft]) -> type[Raft]:
    """The same protocol; each replica also remembers what it has led and executed."""

    class Remembering(protocol):
        led: dict[int, Log[Entry]] = ghost({})  # by term: its log when it was elected
        committed: dict[int, Log[Entry]] = ghost({})  # by term that it led
        executed: Log[Entry] = ghost(Log())  # the furthest that it has ever come
        mine: Log[Entry] | None = ghost(None)  # its log, while it leads
        strange: str | None = ghost(None)  # what it did and no leader or replica does

        def become_leader(self):
            self.led[self.current_term], self.mine = self.log, self.log
            super().become_leader()

        def after_event(self):
            super().after_event()
            if self.role is not Role.LEADER:
                self.mine = None
                return
            if news := self.mine is not self.log:  # most events append nothing
                if self.mine is not None and self.log.cut(len(self.mine)) != self.mine:
                    self.strange = f"{self.id} leads and takes back part of its log"
                self.mine = self.log
            known = self.committed.get(self.current_term)
            if news or known is None or len(known) != self.commit_index:
                self.committed[self.current_term] = self.log.cut(self.commit_index)

        def apply(self, index: int):
            entry = self.log[index]
            if index > self.executed.last_index:
                self.executed = self.executed.append(entry)
            elif self.executed[index] != entry:
                self.strange = f"{self.id} executes {entry} where it had another"
            super().apply(index)

    Remembering.__name__ = Remembering.__qualname__ = protocol.__name__
    return Remembering


def replicas(world: Any) -> list[Any]:
    """The nodes that replicate: clients do not."""
    return [node for node in world.nodes.values() if isinstance(node, Raft)]


def always_one_leader_a_term(world: Any) -> str | None:
    """Election safety."""
    for one, other in combinations(replicas(world), 2):
        if both := one.led.keys() & other.led.keys():
            return f"{one.id} and {other.id} have both led term {min(both)}"
    return None


def always_leaders_only_append(world: Any) -> str | None:
    """Leader append-only; and nobody executes another entry than it had."""
    return next((node.strange for node in replicas(world) if node.strange), None)


def always_logs_match(world: Any) -> str | None:
    """Log matching: an entry of equal index and term, and all before it is equal."""
    for one, other in combinations(replicas(world), 2):
        for index in range(min(len(one.log), len(other.log)), 0, -1):
            if one.log[index].term == other.log[index].term:
                if one.log.cut(index) != other.log.cut(index):
                    return f"{one.id} and {other.id} agree on the term of {index} alone"
                break
    return None


def always_leaders_have_what_is_committed(world: Any) -> str | None:
    """Leader completeness."""
    for one in replicas(world):
        for term, committed in one.committed.items():
            for other in replicas(world):
                for later, log in other.led.items():
                    if later > term and log.cut(len(committed)) != committed:
                        return (
                            f"{one.id} has committed {len(committed)} entries in term "
                            f"{term}, and {other.id} leads term {later} without them"
                        )
    return None


def always_one_entry_is_executed_at_each_index(world: Any) -> str | None:
    """State machine safety."""
    for one, other in combinations(replicas(world), 2):
        length = min(len(one.executed), len(other.executed))
        if one.executed.cut(length) != other.executed.cut(length):
            return f"{one.id} and {other.id} have executed different entries"
    return None


CLAIMS = (
    always_one_leader_a_term,
    always_leaders_only_append,
    always_logs_match,
    always_leaders_have_what_is_committed,
    always_one_entry_is_executed_at_each_index,
)
