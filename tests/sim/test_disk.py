"""The disk: what waits for what, and what sends before sync puts at risk."""

import pytest
from sim_nodes import Store

from distlab.errors import Misuse
from distlab.faults import CorruptRecord, Crash, Pause, Recover
from distlab.node import Call, DiskReport, Message, Node, durable, part, volatile
from distlab.sim import Cluster, Constant, Disk, Mixture, Network


def stored(disk, *at_ms, faults=(), until_ms=400):
    """s1 is called to write 1, 2, 3 … at these times; s2 answers."""
    cluster = Cluster(
        Store, servers=2, disk=disk, faults=faults, network=Network(Constant(1))
    )
    for n, when_ms in enumerate(at_ms, start=1):
        cluster.at(when_ms).call("s1", "write", n)
    return cluster.run(until_ms=until_ms)


def sent_ms(cluster):
    return {s.what.value: s.at_ms for s in cluster.trace.where("send", node="s1")}


def synced_ms(cluster):
    return [s.at_ms for s in cluster.trace.where("sync")]


def test_a_disk_that_costs_nothing_delays_nothing_and_is_not_seen():
    cluster = stored(Disk(), 10)
    assert sent_ms(cluster) == {1: 10}
    assert synced_ms(cluster) == []


def test_what_a_step_sends_waits_for_its_record():
    cluster = stored(Disk(sync_ms=4), 10)
    assert sent_ms(cluster) == {1: 14}
    assert synced_ms(cluster) == [14]
    assert cluster.history[0].latency_ms == 4


def test_the_node_goes_on_while_its_disk_is_busy():
    cluster = Cluster(Appender, servers=2, disk=Disk(sync_ms=50), network=Network(1))
    cluster.at(0).call("s1", "burst", 5)
    assert cluster.run(until_ms=10)["s2"].last == 5
    assert not cluster.trace.where("output", node="s2")


def test_a_group_commit_takes_along_what_was_written_before_it_began():
    cluster = stored(Disk(sync_ms=10), 10, 12, 14, 26)
    assert sent_ms(cluster)[1] == 20
    assert synced_ms(cluster)[:2] == [20, 30]


class Burst(Message):
    n: int


class Appender(Node):
    """Writes each number it is sent, and outputs it."""

    last: int = durable(0)

    def burst(self, upto):
        for n in range(1, upto + 1):
            self.send(self.peers, Burst(n))
        self.ok()

    def on_burst(self, src, msg):
        self.last = msg.n
        self.output(msg.n)


def test_batches_make_many_syncs_few():
    def told(batch):
        disk = Disk(sync_ms=10, batch=batch)
        cluster = Cluster(Appender, servers=2, disk=disk, network=Network(1))
        cluster.at(0).call("s1", "burst", 5)
        trace = cluster.run(until_ms=500).trace
        return [(s.what, s.at_ms) for s in trace.where("output", node="s2")]

    assert told(batch=True) == [(1, 11), (2, 21), (3, 21), (4, 21), (5, 21)]
    assert told(batch=False) == [(n, 1 + 10 * n) for n in range(1, 6)]


def test_a_disk_that_costs_something_only_now_and_then_forgets_nobody():
    sync_ms = Mixture(((1, Constant(0)), (1, Constant(7))))
    for batch in (True, False):
        disk = Disk(sync_ms, batch=batch)
        cluster = Cluster(Appender, servers=2, disk=disk, network=Network(1))
        cluster.at(0).call("s1", "burst", 30)
        trace = cluster.run(until_ms=500).trace
        told = [s.what for s in trace.where("output", node="s2")]
        assert told == list(range(1, 31))


class Voter(Node):
    """Votes once: the second candidate is told of the first vote."""

    voted_for: str | None = durable(None)

    def ask(self):
        self.send(self.peers[0], Burst(0))
        self.ok()

    def on_burst(self, src, msg):
        if self.voted_for is None:
            self.voted_for = src
        self.output(self.voted_for)


