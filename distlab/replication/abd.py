"""ABD: registers kept by messages alone, each as if it stood in one place.

Source
    Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems",
    JACM 42(1), 1995: one writer, majorities. Lynch and Shvartsman, "Robust Emulation of
    Shared Memory Using Dynamic Quorum-Acknowledged Broadcasts", FTCS 1997: several
    writers, which also ask before they write; read and write quorums.
Guarantees
    Each key is an atomic register: its reads and writes are linearizable. An operation
    ends as soon as a read quorum and a write quorum are up and can be reached, whatever
    other clients do.
Assumes
    Every read quorum meets every write quorum; two write quorums need not meet. The
    replicas stay the same. Messages may be lost, doubled and reordered. Nodes may crash
    and recover with their disks (the last record may be torn).
Costs
    Two round trips and 4n messages, for a read as for a write. One sync of a replica;
    of the client one for a read, two for a write.
Departs
    Clients are no replicas. Who has not answered is asked again, since messages get
    lost. A client that comes back from a crash uses no number of its former life.
    Stamps grow for ever; the first paper goes on to bound them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.node import (
    Assumes,
    Call,
    Log,
    Message,
    Node,
    NodeId,
    Record,
    Timer,
    Value,
    durable,
    setting,
    volatile,
)
from distlab.quorum import Majority, Quorum, Votes


class Stamp(NamedTuple):
    """Which write it was. Tuples compare in order: equal numbers go by the writer."""

    number: int
    writer: NodeId


class Row(Value):
    """What a register holds, and which write that was."""

    key: str
    stamp: Stamp = Stamp(0, "")  # before any write
    value: Any = None


class Fetch(Message):
    """What does this register hold?"""

    number: int
    key: str


class Fetched(Message):
    """This."""

    number: int
    row: Row


class Store(Message):
    """Hold this, unless you have something newer."""

    number: int
    row: Row


class Stored(Message):
    """That, or something newer, is on my disk."""

    number: int


class Resend(Timer):
    """Not enough have answered."""


class Pending(Record):
    """One phase of the operation in progress: what was asked, and who has answered."""

    request: Fetch | Store
    votes: Votes = Votes()


class AbdClient(Node):
    """`read(key)` and `write(key, value)`: both ask, and then store what they return.

    A write ends with its stamp. Without quorums of its own a client asks majorities.
    """

    servers: tuple[NodeId, ...] = setting(())
    read_quorum: Quorum | None = setting(None)
    write_quorum: Quorum | None = setting(None)
    resend_ms: float = setting(50)

    # On disk, so that neither is used twice
    number: int = durable(0)  # of the last operation
    stamped: int = durable(0)  # the number in the last stamp that it gave
    pending: Pending | None = volatile(None)

    def on_start(self):
        for quorum in (self.read_quorum, self.write_quorum):
            if quorum is not None and not quorum.has(self.servers):
                raise Misuse(
                    f"{quorum}: not even all of {', '.join(self.servers)} are enough, "
                    f"and every operation would wait for ever: choose among these."
                )

    def read(self, key: str):
        self.start_query(key)

    def write(self, key: str, value: Any):
        self.start_query(key)

    # --------------------------------------------------------------- to ask and to wait
    def ask(self, request: Fetch | Store):  # Communicate
        self.pending = Pending(request)
        self.send(self.servers, request)
        self.set_timer(Resend(), self.resend_ms)

    def on_resend(self, timer: Resend):
        assert self.pending
        answered = self.pending.votes.by()
        self.send([s for s in self.servers if s not in answered], self.pending.request)
        self.set_timer(timer, self.resend_ms)

    def awaits(self, answer: Fetched | Stored, phase: type) -> bool:
        """Whether an answer is one to the phase in progress, not to an earlier one."""
        if self.pending is None:
            return False
        request = self.pending.request
        return isinstance(request, phase) and request.number == answer.number

    def enough(self, quorum: Quorum | None) -> bool:  # Communicate
        """Whether those who have answered are a quorum."""
        assert self.pending
        return (quorum or Majority(self.servers)).has(self.pending.votes.by())

    # ----------------------------------------------------------------------- the phases
    def start_query(self, key: str):  # Query
        self.number += 1
        self.ask(Fetch(self.number, key))

    def on_fetched(self, src: NodeId, msg: Fetched):  # Query
        if not self.awaits(msg, Fetch):
            return self.ignore("answers a phase that is over")
        assert self.pending and self.operation
        self.pending.votes.add(src, msg.row)
        if self.enough(self.read_quorum):
            newest = max(self.pending.votes.messages(), key=lambda row: row.stamp)
            if self.operation.name == "write":
                return self.start_write(newest, *self.operation.args)
            self.start_write_back(newest)

    def start_write(self, newest: Row, key: str, value: Any):  # Writer propagates
        self.stamped = max(self.stamped, newest.stamp.number) + 1
        stamp = Stamp(self.stamped, self.id)
        self.ask(Store(self.number, Row(key, stamp, value)))

    def start_write_back(self, newest: Row):  # Reader propagates
        """Or who reads later might find less: this may be a write still under way."""
        self.ask(Store(self.number, newest))

    def on_stored(self, src: NodeId, msg: Stored):
        if not self.awaits(msg, Store):
            return self.ignore("answers a phase that is over")
        assert self.pending and isinstance(self.pending.request, Store)
        self.pending.votes.add(src)
        if self.enough(self.write_quorum):
            self.finish(self.pending.request.row)

    def finish(self, row: Row):
        assert self.operation
        self.pending = None
        self.cancel_timer(Resend())
        self.ok(row.stamp if self.operation.name == "write" else row.value)

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: as many writes as reads."""
        for i in range(10):
            yield Call("write", (*choose(1, "axy"), f"{client}.{i}"))
            yield Call("read", choose(1, "axy"))


class AbdReplica(Node):
    """Holds for each key what the greatest stamp came with. Knows no other replica."""

    assumes = Assumes(disk="torn writes")
    client = AbdClient

    log: Log[Row] = durable(Log())  # a key's last row counts
    rows: dict[str, Row] = volatile({})  # what a restart computes from that

    def on_fetch(self, src: NodeId, msg: Fetch):  # Answer to a query
        self.send(src, Fetched(msg.number, self.row(msg.key)))

    def row(self, key: str) -> Row:
        return self.rows.get(key, Row(key))

    def on_store(self, src: NodeId, msg: Store):  # Answer to a propagation
        if msg.row.stamp > self.row(msg.row.key).stamp:
            self.keep(msg.row)
        self.send(src, Stored(msg.number))

    def keep(self, row: Row):
        self.rows[row.key] = row
        self.log = self.log.append(row)
        if len(self.log) > 100 + 2 * len(self.rows):  # overwritten ones
            self.log = Log(*self.rows.values())

    def on_recover(self, report):
        self.rows = {row.key: row for row in self.log}


# Who runs together when `distlab run` is told nothing else.


CLUSTER = {"servers": (AbdReplica, 3), "clients": (AbdClient, 2)}
