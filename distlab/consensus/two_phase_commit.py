"""Two-phase commit: all participants commit, or none does. It is not consensus.

Source
    Bernstein, Hadzilacos and Goodman, "Concurrency Control and Recovery in Database
    Systems", Addison-Wesley 1987, section 7.4: the protocol, and the cooperative
    termination protocol. First in Gray, "Notes on Data Base Operating Systems", 1978.
Guarantees
    No two nodes decide differently (AC1), nobody goes back on its decision (AC2), and
    all commit only if all have voted yes (AC3), which they do if nothing fails (AC4).
    Once failures are mended, every node decides (AC5). Until then those who have voted
    yes may have to wait: where consensus needs a majority, this needs everybody.
Assumes
    The nodes stay the same. Messages may be lost, doubled and reordered. Nodes may
    crash and recover with their disks (the last record may be torn).
Costs
    3n messages for n participants and three message delays; each participant syncs its
    vote and the decision, the coordinator its beginning and the decision.
Departs
    The coordinator has no vote of its own, and tells the decision to all, not only to
    those who have voted yes. There is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from distlab.node import (
    Assumes,
    Call,
    Message,
    Node,
    NodeId,
    Timer,
    Value,
    durable,
    setting,
    volatile,
)
from distlab.quorum import AtLeast, Votes


class Decision(Enum):
    """What becomes of the transaction."""

    COMMIT = "commit"
    ABORT = "abort"


class VoteReq(Message):
    """Can you commit?"""


class Yes(Message):
    """I can, whatever happens: all that it takes is on my disk."""


class No(Message):
    """I cannot, and have aborted."""


class Commit(Message):
    """All have voted yes."""


class Abort(Message):
    """Somebody has not."""


class DecisionReq(Message):
    """What has been decided?"""


class Timeout(Timer):
    """What was to come has not come."""


class Decided(Value):
    """This became of the transaction."""

    decision: Decision

    def __str__(self) -> str:
        return f"decided: {self.decision.value}"


TELLS = {Decision.COMMIT: Commit(), Decision.ABORT: Abort()}


class Coordinator(Node):
    """`commit()` asks all participants, and ends with the decision."""

    assumes = Assumes(disk="torn writes")

    participants: tuple[NodeId, ...] = setting(())
    vote_ms: float = setting(50)

    started: bool = durable(False)
    decision: Decision | None = durable(None)
    yes: Votes = volatile(Votes())  # who can commit

    def commit(self):  # Step 1
        if self.decision:
            return self.ok(self.decision)
        self.started = True
        self.send(self.participants, VoteReq())
        self.set_timer(Timeout(), self.vote_ms)

    def on_yes(self, src: NodeId, msg: Yes):  # Step 3
        if self.decision:
            return self.ignore("has decided")
        self.yes.add(src)
        if AtLeast(self.participants, len(self.participants)).has(self.yes.by()):
            self.decide(Decision.COMMIT)

    def on_no(self, src: NodeId, msg: No):  # Step 3
        if self.decision:
            return self.ignore("has decided")
        self.decide(Decision.ABORT)

    def on_timeout(self, timer: Timeout):  # Timeout, votes
        self.note("a vote is missing")
        self.decide(Decision.ABORT)

    def decide(self, decision: Decision):
        self.decision = decision
        self.cancel_timer(Timeout())
        self.send(self.participants, TELLS[decision])
        self.output(Decided(decision))
        if self.operation:
            self.ok(decision)

    def on_decision_req(self, src: NodeId, msg: DecisionReq):
        if self.decision is None:
            return self.ignore("has not decided")
        self.send(src, TELLS[self.decision])

    def on_recover(self, report):  # Recovery, coordinator
        """It does not know the votes any more."""
        if self.started and self.decision is None:
            self.decide(Decision.ABORT)

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What the coordinator does when a run says nothing else."""
        yield Call("commit")


class Participant(Node):
    """Has done its part of the transaction, and votes on it."""

    assumes = Assumes(disk="torn writes")

    coordinator: tuple[NodeId, ...] = setting(())
    able: bool = setting(True)  # to commit its part
    request_ms: float = setting(200)  # it waits so long to be asked for its vote
    decision_ms: float = setting(100)  # and so long for what came of it

    voted: bool = durable(False)  # yes: from here on it cannot decide alone
    decision: Decision | None = durable(None)

    def on_start(self):
        self.set_timer(Timeout(), self.request_ms)

    @property
    def uncertain(self) -> bool:
        return self.voted and self.decision is None

    def on_vote_req(self, src: NodeId, msg: VoteReq):  # Step 2
        if self.voted:
            return self.ignore("has voted")
        if self.able and self.decision is None:
            self.voted = True
            self.set_timer(Timeout(), self.decision_ms)
            return self.send(src, Yes())
        self.abort_alone()
        self.send(src, No())

    def abort_alone(self):
        """Nobody can have committed without its vote."""
        assert not self.voted
        if self.decision is None:
            self.decide(Decision.ABORT)

    def on_commit(self, src: NodeId, msg: Commit):  # Step 4
        self.learn(Decision.COMMIT)

    def on_abort(self, src: NodeId, msg: Abort):  # Step 4
        self.learn(Decision.ABORT)

    def learn(self, decision: Decision):
        if self.decision:
            return self.ignore("knows it")
        self.decide(decision)

    def decide(self, decision: Decision):
        self.decision = decision
        self.cancel_timer(Timeout())
        self.output(Decided(decision))

    # -------------------------------------------------------------- when nothing comes
    def on_timeout(self, timer: Timeout):
        if not self.voted:
            self.note("was never asked")
            return self.abort_alone()  # Timeout, vote request
        self.ask_all()

    def ask_all(self):  # Timeout, decision
        """Somebody may know, or may still be able to abort. If not, it is blocked."""
        self.note("uncertain")
        self.send((*self.coordinator, *self.peers), DecisionReq())
        self.set_timer(Timeout(), self.decision_ms)

    def on_decision_req(self, src: NodeId, msg: DecisionReq):
        if self.uncertain:
            return self.ignore("does not know either")  # Termination, 3
        if self.decision is None:
            self.abort_alone()  # Termination, 2
        assert self.decision
        self.send(src, TELLS[self.decision])  # Termination, 1

    def on_recover(self, report):  # Recovery, participant
        if self.uncertain:
            return self.ask_all()
        if not self.voted:
            self.abort_alone()


# Who runs together when `distlab run` is told nothing else.


CLUSTER = {"coordinator": (Coordinator, 1), "participants": (Participant, 3)}
