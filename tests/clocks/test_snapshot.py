"""The snapshot of Chandy and Lamport: rules, theorem, every order, mutants."""

from functools import partial

import pytest
import snapshot_mutants as mutants
from broadcast_claims import DISK, LOSSES, STOPS, met
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import menu
from snapshot_claims import (
    DEPOSIT,
    PAYS,
    PROMISES,
    SNAPSHOT,
    all_record_their_part_once,
    always_all_the_money,
    always_possible_that_all_have_recorded,
    channels_hold_what_crosses_the_cut,
    in_snapshot,
    no_money_is_lost_or_made,
    nothing_arrives_that_was_not_sent,
    recorded,
    replayed,
    run,
    sides,
    sometimes_money_is_on_its_way_in_it,
    the_system_could_have_been_in_it,
    transfer,
    without_empty,
)

from distlab.causality import Causality
from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.networks import Ordered, Unordered
from distlab.clocks.naive_snapshot import NaiveSnapshot
from distlab.clocks.snapshot import ChandyLamport, Marker, Recorded, Transfer, cut
from distlab.faults import Byzantine, Duplication, Fault, Reordering, Schedule
from distlab.node import Call, Deliver, End, Node, Output, Send, Start
from distlab.sim import Cluster, Network

ABC = ("a", "b", "c")


def node(id: str, *events) -> ChandyLamport:
    """One of three nodes, after these events."""
    made = ChandyLamport(id, ABC)
    for event in (Start(), *events):
        made.step(event)
    return made


def paid(src: str, amount: int) -> Deliver:
    return Deliver(src, Transfer(amount))


def marker(src: str) -> Deliver:
    return Deliver(src, Marker())


# ---------------------------------------------------------------------------- the rules
def test_who_begins_records_its_state_and_sends_a_marker_on_each_channel():
    """Marker-Sending Rule."""
    a = node("a")
    assert a.step(SNAPSHOT) == [
        Send("b", Marker()),
        Send("c", Marker()),
        End(SNAPSHOT, "ok", None),
    ]
    assert a.recorded == DEPOSIT


def test_at_the_first_marker_a_node_records_its_state_before_it_sends_anything():
    """Marker-Receiving Rule; Marker-Sending Rule: whoever had begun before."""
    b = node("b")
    assert b.step(marker("a")) == [Send("a", Marker()), Send("c", Marker())]
    assert (b.recorded, b.closed) == (DEPOSIT, ("a",))


def test_what_comes_on_a_channel_before_its_marker_is_recorded_in_order():
    """Marker-Receiving Rule; Termination."""
    b = node("b", marker("a"), paid("c", 3), paid("a", 50), paid("c", 4))
    part = Recorded(DEPOSIT, (("a", ()), ("c", (3, 4))))
    assert b.step(marker("c")) == [Output(part)]
    assert (b.balance, part.total) == (DEPOSIT + 57, DEPOSIT + 7)


def test_what_came_before_the_snapshot_is_in_the_state():
    """Marker-Receiving Rule."""
    b = node("b", paid("c", 3), marker("a"))
    assert b.recorded == DEPOSIT + 3
    assert b.step(marker("c")) == [
        Output(Recorded(DEPOSIT + 3, (("a", ()), ("c", ()))))
    ]


def test_who_is_asked_again_has_begun_already():
    a = node("a", SNAPSHOT, paid("b", 1))
    assert a.step(SNAPSHOT) == [End(SNAPSHOT, "ok", None)]
    assert a.recorded == DEPOSIT


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        (transfer("b", 101), "100 are there"),
        (transfer("b", 0), "100 are there"),
        (transfer("a", 1), "there is no a to transfer to"),
    ],
)
def test_nobody_pays_what_it_does_not_have_nor_to_nobody(call, reason):
    assert node("a").step(call) == [End(call, "fail", reason)]


def test_alone_a_node_is_the_whole_snapshot():
    alone = ChandyLamport("a", ("a",))
    alone.step(Start())
    assert alone.step(SNAPSHOT)[0] == Output(Recorded(DEPOSIT, ()))


