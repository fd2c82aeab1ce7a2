"""TrueTime and Spanner that forget something, each named after it."""

from distlab.clocks.spanner import Done, Spanner, TransactionClient
from distlab.clocks.true_time import Past, TrueTime


# ---------------------------------------------------------------------------- the clock
class TellsAtOnce(TrueTime):
    """Commit Wait: does not wait."""

    def send_when_past(self, at_us, dst, msg):
        self.send(dst, msg)


class WaitsHalf(TrueTime):
    """Table 1, TT.after: until its own clock is there, ε in place of 2 ε."""

    def tt_after(self, at_us):
        return round(self.now_ms * 1000) > at_us

    def wait(self, at_us):
        self.set_timer(Past(at_us), at_us / 1000 - self.now_ms + 0.001)


class IsSureOfItself(TrueTime):
    """Table 1, TT.now: an interval of a moment."""

    def tt_now(self):
        shown_us = round(self.now_ms * 1000)
        return type(super().tt_now())(shown_us, shown_us)


class TellsWhenTheTimerSaysSo(TrueTime):
    """Commit Wait: does not look again when it was woken."""

    def on_past(self, timer):
        for dst, msg in self.waiting.pop(timer.at_us, ()):
            self.send(dst, msg)


class SpannerTellsAtOnce(TellsAtOnce, Spanner):
    pass


class SpannerWaitsHalf(WaitsHalf, Spanner):
    pass


class SpannerIsSureOfItself(IsSureOfItself, Spanner):
    pass


# -------------------------------------------------------------------------- the servers
class StampsWithTheEarliest(Spanner):
    """§4.1.2, Start: takes the other end of the interval."""

    def timestamp_us(self):
        return max(self.tt_now().earliest_us, self.promised_us + 1)


class ForgetsWhatItPromised(Spanner):
    """§4.1.2, Start: may give a timestamp that a reading has gone by."""

    def timestamp_us(self):
        given = [one.at_us for one in self.latest.values()]
        return max(self.tt_now().latest_us, max(given, default=0) + 1)


class PromisesNothing(Spanner):
    """§4.1.3, t safe: what comes later may be put before it."""

    def on_read_at(self, src, msg):
        promised_us = self.promised_us
        super().on_read_at(src, msg)
        self.promised_us = promised_us


class ShowsWhatIsNotPast(Spanner):
    """§4.1.3, t safe: shows writes that nobody has been told of."""

    def on_read_at(self, src, msg):
        ops = tuple(("r", key, self.seen(key, msg.at_us)) for key in msg.keys)
        self.promised_us = max(self.promised_us, msg.at_us)
        self.send(src, Done(msg.number, ops))


class ReadsWhatIsThere(Spanner):
    """§4.1.3, t safe: whatever the time that is asked for."""

    def on_read_at(self, src, msg):
        there = [us for key in msg.keys for us, _ in self.versions.get(key, ())]
        ops = tuple(("r", key, self.seen(key, 10**12)) for key in msg.keys)
        self.send_when_past(max(there, default=0), src, Done(msg.number, ops))


class DoesItAgain(Spanner):
    """§4.1.2, Commit Wait: does not look whether it has done this transaction."""

    def on_commit(self, src, msg):
        self.latest.pop(src, None)
        super().on_commit(src, msg)


class ForgetsInACrash(Spanner):
    """Does not look at its log."""

    def on_recover(self, report):
        pass


# -------------------------------------------------------------------------- the clients
class ReadsAsOfTheEarliest(TransactionClient):
    """§4.2.2, s read: takes the other end of the interval."""

    def as_of_us(self):
        return self.tt_now().earliest_us
