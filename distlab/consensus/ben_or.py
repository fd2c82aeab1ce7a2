"""Ben-Or's consensus: who sees no majority tosses a coin, and one day all coins agree.

Source
    Ben-Or, "Another Advantage of Free Choice: Completely Asynchronous Agreement
    Protocols", PODC 1983, Protocol A. Its messages have their names from Aguilera and
    Toueg, "The Correctness Proof of Ben-Or's Randomized Consensus Algorithm",
    Distributed Computing 25(5), 2012.
Guarantees
    No two nodes decide differently. What all propose is what they decide, in the first
    round; what none proposes is never decided. Every node that stays up decides with
    probability 1, however late messages are, as soon as all but `t` have proposed.
Assumes
    At most t nodes stop, less than half of n, and for good. No message is lost. Nothing
    is known of delays. Whoever delays messages does not know future tosses.
Costs
    2n(n - 1) messages and two message delays a round. No disk is used. How many rounds
    is up to the coins, see `ben_or_rounds`: if almost half may stop and delays are as
    bad as can be, two to the power of n - 1 are to be expected.
Departs
    The paper's nodes go on for ever. Ours stop one round after that in which they have
    decided: by then everybody has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from distlab.errors import Misuse
from distlab.node import (
    Assumes,
    Call,
    Message,
    Node,
    NodeId,
    Value,
    ghost,
    setting,
    volatile,
)
from distlab.quorum import AtLeast, Majority, Votes

BITS = (0, 1)


class Report(Message):
    """(1, r, x): in round r my value is x."""

    round: int
    value: int


class Proposal(Message):
    """(2, r, v, D): v is the value of more than half. None stands for "?": of neither.

    One that names a value is a D-message.
    """

    round: int
    value: int | None


class Decided(Value):
    """This is what all have agreed on."""

    value: int


class Phase(Enum):
    """What a node waits for in its round."""

    NOT_BEGUN = "not begun"
    REPORTS = "reports"
    PROPOSALS = "proposals"
    STOPPED = "stopped"


class BenOr(Node):
    """`propose(bit)` ends with the bit that was decided: this one, or the other."""

    assumes = Assumes(
        links="at least once", failures="crash-stop", disk="loses writes", f="minority"
    )

    t: int | None = setting(None)  # how many may stop; None: as many as are possible

    round: int = volatile(0)
    phase: Phase = volatile(Phase.NOT_BEGUN)
    x: int = volatile(0)  # its value in this round
    reports: Votes = volatile(Votes())  # by round
    proposals: Votes = volatile(Votes())  # by round
    decision: int | None = volatile(None)
    proposed: int | None = ghost(None)  # before the first round

    def on_start(self):
        if not self.majority.has(self.nodes[self.stopping :]):
            raise Misuse(
                f"t={self.t} of {len(self.nodes)} nodes: those that are left when t "
                f"stop are no majority, and none would ever decide: choose less."
            )

    @property
    def majority(self) -> Majority:
        return Majority(self.nodes)

    @property
    def stopping(self) -> int:
        """How many nodes may stop: nobody waits for so many."""
        return self.majority.survives() if self.t is None else self.t

    # ------------------------------------------------------------------------ the round
    def propose(self, value: int):  # Step 0
        if value not in BITS:
            raise Misuse(f"propose({value!r}): this is about one bit, 0 or 1.")
        self.x = self.proposed = value
        self.start_round(1)

    def start_round(self, number: int):  # Step 1
        self.round, self.phase = number, Phase.REPORTS
        self.send(self.nodes, Report(number, self.x))

    def on_report(self, src: NodeId, msg: Report):
        if self.too_late(msg):
            return self.ignore("of a round that is over")
        self.reports.add(src, msg.value, msg.round)

    def on_proposal(self, src: NodeId, msg: Proposal):
        if self.too_late(msg):
            return self.ignore("of a round that is over")
        self.proposals.add(src, msg.value, msg.round)

    def too_late(self, msg: Report | Proposal) -> bool:
        return msg.round < self.round or self.phase is Phase.STOPPED

    def after_event(self):
        if self.phase is Phase.REPORTS and self.enough(self.reports):
            return self.send_proposal()
        if self.phase is Phase.PROPOSALS and self.enough(self.proposals):
            self.finish_round()

    def enough(self, votes: Votes) -> bool:  # Step 2, wait; Step 3, wait
        """Whether all have been heard in this round but those that may have stopped."""
        quorum = AtLeast(self.nodes, len(self.nodes) - self.stopping)
        return quorum.has(votes.by(self.round))

    def send_proposal(self):  # Step 2
        """Two majorities overlap: no two nodes propose different values in a round."""
        most = (v for v in BITS if self.majority.has(self.voters(self.reports, v)))
        self.phase = Phase.PROPOSALS
        self.send(self.nodes, Proposal(self.round, next(most, None)))

    def finish_round(self):
        if self.decision is not None:
            return self.stop()
        backed = (v for v in BITS if self.voters(self.proposals, v))
        value = next(backed, None)
        if value is None:
            (self.x,) = self.choose(1, BITS)  # Step 3 (c)
            self.note("a toss")
        else:
            self.x = value  # Step 3 (a)
            if self.sure_of(value):
                self.decide(value)
        self.reports.forget(self.round)
        self.proposals.forget(self.round)
        self.start_round(self.round + 1)  # Step 4

    def sure_of(self, value: int) -> bool:  # Step 3 (b)
        """More than t propose it: whomever another node waits for, it hears of one.

        So in the next round this is the value of all.
        """
        voters = self.voters(self.proposals, value)
        return AtLeast(self.nodes, self.stopping + 1).has(voters)

    def decide(self, value: int):
        self.decision = value
        self.output(Decided(value))
        if self.operation:
            self.ok(value)

    def voters(self, votes: Votes, value: int) -> tuple[NodeId, ...]:
        """Who has named this value in this round."""
        said = votes.said.get(self.round, {})
        return tuple(node for node in said if said[node] == value)

    def stop(self):
        self.phase, self.reports, self.proposals = Phase.STOPPED, Votes(), Votes()

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node proposes when a run says nothing else: either bit."""
        yield Call("propose", choose(1, BITS))
