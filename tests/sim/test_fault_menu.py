"""One test for each fault of the menu: what it does, and that it does no more."""

import pytest
from sim_nodes import Counter, Echo, Number, Pinger, Pong, Sleeper, Store

from distlab import faults as menu
from distlab.errors import Misuse
from distlab.faults import (
    Byzantine,
    ClockDrift,
    ClockJump,
    ClockSkew,
    CorruptRecord,
    Crash,
    Cut,
    Delay,
    Duplication,
    Heal,
    Isolate,
    Loss,
    LostWrites,
    Pause,
    Recover,
    Reordering,
    Resume,
    SlowLink,
    Split,
    TornWrite,
)
from distlab.node import Call, DiskReport
from distlab.sim import Cluster, Constant, Disk, Network, Uniform


def counted(*faults, servers=3, seed=1, network=None, **settings):
    """A run in which s1 sends 1, 2, 3 … to s2 and s3, one each millisecond."""
    network = network or Network(latency=Constant(2))
    cluster = Cluster(
        Counter, servers=servers, seed=seed, network=network, faults=faults, **settings
    )
    return cluster.run(until_ms=5000)


def drops(cluster, node=None):
    return [(s.node, s.what.n, s.why) for s in cluster.trace.where("drop", node=node)]


def arrivals_ms(cluster, node):
    return {s.what.n: s.at_ms for s in cluster.trace.where("deliver", node=node)}


# ------------------------------------------------------------------------------- links
def test_without_faults_all_arrives_once_and_in_time():
    cluster = counted()
    assert cluster["s2"].received == tuple(range(1, 11)) == cluster["s3"].received
    assert arrivals_ms(cluster, "s2") == {n: n + 2 for n in range(1, 11)}
    assert not cluster.trace.where("drop", "fault")


def test_loss_takes_its_share_and_says_so():
    cluster = counted(Loss(0.3), upto=2000)
    lost = drops(cluster)
    assert {why for _, _, why in lost} == {"lost"}
    assert 0.27 < len(lost) / 4000 < 0.33
    arrived = set(cluster["s2"].received)
    assert arrived == set(range(1, 2001)) - {n for node, n, _ in lost if node == "s2"}


def test_loss_of_everything_and_of_nothing():
    assert counted(Loss(1.0))["s2"].received == ()
    assert counted(Loss(0.0))["s2"].received == tuple(range(1, 11))


def test_loss_lasts_from_its_time_to_its_end():
    cluster = counted(Loss(1.0, at_ms=3.5, until_ms=6.5))
    assert cluster["s2"].received == (1, 2, 3, 7, 8, 9, 10)
    begun, ended = cluster.trace.where("fault")
    assert (begun.at_ms, begun.why, ended.at_ms, ended.why) == (3.5, "", 6.5, "ends")


def test_loss_may_be_of_one_link_only():
    cluster = counted(Loss(1.0, src="s1", dst="s3"))
    assert (len(cluster["s2"].received), cluster["s3"].received) == (10, ())


def test_loss_may_be_of_some_messages_only():
    cluster = Cluster(
        Echo,
        servers=1,
        clients=1,
        faults=(Loss(1.0, messages=("Pong",)),),
        workload={"c1": (Call("ping", (1,)),)},
    ).run(until_ms=200)
    assert {type(s.what) for s in cluster.trace.where("drop")} == {Pong}
    assert cluster["s1"].count == len(cluster.trace.where("deliver")) > 3


def test_what_is_lost_changes_the_latency_of_nothing_else():
    network = Network(latency=Uniform(1, 9))
    whole, holed = counted(network=network), counted(Loss(0.4), network=network)
    left = arrivals_ms(holed, "s2")
    assert 0 < len(left) < 10
    assert left.items() <= arrivals_ms(whole, "s2").items()


def test_duplication_lets_some_arrive_twice_under_one_number():
    cluster = counted(Duplication(0.5), upto=400)
    trace = cluster.trace.where("deliver", node="s2")
    copies = len(trace) - 400
    assert 160 < copies < 240
    assert len({step.msg_id for step in trace}) == 400
    assert sorted(set(cluster["s2"].received)) == list(range(1, 401))


