"""Multi-Paxos in simulated time: promises, mutants, assumptions, other machines."""

import pytest
from killed import broken
from multi_paxos_runs import PROMISES, WORKLOADS, run

from distlab.consensus.multi_paxos import MultiPaxos


@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(10))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, shape):
    """§3, in order."""
    assert broken(run(MultiPaxos, seed, shape), *PROMISES) == {}
