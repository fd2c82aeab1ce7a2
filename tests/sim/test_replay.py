"""A recording decides in the place of chance: the same run, whatever the seed."""

import pytest
from schedules import Drawing

from distlab.codec import from_json, to_json
from distlab.errors import Misuse
from distlab.faults import Crash, Cut, Duplication, Loss, Pause, Recover
from distlab.node import Call
from distlab.recording import Called, Chose, Ran, Recording, Took
from distlab.replication.abd import AbdClient, AbdReplica
from distlab.replication.automatic_failover import AutomaticFailover
from distlab.replication.single_leader import SingleLeader
from distlab.sim import Cluster, Disk, Network, Uniform

CRASH = Crash("s1", 20)
HAPPENED = ("send", "deliver", "fire", "crash", "recover", "choose", "ok", "fail")


def happened(cluster: Cluster) -> list:
    return list(cluster.trace.where(*HAPPENED))


def drawn(protocol: type, seed: int, **settings) -> Cluster:
    """Three replicas, two clients, and some of everything that is admitted."""
    faults = Drawing(seed, ("s1", "s2", "s3"), ("c1", "c2")).schedule(protocol.assumes)
    disk = Disk(Uniform(0, 2)) if seed % 2 else Disk()
    network = Network(fifo=seed % 3 == 0)
    workload = protocol.client.workload
    return Cluster(
        protocol,
        servers=3,
        clients=2,
        seed=seed,
        faults=faults,
        disk=disk,
        network=network,
        workload=workload,
        **settings,
    ).run(2_500)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("protocol", [SingleLeader, AutomaticFailover])
def test_a_recorded_run_is_the_same_run(protocol, seed):
    run = drawn(protocol, seed)
    again = run.again(run.recording).run(2_500)
    assert happened(again) == happened(run)
    assert again.history == run.history


@pytest.mark.soak
@pytest.mark.parametrize("protocol", [SingleLeader, AutomaticFailover])
def test_so_are_a_thousand(protocol):
    for seed in range(500):
        run = drawn(protocol, seed)
        again = run.again(run.recording).run(2_500)
        assert happened(again) == happened(run), seed


def test_no_seed_is_asked_any_more():
    run = drawn(AutomaticFailover, 3, reads_at=("s1", "s2"))
    arguments = {**run.arguments, "seed": 99}
    again = Cluster(AutomaticFailover, recording=run.recording, **arguments).run(2_500)
    assert happened(again) == happened(run)
    assert any(step.kind == "choose" for step in happened(run))


def test_faults_of_chance_become_what_they_did():
    run = Cluster(
        SingleLeader,
        servers=2,
        clients=1,
        seed=5,
        faults=(Loss(0.3), Duplication(0.3), Cut("s1", "s2", 5, 60), Crash("s2", 70)),
        workload={"c1": [Call("write", ("x", i)) for i in range(5)]},
    ).run(500)
    recording = run.recording
    assert recording.faults == (Cut("s1", "s2", 5, 60), Crash("s2", 70))
    assert any(took.ms is None for took in recording.messages)
    assert any(isinstance(took.ms, tuple) for took in recording.messages)
    assert happened(run.again(recording).run(500)) == happened(run)


def test_what_a_recording_does_not_say_goes_its_usual_way():
    call = Called(2, "c1", Call("write", ("x", 1)))
    recording = Recording((call,), messages=(Took("c1", "s1", 1, 7),), usual_ms=3)
    cluster = Cluster(SingleLeader, servers=2, clients=1, recording=recording).run(100)
    (write,) = cluster.history
    assert (write.invoked_us, write.ended_us) == (2_000, 12_000)


def test_a_lost_message_and_a_timer_are_recorded_by_their_number():
    """The second timer of a follower runs for 250 ms, so s3 is the first to suspect."""
    slow = Recording(faults=(CRASH,), timers=(Ran("s2", 1, 290), Ran("s2", 2, 290)))
    cluster = Cluster(AutomaticFailover, servers=3, recording=slow).run(400)
    suspected = cluster.trace.where("note", test=lambda step: "misses" in step.what)
    assert suspected[0].node == "s3"


def test_a_draw_out_of_its_range_is_brought_back():
    """A shrunk run may arm another timer at that number: its range still holds."""
    late = Recording(timers=(Ran("s2", 1, 9_999),))
    cluster = Cluster(AutomaticFailover, servers=3, recording=late).run(400)
    set_first = cluster.trace.where("set", node="s2")[0]
    assert set_first.why == "300 ms"


def test_a_choice_that_is_not_offered_gives_way_to_the_first():
    read = Called(0, "c1", Call("read", ("x",)))
    recording = Recording((read,), choices=(Chose("c1", 1, ("s9",)),))
    settings = {"reads_at": ("s2", "s1")}
    cluster = Cluster(
        SingleLeader, servers=2, clients=1, recording=recording, **settings
    )
    assert cluster.run(50).trace.where("send", node="c1")[0].peer == "s2"


def test_a_recording_travels():
    run = drawn(AutomaticFailover, 4)
    assert from_json(to_json(run.recording)) == run.recording


def test_a_recording_has_its_own_calls_and_faults():
    with pytest.raises(Misuse, match="its own calls and faults: give no others"):
        Cluster(
            SingleLeader, servers=1, recording=Recording(), faults=(Crash("s1", 1),)
        )


def test_a_recording_reads_as_one_would_write_it():
    recording = Recording(
        (Called(10.5, "c1", Call("write", ("x", "it's"))),),
        (Crash("s1", 5.0), Pause("s2", 3, 9), Recover("s1", 20)),
        (Took("c1", "s1", 2, None), Took("s1", "c1", 1, (1.0, 2.5))),
        usual_ms=2,
        until_ms=300.0,
    )
    assert str(recording) == (
        "Recording(\n"
        "    calls=(\n"
        '        Called(10.5, "c1", Call("write", ("x", "it\'s"))),\n'
        "    ),\n"
        "    faults=(\n"
        '        Crash("s1", at_ms=5),\n'
        '        Pause("s2", at_ms=3, until_ms=9),\n'
        '        Recover("s1", at_ms=20),\n'
        "    ),\n"
        "    messages=(\n"
        '        Took("c1", "s1", 2, None),\n'
        '        Took("s1", "c1", 1, (1, 2.5)),\n'
        "    ),\n"
        "    usual_ms=2,\n"
        "    until_ms=300,\n"
        ")"
    )


def test_an_abd_run_with_many_links_is_recorded():
    run = Cluster(
        AbdReplica,
        servers=5,
        clients=2,
        seed=8,
        faults=(Loss(0.2),),
        workload=AbdClient.workload,
    ).run(1_000)
    assert run.again(run.recording).run(1_000).history == run.history
