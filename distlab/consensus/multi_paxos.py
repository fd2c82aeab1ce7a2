"""Multi-Paxos: Paxos once for each slot of an order of commands, with one leader.

Source
    Lamport, "Paxos Made Simple", SIGACT News 32(4), 2001, section 3; van Renesse and
    Altinbuken, "Paxos Made Moderately Complex", ACM Computing Surveys 47(3), 2015.
Guarantees
    One command is chosen in each slot. Replicas execute the same commands in one order,
    each once. While a majority is up and timing holds, clients are answered.
Assumes
    Any node may crash and recover with its disk (the last record may be torn); messages
    may be lost, doubled, reordered. For progress they take far less than a timeout.
Costs
    3(n - 1) messages a command, a heartbeat, an election. A client waits for two round
    trips, its own and the leader's to a majority, and for one sync: all write at once.
Departs
    Who has heard of no leader for a while tries to lead; nobody is told that its ballot
    is too low. What was chosen is in memory alone: who comes back is told all of it
    again. Nothing is ever thrown away.
"""

from __future__ import annotations

from enum import Enum

from distlab.consensus.client import KeyValueClient, Redirect, Reply, Request
from distlab.consensus.paxos import Ballot
from distlab.machine import KeyValue, Machine
from distlab.node import (
    Assumes,
    Log,
    Message,
    Node,
    NodeId,
    Timer,
    durable,
    setting,
    volatile,
)
from distlab.quorum import Majority, Votes
from distlab.replicated import Command, Delivered, Service, new


class Role(Enum):
    """What a node takes itself for."""

    FOLLOWER, PREPARING, LEADER = "follower", "preparing", "leader"


class Prepare(Message):
    """Promise to accept nothing below this ballot, in whatever slot behind `after`."""

    ballot: Ballot
    after: int


class Accept(Message):
    """Accept this command for this slot. None: a no-op."""

    ballot: Ballot
    slot: int
    command: Command | None


class Promise(Message):
    """I do, and in those slots I have accepted this."""

    ballot: Ballot
    accepted: tuple[Accept, ...]


class Accepted(Message):
    """I have."""

    ballot: Ballot
    slot: int


class Chosen(Message):
    """These commands have been chosen, for this slot and those after it."""

    slot: int
    commands: tuple[Command | None, ...]


class Progress(Message):
    """All up to this slot is executed. If a leader says so, that it lives."""

    ballot: Ballot
    slot: int


class LeaderTimeout(Timer):
    """Nothing heard from a leader for a while."""


class Heartbeat(Timer):
    """Time to show that the leader lives, and to ask again for votes."""


