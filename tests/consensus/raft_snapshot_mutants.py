"""What snapshots of Raft may forget, one rule each, named after it."""

from distlab.consensus.raft import AppendEntries, AppendEntriesResponse, Raft
from distlab.consensus.raft_snapshot import (
    CompactedLog,
    InstallSnapshot,
    RaftSnapshot,
)
from distlab.node import Log, NodeId
from distlab.replicated import Snapshot


class KeepsEverything(RaftSnapshot):
    """§7, discard."""

    def after_event(self):
        Raft.after_event(self)


class ThrowsAwayTooMuch(RaftSnapshot):
    """§7, discard: also what is not applied yet."""

    def after_event(self):
        Raft.after_event(self)
        if self.last_applied >= self.log.index + self.log_kept:
            snapshot = self.service.snapshot()
            self.log = self.log.compacted(self.log.last_index, snapshot)


class ForgetsWhoWasAnswered(RaftSnapshot):
    """§7, snapshot: the answers are a part of the state."""

    def after_event(self):
        index = self.log.index
        super().after_event()
        if self.log.index > index:
            snapshot = Snapshot(self.log.snapshot.state, ())
            log = self.log
            self.log = CompactedLog(log.index, log.term, snapshot, log.behind)


class BeginsAnew(RaftSnapshot):
    """§7, snapshot: comes back from a crash without it."""

    def restore(self):
        self.commit_index = self.last_applied = self.log.index


class SendsWhatIsLeft(RaftSnapshot):
    """§7, too far behind: as if the follower had the rest."""

    def send_entries(self, follower: NodeId):
        self.next_index[follower] = max(self.next_index[follower], self.log.index + 1)
        super().send_entries(follower)


class InstallsFromOldLeaders(RaftSnapshot):
    """InstallSnapshot 1."""

    def on_install_snapshot(self, src: NodeId, msg: InstallSnapshot):
        last = msg.last_included_index, msg.last_included_term
        msg = InstallSnapshot(self.current_term, *last, msg.data)
        super().on_install_snapshot(src, msg)


class TakesOldSnapshots(RaftSnapshot):
    """InstallSnapshot 5: one that covers less."""

    def on_install_snapshot(self, src: NodeId, msg: InstallSnapshot):
        if msg.last_included_index < self.log.index and msg.term == self.current_term:
            last = msg.last_included_index, msg.last_included_term
            self.log = CompactedLog(*last, msg.data)
            self.restore()
        super().on_install_snapshot(src, msg)


class ThrowsAwayItsLog(RaftSnapshot):
    """InstallSnapshot 6: what follows may be committed, with its own vote."""

    def on_install_snapshot(self, src: NodeId, msg: InstallSnapshot):
        if msg.last_included_index > self.log.index:
            self.log = self.log.cut(self.log.index)
        super().on_install_snapshot(src, msg)


class KeepsItsLog(RaftSnapshot):
    """InstallSnapshot 7: what does not fit stays behind the snapshot."""

    def on_install_snapshot(self, src: NodeId, msg: InstallSnapshot):
        rest = Log(*self.log.after(msg.last_included_index))
        index = self.log.index
        super().on_install_snapshot(src, msg)
        if self.log.index > index:
            self.log = self.log.with_behind(rest)


class KeepsItsMachine(RaftSnapshot):
    """InstallSnapshot 8: goes on from a state that others have left behind."""

    def on_install_snapshot(self, src: NodeId, msg: InstallSnapshot):
        service = self.service
        super().on_install_snapshot(src, msg)
        self.service = service


class RefusesWhatIsGone(RaftSnapshot):
    """§7, discard: takes what it has thrown away for what it lacks."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        if msg.prev_log_index >= self.log.index:
            return super().on_append_entries(src, msg)
        answer = AppendEntriesResponse(self.current_term, False, msg.prev_log_index)
        self.send(src, answer)
