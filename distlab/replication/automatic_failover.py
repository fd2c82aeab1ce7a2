"""Automatic failover: a follower that hears nothing from its leader has one replaced.

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 5,
    "Leader failure: Failover", steps 1 to 3, and what can go wrong with each.
Guarantees
    While the timing below holds, one leader at a time, and with `sync_followers` of at
    least one an answered write survives the crash of any one node.
Assumes
    Nothing is lost. A heartbeat arrives within `failover_ms` of the one before, and the
    answers to a poll within `poll_ms`, pauses included: who is silent is dead. One node
    at most is down at a time. None of this can be checked from inside.
Costs
    2(n - 1) messages for each `heartbeat_ms`. A dead leader is missed after one to one
    and a half times `failover_ms`, replaced after a poll more.
Departs
    The book leaves open who chooses: here every follower watches the leader, and the
    first that misses it chooses. It asks for no majority, so that one that is cut off
    may choose itself.
"""

from __future__ import annotations

from distlab.node import Assumes, NodeId, Timer, setting, volatile
from distlab.replication.failover import Append, Epoch, Failover, InEpoch


class Poll(InEpoch):
    """I hear nothing from the leader. How far is your log?"""


class Position(InEpoch):
    """My log ends with the entry `index` of the epoch `last_epoch`."""

    last_epoch: Epoch
    index: int


class Promote(InEpoch):
    """Of those that answered you are furthest ahead: lead the epoch of this message."""


class Heartbeat(Timer):
    """Time to tell the followers that the leader lives."""


class LeaderTimeout(Timer):
    """Nothing heard from the leader for a while."""


class PollEnd(Timer):
    """Who has not answered by now is not reachable."""


class AutomaticFailover(Failover):
    """A replica that sees to it that there is a leader, as well as a timeout can."""

    assumes = Assumes(links="at least once", disk="torn writes", f=1)

    heartbeat_ms: float = setting(50)
    failover_ms: float = setting(200)
    poll_ms: float = setting(30)

    positions: dict[NodeId, tuple[Epoch, int]] = volatile({})  # who answered the poll

    def on_start(self):
        super().on_start()
        if self.leading:
            return self.set_timer(Heartbeat(), self.heartbeat_ms)
        self.expect_leader()

    def on_heartbeat(self, timer: Heartbeat):
        self.tell_followers(self.last_index)
        self.set_timer(timer, self.heartbeat_ms)

    def on_append(self, src: NodeId, msg: Append):
        super().on_append(src, msg)
        if msg.epoch == self.epoch:
            self.expect_leader()

    def expect_leader(self):
        self.cancel_timer(PollEnd())
        self.set_timer(LeaderTimeout(), self.failover_ms, 1.5 * self.failover_ms)

    def on_leader_timeout(self, timer: LeaderTimeout):  # Failover 1
        self.note(f"{self.id} misses its leader")
        self.expect_leader()  # or whoever is promoted
        self.positions = {self.id: self.position}
        self.send(self.peers, Poll(self.epoch))
        self.set_timer(PollEnd(), self.poll_ms)

    @property
    def position(self) -> tuple[Epoch, int]:
        """How far its own log is: a later epoch's is further, whatever its length."""
        return self.epoch_at(self.last_index), self.last_index

    def on_poll(self, src: NodeId, msg: Poll):
        if self.leading:
            return self.send_log(src, self.last_index)
        self.send(src, Position(self.epoch, *self.position))

    def on_position(self, src: NodeId, msg: Position):
        self.positions[src] = msg.last_epoch, msg.index

    def on_poll_end(self, timer: PollEnd):  # Failover 2
        furthest = max(self.positions.values())
        best = next(n for n in self.nodes if self.positions.get(n) == furthest)
        epoch = Epoch(self.epoch.number + 1, best)
        if best == self.id:
            return self.become_leader(epoch)
        self.send(best, Promote(epoch))

    def on_promote(self, src: NodeId, msg: Promote):
        if self.leading or msg.epoch < self.epoch:
            return self.ignore("a later choice has been made, or this one carried out")
        self.become_leader(msg.epoch)

    def become_leader(self, epoch: Epoch):
        super().become_leader(epoch)
        self.cancel_timer(LeaderTimeout())
        self.cancel_timer(PollEnd())
        self.set_timer(Heartbeat(), self.heartbeat_ms)

    def become_follower(self, epoch: Epoch):  # Failover 3
        super().become_follower(epoch)
        self.cancel_timer(Heartbeat())
        self.expect_leader()

    def on_recover(self, report):
        """Whoever it was, it follows: another may have been promoted meanwhile."""
        safe = min(self.safe, self.last_index)
        self.follow(self.log)
        self.safe = safe
        self.expect_leader()
