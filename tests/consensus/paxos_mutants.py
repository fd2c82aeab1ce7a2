"""What Paxos may forget, one rule each, named after it."""

from distlab.consensus.paxos import (
    Accept,
    Accepted,
    Ballot,
    Decided,
    Nack,
    Paxos,
    Pending,
    Prepare,
    Promise,
    Proposal,
    Retry,
)
from distlab.node import NodeId, volatile
from distlab.quorum import AtLeast


# ------------------------------------------------------------------------- the proposer
class SkipsPhase1(Paxos):
    def prepare(self):
        self.number += 1
        self.ask(Accept(Ballot(self.number, self.id), self.value))
        self.set_timer(Retry(), *self.retry_ms)


class UsesANumberTwice(Paxos):
    """§2.2: it keeps on disk the highest that it has used."""

    number: int = volatile(0)


class KeepsItsNumber(Paxos):
    """Tries again with the number that has come to nothing."""

    def prepare(self):
        self.number = max(self.number, 1) - 1
        super().prepare()


class SharesItsNumbers(Paxos):
    """Every proposer counts 1, 2, 3, and none adds its name."""

    def prepare(self):
        self.number += 1
        self.ask(Prepare(Ballot(self.number, "")))
        self.set_timer(Retry(), *self.retry_ms)


class ProposesItsOwnValue(Paxos):
    def value_for(self, reported):
        return self.value


class TakesTheLastReported(Paxos):
    def value_for(self, reported):
        accepted = [proposal for proposal in reported if proposal]
        return accepted[-1].value if accepted else self.value


class TakesTheLowestReported(Paxos):
    def value_for(self, reported):
        accepted = [proposal for proposal in reported if proposal]
        if not accepted:
            return self.value
        return min(accepted, key=lambda proposal: proposal.ballot).value


class AsksTooFew(Paxos):
    """One acceptor fewer than a majority, in both phases."""

    def enough(self):
        few = AtLeast(self.nodes, len(self.nodes) // 2)
        return few.has(self.pending.votes.by())


class ProposesAfterTooFewPromises(Paxos):
    def on_promise(self, src: NodeId, msg: Promise):
        if self.awaits(msg, Prepare):
            self.pending.votes.add(src, msg.accepted)
            if len(self.pending.votes.by()) >= len(self.nodes) // 2:
                found = self.pending.votes.messages()
                self.ask(Accept(msg.ballot, self.value_for(found)))


class CountsAPromiseTwice(Paxos):
    def on_promise(self, src: NodeId, msg: Promise):
        if self.awaits(msg, Prepare) and src in self.pending.votes.by():
            src = next(node for node in self.nodes if node != src)
        super().on_promise(src, msg)


class TakesPromisesOfAnyBallot(Paxos):
    """To an earlier Prepare: what it promises is too little."""

    def on_promise(self, src: NodeId, msg: Promise):
        if self.pending and isinstance(self.pending.request, Prepare):
            msg = Promise(self.pending.request.ballot, msg.accepted)
        super().on_promise(src, msg)


class TakesAnswersOfAnyPhase(Paxos):
    """A promise that comes late is taken for a vote."""

    def on_promise(self, src: NodeId, msg: Promise):
        if self.awaits(msg, Accept):
            return self.on_accepted(src, Accepted(msg.ballot))
        super().on_promise(src, msg)


class GoesOnWhenOutbid(Paxos):
    def on_nack(self, src: NodeId, msg: Nack): ...


class NeverTriesAgain(Paxos):
    def on_retry(self, timer: Retry): ...


# ------------------------------------------------------------------------- the acceptor
class PromisesAnything(Paxos):
    def on_prepare(self, src: NodeId, msg: Prepare):
        self.promised = msg.ballot
        self.send(src, Promise(msg.ballot, self.accepted))


class PromisesOnce(Paxos):
    """Compares by <=: who asks again with the same number is turned down."""

    def on_prepare(self, src: NodeId, msg: Prepare):
        if msg.ballot == self.promised:
            return self.send(src, Nack(msg.ballot, self.promised))
        super().on_prepare(src, msg)


class AcceptsAnything(Paxos):
    def on_accept(self, src: NodeId, msg: Accept):
        self.promised = min(self.promised, msg.ballot)
        super().on_accept(src, msg)


class AcceptsOnlyWhatIsHigher(Paxos):
    """Compares by <=: and so not what it has promised to accept."""

    def on_accept(self, src: NodeId, msg: Accept):
        if msg.ballot == self.promised:
            return self.send(src, Nack(msg.ballot, self.promised))
        super().on_accept(src, msg)


class PromisesNothingWithItsVote(Paxos):
    """It may accept something lower afterwards, and forgets what is higher."""

    def on_accept(self, src: NodeId, msg: Accept):
        promised = self.promised
        super().on_accept(src, msg)
        self.promised = promised


class ForgetsItsPromise(Paxos):
    promised: Ballot = volatile(Ballot(0, ""))


class ForgetsItsVote(Paxos):
    accepted: Proposal | None = volatile(None)


class TellsNothingOfItsVote(Paxos):
    def on_prepare(self, src: NodeId, msg: Prepare):
        accepted, self.accepted = self.accepted, None
        super().on_prepare(src, msg)
        self.accepted = accepted


class RefusesInSilence(Paxos):
    """Whoever is behind learns no higher number, and waits."""

    def send(self, to, msg):
        if not isinstance(msg, Nack):
            super().send(to, msg)


# -------------------------------------------------------------------------- the learner
class LearnsFromTooFew(Paxos):
    def on_accepted(self, src: NodeId, msg: Accepted):
        if self.awaits(msg, Accept):
            self.pending.votes.add(src)
            if len(self.pending.votes.by()) >= len(self.nodes) // 2:
                self.on_decided(self.id, Decided(self.pending.request.value))


class LearnsWhatItWished(Paxos):
    """Takes its own value for chosen, though it has proposed another's."""

    def on_accepted(self, src: NodeId, msg: Accepted):
        if self.awaits(msg, Accept):
            own = Accept(msg.ballot, self.value)
            self.pending = Pending(own, self.pending.votes)
        super().on_accepted(src, msg)


class CountsVotesOfAnyBallot(Paxos):
    def on_accepted(self, src: NodeId, msg: Accepted):
        if self.pending and isinstance(self.pending.request, Accept):
            msg = Accepted(self.pending.request.ballot)
        super().on_accepted(src, msg)


class CountsAVoteTwice(Paxos):
    def on_accepted(self, src: NodeId, msg: Accepted):
        if self.awaits(msg, Accept) and src in self.pending.votes.by():
            src = next(node for node in self.nodes if node != src)
        super().on_accepted(src, msg)


class TellsNobody(Paxos):
    def on_accepted(self, src: NodeId, msg: Accepted):
        if self.awaits(msg, Accept):
            self.pending.votes.add(src)
            if self.enough():
                self.on_decided(self.id, Decided(self.pending.request.value))


class LearnsTwice(Paxos):
    def on_decided(self, src: NodeId, msg: Decided):
        self.decided = None
        super().on_decided(src, msg)


class ProposesWhatIsLearned(Paxos):
    """Starts another ballot, though it has been told."""

    def propose(self, value):
        self.value = value
        self.prepare()
