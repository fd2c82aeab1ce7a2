"""Nodes that forget something of Lamport's mutual exclusion, each named after it."""

from distlab.clocks.mutex import LamportMutex, Release, Request, Stamp
from distlab.node import NodeId


class DoesNotQueueItsOwn(LamportMutex):
    """Rule 1: tells the others alone."""

    def acquire(self):
        super().acquire()
        del self.queue[self.id]


class AsksNobody(LamportMutex):
    """Rule 1: queues its request and waits."""

    def acquire(self):
        self.queue[self.id] = self.stamp()


class DoesNotQueueTheRequest(LamportMutex):
    """Rule 2: acknowledges what it forgets."""

    def on_request(self, src: NodeId, msg: Request):
        super().on_request(src, msg)
        del self.queue[src]


class DoesNotAcknowledge(LamportMutex):
    """Rule 2: queues the request, and says nothing."""

    def on_request(self, src: NodeId, msg: Request):
        self.queue[src] = msg.ts


class LeavesUnseen(LamportMutex):
    """Rule 3: tells nobody."""

    def release(self):
        del self.queue[self.id]
        self.inside = False
        self.ok()


class KeepsItsOwnRequest(LamportMutex):
    """Rule 3: leaves, and still stands in its own queue."""

    def release(self):
        mine = self.queue[self.id]
        super().release()
        self.queue[self.id] = mine


class KeepsTheRequest(LamportMutex):
    """Rule 4: lets those who have left stand in the queue."""

    def on_release(self, src: NodeId, msg: Release):
        pass


class SkipsClauseI(LamportMutex):
    """Rule 5: enters before those whose requests are earlier."""

    def may_enter(self):
        mine = self.queue.get(self.id)
        return mine is not None and all(
            self.heard.get(p, mine) > mine for p in self.peers
        )


class SkipsClauseII(LamportMutex):
    """Rule 5: does not wait for what the others may have asked before it."""

    def may_enter(self):
        mine = self.queue.get(self.id)
        return mine is not None and mine == min(self.queue.values())


class ComparesClocksOnly(LamportMutex):
    """Rule 5: of two requests with one clock, takes both for the first."""

    def may_enter(self):
        mine = self.queue.get(self.id)
        return (
            mine is not None
            and mine.clock <= min(ts.clock for ts in self.queue.values())
            and all(self.heard.get(p, mine) > mine for p in self.peers)
        )


class DoesNotTick(LamportMutex):
    """IR1: what it does next has the same time."""

    def stamp(self):
        return Stamp(self.clock, self.id)


class KeepsItsOwnTime(LamportMutex):
    """IR2: a message from the future does not move its clock."""

    def before_stamped(self, src, msg):
        self.heard[src] = msg.ts
