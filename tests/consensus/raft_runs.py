"""Runs of Raft in simulated time, with every fault that it admits."""

from functools import partial

import agreement
from killed import Judge, broken
from raft_claims import CLAIMS, remembering
from schedules import OVER_MS, Drawing
from workloads import lopsided, symmetric

from distlab.consensus.client import QueueClient
from distlab.consensus.raft import Raft
from distlab.faults import Schedule
from distlab.machine import Queue
from distlab.node import Call
from distlab.sim import ClosedLoop, Cluster, Disk, Uniform

CLIENTS = ("c1", "c2")


def queueing() -> dict[str, ClosedLoop]:
    """Of a queue: what is done twice shows."""
    return {
        client: ClosedLoop(
            tuple(
                Call("enqueue", (f"{client}.{i}",)) if i % 3 < 2 else Call("dequeue")
                for i in range(15)
            )
        )
        for client in CLIENTS
    }


WORKLOADS = {
    "symmetric": partial(symmetric, CLIENTS),
    "lopsided": lopsided,
    "stormy": partial(symmetric, CLIENTS),
    "queueing": queueing,
}
STORMY = {"election_ms": (25, 75), "heartbeat_ms": 15}  # elections without end


def run(
    protocol: type[Raft],
    seed: int,
    shape: str,
    faults: Schedule | None = None,
    remembers: bool = True,
    **more,
) -> Cluster:
    """One run to its end: three servers or five, a fast disk or a slow one."""
    if shape in ("stormy", "queueing"):
        more = {**STORMY, **more}
    if shape == "queueing":
        more = {"machine": Queue(), "clients": (QueueClient, len(CLIENTS)), **more}
    cluster = Cluster(
        remembering(protocol) if remembers else protocol,
        servers=len(servers(seed)),
        clients=more.pop("clients", len(CLIENTS)),
        seed=seed,
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed % 2]),
        faults=admitted(seed, shape) if faults is None else faults,
        workload=WORKLOADS[shape](),
        **more,
    )
    return cluster.run(until_ms=OVER_MS + 3500)


def servers(seed: int) -> list[str]:
    return [f"s{i}" for i in range(1, 6 if seed % 3 == 2 else 4)]


def admitted(seed: int, shape: str) -> Schedule:
    """Faults that Raft takes for granted; in a storm four times as many, and longer."""
    if shape in ("stormy", "queueing"):
        draws = [
            Drawing(4 * seed + i, servers(seed), CLIENTS, 100, 120) for i in range(4)
        ]
    else:
        draws = [Drawing(seed, servers(seed), CLIENTS)]
    return tuple(fault for drawn in draws for fault in drawn.schedule(Raft.assumes))


def said(protocol: type[Raft], seed: int, shape: str) -> dict[str, str]:
    """What a run breaks."""
    return broken(run(protocol, seed, shape), *promises(shape))


def promises(shape: str) -> tuple[Judge, ...]:
    """Those of Raft, and those of any replicated service."""
    one_service, *others = agreement.PROMISES
    return (
        *CLAIMS,
        clients_see_one_queue if shape == "queueing" else one_service,
        *others,
    )


def clients_see_one_queue(cluster: Cluster) -> str | None:
    """What clients were told is linearizable."""
    return agreement.clients_see_one_service(cluster, Queue())
