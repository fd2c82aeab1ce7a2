"""Lamport's mutual exclusion: a queue that everyone keeps, ordered by logical time.

Source
    Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System",
    CACM 21(7), 1978: the algorithm of p. 561, Rules 1-5; clocks IR1 and IR2, p. 560.
Guarantees
    Exclusion: at most one node is inside. Fairness: nodes enter in the order of their
    requests' timestamps. If whoever is inside leaves, whoever asks enters.
Assumes
    Reliable FIFO links; nothing is known of delays. No crashes: one crashed node stops
    everyone.
Costs
    3(n - 1) messages for each entry; one round trip to enter an idle system, and one
    message delay from one that leaves to the next that enters.
Departs
    The paper's queues begin with a request of the node that has the resource first;
    ours are empty. IR2 raises the clock to the message's stamp, not above it: the tick
    of IR1 before the next stamp does that. Only what is stamped ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from distlab.node import Assumes, Call, Message, Node, NodeId, Value, volatile


class Stamp(NamedTuple):
    """A Lamport timestamp. Tuples compare in the paper's total order, ties by node."""

    clock: int
    node: NodeId


class Stamped(Message):
    """What every message carries."""

    ts: Stamp


class Request(Stamped):
    """The sender wants the resource."""


class Ack(Stamped):
    """The sender has queued the request; what it sends from now on is stamped later."""


class Release(Stamped):
    """The sender has left."""


class Granted(Value):
    """The resource is this node's, by its request of this time."""

    ts: Stamp


class LamportMutex(Node):
    """Mutual exclusion, no coordinator: `acquire()` ends inside, then `release()`."""

    assumes = Assumes(links="reliable FIFO", failures="pause", disk="loses writes")

    clock: int = volatile(0)
    queue: dict[NodeId, Stamp] = volatile({})  # the request we know of, for each node
    heard: dict[NodeId, Stamp] = volatile({})  # the latest timestamp, from each peer
    inside: bool = volatile(False)

    def acquire(self):  # Rule 1
        if self.inside:
            return self.fail("is inside already")
        self.queue[self.id] = self.stamp()
        self.send(self.peers, Request(self.queue[self.id]))

    def on_request(self, src: NodeId, msg: Request):  # Rule 2
        self.queue[src] = msg.ts
        self.send(src, Ack(self.stamp()))

    def release(self):  # Rule 3
        if not self.inside:
            return self.fail("is not inside")
        del self.queue[self.id]
        self.inside = False
        self.send(self.peers, Release(self.stamp()))
        self.ok()

    def on_release(self, src: NodeId, msg: Release):  # Rule 4
        self.queue.pop(src, None)

    def may_enter(self) -> bool:  # Rule 5
        mine = self.queue.get(self.id)
        return (
            mine is not None
            and mine == min(self.queue.values())  # (i)
            and all(self.heard.get(p, mine) > mine for p in self.peers)  # (ii)
        )

    def on_ack(self, src: NodeId, msg: Ack):
        """It is its timestamp, and no more: see `before_stamped`."""

    def after_event(self):
        if not self.inside and self.may_enter():
            self.inside = True
            self.output(Granted(self.queue[self.id]))
            if self.operation:
                self.ok()

    def stamp(self) -> Stamp:  # IR1
        self.clock += 1
        return Stamp(self.clock, self.id)

    def before_stamped(self, src: NodeId, msg: Stamped):  # IR2
        self.clock = max(self.clock, msg.ts.clock)
        self.heard[src] = msg.ts

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node does when a run says nothing else: it enters and leaves."""
        for _ in range(3):
            yield Call("acquire")
            yield Call("release")
