"""What a user says to a cluster, and what it says back."""

import gc

import pytest
from sim_nodes import Counter, Echo, Number, Pinger, Sleeper, Store

from distlab.errors import DistlabError, Misuse, UnhandledMessage, Violation
from distlab.faults import Crash, Heal, Loss, Recover, Split
from distlab.node import Call, Message, Node, NodeId, Timer, part, setting, volatile
from distlab.sim import Cluster, Constant, Network, Uniform


# ------------------------------------------------------------------------------- groups
def test_groups_are_named_and_their_nodes_by_letter_and_number():
    cluster = Cluster(Echo, servers=3, clients=2)
    assert tuple(cluster.nodes) == ("s1", "s2", "s3", "c1", "c2")
    assert type(cluster["s3"]) is Echo and type(cluster["c2"]) is Pinger
    assert cluster["s1"].nodes == ("s1", "s2", "s3")
    assert cluster["s1"].peers == ("s2", "s3")
    assert cluster["c1"].nodes == ("c1", "c2")


def test_a_setting_named_like_a_group_is_its_ids():
    assert Cluster(Echo, servers=2, clients=1)["c1"].servers == ("s1", "s2")
    given = Cluster(Echo, servers=2, clients=1, per_node={"c1": {"servers": ("s2",)}})
    assert given["c1"].servers == ("s2",)


def test_a_class_for_each_node():
    class Mute(Echo):
        def on_ping(self, src, msg):
            self.ignore("mute")

    cluster = Cluster(Echo, servers=(Echo, Mute, Mute), clients=1)
    assert [type(node) for node in cluster.nodes.values()] == [Echo, Mute, Mute, Pinger]


def test_other_groups_have_a_class_and_a_number():
    cluster = Cluster(Echo, servers=1, watchers=(Counter, 2), boss=Counter)
    assert tuple(cluster.nodes) == ("s1", "w1", "w2", "b1")


def test_a_group_whose_letter_is_taken_goes_by_its_whole_name():
    cluster = Cluster(Echo, servers=1, stores=(Store, 2), clients=1, proxies=(Echo, 1))
    assert tuple(cluster.nodes) == ("s1", "store1", "store2", "c1", "p1")
    assert cluster["c1"].servers == ("s1",)


def test_settings_reach_the_classes_that_declare_them():
    cluster = Cluster(Echo, servers=1, clients=1, patience_ms=7)
    assert cluster["c1"].patience_ms == 7


