"""One normal run and one that goes wrong for each protocol, as a text to be read.

`pytest tests/replication/test_golden.py --update-golden` writes them anew; the
difference is to be read like prose before it is committed.
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from test_phenomena import phantom, writes

from distlab.node import Call
from distlab.replication.after_commit import AfterCommit
from distlab.replication.automatic_failover import AutomaticFailover
from distlab.replication.client import KeyValueClient
from distlab.replication.failover import Epoch, Failover
from distlab.replication.fencing import FencedLeader, Storage, TrustingStorage
from distlab.replication.logs import Delete, Insert, RowLog, StatementLog, UpdateOne
from distlab.replication.sessions import SessionClient
from distlab.replication.siblings import Vector, Version
from distlab.replication.single_leader import SingleLeader
from distlab.replication.two_shards import CausalClient, ShardedClient
from distlab.sim import ClosedLoop, Cluster, Network, Uniform
from distlab.trace import Trace
from distlab.value import Value

WRITE_READ = (Call("write", ("x", 1)), Call("read", ("x",)))
ARROWS = {"deliver": "←", "drop": "✗"}


def told(trace: Trace) -> str:
    """What happened, a line each; sends are told by their arrival."""
    return "\n".join(lines(trace)) + "\n"


def lines(trace: Trace) -> Iterator[str]:
    for step in trace:
        if step.kind in ("start", "send", "set", "cancel", "sync"):
            continue
        who = f"{step.node:<3}" if step.node else "   "
        peer = f"{ARROWS[step.kind]} {step.peer:<3}" if step.peer else f"{step.kind} "
        what = "" if step.what is None else brief(step.what)
        why = f"  ({step.why})" if step.why else ""
        yield f"{step.at_ms:9.3f}  {who} {peer} {what}{why}".rstrip()


def brief(value: Any) -> str:
    """A value without the names of its fields; an entry as `2: x = 1`."""
    match value:
        case Epoch():
            return f"epoch {value.number}"
        case Call():
            return str(value)
        case Vector() | Version():
            return str(value)
        case Value() if hasattr(value, "client"):
            return f"{value.index}: {value.key} = {brief(value.value)}"
        case Value():
            parts = (brief(getattr(value, field.name)) for field in fields(value))
            return f"{type(value).__name__}({', '.join(parts)})"
        case tuple():
            return f"[{', '.join(map(brief, value))}]"
    return str(value)


def cluster(protocol: type, until_ms: float = 400, story=None, **more) -> Cluster:
    groups = {} if "left" in more else {"servers": 3}
    made = Cluster(protocol, **{**groups, "clients": 1, "seed": 7, **more})
    if story:
        story(made)
    return made.run(until_ms=until_ms)


def follower_crashes(c: Cluster) -> None:
    c.at(5).crash("s3")
    c.at(60).recover("s3")


def leader_dies(c: Cluster) -> None:
    c.at(15).crash("s1")
    c.at(30).call("s2", "promote")


def tail_is_lost(c: Cluster) -> None:
    c.at(8).split(("s1", "c1"), ("s2", "s3"))
    c.at(20).crash("s1").heal().call("s2", "promote")
    c.at(60).recover("s1")


def leader_is_silent(c: Cluster) -> None:
    c.at(10).pause("s1").at(250).resume("s1")


def old_leader(c: Cluster) -> None:
    c.at(9).call("c1", "write", "x", "old")
    c.at(10).pause("s1").at(300).resume("s1")
    c.at(240).call("c2", "write", "x", "new")


def executed(*statements) -> dict:
    calls = [Call("execute", (statement,)) for statement in statements]
    return {"s1": ClosedLoop(calls)}


RARE = {"heartbeat_ms": 60, "failover_ms": 130}  # or heartbeats fill the page
FAR = Uniform(40, 60)
SHARDS = {
    "left": (SingleLeader, 2),
    "right": (SingleLeader, 2),
    "reads_at": ("l2", "r2"),
    "network": Network(per_link={("r1", "r2"): FAR}),
    "workload": {
        "c1": (Call("write", ("question", "?")), Call("write", ("answer", "!"))),
        "c2": ClosedLoop(
            (Call("read", ("answer",)), Call("read", ("question",))), think_ms=20
        ),
    },
}
GAP = executed(
    Insert("a", 1), Insert("b", 2), Delete("a"), Insert("c", 3), UpdateOne(9)
)
STORIES = {
    "single_leader": lambda: cluster(
        SingleLeader, sync_followers=1, workload={"c1": WRITE_READ}
    ),
    "single_leader_catches_up": lambda: cluster(
        SingleLeader,
        story=follower_crashes,
        log_kept=1,
        workload={"c1": writes("x", range(1, 5))},
    ),
    "failover": lambda: cluster(
        Failover,
        story=leader_dies,
        sync_followers=1,
        workload={"c1": writes("x", range(1, 3))},
    ),
    "failover_loses_the_tail": lambda: cluster(
        Failover, story=tail_is_lost, workload={"c1": writes("x", range(1, 4))}
    ),
    "automatic_failover": lambda: cluster(
        AutomaticFailover, 100, workload={"c1": WRITE_READ}, **RARE
    ),
    "automatic_failover_after_a_pause": lambda: cluster(
        AutomaticFailover, 290, leader_is_silent, **RARE
    ),
    "after_commit": lambda: cluster(
        AfterCommit, sync_followers=1, workload={"c1": WRITE_READ}
    ),
    "after_commit_shows_a_phantom": lambda: phantom(AfterCommit),
    "fencing": lambda: cluster(
        FencedLeader,
        360,
        old_leader,
        clients=2,
        storage=(Storage, 1),
        **RARE,
    ),
    "fencing_without_a_check": lambda: cluster(
        FencedLeader,
        360,
        old_leader,
        clients=2,
        storage=(TrustingStorage, 1),
        **RARE,
    ),
    "sessions": lambda: cluster(
        SingleLeader,
        clients=(SessionClient, 1),
        reads_at=("s3",),
        network=Network(per_link={("s1", "s3"): FAR}),
        workload={"c1": WRITE_READ},
    ),
    "sessions_forgotten": lambda: cluster(
        SingleLeader,
        clients=(KeyValueClient, 1),
        reads_at=("s3",),
        network=Network(per_link={("s1", "s3"): FAR}),
        workload={"c1": WRITE_READ},
    ),
    "two_shards": lambda: cluster(SingleLeader, clients=(CausalClient, 2), **SHARDS),
    "two_shards_out_of_order": lambda: cluster(
        SingleLeader, clients=(ShardedClient, 2), **SHARDS
    ),
    "logs_of_rows": lambda: cluster(RowLog, clients=0, workload=GAP),
    "logs_of_statements": lambda: cluster(
        StatementLog,
        clients=0,
        network=Network(fifo=True),
        workload=GAP,
        per_node={"s2": {"fills_gaps": False}},
    ),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_run_reads_as_it_is_written_down(story, golden):
    golden(f"{story}.txt", told(STORIES[story]().trace.between(0, 400)))
