"""Two-phase commit in simulated time: promises, blocking, mutants, assumptions."""

from collections import Counter
from functools import partial

import pytest
import test_two_phase_commit
import two_phase_commit_mutants as mutants
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import Drawing, menu
from two_phase_commit_claims import (
    always_a_commit_by_all,
    always_one_decision,
    participants,
    sometimes_a_commit,
    sometimes_all_are_uncertain,
)

from distlab.consensus.paxos import Paxos
from distlab.consensus.two_phase_commit import (
    Commit,
    Coordinator,
    Decision,
    Participant,
    Yes,
)
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
from distlab.node import Call
from distlab.sim import ClosedLoop, Cluster, Disk, Exponential, Network, Uniform

SIZES = (2, 3, 5)
SLOW = {"vote_ms": 700, "request_ms": 1200, "decision_ms": 500}


def run(
    seed: int,
    work: str = "symmetric",
    schedule: Schedule | None = None,
    coordinator: type[Coordinator] = Coordinator,
    participant: type[Participant] = Participant,
) -> Cluster:
    """One run to its end. In a lopsided one with an odd seed the last cannot commit."""
    n = SIZES[seed % len(SIZES)]
    able = not (work == "lopsided" and seed % 2)
    if schedule is None:
        schedule = drawing(seed, n).schedule(Coordinator.assumes)
    cluster = Cluster(
        coordinator,
        coordinator=(coordinator, 1),
        participants=(participant, n),
        seed=seed,
        network=Network(Exponential(60)),
        disk=Disk(Uniform(1, 20)),
        faults=schedule,
        workload={"c1": ClosedLoop((Call("commit"),), think_ms=Uniform(0, 700))},
        per_node={f"p{n}": {"able": able}},
        **SLOW,
    )
    return cluster.run(until_ms=12_000)


def drawing(seed: int, n: int) -> Drawing:
    return Drawing(seed, ["c1", *(f"p{i + 1}" for i in range(n))])


# ----------------------------------------------------------------------------- promises
def one_decision(cluster: Cluster) -> str | None:
    """AC1, AC2: all that decide decide the same, each of them once."""
    decided: dict[str, object] = {}
    for step in cluster.trace.where("output"):
        if step.node in decided:
            return f"{step}: it has decided before, {decided[step.node]}"
        decided[step.node] = step.what
    if len(set(decided.values())) > 1:
        return f"they decided differently: {decided}"
    return None


def everybody_decides(cluster: Cluster) -> str | None:
    """AC5: once failures are mended, every participant reaches a decision."""
    last = {step.node: step.kind for step in cluster.trace.where("crash", "recover")}
    for id, node in participants(cluster).items():
        if node.decision is None and last.get(id) != "crash":
            return f"{id} is still {'uncertain' if node.uncertain else 'waiting'}"
    return None


