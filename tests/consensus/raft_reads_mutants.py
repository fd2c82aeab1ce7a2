"""What reads without the log may forget, one rule each, named after it."""

from distlab.consensus.client import Request
from distlab.consensus.raft import RaftMessage, Role
from distlab.consensus.raft_leases import RaftLeases
from distlab.consensus.raft_reads import (
    Confirm,
    ConfirmResponse,
    PendingRead,
    RaftReads,
)
from distlab.node import NodeId


class ReadsBeforeItsNoOp(RaftReads):
    """§6.4, 1: what earlier leaders have committed it may not know yet."""

    @property
    def knows_what_is_committed(self) -> bool:
        return self.role is Role.LEADER


class AsksNobody(RaftReads):
    """§6.4, 3: it was elected once."""

    def on_request(self, src: NodeId, msg: Request):
        super().on_request(src, msg)
        if read := self.reads.get(self.round):
            read.confirmed |= {*self.nodes}


class TakesAnOldRound(RaftReads):
    """§6.4, 3: an answer to a round that began before the read had come."""

    def on_confirm_response(self, src: NodeId, msg: ConfirmResponse):
        super().on_confirm_response(src, msg)
        if self.role is Role.LEADER and msg.term == self.current_term:
            for read in self.reads.values():
                read.confirmed.add(src)


class ConfirmsOldTerms(RaftReads):
    """§6.4, 3: also when it knows of a later leader."""

    def on_confirm(self, src: NodeId, msg: Confirm):
        if msg.term == self.current_term:
            return super().on_confirm(src, msg)
        self.send(src, ConfirmResponse(msg.term, msg.round))


class ConfirmedByHalf(RaftReads):
    """§6.4, 3: one answer fewer than a majority."""

    def after_event(self):
        for read in self.reads.values():
            if len(read.confirmed) >= len(self.nodes) // 2:
                read.confirmed |= {*self.nodes}
        super().after_event()


class VotesAllTheSame(RaftLeases):
    """§4.2.3: what it has promised with its answer does not bind it."""

    def on_confirm(self, src: NodeId, msg: Confirm):
        super().on_confirm(src, msg)
        self.bound_ms = 0


class TakesTheTerm(RaftLeases):
    """§4.2.3: gives no vote, and makes its leader step down."""

    def before_raft_message(self, src: NodeId, msg: RaftMessage):
        RaftReads.before_raft_message(self, src, msg)


class ForgetsItsPromise(RaftLeases):
    """§4.2.3: a crash undoes it."""

    def on_recover(self, report):
        super().on_recover(report)
        self.bound_ms = 0


class LeasedFromTheAnswer(RaftLeases):
    """§6.4.1: by then voters have waited for a while."""

    def extend_lease(self, round: int):
        self.begun_ms[round] = self.now_ms
        super().extend_lease(round)


class LeasedForGood(RaftLeases):
    """§6.4.1: who was elected leads."""

    def extend_lease(self, round: int):
        super().extend_lease(round)
        self.leased_ms = float("inf")


class LeasedByHalf(RaftLeases):
    """§6.4.1: one answer fewer than a majority."""

    def start_round(self):
        super().start_round()
        if len(self.nodes) < 4:
            self.extend_lease(self.round)


class ReadsAnythingByLease(RaftLeases):
    """§6.4.1, read: what it looks at may change with it."""

    def on_request(self, src: NodeId, msg: Request):
        if self.knows_what_is_committed and self.now_ms < self.leased_ms:
            read = PendingRead(src, msg.number, msg.call, self.commit_index, set())
            return self.answer(read)
        super().on_request(src, msg)
