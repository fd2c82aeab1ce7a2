"""Zab in simulated time: promises, mutants, assumptions, costs, and two runs to read.

`pytest tests/consensus/test_zab_runs.py --update-golden` writes the texts anew.
"""

from collections import Counter

import agreement
import pytest
import test_zab
import zab_claims as claims
import zab_mutants as mutants
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import menu
from told import told
from viewstamped_runs import WORKLOADS, servers
from zab_claims import remembering
from zab_runs import PROMISES, admitted, run

from distlab.consensus.zab import Ack, Zab
from distlab.consensus.zab_election import ZabElection
from distlab.faults import (
    Byzantine,
    CorruptRecord,
    Crash,
    Cut,
    Duplication,
    Fault,
    Isolate,
    Loss,
    LostWrites,
    Reordering,
    Resume,
    Schedule,
    Split,
)
from distlab.node import Call
from distlab.sim import Cluster, Disk, Network


# --------------------------------------------------------------------- what is promised
@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(10))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, shape):
    assert broken(run(ZabElection, seed, shape), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 1010))
def test_what_is_promised_is_kept_for_a_thousand_seeds(seed):
    shape = tuple(WORKLOADS)[seed % 4]
    assert broken(run(ZabElection, seed, shape), *PROMISES) == {}


def test_these_runs_take_the_rare_paths():
    runs = [run(ZabElection, seed, s) for seed in range(3) for s in WORKLOADS]
    for mark in ("leads epoch 1", "leads epoch 3", "gives up its leader"):
        assert any(cluster.saw(mark) for cluster in runs), mark
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored >= {
        "does not lead",
        "does not lead this epoch",
        "follows another",
        "follows another, or has accepted this epoch",
        "follows another, or has not yet its history",
        "has its quorum",
        "leads itself",
    }
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(ZabElection.assumes.kinds()) - {Resume}