def test_reordering_holds_some_back_while_others_pass():
    cluster = counted(Reordering(0.3, within_ms=20), upto=200)
    received = cluster["s2"].received
    assert sorted(received) == list(range(1, 201)) != list(received)
    late = {n: at - n - 2 for n, at in arrivals_ms(cluster, "s2").items()}
    assert max(late.values()) <= 20
    assert 40 < sum(extra > 0 for extra in late.values()) < 80


def test_delay_adds_the_same_to_each_message():
    cluster = counted(Delay(7, at_ms=4.5, dst="s2"))
    assert arrivals_ms(cluster, "s2") == {n: n + 2 + 7 * (n > 4) for n in range(1, 11)}
    assert arrivals_ms(cluster, "s3") == {n: n + 2 for n in range(1, 11)}


def test_a_slow_link_takes_so_many_times_as_long():
    cluster = counted(SlowLink(3.5, src="s1", dst="s2", until_ms=5.5))
    expected = {n: n + (7 if n <= 5 else 2) for n in range(1, 11)}
    assert arrivals_ms(cluster, "s2") == expected


def test_a_cut_stops_one_way_and_not_the_other():
    cluster = Cluster(
        Echo,
        servers=1,
        clients=1,
        faults=(Cut("s1", "c1"),),
        workload={"c1": (Call("ping", (1,)),)},
    ).run(until_ms=100)
    assert cluster["s1"].count >= 2
    assert {(s.peer, s.node, s.why) for s in cluster.trace.where("drop")} == {
        ("s1", "c1", "cut")
    }


def test_a_cut_stops_what_is_under_way_when_it_begins():
    cluster = counted(Cut("s1", "s2", at_ms=4.5))
    assert cluster["s2"].received == (1, 2)
    dropped = [(s.what.n, s.at_ms) for s in cluster.trace.where("drop")]
    assert dropped == [(3, 5), (5, 5), (4, 6), *((n, n) for n in range(6, 11))]


def test_a_split_separates_groups_and_leaves_the_unnamed_alone():
    split = Split((("s1", "s2"), ("s3",)), at_ms=0, until_ms=6.5)
    cluster = counted(split, servers=4)
    assert cluster["s2"].received == cluster["s4"].received == tuple(range(1, 11))
    assert cluster["s3"].received == (7, 8, 9, 10)


def test_a_later_split_replaces_the_one_before():
    cluster = counted(
        Split((("s1",), ("s2", "s3"))), Split((("s1", "s2"), ("s3",)), at_ms=5.5)
    )
    assert cluster["s2"].received == (6, 7, 8, 9, 10)
    assert cluster["s3"].received == ()


def test_isolation_cuts_a_node_off_both_ways():
    hears = counted(Isolate("s2"))
    assert (hears["s2"].received, len(hears["s3"].received)) == ((), 10)
    speaks = counted(Isolate("s1", until_ms=7.5))
    assert speaks["s2"].received == (8, 9, 10) == speaks["s3"].received


def test_an_isolated_node_still_reaches_itself():
    class Talker(Counter):
        def on_tick(self, timer):
            self.send(self.nodes, Number(1))

    cluster = Cluster(Talker, servers=2, faults=(Isolate("s1"), Loss(1.0))).run()
    assert (cluster["s1"].received, cluster["s2"].received) == ((1,), ())


def test_heal_ends_cuts_and_with_all_what_loses_too():
    harm = (Cut("s1", "s2"), Isolate("s3"), Loss(1.0, dst="s3"))
    half, whole = counted(*harm, Heal(5.5)), counted(*harm, Heal(5.5, all=True))
    assert (half["s2"].received, half["s3"].received) == ((6, 7, 8, 9, 10), ())
    assert whole["s2"].received == (6, 7, 8, 9, 10) == whole["s3"].received
    ended = [s.what for s in half.trace.where("fault", test=lambda s: s.why == "ends")]
    assert ended == list(harm[:2])


# ------------------------------------------------------------------------------- nodes
def pinged(*faults, seed=1, calls=3, **settings):
    """A run in which c1 asks the only server until it is answered, three times."""
    return Cluster(
        Echo,
        servers=1,
        clients=1,
        seed=seed,
        network=Network(latency=Constant(2)),
        faults=faults,
        workload={"c1": tuple(Call("ping", (n,)) for n in range(calls))},
        **settings,
    ).run(until_ms=3000)


