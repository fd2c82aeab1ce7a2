"""What leaderless replication may forget, one rule each, named after it."""

from typing import Any

from distlab.node import Log, NodeId
from distlab.replication.quorum import (
    Fetch,
    Fetched,
    Pending,
    QuorumClient,
    Repair,
    Replica,
    Resend,
    Store,
    Stored,
)
from distlab.replication.siblings import (
    Siblings,
    Tombstone,
    Vector,
    Version,
    context,
    merge,
)


# --------------------------------------------------------------------------- the writer
class ForgetsTheContext(QuorumClient):
    def version(self, key: str, value: Any) -> Version:
        self.number += 1
        return Version(value, Vector().then(self.id, self.number))


class RemembersWhatItNoLongerFinds(QuorumClient):
    """Takes what an earlier read has shown for seen, though the last one has not."""

    def succeed(self, pending: Pending, newest: Siblings):
        key = pending.request.key
        before = self.known.get(key, ())
        super().succeed(pending, newest)
        self.known[key] = self.merge(before, self.known[key])


class ForgetsItsOwnWrite(QuorumClient):
    """A write does not name itself: it has the vector of what it overwrites."""

    def version(self, key: str, value: Any) -> Version:
        self.number += 1
        return Version(value, context(self.known.get(key, ())))


class UsesANumberTwice(QuorumClient):
    def version(self, key: str, value: Any) -> Version:
        version = super().version(key, value)
        self.number -= 1
        return version


class ClaimsToHaveSeenEverything(QuorumClient):
    """Covers what no read has shown it."""

    def version(self, key: str, value: Any) -> Version:
        version = super().version(key, value)
        everyone = ((f"c{i}", 1000) for i in range(1, 10) if f"c{i}" < self.id)
        return Version(value, Vector(tuple(everyone)).join(version.vector))


class RemembersWhatFailed(QuorumClient):
    """Takes a write that it gave up for one that is there."""

    def give_up(self, request: Store | Fetch):
        self.ok(context(request.siblings) if isinstance(request, Store) else ())


class WritesNothingToDelete(QuorumClient):
    def delete(self, key: str):
        self.number += 1
        self.ask(Store(self.number, key, ()))


# ------------------------------------------------------------------------- the counting
class AnswersWritesOneTooEarly(QuorumClient):
    def enough(self, pending: Pending) -> bool:
        early = isinstance(pending.request, Store) and self.w > 1
        return super().enough(pending) or (early and len(pending.held) >= self.w - 1)


class AnswersReadsOneTooEarly(QuorumClient):
    def enough(self, pending: Pending) -> bool:
        early = isinstance(pending.request, Fetch) and self.r > 1
        return super().enough(pending) or (early and len(pending.held) >= self.r - 1)


class CountsAReplicaTwice(QuorumClient):
    def count(self, replica: NodeId, number: int, siblings: Siblings):
        pending = self.pending.get(number)
        twice = pending is not None and replica in pending.held
        super().count(f"{replica} again" if twice else replica, number, siblings)


class CountsAnswersToOldRequests(QuorumClient):
    def count(self, replica: NodeId, number: int, siblings: Siblings):
        latest = max(self.pending, default=number)
        super().count(replica, latest, siblings)


class AsksOnlyOnce(QuorumClient):
    def on_resend(self, timer: Resend):
        self.pending[timer.number].tried = self.tries
        super().on_resend(timer)


class AsksEverybodyAgain(QuorumClient):
    def transmit(self, pending: Pending):
        self.send(self.servers, pending.request)


class CallsUnknownFailed(QuorumClient):
    def give_up(self, request: Store | Fetch):
        self.fail("too few answers")


class ForgetsStragglers(QuorumClient):
    """Drops a request when it is answered, so that who is late is never repaired."""

    def count(self, replica: NodeId, number: int, siblings: Siblings):
        super().count(replica, number, siblings)
        if number in self.pending and self.pending[number].answered:
            del self.pending[number]
            self.cancel_timer(Resend(number))


