"""Causal broadcast: nobody delivers an answer before what it answers.

Source
    Birman, Schiper and Stephenson, "Lightweight Causal and Atomic Group Multicast", ACM
    Transactions on Computer Systems 9(3), 1991, section 5.1: the CBCAST protocol.
Guarantees
    Nothing is delivered that was not broadcast, nor twice. If m happened before m' (its
    sender had broadcast or delivered m when it broadcast m'), nobody delivers m' before
    m. What a node broadcasts, all that stay up deliver. Of concurrent broadcasts
    nothing is said: each node may deliver them in an order of its own.
Assumes
    No message is lost; they may overtake each other, arrive twice, and be late. Nodes
    may stop, any number of them, and for good.
Costs
    n - 1 messages and one message delay for each broadcast, each with a number for each
    node that has broadcast. Whatever comes too early is kept.
Departs
    Groups do not change, and each message goes to all. A sender that stops halfway is
    left out: a step is one piece, and who stops has sent to all before, or to none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distlab.node import Assumes, Call, Message, Node, NodeId, volatile
from distlab.replicated import Command, Delivered


class Data(Message):
    """Somebody broadcasts this; VT: how much of each node it may be an answer to."""

    command: Command
    vt: tuple[tuple[NodeId, int], ...]  # itself included


class CausalBroadcast(Node):
    """`broadcast(m)` ends at once: the node has delivered it itself, see `Delivered`.

    The places of what it delivers are those of its own order.
    """

    assumes = Assumes(links="at least once", failures="crash-stop", disk="loses writes")

    vt: dict[NodeId, int] = volatile({})  # how many of each it has delivered
    delayed: tuple[Data, ...] = volatile(())  # what came before what it may answer
    delivered: int = volatile(0)  # how many in all

    def broadcast(self, m: Any):  # CBCAST, 1
        number = self.vt[self.id] = self.count(self.id) + 1
        command = Command(self.id, number, Call("broadcast", (m,)))
        self.send(self.peers, Data(command, tuple(sorted(self.vt.items()))))
        self.deliver(command)
        if self.operation:
            self.ok()

    def on_data(self, src: NodeId, msg: Data):
        if msg.command.number <= self.count(msg.command.client):
            return self.ignore("delivered already")
        if msg in self.delayed:
            return self.ignore("delayed already")
        self.delayed = (*self.delayed, msg)
        while ready := [one for one in self.delayed if self.may_deliver(one)]:
            self.delayed = tuple(one for one in self.delayed if one != ready[0])
            self.catch_up(ready[0])
            self.deliver(ready[0].command)

    def may_deliver(self, msg: Data) -> bool:  # CBCAST, 2
        """It is the next of its sender, and what that had delivered is delivered."""
        sender = msg.command.client
        return all(
            number == self.count(k) + 1 if k == sender else number <= self.count(k)
            for k, number in msg.vt
        )

    def catch_up(self, msg: Data):  # CBCAST, 3
        for k, number in msg.vt:
            self.vt[k] = max(self.count(k), number)

    def count(self, node: NodeId) -> int:
        return self.vt.get(node, 0)

    def deliver(self, command: Command):
        self.delivered += 1
        self.output(Delivered(self.delivered, command))

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node does when a run says nothing else: it broadcasts three times."""
        for i in range(3):
            yield Call("broadcast", (f"{node}, {i + 1}",))
