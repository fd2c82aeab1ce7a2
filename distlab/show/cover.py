"""The picture of the README: `python -m distlab.show.cover` draws it anew.

A failover that loses an acknowledged write. The network splits; the leader and a client
are on one side, and asynchronous replication acknowledges what the other never hears.
"""

from __future__ import annotations

from pathlib import Path

from distlab.check import Verdict, durability
from distlab.folders import course_folder
from distlab.replication.automatic_failover import AutomaticFailover
from distlab.show.picture import Picture
from distlab.show.spacetime import spacetime
from distlab.sim import Cluster, Network, Uniform

PLACE = Path("notebooks/images/failover.svg")
CAPTION = (
    "Acknowledged, and lost: only s1 had x = 2 when s2 was made leader. "
    "Back together, s1 discards it, and c1 reads what it had overwritten."
)


def failover() -> Cluster:
    """Three replicas and a client; the leader is cut off, and replaced."""
    cluster = Cluster(
        AutomaticFailover,
        servers=3,
        clients=1,
        seed=1,
        network=Network(latency=Uniform(2, 6)),
        heartbeat_ms=40,
        failover_ms=50,
        poll_ms=14,
        retransmit_ms=100,
        timeout_ms=60,
    )
    cluster.at(0).call("c1", "write", "x", 1)
    cluster.at(17).split(("s1", "c1"), ("s2", "s3"))
    cluster.at(22).call("c1", "write", "x", 2)
    cluster.at(100).heal()
    cluster.at(125).call("c1", "read", "x")
    return cluster.run(until_ms=150)


def verdict(cluster: Cluster) -> Verdict:
    """Whether every acknowledged write is still there."""
    servers = cluster.nodes["s1"].nodes
    rows = {server: cluster[server].state()["rows"] for server in servers}
    final = {s: {key: row.value for key, row in rows[s].items()} for s in servers}
    return durability.acknowledged_writes(cluster.history, final)


def cover() -> Picture:
    """The picture, with the lost write and the read that misses it marked."""
    cluster = failover()
    lost = verdict(cluster).evidence
    reads = cluster.history.where("read")
    return spacetime(cluster.trace, mark=(*lost, *reads), caption=CAPTION)


if __name__ == "__main__":
    path = course_folder() / PLACE
    path.parent.mkdir(exist_ok=True)
    cover().save(path)
    print(path)