# --------------------------------------------------------------------------- the reader
class ReturnsTheFirstAnswer(QuorumClient):
    def succeed(self, pending: Pending, newest: Siblings):
        super().succeed(pending, next(iter(pending.held.values())))


class ReturnsWhatIsSuperseded(QuorumClient):
    merge = staticmethod(
        lambda *several: tuple({v.vector: v for s in several for v in s}.values())
    )


class ReturnsOneSibling(QuorumClient):
    def succeed(self, pending: Pending, newest: Siblings):
        super().succeed(pending, newest[:1])


class ShowsTombstones(QuorumClient):
    def succeed(self, pending: Pending, newest: Siblings):
        if isinstance(pending.request, Store):
            return super().succeed(pending, newest)
        pending.answered = True
        self.known[pending.request.key] = newest
        self.ok(newest)


class ForgetsTombstones(QuorumClient):
    """Writes after a deletion as if there had been none."""

    def succeed(self, pending: Pending, newest: Siblings):
        there = tuple(v for v in newest if not isinstance(v.value, Tombstone))
        super().succeed(pending, there)


class RepairsNobody(QuorumClient):
    def repair(self, pending: Pending, newest: Siblings):
        pass


class RepairsWithWhatItJustGot(QuorumClient):
    def repair(self, pending: Pending, newest: Siblings):
        super().repair(pending, list(pending.held.values())[-1])


class RepairsAgainAndAgain(QuorumClient):
    def repair(self, pending: Pending, newest: Siblings):
        held = dict(pending.held)
        super().repair(pending, newest)
        pending.held = held


# -------------------------------------------------------------------------- the replica
class Overwrites(Replica):
    """Takes what comes last for what is newest."""

    def keep(self, key: str, siblings: Siblings):
        self.rows[key] = siblings
        self.log = self.log.append((key, siblings))


class DropsSiblings(Replica):
    merge = staticmethod(lambda *several: merge(*several)[-1:])


class KeepsSuperseded(Replica):
    merge = staticmethod(
        lambda *several: tuple(
            sorted(
                {v.vector: v for s in several for v in s}.values(),
                key=lambda version: version.vector.counts,
            )
        )
    )


class AnswersBeforeItIsOnDisk(Replica):
    """Keeps it in memory; the disk hears of it with the next write."""

    def on_store(self, src: NodeId, msg: Store):
        self.log = Log(*self.rows.items())
        self.rows[msg.key] = self.merge(self.rows.get(msg.key, ()), msg.siblings)
        self.send(src, Stored(msg.number))


class AnswersOnlyForWhatIsNew(Replica):
    """A request that is sent again gets no answer: it has been done."""

    def on_store(self, src: NodeId, msg: Store):
        before = self.rows.get(msg.key)
        self.keep(msg.key, msg.siblings)
        if self.rows.get(msg.key) != before:
            self.send(src, Stored(msg.number))


class AnswersWithOneSibling(Replica):
    def on_fetch(self, src: NodeId, msg: Fetch):
        self.send(src, Fetched(msg.number, self.rows.get(msg.key, ())[-1:]))


class IgnoresRepairs(Replica):
    def on_repair(self, src: NodeId, msg: Repair):
        self.ignore("would rather not")


class SavesWhatHasNotChanged(Replica):
    def keep(self, key: str, siblings: Siblings):
        before = self.log
        super().keep(key, siblings)
        if self.log == before:
            self.log = self.log.append((key, self.rows[key]))


class ForgetsRowsInCompaction(Replica):
    def keep(self, key: str, siblings: Siblings):
        before = len(self.log)
        super().keep(key, siblings)
        if len(self.log) < before:
            self.log = Log((key, self.rows[key]))


class NeverCompacts(Replica):
    def keep(self, key: str, siblings: Siblings):
        log = self.log
        super().keep(key, siblings)
        if len(self.log) < len(log):
            self.log = log.append((key, self.rows[key]))


class ForgetsRowsInCrash(Replica):
    def on_recover(self, report):
        pass


class RecoversTheFirstEntryOfAKey(Replica):
    def on_recover(self, report):
        self.rows = dict(reversed(tuple(self.log)))
