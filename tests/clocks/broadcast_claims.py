"""What broadcasts promise, of a run and of a world; and how runs are made."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from schedules import OVER_MS, Drawing

from distlab.check.causal_order import causal_order
from distlab.check.fifo_order import fifo_order
from distlab.check.total_order import total_order
from distlab.faults import (
    CorruptRecord,
    Crash,
    Cut,
    Fault,
    Isolate,
    Loss,
    LostWrites,
    Recover,
    Resume,
    Schedule,
    Split,
    TornWrite,
)
from distlab.node import Call, Node
from distlab.replicated import Command, Delivered
from distlab.sim import ClosedLoop, Cluster, Exponential, Network, Uniform

SIZES = (2, 3, 5)
SLOW = {"delay_ms": 60, "pause_ms": 60}
# All speak now and then; or the first does all the time, and the others once
SPEAKS = {"symmetric": (8, 8), "lopsided": (60, 1)}
THINKS = {"symmetric": (100, 100), "lopsided": (12, 500)}


def said(number: int, who: str) -> Call:
    return Call("broadcast", (f"{who}.{number}",))


def run(
    protocol: type[Node],
    seed: int,
    work: str = "symmetric",
    schedule: Schedule | None = None,
    fifo: bool | None = None,
) -> Cluster:
    """One run, on links and under faults that are admitted, unless it is told which."""
    n = SIZES[seed % len(SIZES)]
    servers = [f"s{i + 1}" for i in range(n)]
    if schedule is None:
        schedule = Drawing(seed, servers, **SLOW).schedule(protocol.assumes)
    if fifo is None:
        fifo = protocol.assumes.fifo
    workload = {
        id: ClosedLoop(
            [said(k + 1, id) for k in range(SPEAKS[work][id != "s1"])],
            Exponential(THINKS[work][id != "s1"]),
        )
        for id in servers
    }
    cluster = Cluster(
        protocol,
        servers=n,
        seed=seed,
        faults=schedule,
        workload=workload,
        network=Network(Uniform(1, 30), fifo=fifo),
    )
    return cluster.run(until_ms=OVER_MS + 4000)


# --------------------------------------------------------------------------- of one run
def in_fifo_order(cluster: Cluster) -> str | None:
    """Integrity; FIFO order."""
    verdict = fifo_order(cluster.trace)
    return verdict.reason if verdict.invalid else None


def in_causal_order(cluster: Cluster) -> str | None:
    """Integrity; causal order."""
    verdict = causal_order(cluster.trace)
    return verdict.reason if verdict.invalid else None


def in_total_order(cluster: Cluster) -> str | None:
    """Total order, without gaps."""
    verdict = total_order(cluster.trace)
    return verdict.reason if verdict.invalid else None


def all_is_delivered_once_by_all(cluster: Cluster) -> str | None:
    """Validity and agreement: by all that stay up, at the end; no duplication."""
    asked = set(broadcasts(cluster))
    crashed = {step.node for step in cluster.trace.where("crash")}
    for id in cluster.nodes:
        told = delivered(cluster, id)
        if len(told) != len(set(told)):
            return f"{id} delivers something twice"
        if id not in crashed and set(told) != asked:
            return f"{id} has delivered {len(told)} of {len(asked)}"
    return None


def broadcasts(cluster: Cluster) -> Iterator[Command]:
    for id in cluster.nodes:
        for k, step in enumerate(cluster.trace.where("call", node=id)):
            yield Command(id, k + 1, step.what)


def delivered(cluster: Cluster, id: str) -> list[Command]:
    outputs = cluster.trace.where("output", node=id)
    return [step.what.command for step in outputs if type(step.what) is Delivered]


# ----------------------------------------------------------------------- of every order
def always_in_fifo_order(world) -> str | None:
    """FIFO order, of a world."""
    for id, commands in by_node(world):
        for sender in world.nodes:
            numbers = [c.number for c in commands if c.client == sender]
            if numbers != list(range(1, len(numbers) + 1)):
                return f"{id} delivers {numbers} of {sender}"
    return None


def always_in_causal_order(world) -> str | None:
    """Causal order, where a node delivers its own as soon as it broadcasts them."""
    orders = dict(by_node(world))
    for id, commands in orders.items():
        for place, command in enumerate(commands):
            own = orders[command.client]
            before = own[: own.index(command)]
            if missing := [one for one in before if one not in commands[:place]]:
                return f"{id} delivers {command} and not yet {missing[0]}"
    return None


def always_in_one_order(world) -> str | None:
    """Total order, of a world."""
    for (a, first), (b, second) in pairwise(by_node(world)):
        for one, other in zip(first, second, strict=False):
            if one != other:
                return f"{a} delivers {one} where {b} delivers {other}"
    return None


def sometimes_all_is_delivered(world) -> bool:
    return all(len(commands) == 2 for _, commands in by_node(world))


def always_possible_that_all_is_delivered(world) -> bool:
    return sometimes_all_is_delivered(world)


def by_node(world) -> Iterator[tuple[str, list[Command]]]:
    for id, outputs in world.outputs.items():
        yield id, [value.command for value in outputs]


# --------------------------------------------------------------------------- the faults
DISK = {TornWrite, CorruptRecord, LostWrites}  # shows at a crash
LOSSES: dict[type[Fault], Schedule] = {
    Loss: (Loss(0.05),),
    Cut: (Cut("s1", "s2", 0, 500),),
    Split: (Split((("s1",), ("s2",)), 0, 500),),
    Isolate: (Isolate("s1", 0, 500),),
}
STOPS: dict[type[Fault], Schedule] = {
    Crash: (Crash("s1", 60),),
    Recover: (Crash("s1", 60), Recover("s1", 120)),
}


def met(runs: Iterable[Cluster]) -> set[type[Fault]]:
    """The kinds of fault in some runs, but for those that others bring along."""
    return {type(fault) for one in runs for fault in one.schedule} | {Resume}
