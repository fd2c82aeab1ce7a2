"""Multi-Paxos in simulated time: promises, mutants, assumptions, machines, costs.

`pytest tests/consensus/test_multi_paxos_runs.py --update-golden` writes the texts anew.
"""

from functools import partial

import agreement
import multi_paxos_mutants as mutants
import pytest
import test_multi_paxos
from agreement import (
    all_deliver_in_one_order,
    all_deliver_the_same_in_the_end,
    clients_finish,
    clients_see_one_service,
)
from killed import broken, each_mutant, first_harm, kill, mutants_in
from multi_paxos_claims import (
    always_one_command_in_a_ballot,
    always_one_command_is_chosen_in_a_slot,
    always_what_is_learned_was_chosen,
)
from multi_paxos_runs import CLIENTS, PROMISES, WORKLOADS, admitted, run, servers
from schedules import Drawing, menu
from told import told

from distlab.consensus.client import QueueClient, RegisterClient
from distlab.consensus.multi_paxos import Accepted, MultiPaxos
from distlab.faults import (
    Byzantine,
    CorruptRecord,
    Crash,
    Fault,
    Loss,
    LostWrites,
    Resume,
    Schedule,
)
from distlab.machine import Queue, Register
from distlab.node import Call
from distlab.sim import Cluster, Disk, Network


@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(6))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, shape):
    """§3, in order."""
    assert broken(run(MultiPaxos, seed, shape), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(6, 350))
def test_what_is_promised_is_kept_for_a_thousand_runs(seed, shape):
    assert broken(run(MultiPaxos, seed, shape), *PROMISES) == {}


def test_these_runs_take_the_rare_paths():
    runs = [run(MultiPaxos, seed, shape) for seed in range(4) for shape in WORKLOADS]
    for mark in ("leads", "outbid"):
        assert any(cluster.saw(mark) for cluster in runs)
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored >= {
        "answers a phase that is over",
        "a vote on what is decided or given up",
        "has promised not to",
        "is under way",
    }
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(MultiPaxos.assumes.kinds()) - {Resume}


@pytest.mark.parametrize("shape", WORKLOADS)
def test_a_minority_may_be_gone_for_good(shape):
    """§3, leader: wherever it was."""
    for gone in ((Crash("s1", 400),), (Crash("s3", 400),)):
        cluster = run(MultiPaxos, 0, shape, gone)
        judges = (p for p in PROMISES if p is not all_deliver_the_same_in_the_end)
        assert broken(cluster, *judges) == {}
        assert {op.outcome for op in cluster.history} == {"ok"}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("machine", "client"),
    [(Queue(), QueueClient), (Register(), RegisterClient)],
    ids=["queue", "register"],
)
def test_it_replicates_whatever_machine(machine, client, seed):
    """§3, in order."""
    clients = CLIENTS[:2]
    cluster = Cluster(
        MultiPaxos,
        servers=3,
        clients=(client, len(clients)),
        seed=seed,
        machine=machine,
        workload=client.workload,
        faults=Drawing(seed, servers(0), clients).schedule(MultiPaxos.assumes),
    ).run(until_ms=5000)
    assert agreement.clients_see_one_service(cluster, machine) is None
    judges = (p for p in PROMISES if p is not clients_see_one_service)
    assert broken(cluster, *judges) == {}


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks.
# Of the comparisons that can be loosened, one changes nothing: an acceptor that tells
# its vote in slot `after` too tells of one that the new leader has executed.
KILLED = [
    (
        mutants.LeadsWithTooFewPromises,
        "stormy",
        1,
        always_one_command_is_chosen_in_a_slot,
    ),
    (
        mutants.KeepsItsPromisesForTheNextBallot,
        "stormy",
        2,
        always_one_command_is_chosen_in_a_slot,
    ),
    (mutants.SharesItsBallots, "stormy", 1, always_one_command_in_a_ballot),
    (
        mutants.AsksBehindTheLastItKnows,
        "lopsided",
        1,
        always_one_command_is_chosen_in_a_slot,
    ),
    (mutants.ProposesNothingThatItFound, "stormy", 0, all_deliver_in_one_order),
    (mutants.StartsWhereItHasExecuted, "stormy", 0, all_deliver_in_one_order),
    (mutants.LearnsFromTooFew, "stormy", 0, always_what_is_learned_was_chosen),
    (mutants.CountsVotesForAnySlot, "stormy", 8, always_what_is_learned_was_chosen),
    (mutants.CountsAVoteTwice, "stormy", 0, all_deliver_in_one_order),
    (mutants.NeverAsksAgain, "stormy", 0, clients_finish),
    (mutants.OpensAWindowOneTooNarrow, "lopsided", 0, clients_finish),
    (mutants.StartsOnTheLastSlot, "stormy", 0, always_one_command_in_a_ballot),
    (mutants.GivesUpToItself, "lopsided", 0, clients_finish),
    (mutants.ProposesForOneSlotTwice, "lopsided", 0, always_one_command_in_a_ballot),
    (mutants.AnswersReadsAtOnce, "stormy", 4, clients_see_one_service),
    (mutants.AnswersWhatIsNotChosen, "stormy", 1, clients_see_one_service),
    (mutants.AcceptsAnything, "stormy", 6, all_deliver_in_one_order),
    (mutants.FollowsAnything, "stormy", 6, all_deliver_in_one_order),
    (mutants.AcceptsOnlyWhatIsHigher, "symmetric", 0, clients_finish),
    (mutants.StaysLeader, "lopsided", 0, always_one_command_in_a_ballot),
    (mutants.ForgetsItsVotes, "stormy", 0, clients_see_one_service),
    (mutants.DoesNotReadItsLog, "stormy", 0, clients_see_one_service),
    (
        mutants.TellsOnlyWhatItHasNotExecuted,
        "stormy",
        2,
        always_one_command_is_chosen_in_a_slot,
    ),
    (mutants.TakesTheLastVoteToArrive, "stormy", 48, all_deliver_in_one_order),
    (mutants.TakesTheLowestVote, "stormy", 48, all_deliver_in_one_order),
    (mutants.ExecutesWhatComes, "lopsided", 0, all_deliver_in_one_order),
    (mutants.NeverCatchesUp, "lopsided", 0, all_deliver_the_same_in_the_end),
    (mutants.CountsSlotsFromZero, "lopsided", 0, always_what_is_learned_was_chosen),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(run, shape=shape), right=MultiPaxos)


