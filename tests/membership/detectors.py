"""Runs of failure detectors, and what is promised of them."""

from math import inf

from schedules import OVER_MS, Drawing

from distlab.faults import Crash, Recover, Schedule
from distlab.membership.heartbeat import Suspect
from distlab.sim import Cluster

END_MS = OVER_MS + 3000
SIZES = (2, 3, 5)
# What a schedule adds to a delay, and for how long a node stands still: bounded
SLOW = {"delay_ms": 5, "pause_ms": 10}
LATE_MS = 50  # no message takes longer then


def run(
    protocol: type,
    seed: int,
    schedule: Schedule | None = None,
    *,
    slow: dict[str, float],
    **how,
) -> Cluster:
    """One run, to the end; the faults that are drawn are over at `OVER_MS`."""
    n = SIZES[seed % len(SIZES)]
    if schedule is None:
        drawing = Drawing(seed, [f"s{i + 1}" for i in range(n)], **slow)
        schedule = one_stays_down(drawing.schedule(protocol.assumes))
    cluster = Cluster(protocol, servers=n, seed=seed, faults=schedule, **how)
    return cluster.run(until_ms=END_MS)


def one_stays_down(schedule: Schedule) -> Schedule:
    """The same, where the last node to crash does not recover."""
    crashes = [fault for fault in schedule if isinstance(fault, Crash)]
    if not crashes:
        return schedule
    last = crashes[-1]
    return tuple(
        fault
        for fault in schedule
        if not (
            isinstance(fault, Recover)
            and fault.node == last.node
            and fault.at_ms > last.at_ms
        )
    )


def downs(cluster: Cluster) -> dict[str, list[tuple[float, float]]]:
    """When each node was down: from when, and until when."""
    spans: dict[str, list[tuple[float, float]]] = {id: [] for id in cluster.nodes}
    for step in cluster.trace.where("crash", "recover"):
        if step.kind == "crash":
            spans[step.node].append((step.at_ms, inf))
        else:
            spans[step.node][-1] = spans[step.node][-1][0], step.at_ms
    return spans


def up(cluster: Cluster) -> list[str]:
    """The nodes that are up in the end."""
    last = {step.node: step.kind for step in cluster.trace.where("crash", "recover")}
    return [id for id in cluster.nodes if last.get(id) != "crash"]


def suspicions(cluster: Cluster) -> list[tuple[float, str, str]]:
    """(when, who, whom) of all suspicions."""
    outputs = cluster.trace.where("output", test=lambda s: isinstance(s.what, Suspect))
    return [(step.at_ms, step.node, step.what.node) for step in outputs]


def strongly_complete(cluster: Cluster) -> str | None:
    """Whoever has crashed is in the end suspected by all that are up."""
    living = up(cluster)
    gone = cluster.nodes.keys() - set(living)
    for id in living:
        if missed := sorted(gone - set(cluster[id].suspected)):
            return f"{id} does not suspect {missed}"
    return None


def strongly_accurate(cluster: Cluster) -> str | None:
    """Nobody is suspected who is up, and has been since it could be heard."""
    spans = downs(cluster)
    for at_ms, who, whom in suspicions(cluster):
        if not any(begin <= at_ms <= end + LATE_MS for begin, end in spans[whom]):
            return f"at {at_ms:g} ms {who} suspects {whom}, which is up"
    return None


def accurate_in_the_end(cluster: Cluster) -> str | None:
    """In the last second nobody who is up is suspected."""
    living = up(cluster)
    for at_ms, who, whom in suspicions(cluster):
        if at_ms > END_MS - 1000 and whom in living:
            return f"at {at_ms:g} ms {who} suspects {whom}, which is up"
    for id in living:
        if wrong := sorted(set(cluster[id].suspected) & set(living)):
            return f"in the end {id} suspects {wrong}"
    return None
