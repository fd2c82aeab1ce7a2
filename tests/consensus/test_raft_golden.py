"""A normal run and one that goes wrong, as texts to be read."""

import pytest
from told import told

from distlab.consensus.raft import Raft
from distlab.node import Call
from distlab.sim import Cluster

WRITE_READ = Call("write", ("x", 1)), Call("read", ("x",))
RARE = {"heartbeat_ms": 100, "per_node": {"s1": {"election_ms": (50, 60)}}}


def normal() -> Cluster:
    """s1 is elected, a client writes and reads, and a heartbeat follows."""
    cluster = Cluster(Raft, servers=3, clients=1, seed=7, **RARE)
    for at_ms, call in zip((80, 100), WRITE_READ, strict=True):
        cluster.at(at_ms).call("c1", call.name, *call.args)
    return cluster.run(until_ms=220)


def replaced() -> Cluster:
    """The leader is cut off with a write; another is elected and overwrites it."""
    cluster = Cluster(Raft, servers=3, clients=2, seed=7, **RARE)
    cluster.at(80).split(("s1", "c1"), ("s2", "s3", "c2"))
    cluster.at(85).call("c1", "write", "x", "of s1")
    cluster.at(330).call("c2", "write", "x", "of another").heal()
    return cluster.run(until_ms=460)


@pytest.mark.parametrize(
    ("name", "story"), [("raft", normal), ("raft_replaces_a_leader", replaced)]
)
def test_the_run_reads_as_it_is_written_down(name, story, golden):
    golden(f"{name}.txt", told(story().trace))
