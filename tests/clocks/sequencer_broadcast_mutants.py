"""Nodes that forget something of broadcast by a sequencer, each named after it."""

from distlab.clocks.sequencer_broadcast import Sequenced, SequencerBroadcast, Submit
from distlab.node import Call
from distlab.replicated import Command


class NumbersForItself(SequencerBroadcast):
    """Sender: each node is its own sequencer."""

    def broadcast(self, m):
        self.asked += 1
        command = Command(self.id, self.asked, Call("broadcast", (m,)))
        self.on_submit(self.id, Submit(command))


class AsksEverybody(SequencerBroadcast):
    """Sender: sends to all, and each of them gives it a number."""

    def broadcast(self, m):
        self.asked += 1
        command = Command(self.id, self.asked, Call("broadcast", (m,)))
        self.send(self.nodes, Submit(command))


class UsesANumberTwice(SequencerBroadcast):
    """Sequencer: does not go on to the next number."""

    def on_submit(self, src, msg):
        super().on_submit(src, msg)
        self.seqnum = max(1, self.seqnum - (self.seqnum % 3 == 0))


class TellsTheSenderAlone(SequencerBroadcast):
    """Sequencer: answers whoever asked, and nobody else."""

    def on_submit(self, src, msg):
        self.send(src, Sequenced(self.seqnum, msg.command))
        self.seqnum += 1


class DeliversAtOnce(SequencerBroadcast):
    """Destinations: in the order of arrival."""

    def on_sequenced(self, src, msg):
        self.deliver(msg.command)
        self.nextdeliver += 1


class SkipsGaps(SequencerBroadcast):
    """Destinations: in the order of the numbers, and waits for none between."""

    def on_sequenced(self, src, msg):
        if msg.sn >= self.nextdeliver:
            self.nextdeliver = msg.sn
            self.deliver(msg.command)
            self.nextdeliver += 1


class DropsWhatIsEarly(SequencerBroadcast):
    """Destinations: keeps nothing."""

    def on_sequenced(self, src, msg):
        if msg.sn == self.nextdeliver:
            super().on_sequenced(src, msg)