# ----------------------------------------------------------------------------- the runs
@pytest.mark.parametrize("work", PAYS)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    """Theorem 1 of the paper, by rearranging the run; Termination."""
    assert broken(run(ChandyLamport, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", PAYS)
def test_what_is_promised_is_kept_for_three_hundred_seeds(work):
    for seed in range(300):
        assert broken(run(ChandyLamport, seed, work), *PROMISES) == {}, seed


def test_these_runs_meet_all_that_is_admitted():
    runs = [run(ChandyLamport, seed, work) for seed in range(12) for work in PAYS]
    assert met(runs) == set(ChandyLamport.assumes.kinds()) - DISK
    parts = [part for one in runs for part in recorded(one.trace).values()]
    on_the_way = [part for part in parts if part.total > part.balance]
    assert len(on_the_way) > 20


def was_in_it(cluster: Cluster) -> bool:
    """Whether the system was ever in the state that was recorded."""
    before, after = sides(cluster.trace)
    steps = [step for step in cluster.trace if step in before or step in after]
    beginning = (dict.fromkeys(cluster.nodes, DEPOSIT), {})
    seen = (replayed(steps[:i], beginning) for i in range(len(steps) + 1))
    target = without_empty(in_snapshot(cluster.trace))
    return any(without_empty(state) == target for state in seen)


def never_was_in_it(cluster: Cluster) -> str | None:
    return None if was_in_it(cluster) else "the system never was in it"


def test_the_system_may_never_have_been_in_the_state_that_is_recorded():
    """As in the paper's second example: it could have been, and that is enough."""
    seed = first_harm(never_was_in_it, partial(run, ChandyLamport, schedule=()))
    assert broken(run(ChandyLamport, seed, schedule=()), *PROMISES) == {}


# ------------------------------------------------------------------------- every order
TWO = {
    "s1": (transfer("s2", 1), SNAPSHOT, transfer("s2", 2)),
    "s2": (transfer("s1", 4), transfer("s1", 8)),
}
THREE = {
    "s1": (SNAPSHOT,),
    "s2": (transfer("s3", 1), transfer("s3", 2)),
    "s3": (transfer("s2", 4),),
}


def explored(
    protocol: type[Node],
    *properties,
    network: Ordered | Unordered = Ordered(),  # noqa: B008 (a frozen value)
    workload: dict[str, tuple[Call, ...]] | None = None,
    budget: Budget = Budget(),  # noqa: B008 (a frozen value)
) -> Explored:
    """All orders in which nodes pay each other, and one begins a snapshot."""
    workload = workload or TWO
    return explore(
        protocol,
        servers=len(workload),
        workload=workload,
        network=network,
        budget=budget,
        properties=properties,
    )


@pytest.mark.parametrize(("workload", "states"), [(TWO, 148), (THREE, 3896)])
def test_in_every_order_of_messages_all_the_money_is_in_the_snapshot(workload, states):
    """A changed count is a changed protocol."""
    verdict = explored(
        ChandyLamport,
        always_all_the_money,
        sometimes_money_is_on_its_way_in_it,
        always_possible_that_all_have_recorded,
        workload=workload,
    )
    assert (verdict.valid, verdict.states) == (True, states)


CLOSING = mutants.ClosesChannelsLate, mutants.ClosesChannelsEarly


@pytest.mark.parametrize("mutant", CLOSING, ids=lambda kind: kind.__name__)
def test_which_marker_closes_which_channel_matters_from_three_nodes_on(mutant):
    """Marker-Receiving Rule: two have one channel each into them, and one marker."""
    assert explored(mutant, always_all_the_money).valid
    assert explored(mutant, always_all_the_money, workload=THREE).invalid


def test_every_state_that_is_recorded_is_one_that_the_system_can_be_in():
    """Theorem 1: of the system without a snapshot, in all orders of its messages."""
    reachable, found = set(), set()

    def sometimes_elsewhere(world) -> bool:
        on_the_way = {("s1", "s2"): (), ("s2", "s1"): ()}
        for src, dst, msg in world.messages:
            on_the_way[src, dst] += (msg.amount,)
        balances = tuple(node.balance for node in world.nodes.values())
        reachable.add((balances, tuple(on_the_way.items())))
        return False

    def sometimes_recorded(world) -> bool:
        parts = [outputs[0] for outputs in world.outputs.values() if outputs]
        if len(parts) == 2:
            (_, to_s1), (_, to_s2) = parts[0].channels[0], parts[1].channels[0]
            balances = tuple(part.balance for part in parts)
            found.add((balances, ((("s1", "s2"), to_s2), (("s2", "s1"), to_s1))))
        return False

    without = {
        id: tuple(call for call in calls if call != SNAPSHOT)
        for id, calls in TWO.items()
    }
    explored(ChandyLamport, sometimes_elsewhere, workload=without)
    explored(ChandyLamport, sometimes_recorded)
    assert len(found) > 5
    assert found <= reachable


def test_links_that_do_not_keep_order_lose_money():
    """The marker overtakes the transfer that was sent before it: it is nowhere."""
    verdict = explored(ChandyLamport, always_all_the_money, network=Unordered())
    assert verdict.reason.startswith("Broken after 4 steps")
    assert [type(action.event) for action, _ in verdict.path[1:]] == [
        Call,
        Call,
        Deliver,
        Deliver,
    ]


def test_a_naive_snapshot_loses_money():
    """§3.1: what is on its way is in nobody's account."""
    verdict = explored(NaiveSnapshot, always_all_the_money)
    assert verdict.reason.startswith("Broken after 5 steps")


naive = partial(run, NaiveSnapshot, work="quiet", schedule=())


def money(cluster: Cluster) -> int:
    """How much more is in the snapshot than there is."""
    found = sum(part.total for part in recorded(cluster.trace).values())
    return found - DEPOSIT * len(cluster.nodes)


def too_little(cluster: Cluster) -> str | None:
    return f"{money(cluster)}" if money(cluster) < 0 else None


def too_much(cluster: Cluster) -> str | None:
    return f"{money(cluster)}" if money(cluster) > 0 else None


def test_a_naive_snapshot_finds_too_little_or_too_much():
    """§3.1: too much is found where the cut is not consistent, and only there."""
    first_harm(too_little, naive)
    seed = first_harm(too_much, naive)
    assert nothing_arrives_that_was_not_sent(naive(seed))


@pytest.mark.parametrize("seed", range(30))
def test_what_a_naive_snapshot_finds_is_wrong_by_what_crosses_its_cut(seed):
    """§3.1: what crosses it forward is in neither state, what does backward in both."""
    trace = (cluster := naive(seed)).trace
    causes, where = Causality(trace), cut(trace)
    forward = sum(trace[sent].what.amount for sent, _ in causes.in_transit(where))
    backward = sum(trace[sent].what.amount for sent, _ in causes.orphans(where))
    assert money(cluster) == backward - forward


def test_one_crash_and_the_snapshot_is_never_done():
    verdict = explored(
        ChandyLamport,
        always_possible_that_all_have_recorded,
        budget=Budget(crashes=1, of=("s2",)),
    )
    assert verdict.invalid


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.SendsNoMarkers, "symmetric", 0, all_record_their_part_once),
    (mutants.SendsMarkersLate, "symmetric", 0, no_money_is_lost_or_made),
    (mutants.RecordsBeforeItsLastTransfer, "symmetric", 0, no_money_is_lost_or_made),
    (mutants.RecordsAtTheLastMarker, "lopsided", 1, all_record_their_part_once),
    (mutants.RecordsAgain, "symmetric", 1, no_money_is_lost_or_made),
    (mutants.ForgetsChannels, "symmetric", 0, channels_hold_what_crosses_the_cut),
    (mutants.ClosesChannelsLate, "symmetric", 1, channels_hold_what_crosses_the_cut),
    (mutants.ClosesChannelsEarly, "symmetric", 1, channels_hold_what_crosses_the_cut),
    (mutants.KeepsTheLastOnly, "symmetric", 1, the_system_could_have_been_in_it),
    (mutants.IsDoneAtTheFirstMarker, "symmetric", 1, no_money_is_lost_or_made),
    (mutants.IsNeverDone, "symmetric", 0, all_record_their_part_once),
]


