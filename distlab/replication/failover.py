"""Failover: a follower is promoted by hand; what only the old leader had is lost.

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 5,
    "Leader failure: Failover". Logs are compared by epochs as in Zab and Raft.
Guarantees
    Replicas that follow the same leader have the same log, but for lag. An answered
    write survives the leader's death if a follower that has it is promoted: any one if
    all are synchronous, the one furthest ahead if at least one is.
Assumes
    Whoever calls `promote` knows that the leader is dead and who is furthest ahead,
    which is not checked here. Nodes fail by stopping.
Costs
    As without failover. A promotion takes 2(n - 1) messages, and the whole log for each
    replica whose own does not continue the new leader's.
Departs
    No snapshots (see `single_leader`). A new leader shows all that it has at once. One
    that comes back from a crash leads on, until it hears of a later epoch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

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


class Epoch(NamedTuple):
    """A reign. A later one has a higher number; between equals the name decides."""

    number: int
    leader: NodeId  # "" at first: it is the first node


class Entry(Value):
    """A write in the log, and the epoch in which it was first written."""

    index: int
    epoch: Epoch
    key: str
    value: Any
    client: NodeId
    number: int


class InEpoch(Message):
    """What replicas say to each other counts in one epoch only."""

    epoch: Epoch


class Append(InEpoch):
    """The leader's log behind `after`, and the epoch of its entry there."""

    after: int
    after_epoch: Epoch
    entries: tuple[Entry, ...]


class Appended(InEpoch):
    """My disk has your log up to `index`."""

    index: int


class Fetch(InEpoch):
    """Send me your log behind `after`."""

    after: int


class Retransmit(Timer):
    """This follower has not confirmed all of the log."""

    follower: NodeId


