"""FIFO broadcast: steps, promises under faults, every order, mutants."""

from functools import partial

import fifo_broadcast_mutants as mutants
import pytest
from broadcast_claims import (
    LOSSES,
    SPEAKS,
    STOPS,
    all_is_delivered_once_by_all,
    always_in_fifo_order,
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
from distlab.check.networks import Unordered
from distlab.clocks.fifo_broadcast import Data, FifoBroadcast
from distlab.faults import Byzantine, Crash, Fault, Schedule
from distlab.node import Deliver, End, Note, Output, Send
from distlab.replicated import Command, Delivered
from distlab.sim import Cluster, Network

ABC = ("a", "b", "c")
PROMISES = (in_fifo_order, all_is_delivered_once_by_all)
ONE, TWO = (Command("a", k, said(k, "a")) for k in (1, 2))


def node(id: str, *events) -> FifoBroadcast:
    """One of three nodes, after these events."""
    made = FifoBroadcast(id, ABC)
    for event in events:
        made.step(event)
    return made


def arrival(command: Command) -> Deliver:
    return Deliver("a", Data(command))


# ---------------------------------------------------------------------------- the steps
def test_what_a_node_broadcasts_is_numbered_and_sent_to_all():
    """Algorithm 3.12, broadcast."""
    a = node("a")
    assert a.step(ONE.call) == [Send(dst, Data(ONE)) for dst in ABC]
    assert a.step(arrival(ONE)) == [
        Output(Delivered(1, ONE)),
        End(ONE.call, "ok", None),
    ]
    assert a.step(TWO.call) == [Send(dst, Data(TWO)) for dst in ABC]


def test_what_comes_early_is_kept_until_it_is_due():
    """Algorithm 3.12, deliver; Algorithm 3.12, while."""
    b = node("b")
    assert b.step(arrival(TWO)) == []
    assert b.step(arrival(ONE)) == [
        Output(Delivered(1, ONE)),
        Output(Delivered(2, TWO)),
    ]


def test_what_comes_again_is_not_delivered_again():
    b = node("b", arrival(ONE))
    assert b.step(arrival(ONE)) == [Note("delivered already", dropped=True)]
    b.step(arrival(TWO))
    assert b.next == {"a": 3}


# ----------------------------------------------------------------------------- the runs
@pytest.mark.parametrize("work", SPEAKS)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    assert broken(run(FifoBroadcast, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", SPEAKS)
def test_what_is_promised_is_kept_for_five_hundred_seeds(work):
    for seed in range(500):
        assert broken(run(FifoBroadcast, seed, work), *PROMISES) == {}, seed


def test_these_runs_meet_all_that_is_admitted():
    runs = [run(FifoBroadcast, seed, work) for seed in range(12) for work in SPEAKS]
    assert met(runs) == set(FifoBroadcast.assumes.kinds())
    ignored = {step.why for one in runs for step in one.trace.where("ignore")}
    assert ignored == {"delivered already"}


def test_neither_causal_nor_total_order_is_promised():
    without_faults = partial(run, FifoBroadcast, schedule=())
    first_harm(in_causal_order, without_faults)
    first_harm(in_total_order, without_faults)


# ------------------------------------------------------------------------- every order
def explored(*properties, budget: Budget = Budget()) -> Explored:  # noqa: B008
    """All orders of arrivals of two broadcasts of one node, each perhaps again."""
    return explore(
        FifoBroadcast,
        servers=3,
        workload={"s1": (said(1, "s1"), said(2, "s1"))},
        network=Unordered(prompt=True, duplicating=True),
        budget=budget,
        properties=(always_in_fifo_order, *properties),
    )


def test_in_every_order_of_arrivals_the_order_of_each_sender_is_kept():
    """A changed count is a changed protocol."""
    live = sometimes_all_is_delivered, always_possible_that_all_is_delivered
    verdict = explored(*live)
    assert (verdict.valid, verdict.states) == (True, 41)
    assert explored(budget=Budget(crashes=2)).valid


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.NumbersNothing, "symmetric", 0, all_is_delivered_once_by_all),
    (mutants.TellsThePeersAlone, "symmetric", 0, all_is_delivered_once_by_all),
    (mutants.DeliversAtOnce, "lopsided", 0, in_fifo_order),
    (mutants.DropsWhatIsEarly, "lopsided", 0, all_is_delivered_once_by_all),
    (mutants.DeliversOneAtATime, "lopsided", 0, all_is_delivered_once_by_all),
    (mutants.StaysAtTheNumber, "symmetric", 0, all_is_delivered_once_by_all),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(run, work=shape), FifoBroadcast)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class SpeaksForOthers(FifoBroadcast):
    """Broadcasts in the name of another."""

    def broadcast(self, m):
        self.send(self.nodes, Data(Command(self.peers[0], 1, said(7, "nobody"))))


EXCLUDED: dict[type[Fault], Schedule] = {
    **LOSSES,
    **{kind: how for kind, how in STOPS.items() if kind is not Crash},
    Byzantine: (Byzantine("s2", SpeaksForOthers),),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    promise = in_fifo_order if kind is Byzantine else all_is_delivered_once_by_all
    first_harm(promise, partial(run, FifoBroadcast, schedule=EXCLUDED[kind]))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(FifoBroadcast.assumes.kinds()) | EXCLUDED.keys()


# -------------------------------------------------------------------------------- costs
@pytest.mark.parametrize("n", [2, 3, 8])
def test_a_broadcast_costs_a_message_to_each_other_node_and_one_delay(n):
    cluster = Cluster(
        FifoBroadcast, servers=n, network=Network(5), workload={"s2": (said(1, "s2"),)}
    ).run()
    sent = [step for step in cluster.trace.where("send") if step.peer != step.node]
    assert len(sent) == n - 1
    assert cluster.now_ms == 5
