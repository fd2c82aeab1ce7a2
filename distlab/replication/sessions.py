"""Sessions: a client that remembers how far it has come takes no answer from before.

Source
    Terry, Demers, Petersen, Spreitzer, Theimer and Welch, "Session Guarantees for
    Weakly Consistent Replicated Data", PDIS 1994: sections 3 and 4, Table 1.
Guarantees
    Read your writes and monotonic reads, at followers that lag, if asked for. Monotonic
    writes and writes follow reads: there is one log, and every write goes through it.
Assumes
    As `single_leader`. A session ends when its client crashes; the next remembers
    nothing. It belongs to the client: what somebody else told it is not in it.
Costs
    Two numbers at the client. A round trip to the leader for a read that came too early
    at a follower, as often as it lags.
Departs
    With one log a version vector is one number, the index. The paper's client looks for
    a server that is fresh enough before it reads; ours reads, and looks at the answer.
"""

from __future__ import annotations

from distlab.node import NodeId, setting, volatile
from distlab.replication.client import KeyValueClient, Read, ReadReply, WriteReply
from distlab.replication.single_leader import SingleLeader


class SessionClient(KeyValueClient):
    """Reads at any of `reads_at`, and again at the leader if the answer is too old."""

    read_your_writes: bool = setting(True)
    monotonic_reads: bool = setting(True)

    write_index: int = volatile(0)  # how far the log was when it last wrote
    read_index: int = volatile(0)  # how far the replica was that it last read from

    def on_write_reply(self, src: NodeId, msg: WriteReply):  # Table 1, updated on write
        if self.waits_for(msg) and msg.index:
            self.write_index = max(self.write_index, msg.index)
        super().on_write_reply(src, msg)

    def on_read_reply(self, src: NodeId, msg: ReadReply):  # Table 1, updated on read
        if self.waits_for(msg):
            if not self.fresh_enough(msg):
                return self.read_at_leader()
            self.read_index = max(self.read_index, msg.index)
        super().on_read_reply(src, msg)

    def fresh_enough(self, msg: ReadReply) -> bool:  # Table 1, checked on read
        """Whether the replica that answers has all that this session depends on."""
        after_writes = msg.index >= self.write_index or not self.read_your_writes
        after_reads = msg.index >= self.read_index or not self.monotonic_reads
        return after_writes and after_reads

    def read_at_leader(self):
        assert isinstance(self.request, Read)
        if not self.request.anywhere:
            return self.ignore("even the leader does not show it yet")  # ask it again
        self.note("too old for this session")
        self.request = Read(self.request.number, self.request.key)
        self.send(self.server(), self.request)


# Who runs together when `distlab run` is told nothing else.


CLUSTER = {"servers": (SingleLeader, 3), "clients": (SessionClient, 2)}
