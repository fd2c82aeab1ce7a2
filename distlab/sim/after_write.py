"""Writes, each with a read after it: how long both take, and whether the read sees it.

What a model says of latencies and staleness is so measured on the protocol itself, with
the same distributions. For quorums and the fits of `replication.staleness_figures`:

    kinds = ("Store", "Stored", "Fetch", "Fetched")
    run = partial(reads_after_writes, Replica, kinds, FITS["WAN"], r=1, w=1,
                  resend_ms=1e9)
    trials = [trial for some in sweep.seeds(run, range(90)) for trial in some]
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.faults import Delay
from distlab.node import Call, Node
from distlab.sim import delays
from distlab.sim.cluster import Cluster
from distlab.sim.network import Network
from distlab.sim.workload import ClosedLoop

LONG_MS = 1e9
Kinds = tuple[str, str, str, str]


class Trial(NamedTuple):
    """A write, and a read of the same key after it."""

    write_ms: float
    read_ms: float
    fresh: bool


def reads_after_writes(
    protocol: type[Node],
    messages: Kinds,
    model: Any,
    seed: int,
    *,
    servers: int = 3,
    t_ms: float = 0,
    count: int = 500,
    **settings: Any,
) -> list[Trial]:
    """So many writes of new keys, each read `t_ms` after it has returned.

    `messages` are the classes of what goes to a replica and what comes back, for writes
    and for reads; `model.w`, `.a`, `.r`, `.s` are their delays. A read is fresh if it
    returns anything at all. Raises `Misuse` if not every operation ends: the others
    alone would flatter.
    """
    delay_of = zip(messages, (model.w, model.a, model.r, model.s), strict=True)
    cluster = Cluster(
        protocol,
        servers=servers,
        clients=1,
        seed=seed,
        network=Network(per_message={kind: as_simulated(d) for kind, d in delay_of}),
        faults=distances(messages, model.remote_ms, servers, seed),
        workload={"c1": ClosedLoop(calls_of(count), think_ms=t_ms)},
        **settings,
    )
    ended = cluster.run(LONG_MS, max_steps=1000 * count).history.where(outcome="ok")
    if len(ended) < 2 * count:
        raise Misuse(
            f"{cluster}: {len(ended)} of {2 * count} operations ended. Give replicas "
            f"that answer, and shorter delays."
        )
    return [
        Trial(write.latency_ms, read.latency_ms, bool(read.result))
        for write, read in zip(ended[::2], ended[1::2], strict=True)
    ]


def calls_of(count: int) -> tuple[Call, ...]:
    """A write and a read of one key, then of another, and so on."""
    return tuple(
        call
        for i in range(count)
        for call in (Call("write", (f"k{i}", i)), Call("read", (f"k{i}",)))
    )


def distances(
    messages: Kinds, remote_ms: float, servers: int, seed: int
) -> tuple[Delay, ...]:
    """What all replicas but a local one are further away, one way and the other.

    Which one is local follows from the seed: servers² seeds in a row have each as the
    writer's together with each as the reader's.
    """
    if not remote_ms:
        return ()
    write, read = divmod(seed % servers**2, servers)
    return tuple(
        delay
        for local, (there, back) in ((write, messages[:2]), (read, messages[2:]))
        for replica in range(servers)
        if replica != local
        for delay in (
            Delay(remote_ms, dst=f"s{replica + 1}", messages=(there,)),
            Delay(remote_ms, src=f"s{replica + 1}", messages=(back,)),
        )
    )


def as_simulated(delay: Any) -> delays.Distribution:
    """A model's delay as one to be simulated, which has the same name and fields."""
    values = [getattr(delay, field.name) for field in fields(delay)]
    if isinstance(values[0], tuple):
        values = [tuple((share, as_simulated(part)) for share, part in values[0])]
    found: delays.Distribution = getattr(delays, type(delay).__name__)(*values)
    return found
