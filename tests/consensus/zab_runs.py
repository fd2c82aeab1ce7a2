"""Runs of Zab in simulated time, on links that keep their order."""

import agreement
from schedules import OVER_MS, Drawing
from viewstamped_runs import CLIENTS, WORKLOADS, clients_see_one_service, servers
from zab_claims import CLAIMS, remembering

from distlab.consensus.client import QueueClient
from distlab.consensus.zab import Zab
from distlab.consensus.zab_election import ZabElection
from distlab.faults import Schedule
from distlab.machine import Queue
from distlab.sim import Cluster, Disk, Network, Uniform

PROMISES = (
    *CLAIMS,
    clients_see_one_service,
    agreement.all_deliver_in_one_order,
    agreement.clients_finish,
    agreement.all_deliver_the_same_in_the_end,
)
STORMY = {"patience_ms": 60, "ping_ms": 20}  # elections without end


def admitted(seed: int, shape: str) -> Schedule:
    """Faults that Zab takes for granted; in a storm four times as many."""
    if shape != "stormy":
        return Drawing(seed, servers(seed), CLIENTS).schedule(ZabElection.assumes)
    draws = (Drawing(4 * seed + i, servers(seed), CLIENTS, 100, 40) for i in range(4))
    return tuple(fault for d in draws for fault in d.schedule(ZabElection.assumes))


def run(
    protocol: type[Zab],
    seed: int,
    shape: str,
    faults: Schedule | None = None,
    fifo: bool = True,
    **more,
) -> Cluster:
    """One run to its end: three servers or five, a fast disk or a slow one."""
    if shape == "stormy":
        more = {**STORMY, **more}
    if shape == "queue":
        more = {"machine": Queue(), "clients": (QueueClient, len(CLIENTS)), **more}
    cluster = Cluster(
        remembering(protocol),
        servers=len(servers(seed)),
        clients=more.pop("clients", len(CLIENTS)),
        seed=seed,
        network=Network(fifo=fifo),
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed % 2]),
        faults=admitted(seed, shape) if faults is None else faults,
        workload=WORKLOADS[shape](),
        **more,
    )
    return cluster.run(until_ms=OVER_MS + 4500)
