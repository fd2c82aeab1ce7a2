"""Version vectors, one for each key: servers count their writes, clients remember.

Source
    Parker et al., "Detection of Mutual Inconsistency in Distributed Systems", IEEE
    Transactions on Software Engineering SE-9(3), 1983, section III. That a vector of
    servers serves clients badly: Preguiça, Baquero, Almeida, Fonte and Gonçalves,
    "Dotted Version Vectors: Logical Clocks for Optimistic Replication", arXiv
    1011.5808, 2010.
Guarantees
    An acknowledged value stays until a client that has seen it writes the key again:
    sooner or later at all servers, whose vectors become equal. Not the other way round:
    what has been seen and overwritten may stay as well, at some servers and not at
    others, and be joined by more and more.
Assumes
    Messages may be delayed, overtake each other and arrive twice; to a server that is
    up none is lost. Servers may crash and recover with their disks.
Costs
    n + 1 messages and two syncs, one after the other, for a write, of which the client
    waits for two and one. A key takes one number for each server, and no more however
    many clients write it.
Departs
    Values that are in conflict stay, as in Dynamo; whoever writes next over all of them
    has merged them. A server that was down asks the others for all they have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, Self

from distlab.node import (
    Assumes,
    Call,
    Message,
    Node,
    NodeId,
    Timer,
    Value,
    durable,
    setting,
    volatile,
)


class Vector(Value):
    """How many writes of each server are known, the servers in order."""

    counts: tuple[tuple[NodeId, int], ...] = ()

    def __getitem__(self, server: NodeId) -> int:
        return dict(self.counts).get(server, 0)

    def covers(self, other: Vector) -> bool:  # compatible
        """Whether all that the other knows is known."""
        return all(self[server] >= count for server, count in other.counts)

    def join(self, other: Vector) -> Vector:  # merge
        """The least that covers both."""
        servers = sorted(dict((*self.counts, *other.counts)))
        return Vector(tuple((s, max(self[s], other[s])) for s in servers))

    def __repr__(self) -> str:
        return f"[{' '.join(f'{server}:{count}' for server, count in self.counts)}]"


class Row(Value):
    """A key: its values, and one vector for all of them."""

    values: tuple[Any, ...] = ()
    vector: Vector = Vector()

    @property
    def context(self) -> Vector:
        """What a client knows that has read this."""
        return self.vector

    def update(self, server: NodeId, value: Any, context: Vector) -> Self:  # update
        """A write whose client knows this much."""
        kept = () if context.covers(self.vector) else self.values
        own = Vector(((server, self.vector[server] + 1),))
        vector = self.vector.join(context).join(own)
        return type(self)(tuple(dict.fromkeys((*kept, value))), vector)

    def sync(self, other: Self) -> Self:  # conflict
        """What two servers have together."""
        if self.vector.covers(other.vector):
            return self
        if other.vector.covers(self.vector):
            return other
        values = dict.fromkeys((*self.values, *other.values))
        vector = self.vector.join(other.vector)  # merge
        return type(self)(tuple(values), vector)


Rows = tuple[tuple[str, Any], ...]  # each key with its row


class Put(Message):
    """Write this over what I know."""

    number: int
    key: str
    value: Any
    context: Vector


class Get(Message):
    """What values has the key?"""

    number: int
    key: str


class Current(Message):
    """All values of the key, and what whoever knows them knows: answers both."""

    number: int
    values: tuple[Any, ...]
    context: Vector


class Sync(Message):
    """What I have."""

    rows: Rows


class Recovered(Message):
    """What I had before I was down: what have you?"""

    rows: Rows


class Timeout(Timer):
    """No answer for a while."""


class Client(Node):
    """`write(key, value)` over what it has seen; both calls end with all values."""

    servers: tuple[NodeId, ...] = setting(())
    timeout_ms: float = setting(100)

    number: int = durable(0)  # of the last request; on disk, so that none is used twice
    request: Put | Get | None = volatile(None)  # the one that waits for its answer
    seen: dict[str, Vector] = volatile({})  # by key, in the last answer

    def write(self, key: str, value: Any):
        self.ask(Put(self.number + 1, key, value, self.seen.get(key, Vector())))

    def read(self, key: str):
        self.ask(Get(self.number + 1, key))

    def ask(self, request: Put | Get):
        self.number, self.request = request.number, request
        self.send(self.choose(1, self.servers), request)
        self.set_timer(Timeout(), self.timeout_ms)

    def on_current(self, src: NodeId, msg: Current):
        if self.request is None or msg.number != self.number:
            return self.ignore("answers an earlier request")
        self.cancel_timer(Timeout())
        self.seen[self.request.key], self.request = msg.context, None
        self.ok(msg.values)

    def on_timeout(self, timer: Timeout):
        end = self.fail if isinstance(self.request, Get) else self.unknown
        self.request = None
        end("no answer")

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: writes, and a few reads."""
        for i in range(10):
            yield Call("write", (*choose(1, "xy"), f"{client}.{i}"))
            if choose(1, (True, False))[0]:
                yield Call("read", choose(1, "xy"))


class VersionVectors(Node):
    """A server: any of them takes writes."""

    assumes = Assumes(links="at least once", disk="torn writes")
    client = Client
    empty: ClassVar[Any] = Row()

    rows: Rows = durable(())

    def row(self, key: str) -> Any:
        return dict(self.rows).get(key, self.empty)

    def on_put(self, src: NodeId, msg: Put):
        row = self.row(msg.key).update(self.id, msg.value, msg.context)
        self.keep(((msg.key, row),))
        self.send(self.peers, Sync(((msg.key, row),)))
        self.answer(src, msg)

    def on_get(self, src: NodeId, msg: Get):
        self.answer(src, msg)

    def answer(self, client: NodeId, msg: Put | Get):
        row = self.row(msg.key)
        self.send(client, Current(msg.number, row.values, row.context))

    def on_sync(self, src: NodeId, msg: Sync):
        self.keep((key, self.row(key).sync(row)) for key, row in msg.rows)

    def keep(self, rows: Iterable[tuple[str, Any]]):
        self.rows = tuple({**dict(self.rows), **dict(rows)}.items())

    def on_recover(self, report):
        self.send(self.peers, Recovered(self.rows))

    def on_recovered(self, src: NodeId, msg: Recovered):
        self.on_sync(src, Sync(msg.rows))
        self.send(src, Sync(self.rows))


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (VersionVectors, 3), "clients": (Client, 2)}
