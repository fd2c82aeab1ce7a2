"""Nodes that forget something of broadcast by Lamport's stamps, each named after it."""

from distlab.clocks.lamport_broadcast import Ack, LamportBroadcast, Stamp


class DoesNotQueueItsOwn(LamportBroadcast):
    """Rule 1: sends, and forgets what it has sent."""

    def broadcast(self, m):
        queue = dict(self.queue)
        super().broadcast(m)
        self.queue = queue


class DeliversItsOwnAtOnce(LamportBroadcast):
    """Rule 1: does not wait for its own turn."""

    def broadcast(self, m):
        super().broadcast(m)
        if (mine := Stamp(self.clock, self.id)) in self.queue:
            self.deliver(self.queue.pop(mine))


class DoesNotAcknowledge(LamportBroadcast):
    """Rule 2: queues what it receives, and says nothing."""

    def on_data(self, src, msg):
        self.queue[msg.ts] = msg.command
        self.deliver_what_is_certain()


class TellsTheSenderAlone(LamportBroadcast):
    """Rule 2: the others do not hear that it has passed this time."""

    def on_data(self, src, msg):
        self.queue[msg.ts] = msg.command
        self.send(src, Ack(self.stamp()))
        self.deliver_what_is_certain()


class WaitsForNobody(LamportBroadcast):
    """Rule 5: takes the first that it knows of for the first."""

    def is_certain(self, first):
        return True


class WaitsForWhoIsHeardOf(LamportBroadcast):
    """Rule 5: who has not been heard of yet is not waited for."""

    def is_certain(self, first):
        return all(self.heard.get(p, first) >= first for p in self.peers)


class WaitsForAMajority(LamportBroadcast):
    """Rule 5: as if it were enough to have heard from most."""

    def is_certain(self, first):
        passed = sum(p in self.heard and self.heard[p] >= first for p in self.peers)
        return 2 * (passed + 1) > len(self.nodes)


class DoesNotTick(LamportBroadcast):
    """IR1: what it does next has the same time."""

    def stamp(self):
        return Stamp(self.clock, self.id)


class KeepsItsOwnTime(LamportBroadcast):
    """IR2: a message from the future does not move its clock."""

    def before_stamped(self, src, msg):
        self.heard[src] = msg.ts
