"""Fencing: a resource that remembers the latest leader refuses what older ones send.

Source
    Burrows, "The Chubby Lock Service for Loosely-Coupled Distributed Systems", OSDI
    2006, section 2.4, sequencers; Kleppmann, "Designing Data-Intensive Applications",
    O'Reilly 2017, chapter 8, "Fencing tokens".
Guarantees
    With `Storage`, effects happen in the order of epochs: none of an old leader once
    one of a newer has arrived, however long the old one paused. With
    `TrustingStorage`, none.
Assumes
    A later leader has a greater token. The resource stores an effect and its token in
    one record, so that it never has the one without the other.
Costs
    A token with every effect; one comparison.
Departs
    Chubby's holder shows its sequencer, and the server may ask Chubby whether it still
    holds; ours only compares, as the book does. A refused leader leads no longer.
"""

from __future__ import annotations

from distlab.node import Assumes, Log, Message, Node, NodeId, Value, durable, setting
from distlab.replication.automatic_failover import AutomaticFailover
from distlab.replication.client import KeyValueClient
from distlab.replication.failover import Entry, Epoch


class Store(Message):
    """An effect outside the replicas, and in whose reign."""

    token: Epoch
    key: str
    value: object


class Refused(Message):
    """A leader with this token has been here."""

    token: Epoch


class Effect(Value):
    """What a resource has let happen."""

    token: Epoch
    key: str
    value: object


class Storage(Node):
    """A resource that leaders write to, and that checks their tokens."""

    token: Epoch = durable(Epoch(0, ""))  # the greatest that it has seen
    effects: Log[Effect] = durable(Log())

    def on_store(self, src: NodeId, msg: Store):  # Fencing tokens
        if msg.token < self.token:
            self.note("refuses an old leader")
            return self.send(src, Refused(self.token))
        self.accept(msg)

    def accept(self, msg: Store):
        self.token = max(msg.token, self.token)
        self.effects = self.effects.append(Effect(msg.token, msg.key, msg.value))


class TrustingStorage(Storage):
    """A resource that takes whatever comes: a token that nobody checks stops nobody."""

    def on_store(self, src: NodeId, msg: Store):
        self.accept(msg)


class FencedLeader(AutomaticFailover):
    """A replica whose leader does something outside for every write that it answers."""

    assumes = Assumes(disk="loses writes")

    storage: tuple[NodeId, ...] = setting(())

    def answer(self, entry: Entry):  # Sequencers
        self.send(self.storage, Store(self.epoch, entry.key, entry.value))
        super().answer(entry)

    def on_refused(self, src: NodeId, msg: Refused):
        if self.leading and msg.token > self.epoch:
            self.become_follower(msg.token)


# Who runs together when `distlab run` is told nothing else.


CLUSTER = {
    "servers": (FencedLeader, 3),
    "storage": (Storage, 1),
    "clients": (KeyValueClient, 1),
}