def test_a_crash_keeps_what_is_durable_and_loses_the_rest():
    cluster = pinged(Crash("s1", at_ms=7), Recover("s1", at_ms=9))
    assert [s.kind for s in cluster.trace.where("crash", "recover")] == [
        "crash",
        "recover",
    ]
    assert cluster["s1"].count >= 3
    client = pinged(Crash("c1", at_ms=1))
    assert client["c1"].asked is None


def test_messages_to_a_node_that_is_down_are_dropped_and_it_sends_nothing():
    cluster = pinged(Crash("s1", at_ms=3))
    assert {s.why for s in cluster.trace.where("drop")} == {"s1 is down"}
    assert cluster.history[0].outcome == "ok"
    assert cluster.history[1].outcome == "info"
    assert not cluster.trace.where("send", node="s1", test=lambda s: s.at_ms > 3)


def test_a_crash_forgets_timers():
    cluster = Cluster(
        Sleeper,
        servers=1,
        workload={"s1": (Call("nap", (10,)),)},
        faults=(Crash("s1", 5), Recover("s1", 6)),
    ).run()
    assert not cluster.trace.where("fire")


def test_a_crashed_client_does_not_know_and_comes_back_as_another_process():
    cluster = pinged(Crash("c1", at_ms=5), Recover("c1", at_ms=50))
    first, second, third = cluster.history
    assert (first.process, first.outcome) == ("c1", "ok")
    assert (second.process, second.outcome) == ("c1", "info")
    assert second.result == "c1 crashed"
    assert (third.process, third.outcome) == ("c1#2", "ok")
    assert third.invoked_ms == 50


def test_a_node_that_is_down_from_the_start_recovers_and_never_starts():
    cluster = counted(Crash("s1", at_ms=0), Recover("s1", at_ms=5))
    assert not cluster.trace.where("start", node="s1")
    assert len(cluster.trace.where("recover", node="s1")) == 1


def test_a_node_that_crashes_and_recovers_before_its_start_recovers_only():
    trace = counted(Crash("s1", at_ms=0), Recover("s1", at_ms=0)).trace
    assert [s.kind for s in trace.where("start", "recover", node="s1")] == ["recover"]


def test_a_paused_node_reads_what_has_come_when_it_resumes():
    cluster = counted(Pause("s2", at_ms=4.5), Resume("s2", at_ms=20))
    assert cluster["s2"].received == tuple(range(1, 11))
    at_ms = arrivals_ms(cluster, "s2")
    assert [at_ms[n] for n in (1, 2, 3, 10)] == [3, 4, 20, 20]


def test_what_has_reached_a_paused_node_is_not_undone_by_a_cut():
    cluster = counted(
        Pause("s2", at_ms=4.5, until_ms=20), Cut("s1", "s2", at_ms=6.5, until_ms=30)
    )
    assert cluster["s2"].received == (1, 2, 3, 4)
    assert arrivals_ms(cluster, "s2")[4] == 20


def test_a_paused_node_hears_its_timers_late_and_in_order():
    cluster = Cluster(
        Counter, servers=2, faults=(Pause("s1", at_ms=2.5, until_ms=9),), upto=4
    ).run()
    fired = [s.at_ms for s in cluster.trace.where("fire")]
    assert fired == [1, 2, 9, 10]


def test_a_pause_ends_at_its_own_end_and_not_at_that_of_an_earlier_one():
    cluster = counted(
        Pause("s2", at_ms=1.5, until_ms=7.5),
        Resume("s2", at_ms=4.5),
        Pause("s2", at_ms=5.5, until_ms=11.5),
    )
    steps = [(s.kind, s.at_ms) for s in cluster.trace.where("pause", "resume")]
    assert steps == [("pause", 1.5), ("resume", 4.5), ("pause", 5.5), ("resume", 11.5)]


def test_a_message_lost_by_a_crash_in_a_pause_was_never_read():
    cluster = counted(Pause("s2", at_ms=4.5), Crash("s2", at_ms=8.5))
    assert cluster["s2"].received == ()
    assert [n for _, n, why in drops(cluster, "s2") if why == "s2 is down"] == list(
        range(3, 11)
    )


def test_a_pause_looks_like_a_death_to_others_and_like_nothing_to_the_node():
    cluster = pinged(Pause("s1", at_ms=5, until_ms=500), calls=2)
    assert cluster.history[1].latency_ms > 490
    assert cluster["s1"].count > 2, "what was sent again was all answered"


class Liar(Echo):
    def on_ping(self, src, msg):
        self.send(src, Pong(msg.n + 1000))


