"""Runs of processes that stamp what happens, and what the stamps are asked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.faults import Fault
from distlab.node import Call, Node
from distlab.sim import ClosedLoop, Cluster, Exponential, Network

SHAPES = ("symmetric", "lopsided")


class Event(NamedTuple):
    """Something that a process stamped: the number of its step, and what it said."""

    number: int
    process: str
    said: Any


def calls(
    process: str, processes: tuple[str, ...], count: int, draw: random.Random
) -> Iterator[Call]:
    """So many calls: to act, and to tell one or two of the others."""
    others = [other for other in processes if other != process]
    for i in range(count):
        if draw.random() < 0.3:
            yield Call("act", (f"{process}.{i}",))
        else:
            to = draw.sample(others, draw.choice((1, 1, min(2, len(others)))))
            yield Call("tell", (f"{process}.{i}", tuple(to)))


def run(
    kind: type[Node],
    seed: int,
    *,
    shape: str = "symmetric",
    processes: int = 4,
    count: int = 12,
    faults: tuple[Fault, ...] = (),
    until_ms: float = 10_000,
) -> Cluster:
    """Processes that act and tell at random moments; if lopsided, mostly the first."""
    draw = random.Random(f"calls {seed}")
    names = tuple(f"s{i}" for i in range(1, processes + 1))
    busy = dict.fromkeys(names, count)
    if shape == "lopsided":
        busy = dict.fromkeys(names, 1) | {"s1": count * processes}
    workload = {
        name: ClosedLoop(tuple(calls(name, names, n, draw)), Exponential(10))
        for name, n in busy.items()
    }
    network = Network(Exponential(20))
    cluster = Cluster(
        kind,
        servers=processes,
        seed=seed,
        network=network,
        faults=faults,
        workload=workload,
    )
    return cluster.run(until_ms)


def events(cluster: Cluster) -> list[Event]:
    """What the processes have stamped, in the order of the trace."""
    steps = enumerate(cluster.trace)
    return [Event(i, s.node, s.what) for i, s in steps if s.kind == "output"]


def pairs(cluster: Cluster, most: int = 20_000) -> Iterator[tuple[Event, Event, bool]]:
    """Pairs of events, and whether the first happened before the second.

    All of them if there are at most so many; else so many, drawn at random.
    """
    found, draw = events(cluster), random.Random(cluster.seed)
    if len(found) ** 2 <= most:
        drawn = ((a, b) for a in found for b in found)
    else:
        drawn = ((draw.choice(found), draw.choice(found)) for _ in range(most))
    for a, b in drawn:
        if a is not b:
            yield a, b, cluster.trace.happened_before(a.number, b.number)
