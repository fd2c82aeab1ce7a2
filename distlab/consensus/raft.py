"""Raft: a leader, elected by a majority, puts the commands of all into one order.

Source
    Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX
    ATC 2014: Figure 2, whose rules are named by box and number, and section 8.
Guarantees
    One leader a term. Logs that share an entry (index and term) are equal up to it; all
    that was committed is in each later leader's. Replicas execute the same commands in
    one order, each once. While a majority is up and timing holds, clients are answered.
Assumes
    Any node may crash and recover with its disk (the last record may be torn); messages
    may be lost, doubled, reordered. For progress they take far less than a timeout.
Costs
    2(n - 1) messages a command, a heartbeat, an election. A client waits for two round
    trips, its own and the leader's to a majority, and for two syncs, one by one.
Departs
    Answers say what they are about, and nobody waits for one: heartbeats carry what is
    lacking, a candidate asks again in the next term. An old AppendEntries does not take
    `commit_index` back, as its rule 5 would. Reads go through the log.
"""

from __future__ import annotations

from enum import Enum

from distlab.consensus.client import KeyValueClient, Redirect, Reply, Request
from distlab.machine import KeyValue, Machine
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
from distlab.quorum import Majority, Quorum
from distlab.replicated import Command, Delivered, Service, new


class Role(Enum):
    """What a node takes itself for."""

    FOLLOWER, CANDIDATE, LEADER = "follower", "candidate", "leader"


class Entry(Value):
    """A command, and the term in which a leader put it into its log. None: a no-op."""

    term: int
    command: Command | None


class RaftMessage(Message):
    """What every message carries."""

    term: int


class RequestVote(RaftMessage):
    """The sender wants to lead this term. So far goes its log."""

    last_log_index: int
    last_log_term: int


class RequestVoteResponse(RaftMessage):
    """Whether it may."""

    vote_granted: bool


class AppendEntries(RaftMessage):
    """What follows in the leader's log on an entry; none of them: a heartbeat."""

    prev_log_index: int
    prev_log_term: int
    entries: tuple[Entry, ...]
    leader_commit: int


class AppendEntriesResponse(RaftMessage):
    """My log is yours up to `index`. Without success: send me `index` too."""

    success: bool
    index: int


class ElectionTimeout(Timer):
    """Nothing heard from a leader for a while."""


class Heartbeat(Timer):
    """Time to show that the leader lives."""


