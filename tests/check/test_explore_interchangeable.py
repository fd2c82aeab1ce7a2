"""Of worlds that differ by who is who one is kept; where names count, none may be."""

from collections import deque

import pytest
from explored_nodes import Keeper, Save, Tick

from distlab.check.explore import Budget, Ordered, always, explore
from distlab.check.linearizable import linearizable
from distlab.check.renaming import Interchangeable, renamed
from distlab.consensus.paxos import Ballot, Paxos
from distlab.consensus.raft import Raft, Role
from distlab.errors import Misuse
from distlab.node import Call, Log, Node, volatile
from distlab.quorum import Votes
from distlab.replication.abd import AbdClient, AbdReplica
from distlab.replication.regular_register import RegularClient

ALIKE = {"interchangeable": "servers"}
TWO_READS = {
    "c1": (Call("write", ("x", 1)),),
    "c2": (Call("read", ("x",)), Call("read", ("x",))),
}
ABD = {"clients": 2, "budget": Budget(timers=0), "history": True}
CLUSTERS = [
    (AbdReplica, {"servers": 2, "workload": TWO_READS, **ABD}, 1606, 883),
    (Raft, {"servers": 3, "budget": Budget(timers=1)}, 157, 28),
    (Keeper, {"servers": 3, "budget": Budget(2, 2), "network": Ordered()}, 25, 8),
]


def reached(worlds):
    known, to_do = set(worlds.initial()), deque(worlds.initial())
    while to_do:
        for _, after in worlds.next(to_do.popleft()):
            if after not in known:
                known.add(after)
                to_do.append(after)
    return known


@pytest.mark.parametrize(("protocol", "cluster", "worlds", "kinds"), CLUSTERS)
def test_exactly_one_world_of_each_kind_is_kept(protocol, cluster, worlds, kinds):
    """All worlds are put into classes by all namings, and the classes are counted."""
    everything = Interchangeable(protocol, **ALIKE, **cluster)
    found = reached(everything)
    classes = {
        frozenset([world, *(naming.of(world) for naming in everything.namings)])
        for world in found
    }
    assert (len(found), len(classes)) == (worlds, kinds)
    verdict = explore(protocol, **ALIKE, **cluster)
    assert verdict.states == kinds


@pytest.mark.parametrize(("client", "n"), [(AbdClient, 2), (RegularClient, 3)])
def test_the_verdict_and_the_way_are_the_same(client, n):
    cluster = {
        "servers": n,
        "clients": (client, 2),
        "workload": TWO_READS,
        "budget": Budget(timers=0),
        "properties": [always(linearizable)],
    }
    verdict = explore(AbdReplica, **cluster)
    quotient = explore(AbdReplica, **cluster, **ALIKE)
    assert quotient.outcome == verdict.outcome
    assert quotient.states < verdict.states
    assert len(quotient.path) == len(verdict.path)
    if client is RegularClient:
        assert quotient.trace.where("ok")  # it is told of real nodes, step by step


class ListensToTheFirst(Node):
    """Says hello to all, and minds only the one whose name comes first."""

    heard: tuple = volatile(())

    def on_start(self):
        self.set_timer(Tick("hello"), 10)

    def on_tick(self, timer):
        self.send(self.peers, Save())

    def on_save(self, src, msg):
        if src == min(self.peers):
            self.heard += (src,)


def test_where_names_are_compared_it_is_refused():
    with pytest.raises(
        Misuse, match=r"does another thing at .*Save.* with other names"
    ):
        explore(ListensToTheFirst, servers=3, **ALIKE)


def always_s1_is_a_follower(world):
    return None if world.nodes["s1"].role is Role.FOLLOWER else "s1 stands"


def test_a_property_that_prefers_a_name_is_refused():
    budget = Budget(timers=1)
    claims = [always_s1_is_a_follower]
    with pytest.raises(Misuse, match="always_s1_is_a_follower` is true or not by who"):
        explore(Raft, servers=3, budget=budget, properties=claims, **ALIKE)


@pytest.mark.parametrize(
    ("wanted", "more", "told"),
    [
        ("server", {}, "name a group, or ids of nodes, of 2 to 5: there are servers"),
        (("s1",), {}, "of 2 to 5"),
        (("s1", "s2"), {}, "s1 and s2 are not interchangeable: .* no calls"),
        (("s2", "s3"), {"budget": Budget(crashes=1, of=("s2",))}, "both crash or none"),
    ],
)
def test_nodes_that_were_not_given_the_same_are_refused(wanted, more, told):
    propose = {"s1": (Call("propose", ("A",)),)}
    with pytest.raises(Misuse, match=told):
        explore(Paxos, servers=3, workload=propose, interchangeable=wanted, **more)


def test_calls_that_name_one_of_them_are_refused():
    write = {"c1": (Call("write", ("x", "s2")),)}
    with pytest.raises(Misuse, match="the calls of c1 name one of them"):
        explore(AbdReplica, servers=2, clients=1, workload=write, **ALIKE)


def test_who_only_accepts_may_be_anyone():
    propose = {"s1": (Call("propose", ("A",)),)}
    cluster = {"servers": 3, "retry_ms": None, "workload": propose}
    verdict = explore(Paxos, **cluster)
    quotient = explore(Paxos, interchangeable=("s2", "s3"), **cluster)
    assert (verdict.states, quotient.states) == (381, 208)


def test_names_are_changed_all_down_and_nothing_else_is():
    names = {"s1": "s2", "s2": "s1"}
    votes = Votes({None: {"s1": Ballot(1, "s2")}})
    changed = renamed({"s1": (votes, Log("s2", 7)), 3: frozenset(["s1#2"])}, names)
    assert changed == {
        "s2": (Votes({None: {"s2": Ballot(1, "s1")}}), Log("s1", 7)),
        3: frozenset(["s2#2"]),
    }
    assert votes == Votes({None: {"s1": Ballot(1, "s2")}})
