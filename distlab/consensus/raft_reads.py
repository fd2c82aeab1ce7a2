"""Raft that reads without writing to the log: by asking whether it still leads.

Source
    Ongaro, "Consensus: Bridging Theory and Practice", dissertation, Stanford 2014,
    section 6.4, "Processing read-only queries more efficiently", steps 1 to 5.
Guarantees
    As Raft; reads are linearizable.
Assumes
    As Raft. The commands named in `looks` change nothing.
Costs
    A read takes 2(n - 1) messages, as in Raft, and no sync of any server's disk.
Departs
    The round of heartbeats is one of messages that name the round, one for each read.
    Until its first entry is committed a leader does not wait: reads go through the log.
    What it was asked before it was replaced it forgets, and the client asks again.
"""

from __future__ import annotations

from distlab.consensus.client import Reply, Request
from distlab.consensus.raft import ElectionTimeout, Raft, RaftMessage, Role
from distlab.node import Call, NodeId, Record, setting, volatile


class Confirm(RaftMessage):
    """Does a majority still take me for the leader of this term?"""

    round: int


class ConfirmResponse(RaftMessage):
    """When `round` of this term reached me I knew of no later one. 0: I did."""

    round: int


class PendingRead(Record):
    """A read that waits until its round has confirmed that this is the leader."""

    client: NodeId
    number: int
    call: Call
    read_index: int  # what was committed when it came
    confirmed: set[NodeId]  # by whom


class RaftReads(Raft):
    """Raft, and a leader that reads from its own state once it knows that it leads."""

    looks: tuple[str, ...] = setting(("read",))  # commands that change nothing

    round: int = volatile(0)  # the last that it began
    reads: dict[int, PendingRead] = volatile({})  # by round

    def on_request(self, src: NodeId, msg: Request):
        if msg.call.name not in self.looks or not self.knows_what_is_committed:
            return super().on_request(src, msg)
        self.start_round()
        read = PendingRead(src, msg.number, msg.call, self.commit_index, {self.id})
        self.reads[self.round] = read  # §6.4, 2

    @property
    def knows_what_is_committed(self) -> bool:  # §6.4, 1
        committed = self.term_at(self.commit_index)
        return self.role is Role.LEADER and committed == self.current_term

    def start_round(self):  # §6.4, 3
        self.round += 1
        self.send(self.peers, Confirm(self.current_term, self.round))

    def on_confirm(self, src: NodeId, msg: Confirm):
        if msg.term < self.current_term:
            return self.send(src, ConfirmResponse(self.current_term, 0))
        self.role, self.leader = Role.FOLLOWER, src
        self.set_timer(ElectionTimeout(), *self.election_ms)
        self.send(src, ConfirmResponse(msg.term, msg.round))

    def on_confirm_response(self, src: NodeId, msg: ConfirmResponse):
        if self.role is not Role.LEADER or msg.term < self.current_term:
            return self.ignore("no answer to the leader of this term")
        if read := self.reads.get(msg.round):
            read.confirmed.add(src)

    def after_event(self):
        super().after_event()
        if self.role is not Role.LEADER:
            self.reads = {}
        for round, read in list(self.reads.items()):
            applied = self.last_applied >= read.read_index  # §6.4, 4
            if applied and self.quorum.has(read.confirmed):
                self.answer(self.reads.pop(round))

    def answer(self, read: PendingRead):  # §6.4, 5
        _, result = self.machine.apply(self.service.state, read.call)
        self.send(read.client, Reply(read.number, result))
