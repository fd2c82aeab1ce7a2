"""Processes that forget something about hybrid clocks, each named after it."""

from distlab.clocks.hybrid import Happened, HybridClock, Stamp, Stamped
from distlab.node import NodeId


class NeverLooksAtTheClock(HybridClock):
    """Fig. 5, send or local event: l stays where it is; c counts everything."""

    def happen(self, what: str) -> Stamp:
        self.clock = Stamp(self.clock.l_ms, self.clock.c + 1)
        self.output(Happened(what, self.clock, int(self.now_ms)))
        return self.clock


class GoesByTheClockAlone(HybridClock):
    """Fig. 5, send or local event: l is what the clock shows, though more is known."""

    def happen(self, what: str) -> Stamp:
        pt_ms = int(self.now_ms)
        c = self.clock.c + 1 if pt_ms == self.clock.l_ms else 0
        self.clock = Stamp(pt_ms, c)
        self.output(Happened(what, self.clock, pt_ms))
        return self.clock


class CountsInMilliseconds(HybridClock):
    """Fig. 5, send or local event: no c; l moves on by one at least."""

    def happen(self, what: str) -> Stamp:
        pt_ms = int(self.now_ms)
        self.clock = Stamp(max(self.clock.l_ms + 1, pt_ms), 0)
        self.output(Happened(what, self.clock, pt_ms))
        return self.clock


class NeverCounts(HybridClock):
    """Fig. 5, send or local event: c stays 0."""

    def happen(self, what: str) -> Stamp:
        self.clock = Stamp(self.clock.l_ms, -1)
        return super().happen(what)


class CountsOnForEver(HybridClock):
    """Fig. 5, send or local event: c does not begin again when l moves on."""

    def happen(self, what: str) -> Stamp:
        pt_ms = int(self.now_ms)
        self.clock = Stamp(max(self.clock.l_ms, pt_ms), self.clock.c + 1)
        self.output(Happened(what, self.clock, pt_ms))
        return self.clock


class DoesNotLookAtStamps(HybridClock):
    """Fig. 5, receive event: whoever is behind stays behind."""

    def before_stamped(self, src: NodeId, msg: Stamped):
        pass


class TakesTheStampOver(HybridClock):
    """Fig. 5, receive event: forgets its own, though it is greater."""

    def before_stamped(self, src: NodeId, msg: Stamped):
        self.clock = msg.ts


class LooksAtLAlone(HybridClock):
    """Fig. 5, receive event: takes over l, and counts from its own c."""

    def before_stamped(self, src: NodeId, msg: Stamped):
        self.clock = Stamp(max(self.clock.l_ms, msg.ts.l_ms), self.clock.c)
