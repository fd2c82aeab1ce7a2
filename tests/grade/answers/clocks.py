"""What people answer to the sheet of lesson 7: each is named after what it forgets."""

from distlab.clocks.mutex import LamportMutex
from distlab.clocks.snapshot import ChandyLamport
from distlab.clocks.vector import Happened, Vector, VectorClock
from distlab.faults import ClockJump, ClockSkew, Crash, Cut, Delay, Pause
from distlab.node import Call


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


class TellsSomethingElse(Clock):
    def happen(self, what):
        return super().happen("an event")


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


# --------------------------------------------------------------------------------- 7.2
def read(**others):
    """The right answers, but for some."""
    return {
        "concurrent with q3": others.get("concurrent", ("r1", "p2", "r2", "r3")),
        "consistent cuts": others.get("cuts", ("A", "D", "E")),
        "smallest cut with p3": others.get("smallest", (3, 3, 1)),
        "stamp of q4": others.get("stamp", (1, 4, 3)),
    }


LOOKS_AT_OTHER_LINES = read(concurrent=("p1", "p2", "p4", "r1", "r2", "r3", "r4"))
LOOKS_AT_ARROWS_ALONE = read(concurrent=("p1", "p2", "r1", "r2", "r3", "r4"))
LOOKS_NEARBY = read(concurrent=("p2", "r2"))
FORBIDS_WHAT_IS_ON_ITS_WAY = read(cuts=("A", "D"))
LETS_ARROWS_COME_BACK = read(cuts=("A", "B", "D", "E"))
TAKES_ALL_CUTS = read(cuts=("A", "B", "C", "D", "E"))
TAKES_THE_EVENT_ALONE = read(smallest=(3, 0, 0))
FOLLOWS_ONE_ARROW = read(smallest=(3, 3, 0))
TAKES_A_STRAIGHT_LINE = read(smallest=(3, 3, 2))
STOPS_BEFORE_IT = read(smallest=(2, 2, 1))
COUNTS_WHAT_IS_LEFT_OF_IT = read(stamp=(3, 4, 3))
FORGETS_ITSELF = read(stamp=(1, 3, 3))
TAKES_THE_MESSAGE_ALONE = read(stamp=(0, 4, 3))
NAMES_Q3 = read(concurrent=("q3", "r1"))
FORGETS_A_COMMA = read(cuts="A")
GIVES_TWO_NUMBERS = read(stamp=(4, 3))
LEAVES_ONE_OPEN = read(stamp=())


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


class AlwaysEnters(Mutex):
    def may_enter(self):
        return True


class ComparesClocksOfThoseHeard(Mutex):
    """Not wrong: who has asked with the same clock stands in the queue."""

    def has_heard(self, mine):
        heard = [self.heard.get(p) for p in self.peers]
        return all(ts is not None and ts.clock >= mine.clock for ts in heard)


class LooksAtItsRequest(Mutex):
    """Without asking whether there is one."""

    def may_enter(self):
        mine = self.queue[self.id]
        return self.is_first(mine) and self.has_heard(mine)


# --------------------------------------------------------------------------------- 7.4
def writes(*several):
    """Such as `(0, "c1", "x")`: each writes its place."""
    return tuple(
        (at_ms, client, Call("write", (key, i)))
        for i, (at_ms, client, key) in enumerate(several)
    )


AHEAD = (ClockSkew("c1", 40),)
FOUR = writes((0, "c1", "x"), (10, "c2", "x"), (20, "c2", "x"), (30, "c2", "x"))
ASKS, PAYS = (0, "s1", Call("snapshot")), (3, "s2", Call("transfer", ("s3", 5)))
SLOW = (Delay(10, src="s1", dst="s3"),)


def plans(writes=FOUR, clocks=AHEAD, payments=(ASKS, PAYS), links=SLOW):
    return {
        "three writes lost": {"calls": writes, "faults": clocks},
        "money from nothing": {"calls": payments, "faults": links},
    }


