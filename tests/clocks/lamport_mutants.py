"""Processes that forget something about logical clocks, each named after it."""

from distlab.clocks.lamport import Happened, LamportClock, Stamp, Stamped, Told
from distlab.node import NodeId


class NeverTicks(LamportClock):
    """IR1: the clock moves only when messages push it."""

    def happen(self, what: str) -> Stamp:
        ts = Stamp(self.clock, self.id)
        self.output(Happened(what, ts))
        return ts


class TicksForMessagesOnly(LamportClock):
    """IR1: between two events that nobody hears of the clock stands still."""

    def happen(self, what: str) -> Stamp:
        if "tells" not in what and "hears" not in what:
            self.clock -= 1
        return super().happen(what)


class SendsTheTimeBefore(LamportClock):
    """IR2 (a): the message carries the time of the event before it was sent."""

    def tell(self, what: str, to: tuple[NodeId, ...]):
        before = Stamp(self.clock, self.id)
        self.happen(f"tells {what}")
        self.send(to, Told(before, what))
        self.ok(before)


class DoesNotLookAtStamps(LamportClock):
    """IR2 (b): each clock goes by itself."""

    def before_stamped(self, src: NodeId, msg: Stamped):
        pass


class SetsItsClockBack(LamportClock):
    """IR2 (b): takes over the message's time, though its own is later."""

    def before_stamped(self, src: NodeId, msg: Stamped):
        self.clock = msg.ts.clock


class StopsAtTheStamp(LamportClock):
    """IR2 (b): puts its clock to the message's time, not beyond."""

    def before_stamped(self, src: NodeId, msg: Stamped):
        self.clock = max(self.clock, msg.ts.clock - 1)


class LeavesTiesOpen(LamportClock):
    """⇒: orders by times alone."""

    def happen(self, what: str) -> Stamp:
        self.clock += 1
        ts = Stamp(self.clock, "")
        self.output(Happened(what, ts))
        return ts