def test_every_mutant_has_what_kills_it():
    """By a broken promise here, or by a step that `test_multi_paxos` looks at."""
    assert mutants_in(mutants) == {*test_multi_paxos.KILLED, *(m for m, *_ in KILLED)}


# ------------------------------------------------------------ what is taken for granted
class Lies(MultiPaxos):
    """Says that it has accepted everything, and has accepted nothing."""

    def on_accept(self, src, msg):
        self.send(src, Accepted(msg.ballot, msg.slot))


def worse(kind: type[Fault], seed: int) -> Schedule:
    """An admitted schedule, and with it a fault of a kind that is excluded."""
    schedule = admitted(seed, "stormy")
    if kind is Byzantine:
        return (*schedule, Byzantine("s2", Lies))
    crashes = [f for f in schedule if isinstance(f, Crash) and f.node[0] == "s"]
    if kind is LostWrites:  # all of them: an old backup
        return (*schedule, *(kind(f.node, f.at_ms - 1, 1000) for f in crashes))
    return (*schedule, *(kind(f.node, f.at_ms - 1) for f in crashes))


@pytest.mark.parametrize("kind", [Byzantine, LostWrites, CorruptRecord])
def test_a_fault_that_is_excluded_breaks_the_promise_at_some_seed(kind):
    assert kind not in MultiPaxos.assumes.kinds()
    first_harm(
        clients_see_one_service,
        lambda seed: run(MultiPaxos, seed, "stormy", worse(kind, seed)),
    )


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    excluded = {Byzantine, LostWrites, CorruptRecord}
    assert menu() == set(MultiPaxos.assumes.kinds()) | excluded


# ------------------------------------------------------------------------ what it costs
def quiet(n: int, until_ms: float, **more) -> Cluster:
    """Ten commands, one after the other, long after a leader was elected."""
    cluster = Cluster(
        MultiPaxos,
        servers=n,
        clients=1,
        network=Network(2),
        disk=Disk(10),
        **more,
    )
    for i in range(10):
        cluster.add_call(1020 + 100 * i, "c1", Call("write", ("x", i)))
    return cluster.run(until_ms=until_ms)


@pytest.mark.parametrize("n", [3, 5])
def test_a_command_takes_3_times_n_minus_1_messages_two_round_trips_and_one_sync(n):
    """Costs. A message takes 2 ms, a sync 10; those to oneself cost none.

    What is under way when a heartbeat is due would be asked for again.
    """
    cluster = quiet(n, 2030)
    sent = [
        type(step.what).__name__
        for step in cluster.trace.where("send").between(1110, 2030)
        if step.peer != step.node
    ]
    for kind in ("Accept", "Accepted", "Chosen"):
        assert sent.count(kind) == 9 * (n - 1)
    own_ms = 10  # the client writes its number down first
    assert {op.latency_ms for op in cluster.history[1:]} == {own_ms + 2 * 4 + 10}


@pytest.mark.parametrize("n", [3, 5])
def test_an_idle_second_takes_20_heartbeats_to_each_follower(n):
    """Costs."""
    trace = quiet(n, 900).trace.where("send").between(500, 1500)
    assert {type(step.what).__name__ for step in trace} == {"Progress"}
    assert len(trace) == (900 - 500) / 50 * (n - 1)


# ------------------------------------------------------------------------ as it is read
def asked(*calls: tuple[float, str], **more) -> Cluster:
    """Three replicas, of which s1 leads by then; two clients write."""
    cluster = Cluster(
        MultiPaxos, servers=3, clients=2, network=Network(2), seed=3, **more
    )
    for at_ms, client in calls:
        cluster.add_call(at_ms, client, Call("write", ("x", client)))
    return cluster


def test_a_normal_run_reads_as_it_is_written_down(golden):
    cluster = asked((300, "c1"), (300, "c2")).run(until_ms=345)
    golden("multi_paxos.txt", told(cluster.trace))


def test_a_new_leader_fills_the_gap_that_the_old_one_left(golden):
    """§3, gaps: nobody else was asked for slot 1, and all were for slot 2."""
    lost = Loss(1, messages=("Accept",), at_ms=301, until_ms=304)
    cluster = asked((300, "c1"), (303, "c2"), faults=(lost, Crash("s1", 306)))
    cluster.run(until_ms=600)
    delivered = [step.what for step in cluster.trace.where("output")]
    assert [str(one) for one in delivered[:2]] == [
        "1: nothing",
        "2: c2#1 write('x', 'c2')",
    ]
    assert {op.outcome for op in cluster.history} == {"ok"}
    golden("multi_paxos_fills_a_gap.txt", told(cluster.trace.between(299, 600)))
