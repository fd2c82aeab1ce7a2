"""Raft in simulated time: promises, mutants, assumptions, costs."""

import pytest
import raft_mutants as mutants
import test_raft
from agreement import (
    all_deliver_in_one_order,
    all_deliver_the_same_in_the_end,
    clients_finish,
    clients_see_one_service,
)
from killed import each_mutant, first_harm, kill, mutants_in
from raft_claims import (
    always_leaders_have_what_is_committed,
    always_leaders_only_append,
    always_logs_match,
    always_one_entry_is_executed_at_each_index,
    always_one_leader_a_term,
    remembering,
)
from raft_runs import (
    CLIENTS,
    WORKLOADS,
    admitted,
    clients_see_one_queue,
    promises,
    run,
    said,
)
from schedules import OVER_MS, menu

from distlab.consensus.client import RegisterClient, Reply, Request
from distlab.consensus.raft import (
    AppendEntries,
    AppendEntriesResponse,
    Raft,
    RequestVoteResponse,
)
from distlab.faults import Byzantine, CorruptRecord, Crash, Fault, LostWrites, Schedule
from distlab.machine import Register
from distlab.sim import Cluster, Disk, Network
from distlab.trace import Trace


# --------------------------------------------------------------------- what is promised
@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(25))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, shape):
    assert said(Raft, seed, shape) == {}


@pytest.mark.soak
@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("hundred", range(0, 2500, 100))
def test_what_is_promised_is_kept_for_hundreds_of_seeds(hundred, shape):
    """25 times 100 seeds for each of the four shapes: 10,000 runs."""
    for seed in range(hundred, hundred + 100):
        assert said(Raft, seed, shape) == {}, seed


@pytest.mark.parametrize("seed", range(5))
def test_any_machine_is_replicated(seed):
    """A register, whose clients ask in another way."""
    cluster = Cluster(
        Raft,
        servers=3,
        clients=(RegisterClient, 2),
        seed=seed,
        machine=Register(),
        faults=admitted(3 * seed, "symmetric"),
        workload=RegisterClient.workload,
    )
    cluster.run(until_ms=OVER_MS + 3500)
    assert clients_see_one_service(cluster, Register()) is None
    assert clients_finish(cluster) is None


def test_these_runs_take_the_rare_paths():
    runs = [run(Raft, seed, shape) for seed in range(4) for shape in WORKLOADS]
    for mark in ("leads", "leads no longer", "no majority"):
        assert any(cluster.saw(mark) for cluster in runs), mark
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored == {
        "a vote in an election that is over",
        "no answer to the leader of this term",
        "answers an earlier request",
        "knows no leader",
    }


