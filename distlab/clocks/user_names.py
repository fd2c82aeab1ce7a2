"""User names: Lamport's order tells who was first, and nobody can tell at once.

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 9,
    "Timestamp ordering is not sufficient" and "Total Order Broadcast"; the order is
    that of `lamport_broadcast`.
Guarantees
    `UserNames`: a name has one owner, whom all nodes agree on: who claimed it first, in
    the order of the stamps. `DecidesAtOnce`: none. Once all claims are known there is
    one order of them, and by then two have been told that the name is theirs.
Assumes
    As `lamport_broadcast`: reliable FIFO links, no crashes.
Costs
    n(n - 1) messages and two message delays for each claim; to decide at once takes no
    time, and is wrong.
Departs
    The book argues without a protocol; this is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from distlab.clocks.lamport_broadcast import LamportBroadcast
from distlab.node import Assumes, Call, Node, NodeId, Value, part, volatile
from distlab.replicated import Delivered


class Taken(Value):
    """This name has this owner, whatever is claimed later."""

    name: str
    owner: NodeId


class UserNames(Node):
    """`take(name)` ends with whether the name is this node's."""

    assumes = Assumes(links="reliable FIFO", failures="pause", disk="loses writes")

    order: LamportBroadcast = part(LamportBroadcast)
    owners: dict[str, NodeId] = volatile({})

    def take(self, name: str):  # Total order broadcast, 1
        self.order.broadcast(name)

    def on_order_output(self, value: Delivered):  # Total order broadcast, 2
        claim = value.command
        assert claim
        (name,) = claim.call.args
        if name not in self.owners:
            self.owners[name] = claim.client
            self.output(Taken(name, claim.client))
        if self.operation and claim.client == self.id:
            self.ok(self.owners[name] == self.id)

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node does when a run says nothing else: it claims one of two names."""
        (name,) = choose(1, ("kim", "robin"))
        yield Call("take", (name,))


class DecidesAtOnce(UserNames):
    """Compares its claim with those it knows of, and does not wait for others."""

    def take(self, name: str):  # Timestamp ordering is not sufficient
        """All claims that it knows of are stamped earlier than its own."""
        earlier = self.order.queue.values()
        claimed = any(claim.call.args == (name,) for claim in earlier)
        self.ok(not claimed and name not in self.owners)
        self.order.broadcast(name)
