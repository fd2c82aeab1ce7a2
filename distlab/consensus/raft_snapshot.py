"""Raft whose log does not grow for ever: a snapshot stands for its beginning.

Source
    Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX
    ATC 2014, section 7, and Figure 13 of its extended version (InstallSnapshot RPC).
Guarantees
    As Raft. A log holds at most `log_kept` entries that have been applied.
Assumes
    As Raft.
Costs
    As Raft. Each `log_kept` entries the whole state is written to disk, and sent to a
    follower that lacks what is no longer in the log.
Departs
    A snapshot travels in one message, so rules 2 to 4 fall away. It is answered like
    entries: the log is the leader's up to here. One that the log already reaches (rule
    6) is not installed: that it is committed is all that is news.
"""

from __future__ import annotations

from typing import Any

from distlab.consensus.raft import (
    AppendEntries,
    AppendEntriesResponse,
    ElectionTimeout,
    Entry,
    Raft,
    RaftMessage,
    Role,
)
from distlab.node import Log, NodeId, Value, durable, setting
from distlab.replicated import Restored, Snapshot, new


class CompactedLog(Value):
    """A log of which the entries up to `index` are gone; `snapshot` stands for them.

    The indexes of the others stay what they were. All of it is one value, so that no
    crash can come between the snapshot and the end of what it stands for.
    """

    index: int = 0
    term: int = 0  # of the last entry that is gone
    snapshot: Snapshot | None = None
    behind: Log[Entry] = Log()

    @property
    def last_index(self) -> int:
        """The index of the last entry, of those that are gone if there is no other."""
        return self.index + self.behind.last_index

    def __getitem__(self, index: int) -> Entry:
        return self.behind[index - self.index]

    def after(self, index: int) -> tuple[Entry, ...]:
        """The entries behind `index`, which itself may be gone."""
        return self.behind.after(index - self.index)

    def cut(self, index: int) -> CompactedLog:
        """The same up to `index`."""
        return self.with_behind(self.behind.cut(index - self.index))

    def append(self, entry: Entry) -> CompactedLog:
        """The same and one more entry."""
        return self.with_behind(self.behind.append(entry))

    def with_behind(self, behind: Log[Entry]) -> CompactedLog:
        """The same snapshot, with these entries behind it."""
        return CompactedLog(self.index, self.term, self.snapshot, behind)

    def compacted(self, index: int, snapshot: Snapshot) -> CompactedLog:
        """The same without the entries up to `index`, for which the snapshot stands."""
        rest = Log(*self.after(index))
        return CompactedLog(index, self[index].term, snapshot, rest)


class InstallSnapshot(RaftMessage):
    """What you lack is no longer in my log: this stands for it."""

    last_included_index: int
    last_included_term: int
    data: Snapshot


class RaftSnapshot(Raft):
    """Raft, and a replica that now and then throws away what it has applied."""

    log_kept: int = setting(20)  # applied entries, before the next snapshot

    log: Any = durable(CompactedLog())

    def on_start(self):
        super().on_start()
        if self.log.snapshot:
            self.restore()

    def restore(self):
        """Go on from the snapshot."""
        self.service = new(self.machine, self.log.snapshot)
        self.commit_index = self.last_applied = self.log.index
        self.output(Restored(self.log.index))

    def term_at(self, index: int) -> int:
        return self.log.term if index == self.log.index else super().term_at(index)

    def after_event(self):
        super().after_event()
        if self.last_applied >= self.log.index + self.log_kept:
            self.note("takes a snapshot")
            snapshot = self.service.snapshot()  # §7, snapshot
            self.log = self.log.compacted(self.last_applied, snapshot)  # §7, discard

    def send_entries(self, follower: NodeId):
        if self.next_index[follower] > self.log.index:
            return super().send_entries(follower)
        kept = self.log.index, self.log.term, self.log.snapshot  # §7, too far behind
        self.send(follower, InstallSnapshot(self.current_term, *kept))

    def on_install_snapshot(self, src: NodeId, msg: InstallSnapshot):
        index, term = msg.last_included_index, msg.last_included_term
        if msg.term < self.current_term:  # InstallSnapshot 1
            answer = AppendEntriesResponse(self.current_term, False, index)
            return self.send(src, answer)
        self.role, self.leader = Role.FOLLOWER, src
        self.set_timer(ElectionTimeout(), *self.election_ms)
        if (
            self.log.index <= index <= self.log.last_index
            and self.term_at(index) == term
        ):
            self.commit_index = max(self.commit_index, index)  # InstallSnapshot 6
        elif index > self.log.index:  # InstallSnapshot 5
            self.note("installs a snapshot")
            self.log = CompactedLog(index, term, msg.data)  # InstallSnapshot 7
            self.restore()  # InstallSnapshot 8
        self.send(src, AppendEntriesResponse(msg.term, True, index))

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        """What is gone was committed: any leader has it, and it fits."""
        gone = self.log.index - msg.prev_log_index
        if gone > 0:
            rest = self.log.index, self.log.term, msg.entries[gone:], msg.leader_commit
            msg = AppendEntries(msg.term, *rest)
        super().on_append_entries(src, msg)
