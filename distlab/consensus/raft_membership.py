"""Raft whose servers change: who decides stands in the log, as all else does.

Source
    Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX
    ATC 2014, section 6: joint consensus.
Guarantees
    As Raft, while servers come and go, any number at a time. At no time can two
    majorities decide apart: old and new ones overlap in what is between them.
Assumes
    As Raft. Of the old servers and of the new a majority is up during a change.
Costs
    As Raft. A change takes two entries, one after the other.
Departs
    A new server is not brought up to date before it counts. A candidate asks all that
    it knows for their votes, and counts those of members.
"""

from __future__ import annotations

from distlab.consensus.client import KeyValueClient, Request
from distlab.consensus.raft import (
    AppendEntries,
    ElectionTimeout,
    Heartbeat,
    Raft,
    RaftMessage,
    RequestVote,
    Role,
)
from distlab.node import NodeId, Timer, setting, volatile
from distlab.quorum import Joint, Majority, Quorum
from distlab.replicated import Command, Delivered


class Reconfiguration(Command):
    """Who decides from here on: `Joint` of old and new, or the new ones alone."""

    quorum: Quorum

    def __str__(self) -> str:
        both = "old and new: " if isinstance(self.quorum, Joint) else ""
        members = ", ".join(self.quorum.members())
        return f"{self.client}#{self.number} {both}{members}"


class LeaderSilent(Timer):
    """Nothing heard from a leader for the shortest election timeout."""


class MembershipClient(KeyValueClient):
    """A client that may also say which servers there shall be."""

    def change_members(self, members: tuple[NodeId, ...]):
        self.ask("change_members", members)


class RaftMembership(Raft):
    """Raft with `first` for its members at the beginning; others wait to be added."""

    client = MembershipClient

    first: tuple[NodeId, ...] = setting(())  # (): all that there are

    hears: bool = volatile(False)  # from a leader, within the shortest election timeout

    @property
    def configured_at(self) -> int:
        """Where in the log the latest configuration stands; 0: there was no change."""
        for index in range(self.log.last_index, 0, -1):
            if isinstance(self.log[index].command, Reconfiguration):
                return index
        return 0

    @property
    def quorum(self) -> Quorum:  # §6, in the log: whether it is committed or not
        if latest := self.configured_at:
            command = self.log[latest].command
            assert isinstance(command, Reconfiguration)
            return command.quorum
        return Majority(self.first or self.nodes)

    @property
    def members(self) -> tuple[NodeId, ...]:
        return self.quorum.members()

    def on_election_timeout(self, timer: ElectionTimeout):
        if self.id in self.members:
            super().on_election_timeout(timer)

    def tell_followers(self):
        for member in self.members:
            if member != self.id:
                self.send_entries(member)
        self.set_timer(Heartbeat(), self.heartbeat_ms)

    # -------------------------------------------- servers that do not know they are out
    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        super().on_append_entries(src, msg)
        if msg.term == self.current_term:
            self.hears = True
            self.set_timer(LeaderSilent(), self.election_ms[0])

    def on_leader_silent(self, timer: LeaderSilent):
        self.hears = False

    @property
    def has_a_leader(self) -> bool:
        return self.hears or self.role is Role.LEADER

    def before_raft_message(self, src: NodeId, msg: RaftMessage):  # §6, disregard
        if not (isinstance(msg, RequestVote) and self.has_a_leader):
            super().before_raft_message(src, msg)

    def on_request_vote(self, src: NodeId, msg: RequestVote):  # §6, disregard
        if self.has_a_leader:
            return self.ignore("there is a leader")
        super().on_request_vote(src, msg)

    # -------------------------------------------------------------------- the two steps
    def on_request(self, src: NodeId, msg: Request):
        leads, asked = self.role is Role.LEADER, msg.number <= self.service.last(src)
        if msg.call.name != "change_members" or not leads or asked:
            return super().on_request(src, msg)
        if self.configured_at > self.commit_index:
            return self.ignore("another change is under way")
        self.change(src, msg)

    def change(self, src: NodeId, msg: Request):  # §6, C old,new
        (members,) = msg.call.args
        both = Joint(self.quorum, Majority(members))
        self.append(Reconfiguration(src, msg.number, msg.call, both))

    def after_event(self):
        super().after_event()
        if self.role is Role.LEADER and self.configured_at <= self.commit_index:
            self.go_on()

    def go_on(self):
        """The latest configuration is committed: what follows from that."""
        quorum = self.quorum
        if isinstance(quorum, Joint):  # §6, C new: begun by itself or by another
            joint = self.log[self.configured_at].command
            assert joint
            asked = joint.client, joint.number, joint.call
            self.append(Reconfiguration(*asked, quorum.new))
        elif self.id not in quorum.members():  # §6, not part of C new
            self.note("leaves")
            self.role, self.leader = Role.FOLLOWER, None
            self.cancel_timer(Heartbeat())

    def apply(self, index: int):
        command = self.log[index].command
        if isinstance(command, Reconfiguration):
            if isinstance(command.quorum, Joint):  # half of a change: nothing to answer
                self.last_applied = index
                return self.output(Delivered(index, command))
            if self.service.last(command.client) < command.number:
                self.service.answers[command.client] = command.number, True
        super().apply(index)
