"""Runs of Multi-Paxos in simulated time, with every fault that it admits."""

from functools import partial

import agreement
from killed import broken
from multi_paxos_claims import CLAIMS
from schedules import OVER_MS, Drawing
from workloads import lopsided, symmetric

from distlab.consensus.multi_paxos import MultiPaxos
from distlab.faults import Schedule
from distlab.sim import Cluster, Disk, Uniform

CLIENTS = ("c1", "c2", "c3")
PROMISES = (*CLAIMS, *agreement.PROMISES)


WORKLOADS = {
    "symmetric": partial(symmetric, CLIENTS),
    "lopsided": lopsided,
    "stormy": partial(symmetric, CLIENTS),
}
STORMY = {"leader_timeout_ms": (25, 75), "heartbeat_ms": 15}  # no leader stays


def run(
    protocol: type, seed: int, shape: str, faults: Schedule | None = None, **more
) -> Cluster:
    """One run to its end: three servers or five, a fast disk or a slow one."""
    if shape == "stormy":
        more = {**STORMY, **more}
    cluster = Cluster(
        protocol,
        servers=len(servers(seed)),
        clients=len(CLIENTS),
        seed=seed,
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed % 2]),
        faults=admitted(seed, shape) if faults is None else faults,
        workload=WORKLOADS[shape](),
        **{"window": (1, 3, 100)[seed % 3], **more},
    )
    return cluster.run(until_ms=OVER_MS + 3500)


def servers(seed: int) -> list[str]:
    return [f"s{i}" for i in range(1, 6 if seed % 4 > 1 else 4)]


def admitted(seed: int, shape: str) -> Schedule:
    """Faults that are taken for granted; in a storm three times as many, and longer."""
    if shape == "stormy":
        draws = [
            Drawing(3 * seed + i, servers(seed), CLIENTS, 100, 120) for i in range(3)
        ]
    else:
        draws = [Drawing(seed, servers(seed), CLIENTS)]
    return tuple(f for drawn in draws for f in drawn.schedule(MultiPaxos.assumes))


def said(protocol: type, seed: int, shape: str) -> dict[str, str]:
    """What a run breaks."""
    return broken(run(protocol, seed, shape), *PROMISES)
