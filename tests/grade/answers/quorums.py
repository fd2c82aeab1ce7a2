"""What people answer to the sheet of lesson 2: each is named after what it forgets."""

from distlab.faults import (
    Crash,
    Cut,
    Delay,
    Isolate,
    Loss,
    LostWrites,
    Recover,
    Reordering,
    Split,
)
from distlab.node import Call, volatile
from distlab.replication import abd
from distlab.replication.abd import AbdClient, Row, Stamp
from distlab.replication.quorum import Fetch, QuorumClient, Repair, Store
from distlab.replication.siblings import Tombstone, context


# --------------------------------------------------------------------------------- 2.1
def covers(one, other):
    return all(one.get(writer, 0) >= number for writer, number in other.items())


def last_write_wins(versions):
    newest = sorted(versions, key=lambda v: (sum(v[1].values()), v[0]))
    return newest[-1:]


def keeps_all_that_differ(versions):
    return [v for i, v in enumerate(versions) if v not in versions[:i]]


def drops_equals(versions):
    return [
        (value, clock)
        for i, (value, clock) in enumerate(versions)
        if not any(covers(c, clock) for j, (_, c) in enumerate(versions) if j != i)
    ]


def returns_doubles(versions):
    return [
        (value, clock)
        for value, clock in versions
        if not any(covers(c, clock) and c != clock for _, c in versions)
    ]


def counts_writes(versions):
    most = max((sum(clock.values()) for _, clock in versions), default=0)
    found = []
    for value, clock in versions:
        if sum(clock.values()) == most and (value, clock) not in found:
            found.append((value, clock))
    return found


def looks_at_common_writers(versions):
    def newer(one, other):
        common = one.keys() & other.keys()
        return one != other and common and all(one[w] >= other[w] for w in common)

    return unsuperseded(versions, newer)


def looks_up_every_writer(versions):
    def newer(one, other):
        return one != other and all(one[w] >= n for w, n in other.items())

    return unsuperseded(versions, newer)


def wants_more_of_each(versions):
    def newer(one, other):
        return all(one.get(w, 0) > n for w, n in other.items())

    return unsuperseded(versions, newer)


def looks_at_neighbours(versions):
    found = []
    for value, clock in versions:
        if found and covers(found[-1][1], clock):
            continue
        if found and covers(clock, found[-1][1]):
            found.pop()
        found.append((value, clock))
    return found


def unsuperseded(versions, newer):
    found = []
    for value, clock in versions:
        gone = any(newer(other, clock) for _, other in versions)
        if not gone and (value, clock) not in found:
            found.append((value, clock))
    return found


def returns_values(versions):
    return [value for value, _ in versions]


# --------------------------------------------------------------------------------- 2.2
class Client(QuorumClient):
    """The right one."""

    def enough(self, pending):
        return len(pending.held) >= self.quorum(pending)

    def quorum(self, pending):
        return self.r if isinstance(pending.request, Fetch) else self.w

    def succeed(self, pending, newest):
        pending.answered, request = True, pending.request
        if isinstance(request, Store):
            self.known[request.key] = request.siblings
            return self.ok(context(request.siblings))
        self.remember(request.key, newest)
        self.ok(self.told(newest))

    def remember(self, key, newest):
        self.known[key] = newest

    def told(self, newest):
        return tuple(v for v in newest if v.value != Tombstone())

    def repair(self, pending, newest):
        for replica, siblings in pending.held.items():
            if siblings != newest:
                self.send(replica, Repair(pending.request.key, newest))
                pending.held[replica] = newest


class RepairsTwice(Client):
    """Not wrong: it forgets whom it has repaired; what comes twice changes nothing."""

    def repair(self, pending, newest):
        for replica, siblings in pending.held.items():
            if siblings != newest:
                self.send(replica, Repair(pending.request.key, newest))


class AnswersAtOnce(Client):
    def enough(self, pending):
        return True


class CountsMessages(Client):
    messages: dict = volatile({})

    def enough(self, pending):
        number = pending.request.number
        self.messages[number] = self.messages.get(number, 0) + 1
        return self.messages[number] >= self.quorum(pending)


class WaitsForAll(Client):
    def enough(self, pending):
        return len(pending.held) == len(self.servers)


class WaitsForAMajority(Client):
    def enough(self, pending):
        return 2 * len(pending.held) > len(self.servers)


