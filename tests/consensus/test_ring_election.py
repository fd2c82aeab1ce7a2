"""Election on a ring: steps, promises, the paper's count of messages, mutants."""

from fractions import Fraction
from itertools import permutations

import pytest
import ring_election_mutants as mutants
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import Drawing, menu

from distlab import faults
from distlab.check.explore import explore
from distlab.consensus.ring_election import Elected, Election, Leader, RingElection
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
from distlab.node import Call, Deliver, End, Note, Output, Send
from distlab.sim import ClosedLoop, Cluster, Exponential, Network, Uniform

NODES = ("s1", "s2", "s3")
ELECT = Call("elect")


def node(number: int, *events) -> RingElection:
    """The first of three nodes, after these events."""
    s1 = RingElection("s1", NODES, number=number)
    for event in events:
        s1.step(event)
    return s1


def election(number: int) -> Deliver:
    return Deliver("s3", Election(number))


# ---------------------------------------------------------------------------- the steps
def test_who_begins_sends_its_number_to_the_next():
    """Beginning."""
    assert node(5).step(ELECT) == [Send("s2", Election(5))]


@pytest.mark.parametrize("before", [(), (ELECT,)], ids=["unmarked", "marked"])
def test_a_greater_number_is_passed_on(before):
    """Greater number; Beginning."""
    s1 = node(5, *before)
    assert s1.step(election(6)) == [Send("s2", Election(6))]
    assert s1.marked


def test_a_smaller_number_goes_no_further():
    """Smaller number: the node's own does, if it is not on its way."""
    assert node(5).step(election(4)) == [Send("s2", Election(5))]
    for before in (ELECT, election(6), election(3)):
        (dropped,) = node(5, before).step(election(4))
        assert dropped == Note("a greater number is on its way", dropped=True)


def test_whose_number_comes_back_is_elected():
    """Own number; Second round."""
    assert node(5, ELECT).step(election(5)) == [
        Note("the number of s1 has come round"),
        Output(Leader("s1")),
        Send("s2", Elected("s1")),
        End(ELECT, "ok", "s1"),
    ]


def test_the_result_goes_round_once():
    """Second round."""
    s1 = node(5, election(6))
    told = Deliver("s3", Elected("s2"))
    assert s1.step(told) == [Output(Leader("s2")), Send("s2", Elected("s2"))]
    assert s1.step(told) == [Note("knows it", dropped=True)]
    assert s1.step(election(5)) == [Note("it is over", dropped=True)]
    assert s1.step(ELECT) == [End(ELECT, "ok", "s2")]


# --------------------------------------------------------------------------- the counts
def messages(numbers: tuple[int, ...]) -> int:
    """How many messages find the greatest number, where all begin at once."""
    n = len(numbers)
    cluster = Cluster(
        RingElection,
        servers=n,
        per_node={f"s{i + 1}": {"number": number} for i, number in enumerate(numbers)},
        workload={f"s{i + 1}": (ELECT,) for i in range(n)},
    ).run()
    sent = [type(step.what) for step in cluster.trace.where("send")]
    if n > 1:
        assert sent.count(Elected) == n
    return sent.count(Election)


@pytest.mark.parametrize("n", range(2, 9))
def test_growing_numbers_are_the_best_case_and_falling_ones_the_worst(n):
    assert messages(tuple(range(n))) == 2 * n - 1
    assert messages(tuple(reversed(range(n)))) == n * (n + 1) // 2


@pytest.mark.parametrize("n", range(2, 7))
def test_the_average_over_all_rings_is_the_formula_of_the_paper(n):
    """N (1 + 1/2 + … + 1/n), exactly: the k greatest of a stretch go k steps."""
    counts = [messages((n, *rest)) for rest in permutations(range(n - 1))]
    harmonic = sum(Fraction(1, k) for k in range(1, n + 1))
    assert Fraction(sum(counts), len(counts)) == n * harmonic
    assert min(counts) == 2 * n - 1 and max(counts) == n * (n + 1) // 2


# ------------------------------------------------------------------------- every order
def always_the_greatest(world) -> str | None:
    """Who is elected has the greatest number."""
    greatest = max(world.nodes.values(), key=lambda node: node.own).id
    elected = {node.leader for node in world.nodes.values()} - {None, greatest}
    return f"{elected} instead of {greatest}" if elected else None


def always_possible_all_know(world) -> bool:
    return all(node.leader for node in world.nodes.values())


@pytest.mark.parametrize(
    ("numbers", "begin", "states"),
    [
        ((1, 2, 3), 3, 91),
        ((3, 2, 1), 3, 116),
        ((1, 2, 3), 1, 9),
        ((2, 4, 1, 3), 4, 544),
    ],
)
def test_in_every_order_the_greatest_is_elected(numbers, begin, states):
    verdict = explore(
        RingElection,
        servers=len(numbers),
        per_node={f"s{i + 1}": {"number": number} for i, number in enumerate(numbers)},
        workload={f"s{i + 1}": (ELECT,) for i in range(begin)},
        properties=(always_the_greatest, always_possible_all_know),
    )
    assert (verdict.valid, verdict.states) == (True, states)


# ----------------------------------------------------------------------------- the runs
SIZES = (3, 4, 5, 8)
WORKLOADS = {"symmetric": 8, "lopsided": 1}  # how many begin


