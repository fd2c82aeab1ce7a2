"""Runs of viewstamped replication that take a way of their own."""

from viewstamped_claims import remembering

from distlab.consensus.viewstamped import Viewstamped
from distlab.consensus.viewstamped_recovery import ViewstampedRecovery
from distlab.faults import Crash, Cut, Delay, Recover, Schedule
from distlab.sim import Cluster, Network

LATE = ("StartViewChange",)
# What recovery as printed loses (Michael et al. 2017). s2 wants view 1, and forgets it;
# s3 hears so later, sends its empty log to s2, and forgets it. Both are back in view 0,
# where s1 and s3 commit a command. Then s2 hears what s3 had said, and begins view 1.
FORGOTTEN = (
    Cut("s1", "s2", at_ms=20, until_ms=330),
    Delay(2000, src="s2", dst="s1", messages=LATE),
    Delay(200, src="s2", dst="s3", until_ms=400, messages=LATE),
    Crash("s2", at_ms=350),
    Recover("s2", at_ms=351),
    Delay(2000, src="s3", dst="s1", messages=LATE),
    Delay(220, src="s3", dst="s2", messages=(*LATE, "DoViewChange")),
    Crash("s3", at_ms=550),
    Recover("s3", at_ms=551),
    Cut("s1", "s2", at_ms=590, until_ms=800),
)


def forgotten(
    protocol: type[Viewstamped] = ViewstampedRecovery,
    more: Schedule = (),
    until_ms: float = 1500,
) -> Cluster:
    """Two replicas that forget, one after the other, that they have left a view."""
    cluster = Cluster(
        remembering(protocol),
        servers=3,
        clients=1,
        seed=3,
        network=Network(1),
        faults=(*FORGOTTEN, *more),
    )
    cluster.at(600).call("c1", "write", "x", 1)
    cluster.at(700).call("c1", "read", "x")
    return cluster.run(until_ms=until_ms)