class BelievesTheLast(Client):
    def succeed(self, pending, newest):
        super().succeed(pending, list(pending.held.values())[-1])


class ReturnsOne(Client):
    def told(self, newest):
        return super().told(newest)[:1]


class ReturnsAValue(Client):
    def told(self, newest):
        return newest[0].value if newest else None


class ShowsTheDeleted(Client):
    def told(self, newest):
        return newest


class ForgetsToMerge(Client):
    def succeed(self, pending, newest):
        super().succeed(pending, tuple(v for h in pending.held.values() for v in h))


class RepairsNobody(Client):
    def repair(self, pending, newest):
        pass


class RepairsEverybody(Client):
    def repair(self, pending, newest):
        for replica in self.servers:
            self.send(replica, Repair(pending.request.key, newest))


class RepairsOnlyThen(Client):
    """Whoever answers after the read is over is left behind."""

    def repair(self, pending, newest):
        if len(pending.held) == self.r:
            super().repair(pending, newest)


class RepairsWhenAllAnswered(Client):
    def repair(self, pending, newest):
        if len(pending.held) == len(self.servers):
            super().repair(pending, newest)


class RepairsWithOneAnswer(Client):
    def repair(self, pending, newest):
        first = next(iter(pending.held.values()))
        for replica, siblings in pending.held.items():
            if siblings != newest:
                self.send(replica, Repair(pending.request.key, first))


class ForgetsWhatItRead(Client):
    def remember(self, key, newest):
        pass


class NeverAnswers(Client):
    def enough(self, pending):
        return False


# --------------------------------------------------------------------------------- 2.3
def below(mine, place):
    """The places right below one."""
    return [p for p in mine if len(p) == len(place) + 1 and p.startswith(place)]


def differing(mine, theirs):
    return [place for place in theirs if theirs[place] != mine[place]]


def unknown(places, theirs):
    return [place for place in places if place not in theirs]


def asks_for_everything(mine, theirs):
    return unknown(mine, theirs)


def asks_for_the_buckets(mine, theirs):
    deepest = max(map(len, mine))
    return unknown([place for place in mine if len(place) == deepest], theirs)


def goes_down_everywhere(mine, theirs):
    if not theirs:
        return [""]
    return unknown([p for place in theirs for p in below(mine, place)], theirs)


def follows_the_first(mine, theirs):
    if not theirs:
        return [""]
    deepest = differing(mine, theirs)[-1:]
    return unknown([p for place in deepest for p in below(mine, place)], theirs)


def looks_at_the_root_only(mine, theirs):
    return unknown([""], theirs)


def asks_one_by_one(mine, theirs):
    places = [p for place in differing(mine, theirs) for p in below(mine, place)]
    return unknown(["", *places], theirs)[:1]


def asks_again(mine, theirs):
    return ["", *(p for place in differing(mine, theirs) for p in below(mine, place))]


def asks_below_the_buckets(mine, theirs):
    if not theirs:
        return [""]
    last = max(map(len, theirs))
    here = [place for place in differing(mine, theirs) if len(place) == last]
    return [place + i for place in here for i in "01"]


def asks_nothing(mine, theirs):
    return []


def tells_whether_they_differ(mine, theirs):
    return mine != theirs


# --------------------------------------------------------------------------------- 2.4
WRITE, READ = Call("write", ("x", "new")), Call("read", ("x",))
SIDES = (("c1", "s1"), ("s2", "s3", "c3"))
LATE_REPAIRS = Loss(1, messages=("Repair",))
FORGETS = (LostWrites("s1", 20, 9), Crash("s1", 20), Recover("s1", 30))


def story(*faults, calls=((10, "c1", WRITE), (20, "c2", READ), (30, "c3", READ))):
    return {"calls": calls, "faults": faults}


RIGHT_OLD = story(Split(SIDES), LATE_REPAIRS)
RIGHT_MISSED = story(
    Cut("c1", "s2"), *FORGETS, calls=((10, "c1", WRITE), (50, "c2", READ))
)


def stale(old=RIGHT_OLD, missed=RIGHT_MISSED):
    return {"new, then old": old, "acknowledged, then missed": missed}


