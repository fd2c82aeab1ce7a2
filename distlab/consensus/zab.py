"""Zab: a leader broadcasts transactions, and each new epoch agrees on what was before.

Source
    Junqueira, Reed and Serafini, "Zab: High-Performance Broadcast for Primary-Backup
    Systems", DSN 2011, section 4: phases 1 to 3.
Guarantees
    All replicas deliver the same transactions in the same order: epoch by epoch, and
    within one as its leader has sent them. Each request is executed once.
Assumes
    Links between nodes that are up are reliable and FIFO. Nodes may crash and recover
    with their disks, last records torn. The layer above says whom to trust, an oracle.
Costs
    3(n - 1) messages a command, and a sync at each replica; two round trips and two
    syncs until its answer. A new epoch: six messages a follower, two with histories.
Departs
    Replicas execute commands: Zab was made for changes of state. Messages name their
    epoch, as connections would. Proposals, and what is committed, go to a late follower
    from its NEWLEADER on, not from its answer on.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from distlab.consensus.client import KeyValueClient, Redirect, Reply, Request
from distlab.events import Message, NodeId
from distlab.machine import KeyValue, Machine
from distlab.node import Assumes, Log, Node, Value, durable, setting, volatile
from distlab.quorum import Majority
from distlab.replicated import Command, Delivered, Service, new


class Phase(Enum):
    """How far a node has come with its leader."""

    DISCOVERY, SYNCHRONIZATION, BROADCAST = 1, 2, 3


class Zxid(NamedTuple):
    """What transactions are called, in their order."""

    epoch: int
    counter: int


class Txn(Value):
    """A transaction."""

    zxid: Zxid
    command: Command


class EpochMessage(Message):
    """What all messages carry."""

    epoch: int


class CEpoch(EpochMessage):
    """I follow you. This is the last epoch that I have accepted."""


class NewEpoch(EpochMessage):
    """This epoch comes next."""


class AckEpoch(EpochMessage):
    """I accept it. So far my history is that of epoch `current_epoch`."""

    current_epoch: int
    history: Log[Txn]


class NewLeader(EpochMessage):
    """This epoch begins with this history."""

    history: Log[Txn]


class Propose(EpochMessage):
    """This transaction comes next."""

    txn: Txn


class Ack(EpochMessage):
    """My history is yours up to here."""

    zxid: Zxid


class Commit(EpochMessage):
    """Deliver your history up to here."""

    zxid: Zxid


class Zab(Node):
    """A replica of `machine`. Histories are numbered from 1, as are epochs."""

    assumes = Assumes(links="reliable FIFO", disk="torn writes")
    client = KeyValueClient

    machine: Machine = setting(KeyValue())

    # In this order: a torn record is a beginning, and no history is newer than it says
    accepted_epoch: int = durable(0)  # f.p: it follows nobody into an earlier one
    history: Log[Txn] = durable(Log())  # h_f
    current_epoch: int = durable(0)  # f.a: whose history it is
    leader: NodeId | None = volatile(None)
    phase: Phase = volatile(Phase.DISCOVERY)
    delivered: int = volatile(0)  # up to here `service` has executed the history
    service: Service = volatile(None)
    epoch: int = volatile(0)  # that it has proposed, if it leads; 0: none yet
    epochs: dict[NodeId, int] = volatile({})  # what its followers had accepted before
    histories: dict[NodeId, AckEpoch] = volatile({})  # of those who have accepted it
    acked: dict[NodeId, Zxid] = volatile({})  # how far those are who got NEWLEADER

    def on_start(self):
        self.service = new(self.machine)
        self.trust(self.nodes[0])

    def on_recover(self, report):
        self.on_start()

    def is_quorum(self, *followers: NodeId) -> bool:
        return Majority(self.nodes).has([self.id, *followers])

    def trust(self, leader: NodeId | None):
        """Follow this node from now on; it may be this one, or none."""
        self.leader, self.phase, self.epoch = leader, Phase.DISCOVERY, 0
        self.epochs, self.histories, self.acked = {}, {}, {}
        if self.operation:
            self.ok()
        if leader and leader != self.id:
            self.send(leader, CEpoch(self.accepted_epoch))  # f.1.1

    # --------------------------------------------------------------- phase 1: discovery
    def on_cepoch(self, src: NodeId, msg: CEpoch):
        if self.leader != self.id:
            return self.ignore("does not lead")
        if not self.epoch:
            self.epochs[src] = msg.epoch
        else:  # l.3.3
            self.send(src, NewEpoch(self.epoch))
        if self.phase is not Phase.DISCOVERY:
            self.synchronize(src)

    def propose_epoch(self):  # l.1.1
        self.epoch = 1 + max([self.accepted_epoch, *self.epochs.values()])
        self.accepted_epoch = self.epoch
        self.send(self.epochs, NewEpoch(self.epoch))

    def on_new_epoch(self, src: NodeId, msg: NewEpoch):  # f.1.2
        if src != self.leader or msg.epoch <= self.accepted_epoch:
            return self.ignore("follows another, or has accepted this epoch")
        self.accepted_epoch = msg.epoch
        self.send(src, AckEpoch(msg.epoch, self.current_epoch, self.history))

    def on_ack_epoch(self, src: NodeId, msg: AckEpoch):
        if msg.epoch != self.epoch:
            return self.ignore("does not lead this epoch")
        if self.phase is Phase.DISCOVERY:
            self.histories[src] = msg
        elif src not in self.acked:
            self.synchronize(src)

    def choose_history(self):  # l.1.2
        ours = AckEpoch(self.epoch, self.current_epoch, self.history)
        acks = [ours, *self.histories.values()]
        latest = max(acks, key=lambda ack: (ack.current_epoch, last(ack.history)))
        self.history, self.current_epoch = latest.history, self.epoch
        self.phase = Phase.SYNCHRONIZATION
        for follower in self.histories:
            self.synchronize(follower)

    # --------------------------------------------------------- phase 2: synchronization
    def synchronize(self, follower: NodeId):  # l.2.1
        self.acked.setdefault(follower, Zxid(-1, 0))  # it has not even an empty history
        self.send(follower, NewLeader(self.epoch, self.history))
        if self.phase is Phase.BROADCAST and self.delivered:  # l.3.4
            self.send(follower, Commit(self.epoch, self.history[self.delivered].zxid))

    def on_new_leader(self, src: NodeId, msg: NewLeader):  # f.2.1
        if src != self.leader or msg.epoch != self.accepted_epoch:
            return self.ignore("follows another, or into another epoch")
        self.history, self.current_epoch = msg.history, msg.epoch
        self.phase = Phase.BROADCAST
        self.send(src, Ack(msg.epoch, last(self.history)))

    # --------------------------------------------------------------- phase 3: broadcast
    def on_request(self, src: NodeId, msg: Request):  # l.3.1
        if self.leader != self.id or self.phase is not Phase.BROADCAST:
            return self.send(src, Redirect(msg.number, self.leader or self.id))
        epoch, counter = last(self.history)
        zxid = Zxid(self.epoch, counter + 1 if epoch == self.epoch else 1)
        txn = Txn(zxid, Command(src, msg.number, msg.call))
        self.history = self.history.append(txn)
        self.send(self.acked, Propose(self.epoch, txn))

    def on_propose(self, src: NodeId, msg: Propose):  # f.3.2
        if src != self.leader or self.phase is not Phase.BROADCAST:
            return self.ignore("follows another, or has not yet its history")
        self.history = self.history.append(msg.txn)
        self.send(src, Ack(msg.epoch, msg.txn.zxid))

    def on_ack(self, src: NodeId, msg: Ack):
        if msg.epoch != self.epoch:
            return self.ignore("does not lead this epoch")
        self.acked[src] = msg.zxid

    def on_commit(self, src: NodeId, msg: Commit):  # f.2.2; f.3.3
        if src != self.leader or self.phase is not Phase.BROADCAST:
            return self.ignore("follows another, or has not yet its history")
        self.deliver(msg.zxid)

    def after_event(self):
        if not self.epoch and self.is_quorum(*self.epochs):
            self.propose_epoch()
        if self.phase is Phase.DISCOVERY and self.is_quorum(*self.histories):
            self.choose_history()
        if self.phase is Phase.SYNCHRONIZATION and self.have(last(self.history)):
            self.note(f"leads epoch {self.epoch}")  # l.2.2
            self.phase = Phase.BROADCAST
        self.commit()

    def have(self, zxid: Zxid) -> bool:
        return self.is_quorum(*(f for f in self.acked if self.acked[f] >= zxid))

    def commit(self):  # l.3.2
        for txn in reversed(self.history.after(self.delivered)):
            if self.phase is Phase.BROADCAST and self.have(txn.zxid):
                self.send(self.acked, Commit(self.epoch, txn.zxid))
                return self.deliver(txn.zxid)

    def deliver(self, zxid: Zxid):
        for txn in self.history.after(self.delivered):
            if txn.zxid <= zxid:
                self.delivered += 1
                self.service.execute(txn.command)
                self.output(Delivered(self.delivered, txn.command))
                if self.leader == self.id:
                    answer = self.service.answers[txn.command.client]
                    self.send(txn.command.client, Reply(*answer))


def last(history: Log[Txn]) -> Zxid:
    """What its last transaction is called."""
    return history[history.last_index].zxid if history else Zxid(0, 0)
