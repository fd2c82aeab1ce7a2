"""Total order broadcast by Lamport's stamps: deliver when nothing earlier can come.

Source
    Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System",
    CACM 21(7), 1978, p. 561: Rules 1, 2 and 5 of the mutual exclusion, used as p. 562
    says, to order the commands of any state machine; clocks IR1 and IR2, p. 560.
Guarantees
    Nothing is delivered that was not broadcast, nor twice. All nodes deliver the same,
    in the same order, that of the stamps: what happened before comes first.
Assumes
    Reliable FIFO links; nothing is known of delays. No crashes: when one node is not
    heard of any more, nobody delivers anything.
Costs
    n(n - 1) messages and two message delays for each broadcast. There is no leader that
    is busier than the others.
Departs
    In the mutual exclusion whoever asked is told that it was heard. Here all are, for
    all have to decide. Nothing has to be released: what is delivered leaves the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from distlab.node import Assumes, Call, Message, Node, NodeId, volatile
from distlab.replicated import Command, Delivered


class Stamp(NamedTuple):
    """A Lamport timestamp. Tuples compare in the paper's total order, ties by node."""

    clock: int
    node: NodeId


class Stamped(Message):
    """What every message carries."""

    ts: Stamp


class Data(Stamped):
    """Somebody broadcasts this."""

    command: Command


class Ack(Stamped):
    """The sender has received a broadcast: what it sends from now on is later."""


class LamportBroadcast(Node):
    """`broadcast(m)` ends when the node has delivered it itself: see `Delivered`."""

    assumes = Assumes(links="reliable FIFO", failures="pause", disk="loses writes")

    clock: int = volatile(0)
    queue: dict[Stamp, Command] = volatile({})  # received, and not delivered yet
    heard: dict[NodeId, Stamp] = volatile({})  # the latest timestamp, from each peer
    asked: int = volatile(0)  # how many it has broadcast
    delivered: int = volatile(0)  # how many

    def broadcast(self, m: Any):  # Rule 1
        self.asked += 1
        data = Data(self.stamp(), Command(self.id, self.asked, Call("broadcast", (m,))))
        self.queue[data.ts] = data.command
        self.send(self.peers, data)
        self.deliver_what_is_certain()

    def on_data(self, src: NodeId, msg: Data):  # Rule 2
        self.queue[msg.ts] = msg.command
        self.send(self.peers, Ack(self.stamp()))
        self.deliver_what_is_certain()

    def on_ack(self, src: NodeId, msg: Ack):
        self.deliver_what_is_certain()

    def deliver_what_is_certain(self):
        while self.queue and self.is_certain(first := min(self.queue)):
            self.deliver(self.queue.pop(first))

    def is_certain(self, first: Stamp) -> bool:  # Rule 5
        """Whether every other node has passed this time: nothing earlier can come."""
        return all(p in self.heard and self.heard[p] >= first for p in self.peers)

    def deliver(self, command: Command):
        self.delivered += 1
        self.output(Delivered(self.delivered, command))
        if self.operation and command.client == self.id:
            self.ok()

    def stamp(self) -> Stamp:  # IR1
        self.clock += 1
        return Stamp(self.clock, self.id)

    def before_stamped(self, src: NodeId, msg: Stamped):  # IR2
        self.clock = max(self.clock, msg.ts.clock)
        self.heard[src] = msg.ts

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node does when a run says nothing else: it broadcasts three times."""
        for i in range(3):
            yield Call("broadcast", (f"{node}, {i + 1}",))
