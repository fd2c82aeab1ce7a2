"""Last write wins: the version with the latest time stamp stays, the others are lost.

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 5, "Last
    write wins (discarding concurrent writes)"; DeCandia et al., "Dynamo", SOSP 2007,
    section 4.4, where it is "timestamp based reconciliation".
Guarantees
    All replicas come to the same one version of each key. Of writes that knew nothing
    of each other all but one are lost, whether acknowledged or not. While the clocks of
    clients differ by less than the time between two writes, the later one stays.
Assumes
    As `quorum`; and no clock is off.
Costs
    As `quorum`; a time stamp for each version instead of a number for each writer.
Departs
    Versions carry their vectors still. Nobody here reads them: they tell a judge what
    was lost.
"""

from __future__ import annotations

from typing import Any

from distlab.node import Assumes
from distlab.replication.quorum import QuorumClient, Replica
from distlab.replication.siblings import Siblings, Version


class Stamped(Version):
    """A version, and what its writer's clock showed."""

    at_ms: float

    def __repr__(self) -> str:
        return f"{self.value!r} {self.vector!r} at {self.at_ms:g} ms"


def latest(*several: Siblings) -> Siblings:  # Last write wins, discard
    """The version with the latest stamp alone; of equal ones, the last writer's."""
    versions = [version for siblings in several for version in siblings]
    return tuple(sorted(versions, key=stamp)[-1:])


def stamp(version: Version) -> tuple[Any, ...]:
    """By what versions are ordered: any order will do, if it is the same everywhere."""
    assert isinstance(version, Stamped)
    return version.at_ms, version.vector.counts


class StampingClient(QuorumClient):
    """A client that stamps what it writes with the time on its own clock."""

    merge = staticmethod(latest)

    def version(self, key: str, value: Any) -> Version:  # Last write wins, stamp
        version = super().version(key, value)
        return Stamped(value, version.vector, self.now_ms)


class LastWriteWins(Replica):
    """A replica that keeps one version of each key."""

    assumes = Assumes(clock="exact", disk="loses writes", losers="fewer than w")
    client = StampingClient

    merge = staticmethod(latest)


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (LastWriteWins, 3), "clients": (StampingClient, 2)}