# ------------------------------------------------------------------------------ mutants
DELIVERED = claims.always_one_transaction_is_delivered_at_each_place
LATER = claims.always_new_epochs_begin_with_what_is_committed
SAME = agreement.all_deliver_the_same_in_the_end
# (what it forgets, the workload and the seed that find it, the promise that it breaks)
KILLED = [
    (mutants.NeedsOneTooFew, "symmetric", 0, DELIVERED),
    (mutants.ProposesTheSameEpoch, "stormy", 0, agreement.clients_finish),
    (mutants.ForgetsWhatItAccepted, "stormy", 1, claims.always_one_leader_an_epoch),
    (mutants.KeepsItsOwnHistory, "stormy", 3, LATER),
    (mutants.TakesAnyHistoryOfTheLatestEpoch, "symmetric", 2, LATER),
    (mutants.ForgetsWhoseHistoryItIs, "symmetric", 0, LATER),
    (mutants.KeepsHistoriesInMemory, "symmetric", 2, LATER),
    (mutants.LeavesLateOnesOut, "symmetric", 0, SAME),
    (mutants.SendsLateOnesTheBeginning, "symmetric", 0, DELIVERED),
    (mutants.ForgetsLateOnes, "symmetric", 5, claims.always_histories_are_in_order),
    (mutants.ServesTooEarly, "stormy", 3, claims.always_histories_are_in_order),
    (mutants.GivesANameTwice, "symmetric", 0, claims.always_histories_are_in_order),
    (mutants.CommitsAtOnce, "stormy", 1, LATER),
    (mutants.WantsOneMore, "symmetric", 0, agreement.clients_finish),
    (mutants.DeliversOneLess, "symmetric", 0, SAME),
    (mutants.DeliversOneOnly, "symmetric", 0, agreement.all_deliver_in_one_order),
    (mutants.AnswersWithoutHaving, "symmetric", 0, SAME),
    (mutants.LooksForNobody, "symmetric", 0, agreement.clients_finish),
    (mutants.NeverLosesPatience, "symmetric", 4, SAME),
    (mutants.TakesItForTheSame, "stormy", 0, SAME),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    def once(protocol: type, seed: int) -> Cluster:
        return run(mutants.electing(protocol), seed, shape)

    kill(mutant, seed, promise, PROMISES, once, ZabElection)


def test_every_mutant_has_what_kills_it():
    """By a broken promise here, or by a step that `test_zab` looks at."""
    by_run = {mutant for mutant, *_ in KILLED}
    assert mutants_in(mutants) == by_run | test_zab.KILLED.keys()
    assert not by_run & test_zab.KILLED.keys()


# ------------------------------------------------------------ what is taken for granted
class Boasts(remembering(ZabElection)):
    """Answers every proposal and stores none."""

    def on_propose(self, src, msg):
        self.send(src, Ack(msg.epoch, msg.txn.zxid))


FOR_A_WHILE = {"at_ms": 500, "until_ms": 900}
ONE_BY_ONE = {
    Loss: (Loss(0.3, **FOR_A_WHILE),),
    Cut: (Cut("s1", "*", 500, 520), Cut("*", "s1", 500, 520)),
    Split: (Split((("s1",), ("s2", "s3")), at_ms=500, until_ms=520),),
    Isolate: (Isolate("s2", at_ms=500, until_ms=520),),
    Duplication: (Duplication(0.5, **FOR_A_WHILE),),
    Reordering: (Reordering(0.5, 60, **FOR_A_WHILE),),
    Byzantine: (Byzantine("s2", Boasts), Byzantine("s3", Boasts)),
}


def some_promise(cluster: Cluster) -> str | None:
    """Whatever is promised."""
    return str(broken(cluster, *PROMISES) or "") or None


# The first seed at which a fault that is excluded breaks a promise
EXCLUDED = dict.fromkeys(ONE_BY_ONE, 0)


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    assert kind not in ZabElection.assumes.kinds()

    def once(seed: int) -> Cluster:
        return run(ZabElection, seed, "lopsided", ONE_BY_ONE[kind])

    assert first_harm(some_promise, once) == EXCLUDED[kind]


def test_links_that_do_not_keep_order_leave_gaps():
    """f.3.2: a follower takes proposals as they come."""

    def once(seed: int) -> Cluster:
        return run(ZabElection, seed, "lopsided", (), fifo=False)

    assert first_harm(claims.always_histories_are_in_order, once) == 0


FORGETFUL = {LostWrites: 4, CorruptRecord: 4}  # the first seed


def harmed(kind: type[Fault], seed: int) -> Schedule:
    """Disks that forget, at each crash of a server."""
    schedule = admitted(seed, "symmetric")
    crashes = [f for f in schedule if isinstance(f, Crash) and f.node in servers(seed)]
    harm = (kind(crash.node, crash.at_ms - 1) for crash in crashes)
    return (*schedule, *harm)


@pytest.mark.parametrize("kind", FORGETFUL, ids=lambda kind: kind.__name__)
def test_a_disk_that_forgets_loses_what_is_committed(kind):
    def once(seed: int) -> Cluster:
        return run(ZabElection, seed, "symmetric", harmed(kind, seed))

    assert first_harm(LATER, once) == FORGETFUL[kind]


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == {*ZabElection.assumes.kinds(), *EXCLUDED, *FORGETFUL}


# ------------------------------------------------------------------------------- costs
def sent(cluster: Cluster, since_ms: float = 0) -> Counter[str]:
    """How many messages of each class servers have sent."""
    steps = (s for s in cluster.trace.where("send") if s.at_ms >= since_ms)
    return Counter(type(step.what).__name__ for step in steps if step.node[0] == "s")


@pytest.mark.parametrize("n", [3, 5])
def test_a_command_costs_three_messages_a_follower_and_a_sync_a_replica(n):
    """Costs: once the epoch has begun."""
    writes = tuple(Call("write", ("x", i)) for i in range(20))
    cluster = Cluster(
        Zab,
        servers=n,
        clients=1,
        network=Network(fifo=True),
        disk=Disk(sync_ms=0.1),
        timeout_ms=10_000,
    )
    for i, write in enumerate(writes):
        cluster.add_call(100 + 30 * i, "c1", write)
    cluster.run(until_ms=800)
    assert sent(cluster, since_ms=100) == {
        "Propose": 20 * (n - 1),
        "Ack": 20 * (n - 1),
        "Commit": 20 * (n - 1),
        "Reply": 20,
    }
    syncs = (s for s in cluster.trace.where("sync") if s.at_ms >= 100)
    assert Counter(s.node for s in syncs if s.node[0] == "s") == dict.fromkeys(
        servers(0 if n == 3 else 2), 20
    )


@pytest.mark.parametrize("n", [3, 5])
def test_an_epoch_costs_what_it_says(n):
    """Costs: six messages a follower at most, two of them with a history."""
    cluster = Cluster(Zab, servers=n, network=Network(fifo=True)).run(until_ms=1000)
    count = sent(cluster)
    assert count.keys() <= {"CEpoch", "NewEpoch", "AckEpoch", "NewLeader", "Ack"}
    assert max(count.values()) == n - 1
    assert len(cluster["s1"].acked) == n - 1


# ------------------------------------------------------------------------------ stories
def the_oracle_speaks() -> Cluster:
    """Zab as printed: the layer above says whom to trust."""
    cluster = Cluster(Zab, servers=3, clients=1, seed=7, network=Network(fifo=True))
    cluster.at(15).call("c1", "write", "x", 1)
    return cluster.run(until_ms=100)


def the_leader_dies() -> Cluster:
    """What it has proposed and not committed, the next epoch begins with."""
    writes = tuple(Call("write", ("x", i)) for i in range(3))
    cluster = Cluster(
        ZabElection,
        servers=3,
        clients=1,
        seed=7,
        network=Network(fifo=True),
        workload={"c1": writes},
    )
    cluster.at(229).crash("s3").at(520).recover("s3")
    return cluster.run(until_ms=620)


STORIES = {"zab": the_oracle_speaks, "zab_election_leader_dies": the_leader_dies}


@pytest.mark.parametrize("story", STORIES)
def test_the_run_reads_as_it_is_written_down(story, golden):
    golden(f"{story}.txt", told(STORIES[story]().trace))
