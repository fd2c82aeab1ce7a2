"""Paxos in simulated time: promises, mutants, assumptions."""

from functools import partial

import paxos_mutants as mutants
import pytest
import test_paxos
from killed import broken, each_mutant, first_harm, kill, mutants_in
from paxos_claims import (
    SAFETY,
    Consensus,
    always_one_value_in_a_ballot,
    always_one_value_is_chosen,
    always_what_is_learned_was_chosen,
    votes,
)
from schedules import OVER_MS, Drawing, menu

from distlab.check.linearizable import linearizable
from distlab.consensus.paxos import Accepted, Ballot, Paxos
from distlab.faults import (
    Byzantine,
    CorruptRecord,
    Crash,
    Duplication,
    Fault,
    Loss,
    LostWrites,
    Reordering,
    Resume,
    Schedule,
)
from distlab.node import Call
from distlab.sim import ClosedLoop, Cluster, Disk, Network, Uniform


# ---------------------------------------------------------------------------- workloads
def symmetric(nodes: tuple[str, ...]) -> dict[str, ClosedLoop]:
    """Every node proposes, and again when it has been told, or has crashed."""
    return {
        node: ClosedLoop(proposals(node, 5), think_ms=Uniform(0, 300)) for node in nodes
    }


def lopsided(nodes: tuple[str, ...]) -> dict[str, ClosedLoop]:
    """One proposes all the time, one now and then; the others never do."""
    return {
        nodes[0]: ClosedLoop(proposals(nodes[0], 20), think_ms=Uniform(0, 100)),
        nodes[1]: ClosedLoop(proposals(nodes[1], 4), think_ms=Uniform(200, 600)),
    }


def proposals(node: str, count: int) -> tuple[Call, ...]:
    return tuple(Call("propose", (f"{node}.{i}",)) for i in range(count))


WORKLOADS = {"symmetric": symmetric, "lopsided": lopsided}


# What makes one decision last long enough for the other faults
HARD = (
    (Loss(0.6, until_ms=OVER_MS), Duplication(0.5, until_ms=OVER_MS)),
    (Loss(0.4, until_ms=OVER_MS), Reordering(0.5, 200, until_ms=OVER_MS)),
)


