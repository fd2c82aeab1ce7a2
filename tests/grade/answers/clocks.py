"""What people answer to the sheet of lesson 7: each is named after what it forgets."""

from distlab.clocks.mutex import LamportMutex
from distlab.clocks.snapshot import ChandyLamport
from distlab.clocks.vector import Happened, Vector, VectorClock


# --------------------------------------------------------------------------------- 7.1
class Clock(VectorClock):
    """The right one."""

    def happen(self, what):
        place = self.nodes.index(self.id)
        counts = list(self.known.counts)
        counts[place] += 1
        self.clock = Vector(tuple(counts))
        self.output(Happened(what, self.clock))
        return self.clock

    def before_stamped(self, src, msg):
        pairs = zip(self.known.counts, msg.ts.counts, strict=True)
        self.clock = Vector(tuple(map(max, pairs)))


class NeverTicks(Clock):
    def happen(self, what):
        self.output(Happened(what, self.known))
        return self.known


class CountsAsLamportDid(Clock):
    """All entries are one number."""

    def happen(self, what):
        time = max(self.known.counts) + 1
        self.clock = Vector((time,) * len(self.nodes))
        self.output(Happened(what, self.clock))
        return self.clock


class TicksTheFirstEntry(Clock):
    def happen(self, what):
        self.clock = self.known.tick(0)
        self.output(Happened(what, self.clock))
        return self.clock


class SendsTheVectorBefore(Clock):
    def happen(self, what):
        before = self.known
        super().happen(what)
        return before


class TellsTheVectorBefore(Clock):
    def happen(self, what):
        before = self.known
        self.output(Happened(what, before))
        self.clock = before.tick(self.nodes.index(self.id))
        return self.clock


class TellsNothing(Clock):
    def happen(self, what):
        self.clock = self.known.tick(self.nodes.index(self.id))
        return self.clock


class TellsNumbers(Clock):
    def happen(self, what):
        self.clock = self.known.tick(self.nodes.index(self.id))
        self.output(Happened(what, self.clock.counts))
        return self.clock


class CountsItself(Clock):
    """A vector with one entry, its own."""

    def happen(self, what):
        self.clock = Vector((self.known.counts[0] + 1,))
        self.output(Happened(what, self.clock))
        return self.clock

    def before_stamped(self, src, msg):
        self.clock = self.known.sup(msg.ts)


class DoesNotLookAtStamps(Clock):
    def before_stamped(self, src, msg):
        pass


class TakesTheStampOver(Clock):
    def before_stamped(self, src, msg):
        self.clock = msg.ts


class HearsOfTheSenderAlone(Clock):
    def before_stamped(self, src, msg):
        counts, theirs = list(self.known.counts), self.nodes.index(src)
        counts[theirs] = max(counts[theirs], msg.ts.counts[theirs])
        self.clock = Vector(tuple(counts))


class AddsUp(Clock):
    def before_stamped(self, src, msg):
        pairs = zip(self.known.counts, msg.ts.counts, strict=True)
        self.clock = Vector(tuple(map(sum, pairs)))


class TakesTheGreaterVector(Clock):
    """By Python's order of tuples: the first entry that differs decides."""

    def before_stamped(self, src, msg):
        self.clock = Vector(max(self.known.counts, msg.ts.counts))


class TicksTwice(Clock):
    """Not wrong: to hear counts twice."""

    def before_stamped(self, src, msg):
        super().before_stamped(src, msg)
        self.clock = self.clock.tick(self.nodes.index(self.id))


# --------------------------------------------------------------------------------- 7.3
class Mutex(LamportMutex):
    """The right one."""

    def may_enter(self):
        mine = self.queue.get(self.id)
        return mine is not None and self.is_first(mine) and self.has_heard(mine)

    def is_first(self, mine):
        return mine == min(self.queue.values())

    def has_heard(self, mine):
        return all(p in self.heard and self.heard[p] > mine for p in self.peers)


