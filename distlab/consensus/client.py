"""A client of a replicated service: ask, wait, ask another, and be served once.

Source
    Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX
    ATC 2014, section 8; Liskov and Cowling, "Viewstamped Replication Revisited",
    MIT-CSAIL-TR-2012-021, 2012, section 4.1: the client's side.
Guarantees
    An operation ends once, with the answer to itself. A retry carries the same number,
    by which a service can tell it from a new request.
Assumes
    One operation at a time. Messages may be lost, doubled, delayed and reordered. A
    client that crashes finds its last number on its disk.
Costs
    Two messages and one sync of the client's own disk, when nothing goes wrong.
Departs
    A retry goes to the next server, not to all. After `tries` attempts the client gives
    up, and nobody knows then whether the command was executed, or will be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distlab.node import Call, Message, Node, NodeId, Timer, durable, setting, volatile


class Request(Message):
    """Execute this command. `number` is the client's own, one for each request."""

    number: int
    call: Call


class Answer(Message):
    """Something about the request with this number."""

    number: int


class Reply(Answer):
    """It was executed, and this came of it."""

    result: Any


class Redirect(Answer):
    """Ask this one. Who names itself knows of none."""

    leader: NodeId


class Timeout(Timer):
    """No answer for a while."""


class Client(Node):
    """Asks `servers` to execute commands. A subclass names those of its machine."""

    servers: tuple[NodeId, ...] = setting(())
    timeout_ms: float | None = setting(100)  # None: waits for ever
    tries: int = setting(10)

    number: int = durable(0)  # of the last request; on disk, so that none is used twice
    request: Request | None = volatile(None)  # the one that waits for its answer
    tried: int = volatile(0)
    leader: NodeId | None = volatile(None)  # where the last answer came from

    def ask(self, name: str, *arguments: Any):  # §8, serial numbers
        self.number, self.tried = self.number + 1, 0
        self.request = Request(self.number, Call(name, arguments))
        self.try_once()

    def try_once(self):
        assert self.request
        self.tried += 1
        self.send(self.leader or self.servers[0], self.request)
        if self.timeout_ms is not None:
            self.set_timer(Timeout(), self.timeout_ms)

    def on_redirect(self, src: NodeId, msg: Redirect):  # §8, redirect
        if not self.waits_for(msg):
            return self.ignore("answers an earlier request")
        if msg.leader == src:
            return self.ignore("knows no leader")
        assert self.request
        self.leader = msg.leader
        self.send(msg.leader, self.request)

    def on_reply(self, src: NodeId, msg: Reply):
        if not self.waits_for(msg):
            return self.ignore("answers an earlier request")
        self.leader, self.request = src, None
        self.cancel_timer(Timeout())
        self.ok(msg.result)

    def waits_for(self, msg: Answer) -> bool:
        return self.request is not None and msg.number == self.request.number

    def on_timeout(self, timer: Timeout):  # §8, no answer
        if self.tried < self.tries:
            self.leader = self.next_server()
            return self.try_once()
        self.request = None
        self.unknown("no answer")  # somebody may have it, or get it yet

    def next_server(self) -> NodeId:
        """The one after the last that was asked, in a ring."""
        asked = self.servers.index(self.leader or self.servers[0])
        return self.servers[(asked + 1) % len(self.servers)]


class KeyValueClient(Client):
    """A client of a replicated `KeyValue`."""

    def read(self, key: str):
        self.ask("read", key)

    def write(self, key: str, value: Any):
        self.ask("write", key, value)

    def cas(self, key: str, expected: Any, value: Any):
        self.ask("cas", key, expected, value)

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: as many writes as reads."""
        for i in range(10):
            yield Call("write", (*choose(1, "axy"), f"{client}.{i}"))
            yield Call("read", choose(1, "axy"))


class RegisterClient(Client):
    """A client of one replicated `Register`."""

    def read(self):
        self.ask("read")

    def write(self, value: Any):
        self.ask("write", value)

    def cas(self, expected: Any, value: Any):
        self.ask("cas", expected, value)

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: as many writes as reads."""
        for i in range(10):
            yield Call("write", (f"{client}.{i}",))
            yield Call("read")


class QueueClient(Client):
    """A client of one replicated `Queue`."""

    def enqueue(self, item: Any):
        self.ask("enqueue", item)

    def dequeue(self):
        self.ask("dequeue")

    @staticmethod
    def workload(client: NodeId, choose: Callable) -> Iterator[Call]:
        """What a client asks when a run says nothing else: it puts in and takes out."""
        for i in range(10):
            yield Call("enqueue", (f"{client}.{i}",))
            yield Call("dequeue")
