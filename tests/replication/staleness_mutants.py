"""The WARS model, each time with one thing forgotten."""

from functools import cached_property

import numpy

from distlab.replication.staleness import Trials, Wars, drawn, in_order


class ForgetsTheWayBack(Trials):
    """Takes a write for done when it has reached w replicas."""

    @cached_property
    def write_ms(self):
        return in_order(self.w)[0]


class WaitsForOneReplica(Trials):
    """Its first acknowledgement ends a write."""

    @cached_property
    def write_ms(self):
        return [min_of(self.w + self.a)] * len(self.w)


class AnswersAsItArrives(Trials):
    """The replicas that a read reaches first are those it hears."""

    @cached_property
    def answers(self):
        return in_order(self.r, self.w - self.r)


class ForgetsTheReadsWay(Trials):
    """Compares with when the read begins, not with when it arrives."""

    @cached_property
    def answers(self):
        return in_order(self.r + self.s, self.w)


class TakesTheLastAnswer(Trials):
    """Believes the r-th replica in place of the newest of the first r."""

    def fresh_after_ms(self, r, w):
        gap = self.answers[1][r - 1] - self.write_ms[w - 1]
        return numpy.where(numpy.isfinite(self.read_ms[r - 1]), gap, numpy.nan)


class AsksEverybody(Trials):
    """Takes the newest of all answers, also of those that come too late."""

    def fresh_after_ms(self, r, w):
        return super().fresh_after_ms(len(self.w), w)


class CountsFromTheBeginning(Trials):
    """Lets t begin when the write does."""

    def fresh_after_ms(self, r, w):
        return super().fresh_after_ms(r, w) + self.write_ms[w - 1]


class CountsWhatNeverEnds(Trials):
    """Calls a read stale that nobody answers."""

    def fresh_after_ms(self, r, w):
        fresh = super().fresh_after_ms(r, w)
        return numpy.where(numpy.isnan(fresh), numpy.inf, fresh)


class OneLocalReplica(Wars):
    """Reads and writes have the same one nearby."""

    def trials(self, generator, n, count, loss=0, failed=0):
        near = Wars(self.w, self.a, self.r, self.s)
        found = near.trials(generator, n, count, loss, failed)
        local = generator.integers(n, size=count)
        further = self.remote_ms * (numpy.arange(n)[:, None] != local)
        return Trials(*(t + further for t in (found.w, found.a, found.r, found.s)))


class FarOneWayOnly(Wars):
    """Answers come from afar in no time."""

    def trials(self, generator, n, count, loss=0, failed=0):
        found = super().trials(generator, n, count, loss, failed)
        back = [drawn(delay, generator, (n, count)) for delay in (self.a, self.s)]
        return Trials(found.w, back[0], found.r, back[1])


class LosesNoAnswers(Wars):
    """Only what is sent to a replica may be lost, not what it sends."""

    def trials(self, generator, n, count, loss=0, failed=0):
        lossy = super().trials(generator, n, count, loss, failed)
        safe = super().trials(generator, n, count, 0, failed)
        return Trials(lossy.w, safe.a, lossy.r, safe.s)


class FailedOnesStillAnswer(Wars):
    """Forgets who has failed."""

    def trials(self, generator, n, count, loss=0, failed=0):
        return super().trials(generator, n, count, loss)


def min_of(times):
    return in_order(times)[0][0]