class SkipsClauseI(Mutex):
    def is_first(self, mine):
        return True


class SkipsClauseII(Mutex):
    def has_heard(self, mine):
        return True


class ComparesClocksOnly(Mutex):
    def is_first(self, mine):
        return mine.clock == min(ts.clock for ts in self.queue.values())


class ComparesNames(Mutex):
    def is_first(self, mine):
        return mine.node == min(ts.node for ts in self.queue.values())


class HearsOne(Mutex):
    def has_heard(self, mine):
        return any(ts > mine for ts in self.heard.values())


class HearsAnything(Mutex):
    """That they have ever said something is enough."""

    def has_heard(self, mine):
        return all(p in self.heard for p in self.peers)


class WantsThemToBeSilent(Mutex):
    def has_heard(self, mine):
        return super().has_heard(mine) and len(self.queue) == 1


class NeverEnters(Mutex):
    def may_enter(self):
        return False


class LooksAtItsRequest(Mutex):
    """Without asking whether there is one."""

    def may_enter(self):
        mine = self.queue[self.id]
        return self.is_first(mine) and self.has_heard(mine)


# --------------------------------------------------------------------------------- 7.5
class Account(ChandyLamport):
    """The right one."""

    def on_marker(self, src, msg):
        if self.recorded is None:
            self.record_state()
        self.closed = (*self.closed, src)
        self.finish()

    def on_transfer(self, src, msg):
        self.balance += msg.amount
        if self.is_on_its_way(src):
            self.record_on_channel(src, msg.amount)

    def is_on_its_way(self, src):
        return self.recorded is not None and src not in self.closed


class RecordsAtEachMarker(Account):
    def on_marker(self, src, msg):
        self.record_state()
        self.closed = (*self.closed, src)
        self.finish()


class NeverRecords(Account):
    def on_marker(self, src, msg):
        self.closed = (*self.closed, src)
        self.finish()


class NeverCloses(Account):
    def on_marker(self, src, msg):
        if self.recorded is None:
            self.record_state()
        self.finish()


class ClosesFirst(Account):
    def on_marker(self, src, msg):
        self.closed = (*self.closed, src)
        if self.recorded is None:
            self.record_state()
        self.finish()


class DoesNotFinish(Account):
    def on_marker(self, src, msg):
        if self.recorded is None:
            self.record_state()
        self.closed = (*self.closed, src)


class TakesTheFirstMarkerForNothing(Account):
    """It records; and the channel stays open."""

    def on_marker(self, src, msg):
        if self.recorded is None:
            return self.record_state()
        self.closed = (*self.closed, src)
        self.finish()


class RecordsItsStateLate(Account):
    """The state is that at the last marker."""

    def on_marker(self, src, msg):
        if self.recorded is None:
            self.record_state()
        self.recorded = self.balance
        self.closed = (*self.closed, src)
        self.finish()


class ForgetsChannels(Account):
    def is_on_its_way(self, src):
        return False


class RecordsAllChannels(Account):
    def is_on_its_way(self, src):
        return self.recorded is not None


class RecordsFromTheStart(Account):
    """Not wrong: to record its state begins all channels anew."""

    def on_transfer(self, src, msg):
        self.balance += msg.amount
        if src not in self.closed:
            self.channels.setdefault(src, ())
            self.record_on_channel(src, msg.amount)


class ClosesAllAtOnce(Account):
    def is_on_its_way(self, src):
        return self.recorded is not None and not self.closed


class KeepsMoneyOutOfTheAccount(Account):
    """What is on its way is in the channel, and it stays there."""

    def on_transfer(self, src, msg):
        if self.is_on_its_way(src):
            self.record_on_channel(src, msg.amount)
        else:
            self.balance += msg.amount


