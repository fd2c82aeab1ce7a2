"""Ricart and Agrawala's mutual exclusion: whoever has a better claim does not answer.

Source
    Ricart and Agrawala, "An Optimal Algorithm for Mutual Exclusion in Computer
    Networks", CACM 24(1), 1981, section 2; its three processes are our three handlers.
Guarantees
    Exclusion: at most one node is inside. Nodes enter in the order of their requests,
    ties by node. If whoever is inside leaves, whoever asks enters.
Assumes
    No message is lost or arrives twice; they may overtake each other. Nothing is known
    of delays. No crashes: one crashed node stops everyone.
Costs
    2(n - 1) messages for each entry; one round trip to enter an idle system, and one
    message delay from one that leaves to the next that enters.
Departs
    Nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from distlab.node import Assumes, Call, Message, Node, NodeId, Value, volatile


class Stamp(NamedTuple):
    """A sequence number and whose it is: the smaller pair has the better claim."""

    sequence_number: int
    node: NodeId


class Request(Message):
    """The sender wants to enter: may it?"""

    ts: Stamp


class Reply(Message):
    """As far as I am concerned, yes."""


class Granted(Value):
    """Everybody has agreed to this request."""

    ts: Stamp


class RicartAgrawala(Node):
    """Mutual exclusion, no coordinator: `acquire()` ends inside, then `release()`."""

    assumes = Assumes(links="reliable", failures="pause", disk="loses writes")

    highest: int = volatile(0)  # paper: Highest_Sequence_Number, of any request seen
    mine: Stamp | None = volatile(None)  # Our_Sequence_Number, while requesting
    outstanding: int = volatile(0)  # Outstanding_Reply_Count
    deferred: tuple[NodeId, ...] = volatile(())  # Reply_Deferred
    inside: bool = volatile(False)

    # ------------------------------------------------- the process that asks and leaves
    def acquire(self):  # Invocation, 1
        if self.inside:
            return self.fail("is inside already")
        self.mine = Stamp(self.highest + 1, self.id)
        self.outstanding = len(self.peers)
        self.send(self.peers, Request(self.mine))

    def after_event(self):  # Invocation, 2
        if self.mine and not self.inside and not self.outstanding:
            self.inside = True
            self.output(Granted(self.mine))
            if self.operation:
                self.ok()

    def release(self):  # Invocation, 3
        if not self.inside:
            return self.fail("is not inside")
        self.inside, self.mine = False, None
        waiting, self.deferred = self.deferred, ()
        self.send(waiting, Reply())
        self.ok()

    # --------------------------------------------------- the one that receives requests
    def on_request(self, src: NodeId, msg: Request):
        self.highest = max(self.highest, msg.ts.sequence_number)  # Request, 1
        if self.mine and self.mine < msg.ts:  # Request, 2
            self.deferred = (*self.deferred, src)
        else:
            self.send(src, Reply())

    # ---------------------------------------------------- the one that receives replies
    def on_reply(self, src: NodeId, msg: Reply):  # Reply
        self.outstanding -= 1

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node does when a run says nothing else: it enters and leaves."""
        for _ in range(3):
            yield Call("acquire")
            yield Call("release")
