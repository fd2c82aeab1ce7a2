"""Total order by Lamport's stamps: rules, promises, every order, mutants."""

from functools import partial

import lamport_broadcast_mutants as mutants
import pytest
from broadcast_claims import (
    DISK,
    LOSSES,
    SPEAKS,
    STOPS,
    all_is_delivered_once_by_all,
    always_in_one_order,
    always_possible_that_all_is_delivered,
    in_causal_order,
    in_fifo_order,
    in_total_order,
    met,
    run,
    said,
    sometimes_all_is_delivered,
)
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import menu

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.networks import Ordered, Unordered
from distlab.clocks.lamport_broadcast import Ack, Data, LamportBroadcast, Stamp
from distlab.faults import Byzantine, Duplication, Fault, Reordering, Schedule
from distlab.node import Deliver, End, Output, Send
from distlab.replicated import Command, Delivered
from distlab.sim import Cluster, Network

ABC = ("a", "b", "c")
PROMISES = (
    in_total_order,
    in_causal_order,
    in_fifo_order,
    all_is_delivered_once_by_all,
)
MINE, THEIRS = (Command(id, 1, said(1, id)) for id in ("a", "b"))


def node(id: str, *events) -> LamportBroadcast:
    """One of three nodes, after these events."""
    made = LamportBroadcast(id, ABC)
    for event in events:
        made.step(event)
    return made


def ack(src: str, clock: int) -> Deliver:
    return Deliver(src, Ack(Stamp(clock, src)))


def data(clock: int, command: Command) -> Deliver:
    return Deliver(command.client, Data(Stamp(clock, command.client), command))


# ---------------------------------------------------------------------------- the rules
def test_what_is_broadcast_is_stamped_queued_and_sent_to_all_others():
    """Rule 1."""
    a = node("a")
    sent = Data(Stamp(1, "a"), MINE)
    assert a.step(MINE.call) == [Send("b", sent), Send("c", sent)]
    assert a.queue == {Stamp(1, "a"): MINE}


def test_what_is_received_is_queued_and_acknowledged_to_all():
    """Rule 2: with a later stamp."""
    c = node("c")
    passed = Ack(Stamp(8, "c"))
    assert c.step(data(7, MINE)) == [Send("a", passed), Send("b", passed)]
    assert c.queue == {Stamp(7, "a"): MINE}


def test_the_first_is_delivered_when_all_have_passed_its_time():
    """Rule 5."""
    a = node("a", MINE.call, ack("b", 2))
    assert a.step(ack("c", 3)) == [
        Output(Delivered(1, MINE)),
        End(MINE.call, "ok", None),
    ]


def test_what_is_stamped_earlier_is_delivered_earlier_though_it_came_later():
    """Rule 5: of two stamps with one clock, the order of the nodes decides."""
    b = node("b", THEIRS.call, ack("c", 2))
    b.step(data(1, MINE))
    assert b.queue == {Stamp(1, "b"): THEIRS}  # `a` has been delivered
    told = b.step(ack("a", 3))
    assert told[0] == Output(Delivered(2, THEIRS))


def test_each_stamp_is_later_than_the_one_before():
    """IR1."""
    a = node("a")
    assert [a.stamp(), a.stamp()] == [Stamp(1, "a"), Stamp(2, "a")]


def test_what_follows_a_message_is_stamped_later_than_it():
    """IR2; and a message from the past does not put the clock back."""
    a = node("a", ack("b", 9), ack("c", 4))
    assert (a.clock, a.stamp()) == (9, Stamp(10, "a"))


def test_alone_a_node_delivers_at_once():
    alone = LamportBroadcast("a", ("a",))
    assert alone.step(MINE.call)[0] == Output(Delivered(1, MINE))


