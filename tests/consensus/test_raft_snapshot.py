"""Snapshots of Raft: taken, sent, installed, and what is promised all the same."""

import pytest
import raft_snapshot_mutants as mutants
from agreement import (
    PROMISES,
    all_deliver_in_one_order,
    all_deliver_the_same_in_the_end,
)
from killed import broken, each_mutant, kill, mutants_in
from raft_runs import WORKLOADS, clients_see_one_queue, run
from test_raft import append, sends, stored

from distlab.consensus.client import Request
from distlab.consensus.raft import (
    AppendEntries,
    AppendEntriesResponse,
    ElectionTimeout,
    Entry,
    Heartbeat,
    RequestVoteResponse,
    Role,
)
from distlab.consensus.raft_snapshot import CompactedLog, InstallSnapshot, RaftSnapshot
from distlab.events import DiskReport
from distlab.machine import Queue
from distlab.node import Call, Crash, Deliver, Fire, Log, Output, Recover, Send
from distlab.replicated import Command, Delivered, Restored, Snapshot
from distlab.sim import Cluster

FIVE = ("s1", "s2", "s3", "s4", "s5")
PUT = {"machine": Queue(), "log_kept": 3}


def entry(index: int, term: int = 1) -> Entry:
    return Entry(term, Command("c1", index, Call("enqueue", (index,))))


def state(upto: int) -> Snapshot:
    """What the first entries come to."""
    return Snapshot(tuple(range(1, upto + 1)), (("c1", (upto, None)),))


def follower(kind: type[RaftSnapshot], upto: int, commit: int) -> RaftSnapshot:
    """One that has entries from s2, the leader of term 1, and has applied some."""
    s1 = kind("s1", FIVE, **PUT)
    s1.step(Recover(DiskReport()))
    append(s1, "s2", 1, 0, 0, tuple(map(entry, range(1, upto + 1))), commit)
    return s1


def install(node: RaftSnapshot, index: int, term: int = 1, of: int = 1) -> list:
    return node.step(Deliver("s2", InstallSnapshot(of, index, term, state(index))))


# ----------------------------------------------------------------------- taken and kept
def test_what_is_applied_is_thrown_away_now_and_then(kind=RaftSnapshot):
    """§7, snapshot; §7, discard: and what is not applied stays."""
    s1 = follower(kind, 4, commit=2)
    assert s1.log.index == 0
    append(s1, "s2", 1, 4, 1, (), 3)
    assert s1.log == CompactedLog(3, 1, state(3), Log(entry(4)))
    assert (s1.log.last_index, s1.term_at(3), s1.term_at(4)) == (4, 1, 1)


def test_a_crash_keeps_the_snapshot(kind=RaftSnapshot):
    """§7, snapshot: the machine goes on from it, and knows whom it has answered."""
    s1 = follower(kind, 4, commit=3)
    s1.step(Crash())
    effects = s1.step(Recover(DiskReport()))
    assert Output(Restored(3)) in effects
    assert s1.service.state == (1, 2, 3) and s1.service.last("c1") == 3
    effects = append(s1, "s2", 1, 4, 1, (), 4)
    assert Output(Delivered(4, entry(4).command)) in effects


def test_what_is_gone_fits(kind=RaftSnapshot):
    """§7, discard: an old message begins with entries that are no longer there."""
    s1 = follower(kind, 3, commit=3)
    answer = append(s1, "s2", 1, 1, 1, (entry(2), entry(3), entry(4)), 3)
    assert sends(answer) == [Send("s2", stored(1, 4))]
    assert list(s1.log.behind) == [entry(4)]
    answer = append(s1, "s2", 1, 0, 0, (entry(1),), 3)
    assert sends(answer) == [Send("s2", stored(1, 3))]


# ------------------------------------------------------------------- sent and installed
def test_who_is_too_far_behind_is_sent_the_snapshot(kind=RaftSnapshot):
    """§7, too far behind: and then the entries behind it."""
    s1 = kind("s1", FIVE, **PUT)
    s1.step(Recover(DiskReport()))
    s1.step(Fire(ElectionTimeout()))
    for voter in ("s2", "s3"):
        s1.step(Deliver(voter, RequestVoteResponse(1, True)))
    for number in (1, 2):
        call = Call("enqueue", (number,))
        s1.step(Deliver("c1", Request(number, call)))
    for voter in ("s2", "s3"):
        s1.step(Deliver(voter, stored(1, 3)))
    assert s1.log.index == 3
    s1.step(Deliver("c1", Request(3, Call("enqueue", (3,)))))
    snapshot = Snapshot((1, 2), (("c1", (2, None)),))
    assert to_s4(s1) == [InstallSnapshot(1, 3, 1, snapshot)]
    s1.step(Deliver("s4", stored(1, 3)))
    assert to_s4(s1) == [AppendEntries(1, 3, 1, (s1.log[4],), 3)]


def to_s4(node: RaftSnapshot) -> list:
    """What a leader sends this follower with the next heartbeat."""
    effects = sends(node.step(Fire(Heartbeat())))
    return [send.msg for send in effects if send.dst == "s4"]


