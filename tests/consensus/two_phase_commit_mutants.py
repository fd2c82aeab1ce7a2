"""What two-phase commit may forget, one rule each, named after it."""

from distlab.consensus.two_phase_commit import (
    Abort,
    Commit,
    Coordinator,
    Decision,
    DecisionReq,
    No,
    Participant,
    Timeout,
    VoteReq,
    Yes,
)
from distlab.node import NodeId, volatile
from distlab.quorum import AtLeast


# --------------------------------------------------------------------- the coordinator
class CommitsWithoutAsking(Coordinator):
    """Step 1: takes the answer for granted."""

    def commit(self):
        self.started = True
        self.decide(Decision.COMMIT)


class CommitsWithoutTheLast(Coordinator):
    """Step 3: all but one have voted yes."""

    def on_yes(self, src: NodeId, msg: Yes):
        super().on_yes(src, msg)
        enough = AtLeast(self.participants, len(self.participants) - 1)
        if self.decision is None and enough.has(self.yes.by()):
            self.decide(Decision.COMMIT)


class CountsAVoteTwice(Coordinator):
    """Step 3: one that says yes twice stands for two."""

    heard: int = volatile(0)

    def on_yes(self, src: NodeId, msg: Yes):
        super().on_yes(src, msg)
        self.heard += 1
        if self.decision is None and self.heard == len(self.participants):
            self.decide(Decision.COMMIT)


class TakesNoForYes(Coordinator):
    """Step 3: an answer is an answer."""

    def on_no(self, src: NodeId, msg: No):
        self.on_yes(src, Yes())


class ChangesItsMind(Coordinator):
    """Step 3: the last vote comes late, and all the same it counts."""

    def on_yes(self, src: NodeId, msg: Yes):
        self.decision = None
        super().on_yes(src, msg)


class WaitsForVotes(Coordinator):
    """Timeout, votes: waits for ever."""

    def on_timeout(self, timer):
        pass


class CommitsWithWhatItHas(Coordinator):
    """Timeout, votes: who is silent has nothing against it."""

    def on_timeout(self, timer):
        self.decide(Decision.COMMIT)


class ForgetsThatItHasBegun(Coordinator):
    """Step 1: asks before that is on its disk."""

    started: bool = volatile(False)


class ForgetsItsDecision(Coordinator):
    """Step 3: tells before that is on its disk."""

    decision: Decision | None = volatile(None)


class SaysNothingAfterACrash(Coordinator):
    """Recovery, coordinator: leaves open what it had left open."""

    def on_recover(self, report):
        pass


class CommitsAfterACrash(Coordinator):
    """Recovery, coordinator: hopes for the best."""

    def on_recover(self, report):
        if self.started and self.decision is None:
            self.decide(Decision.COMMIT)


class TellsOnce(Coordinator):
    """Termination, 1: who has not heard it has had its chance."""

    def on_decision_req(self, src: NodeId, msg: DecisionReq):
        pass


class AnswersBeforeItHasDecided(Coordinator):
    """Termination, 3: takes no votes yet for none."""

    def on_decision_req(self, src: NodeId, msg: DecisionReq):
        self.send(src, Commit() if self.decision is Decision.COMMIT else Abort())


# --------------------------------------------------------------------- the participants
class VotesYesAlways(Participant):
    """Step 2: does not look whether it can."""

    def on_vote_req(self, src: NodeId, msg: VoteReq):
        if not self.voted and self.decision is None:
            self.voted = True
            self.set_timer(Timeout(), self.decision_ms)
            self.send(src, Yes())


class VotesAfterItHasAborted(Participant):
    """Step 2: does not know any more that it gave up waiting."""

    def on_vote_req(self, src: NodeId, msg: VoteReq):
        if self.decision is Decision.ABORT and self.able and not self.voted:
            self.voted = True
            return self.send(src, Yes())
        super().on_vote_req(src, msg)


class VotesNoAndWaits(Participant):
    """Step 2: leaves the decision to others, who may not tell it."""

    def on_vote_req(self, src: NodeId, msg: VoteReq):
        if not self.able:
            self.voted = True
            return self.send(src, No())
        super().on_vote_req(src, msg)


class ForgetsItsVote(Participant):
    """Step 2: votes before that is on its disk."""

    voted: bool = volatile(False)


class ForgetsWhatItHasDecided(Participant):
    """Step 4: has it in memory alone, and asks again."""

    decision: Decision | None = volatile(None)


class DecidesEachTimeItIsTold(Participant):
    """Step 4: does not know that it has decided."""

    def learn(self, decision: Decision):
        self.decide(decision)


class TakesCommitForAbort(Participant):
    """Step 4: does not listen."""

    def on_commit(self, src: NodeId, msg: Commit):
        self.learn(Decision.ABORT)


class WaitsToBeAsked(Participant):
    """Timeout, vote request: waits for ever."""

    def on_timeout(self, timer):
        if self.voted:
            super().on_timeout(timer)


class AbortsWhenUncertain(Participant):
    """Timeout, decision: takes silence for an abort."""

    def ask_all(self):
        self.decide(Decision.ABORT)


class CommitsWhenUncertain(Participant):
    """Timeout, decision: takes silence for consent."""

    def ask_all(self):
        self.decide(Decision.COMMIT)


class NeverAsks(Participant):
    """Timeout, decision: waits to be told."""

    def ask_all(self):
        pass


class AsksOnce(Participant):
    """Timeout, decision: does not ask again when nobody answers."""

    def ask_all(self):
        super().ask_all()
        self.cancel_timer(Timeout())


class HelpsNobody(Participant):
    """Termination, 1; Termination, 2: leaves it to the coordinator."""

    def on_decision_req(self, src: NodeId, msg: DecisionReq):
        pass


class TellsAbortAndForgetsIt(Participant):
    """Termination, 2: has not voted, says so, and votes."""

    def on_decision_req(self, src: NodeId, msg: DecisionReq):
        if self.decision is None and not self.voted:
            return self.send(src, Abort())
        super().on_decision_req(src, msg)


class GuessesForOthers(Participant):
    """Termination, 3: is uncertain, and tells others to abort."""

    def on_decision_req(self, src: NodeId, msg: DecisionReq):
        if self.uncertain:
            return self.send(src, Abort())
        super().on_decision_req(src, msg)


class AbortsAfterACrash(Participant):
    """Recovery, participant: begins anew, whatever it has promised."""

    def on_recover(self, report):
        if self.decision is None:
            self.decide(Decision.ABORT)


class WaitsAfterACrash(Participant):
    """Recovery, participant: waits to be told."""

    def on_recover(self, report):
        pass