class MultiPaxos(Node):
    """A replica of `machine`. Slots are numbered from 1."""

    assumes = Assumes(disk="torn writes")
    client = KeyValueClient
    machine: Machine = setting(KeyValue())
    leader_timeout_ms: tuple[float, float] = setting((150, 300))  # drawn between these
    heartbeat_ms: float = setting(50)
    window: int = setting(100)  # α: so many slots beyond the executed may be proposed

    # As acceptor
    promised: Ballot = durable(Ballot(0, ""))  # its own while it prepares or leads
    log: Log[Accept] = durable(Log())  # every vote; the last for a slot counts
    accepted: dict[int, Accept] = volatile({})  # by slot: what the log comes to
    # As learner
    chosen: dict[int, Command | None] = volatile({})  # by slot
    executed: int = volatile(0)  # `service` has executed all up to this slot
    service: Service = volatile(None)
    # As proposer
    role: Role = volatile(Role.FOLLOWER)
    promises: Votes = volatile(Votes())
    next_slot: int = volatile(1)  # the first that it has proposed nothing for
    proposed: dict[int, Command | None] = volatile({})  # by slot, if not yet chosen
    votes: Votes = volatile(Votes())  # by slot
    waiting: list[Command] = volatile([])  # for the window to move

    def on_start(self):
        self.service = new(self.machine)
        self.set_timer(LeaderTimeout(), *self.leader_timeout_ms)

    def on_recover(self, report):
        self.accepted = {vote.slot: vote for vote in self.log}
        self.on_start()

    # ----------------------------------------------------------------------- the leader
    def on_leader_timeout(self, timer: LeaderTimeout):  # §3, leader
        self.role, self.promises = Role.PREPARING, Votes()
        self.promised = Ballot(self.promised.number + 1, self.id)
        self.send(self.nodes, Prepare(self.promised, self.executed))  # §3, Phase 1
        self.set_timer(timer, *self.leader_timeout_ms)

    def on_promise(self, src: NodeId, msg: Promise):
        if self.role is not Role.PREPARING or msg.ballot != self.promised:
            return self.ignore("answers a phase that is over")
        self.promises.add(src, msg.accepted)
        if Majority(self.nodes).has(self.promises.by()):
            self.become_leader()

    def become_leader(self):
        self.note("leads")
        self.role = Role.LEADER
        self.cancel_timer(LeaderTimeout())
        found = self.found()
        self.next_slot = max([*found, *self.chosen], default=0) + 1
        for slot in range(self.executed + 1, self.next_slot):
            if slot not in self.chosen:
                self.proposed[slot] = found.get(slot)  # §3, gaps: None is a no-op
        self.on_heartbeat(Heartbeat())

    def found(self) -> dict[int, Command | None]:  # §3, constrained
        """By slot, the command of the highest vote that was told with the promises."""
        told = [vote for votes in self.promises.messages() for vote in votes]
        return {v.slot: v.command for v in sorted(told, key=lambda vote: vote.ballot)}

    def on_request(self, src: NodeId, msg: Request):
        if self.role is not Role.LEADER:
            leader = self.promised.proposer or self.id
            return self.send(src, Redirect(msg.number, leader))
        if msg.number <= self.service.last(src):
            return self.send(src, Reply(*self.service.answers[src]))
        command = Command(src, msg.number, msg.call)
        if command in (*self.waiting, *self.proposed.values()):
            return self.ignore("is under way")
        self.waiting.append(command)

    def after_event(self):  # §3, α
        while self.waiting and self.next_slot <= self.executed + self.window:
            self.propose(self.next_slot, self.waiting.pop(0))
            self.next_slot += 1

    def propose(self, slot: int, command: Command | None):  # §3, Phase 2
        self.proposed[slot] = command
        self.send(self.nodes, Accept(self.promised, slot, command))

    def on_accepted(self, src: NodeId, msg: Accepted):  # §3, learn
        if msg.ballot != self.promised or msg.slot not in self.proposed:
            return self.ignore("a vote on what is decided or given up")
        self.votes.add(src, key=msg.slot)
        if Majority(self.nodes).has(self.votes.by(msg.slot)):
            chosen = Chosen(msg.slot, (self.proposed[msg.slot],))
            self.send(self.peers, chosen)  # §3, learn
            self.on_chosen(self.id, chosen)

    def on_heartbeat(self, timer: Heartbeat):
        self.send(self.peers, Progress(self.promised, self.executed))
        for slot, command in self.proposed.items():
            self.propose(slot, command)
        self.set_timer(timer, self.heartbeat_ms)

    # --------------------------------------------------------------------- the acceptor
    def on_prepare(self, src: NodeId, msg: Prepare):  # §3, Phase 1
        if msg.ballot < self.promised:
            return self.ignore("has promised not to")
        self.follow(msg.ballot)
        behind = sorted(slot for slot in self.accepted if slot > msg.after)
        self.send(src, Promise(msg.ballot, tuple(self.accepted[s] for s in behind)))

    def on_accept(self, src: NodeId, msg: Accept):  # §3, Phase 2
        if msg.ballot < self.promised:
            return self.ignore("has promised not to")
        self.follow(msg.ballot)
        if self.accepted.get(msg.slot) != msg:
            self.accepted[msg.slot], self.log = msg, self.log.append(msg)
        self.send(src, Accepted(msg.ballot, msg.slot))

    def follow(self, ballot: Ballot):
        """Promise; and give up a ballot of its own if this one is higher."""
        if ballot > self.promised and self.role is not Role.FOLLOWER:
            self.note("outbid")
            self.cancel_timer(Heartbeat())
            self.role, self.proposed, self.votes = Role.FOLLOWER, {}, Votes()
            self.waiting = []  # their clients will ask again
        self.promised = ballot
        if self.role is Role.FOLLOWER:
            self.set_timer(LeaderTimeout(), *self.leader_timeout_ms)

    # ---------------------------------------------------------------------- the learner
    def on_progress(self, src: NodeId, msg: Progress):
        if msg.ballot >= self.promised:
            self.follow(msg.ballot)
        if msg.slot > self.executed:
            self.send(src, Progress(msg.ballot, self.executed))
        elif msg.slot < self.executed:
            lacks = range(msg.slot + 1, self.executed + 1)
            self.send(src, Chosen(lacks[0], tuple(self.chosen[s] for s in lacks)))

    def on_chosen(self, src: NodeId, msg: Chosen):
        for slot, command in enumerate(msg.commands, msg.slot):
            self.chosen[slot] = command
            self.proposed.pop(slot, None)
            self.votes.forget(slot)
        while self.executed + 1 in self.chosen:
            self.execute(self.executed + 1)

    def execute(self, slot: int):  # §3, in order
        command, self.executed = self.chosen[slot], slot
        self.output(Delivered(slot, command))
        if command:
            self.service.execute(command)
            if self.role is Role.LEADER:
                self.send(command.client, Reply(*self.service.answers[command.client]))