def test_the_snapshot_of_an_old_leader_is_refused(kind=RaftSnapshot):
    """InstallSnapshot 1."""
    s1 = follower(kind, 1, commit=0)
    s1.step(Deliver("s3", AppendEntriesResponse(3, False, 0)))
    assert install(s1, 5) == [Send("s2", stored(3, 5, success=False))]
    assert s1.log.last_index == 1


def test_an_older_snapshot_changes_nothing(kind=RaftSnapshot):
    """InstallSnapshot 5."""
    s1 = follower(kind, 4, commit=3)
    before = s1.log
    assert Send("s2", stored(1, 2)) in install(s1, 2)
    assert (s1.log, s1.service.state) == (before, (1, 2, 3))


def test_what_follows_in_the_log_is_kept(kind=RaftSnapshot):
    """InstallSnapshot 6: the leader may count on it; what is committed is news."""
    s1 = follower(kind, 4, commit=0)
    effects = install(s1, 2)
    assert Send("s2", stored(1, 2)) in effects
    assert (s1.log.last_index, s1.service.state) == (4, (1, 2))


def test_a_log_that_does_not_reach_it_is_thrown_away(kind=RaftSnapshot):
    """InstallSnapshot 7; InstallSnapshot 8: too short, or of another term there."""
    for upto, term in ((1, 1), (6, 2)):
        s1 = follower(kind, upto, commit=0)
        effects = install(s1, 5, term=term, of=2)
        assert s1.log == CompactedLog(5, term, state(5))
        assert (s1.service.state, s1.last_applied) == ((1, 2, 3, 4, 5), 5)
        assert Output(Restored(5)) in effects
        assert (s1.role, s1.leader) == (Role.FOLLOWER, "s2")


KILLED_AT = {
    mutants.KeepsEverything: test_what_is_applied_is_thrown_away_now_and_then,
    mutants.ThrowsAwayTooMuch: test_what_is_applied_is_thrown_away_now_and_then,
    mutants.ForgetsWhoWasAnswered: test_what_is_applied_is_thrown_away_now_and_then,
    mutants.BeginsAnew: test_a_crash_keeps_the_snapshot,
    mutants.RefusesWhatIsGone: test_what_is_gone_fits,
    mutants.SendsWhatIsLeft: test_who_is_too_far_behind_is_sent_the_snapshot,
    mutants.InstallsFromOldLeaders: test_the_snapshot_of_an_old_leader_is_refused,
    mutants.TakesOldSnapshots: test_an_older_snapshot_changes_nothing,
    mutants.ThrowsAwayItsLog: test_what_follows_in_the_log_is_kept,
    mutants.KeepsItsLog: test_a_log_that_does_not_reach_it_is_thrown_away,
    mutants.KeepsItsMachine: test_a_log_that_does_not_reach_it_is_thrown_away,
}


@pytest.mark.parametrize("mutant", KILLED_AT, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_is_caught_at_that_step(mutant):
    with pytest.raises(AssertionError):
        KILLED_AT[mutant](mutant)


# --------------------------------------------------------------------------------- runs
def compacting(kind: type[RaftSnapshot], seed: int, shape: str) -> Cluster:
    """A run with few entries in a log."""
    return run(kind, seed, shape, log_kept=(1, 3, 8)[seed % 3], remembers=False)


def promises(shape: str) -> tuple:
    one_service, *others = PROMISES
    return clients_see_one_queue if shape == "queueing" else one_service, *others


@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(5))
def test_what_is_promised_is_kept(seed, shape):
    assert broken(compacting(RaftSnapshot, seed, shape), *promises(shape)) == {}


@pytest.mark.soak
@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("hundred", [100])
def test_what_is_promised_is_kept_for_hundreds_of_seeds(hundred, shape):
    for seed in range(hundred, hundred + 100):
        cluster = compacting(RaftSnapshot, seed, shape)
        assert broken(cluster, *promises(shape)) == {}, seed


def test_these_runs_install_snapshots():
    runs = [compacting(RaftSnapshot, seed, "stormy") for seed in range(4)]
    assert any(cluster.saw("takes a snapshot") for cluster in runs)
    assert any(cluster.saw("installs a snapshot") for cluster in runs)
    for cluster in runs:
        for node in cluster.nodes.values():
            if isinstance(node, RaftSnapshot):
                assert node.last_applied - node.log.index < node.log_kept


KILLED = [
    (mutants.ForgetsWhoWasAnswered, "queueing", 6, clients_see_one_queue),
    (mutants.BeginsAnew, "stormy", 0, all_deliver_in_one_order),
    (
        mutants.TakesOldSnapshots,
        "queueing",
        22,
        all_deliver_the_same_in_the_end,
    ),
    (
        mutants.ThrowsAwayItsLog,
        "queueing",
        15,
        all_deliver_the_same_in_the_end,
    ),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    def tried(kind: type, seed: int) -> Cluster:
        return compacting(kind, seed, shape)

    kill(mutant, seed, promise, promises(shape), tried, RaftSnapshot)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == set(KILLED_AT)
