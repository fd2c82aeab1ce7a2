"""Election on a ring: numbers go round, and the greatest is the only one to come back.

Source
    Chang and Roberts, "An Improved Algorithm for Decentralized Extrema-Finding in
    Circular Configurations of Processes", Communications of the ACM 22(5), 1979.
Guarantees
    One node is elected, that with the greatest number of all, whoever begins and how
    many do; and every node is told.
Assumes
    Each node knows the next one on the ring, and no two have the same number. No
    message is lost and no node stops. Nothing is known of delays.
Costs
    If all begin: 2n - 1 messages where numbers grow along the ring, n(n + 1)/2 where
    they fall, n(1 + 1/2 + … + 1/n) on average over all rings. To tell all: n more.
Departs
    Nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from distlab.node import Assumes, Call, Message, Node, NodeId, Value, setting, volatile


class Election(Message):
    """Somebody has this number."""

    number: int


class Elected(Message):
    """The greatest number is this node's."""

    leader: NodeId


class Leader(Value):
    """This node has been elected."""

    leader: NodeId


class RingElection(Node):
    """`elect()` ends with the node that was elected. The ring is the order of nodes."""

    assumes = Assumes(links="at least once", failures="pause", disk="loses writes")

    number: int | None = setting(None)  # None: its place among the nodes

    marked: bool = volatile(False)  # its number, or a greater one, is on its way
    leader: NodeId | None = volatile(None)

    @property
    def own(self) -> int:
        return self.place if self.number is None else self.number

    @property
    def place(self) -> int:
        return self.nodes.index(self.id)

    def pass_on(self, msg: Election | Elected):
        self.send(self.nodes[(self.place + 1) % len(self.nodes)], msg)

    # ------------------------------------------------------------------ the first round
    def elect(self):
        if self.leader:
            return self.ok(self.leader)
        if not self.marked:
            self.take_part(self.own)

    def take_part(self, number: int):  # Beginning
        self.marked = True
        self.pass_on(Election(number))

    def on_election(self, src: NodeId, msg: Election):
        if self.leader:
            return self.ignore("it is over")
        if msg.number > self.own:  # Greater number
            return self.take_part(msg.number)
        if msg.number == self.own:  # Own number
            return self.win()
        if self.marked:  # Smaller number
            return self.ignore("a greater number is on its way")
        self.take_part(self.own)

    # ----------------------------------------------------------------- the second round
    def win(self):
        self.note(f"the number of {self.id} has come round")
        self.follow(self.id)

    def follow(self, leader: NodeId):  # Second round
        self.leader = leader
        self.output(Leader(leader))
        self.pass_on(Elected(leader))
        if self.operation:
            self.ok(leader)

    def on_elected(self, src: NodeId, msg: Elected):  # Second round
        if self.leader:
            return self.ignore("knows it")
        self.follow(msg.leader)

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node does when a run says nothing else: all begin."""
        yield Call("elect")
