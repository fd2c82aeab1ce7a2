"""Single-leader replication: one replica decides the order, the others follow its log.

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 5,
    "Leaders and Followers"; requests are told apart as in Liskov and Cowling,
    "Viewstamped Replication Revisited", 2012, section 4.1.
Guarantees
    All replicas apply the same writes in the same order, each request once. An answered
    write is on the disks of the leader and of `sync_followers` followers, and no reader
    of the leader saw it before. Reads there are linearizable; a follower's may be old.
    Once faults stop, every request is answered and all replicas become equal.
Assumes
    The leader stays: while it is down, writes wait. Any node may crash and recover with
    its disk (the last record may be torn); messages may be lost, doubled and reordered.
Costs
    2(n - 1) messages a write. The client waits for one sync; with k `sync_followers`
    also for a round trip to the k-th fastest one, its sync, and one more.
Departs
    All that a follower lacks travels in one message, a snapshot with the log behind it.
    Followers show a write when it arrives, which may be before the leader does.
"""

from __future__ import annotations

from typing import Any

from distlab.errors import Misuse
from distlab.node import (
    Assumes,
    Log,
    Message,
    Node,
    NodeId,
    Timer,
    Value,
    durable,
    setting,
    volatile,
)
from distlab.replication.client import (
    KeyValueClient,
    Read,
    ReadReply,
    Redirect,
    Write,
    WriteReply,
)


class Entry(Value):
    """A write in the log: the row that it leaves, and whose request it was."""

    index: int
    key: str
    value: Any
    client: NodeId
    number: int


class Snapshot(Value):
    """What the log up to `index` amounts to: the last entry of each key and client."""

    index: int = 0
    rows: tuple[Entry, ...] = ()
    requests: tuple[Entry, ...] = ()


class Append(Message):
    """New entries of the log; none: how far is yours?"""

    entries: tuple[Entry, ...]


class Install(Message):
    """A snapshot and the log behind it: for one whom the log alone does not reach."""

    snapshot: Snapshot
    entries: tuple[Entry, ...]


class Appended(Message):
    """The log up to `index` is on my disk."""

    index: int


class Fetch(Message):
    """Send me the log behind `after`."""

    after: int


class Retransmit(Timer):
    """This follower has not confirmed all of the log."""

    follower: NodeId


