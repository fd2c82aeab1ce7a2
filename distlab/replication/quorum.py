"""Leaderless replication: any w replicas take a write, any r of them answer a read.

Source
    DeCandia et al., "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007,
    sections 4.4 and 4.5; Kleppmann, "Designing Data-Intensive Applications", O'Reilly
    2017, chapter 5, "Leaderless Replication".
Guarantees
    An acknowledged write is on the disks of w replicas and stays: only a version whose
    writer had seen it, or was the same client, supersedes it; others are its siblings.
    With r + w > n a read that begins later returns it, or what superseded it, while
    fewer than r + w - n replicas have lost what they wrote. A read may also return a
    write that is under way or was given up, and a later read may then not: this is no
    linearizable register. A key that is read at all replicas becomes equal on them.
Assumes
    All replicas of a key are known and stay the same. Messages may be lost, doubled,
    reordered. Nodes may crash and recover; over the whole run fewer than w replicas
    lose what was on their disks. A client never loses its last number.
Costs
    A write takes 2n messages, a sync of the client's own disk, and the time of the w-th
    fastest answer; a read that of the r-th, and one message to each replica that it
    finds behind. The other n - w (n - r) may be down.
Departs
    The client coordinates; with `coordinator` a replica does it. Nobody stands in for
    a replica that is down; with `hinted_handoff` another does.
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
from distlab.replication.siblings import Siblings, Tombstone, Version, context, merge


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
    known: dict[str, Siblings] = volatile({})  # by key, what was last read or written
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
        """The next version: it supersedes what this client last saw, and its own."""
        self.number += 1
        seen = context(self.known.get(key, ()))
        return Version(value, seen.then(self.id, self.number))

    def ask(self, request: Store | Fetch):
        pending = self.pending[request.number] = Pending(request)
        self.transmit(pending)
        self.set_timer(Resend(request.number), self.resend_ms)

    def transmit(self, pending: Pending):
        self.send([s for s in self.servers if s not in pending.held], pending.request)

    def on_stored(self, src: NodeId, msg: Stored):
        self.count(src, msg.number, ())

    def on_fetched(self, src: NodeId, msg: Fetched):
        self.count(src, msg.number, msg.siblings)

    def count(self, replica: NodeId, number: int, siblings: Siblings):
        """One more answer; to a write it holds nothing."""
        pending = self.pending.get(number)
        if pending is None:
            return self.ignore("answers a request that is over")
        pending.held[replica] = siblings
        newest = self.merge(*pending.held.values())
        if not pending.answered and self.enough(pending):
            self.succeed(pending, newest)
        if pending.answered:
            self.repair(pending, newest)
        self.forget_if_complete(number)

    def enough(self, pending: Pending) -> bool:
        if isinstance(pending.request, Fetch):
            return len(pending.held) >= self.r  # §4.5, r
        return len(pending.held) >= self.w  # §4.5, w

    def succeed(self, pending: Pending, newest: Siblings):
        pending.answered, request = True, pending.request
        if isinstance(request, Store):
            self.known[request.key] = request.siblings
            return self.ok(context(request.siblings))
        self.known[request.key] = newest
        self.ok(tuple(v for v in newest if not isinstance(v.value, Tombstone)))

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
            self.transmit(pending)
            return self.set_timer(timer, self.resend_ms)
        del self.pending[timer.number]
        if not pending.answered:
            self.give_up(pending.request)

    def give_up(self, request: Store | Fetch):
        end = self.fail if isinstance(request, Fetch) else self.unknown
        end("too few answers")  # a write some may have, or get yet

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: as many writes as reads."""
        for i in range(10):
            yield Call("write", (*choose(1, "axy"), f"{client}.{i}"))
            yield Call("read", choose(1, "axy"))


class Replica(Node):
    """Keeps the versions of each key that none supersedes. Knows no other replica."""

    assumes = Assumes(disk="loses writes", losers="fewer than w")
    client = QuorumClient

    log_kept: int = setting(100)  # entries that are overwritten

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
            if len(self.log) > self.log_kept + 2 * len(self.rows):
                self.log = Log(*self.rows.items())

    def on_recover(self, report):
        self.rows = dict(self.log)


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (Replica, 3), "clients": (QuorumClient, 2)}
