"""Paxos: several nodes choose one of the values that were proposed, for ever.

Source
    Lamport, "Paxos Made Simple", ACM SIGACT News 32(4), 2001, section 2.
Guarantees
    Only a proposed value is chosen, only one is, and nobody learns of one that is not.
    Once messages get through and a majority stays up, every proposal ends, with the
    value that was chosen: with certainty if one proposer is left alone, with
    probability 1 if several are.
Assumes
    The nodes stay the same. Messages may be lost, doubled and reordered. Nodes may
    crash and recover with their disks (the last record may be torn).
Costs
    Two round trips, 5n - 1 messages (with those to oneself), and one sync after the
    other: of the proposer, of a majority for the promise, of a majority for the vote.
Departs
    Every node is proposer, acceptor and learner. The proposer of a ballot learns for
    all and tells the others. Who accepts a proposal promises as much as its preparation
    would have asked, so that the last that it has accepted is the highest. A proposer
    that gets nowhere tries again after a random time; the paper elects one instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from distlab.node import (
    Assumes,
    Call,
    Message,
    Node,
    NodeId,
    Record,
    Timer,
    Value,
    durable,
    ghost,
    setting,
    volatile,
)
from distlab.quorum import Majority, Votes


class Ballot(NamedTuple):
    """The number of a proposal. No two proposers use the same: their names differ."""

    number: int
    proposer: NodeId


class Proposal(Value):
    """A value with a number."""

    ballot: Ballot
    value: Any


class Prepare(Message):
    """Promise to accept nothing below this ballot."""

    ballot: Ballot


class Promise(Message):
    """I do, and this is the highest proposal that I have accepted."""

    ballot: Ballot
    accepted: Proposal | None


class Accept(Message):
    """Accept this proposal."""

    ballot: Ballot
    value: Any


class Accepted(Message):
    """I have."""

    ballot: Ballot


class Nack(Message):
    """I have promised not to: to one with a higher number."""

    ballot: Ballot
    promised: Ballot


class Decided(Message):
    """This value has been chosen."""

    value: Any


class Retry(Timer):
    """The last ballot has come to nothing."""


class Pending(Record):
    """One phase of the ballot under way: what was asked, and who has answered."""

    request: Prepare | Accept
    votes: Votes = Votes()


class Paxos(Node):
    """`propose(value)` ends with the value that was chosen: this one, or another's."""

    assumes = Assumes(disk="torn writes")

    retry_ms: tuple[float, float] | None = setting((50, 150))  # None: tries once

    # As proposer
    number: int = durable(0)  # the highest that it has used or heard of
    value: Any = volatile(None)  # what it was asked to propose
    pending: Pending | None = volatile(None)
    # As acceptor
    promised: Ballot = durable(Ballot(0, ""))  # it accepts nothing below
    accepted: Proposal | None = durable(None)  # the highest
    voted: frozenset[Proposal] = ghost(frozenset())  # all that it has ever accepted
    # As learner
    decided: Decided | None = volatile(None)

    # --------------------------------------------------------------------- the proposer
    def propose(self, value: Any):
        if self.decided:
            return self.ok(self.decided.value)
        self.value = value
        self.prepare()

    def prepare(self):  # §2.2, Phase 1 (a)
        self.number += 1
        self.ask(Prepare(Ballot(self.number, self.id)))
        if self.retry_ms:
            self.set_timer(Retry(), *self.retry_ms)

    def ask(self, request: Prepare | Accept):
        self.pending = Pending(request)
        self.send(self.nodes, request)

    def on_promise(self, src: NodeId, msg: Promise):  # §2.2, Phase 2 (a)
        if not self.awaits(msg, Prepare):
            return self.ignore("answers a phase that is over")
        assert self.pending
        self.pending.votes.add(src, msg.accepted)
        if self.enough():
            self.ask(Accept(msg.ballot, self.value_for(self.pending.votes.messages())))

    def value_for(self, reported: tuple[Proposal | None, ...]) -> Any:  # §2.2, P2c
        """The value of the highest proposal that was reported; its own if none was."""
        accepted = [proposal for proposal in reported if proposal]
        if not accepted:
            return self.value
        self.note("proposes what it has found")
        return max(accepted, key=lambda proposal: proposal.ballot).value

    def awaits(self, answer: Promise | Accepted | Nack, *phases: type) -> bool:
        """Whether an answer is one to the phase under way, not to an earlier one."""
        if self.pending is None or not isinstance(self.pending.request, phases):
            return False
        return self.pending.request.ballot == answer.ballot

    def enough(self) -> bool:
        """Whether those who have answered are a majority."""
        assert self.pending
        return Majority(self.nodes).has(self.pending.votes.by())

    def on_nack(self, src: NodeId, msg: Nack):  # §2.2, abandon
        if not self.awaits(msg, Prepare, Accept):
            return self.ignore("answers a phase that is over")
        self.note("outbid")
        self.number = max(self.number, msg.promised.number)
        self.pending = None

    def on_retry(self, timer: Retry):  # §2.4, progress
        self.prepare()

    # --------------------------------------------------------------------- the acceptor
    def on_prepare(self, src: NodeId, msg: Prepare):  # §2.2, Phase 1 (b)
        if msg.ballot < self.promised:
            return self.send(src, Nack(msg.ballot, self.promised))
        self.promised = msg.ballot
        self.send(src, Promise(msg.ballot, self.accepted))

    def on_accept(self, src: NodeId, msg: Accept):  # §2.2, Phase 2 (b)
        if msg.ballot < self.promised:
            return self.send(src, Nack(msg.ballot, self.promised))
        self.promised, self.accepted = msg.ballot, Proposal(msg.ballot, msg.value)
        self.voted |= {self.accepted}
        self.send(src, Accepted(msg.ballot))

    # ---------------------------------------------------------------------- the learner
    def on_accepted(self, src: NodeId, msg: Accepted):  # §2.3, learn
        if not self.awaits(msg, Accept):
            return self.ignore("answers a phase that is over")
        assert self.pending and isinstance(self.pending.request, Accept)
        self.pending.votes.add(src)
        if self.enough():
            decided = Decided(self.pending.request.value)
            self.send(self.peers, decided)  # §2.3, distinguished learner
            self.on_decided(self.id, decided)

    def on_decided(self, src: NodeId, msg: Decided):
        if self.decided:
            return self.ignore("knows it")
        self.decided, self.pending = msg, None
        self.output(msg)
        if self.operation:
            self.cancel_timer(Retry())
            self.ok(msg.value)

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node proposes when a run says nothing else: a value of its own."""
        yield Call("propose", (f"from {node}",))
