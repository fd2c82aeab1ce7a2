"""Viewstamped replication in simulated time: promises, mutants, assumptions, costs."""

from collections import Counter

import agreement
import pytest
import test_viewstamped
import viewstamped_claims as claims
import viewstamped_mutants as mutants
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import menu
from viewstamped_claims import remembering
from viewstamped_runs import (
    OF_THE_LIVING,
    PROMISES,
    WORKLOADS,
    admitted,
    clients_see_one_service,
    run,
    servers,
)

from distlab.consensus.viewstamped import PrepareOk, Viewstamped
from distlab.consensus.viewstamped_recovery import ViewstampedRecovery
from distlab.faults import (
    Byzantine,
    CorruptRecord,
    Crash,
    Cut,
    Duplication,
    Isolate,
    Loss,
    LostWrites,
    Recover,
    Reordering,
    Resume,
    Split,
    TornWrite,
)
from distlab.node import Call
from distlab.sim import ClosedLoop, Cluster, Disk

STORM, GOES_ON = "stormy", "recovers, and had promised to join a later view"


# --------------------------------------------------------------------- what is promised
@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(10))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, shape):
    assert broken(run(ViewstampedRecovery, seed, shape), *PROMISES) == {}


@pytest.mark.parametrize("shape", ["symmetric", "lopsided", "queue"])
@pytest.mark.parametrize("seed", range(8))
def test_without_loss_and_recoveries_views_alone_are_enough(seed, shape):
    assert broken(run(Viewstamped, seed, shape), *OF_THE_LIVING) == {}


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 1010))
def test_what_is_promised_is_kept_for_a_thousand_seeds(seed):
    shape = tuple(WORKLOADS)[seed % 4]
    assert broken(run(ViewstampedRecovery, seed, shape), *PROMISES) == {}
    if shape != "stormy":
        assert broken(run(Viewstamped, seed, shape), *OF_THE_LIVING) == {}


def test_these_runs_take_the_rare_paths():
    seeds = [*((seed, shape) for seed in range(4) for shape in WORKLOADS), (67, STORM)]
    runs = [run(ViewstampedRecovery, seed, shape) for seed, shape in seeds]
    for mark in ("is the primary of view 1", "recovers", "catches up", GOES_ON):
        assert any(cluster.saw(mark) for cluster in runs), mark
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored >= {
        "a retry: the answer waits for backups",
        "answers a recovery that is over",
        "is about a view that has begun, or was left",
        "is about another view",
        "is not news any more",
        "is not what comes next here",
        "knows of no view that is normal",
        "serves in no view now",
    }
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(ViewstampedRecovery.assumes.kinds()) - {Resume}


