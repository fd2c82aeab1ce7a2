"""Runs of stores that keep values in conflict, and what they promise of them."""

from __future__ import annotations

import random
from collections.abc import Iterator

from distlab.faults import Crash, Recover, Schedule
from distlab.history import Operation
from distlab.node import Call, Node
from distlab.sim import ClosedLoop, Cluster, Network, Uniform

SHAPES = {  # how often each client writes, and how long it thinks before
    "symmetric": ((12, 12, 12), 40),
    "lopsided": ((24, 6, 6), 40),
    "alone": ((24, 0, 0), 2),
}
OUTAGE = (  # what a server takes while the others are down, and it is while they are up
    Crash("s2", at_ms=200),
    Crash("s3", at_ms=200),
    Crash("s1", at_ms=2500),
    Recover("s2", at_ms=3000),
    Recover("s3", at_ms=3000),
    Recover("s1", at_ms=3500),
)


def calls(client: str, count: int, reads: float, draw: random.Random) -> Iterator[Call]:
    """Writes of values that nobody else writes, and a few reads."""
    for i in range(count):
        if draw.random() < reads:
            yield Call("read", (draw.choice("xy"),))
        yield Call("write", (draw.choice("xy"), f"{client}.{i}"))


def run(
    protocol: type[Node],
    seed: int,
    *,
    shape: str = "symmetric",
    faults: Schedule = (),
    servers: int = 3,
) -> Cluster:
    """Three clients; if lopsided, the first one writes more than both others.

    Alone, it reads nothing, and is faster than what the servers tell each other.
    """
    draw = random.Random(f"calls {seed}")
    counts, think_ms = SHAPES[shape]
    reads = 0 if shape == "alone" else 0.3
    workload = {
        f"c{i}": ClosedLoop(
            tuple(calls(f"c{i}", count, reads, draw)),
            Uniform(think_ms / 2, think_ms * 2),
        )
        for i, count in enumerate(counts, 1)
    }
    cluster = Cluster(
        protocol,
        servers=servers,
        clients=3,
        seed=seed,
        network=Network(Uniform(1, 40)),
        faults=faults,
        workload=workload,
        timeout_ms=300,
    )
    return cluster.run(10_000)


def overwritten(cluster: Cluster, sure: bool) -> dict[str, Operation]:
    """Each value that a client had seen which then wrote the key again, by that write.

    A client has seen what its last operation on the key returned. With `sure`, only
    what was acknowledged counts as written.
    """
    seen: dict[tuple[str, str], tuple] = {}
    by: dict[str, Operation] = {}
    for op in cluster.history:
        here = (op.process, op.args[0])
        if op.f == "write" and (op.outcome == "ok" or not sure):
            by |= dict.fromkeys(seen.get(here, ()), op)
        if op.outcome == "ok":
            seen[here] = op.result
    return by


def servers_of(cluster: Cluster) -> list[Node]:
    """The servers, in their order."""
    return [node for id, node in cluster.nodes.items() if id.startswith("s")]


def values(server: Node) -> list[str]:
    """What a server has in the end."""
    return [value for key in "xy" for value in server.row(key).values]


# --------------------------------------------------------------------------- promises
def contexts_become_equal(cluster: Cluster) -> str | None:
    """In the end all servers know of the same writes."""
    found = [{k: row.context for k, row in s.rows} for s in servers_of(cluster)]
    equal = all(contexts == found[0] for contexts in found)
    return None if equal else f"servers know different things: {found}"


def values_become_equal(cluster: Cluster) -> str | None:
    """In the end all servers have the same, in whatever order."""
    found = [sorted(values(server)) for server in servers_of(cluster)]
    equal = all(found[0] == values for values in found)
    return None if equal else f"servers have different values: {found}"


def nothing_is_lost(cluster: Cluster) -> str | None:
    """What was acknowledged is there, if nobody wrote the key that had seen it."""
    gone = overwritten(cluster, sure=False)
    for server in servers_of(cluster):
        kept = set(values(server)) | set(gone)
        for op in cluster.history.where("write", outcome="ok"):
            if op.args[1] not in kept:
                return f"lost at {server.id}: {op}"
    return None


def nothing_comes_back(cluster: Cluster) -> str | None:
    """What somebody had seen who then wrote the key is not there any more."""
    gone = overwritten(cluster, sure=True)
    for server in servers_of(cluster):
        for value in values(server):
            if value in gone:
                return f"{server.id} has {value}, which was seen by {gone[value]}"
    return None


def each_value_is_there_once(cluster: Cluster) -> str | None:
    """No value stands beside itself."""
    for server in servers_of(cluster):
        found = values(server)
        if len(found) > len(dict.fromkeys(found)):
            return f"{server.id} has {found}"
    return None
