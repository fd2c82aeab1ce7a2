"""Raft's leader election: at most one leader a term, chosen by a majority.

Source
    Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm",
    USENIX ATC 2014, Figure 2 (State, RequestVote RPC, Rules for Servers), section 5.2.
Guarantees
    Election safety: at most one leader in a term.
Assumes
    Crash-recovery with durable state; messages may be lost, repeated, reordered.
Costs
    2(n - 1) messages and one round trip per election without a split vote.
Departs
    Without a log, every candidate is up to date.
"""

from __future__ import annotations

from enum import Enum

from distlab.node import (
    Assumes,
    Message,
    Node,
    NodeId,
    Timer,
    durable,
    ghost,
    setting,
    volatile,
)
from distlab.quorum import Majority, Votes


class Role(Enum):
    """What a node takes itself for."""

    FOLLOWER = "follower"
    CANDIDATE = "candidate"
    LEADER = "leader"


class RaftMessage(Message):
    """What every message carries."""

    term: int


class RequestVote(RaftMessage):
    """The sender wants to lead in this term."""


class RequestVoteResponse(RaftMessage):
    """Whether it may."""

    vote_granted: bool


class ElectionTimeout(Timer):
    """Nothing heard from a leader for a while."""


class RaftElection(Node):
    """Outputs `("leader", term)` when elected."""

    assumes = Assumes(failures="crash-recovery", f="minority")

    timeout_ms: float = setting(150)  # to twice that

    current_term: int = durable(0)
    voted_for: NodeId | None = durable(None)
    role: Role = volatile(Role.FOLLOWER)
    votes: Votes = volatile(Votes())
    led: tuple[int, ...] = ghost(())  # the terms in which this node was leader

    def on_start(self):
        self.wait()

    def on_recover(self, report):
        self.wait()

    def wait(self):
        self.set_timer(ElectionTimeout(), self.timeout_ms, 2 * self.timeout_ms)

    def before_raft_message(self, src: NodeId, msg: RaftMessage):  # All Servers, 2
        if msg.term > self.current_term:
            if self.role is Role.LEADER:  # a leader has no election timer
                self.wait()
            self.current_term, self.voted_for = msg.term, None
            self.role = Role.FOLLOWER

    def on_election_timeout(self, timer: ElectionTimeout):  # Candidates, 1
        self.role = Role.CANDIDATE
        self.current_term += 1
        self.voted_for = self.id
        self.votes = Votes()
        self.votes.add(self.id)
        self.wait()
        self.send(self.peers, RequestVote(self.current_term))

    def on_request_vote(self, src: NodeId, msg: RequestVote):  # RequestVote RPC
        grant = msg.term == self.current_term and self.voted_for in (None, src)
        if grant:
            self.voted_for = src
            self.wait()
        self.send(src, RequestVoteResponse(self.current_term, grant))

    def on_request_vote_response(self, src: NodeId, msg: RequestVoteResponse):
        if msg.term < self.current_term:
            return self.ignore("a vote in an older term")
        if self.role is Role.CANDIDATE and msg.vote_granted:
            self.votes.add(src)

    def after_event(self):  # Candidates, 2
        if self.role is Role.CANDIDATE and Majority(self.nodes).has(self.votes.by()):
            self.role = Role.LEADER
            self.led = (*self.led, self.current_term)
            self.cancel_timer(ElectionTimeout())
            self.output(("leader", self.current_term))

    def invariant(self):
        if self.role is Role.LEADER and self.voted_for != self.id:
            return f"{self.id} leads term {self.current_term} and voted for another"
