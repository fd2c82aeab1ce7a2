"""What single-leader replication may forget, one rule each, named after it."""

from distlab.node import NodeId
from distlab.replication.client import (
    KeyValueClient,
    Read,
    ReadReply,
    Write,
    WriteReply,
)
from distlab.replication.single_leader import (
    Append,
    Appended,
    Entry,
    Fetch,
    Install,
    Log,
    SingleLeader,
    Snapshot,
)


# ------------------------------------------------------------------- when it may answer
class AnswersBeforeSync(SingleLeader):
    def safe_index(self):
        return self.last_index


class CountsOneFollowerTwice(SingleLeader):
    def safe_index(self):
        furthest = max(self.acked.values(), default=0)
        return furthest if self.sync_followers else self.last_index


class ShowsBeforeSync(SingleLeader):
    @property
    def visible(self):
        return self.last_index if self.id == self.leader else self.safe


class AnswersRetriesAtOnce(SingleLeader):
    def on_write(self, src: NodeId, msg: Write):
        latest = self.requests.get(src)
        if self.id == self.leader and latest and msg.number == latest.number:
            return self.answer(latest)
        super().on_write(src, msg)


# ------------------------------------------------------------------- once, and in order
class WritesRetriesAgain(SingleLeader):
    def on_write(self, src: NodeId, msg: Write):
        latest = self.requests.get(src)
        if self.id == self.leader and latest and latest.number == msg.number:
            del self.requests[src]
        super().on_write(src, msg)


class WritesOldRequests(SingleLeader):
    def on_write(self, src: NodeId, msg: Write):
        latest = self.requests.get(src)
        if self.id == self.leader and latest and latest.number > msg.number:
            del self.requests[src]
        super().on_write(src, msg)


class ForgetsRequestsInCrash(SingleLeader):
    def replay(self):
        super().replay()
        self.requests = {}


class ForgetsRequestsInSnapshot(SingleLeader):
    def compact(self):
        super().compact()
        self.snapshot = Snapshot(self.snapshot.index, self.snapshot.rows, ())


class AppliesOutOfOrder(SingleLeader):
    def on_append(self, src: NodeId, msg: Append):
        for entry in msg.entries:
            if entry.index > self.last_index:
                self.append(entry)
        self.safe = self.last_index
        self.send(src, Appended(self.last_index))


class AppliesTwice(SingleLeader):
    def on_append(self, src: NodeId, msg: Append):
        if msg.entries and msg.entries[0].index > self.last_index + 1:
            return self.fetch("an entry in between is missing")
        for entry in msg.entries:
            self.append(entry)
        self.safe = self.last_index
        self.send(src, Appended(self.last_index))


class FollowsAndLeads(SingleLeader):
    """Every replica takes writes."""

    @property
    def leader(self):
        return self.id

    def fetch(self, why: str): ...


class ReadsAnywhere(SingleLeader):
    def on_read(self, src: NodeId, msg: Read):
        super().on_read(src, Read(msg.number, msg.key, anywhere=True))


# ----------------------------------------------------------------- loss and catching up
class NeverRetransmits(SingleLeader):
    def on_retransmit(self, timer): ...


class NeverAsksForWhatIsMissing(SingleLeader):
    def fetch(self, why: str): ...


class TakesConfirmationsBack(SingleLeader):
    def on_appended(self, src: NodeId, msg: Appended):
        self.acked[src] = 0
        super().on_appended(src, msg)


class ConfirmsWhatItLacks(SingleLeader):
    def on_append(self, src: NodeId, msg: Append):
        super().on_append(src, msg)
        if msg.entries:
            self.send(src, Appended(msg.entries[-1].index))


class SkipsSnapshot(SingleLeader):
    def on_fetch(self, src: NodeId, msg: Fetch):
        self.send(src, Append(self.behind(msg.after)))


class SkipsLogBehindSnapshot(SingleLeader):
    def on_fetch(self, src: NodeId, msg: Fetch):
        if msg.after >= self.snapshot.index:
            return super().on_fetch(src, msg)
        self.send(src, Install(self.snapshot, ()))


class InstallsOldSnapshot(SingleLeader):
    def on_install(self, src: NodeId, msg: Install):
        self.snapshot, self.log = msg.snapshot, Log()
        self.safe = msg.snapshot.index
        self.replay()
        self.on_append(src, Append(msg.entries))


class KeepsOldRowsAfterInstall(SingleLeader):
    def on_install(self, src: NodeId, msg: Install):
        if msg.snapshot.index > self.last_index:
            self.snapshot, self.log = msg.snapshot, Log()
            self.safe = self.applied = msg.snapshot.index
        self.on_append(src, Append(msg.entries))


class CompactsUnsafe(SingleLeader):
    def after_event(self):
        super().after_event()
        if self.log.last_index >= 2 * self.log_kept:
            self.compact()


class DropsRowsInSnapshot(SingleLeader):
    def compact(self):
        old = self.log.cut(self.log_kept)
        super().compact()
        rows = {entry.key: entry for entry in old}
        self.snapshot = Snapshot(
            self.snapshot.index, tuple(rows.values()), self.snapshot.requests
        )


# ------------------------------------------------------------------------------ crashes
class ForgetsSafe(SingleLeader):
    def on_recover(self, report):
        self.safe = self.snapshot.index
        super().on_recover(report)


class ForgetsToAskAfterCrash(SingleLeader):
    """A leader that comes back waits for its followers to speak."""

    def tell_followers(self, entries: tuple[Entry, ...]):
        if entries:
            super().tell_followers(entries)


class ForgetsRowsInCrash(SingleLeader):
    def replay(self):
        super().replay()
        self.rows, self.applied = {}, self.safe


class TrustsTornRecord(SingleLeader):
    def on_recover(self, report):
        super().on_recover(type(report)(report.lost, False, report.corrupted))


# ------------------------------------------------------------------------------ clients
class NumbersRetriesAnew(KeyValueClient):
    def try_once(self):
        if isinstance(self.request, Write) and self.tried:
            self.number += 1
            self.request = Write(self.number, self.request.key, self.request.value)
        super().try_once()


class UsesANumberTwice(KeyValueClient):
    def ask(self, request):
        super().ask(request)
        self.number = 0


class ForgetsItsNumber(KeyValueClient):
    def on_recover(self, report):
        self.number = 0


class TakesAnyAnswer(KeyValueClient):
    def waits_for(self, msg):
        return (isinstance(self.request, Write) and isinstance(msg, WriteReply)) or (
            isinstance(self.request, Read) and isinstance(msg, ReadReply)
        )


class CallsUnknownFailed(KeyValueClient):
    def on_timeout(self, timer):
        if self.tried < self.tries:
            return super().on_timeout(timer)
        self.request = None
        self.fail("no answer")


class NeverAsksAgain(KeyValueClient):
    def on_timeout(self, timer):
        self.tried = self.tries
        super().on_timeout(timer)