def run(
    protocol: type, seed: int, work: str = "symmetric", schedule: Schedule | None = None
) -> Cluster:
    drawing = Drawing(seed, [f"s{i + 1}" for i in range(SIZES[seed % 4])])
    nodes = drawing.servers
    numbers = drawing.random.sample(range(100), len(nodes))
    if schedule is None:
        schedule = drawing.schedule(RingElection.assumes)
    begin = drawing.random.sample(nodes, min(len(nodes), WORKLOADS[work]))
    cluster = Cluster(
        protocol,
        servers=len(nodes),
        seed=seed,
        network=Network(Exponential(80)),
        faults=schedule,
        workload={id: ClosedLoop((ELECT,), think_ms=Uniform(0, 300)) for id in begin},
        per_node={
            id: {"number": number} for id, number in zip(nodes, numbers, strict=True)
        },
    )
    return cluster.run(until_ms=20_000)


def the_greatest_is_elected(cluster: Cluster) -> str | None:
    """One node is elected, that with the greatest number, and nobody says otherwise."""
    greatest = max(cluster.nodes.values(), key=lambda node: node.own)
    for step in cluster.trace.where("output"):
        if step.what.leader != greatest.id:
            return f"{step}: the greatest number is that of {greatest.id}"
    return None


def all_are_told_once(cluster: Cluster) -> str | None:
    """Every node is told."""
    told = [step.node for step in cluster.trace.where("output")]
    if sorted(told) != sorted(cluster.nodes):
        return f"told were {told}"
    return None


def every_call_ends(cluster: Cluster) -> str | None:
    """Whoever asks for an election sees its end."""
    for op in cluster.history:
        if op.ended_us is None:
            return f"{op} never ends"
    return None


def no_more_messages_than_at_worst(cluster: Cluster) -> str | None:
    """n(n + 1)/2 to find the greatest, and n to tell all, if none arrives twice."""
    n, sent = len(cluster.nodes), len(cluster.trace.where("send"))
    arrived = [step.msg_id for step in cluster.trace.where("deliver")]
    if len(set(arrived)) == len(arrived) and sent > n * (n + 1) // 2 + n:
        return f"{sent} messages among {n} nodes"
    return None


PROMISES = (
    the_greatest_is_elected,
    all_are_told_once,
    every_call_ends,
    no_more_messages_than_at_worst,
)


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(25))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    assert broken(run(RingElection, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("hundred", range(10))
def test_what_is_promised_is_kept_for_a_thousand_seeds(hundred, work):
    for seed in range(100 * hundred, 100 * hundred + 100):
        assert broken(run(RingElection, seed, work), *PROMISES) == {}, seed


def test_these_runs_take_the_rare_paths():
    runs = [run(RingElection, seed, work) for seed in range(25) for work in WORKLOADS]
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored == {"a greater number is on its way", "it is over", "knows it"}
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    disk = faults.DISK["loses writes"]  # shows at a crash, and there is none
    assert kinds == set(RingElection.assumes.kinds()) - {Resume, *disk}


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.PassesEverythingOn, "symmetric", 0, the_greatest_is_elected),
    (mutants.PassesNothingOn, "symmetric", 0, every_call_ends),
    (mutants.KeepsOut, "lopsided", 0, every_call_ends),
    (
        mutants.SendsItsOwnEachTime,
        "symmetric",
        0,
        no_more_messages_than_at_worst,
    ),
    (mutants.TakesItsOwnForAnothers, "lopsided", 0, every_call_ends),
    (mutants.BeginsAgain, "symmetric", 0, no_more_messages_than_at_worst),
    (mutants.WinsInSilence, "lopsided", 0, all_are_told_once),
    (mutants.TellsForEver, "lopsided", 0, no_more_messages_than_at_worst),
    (mutants.PutsItselfInstead, "lopsided", 0, the_greatest_is_elected),
    (mutants.GoesOnAfterTheEnd, "symmetric", 0, all_are_told_once),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    def runs(kind: type, seed: int) -> Cluster:
        return run(kind, seed, shape)

    kill(mutant, seed, promise, (promise,), runs, RingElection)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class ElectsItself(RingElection):
    """Says that it has the greatest number."""

    def on_election(self, src, msg):
        self.win()


EXCLUDED: dict[type[Fault], tuple] = {
    Loss: ((Loss(0.5),), every_call_ends),
    Cut: ((Cut("s1", "s2"),), every_call_ends),
    Split: ((Split((("s1", "s2"), ("s3",))),), every_call_ends),
    Isolate: ((Isolate("s1"),), every_call_ends),
    Crash: ((Crash("s1", 100),), every_call_ends),
    Recover: ((Crash("s1", 100), Recover("s1", 300)), every_call_ends),
    Byzantine: ((Byzantine("s1", ElectsItself),), the_greatest_is_elected),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_the_promise_at_some_seed(kind):
    assert kind not in RingElection.assumes.kinds()
    schedule, promise = EXCLUDED[kind]
    first_harm(promise, lambda seed: run(RingElection, seed, "symmetric", schedule))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(RingElection.assumes.kinds()) | EXCLUDED.keys()


def test_two_nodes_with_one_number_are_both_elected():
    same = {f"s{i}": {"number": number} for i, number in ((1, 7), (2, 3), (3, 7))}
    cluster = Cluster(RingElection, servers=3, per_node=same, network=Network(10))
    cluster.at(0).call("s1", "elect").at(0).call("s3", "elect")
    cluster.run()
    assert {step.what.leader for step in cluster.trace.where("output")} == {"s1", "s3"}
