"""Runs of viewstamped replication in simulated time."""

from functools import partial

import agreement
from schedules import OVER_MS, Drawing
from viewstamped_claims import CLAIMS, remembering, replicas
from workloads import lopsided, symmetric

from distlab.consensus.client import QueueClient
from distlab.consensus.viewstamped import Viewstamped
from distlab.consensus.viewstamped_recovery import ViewstampedRecovery
from distlab.faults import Assumes, Schedule
from distlab.machine import Queue
from distlab.node import Call
from distlab.sim import ClosedLoop, Cluster, Disk, Network, Uniform

CLIENTS = ("c1", "c2")
DEQUEUE = Call("dequeue")


def clients_see_one_service(cluster: Cluster) -> str | None:
    """What clients were told is linearizable, whatever is replicated."""
    return agreement.clients_see_one_service(cluster, cluster["s1"].machine)


PROMISES = (
    *CLAIMS,
    clients_see_one_service,
    agreement.all_deliver_in_one_order,
    agreement.clients_finish,
    agreement.all_deliver_the_same_in_the_end,
)


def all_who_are_up_deliver_the_same_in_the_end(cluster: Cluster) -> str | None:
    """Where a crash is for good, the others come equally far."""
    down = {step.node for step in cluster.trace.where("crash")}
    reached = {
        node.id: node.commit_number for node in replicas(cluster) if node.id not in down
    }
    if len(set(reached.values())) > 1:
        return f"they came to different places: {reached}"
    return None


OF_THE_LIVING = (
    *PROMISES[:-1],
    all_who_are_up_deliver_the_same_in_the_end,
)


def queue() -> dict[str, ClosedLoop]:
    """Both put in, and take out a little less."""
    return {
        client: ClosedLoop(
            tuple(
                Call("enqueue", (f"{client}.{i}",)) if i % 5 in (0, 1, 3) else DEQUEUE
                for i in range(15)
            ),
            think_ms=Uniform(0, 150),
        )
        for client in CLIENTS
    }


SHAPES = {"symmetric": partial(symmetric, CLIENTS), "lopsided": lopsided}
WORKLOADS = {**SHAPES, "queue": queue, "stormy": partial(symmetric, CLIENTS)}
STORMY = {"primary_ms": 60, "commit_ms": 20}  # view changes without end
LINKS_ONLY = Assumes(failures="pause")


def servers(seed: int) -> list[str]:
    return [f"s{i}" for i in range(1, 6 if seed % 3 == 2 else 4)]


def admitted(protocol: type[Viewstamped], seed: int, shape: str) -> Schedule:
    """Faults that are taken for granted; in a storm more of them, but for crashes."""
    drawn = Drawing(seed, servers(seed), CLIENTS).schedule(protocol.assumes)
    if shape != "stormy":
        return drawn
    more = (
        Drawing(4 * seed + i, servers(seed), CLIENTS, 100, 120).schedule(LINKS_ONLY)
        for i in range(4)
    )
    return (*drawn, *(fault for schedule in more for fault in schedule))


def run(
    protocol: type[Viewstamped],
    seed: int,
    shape: str,
    faults: Schedule | None = None,
    **more,
) -> Cluster:
    """One run to its end: three servers or five."""
    if shape == "stormy":
        more = {**STORMY, **more}
    if shape == "queue":
        more = {"machine": Queue(), "clients": (QueueClient, len(CLIENTS)), **more}
    cluster = Cluster(
        remembering(protocol),
        servers=len(servers(seed)),
        clients=more.pop("clients", len(CLIENTS)),
        seed=seed,
        network=Network(fifo=not issubclass(protocol, ViewstampedRecovery)),
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed % 2]),
        faults=admitted(protocol, seed, shape) if faults is None else faults,
        workload=WORKLOADS[shape](),
        **more,
    )
    return cluster.run(until_ms=OVER_MS + 3500)
