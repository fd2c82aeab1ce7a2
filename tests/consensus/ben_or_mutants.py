"""Nodes that forget something of Ben-Or's protocol, each named after it."""

from distlab.consensus.ben_or import BITS, BenOr, Phase, Proposal, Report
from distlab.node import NodeId, volatile
from distlab.quorum import AtLeast


# ------------------------------------------------------------------ how many are enough
class WaitsForOneLess(BenOr):
    """Step 2, wait; Step 3, wait: goes on without the last one that must come."""

    def enough(self, votes):
        quorum = AtLeast(self.nodes, len(self.nodes) - self.stopping - 1)
        return quorum.has(votes.by(self.round))


class WaitsForAll(BenOr):
    """Step 2, wait; Step 3, wait: also for who has stopped."""

    def enough(self, votes):
        return AtLeast(self.nodes, len(self.nodes)).has(votes.by(self.round))


class ProposesWhatHalfReport(BenOr):
    """Step 2: half of the nodes are enough, and so the other half are too."""

    def send_proposal(self):
        half = AtLeast(self.nodes, len(self.nodes) // 2)
        most = [v for v in BITS if half.has(self.voters(self.reports, v))]
        self.phase = Phase.PROPOSALS
        self.send(self.nodes, Proposal(self.round, most[0] if most else None))


class ProposesItsOwn(BenOr):
    """Step 2: never has a question."""

    def send_proposal(self):
        self.phase = Phase.PROPOSALS
        self.send(self.nodes, Proposal(self.round, self.x))


class AlwaysAsks(BenOr):
    """Step 2: proposes nothing, whatever was reported."""

    def send_proposal(self):
        self.phase = Phase.PROPOSALS
        self.send(self.nodes, Proposal(self.round, None))


class DecidesOnT(BenOr):
    """Step 3 (b): t are enough, of which another node may hear none."""

    def sure_of(self, value):
        return len(self.voters(self.proposals, value)) >= self.stopping


class NeverDecides(BenOr):
    """Step 3 (b): goes on for ever."""

    def sure_of(self, value):
        return False


# --------------------------------------------------------------- what it goes on with
class BeginsWithZero(BenOr):
    """Step 0: whatever it was to propose."""

    def propose(self, value):
        self.x, self.proposed = 0, value
        self.start_round(1)


class TakesNothingOver(BenOr):
    """Step 3 (a); Step 3 (c); Step 4: goes on with its own value for ever."""

    def finish_round(self):
        if self.decision is not None:
            return self.stop()
        for value in BITS:
            if self.voters(self.proposals, value) and self.sure_of(value):
                self.decide(value)
        self.start_round(self.round + 1)


class TossesAlways(BenOr):
    """Step 3 (a): leaves it to chance even when somebody has proposed a value."""

    def sure_of(self, value):
        (self.x,) = self.choose(1, BITS)
        return super().sure_of(value)


class KeepsItsValue(BenOr):
    """Step 3 (c): is sure of itself, and so is everybody else."""

    def choose(self, k, options):
        return (self.x,)


# --------------------------------------------------------------------- rounds and votes
class CountsEveryRoundAsThis(BenOr):
    """Step 2, wait: an old report is as good as a new one."""

    def on_report(self, src: NodeId, msg: Report):
        super().on_report(src, Report(max(self.round, msg.round), msg.value))


class ForgetsWhatCameEarly(BenOr):
    """Step 2, wait: who was faster by a round is not heard."""

    def on_report(self, src: NodeId, msg: Report):
        if msg.round == self.round:
            super().on_report(src, msg)


class CountsWhoSpeaksTwice(BenOr):
    """Step 3, wait: a proposal that comes again stands for one that has not come."""

    arrived: dict[int, int] = volatile({})  # proposals, by round

    def on_proposal(self, src: NodeId, msg: Proposal):
        super().on_proposal(src, msg)
        self.arrived[msg.round] = self.arrived.get(msg.round, 0) + 1

    def enough(self, votes):
        if votes is self.reports:
            return super().enough(votes)
        return self.arrived.get(self.round, 0) >= len(self.nodes) - self.stopping


class StopsAtOnce(BenOr):
    """Step 4: has decided, and leaves the others alone with it."""

    def start_round(self, number):
        if self.decision is not None:
            return self.stop()
        super().start_round(number)
