"""Version numbers: on a single replica, one number says which values were overwritten.

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 5,
    "Capturing the happens-before relationship".
Guarantees
    An acknowledged value stays until a client that has seen it writes the key again.
    Values that knew nothing of each other are all kept.
Assumes
    There is one replica. Messages may be delayed and overtake each other, but none is
    doubled: a write that arrives twice is written twice. Nodes may crash and recover
    with their disks.
Costs
    Two messages and a sync for a write; one number for each key and one for each value.
Departs
    Whoever calls the client merges the values, and may write without having read. The
    client waits for an answer for a while, and does not ask again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

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


class Row(Value):
    """A key: how often it was written, and the values that no write has replaced."""

    version: int = 0
    values: tuple[tuple[int, Any], ...] = ()  # each with its version


class Write(Message):
    """Store this in the place of all values up to version `seen`."""

    number: int
    key: str
    value: Any
    seen: int


class Read(Message):
    """What values has the key?"""

    number: int
    key: str


class Current(Message):
    """The version of the key, and all its values: the answer to both."""

    number: int
    version: int
    values: tuple[Any, ...]


class Timeout(Timer):
    """No answer for a while."""


class VersionedClient(Node):
    """`write(key, value)` over what it has seen; both calls end with all values."""

    servers: tuple[NodeId, ...] = setting(())
    timeout_ms: float = setting(100)

    number: int = durable(0)  # of the last request; on disk, so that none is used twice
    request: Write | Read | None = volatile(None)  # the one that waits for its answer
    seen: dict[str, int] = volatile({})  # by key, the version that was read last

    def write(self, key: str, value: Any):  # Algorithm 3
        self.ask(Write(self.number + 1, key, value, self.seen.get(key, 0)))

    def read(self, key: str):
        self.ask(Read(self.number + 1, key))

    def ask(self, request: Write | Read):
        self.number, self.request = request.number, request
        self.send(self.servers[0], request)
        self.set_timer(Timeout(), self.timeout_ms)

    def on_current(self, src: NodeId, msg: Current):
        if self.request is None or msg.number != self.number:
            return self.ignore("answers an earlier request")
        self.cancel_timer(Timeout())
        self.seen[self.request.key], self.request = msg.version, None
        self.ok(msg.values)

    def on_timeout(self, timer: Timeout):
        end = self.fail if isinstance(self.request, Read) else self.unknown
        self.request = None
        end("no answer")

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: as many writes as reads."""
        for i in range(10):
            yield Call("write", (*choose(1, "xy"), f"{client}.{i}"))
            yield Call("read", choose(1, "xy"))


class VersionNumbers(Node):
    """The one replica."""

    assumes = Assumes(links="reliable", disk="torn writes")
    client = VersionedClient

    rows: tuple[tuple[str, Row], ...] = durable(())

    def row(self, key: str) -> Row:
        return dict(self.rows).get(key, Row())

    def on_write(self, src: NodeId, msg: Write):
        row = self.row(msg.key)
        version = row.version + 1  # Algorithm 1
        kept = tuple(
            value for value in row.values if value[0] > msg.seen
        )  # Algorithm 4
        row = Row(version, (*kept, (version, msg.value)))
        self.rows = tuple({**dict(self.rows), msg.key: row}.items())
        self.answer(src, msg)

    def on_read(self, src: NodeId, msg: Read):
        self.answer(src, msg)

    def answer(self, client: NodeId, msg: Read | Write):  # Algorithm 2
        row = self.row(msg.key)
        values = tuple(value for _, value in row.values)
        self.send(client, Current(msg.number, row.version, values))


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (VersionNumbers, 1), "clients": (VersionedClient, 2)}
