"""Nodes that forget something of broadcast by a sequencer, each named after it."""

from distlab.clocks.sequencer_broadcast import Sequenced, SequencerBroadcast


class NumbersForItself(SequencerBroadcast):
    """Sender: each node is its own sequencer."""

    @property
    def sequencer(self):
        return self.id


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
    """Destinations: in the order of the numbers, and does not wait for those between."""

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
