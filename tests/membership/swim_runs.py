"""Runs of SWIM, and what is promised of them."""

from detectors import up
from schedules import OVER_MS, Drawing

from distlab.faults import Crash, Cut, Pause, Schedule
from distlab.sim import Cluster

SIZES = (2, 3, 5)
# A schedule adds that much to a delay, and a node stands still for so long; an answer
# takes two messages and a node, one by way of another four and two.
SLOW = {"delay_ms": 5, "pause_ms": 10}
TIMES = {"timeout_ms": 110, "period_ms": 400}
RARELY = {"s1": {"period_ms": 1200}}  # the first one hardly asks, and is told
END_MS = OVER_MS + 50 * 1200  # one that is left alone finds four crashes by itself

# Who has its rule takes these without harm, too: not admitted, but told in the paper
STORIES: dict[str, Schedule] = {
    "one link cut": (Cut("s1", "s2"), Cut("s2", "s1"), Crash("s3", 3000)),
    "one way cut": (Cut("s1", "s2"), Crash("s3", 3000)),
    "a long pause": (Pause("s2", 1000, 3200),),
}


def run(
    protocol: type, seed: int, work: str = "symmetric", schedule: Schedule | None = None
) -> Cluster:
    """One run: with faults that are drawn, all alike or not, or as a story tells."""
    n = SIZES[seed % len(SIZES)]
    if work in STORIES:
        n, schedule = 5, STORIES[work]
    if schedule is None:
        drawing = Drawing(seed, [f"s{i + 1}" for i in range(n)], **SLOW)
        schedule = drawing.schedule(protocol.assumes)
    per_node = RARELY if work == "lopsided" else None
    cluster = Cluster(
        protocol, servers=n, seed=seed, faults=schedule, per_node=per_node, **TIMES
    )
    return cluster.run(until_ms=END_MS)


def every_crash_is_found(cluster: Cluster) -> str | None:
    """Strong completeness: who has crashed is on nobody's list in the end."""
    alive = up(cluster)
    for id in alive:
        if late := [other for other in cluster[id].members if other not in alive]:
            return f"{id} still takes {', '.join(late)} for members"
    return None


def nobody_that_lives_is_dropped(cluster: Cluster) -> str | None:
    """Accuracy: who is up is on everybody's list."""
    alive = up(cluster)
    for id in alive:
        known = (id, *cluster[id].members)
        if lost := [other for other in alive if other not in known]:
            return f"{id} has dropped {', '.join(lost)}"
    return None


PROMISES = (every_crash_is_found, nobody_that_lives_is_dropped)
