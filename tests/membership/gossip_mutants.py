"""Anti-entropy and gossip, each time with one thing forgotten."""

from distlab.membership import rumours
from distlab.membership.anti_entropy import AntiEntropy, Compare, Cycle, Entry, Stamp
from distlab.membership.gossip import Gossip
from distlab.node import NodeId


class CountsItsOwnUpdates(AntiEntropy):
    """§1, Now: a timestamp says nothing of the updates that it has seen."""

    def update(self, key, value):
        own = [e.stamp for e in self.database.values() if e.stamp.site == self.id]
        number = max((stamp.number for stamp in own), default=0) + 1
        self.accept(Entry(key, Stamp(number, self.id), value))
        self.ok(Stamp(number, self.id))


class NamesNoSite(AntiEntropy):
    """§1, Now: two sites may give out the same timestamp."""

    def update(self, key, value):
        self.accept(Entry(key, Stamp(1, "some site"), value))
        self.ok(Stamp(1, self.id))


class TakesWhateverComes(AntiEntropy):
    """§1, supersede: the last one to come stays."""

    def accept(self, entry: Entry) -> bool:
        self.database[entry.key] = entry
        self.log = self.log.append(entry)
        return True


class ComesBackEmpty(AntiEntropy):
    """Does not look at its disk after a crash."""

    def on_recover(self, report):
        self.on_start()


class KeepsTheWholeLog(AntiEntropy):
    """Remembers all that it ever had."""

    def accept(self, entry: Entry) -> bool:
        if not self.supersedes(entry.stamp, entry.key):
            return False
        self.database[entry.key] = entry
        self.log = self.log.append(entry)
        return True


class ComparesOnce(AntiEntropy):
    """§1.3, cycle: after the first comparison there is none."""

    def on_cycle(self, timer: Cycle):
        self.contact(*self.choose(1, self.peers))


class ForgetsWhatItWants(AntiEntropy):
    """§1.3, push-pull: nothing is pushed."""

    def resolve_difference(self, src: NodeId, entries, wanted):
        super().resolve_difference(src, entries, ())


class KeepsWhatItHas(AntiEntropy):
    """§1.3, push-pull: nothing is pulled."""

    def resolve_difference(self, src: NodeId, entries, wanted):
        super().resolve_difference(src, (), wanted)


class SendsWhatIsEqual(AntiEntropy):
    """Sends all that it has, whatever the other has."""

    def on_compare(self, src: NodeId, msg: Compare):
        wanted = tuple(k for k, stamp in msg.stamps if self.supersedes(stamp, k))
        self.resolve_difference(src, tuple(self.database.values()), wanted)


class NeverLooksAgain(Gossip):
    """§1.5, backup: rumours alone."""

    def contact(self, peer: NodeId):
        rumours.Push.contact(self, peer)


class TellsNobodyWhatItFound(Gossip):
    """§1.5, redistribution: what anti-entropy brings is kept, and is no rumour."""

    def on_entries(self, src: NodeId, msg):
        before = dict(self.heard)
        super().on_entries(src, msg)
        self.heard = before