PROMISES = (
    one_decision,
    always_one_decision,
    always_a_commit_by_all,
    everybody_decides,
)
WORKLOADS = ("symmetric", "lopsided")


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(25))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    """AC1; AC2; AC3; AC5."""
    assert broken(run(seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("hundred", range(10))
def test_what_is_promised_is_kept_for_a_thousand_seeds(hundred, work):
    for seed in range(100 * hundred, 100 * hundred + 100):
        assert broken(run(seed, work), *PROMISES) == {}, seed


def test_these_runs_take_the_rare_paths():
    runs = [run(seed, work) for seed in range(40) for work in WORKLOADS]
    for remark in ("uncertain", "was never asked", "a vote is missing"):
        assert any(cluster.saw(remark) for cluster in runs)
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored == {
        "has voted",
        "has decided",
        "has not decided",
        "knows it",
        "does not know either",
    }
    decisions = {cluster["c1"].decision for cluster in runs}
    assert decisions >= {Decision.COMMIT, Decision.ABORT}
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(Coordinator.assumes.kinds()) - {Resume}


@pytest.mark.parametrize("seed", range(20))
def test_if_nothing_fails_and_all_are_able_they_commit(seed):
    """AC4: and if one is not, they abort (AC3)."""
    slow = {**SLOW, "vote_ms": 5000, "request_ms": 5000}
    for able, decision in ((True, Decision.COMMIT), (False, Decision.ABORT)):
        cluster = Cluster(
            Coordinator,
            coordinator=(Coordinator, 1),
            participants=(Participant, 3),
            seed=seed,
            network=Network(Exponential(60)),
            per_node={"p2": {"able": able}},
            workload={"c1": (Call("commit"),)},
            **slow,
        ).run()
        assert {node.decision for node in cluster.nodes.values()} == {decision}


# ------------------------------------------------------------------ it is not consensus
def calm(*faults: Fault, **settings) -> Cluster:
    """One transaction of three participants; a message takes 2 ms, a sync nothing."""
    return Cluster(
        Coordinator,
        coordinator=(Coordinator, 1),
        participants=(Participant, 3),
        network=Network(2),
        faults=faults,
        workload={"c1": (Call("commit"),)},
        **settings,
    )


def test_without_its_coordinator_nobody_can_decide_though_all_others_are_there():
    """Timeout, decision; Termination, 3: for consensus three of four would do."""
    cluster = calm(Crash("c1", 3)).run(until_ms=60_000)
    assert sometimes_all_are_uncertain(cluster)
    assert not cluster.trace.where("output")
    cluster.at(60_000).recover("c1")
    cluster.run(until_ms=61_000)
    decided = {node.decision for node in cluster.nodes.values()}
    assert decided == {Decision.ABORT}


def test_consensus_goes_on_without_the_node_that_began_it():
    """The same crash, four nodes, and one of them proposes when nothing comes."""
    cluster = Cluster(
        Paxos,
        servers=4,
        network=Network(2),
        faults=(Crash("s1", 3),),
        workload={
            "s1": (Call("propose", ("commit",)),),
            "s2": ClosedLoop((Call("propose", ("abort",)),), think_ms=100),
        },
    ).run(until_ms=1000)
    decided = {cluster[id].decided for id in ("s2", "s3", "s4")}
    assert len(decided) == 1 and None not in decided


def test_who_knows_the_decision_frees_the_others():
    """Termination, 1: the coordinator could tell one of them before it was gone."""
    gone = (
        Loss(1, dst="p2", messages=("Commit",)),
        Loss(1, dst="p3", messages=("Commit",), until_ms=50),
        Crash("c1", 5),
    )
    cluster = calm(*gone).run(until_ms=1000)
    known = {id: node.decision for id, node in participants(cluster).items()}
    assert known == {"p1": Decision.COMMIT, "p2": None, "p3": Decision.COMMIT}
    assert cluster["c1"].decision is Decision.COMMIT


def test_who_has_not_voted_frees_the_others():
    """Termination, 2: its vote had not come to the coordinator, nor ever will."""
    gone = (Loss(1, dst="p3", messages=("VoteReq",)), Crash("c1", 5))
    cluster = calm(*gone).run(until_ms=1000)
    decided = [node.decision for node in participants(cluster).values()]
    assert decided == [Decision.ABORT] * 3


def test_a_single_participant_that_is_down_makes_all_abort():
    """Timeout, votes: not what most want is decided, as in consensus it may be."""
    cluster = calm(Crash("p3", 1)).run(until_ms=1000)
    decided = {id: cluster[id].decision for id in ("c1", "p1", "p2")}
    assert set(decided.values()) == {Decision.ABORT}


def test_nobody_may_decide_for_one_that_is_down_and_has_voted():
    """Recovery, participant: it cannot be left out, and finds out when it is back."""
    cluster = calm(Crash("p3", 5)).run(until_ms=1000)
    assert [cluster[id].decision for id in ("c1", "p1", "p2")] == [Decision.COMMIT] * 3
    assert cluster["p3"].uncertain
    cluster.at(1000).recover("p3")
    assert sometimes_a_commit(cluster.run(until_ms=1010))


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.CommitsWithoutAsking, "symmetric", 0, always_a_commit_by_all),
    (mutants.CommitsWithoutTheLast, "lopsided", 0, always_a_commit_by_all),
    (mutants.TakesNoForYes, "lopsided", 0, always_a_commit_by_all),
    (mutants.ChangesItsMind, "symmetric", 0, one_decision),
    (mutants.WaitsForVotes, "symmetric", 0, everybody_decides),
    (mutants.CommitsWithWhatItHas, "symmetric", 0, always_a_commit_by_all),
    (mutants.ForgetsThatItHasBegun, "symmetric", 0, everybody_decides),
    (mutants.ForgetsItsDecision, "symmetric", 0, one_decision),
    (mutants.SaysNothingAfterACrash, "symmetric", 0, everybody_decides),
    (mutants.CommitsAfterACrash, "symmetric", 0, always_a_commit_by_all),
    (mutants.AnswersBeforeItHasDecided, "symmetric", 0, one_decision),
    (mutants.VotesYesAlways, "lopsided", 0, always_a_commit_by_all),
    (mutants.VotesAfterItHasAborted, "symmetric", 0, one_decision),
    (mutants.ForgetsItsVote, "symmetric", 0, one_decision),
    (mutants.DecidesEachTimeItIsTold, "symmetric", 0, one_decision),
    (mutants.TakesCommitForAbort, "symmetric", 0, one_decision),
    (mutants.WaitsToBeAsked, "symmetric", 0, everybody_decides),
    (mutants.AbortsWhenUncertain, "symmetric", 0, one_decision),
    (mutants.CommitsWhenUncertain, "symmetric", 0, one_decision),
    (mutants.NeverAsks, "symmetric", 0, everybody_decides),
    (mutants.AsksOnce, "symmetric", 0, everybody_decides),
    (mutants.GuessesForOthers, "symmetric", 0, one_decision),
    (mutants.AbortsAfterACrash, "symmetric", 0, one_decision),
    (mutants.WaitsAfterACrash, "symmetric", 0, everybody_decides),
]


