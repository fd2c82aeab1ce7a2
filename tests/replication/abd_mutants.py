"""What ABD may forget, one rule each, named after it."""

from distlab.node import Log, NodeId
from distlab.quorum import AtLeast
from distlab.replication.abd import (
    AbdClient,
    AbdReplica,
    Fetch,
    Fetched,
    Row,
    Stamp,
    Store,
    Stored,
)
from distlab.replication.abd_as_story import StoryClient


# ------------------------------------------------------------------------- the replicas
class TakesWhatIsOlder(AbdReplica):
    def on_store(self, src: NodeId, msg: Store):
        self.keep(msg.row)
        self.send(src, Stored(msg.number))


class TakesNoEqualNumber(AbdReplica):
    """Of two writers with the same number, each replica keeps the first it hears of."""

    def on_store(self, src: NodeId, msg: Store):
        if msg.row.stamp.number > self.row(msg.row.key).stamp.number:
            self.keep(msg.row)
        self.send(src, Stored(msg.number))


class TakesEveryEqualNumber(AbdReplica):
    """Of two writers with the same number, each replica keeps the last it hears of."""

    def on_store(self, src: NodeId, msg: Store):
        if msg.row.stamp.number >= self.row(msg.row.key).stamp.number:
            self.keep(msg.row)
        self.send(src, Stored(msg.number))


class AcknowledgesOnlyWhatIsNew(AbdReplica):
    def on_store(self, src: NodeId, msg: Store):
        if msg.row.stamp > self.row(msg.row.key).stamp:
            super().on_store(src, msg)


class AcknowledgesBeforeItKeeps(AbdReplica):
    """What it was told is in its memory alone."""

    def on_store(self, src: NodeId, msg: Store):
        if msg.row.stamp > self.row(msg.row.key).stamp:
            self.rows[msg.row.key] = msg.row
        self.send(src, Stored(msg.number))


class ForgetsItsDisk(AbdReplica):
    def on_recover(self, report): ...


class RemembersWhatCameFirst(AbdReplica):
    def on_recover(self, report):
        self.rows = {row.key: row for row in reversed([*self.log])}


class ClearsItsLog(AbdReplica):
    def keep(self, row: Row):
        self.rows[row.key] = row
        self.log = Log(row) if len(self.log) > 5 else self.log.append(row)


class MixesUpKeys(AbdReplica):
    def row(self, key: str) -> Row:
        newest = max(self.rows.values(), key=lambda row: row.stamp, default=Row(key))
        return Row(key, newest.stamp, self.rows.get(key, Row(key)).value)


class TellsNothing(AbdReplica):
    def on_fetch(self, src: NodeId, msg: Fetch):
        self.send(src, Fetched(msg.number, Row(msg.key)))


# -------------------------------------------------------------------------- the clients
class SkipsTheWriteBack(AbdClient):
    def start_write_back(self, newest: Row):
        self.finish(newest)


class WritesBackUnderItsOwnName(AbdClient):
    def start_write_back(self, newest: Row):
        self.start_write(newest, newest.key, newest.value)


class WritesWithoutAsking(AbdClient):
    def start_query(self, key: str):
        super().start_query(key)
        if self.operation.name == "write":
            self.start_write(Row(key), *self.operation.args)


class WritesAfterOneAnswer(AbdClient):
    def on_fetched(self, src: NodeId, msg: Fetched):
        if self.awaits(msg, Fetch) and self.operation.name == "write":
            return self.start_write(msg.row, *self.operation.args)
        super().on_fetched(src, msg)


class ReadsAfterOneAnswer(AbdClient):
    def on_fetched(self, src: NodeId, msg: Fetched):
        if self.awaits(msg, Fetch) and self.operation.name == "read":
            return self.start_write_back(msg.row)
        super().on_fetched(src, msg)


class ReturnsTheLastAnswer(AbdClient):
    def on_fetched(self, src: NodeId, msg: Fetched):
        if not self.awaits(msg, Fetch):
            return self.ignore("answers a phase that is over")
        self.pending.votes.add(src, msg.row)
        if self.enough(self.read_quorum):
            if self.operation.name == "write":
                return self.start_write(msg.row, *self.operation.args)
            self.start_write_back(msg.row)


class AnswersBeforeAQuorumHasIt(AbdClient):
    def on_stored(self, src: NodeId, msg: Stored):
        if self.awaits(msg, Store):
            self.finish(self.pending.request.row)


class CountsAReplicaTwice(AbdClient):
    def on_stored(self, src: NodeId, msg: Stored):
        if self.awaits(msg, Store):
            self.pending.votes.add(f"{src}, answer {len(self.pending.votes.by())}")
            if AtLeast(self.pending.votes.by(), 2).has(self.pending.votes.by()):
                self.finish(self.pending.request.row)


class TakesAnswersOfAnyTime(AbdClient):
    def awaits(self, answer, phase):
        return self.pending is not None and isinstance(self.pending.request, phase)


class TakesAnswersOfAnyPhase(AbdClient):
    """Who has told what it holds has not stored anything."""

    def ask(self, request):
        votes = self.pending and self.pending.votes
        super().ask(request)
        if votes and isinstance(request, Store):
            self.pending.votes = votes


class NeverAsksAgain(AbdClient):
    def on_resend(self, timer): ...


class ForgetsItsNumber(AbdClient):
    def on_recover(self, report):
        self.number = 0


class ForgetsItsStamp(AbdClient):
    """A write that no replica told of may still have been stored somewhere."""

    def on_recover(self, report):
        self.stamped = 0


class StampsWithoutAName(AbdClient):
    def start_write(self, newest: Row, key, value):
        self.stamped = max(self.stamped, newest.stamp.number) + 1
        self.ask(Store(self.number, Row(key, Stamp(self.stamped, ""), value)))


class StampsByItsOwnCountAlone(AbdClient):
    def start_write(self, newest: Row, key, value):
        super().start_write(Row(key), key, value)


# ---------------------------------------------------------------------------- the story
class LeavesOutTheSecondPage(StoryClient):
    def reading(self, key: str):
        rows = yield Fetch(self.number, key), self.read_quorum
        return max(rows, key=lambda row: row.stamp).value


class LeavesOutTheFirstPage(StoryClient):
    def writing(self, key: str, value):
        self.stamped += 1
        stamp = Stamp(self.stamped, self.id)
        yield Store(self.number, Row(key, stamp, value)), self.write_quorum
        return stamp
