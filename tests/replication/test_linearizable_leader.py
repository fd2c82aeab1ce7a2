"""Single-leader replication says that its leader's reads are linearizable: are they?"""

from functools import partial

import pytest
import single_leader_mutants as mutants
from killed import kill
from promises import of_clients
from test_single_leader_runs import SHAPES, run

from distlab.check import Verdict
from distlab.check.linearizable import linearizable
from distlab.replication.single_leader import SingleLeader
from distlab.sim import Cluster


def judged(protocol: type, seed: int, shape: str, **settings) -> Verdict:
    return linearizable(of_clients(run(protocol, seed, shape, **settings)))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(20))
def test_reads_at_the_leader_are_linearizable(seed, shape):
    assert judged(SingleLeader, seed, shape).valid


@pytest.mark.soak
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(20, 1020))
def test_reads_at_the_leader_are_linearizable_for_a_thousand_seeds(seed, shape):
    assert judged(SingleLeader, seed, shape).valid


def test_reads_at_followers_are_not():
    verdict = judged(SingleLeader, 9, "lopsided", reads_at=("s2", "s3"))
    assert verdict.invalid
    assert len(verdict.evidence) <= 4


# What it forgets, and the workload and the seed that find it
NOT_LINEARIZABLE = [
    (mutants.ReadsAnywhere, "symmetric", 15),
    (mutants.ForgetsSafe, "lopsided", 5),
    (mutants.FollowsAndLeads, "symmetric", 0),
    (mutants.WritesOldRequests, "symmetric", 2),
]


@pytest.mark.parametrize(("mutant", "shape", "seed"), NOT_LINEARIZABLE)
def test_what_is_stale_without_a_rule_is_found(mutant, shape, seed):
    runs = partial(run, shape=shape)
    kill(mutant, seed, linearizable_reads, (linearizable_reads,), runs, SingleLeader)


def linearizable_reads(cluster: Cluster) -> str | None:
    verdict = linearizable(of_clients(cluster))
    return None if verdict.valid else str(verdict)