HAS_NO_FAULTS = stale(story())
REACHES_NOBODY = stale(story(Isolate("c1")))
READS_ONCE = stale(story(Split(SIDES), calls=((10, "c1", WRITE), (20, "c2", READ))))
LETS_IT_REPAIR = stale(story(Split(SIDES)))
USES_MORE_THAN_NEEDED = stale(
    story(
        Delay(60, src="c1", dst="s2"),
        Delay(60, src="c1", dst="s3"),
        Delay(30, messages=("Repair",)),
        Delay(30, src="s3", dst="c2"),
        Delay(30, src="s1", dst="c3"),
    )
)
TRUSTS_TO_LUCK = stale(story(Split(SIDES), Loss(0.5, messages=("Repair",))))
REORDERS = stale(story(Reordering(1, 50)))
FORGETS_A_DISK = stale(story(*FORGETS))
CALLS_ANOTHER = stale(story(calls=((10, "s1", WRITE),)))
DELETES = stale(story(calls=((10, "c1", Call("delete", ("x",))),)))
FORGETS_THE_COMMA = stale({"calls": ((10, "c1", WRITE),), "faults": Split(SIDES)})
IS_NOT_ACKNOWLEDGED = stale(
    missed=story(Isolate("c1"), calls=((10, "c1", WRITE), (50, "c2", READ)))
)
NEVER_FORGETS = stale(
    missed=story(
        Cut("c1", "s2"),
        LostWrites("s1", 20, 9),
        calls=((10, "c1", WRITE), (50, "c2", READ)),
    )
)
READS_TOO_EARLY = stale(
    missed=story(*FORGETS, calls=((10, "c1", WRITE), (12, "c2", READ)))
)
LEAVES_TWO_COPIES = stale(
    missed=story(*FORGETS, calls=((10, "c1", WRITE), (50, "c2", READ)))
)
FORGETS_TWO_DISKS = stale(
    missed=story(
        *FORGETS, LostWrites("s2", 20), calls=((10, "c1", WRITE), (50, "c2", READ))
    )
)
ISOLATES_THE_OTHERS = stale(
    missed=story(
        Isolate("s3", until_ms=15),
        *(LostWrites("s2", 20, 9), Crash("s2", 20), Recover("s2", 30)),
        Isolate("s1", at_ms=40),
        calls=((10, "c1", WRITE), (50, "c2", READ)),
    )
)


# --------------------------------------------------------------------------------- 2.5
MAXIMISES = {"n": 5, "r": 5, "w": 5}
IS_STRICT = {"n": 3, "r": 2, "w": 2}
ASKS_FOUR = {"n": 5, "r": 4, "w": 2}
IS_FASTEST = {"n": 5, "r": 1, "w": 1}
HOPES = {"n": 5, "r": 2, "w": 2}
IS_DEAR = {"n": 9, "r": 4, "w": 2}
HAS_MORE_THAN_THERE_ARE = {"n": 3, "r": 4, "w": 2}


# --------------------------------------------------------------------------------- 2.6
class Register(AbdClient):
    """The right one."""

    def start_write(self, newest, key, value):
        self.stamped = max(self.stamped, newest.stamp.number) + 1
        self.ask(abd.Store(self.number, Row(key, Stamp(self.stamped, self.id), value)))

    def start_write_back(self, newest):
        self.ask(abd.Store(self.number, newest))


class AnswersWithoutStoring(Register):
    def start_write_back(self, newest):
        self.finish(newest)


class AnswersBeforeItIsStored(Register):
    def start_write_back(self, newest):
        self.send(self.servers, abd.Store(self.number, newest))
        self.finish(newest)


class StoresAtOne(Register):
    def start_write_back(self, newest):
        self.send(self.servers[0], abd.Store(self.number, newest))
        self.finish(newest)


class WritesBackUnderItsOwnStamp(Register):
    def start_write_back(self, newest):
        self.start_write(newest, newest.key, newest.value)


class WritesBackNothingNew(Register):
    """What somebody has is what everybody has: so it hopes."""

    def start_write_back(self, newest):
        if newest.stamp.number > 0:
            return self.finish(newest)
        self.ask(abd.Store(self.number, newest))


class SkipsWhenAllAgree(Register):
    """Not wrong: a majority has just said that it has it."""

    def start_write_back(self, newest):
        if all(row == newest for row in self.pending.votes.messages()):
            return self.finish(newest)
        self.ask(abd.Store(self.number, newest))


