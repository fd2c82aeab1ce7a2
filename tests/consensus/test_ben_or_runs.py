"""Ben-Or's consensus in simulated time: promises, mutants, assumptions, rounds."""

from collections import Counter
from functools import partial
from math import comb

import ben_or_mutants as mutants
import pytest
from ben_or_claims import (
    always_one_decision,
    always_what_somebody_proposed,
)
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import Drawing, menu

from distlab.consensus.ben_or import BenOr, Decided, Phase, Proposal
from distlab.faults import (
    Byzantine,
    Crash,
    Cut,
    Fault,
    Isolate,
    Loss,
    Recover,
    Resume,
    Schedule,
    Split,
)
from distlab.node import Call
from distlab.sim import ClosedLoop, Cluster, Exponential, Network, Uniform

SIZES = (3, 4, 5, 7)
WORKLOADS = {  # what the first nodes propose
    "symmetric": (0, 1, 0, 1, 0, 1, 0),
    "lopsided": (0, 1, 1, 1, 1, 1, 1),
    "of one mind": (1, 1, 1, 1, 1, 1, 1),
}


def run(
    protocol: type,
    seed: int,
    work: str = "symmetric",
    schedule: Schedule | None = None,
    n: int | None = None,
    **settings,
) -> Cluster:
    """One run to its end, with the faults that the protocol admits.

    It is given 20 s, some 55 rounds. With three of seven down each settles it with a
    chance of one in eight: seed 3755 of the lopsided runs takes 57 rounds.
    """
    n = n or SIZES[seed % len(SIZES)]
    nodes = [f"s{i + 1}" for i in range(n)]
    if schedule is None:
        schedule = Drawing(seed, nodes).schedule(BenOr.assumes)
    calls = {
        node: ClosedLoop((Call("propose", (bit,)),), think_ms=Uniform(0, 300))
        for node, bit in zip(nodes, WORKLOADS[work], strict=False)
    }
    cluster = Cluster(
        protocol,
        servers=n,
        seed=seed,
        network=Network(Exponential(80)),
        faults=schedule,
        workload=calls,
        **settings,
    )
    return cluster.run(until_ms=20_000)


# ----------------------------------------------------------------------------- promises
def up(cluster: Cluster) -> dict[str, BenOr]:
    """The nodes that are up in the end."""
    last = {step.node: step.kind for step in cluster.trace.where("crash", "recover")}
    return {id: n for id, n in cluster.nodes.items() if last.get(id) != "crash"}


def one_decision(cluster: Cluster) -> str | None:
    """No two nodes decide differently, those that stop later included."""
    decided = cluster.trace.where("output")
    if len({step.what for step in decided}) > 1:
        return "; ".join(map(str, decided))
    return None


def one_value_proposed_a_round(cluster: Cluster) -> str | None:
    """All D-messages of a round name the same value."""
    named: dict[int, int] = {}
    for step in cluster.trace.where("send"):
        if isinstance(step.what, Proposal) and step.what.value is not None:
            first = named.setdefault(step.what.round, step.what.value)
            if first != step.what.value:
                return f"{step}: another has proposed {first}"
    return None


def everybody_decides(cluster: Cluster) -> str | None:
    """Every node that stays up decides."""
    open_ = [id for id, node in up(cluster).items() if node.decision is None]
    return f"{open_} are still undecided" if open_ else None


def all_decide_within_a_round(cluster: Cluster) -> str | None:
    """Who decides has gone on by a round, and nobody has gone on by two more."""
    last = max(node.round for node in cluster.nodes.values())
    decided = [node.round for node in up(cluster).values() if node.decision is not None]
    if decided and last > min(decided) + 1:
        return f"somebody began round {min(decided)} decided; others are at {last}"
    return None