def test_a_setting_may_differ_for_one_node():
    per_node = {"c2": {"patience_ms": 99}}
    cluster = Cluster(Echo, servers=1, clients=2, patience_ms=7, per_node=per_node)
    assert [cluster[c].patience_ms for c in ("c1", "c2")] == [7, 99]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Cluster(Echo, servers=1, clients=1, patiense_ms=1), "`patience_ms`"),
        (lambda: Cluster(Echo, server=3), "Did you mean `servers`"),
        (lambda: Cluster(Counter, servers=1, clients=1), "Counter has no `client`"),
        (lambda: Cluster(Echo), "servers=3"),
        (lambda: Cluster(Echo, servers=-1), "0 or more"),
        (lambda: Cluster("Echo", servers=1), "no class of nodes"),
        (lambda: Cluster(Echo, servers=(Echo, "Echo")), "only classes"),
        (lambda: Cluster(Echo, servers=1, seed="7"), "no whole number"),
        (lambda: Cluster(Echo, servers=1)["s2"], "no node 's2'"),
        (lambda: Cluster(Echo, servers=1, per_node={"s9": {}}), "no node 's9'"),
        (lambda: Cluster(Echo, servers=1, workload={"c1": ()}), "no node 'c1'"),
        (lambda: Cluster(Echo, servers=1, workload={"s1": Call("x")}), "a tuple"),
        (lambda: Cluster(Echo, servers=1, workload={"s1": 7}), "give calls"),
        (
            lambda: Cluster(
                Echo, servers=1, network=Network(per_link={("s1", "s4"): 1})
            ),
            "no node 's4'",
        ),
        (
            lambda: Cluster(Echo, servers=1, network=Network(per_message={"Pinng": 1})),
            "Did you mean `Ping`",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_with_a_sentence(make, sentence):
    with pytest.raises(Misuse, match=sentence):
        make()


# ------------------------------------------------------------------------------ network
def test_latency_may_differ_by_link_and_by_class_of_message():
    network = Network(
        latency=Constant(3),
        per_link={("c1", "s1"): 10},
        per_message={"Pong": Uniform(20, 20)},
    )
    cluster = Cluster(
        Echo,
        servers=1,
        clients=1,
        network=network,
        patience_ms=1000,
        workload={"c1": (Call("ping", (1,)),)},
    ).run()
    assert [s.at_ms for s in cluster.trace.where("deliver")] == [10, 30]


class Inside(Node):
    def begin(self):
        self.send(self.peers, Number(1))

    def on_number(self, src, msg):
        self.output("inside")


class Outside(Node):
    inner: Inside = part(Inside)

    def begin(self):
        self.inner.begin()
        self.send(self.peers, self.sign(Number(2)))
        self.ok()

    def on_signed(self, src, msg):
        self.output(msg.signer)

    def on_inner_output(self, value):
        self.output(value)


def test_a_wrapped_or_signed_message_is_known_by_what_is_inside():
    network = Network(latency=1, per_message={"Number": 30})
    work = {"s1": (Call("begin"),)}
    cluster = Cluster(Outside, servers=2, network=network, workload=work).run()
    outputs = [(s.at_ms, s.what) for s in cluster.trace.where("output")]
    assert outputs == [(30, "inside"), (30, "s1")]
    lost = (Loss(1.0, messages=("Number",)),)
    cluster = Cluster(Outside, servers=2, faults=lost, workload=work).run()
    assert [s.why for s in cluster.trace.where("drop")] == ["lost", "lost"]


def test_with_fifo_nobody_overtakes_and_without_somebody_does():
    def received(fifo):
        network = Network(latency=Uniform(1, 20), fifo=fifo)
        return (
            Cluster(Counter, servers=2, network=network, upto=50).run()["s2"].received
        )

    assert received(True) == tuple(range(1, 51))
    assert received(False) != received(True)
    assert sorted(received(False)) == sorted(received(True))


def test_messages_to_oneself_come_at_once_and_are_not_counted():
    class Muser(Counter):
        def on_tick(self, timer):
            self.send(self.id, Number(1))
            self.send(self.peers, Number(2))

    trace = (
        Cluster(Muser, servers=2, network=Network(5), faults=(Loss(1.0),)).run().trace
    )
    [own] = trace.where("deliver")
    assert (own.node, own.peer, own.at_ms, own.msg_id) == ("s1", "s1", 1, 0)
    assert [s.what for s in trace.where("send")] == [Number(2)]


# ------------------------------------------------------------------------------- timers
class Beep(Timer):
    n: int


class Timed(Node):
    fired: tuple[int, ...] = volatile(())

    def on_start(self):
        self.set_timer(Beep(1), 10)
        self.set_timer(Beep(2), 20)
        self.set_timer(Beep(3), 5)
        self.set_timer(Beep(1), 30)
        self.cancel_timer(Beep(3))
        self.cancel_timer(Beep(4))

    def on_beep(self, timer):
        self.fired = (*self.fired, timer.n)


def test_an_equal_timer_is_restarted_and_a_cancelled_one_never_fires():
    cluster = Cluster(Timed, servers=1).run()
    assert [(s.at_ms, s.what.n) for s in cluster.trace.where("fire")] == [
        (20, 2),
        (30, 1),
    ]
    assert [s.what.n for s in cluster.trace.where("cancel")] == [3]
    assert [s.why for s in cluster.trace.where("set")] == [
        "10 ms",
        "20 ms",
        "5 ms",
        "30 ms",
    ]


def test_a_timer_is_drawn_evenly_from_its_range():
    def waited(seed):
        work = {"s1": (Call("nap", (10, 20)),)}
        return Cluster(Sleeper, servers=1, seed=seed, workload=work).run().history[0]

    delays = [waited(seed).latency_ms for seed in range(600)]
    assert 10 <= min(delays) < 10.1 and 19.9 < max(delays) <= 20
    assert sum(delays) / 600 == pytest.approx(15, rel=0.02)


# ---------------------------------------------------------------------------- scenarios
def test_a_scenario_reads_as_prose_and_is_data():
    cluster = Cluster(Echo, servers=3, clients=1)
    cluster.at(500).crash("s1").split(("s1", "s2"), ("s3", "c1")).at(900).recover("s1")
    cluster.at(950).heal()
    assert cluster.schedule == (
        Crash("s1", 500),
        Split((("s1", "s2"), ("s3", "c1")), 500),
        Recover("s1", 900),
        Heal(950),
    )


def test_prose_and_data_make_the_same_run():
    data = Cluster(
        Counter, servers=3, seed=5, faults=(Loss(0.5, at_ms=3), Crash("s2", 6))
    )
    prose = Cluster(Counter, servers=3, seed=5)
    prose.at(3).loss(0.5).at(6).crash("s2")
    assert prose.run().trace == data.run().trace


def test_every_verb_of_a_scenario_makes_one_fault_of_the_menu():
    cluster = Cluster(Store, servers=3)
    now = cluster.at(5)
    now.crash("s1").recover("s1").pause("s2", until_ms=9).resume("s2")
    now.replace("s3", Store).split(("s1",), ("s2",)).isolate("s1").cut("s1", "s2")
    now.heal().loss(0.1, dst="s2").duplicate(0.1).reorder(0.1, 5).delay(3).slow(2)
    now.skew("s1", 3).drift("s1", 50).jump("s1", -2)
    now.lose_writes("s1", 2).tear_write("s1").corrupt("s1", 3)
    kinds = [type(fault).__name__ for fault in cluster.schedule]
    assert len(kinds) == len(set(kinds)) == 20
    assert all(fault.at_ms == 5 for fault in cluster.schedule)


def test_a_call_at_a_time_begins_an_operation():
    cluster = Cluster(Sleeper, servers=2)
    cluster.at(30).call("s2", "nap", 12)
    [operation] = cluster.run().history
    assert (operation.process, operation.f, operation.args) == ("s2", "nap", (12,))
    assert (operation.invoked_ms, operation.ended_ms) == (30, 42)


def test_the_past_is_over():
    cluster = Cluster(Counter, servers=2).run(until_ms=5)
    assert cluster.now_ms == 5
    with pytest.raises(Misuse, match="in the past"):
        cluster.at(4)
    with pytest.raises(Misuse, match="in the past"):
        cluster.add_call(4, "s1", Call("x"))
    with pytest.raises(Misuse, match="in the past"):
        cluster.add_fault(Crash("s1", 4))
    with pytest.raises(Misuse, match="is over"):
        cluster.run(until_ms=3)


def test_a_run_may_go_on_and_is_then_the_same_as_in_one_go():
    whole = Cluster(Counter, servers=3, seed=2, faults=(Loss(0.2),)).run()
    parts = Cluster(Counter, servers=3, seed=2, faults=(Loss(0.2),))
    for until_ms in (2, 3, 7.5, 100):
        parts.run(until_ms=until_ms)
    assert parts.trace == whole.trace


def test_a_run_with_nothing_left_to_do_just_ends():
    cluster = Cluster(Counter, servers=2, network=Network(1)).run(until_ms=10**6)
    assert cluster.now_ms == 11
    assert repr(cluster) == "Cluster of 2 servers (Counter), seed 0, at 11 ms"


# ---------------------------------------------------------------------- what goes wrong
class Boom(Message):
    how: str


class Exploder(Node):
    target: NodeId = setting("s2")
    broken: bool = volatile(False)

    def say(self, how):
        self.send(self.target, Boom(how))

    def on_boom(self, src, msg):
        match msg.how:
            case "key":
                {}["x"]
            case "assert":
                assert src == "nobody", "nobody else may ask"
            case "field":
                self.brokn = True
            case "invariant":
                self.broken = True

    def invariant(self):
        return "it is broken" if self.broken else None


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("key", DistlabError, "KeyError: 'x'"),
        ("assert", Violation, "nobody else may ask"),
        ("field", Misuse, "no field `brokn`"),
        ("invariant", Violation, "it is broken"),
    ],
)
def test_an_error_says_seed_time_node_and_event_in_its_first_line(how, kind, said):
    cluster = Cluster(Exploder, servers=2, seed=83, network=Network(2.5))
    cluster.at(10).call("s1", "say", how)
    with pytest.raises(kind) as raised:
        cluster.run()
    first_line = str(raised.value).splitlines()[0]
    for piece in (
        "seed 83",
        "12.5 ms",
        "s2",
        f"deliver Boom(how='{how}') from s1",
        said,
    ):
        assert piece in first_line
    assert type(raised.value) is kind


