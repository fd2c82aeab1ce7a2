"""How long a cluster is without a leader after a crash: the protocol itself, measured.

What a model says of elections is so asked of the protocol, with the same delays:

    kinds = ("RequestVote", "RequestVoteResponse")
    run = partial(without_leader_ms, Raft, kinds, Elections(150, 300), states)
    times_ms = sweep.seeds(run, range(1000))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from distlab.errors import Violation
from distlab.faults import Crash
from distlab.node import Node
from distlab.sim.cluster import Cluster
from distlab.sim.network import Network
from distlab.sim.streams import Stream

LONG_MS = 1e6


def without_leader_ms(
    protocol: type[Node],
    messages: tuple[str, str],
    elections: Any,
    states: Sequence[Mapping[str, Any]],
    seed: int,
) -> float:
    """From the crash of s1, at some moment after its heartbeat, to the next leader.

    All others start from the last heartbeat, with these `states`, which say how far
    their logs are. `messages` are the classes of a request for a vote and of the
    answer; a voter's disk is part of the answer's delay. Raises `Violation` if nobody
    is elected within a thousand seconds.
    """
    one_way_ms, disk_ms = elections.broadcast.one_way_ms, elections.broadcast.disk_ms
    delays_ms = (one_way_ms, disk_ms + one_way_ms)
    cluster = Cluster(
        protocol,
        servers=len(states) + 1,
        seed=seed,
        network=Network(one_way_ms, dict(zip(messages, delays_ms, strict=True))),
        faults=(Crash("s1", 0),),
        election_ms=(elections.low_ms, elections.high_ms),
    )
    for node, state in zip(cluster.groups.ids[1:], states, strict=True):
        cluster[node].load({**cluster[node].state(), **state})
    crash_ms = Stream(seed, "crash").fraction() * elections.low_ms / 2
    while not (leads := cluster.trace.where("note", test=is_elected)):
        if cluster.now_ms > LONG_MS:
            raise Violation(f"seed {seed}: nobody leads after {LONG_MS:g} ms.")
        cluster.run(cluster.now_ms + 2 * elections.high_ms)
    return leads[0].at_ms - crash_ms


def is_elected(step: Any) -> bool:
    """Whether a node remarks that it leads now."""
    return bool(step.what == "leads")
