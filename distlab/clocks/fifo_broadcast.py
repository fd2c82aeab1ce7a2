"""FIFO broadcast: what one node broadcasts is delivered everywhere in that order.

Source
    Cachin, Guerraoui and Rodrigues, "Introduction to Reliable and Secure Distributed
    Programming", 2nd edition, Springer 2011, section 3.9: broadcast with sequence
    number, Algorithm 3.12.
Guarantees
    Nothing is delivered that was not broadcast, nor twice. If a node has broadcast m
    before m', nobody delivers m' before m. What a node broadcasts, all that stay up
    deliver. Of broadcasts of different nodes nothing is said: each node may deliver
    them in an order of its own.
Assumes
    No message is lost; they may overtake each other, arrive twice, and be late. Nodes
    may stop, any number of them, and for good.
Costs
    n - 1 messages and one message delay for each broadcast. Whatever comes too early is
    kept, however much it is.
Departs
    The book builds on a reliable broadcast, for a sender that stops halfway. Here a
    step is one piece: who stops has sent to all before, or to none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distlab.node import Assumes, Call, Message, Node, NodeId, volatile
from distlab.replicated import Command, Delivered


class Data(Message):
    """Somebody broadcasts this; it is numbered among the sender's, from 1."""

    command: Command


class FifoBroadcast(Node):
    """`broadcast(m)` ends when the node has delivered it itself: see `Delivered`.

    The places of what it delivers are those of its own order.
    """

    assumes = Assumes(links="at least once", failures="crash-stop", disk="loses writes")

    lsn: int = volatile(0)  # how many it has broadcast
    pending: dict[tuple[NodeId, int], Command] = volatile({})  # by sender and number
    next: dict[NodeId, int] = volatile({})  # which number of each sender is due
    delivered: int = volatile(0)  # how many

    def broadcast(self, m: Any):  # Algorithm 3.12, broadcast
        self.lsn += 1
        command = Command(self.id, self.lsn, Call("broadcast", (m,)))
        self.send(self.nodes, Data(command))

    def on_data(self, src: NodeId, msg: Data):  # Algorithm 3.12, deliver
        sender, number = msg.command.client, msg.command.number
        if number < self.next.get(sender, 1):
            return self.ignore("delivered already")
        self.pending[sender, number] = msg.command
        self.deliver_what_is_due(sender)

    def deliver_what_is_due(self, sender: NodeId):  # Algorithm 3.12, while
        due = self.next.get(sender, 1)
        while command := self.pending.pop((sender, due), None):
            due += 1
            self.deliver(command)
        self.next[sender] = due

    def deliver(self, command: Command):
        self.delivered += 1
        self.output(Delivered(self.delivered, command))
        if self.operation and command.client == self.id:
            self.ok()

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node does when a run says nothing else: it broadcasts three times."""
        for i in range(3):
            yield Call("broadcast", (f"{node}, {i + 1}",))