def test_a_key_error_is_not_a_violation():
    cluster = Cluster(Exploder, servers=2)
    cluster.at(1).call("s1", "say", "key")
    with pytest.raises(DistlabError) as raised:
        cluster.run()
    assert not isinstance(raised.value, Violation)
    assert isinstance(raised.value.__cause__, KeyError)


def test_a_violation_brings_its_seed_and_its_trace():
    cluster = Cluster(Exploder, servers=2, seed=4)
    cluster.at(1).call("s1", "say", "invariant")
    with pytest.raises(Violation) as raised:
        cluster.run()
    assert raised.value.seed == 4
    assert raised.value.trace[-1].what == Boom("invariant")


def test_an_unhandled_message_and_an_unknown_receiver_are_told():
    cluster = Cluster(Exploder, servers=1, counters=(Counter, 1), target="counter1")
    with pytest.raises(Misuse, match="there is no such node: there are s1, c1"):
        cluster.at(1).call("s1", "say", "x").cluster.run()
    cluster = Cluster(Exploder, servers=1, counters=(Counter, 1), target="c1")
    with pytest.raises(UnhandledMessage, match=r"seed 0, .* ms, c1, .*no `on_boom`"):
        cluster.at(1).call("s1", "say", "x").cluster.run()


class Echoes(Node):
    def on_start(self):
        self.send(self.id, Number(0))

    def on_number(self, src, msg):
        self.send(self.id, Number(msg.n + 1))


