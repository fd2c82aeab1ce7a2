"""A good run and a bad one of each protocol that agrees once, to be read.

`pytest tests/consensus/test_agreement_golden.py --update-golden` writes them anew.
"""

import pytest
from told import told

from distlab.consensus.ben_or import BenOr
from distlab.consensus.bully import Bully
from distlab.consensus.ring_election import RingElection
from distlab.consensus.two_phase_commit import Coordinator, Participant
from distlab.faults import Crash, Loss, Pause, Recover
from distlab.node import Call
from distlab.sim import Cluster, Network, Uniform

NEAR = Network(Uniform(1, 5))


def ben_or(seed: int, bits: tuple[int, ...], *faults) -> Cluster:
    calls = {f"s{i + 1}": (Call("propose", (bit,)),) for i, bit in enumerate(bits)}
    return Cluster(BenOr, servers=3, seed=seed, faults=faults, workload=calls)


def bully(*faults) -> Cluster:
    slow = {"check_ms": 400, "patience_ms": 500}
    return Cluster(Bully, servers=3, seed=7, network=NEAR, faults=faults, **slow)


def ring(numbers: tuple[int, ...], *begin: str) -> Cluster:
    own = {f"s{i + 1}": {"number": number} for i, number in enumerate(numbers)}
    calls = {id: (Call("elect"),) for id in begin}
    return Cluster(
        RingElection, servers=len(numbers), seed=7, per_node=own, workload=calls
    )


def two_phase_commit(*faults) -> Cluster:
    return Cluster(
        Coordinator,
        coordinator=(Coordinator, 1),
        participants=(Participant, 3),
        seed=7,
        faults=faults,
        workload={"c1": (Call("commit"),)},
    )


# What happens, and until when it is told
STORIES = {
    "ben_or": (ben_or(7, (1, 1, 1)), 100),
    "ben_or_tosses": (ben_or(7, (0, 1, 0)), 100),
    "ben_or_loses_a_node": (ben_or(3, (0, 1, 1), Crash("s3", 3)), 100),
    "bully": (bully(), 100),
    "bully_after_a_crash": (bully(Crash("s3", 50), Recover("s3", 900)), 1300),
    "bully_after_a_pause": (bully(Pause("s3", 50, 900)), 1700),
    "ring_election": (ring((1, 2, 3, 4), "s1", "s2", "s3", "s4"), 100),
    "ring_election_worst": (ring((4, 3, 2, 1), "s1", "s2", "s3", "s4"), 100),
    "two_phase_commit": (two_phase_commit(), 100),
    "two_phase_commit_blocks": (
        two_phase_commit(Crash("c1", 6), Recover("c1", 260)),
        280,
    ),
    "two_phase_commit_helps_itself": (
        two_phase_commit(
            Loss(1, dst="p1", messages=("Commit",)),
            Loss(1, dst="p2", messages=("Commit",), until_ms=50),
            Crash("c1", 8),
        ),
        130,
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_run_reads_as_it_is_written_down(story, golden):
    cluster, until_ms = STORIES[story]
    golden(f"{story}.txt", told(cluster.run(until_ms=until_ms).trace))