def test_what_a_later_step_tells_waits_for_the_earlier_record_too():
    # The second answer changes nothing on disk; sent at once, it would reveal a vote
    # that a crash could still undo.
    cluster = Cluster(Voter, servers=3, disk=Disk(sync_ms=10), network=Network(1))
    cluster.at(0).call("s2", "ask").at(2).call("s3", "ask")
    trace = cluster.run(until_ms=100).trace
    told = [(s.what, s.at_ms) for s in trace.where("output", node="s1")]
    assert told == [("s2", 11), ("s2", 11)]


def test_send_before_sync_is_faster_and_forgets_what_it_promised():
    faults = Crash("s1", 12), Recover("s1", 20)
    careful = stored(Disk(sync_ms=5), 10, faults=faults)
    hasty = stored(Disk(sync_ms=5, send_before_sync=True), 10, faults=faults)
    assert (sent_ms(careful), sent_ms(hasty)) == ({}, {1: 10})
    assert [op.outcome for op in careful.history] == ["info"]
    assert [op.outcome for op in hasty.history] == ["ok"]
    assert careful["s1"].first == hasty["s1"].first == 0


def test_a_sync_under_way_at_a_crash_ends_nowhere():
    cluster = stored(Disk(sync_ms=30), 10, faults=(Crash("s1", 20), Recover("s1", 25)))
    assert synced_ms(cluster) == []
    assert sent_ms(cluster) == {}
    late = stored(Disk(30), 10, 27, faults=(Crash("s1", 20), Recover("s1", 25)))
    assert (synced_ms(late)[0], late["s1"].first) == (57, 2)


def test_a_paused_node_sends_what_its_disk_has_synced_when_it_resumes():
    faults = (Pause("s1", at_ms=12, until_ms=40),)
    assert sent_ms(stored(Disk(sync_ms=5), 10, faults=faults)) == {1: 40}


def test_a_disk_outlives_several_crashes():
    faults = tuple(
        fault for n in range(5) for fault in (Crash("s1", 50 * n + 30),)
    ) + tuple(Recover("s1", 50 * n + 40) for n in range(5))
    cluster = stored(Disk(5), 10, 60, 110, 160, 210, faults=faults)
    reports = [s.what for s in cluster.trace.where("recover")]
    assert reports == [DiskReport()] * 5
    assert cluster["s1"].first == 5
    assert cluster["s1"].memory == 0


class Inside(Node):
    kept: int = durable(0)
    lost: int = volatile(0)

    def keep(self, value):
        self.kept = self.lost = value
        self.output(value)

    def on_recover(self, report):
        self.output(report)


class Outside(Node):
    inner: Inside = part(Inside)
    own: int = durable(0)

    def keep(self, value):
        self.own = value
        self.inner.keep(value + 1)
        self.ok()

    def on_inner_output(self, value):
        self.output(value)


def test_the_durable_fields_of_a_part_are_on_the_same_disk():
    faults = Crash("s1", 30), Recover("s1", 40)
    cluster = Cluster(Outside, servers=1, disk=Disk(5), faults=faults)
    cluster.at(10).call("s1", "keep", 1).at(27).call("s1", "keep", 5)
    node = cluster.run(until_ms=100)["s1"]
    assert (node.own, node.inner.kept, node.inner.lost) == (1, 2, 0)
    outputs = [(s.what, s.at_ms) for s in cluster.trace.where("output")]
    assert outputs == [(2, 15), (DiskReport(lost=1), 40)]


def test_a_part_is_told_of_its_own_corrupted_fields():
    faults = CorruptRecord("s1", 20), Crash("s1", 30), Recover("s1", 40)
    cluster = Cluster(Outside, servers=1, disk=Disk(5), faults=faults)
    cluster.at(10).call("s1", "keep", 1)
    trace = cluster.run(until_ms=100).trace
    [recovered] = trace.where("recover")
    assert recovered.what.corrupted == ("inner.kept", "own")
    assert trace.where("output")[-1].what == DiskReport(corrupted=("kept",))


def test_what_could_change_later_is_refused_on_disk():
    class Sloppy(Node):
        log: tuple[int, ...] = durable(())

        def add(self):
            self.log = [1, 2]

    with pytest.raises(Misuse, match=r"Sloppy\.log holds a list"):
        Cluster(Sloppy, servers=1, workload={"s1": (Call("add"),)}).run()
