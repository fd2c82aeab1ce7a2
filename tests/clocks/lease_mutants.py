"""Leases that forget something, each named after it."""

from distlab.clocks.lease import (
    Acts,
    Expires,
    Holder,
    LeaseServer,
    Refused,
    Storage,
    Store,
    Stored,
)


# --------------------------------------------------------------------------- the server
class GrantsToAll(LeaseServer):
    """§2, grant: does not look whether it is taken."""

    def on_ask(self, src, msg):
        self.holder = src
        super().on_ask(src, msg)


class GrantsOneTokenForAll(LeaseServer):
    """§2, grant: a token that does not grow."""

    def on_ask(self, src, msg):
        if not self.taken:
            super().on_ask(src, msg)
            self.token = 1


class NeverLetsGo(LeaseServer):
    """§2, expiry: a holder that has crashed holds it for ever."""

    def on_ends(self, timer):
        pass


class ForgetsWhatItHasGranted(LeaseServer):
    """§2, recovery."""

    def on_recover(self, report):
        pass


# -------------------------------------------------------------------------- the holders
class CountsFromTheGrant(Holder):
    """§2, effective term: forgets how long the answer was on its way."""

    def on_granted(self, src, msg):
        super().on_granted(src, msg)
        self.set_timer(Expires(), self.lasts_ms)


class TakesClocksForEqual(Holder):
    """§2, effective term: forgets that its own may be slow."""

    @property
    def lasts_ms(self):
        return self.term_ms - self.act_ms


class NeverExpires(Holder):
    """§2, expiry: does not look at the clock."""

    def on_expires(self, timer):
        pass


class StillWaitsForIt(Holder):
    """§2, expiry: takes a grant whose term is over, and holds it for ever."""

    def on_expires(self, timer):
        self.token = None


class TakesAnyGrant(Holder):
    """§2, effective term: does not look which attempt was granted."""

    def on_granted(self, src, msg):
        super().on_granted(src, type(msg)(self.number, msg.token))


class ShowsNoToken(Holder):
    """Fencing tokens, shown."""

    def on_acts(self, timer: Acts):
        self.effect = Store(0, self.effect.number, self.effect.value)
        super().on_acts(timer)


# -------------------------------------------------------------------------- the storage
class RemembersInMemory(Storage):
    """Fencing tokens, checked: but not after a crash."""

    def on_recover(self, report):
        self.latest = (0, 0)


class TakesACopyForAnOlderOne(Storage):
    """Fencing tokens, checked: says of what has happened that it has not."""

    def on_store(self, src, msg):
        if (msg.token, msg.number) < self.latest:
            return self.send(src, Refused(msg.number))
        super().on_store(src, msg)


class DoesItAgain(Storage):
    """Fencing tokens, checked: a second copy is not an older one."""

    def on_store(self, src, msg):
        if msg.token >= self.latest[0]:
            self.accept(msg)
            self.send(src, Stored(msg.number))
