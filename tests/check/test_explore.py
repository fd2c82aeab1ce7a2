"""Every schedule of a few nodes is gone through, and what is said of it is sure."""

import pytest

from distlab.check import Budget
from distlab.check.explore import always, explore
from distlab.check.linearizable import linearizable
from distlab.node import Call
from distlab.replication.abd import AbdReplica
from distlab.replication.regular_register import RegularClient

WRITE_AND_READ = {
    "c1": (Call("write", ("x", "new")),),
    "c2": (Call("read", ("x",)), Call("read", ("x",))),
}


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
