"""A request without an answer: what may have become of it, and all that is seen of it.

    runs = without_answer(SingleLeader, Call("write", ("x", 1)), tries=1)
    {seen_by("c1", cluster.trace).text() for cluster in runs.values()}      # one text
    [cluster["s1"].rows for cluster in runs.values()]                     # two states

A part of a system fails, and the other part cannot tell which, nor whether.
"""

from __future__ import annotations

from typing import Any

from distlab.faults import Crash, Cut, Pause, Schedule
from distlab.node import Call, Node, NodeId
from distlab.sim.cluster import Cluster
from distlab.trace import Trace

SLOW_MS = 5000  # the server stands still for so long
CAUSES: dict[str, Schedule] = {
    "the request is lost": (Cut("c1", "s1"),),
    "the server is slow": (Pause("s1", 0, SLOW_MS),),
    "the server has crashed": (Crash("s1", 0),),
    "the answer is lost": (Cut("s1", "c1"),),
}
# What a node does and what it is told; messages that never arrive are neither
SEEN = "start send deliver set cancel fire call ok fail info output choose note ignore"


def without_answer(
    protocol: type[Node], call: Call, *, until_ms: float = 1000, **settings: Any
) -> dict[str, Cluster]:
    """One client calls one server, once for each cause of silence."""
    return {
        cause: Cluster(
            protocol,
            servers=1,
            clients=1,
            faults=faults,
            workload={"c1": (call,)},
            **settings,
        ).run(until_ms)
        for cause, faults in CAUSES.items()
    }


def seen_by(node: NodeId, trace: Trace) -> Trace:
    """All that a node can know of a run."""
    return trace.where(*SEEN.split(), node=node)