class CountsItsOwnWrites(Register):
    def start_write(self, newest, key, value):
        self.stamped += 1
        self.ask(abd.Store(self.number, Row(key, Stamp(self.stamped, self.id), value)))


class TakesTheSameNumber(Register):
    def start_write(self, newest, key, value):
        stamp = Stamp(newest.stamp.number, self.id)
        self.ask(abd.Store(self.number, Row(key, stamp, value)))


class SignsForAnother(Register):
    def start_write(self, newest, key, value):
        self.stamped = max(self.stamped, newest.stamp.number) + 1
        stamp = Stamp(self.stamped, newest.stamp.writer)
        self.ask(abd.Store(self.number, Row(key, stamp, value)))


class ForgetsItsStamps(Register):
    def start_write(self, newest, key, value):
        stamp = Stamp(newest.stamp.number + 1, self.id)
        self.ask(abd.Store(self.number, Row(key, stamp, value)))


class DoesNotWaitForWrites(Register):
    def start_write(self, newest, key, value):
        self.stamped = max(self.stamped, newest.stamp.number) + 1
        row = Row(key, Stamp(self.stamped, self.id), value)
        self.send(self.servers, abd.Store(self.number, row))
        self.finish(row)


class StoresNothing(Register):
    def start_write(self, newest, key, value):
        pass

    def start_write_back(self, newest):
        pass


# --------------------------------------------------------------------------------- 2.7
def certain(history, counts=("ok",), reads=True):
    """When it was first certain that each write had happened."""
    found = {}
    for op in history:
        if op.f == "write" and op.outcome in counts:
            what = op.args
        elif op.f == "read" and op.outcome == "ok" and op.result is not None and reads:
            what = (*op.args, op.result)
        else:
            continue
        ended_us = op.invoked_us if op.ended_us is None else op.ended_us
        found[what] = min(found.get(what, ended_us), ended_us)
    return found


def older_than(history, known, when="invoked_us"):
    """The right pass over the history, but for what is given."""
    called = {op.args: op.invoked_us for op in history if op.f == "write"}
    found = []
    for i, op in reads_of(history):
        seen_us = -1 if op.result is None else known.get((*op.args, op.result), 10**9)
        newer = [
            write
            for write in of_key(known, op.args[0])
            if known[write] < getattr(op, when) and seen_us < called[write]
        ]
        found += [i] if newer else []
    return found


def reads_of(history):
    each = enumerate(history)
    return [(i, op) for i, op in each if (op.f, op.outcome) == ("read", "ok")]


def of_key(known, key):
    return [write for write in known if write[0] == key]


def looks_for_nothing_read(history):
    known = certain(history)
    return [
        i
        for i, op in reads_of(history)
        if op.result is None
        and any(known[w] < op.invoked_us for w in of_key(known, op.args[0]))
    ]


def counts_writes_under_way(history):
    return older_than(
        history, {op.args: op.invoked_us for op in history if op.f == "write"}
    )


def forgets_what_others_read(history):
    return older_than(history, certain(history, reads=False))


def counts_the_unknown(history):
    return older_than(history, certain(history, counts=("ok", "info")))


def counts_the_failed(history):
    return older_than(history, certain(history, counts=("ok", "fail")))


def looks_at_the_end_of_the_read(history):
    return older_than(history, certain(history), when="ended_us")


def last_certain(history, op, known):
    before = [w for w in of_key(known, op.args[0]) if known[w] < op.invoked_us]
    return max(before, key=known.get, default=None)


def wants_what_ended_last(history):
    known = certain(history, reads=False)
    found = []
    for i, op in reads_of(history):
        last = last_certain(history, op, known)
        found += [i] if last and op.result != last[1] else []
    return found


def compares_ends(history):
    """Older by when it ended: writes that overlapped have no order."""
    known = certain(history)
    found = []
    for i, op in reads_of(history):
        last = last_certain(history, op, known)
        seen_us = -1 if op.result is None else known.get((*op.args, op.result))
        found += [i] if last and seen_us < known[last] else []
    return found


def compares_with_the_last_only(history):
    known = certain(history)
    found = []
    for i, op in reads_of(history):
        last = last_certain(history, op, known)
        seen = (*op.args, op.result)
        kept = {w: known[w] for w in (last, seen) if w in known}
        found += [i] if i in older_than(history, kept) else []
    return found


