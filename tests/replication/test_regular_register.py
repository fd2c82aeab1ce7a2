"""A regular register: what r + w > n gives alone, and the inversion that it allows.

Every message of the stories takes 2 ms; the lesson pastes the same schedules.
"""

import pytest
from killed import broken
from test_abd_runs import (
    WORKLOADS,
    clients_finish,
    linearizable_registers,
    one_value_for_each_stamp,
    run,
)

from distlab.check.linearizable import linearizable
from distlab.faults import Crash, Delay, Loss, Schedule
from distlab.history import History
from distlab.node import Call, CancelTimer, Deliver, End
from distlab.replication.abd import AbdReplica, Fetched, Row, Stamp
from distlab.replication.regular_register import RegularClient, RegularReplica
from distlab.sim import Cluster, Network


# --------------------------------------------------------------- new, then old: stories
def tell(protocol: type, calls, faults: Schedule) -> Cluster:
    """Three servers, a writer c1 and readers c2 and c3."""
    cluster = Cluster(protocol, servers=3, clients=3, network=Network(2), faults=faults)
    for at_ms, client, call in calls:
        cluster.at(at_ms).call(client, call.name, *call.args)
    return cluster.run(until_ms=200)


TWO_READS = (
    (0, "c1", Call("write", ("x", "old"))),
    (10, "c1", Call("write", ("x", "new"))),
    (20, "c2", Call("read", ("x",))),
    (30, "c3", Call("read", ("x",))),
)
APART = (Delay(100, src="c2", dst="s3"), Delay(100, src="c3", dst="s1"))
# The second write has reached s1 when c2 asks s1 and s2, and c3 then s2 and s3
SLOW_WRITE = (
    Delay(30, src="c1", dst="s2", messages=("Store",), at_ms=10),
    Delay(30, src="c1", dst="s3", messages=("Store",), at_ms=10),
    *APART,
)
# The same, and nothing but s1 will ever tell of the second write
CRASHED_WRITER = (
    Loss(1, src="c1", dst="s2", messages=("Store",), at_ms=10),
    Loss(1, src="c1", dst="s3", messages=("Store",), at_ms=10),
    Crash("c1", at_ms=18),
    *APART,
)
STORIES = {"during a write": SLOW_WRITE, "after its client's crash": CRASHED_WRITER}


def values_read(cluster: Cluster) -> list:
    return [op.result for op in cluster.history.where("read", outcome="ok")]


@pytest.mark.parametrize("story", STORIES)
def test_of_two_reads_the_later_may_return_the_older_value(story):
    """Regular: and no more than that."""
    cluster = tell(RegularReplica, TWO_READS, STORIES[story])
    assert values_read(cluster) == ["new", "old"]
    verdict = linearizable(cluster.history)
    assert verdict.reason.startswith("c3 read x = 'old' (30 to 34 ms), but c2 read")
    assert [op.f for op in verdict.evidence] == ["write", "write", "read", "read"]
    assert regular(cluster) is None


@pytest.mark.parametrize("story", STORIES)
def test_a_reader_that_writes_back_leaves_no_reader_behind(story):
    """Reader propagates: the same schedule, and c3 finds at s2 what c2 put there."""
    cluster = tell(AbdReplica, TWO_READS, STORIES[story])
    assert values_read(cluster) == ["new", "new"]
    assert linearizable(cluster.history).valid


def test_it_costs_a_read_its_second_round_trip():
    """2n messages and 4 ms where ABD needs 4n and 8 ms."""
    for protocol, sent, took_ms in ((RegularReplica, 6, 4), (AbdReplica, 12, 8)):
        cluster = tell(protocol, ((20, "c2", Call("read", ("x",))),), ())
        (read,) = cluster.history
        assert (len(cluster.trace.where("send")), read.latency_ms) == (sent, took_ms)


def test_a_read_answers_as_soon_as_a_quorum_has():
    """Regular."""
    c1 = RegularClient("c1", servers=("s1", "s2", "s3"))
    c1.step(Call("read", ("x",)))
    newest = Row("x", Stamp(2, "c3"), "new")
    assert c1.step(Deliver("s3", Fetched(1, newest))) == []
    effects = c1.step(Deliver("s1", Fetched(1, Row("x"))))
    assert isinstance(effects[0], CancelTimer)
    assert effects[1:] == [End(Call("read", ("x",)), "ok", "new")]


# ------------------------------------------------------------- under all that it admits
def regular(cluster: Cluster) -> str | None:
    """Each read alone is linearizable with all the writes of its key."""
    for read in cluster.history.where("read", outcome="ok"):
        writes = [
            op for op in cluster.history if (op.f, op.args[0]) == ("write", *read.args)
        ]
        verdict = linearizable(History([*writes, read]))
        if verdict.invalid:
            return str(verdict)
    return None


PROMISES = (regular, one_value_for_each_stamp, clients_finish)


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(24))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    cluster = run(RegularReplica, seed, work, client=RegularClient)
    assert broken(cluster, *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(24, 1024))
def test_what_is_promised_is_kept_for_a_thousand_seeds(seed, work):
    cluster = run(RegularReplica, seed, work, client=RegularClient)
    assert broken(cluster, *PROMISES) == {}


def test_more_than_that_it_does_not_promise():
    """Some run has an inversion; the same run of ABD has none."""
    for seed in (INVERTED, *range(100)):
        cluster = run(RegularReplica, seed, "lopsided", client=RegularClient)
        if said := linearizable_registers(cluster):
            print(f"seed {seed}: {said}")
            assert linearizable_registers(run(AbdReplica, seed, "lopsided")) is None
            return
    pytest.fail("the write back is of no use")


INVERTED = 26


# ------------------------------------------------------------------------------ mutants
class ReadsOneReplica(RegularClient):
    """r + w = n: not even the last write is found."""

    def on_fetched(self, src, msg):
        if self.operation and self.operation.name == "read" and self.pending:
            return self.finish(msg.row)
        super().on_fetched(src, msg)


class ReturnsTheOldest(RegularClient):
    def start_write_back(self, newest):
        rows = self.pending.votes.messages()
        self.finish(min(rows, key=lambda row: row.stamp))


MUTANTS = [ReadsOneReplica, ReturnsTheOldest]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_is_not_even_regular(mutant):
    runs = (run(RegularReplica, seed, "symmetric", client=mutant) for seed in range(50))
    assert any(regular(cluster) for cluster in runs)
