"""What failover may forget, one rule each, named after it."""

from distlab.node import Log, NodeId
from distlab.replication.after_commit import AfterCommit
from distlab.replication.automatic_failover import (
    AutomaticFailover,
    Poll,
    Position,
    Promote,
)
from distlab.replication.client import Write
from distlab.replication.failover import Append, Appended, Entry, Epoch, Failover


# ------------------------------------------------------------------------------- epochs
class PromotesInTheSameEpoch(Failover):
    def promote(self):
        self.become_leader(Epoch(self.epoch.number, self.id))
        self.ok()


class ObeysOldLeaders(Failover):
    def on_append(self, src: NodeId, msg: Append):
        super().on_append(
            src, Append(self.epoch, msg.after, msg.after_epoch, msg.entries)
        )


class NeverStepsDown(Failover):
    def become_follower(self, epoch: Epoch):
        leading = self.leading
        super().become_follower(epoch)
        self.leading = leading


class CountsOldConfirmations(Failover):
    def on_appended(self, src: NodeId, msg: Appended):
        super().on_appended(src, Appended(self.epoch, msg.index))


class KeepsOldConfirmations(Failover):
    def become_leader(self, epoch: Epoch):
        acked = self.acked
        super().become_leader(epoch)
        self.acked = acked


class AnswersRetriesOfOldEpochs(Failover):
    def on_write(self, src: NodeId, msg: Write):
        latest = self.requests.get(src)
        if self.leading and latest and msg.number == latest.number:
            return self.answer(latest)
        super().on_write(src, msg)


class ForgetsToTellAfterPromotion(Failover):
    def become_leader(self, epoch: Epoch):
        self.epoch, self.leading, self.acked = epoch, True, {}


# --------------------------------------------------------------------------------- logs
class ComparesPlacesOnly(Failover):
    def on_append(self, src: NodeId, msg: Append):
        ours = self.epoch_at(msg.after)
        super().on_append(src, Append(msg.epoch, msg.after, ours, msg.entries))


class KeepsItsTail(Failover):
    def follow(self, log: Log[Entry]):
        longer = self.last_index > log.last_index
        super().follow(self.log if longer else log)


class KeepsWhatConflicts(Failover):
    def follow(self, log: Log[Entry]):
        super().follow(self.log.extend(log.after(self.last_index)))


class KeepsRowsOfLostEntries(Failover):
    def follow(self, log: Log[Entry]):
        rows, applied = self.rows, self.applied
        super().follow(log)
        self.rows, self.applied = rows, min(applied, log.last_index)


class KeepsRequestsOfLostEntries(Failover):
    def follow(self, log: Log[Entry]):
        requests = self.requests
        super().follow(log)
        self.requests = requests | self.requests


class TakesBackWhatIsLate(Failover):
    def on_append(self, src: NodeId, msg: Append):
        if msg.epoch == self.epoch and msg.after <= self.last_index:
            self.log = self.log.cut(msg.after)
        super().on_append(src, msg)


class ShowsWhatATornRecordLost(Failover):
    def on_recover(self, report):
        shown = self.safe
        super().on_recover(report)
        self.safe = shown


# ---------------------------------------------------------------------------- automatic
class PromotesItself(AutomaticFailover):
    def on_poll_end(self, timer):
        self.become_leader(Epoch(self.epoch.number + 1, self.id))


class PromotesTheLongest(AutomaticFailover):
    """Forgets that a later epoch's log is further, whatever its length."""

    @property
    def position(self):
        return Epoch(0, ""), self.last_index

    def on_position(self, src: NodeId, msg: Position):
        self.positions[src] = Epoch(0, ""), msg.index


class LeadsAfterCrash(AutomaticFailover):
    on_recover = Failover.on_recover


class NeverSuspects(AutomaticFailover):
    def on_leader_timeout(self, timer): ...


class SuspectsOnce(AutomaticFailover):
    def on_leader_timeout(self, timer):
        super().on_leader_timeout(timer)
        self.cancel_timer(timer)


class SendsNoHeartbeats(AutomaticFailover):
    def on_heartbeat(self, timer): ...


class HearsNoHeartbeats(AutomaticFailover):
    on_append = Failover.on_append


class LeaderStaysSilentToPolls(AutomaticFailover):
    def on_poll(self, src: NodeId, msg: Poll):
        self.send(src, Position(self.epoch, *self.position))


class KeepsItsHeartbeatsGoing(AutomaticFailover):
    def become_follower(self, epoch: Epoch):
        Failover.become_follower(self, epoch)
        self.expect_leader()


class ObeysOldPromotions(AutomaticFailover):
    def on_promote(self, src: NodeId, msg: Promote):
        self.become_leader(msg.epoch)


class WaitsBeforeItShows(AfterCommit):
    @property
    def visible(self) -> int:
        return self.safe