def forgets_keys(history):
    alike = [op._replace(args=("x", *op.args[1:])) for op in history]
    return older_than(alike, certain(alike))


def accuses_nobody(history):
    return []


def accuses_everybody(history):
    return [i for i, op in reads_of(history)]


def says_yes(history):
    return True


# ------------------------------------------------- answers that let others answer
ASKS_THE_LIBRARY = """
from distlab.check.linearizable import linearizable
from distlab.history import History
from distlab.replication.abd import AbdClient
from distlab.replication.merkle import MerkleTree
from distlab.replication.quorum import QuorumClient
from distlab.replication.siblings import Vector, Version, merge

def survivors(versions):
    known = {tuple(sorted(clock.items())): (value, clock) for value, clock in versions}
    made = (Version(known[c][0], Vector(c)) for c in known)
    return [known[v.vector.counts] for v in merge(tuple(made))]

class MyClient(QuorumClient):
    def enough(self, pending):
        return super().enough(pending)

    def succeed(self, pending, newest):
        return QuorumClient.succeed(self, pending, newest)

    def repair(self, pending, newest):
        return super().repair(pending, newest)

class MyRegister(AbdClient):
    def start_write(self, newest, key, value):
        return super().start_write(newest, key, value)

    def start_write_back(self, newest):
        return AbdClient.start_write_back(self, newest)

def stale_reads(history):
    verdict = linearizable(History(history))
    return [history.index(verdict.evidence[-1])] if verdict.invalid else []
"""


