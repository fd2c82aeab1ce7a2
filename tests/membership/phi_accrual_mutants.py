"""φ detectors that forget something, each named after it."""

from math import erfc, log, sqrt

from distlab.membership.heartbeat import Overdue
from distlab.membership.phi_accrual import Arrivals, Normal, PhiAccrualDetector


class KeepsAllGaps(Arrivals):
    """Sampling: what was long ago counts as what is now."""

    def add(self, gap_us, most):
        super().add(gap_us, len(self.gaps_us) + 1)


class NeverTakesOut(Arrivals):
    """Sampling: a gap that is forgotten stays part of the sums."""

    def count(self, gap_us, times):
        super().count(gap_us, max(times, 0))


class CountsFromTheFirst(PhiAccrualDetector):
    """Sampling: gaps all begin when it started."""

    def on_is_alive(self, src, msg):
        begun_us = self.arrivals[src].last_us
        super().on_is_alive(src, msg)
        self.arrivals[src].last_us = begun_us


class MeanOfTwo(Arrivals):
    """Estimation: the middle of the range for the mean."""

    @property
    def mean_ms(self):
        return (min(self.gaps_us) + max(self.gaps_us)) / 2000


class ForgetsTheRoot(Arrivals):
    """Estimation: the variance for the deviation."""

    @property
    def std_ms(self):
        return super().std_ms ** 2


class KnowsNoDeviation(PhiAccrualDetector):
    """Estimation: all gaps are as the mean one."""

    def estimate(self, node):
        return Normal(self.arrivals[node].mean_ms, self.least_std_ms)


class HasNoLeastDeviation(PhiAccrualDetector):
    """Estimation: gaps that were all the same will be so for ever."""

    def estimate(self, node):
        return Normal(self.arrivals[node].mean_ms, self.arrivals[node].std_ms + 1e-9)


class LooksAtBothTails(Normal):
    """P_later: a gap that is much shorter is as strange as one that is longer."""

    def phi(self, silent_ms):
        z = abs(silent_ms - self.mean_ms) / self.std_ms
        return -log(erfc(z / sqrt(2))) / log(10)


class TakesTheNaturalLogarithm(Normal):
    """φ: to base e."""

    def phi(self, silent_ms):
        return super().phi(silent_ms) * log(10)


class ForgetsTheSilence(PhiAccrualDetector):
    """φ: how long ago the last heartbeat was does not matter."""

    def phi(self, node):
        return self.estimate(node).phi(0)


class SuspectsWhoIsLate(PhiAccrualDetector):
    """Threshold: later than on average is too late."""

    def wait_for(self, node):
        self.set_timer(Overdue(node), self.estimate(node).mean_ms)


class SuspectsNobody(PhiAccrualDetector):
    """Threshold: knows, and does not say."""

    def on_overdue(self, timer):
        pass


class NeverRestores(PhiAccrualDetector):
    """Threshold: once suspected, always suspected."""

    def restore(self, node):
        pass