# ------------------------------------------------------------------------------ mutants
EXECUTED = claims.always_one_command_is_executed_at_each_place
AGREE = claims.always_logs_of_one_view_agree
LATER = claims.always_later_views_begin_with_what_is_committed
IN_ORDER = agreement.all_deliver_in_one_order
SAME = agreement.all_deliver_the_same_in_the_end
# (what it forgets, the workload and the seed that find it, the promise that it breaks)
KILLED = [
    (mutants.ServesInNoView, "symmetric", 1, EXECUTED),
    (mutants.PreparesWhatItHasExecuted, "queue", 0, clients_see_one_service),
    (mutants.CommitsOneBackupEarly, "stormy", 11, LATER),
    (mutants.CountsOneBackupForAll, "stormy", 11, LATER),
    (mutants.PreparesOutOfOrder, "symmetric", 0, AGREE),
    (mutants.PreparesTwice, "symmetric", 0, AGREE),
    (mutants.ObeysOldPrimaries, "stormy", 52, EXECUTED),
    (mutants.ExecutesWhatIsPrepared, "symmetric", 5, LATER),
    (mutants.ExecutesInNoView, "stormy", 6, EXECUTED),
    (mutants.NeverSuspects, "symmetric", 0, agreement.clients_finish),
    (mutants.LeadsOn, "stormy", 3, agreement.clients_finish),
    (mutants.StaysNormal, "symmetric", 5, LATER),
    (mutants.WaitsForOneMore, "symmetric", 0, agreement.clients_finish),
    (mutants.ForgetsItsLastNormalView, "symmetric", 0, LATER),
    (mutants.BeginsWithOneTooFew, "symmetric", 1, LATER),
    (mutants.TakesTheFirstLog, "symmetric", 1, EXECUTED),
    (mutants.TakesAnyLogOfTheLatestView, "stormy", 0, EXECUTED),
    (mutants.KeepsItsOwnLog, "stormy", 2, AGREE),
    (mutants.BeginsAgain, "stormy", 22, AGREE),
    (mutants.ObeysOldViews, "stormy", 10, LATER),
    (mutants.NeverAsks, "symmetric", 6, SAME),
    (mutants.TakesWhatIsNoNews, "stormy", 73, EXECUTED),
    (mutants.PutsItBehindAnything, "lopsided", 6, AGREE),
    (mutants.TakesPartAtOnce, "stormy", 2, LATER),
    (mutants.VotesWhileItRecovers, "symmetric", 3, LATER),
    (mutants.TellsWhatIsNotNormal, "lopsided", 19, AGREE),
    (mutants.RecoversFromOneTooFew, "stormy", 67, AGREE),
    (mutants.RecoversWithoutThePrimary, "lopsided", 8, LATER),
    (mutants.RecoversWithoutItsService, "lopsided", 0, IN_ORDER),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    def once(protocol: type, seed: int) -> Cluster:
        return run(mutants.recovering(protocol), seed, shape)

    kill(mutant, seed, promise, PROMISES, once, ViewstampedRecovery)


def test_every_mutant_has_what_kills_it():
    """By a broken promise here, or by a step that `test_viewstamped` looks at."""
    by_run = {mutant for mutant, *_ in KILLED}
    assert mutants_in(mutants) == by_run | test_viewstamped.KILLED.keys()
    assert not by_run & test_viewstamped.KILLED.keys()


# ------------------------------------------------------------ what is taken for granted
class Boasts(remembering(ViewstampedRecovery)):
    """Confirms everything and stores nothing."""

    def on_prepare(self, src, msg):
        self.expect_primary()
        self.send(src, PrepareOk(msg.view_number, msg.op_number))


def with_liars(seed: int) -> Cluster:
    """All but the first replica confirm what they forget."""
    liars = tuple(Byzantine(server, Boasts) for server in servers(seed)[1:])
    schedule = (*admitted(ViewstampedRecovery, seed, "symmetric"), *liars)
    return run(ViewstampedRecovery, seed, "symmetric", schedule)


def with_more_crashes(seed: int) -> Cluster:
    """More than f replicas lose their memory at once: it was in no other place."""
    at_ms = 200 + 10 * seed
    victims = servers(seed)[: len(servers(seed)) // 2 + 1]
    crashes = (Crash(victim, at_ms) for victim in victims)
    back = (Recover(victim, at_ms + 20) for victim in victims)
    return run(ViewstampedRecovery, seed, "symmetric", (*crashes, *back))


def test_a_replica_must_not_lie():
    assert first_harm(LATER, with_liars) == 1


def test_a_majority_must_not_forget():
    """Where more than f are back from a crash at once, nobody can tell them."""
    assert ViewstampedRecovery.assumes.f == "minority"
    assert first_harm(agreement.clients_finish, with_more_crashes) == 0


class ComesBackNew(Viewstamped):
    """Views alone, where a crash is not for good."""

    def on_recover(self, report):
        self.on_start()


def some_promise(cluster: Cluster) -> str | None:
    """Whatever is promised of those that are up."""
    return str(broken(cluster, *OF_THE_LIVING) or "") or None


# Faults that only `viewstamped_recovery` lives with, and the first seed that shows it
FOR_A_WHILE = {"at_ms": 100, "until_ms": 1000}
EXCLUDED = {
    Recover: ((Crash("s1", 300), Recover("s1", 301)), 0),
    Loss: ((Loss(0.3, **FOR_A_WHILE),), 2),
    Cut: ((Cut("s1", "*", **FOR_A_WHILE), Cut("*", "s1", **FOR_A_WHILE)), 0),
    Split: ((Split((("s1", "c1"), ("s2", "s3", "c2")), **FOR_A_WHILE),), 0),
    Isolate: ((Isolate("s1", **FOR_A_WHILE),), 0),
    Duplication: ((Duplication(0.5, **FOR_A_WHILE),), 0),
    Reordering: ((Reordering(0.5, 60, **FOR_A_WHILE),), 2),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_views_alone_do_not_live_with_loss_and_recoveries(kind):
    assert kind in ViewstampedRecovery.assumes.kinds()
    assert kind not in Viewstamped.assumes.kinds()
    schedule, known = EXCLUDED[kind]

    def once(seed: int) -> Cluster:
        return run(ComesBackNew, seed, "lopsided", schedule)

    assert first_harm(some_promise, once) == known


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    """`test_viewstamped_stories` has a disk that forgets."""
    full = {*ViewstampedRecovery.assumes.kinds()}
    assert menu() == full | {Byzantine, LostWrites, CorruptRecord}
    assert full == {*Viewstamped.assumes.kinds(), *EXCLUDED, TornWrite}


# ------------------------------------------------------------------------------- costs
def one_client(calls: int, **more) -> Cluster:
    """Commands one after the other, in a network without faults."""
    writes = tuple(Call("write", ("x", i)) for i in range(calls))
    return Cluster(
        ViewstampedRecovery,
        clients=1,
        workload={"c1": ClosedLoop(writes)},
        commit_ms=10_000,
        primary_ms=20_000,
        **more,
    ).run(until_ms=2000)


def sent(cluster: Cluster) -> Counter[str]:
    """How many messages of each class servers have sent."""
    steps = cluster.trace.where("send")
    return Counter(type(step.what).__name__ for step in steps if step.node[0] == "s")


@pytest.mark.parametrize("n", [3, 5])
def test_a_command_costs_two_messages_for_each_backup_and_no_sync(n):
    """Costs."""
    cluster = one_client(20, servers=n)
    assert sent(cluster) == {
        "Prepare": 20 * (n - 1),
        "PrepareOk": 20 * (n - 1),
        "Reply": 20,
    }
    assert not [s for s in cluster.trace.where("sync") if s.node[0] == "s"]


def test_an_idle_second_costs_its_heartbeats():
    """Costs: n - 1 messages for each `commit_ms`."""
    cluster = Cluster(ViewstampedRecovery, servers=5).run(until_ms=1000)
    assert sent(cluster) == {"Commit": 4 * 1000 // 50}


@pytest.mark.parametrize("n", [3, 5])
def test_a_view_change_costs_what_it_says(n):
    """Costs: n(n - 1) short messages at most, and 2(n - 1) with logs; a sync each."""
    cluster = Cluster(ViewstampedRecovery, servers=n, disk=Disk(sync_ms=1))
    cluster.at(10).pause("s1")
    count = sent(cluster.run(until_ms=500))
    assert cluster.saw("is the primary of view 1")
    assert count["StartViewChange"] <= n * (n - 1)
    assert n // 2 <= count["DoViewChange"] <= n - 1
    assert count["StartView"] == n - 1
    syncs = Counter(step.node for step in cluster.trace.where("sync"))
    assert set(syncs.values()) == {1}