# ------------------------------------------------- answers that let others answer
ASKS_THE_LIBRARY = """
from distlab.clocks.mutex import LamportMutex
from distlab.clocks.naive_snapshot import NaiveSnapshot
from distlab.clocks.snapshot import ChandyLamport
from distlab.clocks.vector import VectorClock

class MyClock(VectorClock):
    def happen(self, what):
        return super().happen(what)

    def before_stamped(self, src, msg):
        super().before_stamped(src, msg)

class MyMutex(LamportMutex):
    def may_enter(self):
        return super().may_enter()

class MySnapshot(ChandyLamport):
    def on_marker(self, src, msg):
        ChandyLamport.on_marker(self, src, msg)

    def on_transfer(self, src, msg):
        NaiveSnapshot.on_transfer(self, src, msg)
"""


# ----------------------------------------------------------------- what is said to them
# (exercise, answer, the places of the claims that do not hold, words of what is told)
WRONG = [
    ("7.1", NeverTicks, "01", "how many of its own events does each know?"),
    ("7.1", CountsAsLamportDid, "1", "[2 2 2]: the first did not happen before"),
    ("7.1", TicksTheFirstEntry, "1", "“hears s3.1” of s1 has [3 0 0]"),
    ("7.1", SendsTheVectorBefore, "0", "carries the stamp of its own sending"),
    ("7.1", TellsTheVectorBefore, "1", "Tick first, then tell"),
    ("7.1", TellsNothing, "01", "and 0 were told"),
    ("7.1", TellsNumbers, "01", "s2 outputs Happened(what='first', ts=(0, 1, 0))"),
    ("7.1", CountsItself, "01", "an entry for each process"),
    ("7.1", DoesNotLookAtStamps, "0", "knows all that whoever told it did"),
    ("7.1", TakesTheStampOver, "01", "It knew more before"),
    ("7.1", HearsOfTheSenderAlone, "0", "what the sender had heard of is not"),
    ("7.1", AddsUp, "1", "here it counts those of others"),
    ("7.1", TakesTheGreaterVector, "0", "look at them entry by entry"),
    ("7.3", SkipsClauseI, "01", "It asks at 6, both answer, and it enters"),
    ("7.3", SkipsClauseII, "01", "Broken after 2 steps"),
    ("7.3", ComparesClocksOnly, "01", "that of the lower name is earlier"),
    ("7.3", ComparesNames, "01", "Broken after 6 steps"),
    ("7.3", HearsOne, "01", "Broken after 5 steps"),
    ("7.3", HearsAnything, "01", "Broken after 7 steps"),
    ("7.3", WantsThemToBeSilent, "2", "who has asked for nothing stands in no queue"),
    ("7.3", NeverEnters, "012", "Who never enters disturbs nobody"),
    ("7.3", LooksAtItsRequest, "012", "KeyError: 's1'"),
    ("7.5", RecordsAtEachMarker, "012", "How often does a node record its state?"),
    ("7.5", NeverRecords, "012", "whoever has recorded its state sends some"),
    ("7.5", NeverCloses, "012", "`self.closed` says on which"),
    ("7.5", ClosesFirst, "0", "s2 tells its part 2 times"),
    ("7.5", DoesNotFinish, "012", "`self.finish()` tells its part"),
    ("7.5", TakesTheFirstMarkerForNothing, "02", "s2 never tells its part"),
    ("7.5", RecordsItsStateLate, "12", "whichever markers come later"),
    ("7.5", ForgetsChannels, "12", "Broken after 7 steps"),
    ("7.5", RecordsAllChannels, "12", "301 are in the snapshot, of 300"),
    ("7.5", ClosesAllAtOnce, "12", "296 are in the snapshot, of 300"),
    ("7.5", KeepsMoneyOutOfTheAccount, "0", "it cannot pay 107"),
]
TOLD_ALIKE = ()
RIGHT_TOO = [("7.1", TicksTwice), ("7.5", RecordsFromTheStart)]
SHARED = (Clock, Mutex, Account)
