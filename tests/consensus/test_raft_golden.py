"""A normal run and one that goes wrong, as texts to be read."""

import pytest
from told import told

from distlab.consensus.raft import Raft
from distlab.consensus.raft_leases import RaftLeases
from distlab.consensus.raft_membership import RaftMembership
from distlab.consensus.raft_snapshot import RaftSnapshot
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


def snapshot() -> Cluster:
    """A follower sleeps through what its leader throws away, and is sent the rest."""
    cluster = Cluster(RaftSnapshot, servers=3, clients=1, seed=7, log_kept=2, **RARE)
    cluster.at(75).crash("s3").at(130).recover("s3")
    for i in range(2):
        cluster.at(80 + 20 * i).call("c1", "write", "x", i)
    return cluster.run(until_ms=230)


def change() -> Cluster:
    """Of three servers one gives way to another, in two steps."""
    first = ("s1", "s2", "s3")
    cluster = Cluster(RaftMembership, servers=4, clients=1, seed=7, first=first, **RARE)
    cluster.at(80).call("c1", "change_members", ("s1", "s2", "s4"))
    return cluster.run(until_ms=130)


def lease() -> Cluster:
    """The leader reads at once, and later asks, when its lease has run out."""
    cluster = Cluster(RaftLeases, servers=3, clients=1, seed=7, **RARE)
    cluster.at(80).call("c1", "read", "x")
    cluster.at(110).split(("s1", "c1"), ("s2", "s3"))
    cluster.at(150).call("c1", "read", "x")
    return cluster.run(until_ms=190)


STORIES = {
    "raft": normal,
    "raft_replaces_a_leader": replaced,
    "raft_installs_a_snapshot": snapshot,
    "raft_changes_its_servers": change,
    "raft_reads_by_a_lease": lease,
}


@pytest.mark.parametrize(("name", "story"), STORIES.items())
def test_the_run_reads_as_it_is_written_down(name, story, golden):
    golden(f"{name}.txt", told(story().trace))
