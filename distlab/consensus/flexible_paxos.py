"""Flexible Paxos: a value is chosen by few, if whoever comes after has to ask many.

Source
    Howard, Malkhi and Spiegelman, "Flexible Paxos: Quorum Intersection Revisited",
    OPODIS 2016; over Lamport, "Paxos Made Simple", ACM SIGACT News 32(4), 2001.
Guarantees
    Those of Paxos. A proposal ends once a phase-1 quorum and a phase-2 quorum are up
    and can be reached.
Assumes
    Every phase-1 quorum meets every phase-2 quorum; two of one phase need not meet. For
    the rest what Paxos assumes.
Costs
    Those of Paxos; a phase waits for as many syncs as its smallest quorum has nodes.
Departs
    Quorums are given once and stay; the paper also lets a proposer choose them for each
    ballot. For the rest as Paxos here departs.
"""

from __future__ import annotations

from distlab.consensus.paxos import Paxos, Prepare
from distlab.errors import Misuse
from distlab.node import setting
from distlab.quorum import Majority, Quorum


class FlexiblePaxos(Paxos):
    """Paxos with a quorum for each phase; where none is given, it asks majorities.

    Such as `AtLeast(five, 4)` and `AtLeast(five, 2)`; `row(grid)` and `column(grid)`.
    """

    phase_1: Quorum | None = setting(None)
    phase_2: Quorum | None = setting(None)

    def on_start(self):
        for quorum in (self.phase_1, self.phase_2):
            if quorum is not None and not quorum.has(self.nodes):
                raise Misuse(
                    f"{quorum}: not even all of {', '.join(self.nodes)} are enough, "
                    f"and every proposal would wait for ever: choose among these."
                )

    def enough(self) -> bool:
        """Whether those who have answered are a quorum of the phase under way."""
        assert self.pending
        quorum = self.phase_2  # Q2
        if isinstance(self.pending.request, Prepare):
            quorum = self.phase_1  # Q1
        return (quorum or Majority(self.nodes)).has(self.pending.votes.by())
