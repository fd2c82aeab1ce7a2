"""What it costs that clocks are off, measured on the protocols themselves.

Writes that were acknowledged and are lost, where the last write wins; the wait of a
commit, and what comes out of order without it:

    lost_writes(LastWriteWins, skew_ms=50)
    commit_waits(Spanner, epsilon_ms=7, skew_ms=14)
"""

from __future__ import annotations

from itertools import pairwise
from statistics import mean
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.faults import ClockSkew
from distlab.node import Call, Node
from distlab.sim.cluster import Cluster
from distlab.sim.delays import Exponential
from distlab.sim.network import Network
from distlab.sim.streams import Stream

ONE_WAY_MS = 1
LONG_MS = 1e9


class LostWrites(NamedTuple):
    """How many writes were acknowledged, and how many of these nobody will ever read.

    Each of the lost began after the one that is there had been acknowledged.
    """

    acknowledged: int
    lost: int


def lost_writes(
    protocol: type[Node],
    skew_ms: float,
    *,
    pairs: int = 30,
    gap_ms: float = 100,
    seed: int = 0,
) -> LostWrites:
    """Two clients write each key, one after the other, and the clock of one is ahead.

    From the end of the first write of a key to the second some time passes, `gap_ms` on
    average and at random; who is first takes turns. Raises `Misuse` if a write fails.
    """
    cluster = Cluster(
        protocol,
        servers=3,
        clients=2,
        seed=seed,
        network=Network(ONE_WAY_MS),
        faults=(ClockSkew("c1", skew_ms),),
    )
    last = write_in_pairs(cluster, pairs, gap_ms)
    history = cluster.run(LONG_MS).history
    written = history.where("write", outcome="ok")
    if len(written) < 2 * pairs:
        raise Misuse(f"{cluster}: {len(written)} of {2 * pairs} writes were ok.")
    reads = history.where("read", outcome="ok")
    lost = sum(last[op.args[0]] not in values_in(op.result) for op in reads)
    return LostWrites(len(written), lost)


def write_in_pairs(cluster: Cluster, pairs: int, gap_ms: float) -> dict[str, str]:
    """Plan all writes, and a read of each key after them; what each key should have."""
    last, at_ms = {}, 0.0
    gaps_us = Exponential(gap_ms).draws(Stream(cluster.seed, "gaps"))
    for i in range(pairs):
        key, writers = f"k{i}", ("c1", "c2") if i % 2 == 0 else ("c2", "c1")
        then_ms = at_ms + 2 * ONE_WAY_MS + next(gaps_us) / 1000
        for client, when_ms in zip(writers, (at_ms, then_ms), strict=True):
            cluster.add_call(when_ms, client, Call("write", (key, f"{client}.{i}")))
        last[key], at_ms = f"{writers[1]}.{i}", then_ms + 4 * ONE_WAY_MS
    for key in last:
        cluster.add_call(at_ms, "c1", Call("read", (key,)))
    return last


def values_in(result: Any) -> list[Any]:
    """What a read has returned: a value, or all versions that are there."""
    versions = result if isinstance(result, tuple) else (result,)
    return [getattr(version, "value", version) for version in versions]


class CommitWaits(NamedTuple):
    """How long a commit takes, and how many came out of order.

    Out of order is one whose timestamp is not above that of the one before, which had
    ended when it began.
    """

    mean_ms: float
    out_of_order: int


def commit_waits(
    protocol: type[Node],
    epsilon_ms: float,
    skew_ms: float = 0,
    *,
    count: int = 30,
    seed: int = 0,
) -> CommitWaits:
    """One client writes at three servers in turn; the first two are `skew_ms` apart.

    The servers keep a `log` of what has a `number` and a timestamp, `at_us`.
    """
    calls = (Call("txn", (("append", "xyz"[i % 3], i),)) for i in range(count))
    cluster = Cluster(
        protocol,
        servers=3,
        clients=1,
        seed=seed,
        network=Network(ONE_WAY_MS),
        faults=(ClockSkew("s1", skew_ms / 2), ClockSkew("s2", -skew_ms / 2)),
        workload={"c1": tuple(calls)},
        epsilon_ms=epsilon_ms,
    )
    took_ms = [op.latency_ms for op in cluster.run(LONG_MS).history if op.latency_ms]
    nodes: list[Any] = [cluster[id] for id in cluster.groups.members["servers"]]
    in_turn = sorted((one.number, one.at_us) for node in nodes for one in node.log)
    wrong = sum(later <= earlier for (_, earlier), (_, later) in pairwise(in_turn))
    return CommitWaits(mean(took_ms), wrong)
