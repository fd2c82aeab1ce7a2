"""Workloads: who calls whom and when, and the history that comes of it."""

from itertools import pairwise

import pytest
from sim_nodes import Echo, Pinger, Sleeper

from distlab.errors import Misuse
from distlab.faults import Crash, Loss, Pause, Recover
from distlab.node import Call, Node, volatile
from distlab.sim import (
    ClosedLoop,
    Cluster,
    Constant,
    Exponential,
    Network,
    NotOk,
    OpenLoop,
)


def slept(load, **arguments):
    cluster = Cluster(Sleeper, servers=1, workload={"s1": load}, **arguments)
    return cluster.run(until_ms=100_000)


def spans(cluster):
    return [(op.invoked_ms, op.ended_ms) for op in cluster.history]


def test_a_closed_loop_begins_one_operation_when_the_last_has_ended():
    cluster = slept(tuple(Call("nap", (ms,)) for ms in (5, 10, 20)))
    assert spans(cluster) == [(0, 5), (5, 15), (15, 35)]


def test_a_closed_loop_may_think_in_between():
    naps = tuple(Call("nap", (ms,)) for ms in (5, 10))
    assert spans(slept(ClosedLoop(naps, think_ms=3))) == [(3, 8), (11, 21)]
    drawn = slept(ClosedLoop(naps * 500, think_ms=Exponential(40)))
    assert drawn.now_ms == pytest.approx(1000 * (40 + 7.5), rel=0.1)


def test_an_open_loop_does_not_wait_and_its_operations_queue_up():
    load = OpenLoop(rate_per_s=100, calls=tuple(Call("nap", (20,)) for _ in range(50)))
    cluster = slept(load)
    history = cluster.history
    assert len(history) == 50
    for earlier, later in pairwise(history):
        assert earlier.ended_us <= later.invoked_us, "one at a time"
    waits = [s for s in cluster.trace.where("note") if "waits for its turn" in s.what]
    assert len(waits) > 30
    assert history[-1].ended_ms - 500 > 400, "twice as slow as what arrives"


def test_an_open_loop_arrives_at_its_rate():
    load = OpenLoop(rate_per_s=200, calls=[Call("look") for _ in range(2000)])
    assert slept(load).now_ms == pytest.approx(10_000, rel=0.08)
    with pytest.raises(Misuse, match="above 0"):
        OpenLoop(rate_per_s=0, calls=())


def test_a_story_is_told_each_result():
    heard = []

    def story(clock):
        first = yield clock.nap(30)
        second = yield clock.nap(first + 1)
        heard.extend((first, second))

    cluster = slept(story)
    assert heard == [30, 61]
    assert cluster.workload_made == {"s1": (Call("nap", (30,)), Call("nap", (31.0,)))}


class Refuser(Node):
    """Refuses odd numbers, and does not know about those above 10."""

    def take(self, n):
        if n % 2:
            self.fail("odd")
        elif n > 10:
            self.unknown("large")
        else:
            self.ok(n)


def test_a_story_may_catch_what_did_not_end_ok_or_ends_there():
    def brave(db):
        try:
            yield db.take(1)
        except NotOk as end:
            yield db.take(2 if (end.outcome, end.reason) == ("fail", "odd") else 4)

    def timid(db):
        yield db.take(12)
        yield db.take(2)

    workload = {"s1": brave, "s2": timid(Service())}
    cluster = Cluster(Refuser, servers=2, workload=workload).run()
    ends = [(op.process, op.outcome, op.result) for op in cluster.history]
    assert sorted(ends) == [
        ("s1", "fail", "odd"),
        ("s1", "ok", 2),
        ("s2", "info", "large"),
    ]


class Service:
    def take(self, n):
        return Call("take", (n,))


def test_calls_given_as_data_go_on_after_a_failure():
    work = {"s1": tuple(Call("take", (n,)) for n in (1, 12, 2))}
    history = Cluster(Refuser, servers=1, workload=work).run().history
    assert [op.outcome for op in history] == ["fail", "info", "ok"]


def test_a_run_writes_down_its_calls_so_that_they_can_be_given_again_as_data():
    def story(db):
        for n in range(20):
            yield db.ping(n)

    def run(load):
        return Cluster(
            Echo, servers=3, clients=2, seed=3, faults=(Loss(0.2),), workload=load
        ).run()

    told = run({"c1": story, "c2": ClosedLoop([Call("ping", (99,))])})
    again = run(told.workload_made)
    assert again.trace == told.trace
    assert again.workload_made == told.workload_made