HAS_EXACT_CLOCKS = plans(clocks=())
WRITES_ONCE = plans(writes((0, "c1", "x")))
WRITES_OTHER_KEYS = plans(writes((0, "c1", "x"), (10, "c2", "y")))
WRITES_AT_ONCE = plans(writes((0, "c1", "x"), (1, "c2", "x")))
SKEWS_A_BYSTANDER = plans(clocks=(ClockSkew("c3", 40),))
COMES_TOO_LATE = plans(writes((0, "c1", "x"), (50, "c2", "x"), (60, "c2", "x")))
LOSES_ONE = plans(writes((0, "c1", "x"), (10, "c2", "x")))
LETS_ONE_OVERLAP = plans(
    writes((0, "c1", "x"), (1, "c2", "x"), (20, "c2", "x"), (30, "c2", "x"))
)
LOSES_PAIRS = plans(
    writes(
        *((0, "c1", "x"), (10, "c2", "x")),
        *((20, "c1", "y"), (30, "c2", "y")),
        *((40, "c1", "z"), (50, "c2", "z")),
    )
)
IS_AN_HOUR_AHEAD = plans(clocks=(ClockSkew("c1", 3_600_000),))
CRASHES_A_REPLICA = plans(clocks=(Crash("s1", at_ms=5),))
READS_TOO = plans((*FOUR, (40, "c3", Call("read", ("x",)))))
SETS_A_CLOCK_BACK = plans(
    writes((0, "c1", "x"), (10, "c1", "x"), (20, "c1", "x"), (30, "c1", "x")),
    (ClockJump("c1", -40, at_ms=5),),
)
ASKS_NOBODY = plans(payments=(PAYS,))
PAYS_NOBODY = plans(payments=(ASKS,))
PAYS_TOO_EARLY = plans(payments=(ASKS, (1, "s2", Call("transfer", ("s3", 5)))))
PAYS_TOO_MUCH = plans(payments=(ASKS, (3, "s2", Call("transfer", ("s3", 500)))))
HAS_PROMPT_LINKS = plans(links=())
LOSES_MONEY = plans(payments=(ASKS, (1, "s3", Call("transfer", ("s1", 5)))), links=())
ARRIVES_TOO_LATE = plans(payments=(ASKS, (12, "s2", Call("transfer", ("s3", 5)))))
CUTS_A_LINK = plans(links=(Cut("s1", "s3"),))
DELAYS_TWO_LINKS = plans(links=(*SLOW, Delay(5, src="s3", dst="s1")))
PAYS_BY_A_CLIENT = plans(payments=((3, "c1", Call("transfer", ("s3", 5))),))
PAUSES_A_NODE = plans(links=(Pause("s3", at_ms=1, until_ms=9),))
WRITES_TO_AN_ACCOUNT = plans(payments=writes((0, "c1", "x")))


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


class TakesZeroForNothing(Account):
    """Who has recorded 0 records again."""

    def on_marker(self, src, msg):
        if not self.recorded:
            self.record_state()
        self.closed = (*self.closed, src)
        self.finish()


class SkipsChannelsOfThePoor(Account):
    def is_on_its_way(self, src):
        return self.recorded and src not in self.closed


class KeepsMoneyOutOfTheAccount(Account):
    """What is on its way is in the channel, and it stays there."""

    def on_transfer(self, src, msg):
        if self.is_on_its_way(src):
            self.record_on_channel(src, msg.amount)
        else:
            self.balance += msg.amount


# --------------------------------------------------------------------------------- 7.6
def waits(epsilon_ms=7, term_ms=325, drift=0.04, act_ms=80):
    return {
        "epsilon_ms": epsilon_ms,
        "term_ms": term_ms,
        "drift": drift,
        "act_ms": act_ms,
    }