def of(work: str, kind: type, seed: int) -> Cluster:
    role = "coordinator" if issubclass(kind, Coordinator) else "participant"
    return run(seed, work, **{role: kind})


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    right = Coordinator if issubclass(mutant, Coordinator) else Participant
    kill(mutant, seed, promise, (promise,), partial(of, shape), right)


def test_every_mutant_has_what_kills_it():
    killed = {mutant for mutant, *_ in KILLED} | test_two_phase_commit.KILLED.keys()
    assert mutants_in(mutants) == killed


# ------------------------------------------------------------ what is taken for granted
class SaysYes(Participant):
    """Votes yes, and aborts."""

    def on_vote_req(self, src, msg):
        self.send(src, Yes())
        self.decide(Decision.ABORT)


def worse(kind: type[Fault], seed: int) -> Schedule:
    """An admitted schedule, and with it a fault of a kind that is excluded."""
    admitted = drawing(seed, SIZES[seed % len(SIZES)]).schedule(Coordinator.assumes)
    if kind is Byzantine:
        return (Byzantine("p1", SaysYes),)
    crashes = [f for f in admitted if isinstance(f, Crash)]
    return (*admitted, *(kind(f.node, f.at_ms - 1) for f in crashes))


EXCLUDED = (Byzantine, LostWrites, CorruptRecord)


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_the_promise_at_some_seed(kind):
    assert kind not in Coordinator.assumes.kinds()
    first_harm(always_one_decision, lambda s: run(s, schedule=worse(kind, s)))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == {*Coordinator.assumes.kinds(), *EXCLUDED}
    assert Coordinator.assumes == Participant.assumes


# -------------------------------------------------------------------------------- costs
@pytest.mark.parametrize("n", [1, 3, 8])
def test_it_costs_three_messages_for_each_participant_and_three_delays(n):
    """And two syncs of each node: what it has begun or voted, and the decision."""
    cluster = Cluster(
        Coordinator,
        coordinator=(Coordinator, 1),
        participants=(Participant, n),
        network=Network(10),
        disk=Disk(1),
        workload={"c1": (Call("commit"),)},
    ).run(until_ms=1000)
    assert len(cluster.trace.where("send")) == 3 * n
    syncs = Counter(step.node for step in cluster.trace.where("sync"))
    assert syncs == dict.fromkeys(cluster.nodes, 2)
    told = cluster.trace.where("deliver", test=lambda step: step.what == Commit())
    assert {step.at_ms for step in told} == {3 * (10 + 1)}
