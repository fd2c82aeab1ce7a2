"""What the explorer finds the simulator does too, and nodes of their own."""

import pytest
from explored_nodes import Alarms, Fragile, Keeper

from distlab.check import Budget
from distlab.check.explore import always, explore
from distlab.check.linearizable import linearizable
from distlab.check.networks import Ordered, Unordered
from distlab.consensus.paxos import Paxos
from distlab.errors import DistlabError
from distlab.node import Call
from distlab.replication.abd import AbdReplica
from distlab.replication.regular_register import RegularClient
from distlab.sim import Cluster

WRITE_AND_READ = {
    "c1": (Call("write", ("x", "new")),),
    "c2": (Call("read", ("x",)), Call("read", ("x",))),
}
PROPOSE = {"s1": (Call("propose", ("A",)),), "s2": (Call("propose", ("B",)),)}
SAVE = {"s1": (Call("save"),)}


def b_is_decided(world):
    """By a second ballot, after one that came to nothing."""
    node = world.nodes["s2"]
    return node.number > 1 and node.decided is not None


def all_have_rung(world):
    return world.nodes["s1"].rang == ("b", "a", "c")


def s1_is_back_and_heard(world):
    one, other = world.nodes.values()
    return one.recovered == 1 and other.held == 20


def was_called(world):
    return world.calls_left["s1"] == 0


def nothing_came_of_it(world):
    return world.calls_left["s1"] == 0 and not world.messages


PROMPT = {"network": Unordered(prompt=True), "budget": Budget(timers=1)}
RANGES = {"ranges_ms": (("a", 10, 30), ("b", 5, 9), ("c", 9, 40))}
WAYS = [
    (AbdReplica, {"servers": 3, "clients": (RegularClient, 2)}, WRITE_AND_READ,
     {"properties": [always(linearizable)], "budget": Budget(timers=0)}),
    (Paxos, {"servers": 3}, PROPOSE, {"goal": b_is_decided, **PROMPT}),
    (Alarms, {"servers": 1, **RANGES}, {}, {"goal": all_have_rung}),
    (Keeper, {"servers": 2}, {"s1": SAVE["s1"] * 2}, {"goal": s1_is_back_and_heard,
     "budget": Budget(crashes=1, recoveries=1)}),
    (Keeper, {"servers": 2}, SAVE, {"goal": nothing_came_of_it,
     "network": Unordered(lossy=True)}),
    (Keeper, {"servers": 2}, {"s1": SAVE["s1"] * 2}, {"goal": s1_is_back_and_heard,
     "network": Ordered(), "budget": Budget(crashes=1, recoveries=1)}),
    (AbdReplica, {"servers": 3, "clients": (RegularClient, 2)}, WRITE_AND_READ,
     {"properties": [always(linearizable)], "budget": Budget(timers=0),
      "commuting": True}),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "cluster", "workload", "how"), WAYS)
def test_the_simulator_goes_the_way_that_was_found(protocol, cluster, workload, how):
    """The same happens to each node, in the same order, and changes the same."""
    found = explore(protocol, workload=workload, **cluster, **how)
    assert found.recording is not None
    run = Cluster(protocol, recording=found.recording, states=True, **cluster)
    run.run(found.recording.until_ms)

    kinds = "deliver", "fire", "call", "ok", "info", "crash", "recover", "state"
    for node in run.nodes:
        assert [
            (step.kind, step.peer, step.what)
            for step in run.trace.where(*kinds, node=node)
        ] == [
            (step.kind, step.peer, step.what)
            for step in found.trace.where(*kinds, node=node)
        ]


def test_an_error_is_raised_again():
    found = explore(Fragile, servers=1, workload={"s1": (Call("roll"),)})
    run = Cluster(Fragile, recording=found.recording, servers=1)
    with pytest.raises(DistlabError, match="two is bad"):
        run.run(found.recording.until_ms)


def test_a_way_for_which_no_times_fit_has_no_recording():
    """The first timer must run out before: both were set in the same moment."""

    def b_before_a(world):
        return world.nodes["s1"].rang == ("b",)

    ranges_ms = (("a", 20, 20), ("b", 19, 30))
    late = (("a", 20, 20), ("b", 30, 40))
    found = explore(Alarms, servers=1, ranges_ms=ranges_ms, goal=b_before_a)
    assert found.recording is not None
    assert explore(Alarms, servers=1, ranges_ms=late, goal=b_before_a).invalid


def test_a_way_on_which_a_word_to_oneself_has_to_wait_has_no_recording():
    found = explore(Keeper, servers=2, workload=SAVE, goal=was_called)
    assert found.valid
    assert found.recording is None
