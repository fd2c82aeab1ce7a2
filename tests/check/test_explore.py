"""Every schedule of a few nodes is gone through, and what is said of it is sure."""

import pytest

from distlab.check.explore import always, explore
from distlab.check.linearizable import linearizable
from distlab.check.local_states import Budget
from distlab.check.networks import Ordered, Unordered
from distlab.node import Call
from distlab.replication.abd import AbdReplica
from distlab.replication.regular_register import RegularClient
from tests.protocols.mutex import LamportMutex

ACQUIRE = {node: (Call("acquire"),) for node in ("s1", "s2", "s3")}
WRITE_AND_READ = {
    "c1": (Call("write", ("x", "new")),),
    "c2": (Call("read", ("x",)), Call("read", ("x",))),
}


def always_one_inside(world):
    inside = [node.id for node in world.nodes.values() if node.inside]
    return f"{' and '.join(inside)} are inside" if len(inside) > 1 else None


def test_all_schedules_are_gone_through_and_counted():
    verdict = explore(
        LamportMutex,
        servers=3,
        workload=ACQUIRE,
        network=Ordered(),
        properties=[always_one_inside],
    )
    assert verdict.valid and verdict.exhausted
    assert (verdict.states, verdict.transitions) == (12_867, 32_406)


def test_where_messages_overtake_each_other_two_are_inside():
    verdict = explore(
        LamportMutex,
        servers=3,
        workload=ACQUIRE,
        network=Unordered(),
        properties=[always_one_inside],
    )
    assert verdict.invalid
    assert "s1 and s2 are inside" in verdict.reason
    assert len(verdict.path) == 8


@pytest.mark.parametrize(("client", "states"), [(None, 1606), (RegularClient, 926)])
def test_a_judge_of_histories_is_a_property(client, states):
    verdict = explore(
        AbdReplica,
        servers=2,
        clients=2 if client is None else (client, 2),
        workload=WRITE_AND_READ,
        budget=Budget(timers=0),
        properties=[always(linearizable)],
    )
    assert verdict.valid
    assert verdict.states == states


def test_the_way_to_what_is_broken_is_told_as_a_trace():
    verdict = explore(
        AbdReplica,
        servers=3,
        clients=(RegularClient, 2),
        workload=WRITE_AND_READ,
        budget=Budget(timers=0),
        properties=[always(linearizable)],
    )
    assert verdict.invalid
    assert [step.what for step in verdict.trace.where("ok")] == ["new", None]


def test_the_reason_tells_the_times_of_the_trace():
    verdict = explore(
        AbdReplica,
        servers=3,
        clients=(RegularClient, 2),
        workload=WRITE_AND_READ,
        budget=Budget(timers=0),
        properties=[always(linearizable)],
    )
    first, second = verdict.trace.where("ok")
    assert f"to {first.at_ms:g} ms" in verdict.reason
    assert f"to {second.at_ms:g} ms" in verdict.reason
