"""Nodes of a ring that forget something, each named after it."""

from distlab.consensus.ring_election import Elected, Election, RingElection
from distlab.node import NodeId


class PassesEverythingOn(RingElection):
    """Smaller number: lets it go on, and it comes back to its own node too."""

    def on_election(self, src: NodeId, msg: Election):
        if msg.number < self.own:
            return self.take_part(msg.number)
        super().on_election(src, msg)


class PassesNothingOn(RingElection):
    """Greater number: is for itself alone."""

    def on_election(self, src: NodeId, msg: Election):
        if msg.number > self.own and self.marked:
            return self.ignore("not mine")
        super().on_election(src, msg)


class KeepsOut(RingElection):
    """Smaller number: drops it, and does not send its own."""

    def on_election(self, src: NodeId, msg: Election):
        if msg.number < self.own:
            return self.ignore("smaller")
        super().on_election(src, msg)


class SendsItsOwnEachTime(RingElection):
    """Beginning: does not mark itself, and forgets that a number is on its way."""

    def take_part(self, number: int):
        super().take_part(number)
        self.marked = False


class TakesItsOwnForAnothers(RingElection):
    """Own number: it goes round and round."""

    def on_election(self, src: NodeId, msg: Election):
        if msg.number == self.own:
            return self.take_part(msg.number)
        super().on_election(src, msg)


class BeginsAgain(RingElection):
    """Beginning: does not see that it takes part already."""

    def elect(self):
        self.take_part(self.own)


class WinsInSilence(RingElection):
    """Second round: tells nobody."""

    def pass_on(self, msg: Election | Elected):
        if isinstance(msg, Election):
            super().pass_on(msg)


class TellsForEver(RingElection):
    """Second round: passes on what it knows already."""

    def on_elected(self, src: NodeId, msg: Elected):
        if self.leader:
            return self.pass_on(msg)
        super().on_elected(src, msg)


class PutsItselfInstead(RingElection):
    """Second round: passes on that it was elected itself."""

    def on_elected(self, src: NodeId, msg: Elected):
        super().on_elected(src, msg if self.leader else Elected(self.id))


class GoesOnAfterTheEnd(RingElection):
    """Own number: when it comes a second time, it is elected a second time."""

    def on_election(self, src: NodeId, msg: Election):
        self.leader = None
        super().on_election(src, msg)
