"""Accounts of heartbeats that forget something, each named after it."""

import numpy

from distlab.membership.detection import Heard


class ForgetsWhatIsOnItsWay(Heard):
    """T_D: no heartbeat of before the crash arrives after it."""

    def noticed_ms(self, patience_ms):
        arrived = numpy.minimum(self.begins[self.last[:-1]], self.sent[1:])
        left = arrived + patience_ms[self.last[:-1]] - self.sent[1:]
        return float(numpy.maximum(0, left).mean())


class CountsFromTheLastHeartbeat(Heard):
    """T_D: as if the crash came with the last heartbeat."""

    def noticed_ms(self, patience_ms):
        over = (self.begins + patience_ms)[self.last[:-1]]
        return float(numpy.maximum(0, over - self.sent[:-1]).mean())


class NoticesBeforeTheCrash(Heard):
    """T_D: who is suspected already was noticed in negative time."""

    def noticed_ms(self, patience_ms):
        over = (self.begins + patience_ms)[self.last[:-1]]
        return float((over - (self.sent[:-1] + self.sent[1:]) / 2).mean())


class TakesTheLatestSent(Heard):
    """T_D: waits from the last one sent, though an earlier one came later."""

    @property
    def last(self):
        arrived = numpy.where(numpy.isfinite(self.arrived), self.arrived, 0)
        return self.begins.searchsorted(arrived, "right") - 1


class CountsEveryWait(Heard):
    """λ_M; P_A: each wait is an error, however short."""

    def accuracy(self, patience_ms):
        found = super().accuracy(patience_ms)
        return found._replace(errors_per_hour=len(self.gaps) / found.hours)


class IsWrongForAllOfTheGap(Heard):
    """P_A: was wrong from the last arrival on, not from the suspicion."""

    def accuracy(self, patience_ms):
        found = super().accuracy(patience_ms)
        wrong_ms = self.gaps[self.gaps > patience_ms[:-1]].sum()
        return found._replace(wrong=float(wrong_ms / self.sent[-1]))


class WaitsInTheOrderSent(Heard):
    """λ_M: what is overtaken arrives in its turn."""

    @property
    def begins(self):
        arrived = self.arrived[numpy.isfinite(self.arrived)]
        return numpy.concatenate(([0.0], numpy.maximum.accumulate(arrived)))