def run(
    protocol: type,
    seed: int,
    work: str,
    schedule: Schedule | None = None,
    n: int | None = None,
    **quorums,
) -> Cluster:
    """One run to its end, on a slow network, with the faults that Paxos admits."""
    nodes = tuple(f"s{i + 1}" for i in range(n or (3, 5)[seed // 2 % 2]))
    if schedule is None:
        schedule = (*HARD[seed % 2], *Drawing(seed, nodes).schedule(Paxos.assumes))
    return Cluster(
        protocol,
        servers=len(nodes),
        seed=seed,
        network=Network(Uniform(1, 60)),
        disk=Disk(sync_ms=Uniform(0.1, 5)),
        faults=schedule,
        workload=WORKLOADS[work](nodes),
        retry_ms=(50, 400),
        **quorums,
    ).run(until_ms=OVER_MS + 5000)


# ----------------------------------------------------------------------------- promises
def proposers_are_told_the_first_value(cluster: Cluster) -> str | None:
    """As if one after the other had asked one place that keeps the first."""
    verdict = linearizable(cluster.history, Consensus())
    return str(verdict) if verdict.invalid else None


def all_learn_the_same(cluster: Cluster) -> str | None:
    """Nobody takes back what it has learned, not even after a crash."""
    learned = [(step.node, step.what) for step in cluster.trace.where("output")]
    if len({decided for _, decided in learned}) > 1:
        return f"they have learned {learned}"
    return None


def proposals_end(cluster: Cluster) -> str | None:
    """Once faults stop, every proposal ends."""
    for op in cluster.history:
        if op.ended_us is None:
            return f"{op} never ends"
    return None


PROMISES = (
    *SAFETY,
    proposers_are_told_the_first_value,
    all_learn_the_same,
    proposals_end,
)


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(30))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    """§2.1."""
    assert broken(run(Paxos, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(30, 530))
def test_what_is_promised_is_kept_for_a_thousand_runs(seed, work):
    assert broken(run(Paxos, seed, work), *PROMISES) == {}


def test_these_runs_take_the_rare_paths():
    runs = [run(Paxos, seed, work) for seed in range(12) for work in WORKLOADS]
    for mark in ("outbid", "proposes what it has found"):
        assert any(cluster.saw(mark) for cluster in runs)
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored == {"answers a phase that is over", "knows it"}
    assert {op.outcome for cluster in runs for op in cluster.history} == {"ok", "info"}
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(Paxos.assumes.kinds()) - {Resume}


def test_a_vote_that_never_reached_the_disk_is_none():
    """s1 crashes over its vote; with it the value of its first ballot were chosen."""
    cluster = run(Paxos, 2056, "symmetric")
    lost = [vote for vote in cluster["s1"].voted if vote not in votes(cluster)["s1"]]
    assert [str(vote.ballot) for vote in lost] == [str(Ballot(1, "s1"))]
    assert lost[0] in votes(cluster)["s3"]
    assert broken(cluster, *PROMISES) == {}


@pytest.mark.parametrize("work", WORKLOADS)
def test_a_minority_may_be_gone_for_good(work):
    cluster = run(Paxos, 2, work, (Crash("s4", 20), Crash("s5", 40)))
    assert broken(cluster, *PROMISES) == {}
    assert len(cluster.groups.members["servers"]) == 5


def test_without_a_majority_nothing_is_decided():
    cluster = run(Paxos, 0, "symmetric", (Crash("s2", 1), Crash("s3", 1)))
    assert not cluster.trace.where("output")
    assert {op.ended_us for op in cluster.history if op.process == "s1"} == {None}


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.SkipsPhase1, "symmetric", 0, always_one_value_is_chosen),
    (mutants.KeepsItsNumber, "symmetric", 0, proposals_end),
    (mutants.SharesItsNumbers, "symmetric", 0, always_one_value_in_a_ballot),
    (mutants.ProposesItsOwnValue, "lopsided", 0, always_one_value_is_chosen),
    (mutants.TakesTheLowestReported, "symmetric", 7, always_one_value_is_chosen),
    (mutants.AsksTooFew, "symmetric", 0, always_one_value_is_chosen),
    (mutants.ProposesAfterTooFewPromises, "symmetric", 4, always_one_value_is_chosen),
    (mutants.CountsAPromiseTwice, "symmetric", 82, always_one_value_is_chosen),
    (mutants.TakesPromisesOfAnyBallot, "lopsided", 29, always_one_value_is_chosen),
    (mutants.TakesAnswersOfAnyPhase, "lopsided", 18, all_learn_the_same),
    (mutants.NeverTriesAgain, "symmetric", 0, proposals_end),
    (mutants.PromisesAnything, "lopsided", 15, always_one_value_is_chosen),
    (mutants.AcceptsAnything, "lopsided", 14, always_one_value_is_chosen),
    (mutants.AcceptsOnlyWhatIsHigher, "symmetric", 0, proposals_end),
    (mutants.ForgetsItsVote, "symmetric", 12, always_one_value_is_chosen),
    (mutants.TellsNothingOfItsVote, "lopsided", 0, always_one_value_is_chosen),
    (mutants.LearnsFromTooFew, "symmetric", 0, always_what_is_learned_was_chosen),
    (mutants.LearnsWhatItWished, "symmetric", 0, always_what_is_learned_was_chosen),
    (mutants.ProposesWhatIsLearned, "symmetric", 0, proposals_end),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(run, work=shape), right=Paxos)


def test_every_mutant_has_what_kills_it():
    """By a broken promise here, or by a step that `test_paxos` looks at."""
    assert mutants_in(mutants) == {*test_paxos.KILLED, *(row[0] for row in KILLED)}


# ------------------------------------------------------------ what is taken for granted
class Lies(Paxos):
    """Says that it has accepted everything, and has accepted nothing."""

    def on_accept(self, src, msg):
        self.send(src, Accepted(msg.ballot))


def worse(kind: type[Fault], seed: int) -> Schedule:
    """An admitted schedule, and with it a fault of a kind that is excluded."""
    nodes = tuple(f"s{i + 1}" for i in range((3, 5)[seed // 2 % 2]))
    admitted = (*HARD[seed % 2], *Drawing(seed, nodes).schedule(Paxos.assumes))
    if kind is Byzantine:
        return (*admitted, Byzantine("s2", Lies))
    crashes = [fault for fault in admitted if isinstance(fault, Crash)]
    if kind is LostWrites:  # all of them: an old backup
        return (*admitted, *(kind(f.node, f.at_ms - 1, 1000) for f in crashes))
    return (*admitted, *(kind(f.node, f.at_ms - 1) for f in crashes))


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("kind", [Byzantine, LostWrites, CorruptRecord])
def test_a_fault_that_is_excluded_breaks_the_promise_at_some_seed(kind, work):
    assert kind not in Paxos.assumes.kinds()
    first_harm(
        proposers_are_told_the_first_value,
        lambda seed: run(Paxos, seed, work, worse(kind, seed)),
    )


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    excluded = {Byzantine, LostWrites, CorruptRecord}
    assert menu() == set(Paxos.assumes.kinds()) | excluded
