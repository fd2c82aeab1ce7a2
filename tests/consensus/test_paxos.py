"""Paxos, one sentence of the paper each. `paxos_mutants` says what may be forgotten."""

from distlab.consensus.paxos import Ballot, Paxos, Prepare, Retry
from distlab.node import Call, Send, SetTimer

NODES = ("s1", "s2", "s3")
ONE, TWO = Ballot(1, "s1"), Ballot(2, "s2")
PROPOSE = Call("propose", ("tea",))


def to_all(msg) -> list[Send]:
    return [Send(dst, msg) for dst in NODES]


def test_a_proposer_prepares_a_ballot_of_its_own():
    """§2.2, Phase 1 (a): and asks every acceptor to promise."""
    assert Paxos("s1", NODES).step(PROPOSE) == [
        *to_all(Prepare(ONE)),
        SetTimer(Retry(), (50, 150)),
    ]
