"""What mutual exclusion promises, of a run and of a world; and how runs are made."""

from collections.abc import Iterator
from itertools import pairwise

from schedules import OVER_MS, Drawing

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.networks import Network as Links
from distlab.faults import Crash, Cut, Fault, Isolate, Loss, Recover, Schedule, Split
from distlab.node import Call, Node
from distlab.sim import ClosedLoop, Cluster, Exponential, Network, Uniform

SIZES = (2, 3, 5)
ENTER_AND_LEAVE = Call("acquire"), Call("release")
SLOW = {"delay_ms": 40, "pause_ms": 60}
# All want to enter again and again; or the first does, and each of the others once
THINKS = {"symmetric": (12, 12), "lopsided": (4, 300)}
TURNS = {"symmetric": (4, 4), "lopsided": (12, 1)}


def run(
    protocol: type[Node],
    seed: int,
    work: str = "symmetric",
    schedule: Schedule | None = None,
    fifo: bool = True,
) -> Cluster:
    """One run, under faults that the protocol admits unless it is told which."""
    n = SIZES[seed % len(SIZES)]
    if schedule is None:
        drawing = Drawing(seed, [f"s{i + 1}" for i in range(n)], **SLOW)
        schedule = drawing.schedule(protocol.assumes)
    workload = {
        f"s{i + 1}": ClosedLoop(
            ENTER_AND_LEAVE * TURNS[work][i > 0], Exponential(THINKS[work][i > 0])
        )
        for i in range(n)
    }
    cluster = Cluster(
        protocol,
        servers=n,
        seed=seed,
        faults=schedule,
        workload=workload,
        network=Network(Uniform(1, 20), fifo=fifo),
    )
    return cluster.run(until_ms=OVER_MS + 3000)


def entries(cluster: Cluster) -> Iterator[tuple[float, str, tuple[str, ...]]]:
    """At each entry: when, who, and who was inside already."""
    inside: tuple[str, ...] = ()
    for step in cluster.trace.where("output", "call"):
        if step.kind == "output":
            yield step.at_ms, step.node, inside
            inside = (*inside, step.node)
        elif step.what == Call("release"):
            inside = tuple(node for node in inside if node != step.node)


def one_is_inside(cluster: Cluster) -> str | None:
    """Condition I: who has the resource releases it before another is granted it."""
    for at_ms, node, inside in entries(cluster):
        if inside:
            return f"at {at_ms:g} ms {node} enters, and {inside} are inside"
    return None


def requests_are_granted_in_their_order(cluster: Cluster) -> str | None:
    """Condition II, by the stamps of the requests."""
    granted = [step.what.ts for step in cluster.trace.where("output")]
    for earlier, later in pairwise(granted):
        if later < earlier:
            return f"{later} is granted after {earlier}"
    return None


def everybody_enters(cluster: Cluster) -> str | None:
    """Condition III: if all who enter leave, every request is granted at last."""
    for id, calls in cluster.workload_made.items():
        done = [op for op in cluster.history if op.process == id]
        if not all(op.outcome == "ok" for op in done):
            return f"{id} waits: {done[-1]}"
        assert len(done) == len(calls)
    return None


PROMISES = (one_is_inside, requests_are_granted_in_their_order, everybody_enters)


# -------------------------------------------------------------------- of a single world
def always_one_inside(world) -> str | None:
    """Condition I."""
    inside = [node.id for node in world.nodes.values() if node.inside]
    return f"{' and '.join(inside)} are inside" if len(inside) > 1 else None


def sometimes_one_waits_for_another(world) -> bool:
    nodes = world.nodes.values()
    return any(n.inside for n in nodes) and any(
        not n.inside and n.operation == Call("acquire") for n in nodes
    )


def always_possible_that_all_have_left(world) -> bool:
    """Condition III."""
    return not any(world.calls_left.values()) and not any(
        node.operation or node.inside for node in world.nodes.values()
    )


def explored(
    protocol: type[Node],
    servers: int,
    network: Links,
    properties: tuple = (always_one_inside,),
    budget: Budget = Budget(),  # noqa: B008 (a frozen value)
) -> Explored:
    """All schedules of nodes that enter and leave once each."""
    return explore(
        protocol,
        servers=servers,
        workload={f"s{i + 1}": ENTER_AND_LEAVE for i in range(servers)},
        network=network,
        budget=budget,
        properties=properties,
    )


# --------------------------------------------------------------------------- the faults
STUCK: dict[type[Fault], tuple[Schedule, object]] = {  # whoever waits for an answer
    Loss: ((Loss(0.05),), everybody_enters),
    Cut: ((Cut("s1", "s2", 100, 200),), everybody_enters),
    Split: ((Split((("s1",), ("s2",)), 100, 200),), everybody_enters),
    Isolate: ((Isolate("s1", 100, 200),), everybody_enters),
    Crash: ((Crash("s1", 100),), everybody_enters),
    Recover: ((Crash("s1", 100), Recover("s1", 200)), everybody_enters),
}
