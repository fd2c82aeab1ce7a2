"""Flexible Paxos: quorums that meet across phases are enough, and needed."""

from functools import partial

import pytest
import test_paxos_runs
from killed import broken, each_mutant, first_harm, kill
from paxos_claims import (
    always_one_value_is_chosen,
    always_what_is_learned_was_chosen,
    chosen,
)
from test_paxos_runs import PROMISES, WORKLOADS

from distlab.consensus.flexible_paxos import FlexiblePaxos
from distlab.consensus.paxos import Accept, Accepted, Ballot, Paxos, Prepare, Promise
from distlab.errors import Misuse
from distlab.faults import Crash
from distlab.node import Call, Deliver, Send
from distlab.quorum import AtLeast, Quorum, Weighted, column, row
from distlab.sim import Cluster, Network

FIVE = tuple(f"s{i}" for i in range(1, 6))
SIX = (("s1", "s2", "s3"), ("s4", "s5", "s6"))
FOUR = (("s1", "s2"), ("s3", "s4"))
HEAVY = Weighted((("s1", 3), ("s2", 1), ("s3", 1)))
# How many nodes, and the quorums of both phases
SHAPES: dict[str, tuple[int, Quorum, Quorum]] = {
    "few vote": (5, AtLeast(FIVE, 4), AtLeast(FIVE, 2)),
    "many vote": (5, AtLeast(FIVE, 2), AtLeast(FIVE, 4)),
    "one votes": (5, AtLeast(FIVE, 5), AtLeast(FIVE, 1)),
    "a row, a column": (6, row(SIX), column(SIX)),
    "a column, a row": (6, column(SIX), row(SIX)),
    "one counts for three": (3, HEAVY, HEAVY),
}
NEVER_MEET = {
    "half and half": (4, AtLeast(FIVE[:4], 2), AtLeast(FIVE[:4], 2)),
    "a row, a row": (4, row(FOUR), row(FOUR)),
}


def run(protocol: type, seed: int, work: str, shape: tuple, faults=None) -> Cluster:
    """One run to its end, with the faults that Paxos admits."""
    n, phase_1, phase_2 = shape
    return test_paxos_runs.run(
        protocol, seed, work, faults, n, phase_1=phase_1, phase_2=phase_2
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(6))
def test_quorums_that_meet_across_phases_keep_what_paxos_promises(seed, shape):
    """Q1; Q2."""
    _, phase_1, phase_2 = SHAPES[shape]
    assert phase_1.meets(phase_2)
    work = ("symmetric", "lopsided")[seed % 2]
    assert broken(run(FlexiblePaxos, seed, work, SHAPES[shape]), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(6, 56))
def test_so_it_is_for_hundreds_of_runs(seed, shape, work):
    assert broken(run(FlexiblePaxos, seed, work, SHAPES[shape]), *PROMISES) == {}


def test_two_quorums_of_one_phase_need_not_meet():
    """Q2: it is so in half of the shapes that keep the promise."""
    apart = {name for name, (_, _, two) in SHAPES.items() if not two.meets(two)}
    assert apart == {"few vote", "one votes", "a row, a column", "a column, a row"}


@pytest.mark.parametrize("shape", NEVER_MEET)
def test_where_the_phases_do_not_meet_two_values_are_chosen(shape):
    """Q1; Q2: what a later proposer asks has not voted."""
    _, phase_1, phase_2 = NEVER_MEET[shape]
    assert not phase_1.meets(phase_2)
    first_harm(
        always_one_value_is_chosen,
        lambda seed: run(FlexiblePaxos, seed, "symmetric", NEVER_MEET[shape]),
    )


def test_without_quorums_of_its_own_it_is_paxos():
    """To the byte."""
    for seed in range(4):
        runs = [
            test_paxos_runs.run(kind, seed, "symmetric")
            for kind in (Paxos, FlexiblePaxos)
        ]
        assert len({cluster.history.digest() for cluster in runs}) == 1


def test_each_phase_asks_its_own_quorum():
    """Q1; Q2: four promises, and then two votes."""
    _, phase_1, phase_2 = SHAPES["few vote"]
    s1 = FlexiblePaxos("s1", FIVE, phase_1=phase_1, phase_2=phase_2)
    s1.step(Call("propose", ("tea",)))
    one = Ballot(1, "s1")
    for node in FIVE[:3]:
        assert s1.step(Deliver(node, Promise(one, None))) == []
    sent = s1.step(Deliver("s4", Promise(one, None)))
    assert sent == [Send(node, Accept(one, "tea")) for node in FIVE]
    assert s1.step(Deliver("s1", Accepted(one))) == []
    assert s1.step(Deliver("s5", Accepted(one))) != []


@pytest.mark.parametrize(
    ("protocol", "values"), [(FlexiblePaxos, ["tea"]), (Paxos, [])]
)
def test_two_of_five_are_enough_once_a_ballot_is_prepared(protocol, values):
    """Q2: three crash after they have promised; majorities wait for one of them."""
    _, phase_1, phase_2 = SHAPES["few vote"]
    quorums = {"phase_1": phase_1, "phase_2": phase_2}
    cluster = Cluster(
        protocol,
        servers=5,
        network=Network(2),
        faults=[Crash(node, 5) for node in FIVE[2:]],
        **(quorums if protocol is FlexiblePaxos else {}),
    )
    cluster.add_call(0, "s1", Call("propose", ("tea",)))
    cluster.run(until_ms=500)
    assert [proposal.value for proposal in chosen(cluster)] == values


def test_quorums_of_which_not_all_nodes_are_enough_are_refused():
    with pytest.raises(Misuse, match="choose among these"):
        Cluster(FlexiblePaxos, servers=3, phase_1=AtLeast(FIVE, 4)).run(until_ms=1)


# ------------------------------------------------------------------------------ mutants
class PreparesWithAMajority(FlexiblePaxos):
    """Which need not meet two votes of five."""

    def enough(self):
        if isinstance(self.pending.request, Prepare):
            return Paxos.enough(self)
        return super().enough()


class LearnsFromAMajority(FlexiblePaxos):
    """Which need not meet two promises of five."""

    def enough(self):
        if isinstance(self.pending.request, Accept):
            return Paxos.enough(self)
        return super().enough()


class SwapsTheQuorums(FlexiblePaxos):
    """Asks few before it proposes, and many after."""

    def enough(self):
        first = isinstance(self.pending.request, Prepare)
        quorum = self.phase_2 if first else self.phase_1
        return quorum.has(self.pending.votes.by())


KILLED = [
    (PreparesWithAMajority, "few vote", 0, always_one_value_is_chosen),
    (LearnsFromAMajority, "many vote", 0, always_what_is_learned_was_chosen),
    (SwapsTheQuorums, "few vote", 0, always_one_value_is_chosen),
]


@each_mutant(KILLED)
def test_what_asks_another_quorum_breaks_a_promise(mutant, shape, seed, promise):
    runs = partial(run, work="symmetric", shape=SHAPES[shape])
    kill(mutant, seed, promise, PROMISES, runs, right=FlexiblePaxos)