def test_a_loop_without_delay_is_stopped_with_a_sentence():
    with pytest.raises(Violation, match="does not end within 5,000 steps; time stands"):
        Cluster(Echoes, servers=1).run(max_steps=5000)


def test_a_run_that_is_too_long_is_stopped_with_another_sentence():
    with pytest.raises(Violation, match="200 steps; shorten `until_ms`"):
        Cluster(Counter, servers=2, upto=10**6).run(max_steps=200)


def test_the_collector_is_back_at_work_after_a_run_and_after_an_error():
    assert gc.isenabled()
    Cluster(Counter, servers=2).run()
    assert gc.isenabled()
    with pytest.raises(Violation):
        Cluster(Echoes, servers=1).run(max_steps=10)
    assert gc.isenabled()


# ------------------------------------------------------------------------------ records
def test_states_are_written_down_when_asked_for():
    cluster = Cluster(
        Counter,
        servers=2,
        upto=2,
        states=True,
        network=Network(5),
        faults=[Crash("s2", 8)],
    ).run()
    states = [(s.at_ms, dict(s.what)) for s in cluster.trace.where("state", node="s2")]
    start = {"operation": None, "sent": 0, "received": ()}
    assert states == [
        (0, start),
        (6, {"received": (1,)}),
        (7, {"received": (1, 2)}),
        (8, {"received": ()}),
    ]
    assert not Cluster(Counter, servers=2).run().trace.where("state")


def test_a_written_state_does_not_change_later():
    class Collector(Counter):
        seen: dict[int, str] = volatile({})

        def on_number(self, src, msg):
            self.seen[msg.n] = src

    trace = Cluster(Collector, servers=2, upto=3, states=True).run().trace
    seen = [dict(s.what)["seen"] for s in trace.where("state", node="s2")]
    assert [len(state) for state in seen] == [0, 1, 2, 3]


def test_a_trace_is_made_once_and_grows_with_the_run():
    cluster = Cluster(Counter, servers=2).run(until_ms=5)
    first = cluster.trace
    assert cluster.trace is first
    assert len(cluster.run().trace) > len(first)
    assert cluster.trace[: len(first)] == first


def test_messages_are_numbered_in_the_order_of_sending():
    trace = Cluster(Counter, servers=3, faults=(Loss(0.3),)).run().trace
    sent = [s.msg_id for s in trace.where("send")]
    assert sent == list(range(1, 21))
    ended = [s.msg_id for s in trace.where("deliver", "drop")]
    assert sorted(ended) == sent
    by_id = {s.msg_id: s for s in trace.where("send")}
    for step in trace.where("deliver", "drop"):
        send = by_id[step.msg_id]
        assert (step.peer, step.node, step.what) == (send.node, send.peer, send.what)


def test_a_choice_is_written_down():
    cluster = Cluster(
        Echo, servers=3, clients=1, workload={"c1": (Call("ping", (1,)),)}
    ).run()
    [choice] = cluster.trace.where("choose")
    assert choice.what == (cluster.trace.where("send")[0].peer,)


def test_remarks_are_marks():
    class Remarker(Counter):
        def on_number(self, src, msg):
            self.note("a number came")

    cluster = Cluster(Remarker, servers=2).run()
    assert cluster.saw("a number came") and not cluster.saw("a letter came")
