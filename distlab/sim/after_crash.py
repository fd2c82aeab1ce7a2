"""What membership costs, and how soon all know of a crash: the protocols, measured.

    load(Swim, 100).mean, load(HeartbeatDetector, 100).mean    # about 2, and 99
    after_crash(SuspicionSwim, Confirm, 100, seed=7)[-1]       # when the last one knows

A period is `period_ms`, which every protocol of membership has as a setting. Each is
given the time of its first period to get going.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from distlab.errors import Violation
from distlab.faults import Crash
from distlab.node import Message, Node
from distlab.sim.cluster import Cluster

PERIOD_MS = 200
BEGUN_MS = 2 * PERIOD_MS
PATIENCE = 1000  # periods
MANY = 10**9


class Load(NamedTuple):
    """Messages that one member sends and gets in a period."""

    mean: float  # as many are sent as come
    most_sent: int
    most_received: int


def load(
    protocol: type[Node], n: int, periods: int = 20, seed: int = 0, **settings: Any
) -> Load:
    """What n members that are all up cost each other."""
    end_ms = BEGUN_MS + periods * PERIOD_MS
    cluster = Cluster(protocol, servers=n, seed=seed, period_ms=PERIOD_MS, **settings)
    cluster.run(end_ms, MANY)
    sent, received = Counter[Any](), Counter[Any]()
    for step in cluster.trace.where("send"):
        if BEGUN_MS <= step.at_ms < end_ms:
            period = int((step.at_ms - BEGUN_MS) / PERIOD_MS)
            sent[step.node, period] += 1
            received[step.peer, period] += 1
    total = sum(sent.values())
    return Load(total / n / periods, max(sent.values()), max(received.values()))


def first_pinged(
    protocol: type[Node], ping: type[Message], n: int, seed: int
) -> list[int]:
    """In which period each of n members is first sent a `ping`, the first being 1.

    So it would be, too, if just this one had crashed: nobody's draws would differ.
    """
    first: dict[str, int] = {}
    cluster = Cluster(protocol, servers=n, seed=seed, period_ms=PERIOD_MS)
    while len(first) < n:
        begun_ms = max(cluster.now_ms, BEGUN_MS)
        cluster.run(begun_ms + PERIOD_MS, MANY)
        for step in cluster.trace.where("send"):
            if isinstance(step.what, ping) and step.at_ms >= begun_ms:
                first.setdefault(
                    step.peer, round((begun_ms - BEGUN_MS) / PERIOD_MS) + 1
                )
    return list(first.values())


def after_crash(
    protocol: type[Node], told: type, n: int, seed: int, **settings: Any
) -> list[float]:
    """How many periods after a crash each of the others says so, the first one first.

    They do by an output of the class `told`. Raises `Violation` if some never do.
    """
    cluster = Cluster(
        protocol,
        servers=n,
        seed=seed,
        period_ms=PERIOD_MS,
        faults=(Crash("s1", BEGUN_MS),),
        **settings,
    )
    said: list[float] = []
    while len(said) < n - 1:
        if cluster.now_ms > PATIENCE * PERIOD_MS:
            raise Violation(f"seed {seed}: {len(said)} of {n - 1} say that s1 crashed.")
        cluster.run(cluster.now_ms + 10 * PERIOD_MS, MANY)
        outputs = cluster.trace.where("output")
        said = [step.at_ms for step in outputs if isinstance(step.what, told)]
    return [(at_ms - BEGUN_MS) / PERIOD_MS for at_ms in said]
