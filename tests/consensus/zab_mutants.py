"""What Zab may forget, one rule each, named after it.

What is forgotten of phases 1 to 3 is forgotten whoever says whom to trust: an oracle,
or the nodes themselves, `electing`.
"""

import functools

from distlab.consensus.client import Request
from distlab.consensus.zab import (
    Ack,
    AckEpoch,
    CEpoch,
    Commit,
    NewEpoch,
    NewLeader,
    Phase,
    Propose,
    Zab,
    Zxid,
    last,
)
from distlab.consensus.zab_election import Ping, Tick, ZabElection
from distlab.node import Log, NodeId, volatile
from distlab.quorum import AtLeast


@functools.cache
def electing(mutant: type[Zab]) -> type[ZabElection]:
    """The same, where nodes find out by themselves whom to trust."""
    if issubclass(mutant, ZabElection):
        return mutant
    return type(mutant)(mutant.__name__, (mutant, ZabElection), {})


# -------------------------------------------------------------- discovery: phase 1
class TellsNoEpoch(Zab):
    """f.1.1: says that it has accepted none yet."""

    def trust(self, leader: NodeId | None):
        accepted, self.accepted_epoch = self.accepted_epoch, 0
        super().trust(leader)
        self.accepted_epoch = accepted


class NeedsOneTooFew(Zab):
    """l.1.1; l.1.2; l.2.2; l.3.2: one less than a majority is a quorum."""

    def is_quorum(self, *followers: NodeId) -> bool:
        enough = AtLeast(self.nodes, len(self.nodes) // 2)
        return enough.has([self.id, *followers])


class ProposesItsNextEpoch(Zab):
    """l.1.1: does not look at what its followers have accepted."""

    def propose_epoch(self):
        self.epochs = dict.fromkeys(self.epochs, 0)
        super().propose_epoch()


class ProposesTheSameEpoch(Zab):
    """l.1.1: an epoch that is as late as theirs, not later."""

    def propose_epoch(self):
        self.epochs = {node: epoch - 1 for node, epoch in self.epochs.items()}
        self.accepted_epoch = max(self.accepted_epoch - 1, 0)
        super().propose_epoch()


class AcceptsAnEpochTwice(Zab):
    """f.1.2: accepts one that it has accepted from another."""

    def on_new_epoch(self, src: NodeId, msg: NewEpoch):
        if src == self.leader and msg.epoch == self.accepted_epoch:
            self.accepted_epoch -= 1
        super().on_new_epoch(src, msg)


class AcceptsOldEpochs(Zab):
    """f.1.2: accepts any."""

    def on_new_epoch(self, src: NodeId, msg: NewEpoch):
        if src == self.leader:
            self.accepted_epoch = min(self.accepted_epoch, msg.epoch - 1)
        super().on_new_epoch(src, msg)


class ForgetsWhatItAccepted(ZabElection):
    """f.1.2: the epoch that it has accepted is not on its disk."""

    accepted_epoch: int = volatile(0)


class CountsAcksOfOtherEpochs(Zab):
    """l.1.2: an ACK-E of an epoch that it proposed before counts."""

    def on_ack_epoch(self, src: NodeId, msg: AckEpoch):
        if self.epoch:
            msg = AckEpoch(self.epoch, msg.current_epoch, msg.history)
        super().on_ack_epoch(src, msg)


class KeepsItsOwnHistory(Zab):
    """l.1.2: does not look at those of its followers."""

    def choose_history(self):
        ours = AckEpoch(self.epoch, self.current_epoch, self.history)
        self.histories = dict.fromkeys(self.histories, ours)
        super().choose_history()


class TakesTheLongestHistory(Zab):
    """l.1.2: goes by the latest transaction, not by the epoch first."""

    def choose_history(self):
        before, self.current_epoch = self.current_epoch, 0
        self.histories = {
            node: AckEpoch(ack.epoch, 0, ack.history)
            for node, ack in self.histories.items()
        }
        super().choose_history()
        self.current_epoch = max(self.current_epoch, before)


class TakesAnyHistoryOfTheLatestEpoch(Zab):
    """l.1.2: of several histories of the latest epoch the shortest."""

    def choose_history(self):
        ours = AckEpoch(self.epoch, self.current_epoch, self.history)
        acks = [ours, *self.histories.values()]
        latest = max(ack.current_epoch for ack in acks)
        among = [ack for ack in acks if ack.current_epoch == latest]
        self.history, self.current_epoch = (
            min((ack.history for ack in among), key=last),
            latest,
        )
        self.histories = dict.fromkeys(
            self.histories, AckEpoch(self.epoch, 0, self.history)
        )
        super().choose_history()


# -------------------------------------------------------- synchronization: phase 2
class LeadsAtOnce(Zab):
    """l.2.2: does not wait for a quorum to take its history over."""

    def after_event(self):
        super().after_event()
        if self.phase is Phase.SYNCHRONIZATION:
            self.phase = Phase.BROADCAST


class CommitsHistoriesAtOnce(Zab):
    """l.2.2: delivers the history that it has chosen before a quorum has it."""

    def choose_history(self):
        super().choose_history()
        self.deliver(last(self.history))


class TakesHistoriesOfOtherEpochs(Zab):
    """f.2.1: takes over the history of a leader whose epoch it has not accepted."""

    def on_new_leader(self, src: NodeId, msg: NewLeader):
        if src == self.leader:
            self.accepted_epoch = msg.epoch
        super().on_new_leader(src, msg)


class KeepsItsTail(Zab):
    """f.2.1: what it has beyond the leader's history, it keeps."""

    def on_new_leader(self, src: NodeId, msg: NewLeader):
        longer = max(msg.history, self.history, key=len)
        super().on_new_leader(src, NewLeader(msg.epoch, longer))


class ForgetsWhoseHistoryItIs(Zab):
    """f.2.1: takes the history over, and not the epoch."""

    def on_new_leader(self, src: NodeId, msg: NewLeader):
        before = self.current_epoch
        super().on_new_leader(src, msg)
        self.current_epoch = before


class KeepsEpochsInMemory(ZabElection):
    """f.2.1: whose history it is, is not on its disk."""

    current_epoch: int = volatile(0)


class KeepsHistoriesInMemory(ZabElection):
    """f.2.1; f.3.2: its history is not on its disk."""

    history: Log = volatile(Log())


class LeavesLateOnesOut(Zab):
    """l.3.3: who comes after the others comes too late."""

    def on_cepoch(self, src: NodeId, msg: CEpoch):
        if self.phase is Phase.DISCOVERY:
            super().on_cepoch(src, msg)


class SendsLateOnesTheBeginning(Zab):
    """l.3.3: who comes later gets the history with which the epoch began."""

    def synchronize(self, follower: NodeId):
        began = [txn for txn in self.history if txn.zxid.epoch < self.epoch]
        self.acked.setdefault(follower, Zxid(-1, 0))
        self.send(follower, NewLeader(self.epoch, Log(*began)))


class TellsLateOnesNothing(Zab):
    """l.3.4: who comes later is not told what is committed."""

    def synchronize(self, follower: NodeId):
        delivered, self.delivered = self.delivered, 0
        super().synchronize(follower)
        self.delivered = delivered


class ForgetsLateOnes(Zab):
    """l.3.4: who comes later gets no proposals."""

    def synchronize(self, follower: NodeId):
        super().synchronize(follower)
        if self.phase is Phase.BROADCAST:
            self.acked.pop(follower)


# -------------------------------------------------------------- broadcast: phase 3
class ServesTooEarly(Zab):
    """l.3.1: takes requests before its epoch has begun."""

    def on_request(self, src: NodeId, msg: Request):
        phase = self.phase
        if self.leader == self.id:
            self.phase = Phase.BROADCAST
        super().on_request(src, msg)
        self.phase = phase


class GivesANameTwice(Zab):
    """l.3.1: all transactions of an epoch have the same counter."""

    def on_request(self, src: NodeId, msg: Request):
        known = self.history
        if self.history and last(self.history).epoch == self.epoch:
            self.history = Log()
        super().on_request(src, msg)
        if len(self.history) == 1 and len(known) > 1:
            self.history = known.append(self.history[1])


class CommitsAtOnce(Zab):
    """l.3.2: waits for no answer."""

    def commit(self):
        undelivered = self.history.after(self.delivered)
        if self.phase is Phase.BROADCAST and undelivered:
            self.send(self.acked, Commit(self.epoch, undelivered[-1].zxid))
            self.deliver(undelivered[-1].zxid)


class CommitsByOneAnswer(Zab):
    """l.3.2: one answer is enough, however many replicas there are."""

    def on_ack(self, src: NodeId, msg: Ack):
        super().on_ack(src, msg)
        if self.phase is Phase.BROADCAST and self.acked.get(src) == msg.zxid:
            self.send(self.acked, Commit(self.epoch, msg.zxid))
            self.deliver(msg.zxid)


class WantsOneMore(Zab):
    """l.2.2; l.3.2: what a quorum has is not committed before more follows."""

    def have(self, zxid: Zxid) -> bool:
        return super().have(Zxid(zxid.epoch, zxid.counter + 1))


class CountsAcksAcrossEpochs(Zab):
    """l.3.2: an ACK of another epoch counts."""

    def on_ack(self, src: NodeId, msg: Ack):
        super().on_ack(src, Ack(self.epoch, msg.zxid))


class DeliversProposals(Zab):
    """f.3.3: does not wait until they are committed."""

    def on_propose(self, src: NodeId, msg: Propose):
        super().on_propose(src, msg)
        if last(self.history) == msg.txn.zxid:
            self.deliver(msg.txn.zxid)


class DeliversOneLess(Zab):
    """f.2.2; f.3.3: not the transaction that is committed, only those before it."""

    def on_commit(self, src: NodeId, msg: Commit):
        before = Zxid(msg.zxid.epoch, msg.zxid.counter - 1)
        super().on_commit(src, Commit(msg.epoch, before))


class DeliversOneOnly(Zab):
    """f.3.3: delivers what is committed and not what stands before it."""

    def deliver(self, zxid: Zxid):
        if self.leader != self.id:
            waiting = [txn.zxid for txn in self.history.after(self.delivered)]
            if zxid in waiting:
                self.delivered += waiting.index(zxid)
        super().deliver(zxid)


class AcceptsBeforeItIsIn(Zab):
    """f.3.2: takes proposals of its leader before it has its history."""

    def on_propose(self, src: NodeId, msg: Propose):
        phase = self.phase
        if src == self.leader:
            self.phase = Phase.BROADCAST
        super().on_propose(src, msg)
        self.phase = phase


class ObeysAnybody(Zab):
    """f.3.2: takes proposals of one that it does not follow."""

    def on_propose(self, src: NodeId, msg: Propose):
        leader, self.leader = self.leader, src
        super().on_propose(src, msg)
        self.leader = leader


class AnswersWithoutHaving(Zab):
    """f.3.2: says ACK, and stores nothing."""

    def on_propose(self, src: NodeId, msg: Propose):
        history = self.history
        super().on_propose(src, msg)
        self.history = history


# --------------------------------------------------------------- election: phase 0
class NeverLosesPatience(ZabElection):
    """Phase 0, giving up: waits for its leader for ever."""

    def on_patience(self, timer):
        if self.leader:
            return self.be_patient()
        super().on_patience(timer)


class LooksForNobody(ZabElection):
    """Phase 0, looking: waits to be asked."""

    def look(self):
        self.trust(None)


class LeadsOnAlone(ZabElection):
    """Phase 0, following: does not follow who leads a later epoch."""

    def on_ping(self, src: NodeId, msg: Ping):
        if self.leader != self.id:
            super().on_ping(src, msg)


class FollowsItsEqual(ZabElection):
    """Phase 0, following: leaves its epoch for one that is as late."""

    def on_ping(self, src: NodeId, msg: Ping):
        if self.leader == self.id and msg.epoch == self.epoch:
            return self.trust(src)
        super().on_ping(src, msg)


class FollowsTheLast(ZabElection):
    """Phase 0, following: leaves its leader for whoever shows itself."""

    def on_ping(self, src: NodeId, msg: Ping):
        if self.leader not in (None, self.id, src):
            self.leader = None
        super().on_ping(src, msg)


class TakesItForTheSame(ZabElection):
    """Phase 0, following: does not begin anew with a leader that does."""

    def on_ping(self, src: NodeId, msg: Ping):
        if self.leader == src:
            return self.be_patient()
        super().on_ping(src, msg)


class IgnoresLaterEpochs(ZabElection):
    """Phase 0, giving up: leads on where a follower has accepted a later epoch."""

    on_cepoch = Zab.on_cepoch


class TrustsItselfAfterACrash(ZabElection):
    """Phase 0, looking: goes on as the leader that it was, or never was."""

    def on_recover(self, report):
        super().on_recover(report)
        if self.current_epoch:
            self.trust(self.id)
            self.epoch, self.phase = self.current_epoch, Phase.BROADCAST
            self.acked = dict.fromkeys(self.peers, Zxid(0, 0))
            self.on_tick(Tick())