def test_a_byzantine_node_takes_over_state_settings_and_place():
    cluster = pinged(Byzantine("s1", Liar, at_ms=3), calls=2)
    assert type(cluster["s1"]) is Liar
    assert cluster["s1"].count == 1
    assert [op.outcome for op in cluster.history] == ["ok", "info"]
    assert cluster["c1"]._reactions is Pinger._reactions


def test_a_byzantine_node_from_the_start_never_was_honest():
    cluster = pinged(Byzantine("s1", Liar))
    assert [op.outcome for op in cluster.history] == ["info"]
    assert cluster.trace.where("start", node="s1")


def test_a_liar_must_be_of_the_class_whose_place_it_takes():
    with pytest.raises(Misuse, match="make it a subclass of Echo"):
        pinged(Byzantine("s1", Pinger))


# ------------------------------------------------------------------------------ clocks
def looked(*faults, at_ms=100):
    cluster = Cluster(Sleeper, servers=1, faults=faults)
    cluster.at(at_ms).call("s1", "look")
    return cluster.run().history[0].result


def test_a_skewed_clock_is_off_by_this_much():
    assert looked() == 100
    assert looked(ClockSkew("s1", -30)) == 70
    assert looked(ClockSkew("s1", 5), ClockSkew("s1", 8, at_ms=50)) == 108


def test_a_drifting_clock_gains_with_time():
    assert looked(ClockDrift("s1", 20_000)) == 102
    assert looked(ClockDrift("s1", 20_000, at_ms=50)) == 101
    assert looked(ClockDrift("s1", 20_000), ClockDrift("s1", 0, at_ms=50)) == 101


def test_a_jump_sets_the_clock_forward_or_back_at_once():
    assert looked(ClockJump("s1", 40, at_ms=99.9)) == 140
    assert looked(ClockJump("s1", -40, at_ms=50)) == 60
    assert looked(ClockJump("s1", 40, at_ms=100.1)) == 100


def test_a_drifting_clock_shortens_timers_and_a_skewed_one_does_not():
    def slept_ms(*faults):
        work = {"s1": (Call("nap", (100,)),)}
        cluster = Cluster(Sleeper, servers=1, workload=work, faults=faults).run()
        return cluster.history[0].latency_ms

    assert slept_ms() == 100
    assert slept_ms(ClockDrift("s1", 250_000)) == 80
    assert slept_ms(ClockSkew("s1", 50), ClockJump("s1", 50, at_ms=20)) == 100


# ------------------------------------------------------------------------------- disks
def stored(*faults, sync_ms=10.0, writes=3, until_ms=400, **disk):
    """s1 writes (1, 11), (2, 12), (3, 13) at 100, 110 and 120 ms."""
    cluster = Cluster(
        Store, servers=2, disk=Disk(sync_ms=sync_ms, **disk), faults=faults
    )
    for n in range(1, writes + 1):
        cluster.at(90 + 10 * n).call("s1", "write", n, n + 10)
    return cluster.run(until_ms=until_ms)


def found(cluster):
    """What the node found on its disk, and what it was told."""
    [output] = cluster.trace.where("output", test=lambda s: isinstance(s.what, tuple))
    [report] = [s.what for s in cluster.trace.where("recover")]
    return output.what, report


def test_a_crash_loses_what_was_not_yet_synced():
    cluster = stored(Crash("s1", 125), Recover("s1", 130))
    assert found(cluster) == ((2, 12, 0), DiskReport(lost=1))
    assert [op.outcome for op in cluster.history] == ["ok", "ok", "info"]


def test_nothing_leaves_before_the_record_of_its_step_is_synced():
    cluster = stored(Crash("s1", 125), sync_ms=10)
    sent = [(s.what.value, s.at_ms) for s in cluster.trace.where("send", node="s1")]
    told = [(s.what, s.at_ms) for s in cluster.trace.where("output", node="s1")]
    assert sent == told == [(1, 110), (2, 120)]


def test_lost_writes_were_synced_and_are_gone_without_a_word():
    crash = Crash("s1", 200), Recover("s1", 210)
    assert found(stored(*crash)) == ((3, 13, 0), DiskReport())
    lost = stored(LostWrites("s1", at_ms=150, records=2), *crash)
    assert found(lost) == ((1, 11, 0), DiskReport())
    assert [op.outcome for op in lost.history] == ["ok", "ok", "ok"]