# ----------------------------------------------------------------- what is said to them
# (exercise, answer, the places of the claims that do not hold, words of what is told)
WRONG = [
    ("2.1", last_write_wins, "01", "Who are you to throw one away?"),
    ("2.1", keeps_all_that_differ, "01", "and one more: it overwrote a"),
    (
        "2.1",
        drops_equals,
        "01",
        "should be a",
    ),
    ("2.1", returns_doubles, "01", "is still one version"),
    ("2.1", counts_writes, "0", "More writes are not newer ones"),
    ("2.1", looks_at_common_writers, "0", "nothing came back"),
    ("2.1", looks_up_every_writer, "01", "KeyError"),
    ("2.1", wants_more_of_each, "0", "More of each is not needed"),
    ("2.1", looks_at_neighbours, "01", "not with a neighbour"),
    ("2.1", returns_values, "01", "pairs `(value, clock)`"),
    ("2.2", AnswersAtOnce, "0", "How many replicas must have answered?"),
    ("2.2", CountsMessages, "0", "count replicas, not messages"),
    ("2.2", WaitsForAll, "13", "nothing says that they will ever answer"),
    ("2.2", WaitsForAMajority, "01", "r and w are 1: no end"),
    ("2.2", BelievesTheLast, "24", "One of these had been overwritten"),
    ("2.2", ReturnsOne, "2", "another replica has it"),
    ("2.2", ReturnsAValue, "2", "returns a tuple of versions"),
    ("2.2", ShowsTheDeleted, "2", "nobody wants to read it"),
    ("2.2", ForgetsToMerge, "2", "is one version: `self.merge(…)`"),
    ("2.2", RepairsNobody, "3", "tells a replica what it has missed"),
    ("2.2", RepairsEverybody, "3", "Whose answer differs"),
    ("2.2", RepairsOnlyThen, "3", "Who answers when the read is over"),
    ("2.2", RepairsWhenAllAnswered, "3", "Why wait until all"),
    ("2.2", RepairsWithOneAnswer, "3", "send it what all have said"),
    ("2.2", ForgetsWhatItRead, "4", "stands in `self.known[key]`"),
    ("2.2", NeverAnswers, "01234", "When enough have answered, it may"),
    ("2.3", asks_for_everything, "1", "Nobody has answered yet"),
    ("2.3", asks_for_the_buckets, "1", "If the roots are the same"),
    ("2.3", goes_down_everywhere, "1", "nothing differs: why ask?"),
    ("2.3", follows_the_first, "012", "Several may differ"),
    ("2.3", looks_at_the_root_only, "012", "Which of the places below?"),
    ("2.3", asks_one_by_one, "2", "A list may have many places"),
    ("2.3", asks_again, "012", "ask for what is not, and then stop"),
    ("2.3", asks_below_the_buckets, "012", "The buckets have no children"),
    ("2.3", asks_nothing, "012", "ask for the root"),
    ("2.3", tells_whether_they_differ, "012", "Return a list of places"),
    ("2.4", HAS_NO_FAULTS, "0", "how many may the write reach?"),
    ("2.4", REACHES_NOBODY, "0", "one replica must have it, and be asked"),
    ("2.4", READS_ONCE, "0", "Two reads are needed"),
    ("2.4", LETS_IT_REPAIR, "0", "has repaired the others"),
    ("2.4", USES_MORE_THAN_NEEDED, "0", "can you do without?"),
    ("2.4", TRUSTS_TO_LUCK, "0", "of Loss, all messages or none"),
    ("2.4", REORDERS, "0", "of Reordering, all messages or none"),
    ("2.4", FORGETS_A_DISK, "0", "here no disk may forget"),
    ("2.4", CALLS_ANOTHER, "0", "c1, c2 or c3 may call"),
    ("2.4", DELETES, "0", "is no call: write when, who and what"),
    ("2.4", FORGETS_THE_COMMA, "0", "with a comma"),
    ("2.4", IS_NOT_ACKNOWLEDGED, "1", "Nobody was promised anything"),
    ("2.4", NEVER_FORGETS, "1", "shows when its replica crashes"),
    ("2.4", READS_TOO_EARLY, "1", "when the write has ended and the disk"),
    ("2.4", LEAVES_TWO_COPIES, "1", "A replica that has it still answered"),
    ("2.4", FORGETS_TWO_DISKS, "1", "of one replica may forget"),
    ("2.4", ISOLATES_THE_OTHERS, "1", "can you do without?"),
    ("2.5", MAXIMISES, "0", "a disk may be very slow"),
    ("2.5", IS_STRICT, "0", "13.9 ms"),
    ("2.5", ASKS_FOUR, "0", "none waits long"),
    ("2.5", IS_FASTEST, "0", "20.4 %"),
    ("2.5", HOPES, "0", "ask more, or write more"),
    ("2.5", IS_DEAR, "0", "how many can you afford?"),
    ("2.5", HAS_MORE_THAN_THERE_ARE, "0", "r and w are from 1 to n"),
    ("2.6", AnswersWithoutStoring, "01", "that s3 has it is all"),
    ("2.6", AnswersBeforeItIsStored, "1", "may never hear of it"),
    ("2.6", StoresAtOne, "01", "(4.847 to 9.812 ms)"),
    ("2.6", WritesBackUnderItsOwnStamp, "1", "the same value, under the same"),
    ("2.6", WritesBackNothingNew, "01", "that s2 has it is all"),
    ("2.6", CountsItsOwnWrites, "2", "would be thrown away"),
    ("2.6", TakesTheSameNumber, "23", "would be thrown away"),
    ("2.6", SignsForAnother, "2", "the stamp says whose it is"),
    ("2.6", ForgetsItsStamps, "3", "`self.stamped` is on disk"),
    ("2.6", DoesNotWaitForWrites, "0", "This write had ended"),
    ("2.6", StoresNothing, "0123", "ends when a majority has it"),
    ("2.7", looks_for_nothing_read, "0", "which of them is older?"),
    ("2.7", counts_writes_under_way, "12", "it may come later"),
    ("2.7", forgets_what_others_read, "02", "so it had happened"),
    ("2.7", counts_the_unknown, "1", "Nobody has promised"),
    ("2.7", counts_the_failed, "1", "A write that failed"),
    ("2.7", looks_at_the_end_of_the_read, "12", "when the read was called"),
    ("2.7", wants_what_ended_last, "012", "under way may have happened"),
    ("2.7", compares_ends, "012", "which of them was first"),
    ("2.7", compares_with_the_last_only, "0", "any that had ended does"),
    ("2.7", forgets_keys, "012", "says nothing about another"),
    ("2.7", accuses_nobody, "012", "raises no false one either"),
    ("2.7", accuses_everybody, "012", "0 of 11 are judged right"),
    ("2.7", says_yes, "012", "return a list of places"),
]
TOLD_ALIKE = ()
RIGHT_TOO = [("2.2", RepairsTwice), ("2.6", SkipsWhenAllAgree)]
SHARED = (Client, Register, unknown, certain, reads_of, of_key)  # by several answers