def shaped(work: str, kind: type, seed: int) -> Cluster:
    return run(kind, seed, work)


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(shaped, shape), ChandyLamport)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class HidesItsMoney(ChandyLamport):
    """Records that it has nothing."""

    def record_state(self):
        super().record_state()
        self.recorded = 0


EXCLUDED: dict[type[Fault], tuple[Schedule, object]] = {
    **{kind: (how, all_record_their_part_once) for kind, how in LOSSES.items()},
    **{kind: (how, all_record_their_part_once) for kind, how in STOPS.items()},
    Reordering: ((Reordering(0.5, 40),), nothing_arrives_that_was_not_sent),
    Duplication: ((Duplication(0.3),), no_money_is_lost_or_made),
    Byzantine: ((Byzantine("s2", HidesItsMoney),), no_money_is_lost_or_made),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    schedule, promise = EXCLUDED[kind]
    first_harm(promise, partial(run, ChandyLamport, schedule=schedule))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(ChandyLamport.assumes.kinds()) | EXCLUDED.keys()


# -------------------------------------------------------------------------------- costs
@pytest.mark.parametrize("n", [2, 3, 8])
def test_a_snapshot_costs_a_marker_for_each_pair_and_way_and_two_delays(n):
    cluster = Cluster(
        ChandyLamport,
        servers=n,
        network=Network(5, fifo=True),
        workload={"s1": (SNAPSHOT,)},
    ).run()
    assert len(cluster.trace.where("send")) == n * (n - 1)
    assert cluster.now_ms == 10
