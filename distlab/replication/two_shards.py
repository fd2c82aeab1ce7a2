"""Two shards: two logs have no common order, so one may run ahead of what it answers.

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 5,
    "Consistent Prefix Reads"; its mend, dependencies that travel with a value, as in
    Bailis, Ghodsi, Hellerstein and Stoica, "Bolt-on Causal Consistency", SIGMOD 2013.
Guarantees
    `ShardedClient`: those of `single_leader` for each shard, and none for both. With
    `CausalClient` for readers and writers: who reads a value then finds all that its
    writer had read or written before, in both shards.
Assumes
    As `single_leader`, for each shard. All clients of a key carry dependencies.
Costs
    A position of each log with every value; a read at the leader where a follower is
    behind what has been read already.
Departs
    The paper keeps a copy beside the client; ours asks the leader, which has it all.
"""

from __future__ import annotations

from typing import Any

from distlab.node import NodeId, Value, setting, volatile
from distlab.replication.client import (
    KeyValueClient,
    Read,
    ReadReply,
    Write,
    WriteReply,
)
from distlab.replication.single_leader import SingleLeader


class Dependent(Value):
    """A value, and how far each log was that its writer had seen."""

    value: Any
    past: tuple[tuple[NodeId, int], ...]  # (the first node of a shard, an index there)


class ShardedClient(KeyValueClient):
    """Finds a key before `boundary` in the shard `left`, any other in `right`."""

    left: tuple[NodeId, ...] = setting(())
    right: tuple[NodeId, ...] = setting(())
    boundary: str = setting("n")

    def replicas(self) -> tuple[NodeId, ...]:
        assert self.request
        return self.left if self.request.key < self.boundary else self.right

    def server(self) -> NodeId:
        if isinstance(self.request, Read) and self.request.anywhere:
            return self.choose(1, [r for r in self.replicas() if r in self.reads_at])[0]
        return super().server()

    def ask(self, request: Write | Read):
        self.leader = None  # it may be the other shard's
        super().ask(request)


class CausalClient(ShardedClient):
    """Writes with a value what it depends on; reads nothing older than that."""

    past: dict[NodeId, int] = volatile({})  # by shard, how far its log had come

    def write(self, key: str, value: Any):  # Bolt-on, put
        dependent = Dependent(value, tuple(self.past.items()))
        self.ask(Write(self.number + 1, key, dependent))

    def on_write_reply(self, src: NodeId, msg: WriteReply):
        if self.waits_for(msg) and msg.index:
            self.depend_on(self.replicas()[0], msg.index)
        super().on_write_reply(src, msg)

    def on_read_reply(self, src: NodeId, msg: ReadReply):  # Bolt-on, get
        if not self.waits_for(msg):
            return self.ignore("answers an earlier request")
        shard = self.replicas()[0]
        if msg.index < self.past.get(shard, 0):
            return self.read_at_leader()
        self.depend_on(shard, msg.index)
        value = msg.value
        if isinstance(value, Dependent):
            for other, index in value.past:
                self.depend_on(other, index)
            value = value.value
        super().on_read_reply(src, ReadReply(msg.number, value, msg.index))

    def depend_on(self, shard: NodeId, index: int):
        self.past[shard] = max(index, self.past.get(shard, 0))

    def read_at_leader(self):
        assert isinstance(self.request, Read)
        if not self.request.anywhere:
            return self.ignore("even the leader does not show it yet")  # ask it again
        self.note("a value came before what it depends on")
        self.request = Read(self.request.number, self.request.key)
        self.send(self.server(), self.request)


# Who runs together when `distlab run` is told nothing else.


CLUSTER = {
    "left": (SingleLeader, 2),
    "right": (SingleLeader, 2),
    "clients": (CausalClient, 2),
}