def test_lost_writes_strike_once():
    cluster = stored(
        LostWrites("s1", 150), Crash("s1", 200), Recover("s1", 210), Crash("s1", 220)
    )
    assert cluster["s1"].first == 2


def test_a_torn_write_keeps_a_prefix_of_the_record_being_written():
    crash = TornWrite("s1", at_ms=115), Crash("s1", 125), Recover("s1", 130)
    kept = set()
    for seed in range(20):
        cluster = Cluster(Store, servers=1, seed=seed, disk=Disk(10), faults=crash)
        cluster.at(100).call("s1", "write", 1, 11)
        cluster.at(120).call("s1", "write", 2, 12)
        fields, report = found(cluster.run())
        assert report == DiskReport(lost=1, torn=True)
        kept.add(fields)
    assert kept == {(1, 11, 0), (2, 11, 0)}, "the second field never comes first"


def test_a_torn_write_needs_a_write_to_tear():
    cluster = stored(TornWrite("s1", at_ms=150), Crash("s1", 200), Recover("s1", 210))
    assert found(cluster) == ((3, 13, 0), DiskReport())


def test_a_corrupted_record_is_told_by_its_checksum_and_gone():
    crash = Crash("s1", 200), Recover("s1", 210)
    last = stored(CorruptRecord("s1", at_ms=150), *crash)
    assert found(last) == ((2, 12, 0), DiskReport(corrupted=("first", "second")))
    earlier = stored(CorruptRecord("s1", at_ms=150, record=2), *crash)
    assert found(earlier)[0] == (3, 13, 0), "a later record holds all fields"


def test_a_record_may_be_corrupted_while_the_node_is_down():
    cluster = stored(Crash("s1", 200), CorruptRecord("s1", 205), Recover("s1", 210))
    assert found(cluster)[0] == (2, 12, 0)


# ------------------------------------------------------------ faults with nothing to do
@pytest.mark.parametrize(
    ("fault", "remark"),
    [
        (Recover("s1", 5), "s1 is not down"),
        (Resume("s1", 5), "s1 does not stand still"),
        (CorruptRecord("s2", 5), "s2 has written no such record"),
    ],
)
def test_a_fault_with_nothing_to_do_is_noted_and_changes_nothing(fault, remark):
    cluster = counted(fault)
    assert cluster.saw(f"{fault}: {remark}")
    kinds = ("send", "deliver", "fire")
    assert cluster.trace.where(*kinds) == counted().trace.where(*kinds)


def test_a_second_crash_and_a_pause_of_what_is_down_are_noted():
    cluster = counted(Crash("s2", 2), Crash("s2", 3), Pause("s2", 4))
    notes = [s.what for s in cluster.trace.where("note")]
    assert notes == [
        "Crash(node='s2', at_ms=3): s2 is down already",
        "Pause(node='s2', at_ms=4, until_ms=None): s2 does not go",
    ]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Crash("s9", 1), "no node 's9'"),
        (Split((("s1", "s7"),)), "no node 's7'"),
        (Loss(0.1, dst="s8"), "no node 's8'"),
        (Crash("s1", -1), "before 0 ms"),
        (Loss(1.5), "from 0 to 1"),
        (Duplication(-0.1), "from 0 to 1"),
        (Loss(0.1, at_ms=5, until_ms=3), "ends before it begins"),
        (Delay(-1), "0 or more"),
        (SlowLink(-2), "0 or more"),
        (Reordering(0.5, -3), "0 or more"),
        (CorruptRecord("s1", 1, record=0), "counted from 1"),
        (ClockDrift("s1", -1_000_000), "no clock runs backward"),
        (Loss(0.1, messages=("Nmber",)), "Did you mean `Number`"),
        ("crash", "is no fault"),
    ],
)
def test_a_fault_that_cannot_be_meant_is_refused(fault, sentence):
    with pytest.raises(Misuse, match=sentence):
        counted(fault)


def test_the_whole_menu_is_carried_out():
    from distlab.sim.injector import HAPPENS

    def leaves(kind):
        below = kind.__subclasses__()
        return {leaf for sub in below for leaf in leaves(sub)} if below else {kind}

    kinds = {k for k in leaves(menu.Fault) if k.__module__ == menu.__name__}
    links = {k for k in kinds if issubclass(k, menu.LinkFault)}
    assert kinds - links == set(HAPPENS)