class SingleLeader(Node):
    """A replica of a key-value store; the first node is the leader, for ever."""

    assumes = Assumes(disk="torn writes", failures="crash-recovery", links="fair loss")
    client = KeyValueClient

    sync_followers: int = setting(0)  # 0: asynchronous, 1: semi-, n - 1: synchronous
    retransmit_ms: float = setting(50)
    log_kept: int = setting(100)  # entries; older ones live on in the snapshot

    # In this order, for a torn record is the beginning of one: see `on_recover`
    snapshot: Snapshot = durable(Snapshot())
    log: Log[Entry] = durable(Log())  # what was written behind the snapshot
    safe: int = durable(0)  # up to here the log is on enough disks, and readers see it
    # What a restart computes from that
    rows: dict[str, Entry] = volatile({})  # by key, the log up to `applied`
    applied: int = volatile(0)
    requests: dict[NodeId, Entry] = volatile({})  # the latest in the log, by client
    acked: dict[NodeId, int] = volatile({})  # of the leader: on each follower's disk

    def on_start(self):
        if not 0 <= self.sync_followers <= len(self.peers):
            raise Misuse(f"sync_followers: choose from 0 to {len(self.peers)}.")

    @property
    def leader(self) -> NodeId:
        return self.nodes[0]

    @property
    def last_index(self) -> int:
        return self.snapshot.index + self.log.last_index

    def behind(self, index: int) -> tuple[Entry, ...]:
        """The entries of the log after this one."""
        return self.log.after(index - self.snapshot.index)

    # ------------------------------------------------------------------------- requests
    def on_write(self, src: NodeId, msg: Write):  # Leaders and Followers 1
        if self.id != self.leader:
            return self.send(src, Redirect(msg.number, self.leader))
        latest = self.requests.get(src)
        if latest and msg.number < latest.number:  # VR Revisited 4.1, 2
            return self.ignore("an old request: its client has gone on")
        if latest and msg.number == latest.number:
            if latest.index > self.safe:
                return self.ignore("a retry: the answer waits for followers")
            return self.answer(latest)
        self.append(Entry(self.last_index + 1, msg.key, msg.value, src, msg.number))
        self.tell_followers(self.behind(self.last_index - 1))
        self.advance_safe()

    def answer(self, entry: Entry):
        self.send(entry.client, WriteReply(entry.number, entry.index))

    def on_read(self, src: NodeId, msg: Read):  # Leaders and Followers 3
        if self.id != self.leader and not msg.anywhere:
            return self.send(src, Redirect(msg.number, self.leader))
        row = self.rows.get(msg.key)
        self.send(src, ReadReply(msg.number, row and row.value, self.applied))

    # ---------------------------------------------------------------------- replication
    def append(self, entry: Entry):
        self.log, self.requests[entry.client] = self.log.append(entry), entry

    def tell_followers(self, entries: tuple[Entry, ...]):
        self.send(self.peers, Append(entries))
        for follower in self.peers:
            self.set_timer(Retransmit(follower), self.retransmit_ms)

    def on_append(self, src: NodeId, msg: Append):  # Leaders and Followers 2
        for entry in msg.entries:
            if entry.index == self.last_index + 1:
                self.append(entry)
        if msg.entries and msg.entries[0].index > self.last_index + 1:
            return self.fetch("an entry in between is missing")
        self.safe = self.last_index
        self.send(src, Appended(self.last_index))

    def fetch(self, why: str):
        self.note(why)
        self.send(self.leader, Fetch(self.last_index))  # New Followers 3

    def on_fetch(self, src: NodeId, msg: Fetch):  # New Followers 4
        if msg.after >= self.snapshot.index:
            return self.send(src, Append(self.behind(msg.after)))
        self.note("the log no longer reaches back")
        self.send(src, Install(self.snapshot, tuple(self.log)))

    def on_install(self, src: NodeId, msg: Install):  # New Followers 2
        if msg.snapshot.index > self.last_index:
            self.snapshot, self.log, self.safe = msg.snapshot, Log(), msg.snapshot.index
            self.replay()
        self.on_append(src, Append(msg.entries))

    def on_appended(self, src: NodeId, msg: Appended):
        self.acked[src] = max(msg.index, self.acked.get(src, 0))
        self.advance_safe()
        if self.acked[src] == self.last_index:
            self.cancel_timer(Retransmit(src))

    def on_retransmit(self, timer: Retransmit):
        self.on_fetch(timer.follower, Fetch(self.acked.get(timer.follower, 0)))
        self.set_timer(timer, self.retransmit_ms)

    def safe_index(self) -> int:  # Synchronous Versus Asynchronous
        """How far the log is on the disks of the leader and of enough followers."""
        confirmed = sorted((self.acked.get(f, 0) for f in self.peers), reverse=True)
        return [self.last_index, *confirmed][self.sync_followers]

    def advance_safe(self):
        """Answer what is safe. Only now do readers see it: after-sync."""
        before, self.safe = self.safe, max(self.safe, self.safe_index())
        for entry in self.behind(before)[: self.safe - before]:
            self.answer(entry)

    # ------------------------------------------------------------------ memory and disk
    @property
    def visible(self) -> int:
        """How much of the log readers see."""
        return self.safe

    def after_event(self):
        for entry in self.behind(self.applied):
            if entry.index <= self.visible:
                self.rows[entry.key], self.applied = entry, entry.index
        if self.safe - self.snapshot.index >= 2 * self.log_kept:
            self.compact()

    def compact(self):  # New Followers 1
        """Fold old entries into the snapshot: safe ones, which nothing takes back."""
        old = self.log.cut(self.log_kept)
        rows = {entry.key: entry for entry in (*self.snapshot.rows, *old)}
        requests = {entry.client: entry for entry in (*self.snapshot.requests, *old)}
        index, kept = self.snapshot.index + len(old), self.log.after(len(old))
        self.snapshot = Snapshot(index, tuple(rows.values()), tuple(requests.values()))
        self.log = Log(*kept)

    def replay(self):
        """Compute from the disk what is kept in memory."""
        self.rows = {entry.key: entry for entry in self.snapshot.rows}
        self.applied = self.snapshot.index  # `after_event` goes on from here
        self.requests = {e.client: e for e in (*self.snapshot.requests, *self.log)}

    def on_recover(self, report):  # Follower failure
        if report.torn:  # the snapshot may be newer than the log, the log than `safe`
            index = self.snapshot.index
            self.log = Log(*(entry for entry in self.log if entry.index > index))
            self.safe = max(self.safe, index)
        self.replay()
        if self.id == self.leader:
            return self.tell_followers(())
        self.fetch("back from a crash")
