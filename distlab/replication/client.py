"""A client of a replicated key-value store: ask, wait, ask again, and be served once.

Source
    Liskov and Cowling, "Viewstamped Replication Revisited", MIT-CSAIL-TR-2012-021,
    2012, sections 4 and 4.1: the client's side.
Guarantees
    An operation ends once, with the answer to itself. A retry carries the same number,
    by which a service can tell it from a new request.
Assumes
    One operation at a time. Messages may be lost, doubled, delayed and reordered. A
    client that crashes finds its last number on its disk.
Costs
    Two messages and one sync of the client's own disk, when nothing goes wrong.
Departs
    A retry goes to the next server, not to all; one that does not lead says who does.
    After `tries` attempts the client gives up: a write is then unknown, since it may
    have happened or may yet; a read fails, for it has changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distlab.node import Call, Message, Node, NodeId, Timer, durable, setting, volatile


class Write(Message):
    """Store `value` under `key`. `number` is the client's own, one for each request."""

    number: int
    key: str
    value: Any


class Read(Message):
    """What is stored under `key`? Only the leader may answer, unless `anywhere`."""

    number: int
    key: str
    anywhere: bool = False


class Reply(Message):
    """The answer to the request with this number."""

    number: int


class WriteReply(Reply):
    """It is stored, at this place of the log; None where another may yet take it."""

    index: int | None = None


class ReadReply(Reply):
    """The value, None if there is none, in the state after the log up to `index`."""

    value: Any
    index: int


class Redirect(Reply):
    """Ask this one. Who names itself knows of none."""

    leader: NodeId


class Timeout(Timer):
    """No answer for a while."""


class KeyValueClient(Node):
    """`write(key, value)` at the leader; `read(key)` there, or at one of `reads_at`."""

    servers: tuple[NodeId, ...] = setting(())
    reads_at: tuple[NodeId, ...] = setting(())  # empty: the leader only
    timeout_ms: float = setting(100)
    tries: int = setting(10)

    number: int = durable(0)  # of the last request; on disk, so that none is used twice
    request: Write | Read | None = volatile(None)  # the one that waits for its answer
    tried: int = volatile(0)
    leader: NodeId | None = volatile(None)  # where the last answer came from

    def write(self, key: str, value: Any):
        self.ask(Write(self.number + 1, key, value))

    def read(self, key: str):
        self.ask(Read(self.number + 1, key, anywhere=bool(self.reads_at)))

    def ask(self, request: Write | Read):  # §4.1, 1
        self.number, self.request, self.tried = request.number, request, 0
        self.try_once()

    def try_once(self):
        assert self.request
        self.tried += 1
        self.send(self.server(), self.request)
        self.set_timer(Timeout(), self.timeout_ms)

    def server(self) -> NodeId:
        """Whom to ask."""
        if isinstance(self.request, Read) and self.request.anywhere:
            return self.choose(1, self.reads_at)[0]
        return self.leader or self.replicas()[0]

    def replicas(self) -> tuple[NodeId, ...]:
        """Who keeps what is asked for."""
        return self.servers

    def on_redirect(self, src: NodeId, msg: Redirect):
        if not self.waits_for(msg):
            return self.ignore("answers an earlier request")
        if msg.leader == src:
            return self.ignore("knows no leader")
        assert self.request
        self.leader = msg.leader
        self.send(msg.leader, self.request)

    def on_write_reply(self, src: NodeId, msg: WriteReply):
        if not self.waits_for(msg):
            return self.ignore("answers an earlier request")
        self.leader = src
        self.finish()
        self.ok(msg.index)

    def on_read_reply(self, src: NodeId, msg: ReadReply):
        if not self.waits_for(msg):
            return self.ignore("answers an earlier request")
        self.finish()
        self.ok(msg.value)

    def waits_for(self, msg: Reply) -> bool:
        return self.request is not None and msg.number == self.request.number

    def finish(self):
        self.request = None
        self.cancel_timer(Timeout())

    def on_timeout(self, timer: Timeout):  # §4.1, no answer
        if self.tried < self.tries:
            self.leader = self.next_server()
            return self.try_once()
        gave_up, self.request = self.request, None
        if isinstance(gave_up, Read):
            self.fail("no answer")
        else:
            self.unknown("no answer")  # the leader may have it, or get it yet

    def next_server(self) -> NodeId:
        """The one after the last that was asked, in a ring."""
        replicas = self.replicas()
        asked = replicas.index(self.leader or replicas[0])
        return replicas[(asked + 1) % len(replicas)]

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: as many writes as reads."""
        for i in range(10):
            yield Call("write", (*choose(1, "axy"), f"{client}.{i}"))
            yield Call("read", choose(1, "axy"))
