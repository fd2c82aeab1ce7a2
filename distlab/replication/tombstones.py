"""Tombstones that are collected: a delete leaves a mark, and the mark goes in the end.

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 5,
    "Capturing the happens-before relationship": a deleted item leaves a tombstone. When
    it goes: Apache Cassandra Documentation, "Tombstones" (`gc_grace_seconds`).
Guarantees
    Those of `anti_entropy`; and what was deleted stays so, and takes no room once
    `grace_ms` are over, on replicas that were away for a shorter time than that.
Assumes
    As `anti_entropy`; and each replica compares its rows with the others within
    `grace_ms` of a delete. Whoever was away for longer brings back what was deleted.
    Clocks differ by much less than `grace_ms`.
Costs
    A timer for each deleted row, until it is collected. Nothing more is sent.
Departs
    A client says when it deleted, by its own clock: so a tombstone is old at the same
    time on all replicas, or they would give it back to each other for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from distlab.node import Assumes, Call, NodeId, Timer, setting
from distlab.replication.anti_entropy import AntiEntropy
from distlab.replication.quorum import QuorumClient
from distlab.replication.siblings import Siblings, Tombstone


class DatedTombstone(Tombstone):
    """It was deleted at this time."""

    deleted_ms: float

    def __repr__(self) -> str:
        return f"deleted at {self.deleted_ms:g} ms"


class DatingClient(QuorumClient):
    """Writes down when it deletes."""

    def delete(self, key: str):
        self.write(key, DatedTombstone(self.now_ms))

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: half of it is deleted."""
        for i in range(10):
            yield Call("write", (*choose(1, "axy"), f"{client}.{i}"))
            yield Call("delete", choose(1, "axy"))


class Collect(Timer):
    """All that this row holds was deleted long ago."""

    key: str
    row: Siblings


class Collecting(AntiEntropy):
    """A replica that forgets what was deleted `grace_ms` ago; at 0, at once."""

    assumes = Assumes(clock="bounded drift", disk="loses writes", losers="fewer than w")
    client = DatingClient

    grace_ms: float = setting(1000)

    def keep(self, key: str, siblings: Siblings):
        super().keep(key, siblings)
        self.await_grace(key)

    def await_grace(self, key: str):  # Grace period
        row = self.rows.get(key, ())
        if row and all(isinstance(v.value, DatedTombstone) for v in row):
            over_ms = max(v.value.deleted_ms for v in row) + self.grace_ms
            self.set_timer(Collect(key, row), max(0, over_ms - self.now_ms))

    def on_collect(self, timer: Collect):  # Zombies
        if self.rows.get(timer.key) != timer.row:
            return self.ignore("written since")
        del self.rows[timer.key]
        self.log = self.log.append((timer.key, ()))
        self.written[timer.key] = None

    def on_recover(self, report):
        super().on_recover(report)
        self.rows = {key: row for key, row in self.rows.items() if row}
        for key in self.rows:
            self.await_grace(key)


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (Collecting, 3), "clients": (DatingClient, 2)}
