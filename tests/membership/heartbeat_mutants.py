"""Failure detectors that forget something, each named after it."""

from distlab.membership.heartbeat import Beat, HeartbeatDetector, IsAlive
from distlab.membership.increasing_timeout import IncreasingTimeout


class SaysItOnce(HeartbeatDetector):
    """Task 1: is alive when it starts, and says no more."""

    def on_beat(self, timer):
        self.send(self.peers, IsAlive())


class TellsOneOther(HeartbeatDetector):
    """Task 1: tells one of the others."""

    def on_beat(self, timer):
        self.send(self.peers[:1], IsAlive())
        self.set_timer(timer, self.period_ms)


class SuspectsNobody(HeartbeatDetector):
    """Task 2: waits on."""

    def on_overdue(self, timer):
        self.wait_for(timer.node)


class ForgetsWhomItSuspects(HeartbeatDetector):
    """Task 2: says it once, and does not keep it."""

    def on_overdue(self, timer):
        super().on_overdue(timer)
        self.suspected = ()


class WatchesNobodyAfterACrash(HeartbeatDetector):
    """Task 2: is back, says so, and misses only those that it has heard of since."""

    def on_recover(self, report):
        self.on_beat(Beat())


class NeverRestores(HeartbeatDetector):
    """Task 3, 1: once suspected, always suspected."""

    def restore(self, node):
        pass


class RestoresAll(HeartbeatDetector):
    """Task 3, 1: when one is heard of, all are well."""

    def restore(self, node):
        super().restore(node)
        self.suspected = ()


class WaitsFromTheBeginning(HeartbeatDetector):
    """Task 3: what is heard of those that are trusted is no reason to wait anew."""

    def on_is_alive(self, src, msg):
        if src in self.suspected:
            self.restore(src)
            self.wait_for(src)


class RestoresAndWaitsNoMore(HeartbeatDetector):
    """Task 3: whoever was suspected once, and lived, is trusted for ever."""

    def on_is_alive(self, src, msg):
        if src in self.suspected:
            return self.restore(src)
        self.wait_for(src)


class NeverLearns(IncreasingTimeout):
    """Task 3, 2: errs again and again."""

    def restore(self, node):
        HeartbeatDetector.restore(self, node)


class LearnsAboutTheOthers(IncreasingTimeout):
    """Increasing: more patience with all but the one that it was wrong about."""

    def patience_ms(self, node):
        others = sum(self.errors.values()) - self.errors.get(node, 0)
        return self.timeout_ms + self.step_ms * others


class LosesPatience(IncreasingTimeout):
    """Increasing: less time with each error."""

    def patience_ms(self, node):
        return self.timeout_ms / (1 + self.errors.get(node, 0))