# ----------------------------------------------------------------------------- the runs
@pytest.mark.parametrize("work", SPEAKS)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    """This order holds what happened before, and so the order of each sender."""
    assert broken(run(LamportBroadcast, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", SPEAKS)
def test_what_is_promised_is_kept_for_three_hundred_seeds(work):
    for seed in range(300):
        assert broken(run(LamportBroadcast, seed, work), *PROMISES) == {}, seed


def test_these_runs_meet_all_that_is_admitted():
    runs = [run(LamportBroadcast, s, work) for s in range(12) for work in SPEAKS]
    assert met(runs) == set(LamportBroadcast.assumes.kinds()) - DISK


# ------------------------------------------------------------------------- every order
def explored(
    servers: int,
    network: Ordered | Unordered = Ordered(),  # noqa: B008 (a frozen value)
    budget: Budget = Budget(),  # noqa: B008 (a frozen value)
    properties: tuple = (always_in_one_order,),
) -> Explored:
    """All orders of arrivals of two broadcasts."""
    return explore(
        LamportBroadcast,
        servers=servers,
        workload={"s1": (said(1, "s1"),), "s2": (said(1, "s2"),)},
        network=network,
        budget=budget,
        properties=properties,
    )


LIVE = sometimes_all_is_delivered, always_possible_that_all_is_delivered


@pytest.mark.parametrize(("servers", "states"), [(2, 22), (3, 2754)])
def test_in_every_order_of_arrivals_all_deliver_in_one_order(servers, states):
    """A changed count is a changed protocol."""
    verdict = explored(servers, properties=(always_in_one_order, *LIVE))
    assert (verdict.valid, verdict.states) == (True, states)


def test_links_that_do_not_keep_order_make_two_orders():
    """An acknowledgement overtakes the broadcast that was sent before it."""
    verdict = explored(2, Unordered())
    assert verdict.reason == (
        "Broken after 4 steps, always in one order: s1 delivers s1#1 "
        "broadcast('s1.1') where s2 delivers s2#1 broadcast('s2.1')."
    )


def test_one_crash_stops_everybody():
    """This is why there is consensus."""
    stops = Budget(crashes=1, of=("s2",))
    assert explored(2, budget=stops).valid
    verdict = explored(2, budget=stops, properties=LIVE[1:])
    assert verdict.invalid
    assert len(verdict.path) == 2  # the crash is enough


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.DoesNotQueueItsOwn, "symmetric", 0, all_is_delivered_once_by_all),
    (mutants.DeliversItsOwnAtOnce, "symmetric", 0, in_total_order),
    (mutants.DoesNotAcknowledge, "symmetric", 0, all_is_delivered_once_by_all),
    (mutants.TellsTheSenderAlone, "lopsided", 1, all_is_delivered_once_by_all),
    (mutants.WaitsForNobody, "symmetric", 0, in_total_order),
    (mutants.WaitsForWhoIsHeardOf, "symmetric", 0, in_total_order),
    (mutants.WaitsForAMajority, "symmetric", 1, in_total_order),
    (mutants.DoesNotTick, "symmetric", 0, all_is_delivered_once_by_all),
    (mutants.KeepsItsOwnTime, "symmetric", 0, all_is_delivered_once_by_all),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(run, work=shape), LamportBroadcast)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class AntedatesAll(LamportBroadcast):
    """Says that whatever it broadcasts came first."""

    def stamp(self):
        return Stamp(super().stamp().clock - 9, self.id)


EXCLUDED: dict[type[Fault], tuple[Schedule, object]] = {
    **{kind: (how, all_is_delivered_once_by_all) for kind, how in LOSSES.items()},
    **{kind: (how, all_is_delivered_once_by_all) for kind, how in STOPS.items()},
    Reordering: ((Reordering(0.5, 40),), in_total_order),
    Duplication: ((Duplication(0.3, messages=("Data",)),), in_total_order),
    Byzantine: ((Byzantine("s2", AntedatesAll),), in_total_order),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    schedule, promise = EXCLUDED[kind]
    first_harm(promise, partial(run, LamportBroadcast, schedule=schedule))


def test_links_that_do_not_keep_order_break_it_at_some_seed():
    first_harm(in_total_order, partial(run, LamportBroadcast, schedule=(), fifo=False))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(LamportBroadcast.assumes.kinds()) | EXCLUDED.keys()


# -------------------------------------------------------------------------------- costs
@pytest.mark.parametrize("n", [2, 3, 8])
def test_a_broadcast_costs_a_message_for_each_pair_and_way_and_two_delays(n):
    cluster = Cluster(
        LamportBroadcast,
        servers=n,
        network=Network(5, fifo=True),
        workload={"s2": (said(1, "s2"),)},
    ).run()
    assert len(cluster.trace.where("send")) == n * (n - 1)
    assert cluster.now_ms == 10
