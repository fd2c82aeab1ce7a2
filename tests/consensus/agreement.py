"""What every replicated service promises, judged from a run: the same for all of them.

Each judge returns the sentence that is broken, or None.
"""

from distlab.check.linearizable import linearizable
from distlab.check.total_order import total_order
from distlab.machine import KeyValue, Machine
from distlab.node import NodeId
from distlab.replicated import Delivered, Restored
from distlab.sim import Cluster


def clients_see_one_service(
    cluster: Cluster, machine: Machine | None = None
) -> str | None:
    """What clients were told is linearizable."""
    verdict = linearizable(cluster.history, machine or KeyValue())
    return str(verdict) if verdict.invalid else None


def all_deliver_in_one_order(cluster: Cluster) -> str | None:
    """Total order broadcast."""
    verdict = total_order(cluster.trace)
    return str(verdict) if verdict.invalid else None


def clients_finish(cluster: Cluster) -> str | None:
    """Every operation ends: faults are over long before the run is."""
    for op in cluster.history:
        if op.ended_us is None:
            return f"{op} never ends"
    return None


def all_deliver_the_same_in_the_end(cluster: Cluster) -> str | None:
    """Once faults have stopped and clients are done, all replicas come equally far."""
    reached: dict[NodeId, int] = dict.fromkeys(cluster.groups.members["servers"], 0)
    for step in cluster.trace.where("output"):
        if type(step.what) in (Delivered, Restored):
            reached[step.node] = max(reached[step.node], step.what.index)
    if len(set(reached.values())) > 1:
        return f"they came to different places: {reached}"
    return None


PROMISES = (
    clients_see_one_service,
    all_deliver_in_one_order,
    clients_finish,
    all_deliver_the_same_in_the_end,
)


def broken(cluster: Cluster) -> dict[str, str]:
    """The promises that this run breaks, each with how."""
    said = ((judge.__name__, judge(cluster)) for judge in PROMISES)
    return {name: how for name, how in said if how}
