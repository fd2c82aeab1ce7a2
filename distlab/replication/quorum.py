"""Leaderless replication: any w replicas take a write, any r of them answer a read.

Source
    DeCandia et al., "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007,
    sections 4.4 and 4.5; Kleppmann, "Designing Data-Intensive Applications", O'Reilly
    2017, chapter 5, "Leaderless Replication".
Guarantees
    An acknowledged write is on the disks of w replicas and stays: what supersedes it
    knew of it; writes that knew nothing of each other become siblings. With r + w > n a
    read that begins after it returns it, or what superseded it. A read may also return
    a write that is under way or that gave up, and a later read may then not: this is no
    linearizable register. A key that is read at all replicas is equal on all of them.
Assumes
    All replicas of a key are known and stay the same. Messages may be lost, doubled,
    reordered. Nodes may crash and recover; over the whole run fewer than w replicas
    lose what they had written. A client never loses its last number.
Costs
    2n messages and the time of the w-th fastest answer for a write; for a read 2n, the
    time of the r-th fastest, and one message to each replica that it finds behind. The
    other n - w (n - r) may be down.
Departs
    The client coordinates; with `coordinator` a replica does it. Nobody stands in for
    a replica that is down: see `hinted_handoff`. Requests are sent again until enough
    have answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

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
    durable,
    setting,
    volatile,
)
from distlab.replication.siblings import (
    Siblings,
    Tombstone,
    Vector,
    Version,
    context,
    merge,
)


class Store(Message):
    """Keep these versions of the key, beside those that they do not supersede."""

    number: int
    key: str
    siblings: Siblings


class Stored(Message):
    """They are on my disk."""

    number: int


class Fetch(Message):
    """What versions of the key have you?"""

    number: int
    key: str


class Fetched(Message):
    """These."""

    number: int
    siblings: Siblings


class Repair(Message):
    """You were behind: keep these too."""

    key: str
    siblings: Siblings


class Resend(Timer):
    """Not all have answered this request."""

    number: int


class Pending(Record):
    """A request under way, and what each replica that has answered holds."""

    request: Store | Fetch
    held: dict[NodeId, Siblings] = {}
    answered: bool = False
    tried: int = 1


class QuorumClient(Node):
    """Asks all replicas; content with `w` answers to a write, `r` to a read.

    `write` and `delete` end with the vector of their version, `read` with the siblings.
    """

    servers: tuple[NodeId, ...] = setting(())
    r: int = setting(2)
    w: int = setting(2)
    resend_ms: float = setting(50)
    tries: int = setting(10)

    number: int = durable(0)  # of the last request; on disk, so that none is used twice
    known: dict[str, Vector] = volatile({})  # by key, what this client has seen
    pending: dict[int, Pending] = volatile({})  # by number, until all have answered

    merge = staticmethod(merge)

    def on_start(self):
        n = len(self.servers)
        for name, count in (("r", self.r), ("w", self.w)):
            if not 1 <= count <= n:
                raise Misuse(f"{name} = {count} of {n} replicas: choose from 1 to {n}.")

    def write(self, key: str, value: Any):
        version = self.version(key, value)
        self.ask(Store(self.number, key, (version,)))

    def delete(self, key: str):
        self.write(key, Tombstone())

    def read(self, key: str):
        self.number += 1
        self.ask(Fetch(self.number, key))

    def version(self, key: str, value: Any) -> Version:  # §4.4, version
        """The next version of the key: it supersedes all that this client has seen."""
        self.number += 1
        seen = self.known.get(key, Vector())
        return Version(value, seen.then(self.id, self.number))

    def ask(self, request: Store | Fetch):
        self.pending[request.number] = Pending(request)
        self.send(self.servers, request)
        self.set_timer(Resend(request.number), self.resend_ms)

    def on_stored(self, src: NodeId, msg: Stored):
        pending = self.pending.get(msg.number)
        if pending is None:
            return self.ignore("answers a request that is over")
        assert isinstance(pending.request, Store)
        pending.held[src] = pending.request.siblings
        if not pending.answered and len(pending.held) >= self.w:  # §4.5, w
            pending.answered = True
            vector = context(pending.request.siblings)
            self.known[pending.request.key] = vector
            self.ok(vector)
        self.forget_if_complete(msg.number)

    def on_fetched(self, src: NodeId, msg: Fetched):
        pending = self.pending.get(msg.number)
        if pending is None:
            return self.ignore("answers a request that is over")
        pending.held[src] = msg.siblings
        newest = self.merge(*pending.held.values())
        if not pending.answered and len(pending.held) >= self.r:  # §4.5, r
            pending.answered = True
            self.known[pending.request.key] = context(newest)
            self.ok(tuple(v for v in newest if v.value != Tombstone()))
        if pending.answered:
            self.repair(pending, newest)
        self.forget_if_complete(msg.number)

    def repair(self, pending: Pending, newest: Siblings):  # §4.5, read repair
        for replica, siblings in pending.held.items():
            if siblings != newest:
                self.send(replica, Repair(pending.request.key, newest))
                pending.held[replica] = newest

    def forget_if_complete(self, number: int):
        if len(self.pending[number].held) == len(self.servers):
            del self.pending[number]
            self.cancel_timer(Resend(number))

    def on_resend(self, timer: Resend):
        pending = self.pending[timer.number]
        if pending.tried < self.tries and not pending.answered:
            pending.tried += 1
            late = [s for s in self.servers if s not in pending.held]
            self.send(late, pending.request)
            return self.set_timer(timer, self.resend_ms)
        del self.pending[timer.number]
        if pending.answered:
            return self.note("some replicas never answered")
        if isinstance(pending.request, Fetch):
            self.fail("too few answers")
        else:
            self.unknown("too few answers")  # some may have it, or get it yet

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: as many writes as reads."""
        for i in range(10):
            yield Call("write", (*choose(1, "axy"), f"{client}.{i}"))
            yield Call("read", choose(1, "axy"))


class Replica(Node):
    """Keeps the versions of each key that none supersedes. Knows no other replica."""

    assumes = Assumes()
    client = QuorumClient

    log: Log[tuple[str, Siblings]] = durable(Log())  # a key's last entry counts
    rows: dict[str, Siblings] = volatile({})  # what a restart computes from that

    merge = staticmethod(merge)

    def on_store(self, src: NodeId, msg: Store):  # §4.5, put
        self.keep(msg.key, msg.siblings)
        self.send(src, Stored(msg.number))

    def on_fetch(self, src: NodeId, msg: Fetch):  # §4.5, get
        self.send(src, Fetched(msg.number, self.rows.get(msg.key, ())))

    def on_repair(self, src: NodeId, msg: Repair):
        self.keep(msg.key, msg.siblings)

    def keep(self, key: str, siblings: Siblings):
        kept = self.rows.get(key, ())
        merged = self.merge(kept, siblings)
        if merged != kept:
            self.rows[key] = merged
            self.log = self.log.append((key, merged))
            if len(self.log) > 100 + 2 * len(self.rows):  # overwritten ones
                self.log = Log(*self.rows.items())

    def on_recover(self, report):
        self.rows = dict(self.log)


# Who runs together when `distlab run` is told nothing else.


CLUSTER = {"servers": (Replica, 3), "clients": (QuorumClient, 2)}