BELIEVES_ITS_CLOCK = waits(epsilon_ms=0)
FORGETS_THE_DRIFT = waits(epsilon_ms=1)
FORGETS_THE_POLL = waits(epsilon_ms=6)
ADDS_BOTH_CLOCKS = waits(epsilon_ms=14)
FORGETS_TO_ACT = waits(act_ms=0)
FORGETS_THAT_CLOCKS_DRIFT = waits(drift=0)
THINKS_OF_ONE_CLOCK = waits(drift=0.02)
IS_OVERCAREFUL = waits(drift=0.1)
TAKES_A_SHORT_TERM = waits(term_ms=200)
TAKES_A_LONG_TERM = waits(term_ms=2000)
HAS_NO_TIME = waits(term_ms=50)
GIVES_WORDS = waits(drift="4 %")
FORGETS_A_SETTING = {"epsilon_ms": 7}
IS_IN_A_HURRY = waits(0, 325, 0, 0)
MISSES_BY_LITTLE = waits(term_ms=307)
IS_AS_SLOW_AS_ALLOWED = waits(epsilon_ms=7.25)
TAKES_ANOTHER_TERM = waits(term_ms=312, drift=0.04)


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
    ("7.1", TellsSomethingElse, "01", "s2 tells “an event” of what is “first”"),
    ("7.1", CountsItself, "01", "an entry for each process"),
    ("7.1", DoesNotLookAtStamps, "0", "knows all that whoever told it did"),
    ("7.1", TakesTheStampOver, "01", "It knew more before"),
    ("7.1", HearsOfTheSenderAlone, "0", "what the sender had heard of is not"),
    ("7.1", AddsUp, "1", "here it counts those of others"),
    ("7.1", TakesTheGreaterVector, "0", "look at them entry by entry"),
    ("7.2", LOOKS_AT_OTHER_LINES, "0", "there is a way: p1 → q2 → q3"),
    ("7.2", LOOKS_AT_ARROWS_ALONE, "0", "of 11 events 2 are wrong"),
    ("7.2", LOOKS_NEARBY, "0", "wherever it is drawn"),
    ("7.2", FORBIDS_WHAT_IS_ON_ITS_WAY, "1", "is on its way: no harm in that"),
    ("7.2", LETS_ARROWS_COME_BACK, "1", "1 of 5 cuts are wrong; in B"),
    ("7.2", TAKES_ALL_CUTS, "1", "2 of 5 cuts are wrong; in B"),
    ("7.2", TAKES_THE_EVENT_ALONE, "2", "a message arrives that is not sent: r1 → p2"),
    ("7.2", FOLLOWS_ONE_ARROW, "2", "in (3, 3, 0)"),
    ("7.2", TAKES_A_STRAIGHT_LINE, "2", "that did not happen before p3"),
    ("7.2", STOPS_BEFORE_IT, "2", "three events of P are in it"),
    ("7.2", COUNTS_WHAT_IS_LEFT_OF_IT, "3", "no way leads from p3 to q4"),
    ("7.2", FORGETS_ITSELF, "3", "3 of the events of Q"),
    ("7.2", TAKES_THE_MESSAGE_ALONE, "3", "p1 → q2 → q3 → q4"),
    ("7.2", NAMES_Q3, "0", "there is no 'q3'"),
    ("7.2", FORGETS_A_COMMA, "1", "one alone is written"),
    ("7.2", GIVES_TWO_NUMBERS, "3", "give three numbers"),
    ("7.2", LEAVES_ONE_OPEN, "3", "no answer to 'stamp of q4' yet"),
    ("7.3", SkipsClauseI, "01", "It asks at 6, both answer, and it enters"),
    ("7.3", SkipsClauseII, "01", "Broken after 2 steps"),
    ("7.3", ComparesClocksOnly, "01", "that of the lower name is earlier"),
    ("7.3", ComparesNames, "01", "Broken after 6 steps"),
    ("7.3", HearsOne, "01", "Broken after 5 steps"),
    ("7.3", HearsAnything, "01", "Broken after 7 steps"),
    ("7.3", WantsThemToBeSilent, "2", "who has asked for nothing stands in no queue"),
    ("7.3", NeverEnters, "012", "Who never enters disturbs nobody"),
    ("7.3", AlwaysEnters, "012", "has this node a request at all?"),
    ("7.3", LooksAtItsRequest, "012", "KeyError: 's1'"),
    ("7.4", HAS_EXACT_CLOCKS, "0", "Whose clock is wrong?"),
    ("7.4", WRITES_ONCE, "0", "there must be two at least"),
    ("7.4", WRITES_OTHER_KEYS, "0", "Each key is written once"),
    ("7.4", WRITES_AT_ONCE, "0", "These writes overlap"),
    ("7.4", SKEWS_A_BYSTANDER, "0", "is that of none of them"),
    ("7.4", COMES_TOO_LATE, "0", "the later stamp and the earlier end"),
    ("7.4", LOSES_ONE, "0", "How many can lose to one and the same write?"),
    ("7.4", LETS_ONE_OVERLAP, "0", "1 by c2 began before 0 by c1 was acknowledged"),
    ("7.4", LOSES_PAIRS, "0", "by 6 calls and 1 fault"),
    ("7.4", IS_AN_HOUR_AHEAD, "0", "by 40 ms at most"),
    ("7.4", CRASHES_A_REPLICA, "0", "here only clocks may be wrong"),
    ("7.4", READS_TOO, "0", "by 5 calls and 1 fault"),
    ("7.4", ASKS_NOBODY, "1", "s1, s2, s3 never recorded anything"),
    ("7.4", PAYS_NOBODY, "1", "As long as nobody pays"),
    ("7.4", PAYS_TOO_MUCH, "1", "This payment is refused"),
    ("7.4", PAYS_TOO_EARLY, "1", "it is counted once, where it arrives"),
    ("7.4", HAS_PROMPT_LINKS, "1", "Which of the questions should be late?"),
    ("7.4", LOSES_MONEY, "1", "The other way round?"),
    ("7.4", ARRIVES_TOO_LATE, "1", "And the receiver must not have"),
    ("7.4", CUTS_A_LINK, "1", "s3 never recorded anything"),
    ("7.4", DELAYS_TWO_LINKS, "1", "by 2 calls and 2 faults"),
    ("7.4", PAYS_BY_A_CLIENT, "1", "s1, s2 or s3 may call"),
    ("7.4", PAUSES_A_NODE, "1", "here only links may be slow, or cut"),
    ("7.4", WRITES_TO_AN_ACCOUNT, "1", "is no call: write when, who and what"),
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
    ("7.5", TakesZeroForNothing, "1", "To have recorded 0 is to have recorded"),
    ("7.5", SkipsChannelsOfThePoor, "1", "s2 has nothing left"),
    ("7.5", KeepsMoneyOutOfTheAccount, "0", "it cannot pay 107"),
    ("7.6", BELIEVES_ITS_CLOCK, "01", "at 999 ms s1 says it is 1000.2 to 1000.2"),
    ("7.6", FORGETS_THE_DRIFT, "01", "at 999 ms s1 says it is 999.2 to 1001.2"),
    ("7.6", FORGETS_THE_POLL, "01", "and by what it drifts until the next one"),
    ("7.6", ADDS_BOTH_CLOCKS, "1", "a commit takes 30 ms"),
    ("7.6", FORGETS_TO_ACT, "23", "how late can that be?"),
    ("7.6", FORGETS_THAT_CLOCKS_DRIFT, "23", "takes a term for longer than it is"),
    ("7.6", THINKS_OF_ONE_CLOCK, "23", "how far they are apart"),
    ("7.6", IS_OVERCAREFUL, "3", "65.38% of a term"),
    ("7.6", TAKES_A_SHORT_TERM, "3", "is the same, however long the term is"),
    ("7.6", MISSES_BY_LITTLE, "3", "69.94% of a term"),
    ("7.6", TAKES_A_LONG_TERM, "3", "nobody gets in before the term is over"),
    ("7.6", HAS_NO_TIME, "23", "a lease is over when it begins"),
    ("7.6", GIVES_WORDS, "23", "drift is a number"),
    ("7.6", FORGETS_A_SETTING, "0123", "has exactly these settings"),
    ("7.6", IS_IN_A_HURRY, "0123", "Who does not wait long enough is fast"),
]
TOLD_ALIKE = ()
RIGHT_TOO = [
    ("7.1", TicksTwice),
    ("7.3", ComparesClocksOfThoseHeard),
    ("7.4", SETS_A_CLOCK_BACK),
    ("7.5", RecordsFromTheStart),
    ("7.6", IS_AS_SLOW_AS_ALLOWED),
    ("7.6", TAKES_ANOTHER_TERM),
]
SHARED = (Clock, Mutex, Account)