def test_a_workload_may_be_a_function_of_the_client_with_a_choice_of_its_own():
    def work(client, choose):
        return tuple(Call("ping", choose(1, range(100))) for _ in range(5))

    def made(clients):
        return Cluster(Echo, servers=1, clients=clients, seed=4, workload=work).run()

    two, three = made(2).workload_made, made(3).workload_made
    assert two.keys() == {"c1", "c2"}
    assert two["c1"] != two["c2"]
    assert {client: three[client] for client in two} == two


def test_the_function_is_asked_for_the_servers_where_there_are_no_clients():
    def work(node, choose):
        return (Call("nap", (5,)),)

    history = Cluster(Sleeper, servers=3, workload=work).run().history
    assert history.processes == ("s1", "s2", "s3")


def test_an_operation_that_has_not_ended_is_info():
    cluster = Cluster(
        Echo,
        servers=1,
        clients=1,
        faults=(Loss(1.0),),
        workload={"c1": (Call("ping", (1,)),)},
    ).run(until_ms=100)
    [operation] = cluster.history
    assert (operation.outcome, operation.ended_us) == ("info", None)


def test_a_call_to_a_busy_node_waits_for_its_turn():
    cluster = Cluster(Sleeper, servers=1)
    cluster.at(0).call("s1", "nap", 10).at(5).call("s1", "nap", 20)
    cluster.at(6).call("s1", "look")
    cluster.run()
    assert spans(cluster) == [(0, 10), (10, 30), (30, 30)]
    assert cluster.saw("look() waits for its turn")


def test_calls_to_a_node_that_is_down_or_stands_still_come_later():
    down = slept((Call("nap", (5,)),), faults=(Crash("s1", 0), Recover("s1", 40)))
    assert spans(down) == [(40, 45)]
    assert down.history[0].process == "s1#2"
    paused = slept((Call("nap", (5,)),), faults=(Pause("s1", 0, until_ms=40),))
    assert spans(paused) == [(40, 45)]


def test_after_a_crash_a_workload_goes_on_where_it_was():
    naps = tuple(Call("nap", (ms,)) for ms in (10, 20, 30))
    cluster = slept(naps, faults=(Crash("s1", 15), Recover("s1", 100)))
    assert [(op.process, op.args[0], op.outcome) for op in cluster.history] == [
        ("s1", 10, "ok"),
        ("s1", 20, "info"),
        ("s1#2", 30, "ok"),
    ]
    assert spans(cluster) == [(0, 10), (10, 15), (100, 130)]


def test_the_history_agrees_with_the_trace():
    cluster = Cluster(
        Echo,
        servers=2,
        clients=3,
        seed=9,
        faults=(Loss(0.1), Crash("c2", 40), Recover("c2", 90)),
        workload=lambda client, choose: tuple(Call("ping", (n,)) for n in range(9)),
    ).run()
    begun = [(s.at_us, s.node, s.what) for s in cluster.trace.where("call")]
    ended = [
        (s.at_us, s.node, s.kind) for s in cluster.trace.where("ok", "fail", "info")
    ]
    history = [(op, op.process.split("#")[0]) for op in cluster.history]
    key = str
    assert sorted(begun, key=key) == sorted(
        ((op.invoked_us, node, Call(op.f, op.args)) for op, node in history), key=key
    )
    assert sorted(ended) == sorted(
        (op.ended_us, node, op.outcome)
        for op, node in history
        if op.ended_us is not None
    )


class Silent(Node):
    asked: int = volatile(0)

    def ask(self):
        self.asked += 1


def test_an_operation_that_the_node_never_ends_keeps_the_next_one_waiting():
    cluster = Cluster(Silent, servers=1, workload={"s1": (Call("ask"), Call("ask"))})
    assert cluster.run()["s1"].asked == 1
    assert [op.outcome for op in cluster.history] == ["info"]


def test_calls_may_be_endless():
    def forever(db):
        while True:
            yield db.ping(1)

    cluster = Cluster(
        Echo,
        servers=1,
        clients=1,
        network=Network(Constant(5)),
        workload={"c1": forever},
    ).run(until_ms=1000)
    assert len(cluster.history) == 101
    assert isinstance(cluster["c1"], Pinger)