def of_one_mind_in_one_round(cluster: Cluster) -> str | None:
    """What all propose is what they decide, in the first round."""
    calls = cluster.trace.where("call")
    if len({step.what for step in calls}) != 1:
        return None
    late = cluster.trace.where("send", test=lambda s: s.what.round > 2)
    return f"{late[0]}" if len(late) else None


PROMISES = (
    one_decision,
    always_one_decision,
    always_what_somebody_proposed,
    one_value_proposed_a_round,
    everybody_decides,
    all_decide_within_a_round,
    of_one_mind_in_one_round,
)


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(25))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    assert broken(run(BenOr, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("hundred", range(10))
def test_what_is_promised_is_kept_for_a_thousand_seeds(hundred, work):
    for seed in range(100 * hundred, 100 * hundred + 100):
        assert broken(run(BenOr, seed, work), *PROMISES) == {}, seed


def test_these_runs_take_the_rare_paths():
    runs = [run(BenOr, seed, work) for seed in range(12) for work in WORKLOADS]
    assert any(cluster.saw("a toss") for cluster in runs)
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(BenOr.assumes.kinds()) - {Resume}
    ends = Counter(op.outcome for cluster in runs for op in cluster.history)
    assert ends["ok"] and ends["info"]  # of a node that stopped
    stopped = [n.phase is Phase.STOPPED for c in runs for n in up(c).values()]
    assert True in stopped and False in stopped  # the last to decide wait in vain


@pytest.mark.parametrize("seed", range(10))
def test_a_minority_may_stop_before_it_begins(seed):
    gone = (Crash("s4", 0), Crash("s5", 0))
    assert broken(run(BenOr, seed, schedule=gone, n=5), *PROMISES) == {}


@pytest.mark.parametrize("seed", range(10))
def test_a_node_may_stop_in_the_middle_of_telling_all(seed):
    """Step 1: its report reaches one of them and not the others."""
    half = (Loss(1, src="s1", dst="s2"), Loss(1, src="s1", dst="s3"), Crash("s1", 300))
    assert broken(run(BenOr, seed, schedule=half, n=5), *PROMISES) == {}


# ------------------------------------------------------------------------------- rounds
def decided_in(n: int, seeds: range, **settings) -> Counter:
    """How often the first decision came in which round: after so many tosses."""
    found: Counter = Counter()
    for seed in seeds:
        cluster = run(BenOr, seed, "symmetric", (), n, **settings)
        first = cluster.trace.where("output", test=lambda s: type(s.what) is Decided)[0]
        before = cluster.trace.where("choose").between(0, first.at_ms)
        found[1 + max(Counter(s.node for s in before).values(), default=0)] += 1
    return found


@pytest.mark.parametrize(("n", "seeds"), [(2, 300), (4, 200)])
def test_where_none_may_stop_a_tie_lasts_until_a_toss_ends_it(n, seeds):
    """Step 3 (c): every node hears all of them, whatever the network does.

    A toss of n coins ties with probability C(n, n/2) / 2^n. Who began with a tie needs
    1 + 1 / (1 - tie) rounds on average: 3 for two nodes, 2.6 for four.
    """
    tie = comb(n, n // 2) / 2**n
    found = decided_in(n, range(seeds), t=0)
    mean = sum(number * count for number, count in found.items()) / seeds
    deviation = (tie / (1 - tie) ** 2 / seeds) ** 0.5
    assert abs(mean - (1 + 1 / (1 - tie))) < 3 * deviation
    assert min(found) == 2


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.WaitsForOneLess, "t = 1", 0, one_decision),
    (mutants.WaitsForAll, "symmetric", 1, everybody_decides),
    (mutants.ProposesWhatHalfReport, "symmetric", 0, one_value_proposed_a_round),
    (mutants.ProposesItsOwn, "symmetric", 0, one_value_proposed_a_round),
    (mutants.AlwaysAsks, "of one mind", 0, everybody_decides),
    (mutants.DecidesOnT, "lopsided", 0, one_decision),
    (mutants.NeverDecides, "of one mind", 0, everybody_decides),
    (mutants.BeginsWithZero, "of one mind", 0, always_what_somebody_proposed),
    (mutants.TakesNothingOver, "symmetric", 1, everybody_decides),
    (mutants.TossesAlways, "symmetric", 3, one_decision),
    (mutants.KeepsItsValue, "symmetric", 1, everybody_decides),
    (mutants.CountsEveryRoundAsThis, "lopsided", 4, all_decide_within_a_round),
    (mutants.ForgetsWhatCameEarly, "symmetric", 0, everybody_decides),
    (mutants.CountsWhoSpeaksTwice, "of one mind", 19, of_one_mind_in_one_round),
    (mutants.StopsAtOnce, "symmetric", 5, everybody_decides),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, (promise,), partial(shaped, shape), BenOr)


def shaped(shape: str, kind: type, seed: int) -> Cluster:
    """Nobody stops where only one may."""
    if shape == "t = 1":
        return run(kind, seed, "lopsided", (), n=5, t=1)
    return run(kind, seed, shape)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class SaysBoth(BenOr):
    """Proposes one bit to every second node, and the other to the rest."""

    def send(self, to, msg):
        if isinstance(msg, Proposal):
            for i, dst in enumerate(self.nodes):
                super().send(dst, Proposal(msg.round, i % 2))
        else:
            super().send(to, msg)


# A schedule that is excluded, and the promise that it breaks at some seed
EXCLUDED: dict[type[Fault], tuple[Schedule, object]] = {
    Loss: ((Loss(0.5),), everybody_decides),
    Cut: ((Cut("s1", "s2"), Cut("s3", "s2")), everybody_decides),
    Split: ((Split((("s1",), ("s2",), ("s3",))),), everybody_decides),
    Isolate: ((Isolate("s1"),), everybody_decides),
    Recover: ((Crash("s1", 200), Recover("s1", 201)), everybody_decides),
    Byzantine: ((Byzantine("s1", SaysBoth),), one_decision),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_the_promise_at_some_seed(kind):
    assert kind not in BenOr.assumes.kinds()
    schedule, promise = EXCLUDED[kind]
    first_harm(promise, lambda seed: run(BenOr, seed, "symmetric", schedule, n=3))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(BenOr.assumes.kinds()) | EXCLUDED.keys()


def test_when_more_than_t_stop_nobody_decides_and_nothing_wrong_is_said():
    cluster = run(BenOr, 0, schedule=(Crash("s1", 0), Crash("s2", 0)), n=3)
    assert [op.ended_us for op in cluster.history] == [None]
    assert not cluster.trace.where("output")


def test_who_comes_back_and_proposes_again_makes_others_decide_differently():
    """It has forgotten what it said: two of three nodes may each count it."""
    first_harm(one_decision, comes_back)


def comes_back(seed: int) -> Cluster:
    back = (Crash("s1", 40), Recover("s1", 41))
    cluster = Cluster(
        BenOr, servers=3, seed=seed, network=Network(Exponential(80)), faults=back
    )
    for node, bit in (("s1", 0), ("s2", 0), ("s3", 1)):
        cluster.at(0).call(node, "propose", bit)
    cluster.at(41).call("s1", "propose", 1)
    return cluster.run(until_ms=20_000)


# -------------------------------------------------------------------------------- costs
@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_of_one_mind_it_costs_two_rounds_of_messages(n):
    """2n(n - 1) messages a round, and one more round to help; two message delays."""
    cluster = Cluster(BenOr, servers=n, t=0, network=Network(10))
    for node in cluster.nodes:
        cluster.at(0).call(node, "propose", 1)
    cluster.run()
    assert {op.latency_ms for op in cluster.history} == {20}
    assert len(cluster.trace.where("send")) == 2 * 2 * n * (n - 1)
    assert not cluster.trace.where("sync")