# ------------------------------------------------------------------------------ mutants
# (what it forgets, the workload and the seed that find it, the promise that it breaks)
KILLED = [
    (mutants.ForgetsItsTerm, "stormy", 2, always_one_leader_a_term),
    (mutants.VotesForItselfToo, "stormy", 0, always_one_leader_a_term),
    (mutants.KeepsOldVotes, "queueing", 5, always_one_leader_a_term),
    (mutants.VotesTwice, "stormy", 2, always_one_leader_a_term),
    (mutants.CountsOldVotes, "stormy", 0, always_one_leader_a_term),
    (mutants.CountsRefusals, "stormy", 0, always_one_leader_a_term),
    (mutants.ElectedByHalf, "stormy", 0, always_one_leader_a_term),
    (mutants.LeadsOn, "symmetric", 1, always_logs_match),
    (mutants.TakesWhatDoesNotFit, "queueing", 2, always_logs_match),
    (mutants.KeepsConflicts, "stormy", 1, always_logs_match),
    (mutants.AppendsTwice, "symmetric", 0, always_logs_match),
    (mutants.ClearsItsLog, "stormy", 0, always_leaders_only_append),
    (mutants.VotesForAnyLog, "queueing", 1, always_leaders_have_what_is_committed),
    (mutants.ComparesTerms, "stormy", 2, always_leaders_have_what_is_committed),
    (
        mutants.TakesFromOldLeaders,
        "symmetric",
        6,
        always_leaders_have_what_is_committed,
    ),
    (mutants.CommitsByHalf, "queueing", 0, always_leaders_have_what_is_committed),
    (mutants.CommitsAtOnce, "queueing", 0, always_leaders_have_what_is_committed),
    (mutants.LeavesGaps, "stormy", 0, always_one_entry_is_executed_at_each_index),
    (mutants.CommitsWhatItHas, "stormy", 14, all_deliver_in_one_order),
    (mutants.ExecutesWhatIsNotCommitted, "queueing", 0, all_deliver_in_one_order),
    (mutants.SkipsAnEntry, "symmetric", 0, all_deliver_in_one_order),
    (mutants.GoesOnAfterACrash, "lopsided", 0, all_deliver_in_one_order),
    (mutants.AnswersBeforeItIsCommitted, "queueing", 0, clients_see_one_queue),
    (mutants.ExecutesRetries, "queueing", 2, clients_see_one_queue),
    (mutants.ReadsWithoutTheLog, "stormy", 25, clients_see_one_service),
    (mutants.IgnoresLaterTerms, "symmetric", 0, clients_finish),
    (mutants.KeepsItsVote, "stormy", 0, clients_finish),
    (mutants.StandsOnce, "stormy", 0, clients_finish),
    (mutants.VotesForBetterLogsAlone, "symmetric", 0, clients_finish),
    (mutants.VotesAndStandsAtOnce, "stormy", 3, clients_finish),
    (mutants.CutsWhatFits, "symmetric", 0, clients_finish),
    (mutants.ForgetsItsLog, "symmetric", 0, all_deliver_the_same_in_the_end),
    (mutants.StandsAgainstItsLeader, "symmetric", 0, all_deliver_the_same_in_the_end),
    (mutants.IsSilent, "symmetric", 0, all_deliver_the_same_in_the_end),
    (
        mutants.NeverLearnsWhatIsCommitted,
        "symmetric",
        0,
        all_deliver_the_same_in_the_end,
    ),
    (mutants.CountsRefusalsAsCopies, "stormy", 0, all_deliver_the_same_in_the_end),
    (mutants.NeverGoesBack, "stormy", 0, all_deliver_the_same_in_the_end),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(
        mutant,
        seed,
        promise,
        promises(shape),
        lambda kind, tried: run(kind, tried, shape),
        Raft,
    )


def test_every_mutant_is_caught_at_its_step():
    """The others survive these runs: `test_raft` looks at the step they forget."""
    assert mutants_in(mutants) == set(test_raft.KILLED)
    assert {mutant for mutant, *_ in KILLED} < set(test_raft.KILLED)


# ------------------------------------------------------------ what is taken for granted
class Lies(remembering(Raft)):
    """Votes for everybody and confirms everything, and stores nothing."""

    def on_request_vote(self, src, msg):
        self.send(src, RequestVoteResponse(msg.term, True))

    def on_append_entries(self, src, msg):
        last = msg.prev_log_index + len(msg.entries)
        self.send(src, AppendEntriesResponse(msg.term, True, last))


def worse(kind: type[Fault], seed: int) -> Schedule:
    """An admitted schedule, and with it a fault of a kind that is excluded."""
    faults = admitted(seed, "stormy")
    if kind is Byzantine:
        return (*faults, Byzantine("s2", Lies))
    harmed = (f for f in faults if isinstance(f, Crash) and f.node not in CLIENTS)
    return (*faults, *(kind(crash.node, crash.at_ms - 0.5) for crash in harmed))


EXCLUDED = {
    Byzantine: (0, always_one_leader_a_term),
    LostWrites: (1, always_leaders_have_what_is_committed),
    CorruptRecord: (1, always_leaders_have_what_is_committed),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    known, promise = EXCLUDED[kind]
    seed = first_harm(promise, lambda s: run(Raft, s, "stormy", worse(kind, s)))
    assert seed == known


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(Raft.assumes.kinds()) | EXCLUDED.keys()


# -------------------------------------------------------------------------------- costs
STEADY = {"servers": 5, "clients": 1, "network": Network(2), "disk": Disk(sync_ms=3)}


def calm(calls: int, until_ms: float) -> Trace:
    """Five without faults, from when they have a leader and their client knows it."""
    cluster = Cluster(Raft, seed=1, **STEADY)
    cluster.at(600).call("c1", "read", "x")
    for i in range(calls):
        cluster.at(700 + 100 * i).call("c1", "write", "x", i)
    return cluster.run(until_ms=until_ms).trace.between(690, until_ms)


def sent(trace: Trace, *kinds: type) -> list:
    return [s.what for s in trace.where("send") if isinstance(s.what, kinds)]


def test_a_command_costs_two_messages_for_each_follower():
    """Costs: and one from its client and one to it. Heartbeats come on top."""
    trace = calm(30, 3690)
    assert len(sent(trace, Request)) == len(sent(trace, Reply)) == 30
    news = [msg for msg in sent(trace, AppendEntries) if msg.entries]
    assert len(news) == 30 * 4
    answers = sent(trace, AppendEntriesResponse)
    assert len(answers) == len(sent(trace, AppendEntries))


def test_an_idle_second_costs_its_heartbeats():
    """Costs: twenty heartbeats of 50 ms, to each of four followers and back."""
    trace = calm(0, 1690)
    assert len(trace.where("send")) == 20 * 2 * 4


def test_a_client_waits_for_two_round_trips_and_two_syncs():
    """Costs: 2 ms each way and 3 ms to sync; its own disk keeps the number first."""
    cluster = Cluster(Raft, seed=1, **STEADY)
    cluster.at(600).call("c1", "write", "x", 0)  # finds the leader
    cluster.at(700).call("c1", "write", "x", 1)
    (_, op) = cluster.run(until_ms=900).history
    assert op.ended_us - op.invoked_us == 1000 * (3 + 4 * 2 + 2 * 3)
