"""Total order broadcast by a sequencer: one node numbers what all have to say.

Source
    Défago, Schiper and Urbán, "Total Order Broadcast and Multicast Algorithms: Taxonomy
    and Survey", ACM Computing Surveys 36(4), 2004, section 4.1: fixed sequencer, in
    variant UB (unicast to the sequencer, which broadcasts).
Guarantees
    Nothing is delivered that was not broadcast, nor twice. All nodes deliver the same,
    in the same order. That order is that of the sequencer: two broadcasts of one node
    may stand in it the other way round, if they overtook each other on their way.
Assumes
    No message is lost or arrives twice; they may overtake each other, and be late. No
    crashes: without the sequencer, the first of the nodes, nothing is delivered.
Costs
    n messages and two message delays for each broadcast; n - 1 and one for those of the
    sequencer, which sends all and so is busier than the others.
Departs
    Nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from distlab.node import Assumes, Call, Message, Node, NodeId, volatile
from distlab.replicated import Command, Delivered


class Submit(Message):
    """To the sequencer: broadcast this."""

    command: Command


class Sequenced(Message):
    """From the sequencer: at this place of the order stands this."""

    sn: int
    command: Command


class SequencerBroadcast(Node):
    """`broadcast(m)` ends when the node has delivered it itself: see `Delivered`."""

    assumes = Assumes(links="reliable", failures="pause", disk="loses writes")

    asked: int = volatile(0)  # how many it has broadcast
    seqnum: int = volatile(1)  # of the sequencer: the next place of the order
    nextdeliver: int = volatile(1)
    pending: dict[int, Command] = volatile({})  # by place

    @property
    def sequencer(self) -> NodeId:
        return self.nodes[0]

    def broadcast(self, m: Any):  # Sender
        self.asked += 1
        command = Command(self.id, self.asked, Call("broadcast", (m,)))
        self.send(self.sequencer, Submit(command))

    def on_submit(self, src: NodeId, msg: Submit):  # Sequencer
        self.send(self.nodes, Sequenced(self.seqnum, msg.command))
        self.seqnum += 1

    def on_sequenced(self, src: NodeId, msg: Sequenced):  # Destinations
        self.pending[msg.sn] = msg.command
        while command := self.pending.pop(self.nextdeliver, None):
            self.deliver(command)
            self.nextdeliver += 1

    def deliver(self, command: Command):
        self.output(Delivered(self.nextdeliver, command))
        if self.operation and command.client == self.id:
            self.ok()

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node does when a run says nothing else: it broadcasts three times."""
        for i in range(3):
            yield Call("broadcast", (f"{node}, {i + 1}",))