class Failover(Node):
    """A replica that may be promoted: `promote`, when its leader is dead."""

    assumes = Assumes(failures="crash-stop", disk="loses writes", f=1)
    client = KeyValueClient

    sync_followers: int = setting(0)
    retransmit_ms: float = setting(50)

    epoch: Epoch = durable(Epoch(1, ""))
    log: Log[Entry] = durable(Log())
    safe: int = durable(0)  # up to here readers see the log
    leading: bool = volatile(False)
    acked: dict[NodeId, int] = volatile({})  # by each follower, in this epoch
    rows: dict[str, Entry] = volatile({})  # by key, the log up to `applied`
    applied: int = volatile(0)
    requests: dict[NodeId, Entry] = volatile({})  # the latest in the log, by client

    @property
    def leader(self) -> NodeId:
        return self.epoch.leader or self.nodes[0]

    @property
    def last_index(self) -> int:
        return self.log.last_index

    def epoch_at(self, index: int) -> Epoch:
        return self.log[index].epoch if 0 < index <= self.last_index else Epoch(0, "")

    # --------------------------------------------------------------------------- epochs
    def on_start(self):
        self.leading = self.id == self.leader

    def promote(self):  # Failover 2
        if not self.leading:
            self.become_leader(Epoch(self.epoch.number + 1, self.id))
        self.ok()

    def become_leader(self, epoch: Epoch):
        self.note(f"leads epoch {epoch.number}")
        self.epoch, self.leading, self.acked = epoch, True, {}
        self.tell_followers(self.last_index)

    def before_in_epoch(self, src: NodeId, msg: InEpoch):
        if msg.epoch > self.epoch:
            self.become_follower(msg.epoch)

    def become_follower(self, epoch: Epoch):  # Failover 3
        if self.leading:
            self.note("leads no longer")
            for follower in self.peers:
                self.cancel_timer(Retransmit(follower))
        self.epoch, self.leading = epoch, False

    # ------------------------------------------------------------------------- requests
    def on_write(self, src: NodeId, msg: Write):
        if not self.leading:
            return self.send(src, Redirect(msg.number, self.leader))
        latest = self.requests.get(src)
        if latest and msg.number < latest.number:
            return self.ignore("an old request: its client has gone on")
        if latest and msg.number == latest.number:
            if latest.index > self.safe_index():  # in this epoch, whoever answered it
                return self.ignore("a retry: the answer waits for followers")
            return self.answer(latest)
        place = self.last_index + 1
        entry = Entry(place, self.epoch, msg.key, msg.value, src, msg.number)
        self.log, self.requests[src] = self.log.append(entry), entry
        self.tell_followers(self.last_index - 1)
        self.advance_safe()

    def answer(self, entry: Entry):
        self.send(entry.client, WriteReply(entry.number))

    def on_read(self, src: NodeId, msg: Read):
        if not self.leading and not msg.anywhere:
            return self.send(src, Redirect(msg.number, self.leader))
        row = self.rows.get(msg.key)
        self.send(src, ReadReply(msg.number, row and row.value, self.applied))

    # ---------------------------------------------------------------------- replication
    def tell_followers(self, after: int):
        for follower in self.peers:
            self.send_log(follower, after)
            self.set_timer(Retransmit(follower), self.retransmit_ms)

    def send_log(self, to: NodeId, after: int):
        there, entries = self.epoch_at(after), self.log.after(after)
        self.send(to, Append(self.epoch, after, there, entries))

    def on_append(self, src: NodeId, msg: Append):
        if msg.epoch < self.epoch:
            return self.send(src, Appended(self.epoch, 0))  # so that it leads no longer
        if msg.after > self.last_index:
            return self.send(src, Fetch(self.epoch, self.last_index))
        if msg.after_epoch != self.epoch_at(msg.after):
            return self.send(src, Fetch(self.epoch, 0))
        theirs = self.log.cut(msg.after).extend(msg.entries)
        ours_is_newer = self.last_index > theirs.last_index  # of the same leader's log
        if not (ours_is_newer and self.epoch_at(self.last_index) == self.epoch):
            self.follow(theirs)
        self.send(src, Appended(self.epoch, self.last_index))

    def follow(self, log: Log[Entry]):  # Failover, writes discarded
        """Have this log. What we have and it has not is lost."""
        if log.cut(self.last_index) != self.log:
            self.note("discards the end of its log")
            self.rows, self.applied, self.requests = {}, 0, {}
        self.requests |= {entry.client: entry for entry in log.after(self.applied)}
        self.log, self.safe = log, log.last_index

    def on_fetch(self, src: NodeId, msg: Fetch):
        if not self.leading:
            return self.ignore("not meant for one that does not lead")
        self.send_log(src, msg.after)

    def on_appended(self, src: NodeId, msg: Appended):
        if not self.leading or msg.epoch < self.epoch:
            return self.ignore("not meant for the leader of this epoch")
        self.acked[src] = max(msg.index, self.acked.get(src, 0))
        self.advance_safe()
        if self.acked[src] == self.last_index:
            self.cancel_timer(Retransmit(src))

    def on_retransmit(self, timer: Retransmit):
        self.send_log(timer.follower, self.acked.get(timer.follower, self.last_index))
        self.set_timer(timer, self.retransmit_ms)

    def safe_index(self) -> int:
        """How far the log is on the disks of the leader and of enough followers."""
        confirmed = sorted((self.acked.get(f, 0) for f in self.peers), reverse=True)
        return [self.last_index, *confirmed][self.sync_followers]

    def advance_safe(self):
        before, self.safe = self.safe, max(self.safe, self.safe_index())
        for entry in self.log.cut(self.safe).after(before):
            self.answer(entry)

    # ------------------------------------------------------------------ memory and disk
    @property
    def visible(self) -> int:
        return self.safe

    def after_event(self):
        for entry in self.log.cut(self.visible).after(self.applied):
            self.rows[entry.key], self.applied = entry, entry.index

    def on_recover(self, report):
        safe = min(self.safe, self.last_index)  # a torn record: the log was cut, not it
        self.follow(self.log)
        self.safe = safe
        if self.leader == self.id:
            return self.become_leader(self.epoch)
        self.send(self.leader, Fetch(self.epoch, self.last_index))
