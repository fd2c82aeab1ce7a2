"""Nodes that forget something of FIFO broadcast, each named after it."""

from distlab.clocks.fifo_broadcast import Data, FifoBroadcast
from distlab.node import Call
from distlab.replicated import Command


class NumbersNothing(FifoBroadcast):
    """Algorithm 3.12, broadcast: all that it says has the same number."""

    def broadcast(self, m):
        super().broadcast(m)
        self.lsn = 0


class TellsThePeersAlone(FifoBroadcast):
    """Algorithm 3.12, broadcast: does not send to itself."""

    def broadcast(self, m):
        self.lsn += 1
        command = Command(self.id, self.lsn, Call("broadcast", (m,)))
        self.send(self.peers, Data(command))


class DeliversAtOnce(FifoBroadcast):
    """Algorithm 3.12, deliver: in the order of arrival."""

    def on_data(self, src, msg):
        self.deliver(msg.command)


class DropsWhatIsEarly(FifoBroadcast):
    """Algorithm 3.12, deliver: keeps nothing that is not due."""

    def on_data(self, src, msg):
        if msg.command.number == self.next.get(msg.command.client, 1):
            super().on_data(src, msg)


class DeliversOneAtATime(FifoBroadcast):
    """Algorithm 3.12, while: what was kept has to wait for the next arrival."""

    def deliver_what_is_due(self, sender):
        due = self.next.get(sender, 1)
        if command := self.pending.pop((sender, due), None):
            self.next[sender] = due + 1
            self.deliver(command)


class StaysAtTheNumber(FifoBroadcast):
    """Algorithm 3.12, while: delivers, and takes the same number to be due."""

    def deliver_what_is_due(self, sender):
        due = self.next.get(sender, 1)
        super().deliver_what_is_due(sender)
        self.next[sender] = due
