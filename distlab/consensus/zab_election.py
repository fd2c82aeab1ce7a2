"""Zab with phase 0: who hears of no leader for a while asks the others to follow it.

Source
    Junqueira, Reed and Serafini, "Zab: High-Performance Broadcast for Primary-Backup
    Systems", DSN 2011, section 4: a prospective leader is taken for granted, and a node
    that gives its leader up begins anew. Phase 0 as in Medeiros, "ZooKeeper's Atomic
    Broadcast Protocol: Theory and Practice", 2012, with another rule to elect by.
Guarantees
    Those of `zab`. While a majority is up and timing holds, every request ends.
Assumes
    Those of `zab`, without the oracle. Timing is for progress alone.
Costs
    Those of `zab`, and n - 1 messages for each `ping_ms`.
Departs
    ZooKeeper elects whoever has the latest history, so that it need not fetch it. Here
    it is whoever loses patience first, as in Raft: phase 1 finds the history anyway.
"""

from __future__ import annotations

from distlab.consensus.zab import CEpoch, EpochMessage, Phase, Zab
from distlab.node import NodeId, Timer, setting
from distlab.replicated import new


class Ping(EpochMessage):
    """Follow me! I lead this epoch; 0: I would lead the next."""


class Tick(Timer):
    """Time to show that the leader lives."""


class Patience(Timer):
    """Nothing has come of it for a while."""


class ZabElection(Zab):
    """A replica that finds out by itself whom to trust."""

    ping_ms: float = setting(50)
    patience_ms: float = setting(150)  # or up to twice as long

    def on_start(self):
        self.service = new(self.machine)
        self.look()

    def look(self):  # Phase 0, looking
        self.trust(None)
        self.be_patient()

    def trust(self, leader: NodeId | None):
        self.cancel_timer(Tick())
        super().trust(leader)

    def be_patient(self):
        self.set_timer(Patience(), self.patience_ms, 2 * self.patience_ms)

    def on_patience(self, timer: Patience):
        if self.leader == self.id and self.phase is Phase.BROADCAST:
            return self.ignore("has its quorum")
        self.be_patient()
        if self.leader:  # Phase 0, giving up
            self.note("gives up its leader")
            return self.trust(None)
        self.trust(self.id)  # Phase 0, leading
        self.on_tick(Tick())

    def on_tick(self, timer: Tick):
        prospective = self.phase is Phase.DISCOVERY
        self.send(self.peers, Ping(0 if prospective else self.epoch))
        self.set_timer(timer, self.ping_ms)

    def on_ping(self, src: NodeId, msg: Ping):  # Phase 0, following
        if self.leader == self.id and msg.epoch <= self.epoch:
            return self.ignore("leads itself")
        if self.leader not in (None, self.id, src):
            return self.ignore("follows another")
        self.be_patient()
        if self.phase is not Phase.BROADCAST or msg.epoch != self.current_epoch:
            self.trust(src)

    def on_cepoch(self, src: NodeId, msg: CEpoch):
        if 0 < self.epoch < msg.epoch:  # Phase 0, giving up
            self.note("its epoch is over")
            return self.look()
        super().on_cepoch(src, msg)
