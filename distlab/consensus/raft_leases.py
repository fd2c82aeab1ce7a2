"""Raft whose leader reads at once, as long as it cannot have been replaced.

Source
    Ongaro, "Consensus: Bridging Theory and Practice", dissertation, Stanford 2014,
    section 6.4.1 (leases), and 4.2.3 (who hears from a leader votes for nobody).
Guarantees
    As Raft; reads are linearizable while clocks run as they should.
Assumes
    As Raft, but for clocks: they advance alike, for an election timeout at least, and
    none of them is set. Otherwise a read may be old; writes do not depend on clocks.
Costs
    A read takes no messages between servers while there is a lease. A lease takes
    2(n - 1) messages for each `heartbeat_ms`.
Departs
    The heartbeats that a lease is counted from are messages of their own. Clocks may
    differ by the share `drift`, by which a lease is shorter. A node that comes back
    from a crash votes for nobody for an election timeout, since it may have promised.
"""

from __future__ import annotations

from distlab.consensus.client import Request
from distlab.consensus.raft import Heartbeat, RaftMessage, RequestVote
from distlab.consensus.raft_reads import (
    Confirm,
    ConfirmResponse,
    PendingRead,
    RaftReads,
)
from distlab.node import Assumes, NodeId, setting, volatile
from distlab.quorum import Votes


class RaftLeases(RaftReads):
    """Raft, and a leader that reads from its own state while its lease lasts."""

    assumes = Assumes(disk="torn writes", clock="exact")

    drift: float = setting(0.01)  # how much faster one clock may run than another

    bound_ms: float = volatile(0)  # until then it votes for nobody, by its own clock
    leased_ms: float = volatile(0)  # until then nobody else leads, by its own clock
    begun_ms: dict[int, float] = volatile({})  # by round
    confirmed: Votes = volatile(Votes())  # by round

    def on_recover(self, report):
        super().on_recover(report)
        self.bound_ms = self.now_ms + self.election_ms[0]  # as if just promised

    # -------------------------------------------------------------- what voters promise
    def on_confirm(self, src: NodeId, msg: Confirm):
        super().on_confirm(src, msg)
        if msg.term == self.current_term:
            self.bound_ms = self.now_ms + self.election_ms[0]

    def before_raft_message(self, src: NodeId, msg: RaftMessage):  # §4.2.3
        if not (isinstance(msg, RequestVote) and self.now_ms < self.bound_ms):
            super().before_raft_message(src, msg)

    def on_request_vote(self, src: NodeId, msg: RequestVote):  # §4.2.3
        if self.now_ms < self.bound_ms:
            return self.ignore("hears from a leader")
        super().on_request_vote(src, msg)

    # --------------------------------------------------------------- and what it is for
    def become_leader(self):
        super().become_leader()
        self.leased_ms, self.begun_ms = 0, {}
        self.start_round()

    def on_heartbeat(self, timer: Heartbeat):
        super().on_heartbeat(timer)
        self.start_round()

    def start_round(self):
        super().start_round()
        self.begun_ms[self.round] = self.now_ms  # before anybody can have heard of it

    def on_confirm_response(self, src: NodeId, msg: ConfirmResponse):
        super().on_confirm_response(src, msg)
        if msg.term == self.current_term and msg.round in self.begun_ms:
            self.confirmed.add(src, key=msg.round)
            if self.quorum.has([self.id, *self.confirmed.by(msg.round)]):
                self.extend_lease(msg.round)

    def extend_lease(self, round: int):  # §6.4.1
        self.confirmed.forget(round)
        lasts_ms = self.election_ms[0] * (1 - self.drift)
        self.leased_ms = max(self.leased_ms, self.begun_ms.pop(round) + lasts_ms)

    def on_request(self, src: NodeId, msg: Request):  # §6.4.1, read
        leased = self.knows_what_is_committed and self.now_ms < self.leased_ms
        if msg.call.name not in self.looks or not leased:
            return super().on_request(src, msg)
        self.answer(PendingRead(src, msg.number, msg.call, self.commit_index, set()))