class Raft(Node):
    """A replica of `machine`. The log is numbered from 1, as in the paper."""

    assumes = Assumes(disk="torn writes")
    client = KeyValueClient
    machine: Machine = setting(KeyValue())
    election_ms: tuple[float, float] = setting((150, 300))  # drawn between these
    heartbeat_ms: float = setting(50)

    # Persistent state on all servers
    current_term: int = durable(0)  # the latest it has seen
    voted_for: NodeId | None = durable(None)  # in this term
    log: Log[Entry] = durable(Log())
    # Volatile state on all servers
    commit_index: int = volatile(0)  # up to here the log never changes
    last_applied: int = volatile(0)  # up to here `service` has executed it
    service: Service = volatile(None)
    role: Role = volatile(Role.FOLLOWER)
    leader: NodeId | None = volatile(None)  # of this term, if known
    votes: set[NodeId] = volatile(set())  # for this node, in this term
    # Volatile state on leaders
    next_index: dict[NodeId, int] = volatile({})  # the first entry to send
    match_index: dict[NodeId, int] = volatile({})  # up to here the log is like ours

    def on_start(self):
        self.service = new(self.machine)
        self.set_timer(ElectionTimeout(), *self.election_ms)

    def on_recover(self, report):
        self.on_start()

    def term_at(self, index: int) -> int:
        return self.log[index].term if 0 < index <= self.log.last_index else 0

    @property
    def quorum(self) -> Quorum:
        return Majority(self.nodes)

    def before_raft_message(self, src: NodeId, msg: RaftMessage):  # All Servers 2
        if msg.term > self.current_term:
            if self.role is Role.LEADER:
                self.note("leads no longer")
                self.cancel_timer(Heartbeat())
                self.set_timer(ElectionTimeout(), *self.election_ms)
            self.role, self.leader = Role.FOLLOWER, None
            self.current_term, self.voted_for = msg.term, None

    def on_election_timeout(self, timer: ElectionTimeout):  # Followers 2
        if self.role is Role.CANDIDATE:  # Candidates 4
            self.note("no majority")
        self.role, self.leader = Role.CANDIDATE, None  # Candidates 1
        self.current_term += 1
        self.voted_for, self.votes = self.id, {self.id}
        self.set_timer(ElectionTimeout(), *self.election_ms)
        last = self.log.last_index
        self.send(self.peers, RequestVote(self.current_term, last, self.term_at(last)))

    def on_request_vote(self, src: NodeId, msg: RequestVote):  # RequestVote 1
        if granted := msg.term == self.current_term and self.may_vote(src, msg):
            self.voted_for = src
            self.set_timer(ElectionTimeout(), *self.election_ms)
        self.send(src, RequestVoteResponse(self.current_term, granted))

    def may_vote(self, src: NodeId, msg: RequestVote) -> bool:  # RequestVote 2
        ours = self.term_at(self.log.last_index), self.log.last_index
        theirs = msg.last_log_term, msg.last_log_index
        return self.voted_for in (None, src) and theirs >= ours

    def on_request_vote_response(self, src: NodeId, msg: RequestVoteResponse):
        if self.role is not Role.CANDIDATE or msg.term < self.current_term:
            return self.ignore("a vote in an election that is over")
        if msg.vote_granted:
            self.votes.add(src)

    def become_leader(self):  # Candidates 2
        self.note("leads")
        self.role, self.leader = Role.LEADER, self.id
        self.cancel_timer(ElectionTimeout())
        self.next_index = dict.fromkeys(self.peers, self.log.last_index + 1)
        self.match_index = dict.fromkeys(self.peers, 0)
        self.append(None)  # §8, no-op: it may not count copies of older entries

    def on_request(self, src: NodeId, msg: Request):  # Leaders 2
        if self.role is not Role.LEADER:  # §8, redirect
            return self.send(src, Redirect(msg.number, self.leader or self.id))
        if msg.number <= self.service.last(src):  # §8, serial numbers
            return self.send(src, Reply(*self.service.answers[src]))
        self.append(Command(src, msg.number, msg.call))

    def append(self, command: Command | None):
        self.log = self.log.append(Entry(self.current_term, command))
        self.tell_followers()

    def tell_followers(self):
        for follower in self.peers:
            self.send_entries(follower)
        self.set_timer(Heartbeat(), self.heartbeat_ms)

    def on_heartbeat(self, timer: Heartbeat):  # Leaders 1
        self.tell_followers()

    def send_entries(self, follower: NodeId):  # Leaders 3
        prev = self.next_index[follower] - 1
        news = self.term_at(prev), self.log.after(prev), self.commit_index
        self.send(follower, AppendEntries(self.current_term, prev, *news))

    def on_append_entries(self, src: NodeId, msg: AppendEntries):  # Followers 1
        success, index = False, msg.prev_log_index
        if msg.term == self.current_term:  # AppendEntries 1
            self.role, self.leader = Role.FOLLOWER, src  # Candidates 3
            self.set_timer(ElectionTimeout(), *self.election_ms)
            success = self.term_at(index) == msg.prev_log_term  # AppendEntries 2
        if success:
            for index, entry in enumerate(msg.entries, msg.prev_log_index + 1):
                if self.term_at(index) != entry.term:  # AppendEntries 3
                    self.log = self.log.cut(index - 1).append(entry)  # AppendEntries 4
            commit = min(msg.leader_commit, index)  # AppendEntries 5
            self.commit_index = max(self.commit_index, commit)
        self.send(src, AppendEntriesResponse(self.current_term, success, index))

    def on_append_entries_response(self, src: NodeId, msg: AppendEntriesResponse):
        if self.role is not Role.LEADER or msg.term < self.current_term:
            return self.ignore("no answer to the leader of this term")
        if msg.success:  # Leaders 3
            self.match_index[src] = max(self.match_index[src], msg.index)
            self.next_index[src] = max(self.next_index[src], msg.index + 1)
        elif self.match_index[src] < msg.index < self.next_index[src]:
            self.next_index[src] = msg.index
            self.send_entries(src)

    def after_event(self):
        if self.role is Role.CANDIDATE and self.quorum.has(self.votes):
            self.become_leader()
        if self.role is Role.LEADER:
            self.advance_commit_index()
        while self.last_applied < self.commit_index:  # All Servers 1
            self.apply(self.last_applied + 1)

    def advance_commit_index(self):  # Leaders 4
        for index in range(self.commit_index + 1, self.log.last_index + 1):
            have = [self.id, *(p for p in self.peers if self.match_index[p] >= index)]
            if self.term_at(index) == self.current_term and self.quorum.has(have):
                self.commit_index = index

    def apply(self, index: int):
        command, self.last_applied = self.log[index].command, index
        if command:
            self.service.execute(command)
            if self.role is Role.LEADER:
                self.send(command.client, Reply(*self.service.answers[command.client]))
        self.output(Delivered(index, command))
