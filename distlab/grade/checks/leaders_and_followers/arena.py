"""The runs of exercises 1.3 and 1.5: a failover that a schedule of faults may spoil."""

from __future__ import annotations

from typing import Any

from distlab.check import Verdict, durability
from distlab.faults import Schedule
from distlab.node import Call, NodeId
from distlab.replication.automatic_failover import AutomaticFailover
from distlab.sim import ClosedLoop, Cluster, Network
from distlab.trace import Trace

SERVERS = ("s1", "s2", "s3")
END_MS = 2_000


def arena(schedule: Schedule, sync_followers: int = 0, **settings: Any) -> Cluster:
    """s1 leads s2 and s3, c1 writes 12 keys; every message takes 2 ms."""
    writes = [Call("write", (f"k{number}", number)) for number in range(1, 13)]
    cluster = Cluster(
        AutomaticFailover,
        servers=3,
        clients=1,
        seed=1,
        network=Network(latency=2),
        workload={"c1": ClosedLoop(writes, think_ms=50)},
        faults=schedule,
        sync_followers=sync_followers,
        heartbeat_ms=100,
        **settings,
    )
    return cluster.run(until_ms=END_MS)


def what_matters(cluster: Cluster) -> Trace:
    """The run from shortly before the first fault to shortly after a new leader."""
    times = [getattr(fault, "at_ms", 0) for fault in cluster.schedule]
    from_ms = max(0, min(times, default=0) - 10)
    led = [s.at_ms for s in cluster.trace.where("note") if s.what.startswith("leads")]
    return cluster.trace.between(from_ms, min(led, default=from_ms + 200) + 20)


def lost(cluster: Cluster) -> Verdict:
    """Whether the replicas that are up in the end have every acknowledged write."""
    states = {id: held_by(cluster, id) for id in SERVERS if is_up(cluster, id)}
    return durability.acknowledged_writes(cluster.history, states)


def held_by(cluster: Cluster, id: NodeId) -> dict[str, Any]:
    """What the keys of a replica hold."""
    node = cluster[id]
    assert isinstance(node, AutomaticFailover)
    return {key: entry.value for key, entry in node.rows.items()}


def is_up(cluster: Cluster, id: NodeId) -> bool:
    """Whether a node has not crashed, or has come back."""
    changes = cluster.trace.where("crash", "recover", node=id)
    return not changes or changes[-1].kind == "recover"
