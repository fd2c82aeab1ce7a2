"""What the detectors make of a crash and of a pause, to be read.

`pytest tests/membership/test_detectors_golden.py --update-golden` writes them anew.
"""

import pytest
from told import told

from distlab.faults import Crash, Pause, Recover
from distlab.membership.heartbeat import HeartbeatDetector
from distlab.membership.increasing_timeout import IncreasingTimeout
from distlab.membership.phi_accrual import PhiAccrualDetector
from distlab.sim import Cluster

PAUSES = (Pause("s2", 120, 320), Pause("s2", 520, 720), Pause("s2", 920, 1120))


def cluster(protocol: type, *faults, **settings) -> Cluster:
    return Cluster(
        protocol, servers=2, seed=7, faults=faults, period_ms=100, **settings
    )


# What happens, and until when it is told
STORIES = {
    "heartbeat": (
        cluster(HeartbeatDetector, Crash("s2", 250), Recover("s2", 480)),
        620,
    ),
    "increasing_timeout": (
        cluster(IncreasingTimeout, *PAUSES, timeout_ms=130, step_ms=100),
        1300,
    ),
    "phi_accrual": (cluster(PhiAccrualDetector, *PAUSES, threshold=3), 1300),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_run_reads_as_it_is_written_down(story, golden):
    run, until_ms = STORIES[story]
    golden(f"{story}.txt", told(run.run(until_ms=until_ms).trace))
