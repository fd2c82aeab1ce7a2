"""Causal broadcast: steps, promises under faults, every order, mutants."""

from functools import partial

import causal_broadcast_mutants as mutants
import pytest
from broadcast_claims import (
    LOSSES,
    SPEAKS,
    STOPS,
    all_is_delivered_once_by_all,
    always_in_causal_order,
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
from distlab.clocks.causal_broadcast import CausalBroadcast, Data
from distlab.faults import Byzantine, Crash, Fault, Schedule
from distlab.node import Deliver, End, Note, Output, Send
from distlab.replicated import Command, Delivered
from distlab.sim import Cluster, Network

ABC = ("a", "b", "c")
PROMISES = (in_causal_order, in_fifo_order, all_is_delivered_once_by_all)
QUESTION, ANSWER = (Command(id, 1, said(1, id)) for id in ("a", "b"))
ASKED = Data(QUESTION, (("a", 1),))
ANSWERED = Data(ANSWER, (("a", 1), ("b", 1)))


def node(id: str, *events) -> CausalBroadcast:
    """One of three nodes, after these events."""
    made = CausalBroadcast(id, ABC)
    for event in events:
        made.step(event)
    return made


# ---------------------------------------------------------------------------- the steps
def test_a_node_counts_what_it_broadcasts_and_sends_its_vector_along():
    """CBCAST, 1: with all that it has delivered; its own is delivered at once."""
    b = node("b", Deliver("a", ASKED))
    assert b.step(ANSWER.call) == [
        Send("a", ANSWERED),
        Send("c", ANSWERED),
        Output(Delivered(2, ANSWER)),
        End(ANSWER.call, "ok", None),
    ]


def test_an_answer_waits_for_what_it_answers():
    """CBCAST, 2."""
    c = node("c")
    assert c.step(Deliver("b", ANSWERED)) == []
    assert c.step(Deliver("a", ASKED)) == [
        Output(Delivered(1, QUESTION)),
        Output(Delivered(2, ANSWER)),
    ]


def test_the_second_broadcast_of_a_node_waits_for_the_first():
    """CBCAST, 2."""
    second = Command("a", 2, said(2, "a"))
    c = node("c")
    assert c.step(Deliver("a", Data(second, (("a", 2),)))) == []
    assert len(c.step(Deliver("a", ASKED))) == 2


def test_what_is_concurrent_does_not_wait():
    """CBCAST, 2; CBCAST, 3."""
    apart = Data(ANSWER, (("b", 1),))
    c = node("c", Deliver("b", apart))
    assert c.step(Deliver("a", ASKED)) == [Output(Delivered(2, QUESTION))]
    assert c.vt == {"a": 1, "b": 1}


def test_what_comes_again_is_not_delivered_again():
    c = node("c", Deliver("b", ANSWERED))
    again = c.step(Deliver("b", ANSWERED))
    assert again == [Note("delayed already", dropped=True)]
    c.step(Deliver("a", ASKED))
    again = c.step(Deliver("b", ANSWERED))
    assert again == [Note("delivered already", dropped=True)]


# ----------------------------------------------------------------------------- the runs
@pytest.mark.parametrize("work", SPEAKS)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    """Causal order holds the order of each sender."""
    assert broken(run(CausalBroadcast, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", SPEAKS)
def test_what_is_promised_is_kept_for_five_hundred_seeds(work):
    for seed in range(500):
        assert broken(run(CausalBroadcast, seed, work), *PROMISES) == {}, seed


def test_these_runs_meet_all_that_is_admitted():
    runs = [run(CausalBroadcast, seed, work) for seed in range(12) for work in SPEAKS]
    assert met(runs) == set(CausalBroadcast.assumes.kinds())
    ignored = {step.why for one in runs for step in one.trace.where("ignore")}
    assert ignored == {"delivered already", "delayed already"}


def test_total_order_is_not_promised():
    first_harm(in_total_order, partial(run, CausalBroadcast, schedule=()))


# ------------------------------------------------------------------------- every order
def explored(
    protocol: type = CausalBroadcast,
    *properties,
    budget: Budget = Budget(),  # noqa: B008 (a frozen value)
) -> Explored:
    """All orders of arrivals of two broadcasts, of which one may be an answer."""
    return explore(
        protocol,
        servers=3,
        workload={"s1": (said(1, "s1"),), "s2": (said(1, "s2"),)},
        network=Unordered(prompt=True, duplicating=True),
        budget=budget,
        properties=(always_in_causal_order, *properties),
    )


def test_in_every_order_of_arrivals_what_happened_before_is_delivered_before():
    """A changed count is a changed protocol."""
    live = sometimes_all_is_delivered, always_possible_that_all_is_delivered
    verdict = explored(CausalBroadcast, *live)
    assert (verdict.valid, verdict.states) == (True, 45)
    assert explored(budget=Budget(crashes=2)).valid


def test_without_the_vector_the_answer_comes_first_after_four_steps():
    """Asked, heard by one, answered, and the answer is the first that another hears."""
    verdict = explored(mutants.LooksAtTheSenderAlone)
    assert verdict.reason == (
        "Broken after 4 steps, always in causal order: s3 delivers s2#1 "
        "broadcast('s2.1') and not yet s1#1 broadcast('s1.1')."
    )


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.DoesNotCountItsOwn, "symmetric", 0, all_is_delivered_once_by_all),
    (mutants.SendsItsOwnEntryAlone, "symmetric", 1, in_causal_order),
    (mutants.DeliversAtOnce, "symmetric", 1, in_causal_order),
    (mutants.LooksAtTheSenderAlone, "symmetric", 1, in_causal_order),
    (mutants.LooksAtTheOthersAlone, "lopsided", 0, in_fifo_order),
    (mutants.DoesNotCatchUp, "symmetric", 0, all_is_delivered_once_by_all),
    (mutants.TakesTheVectorAsItIs, "symmetric", 1, all_is_delivered_once_by_all),
    (mutants.DropsWhatIsEarly, "lopsided", 0, all_is_delivered_once_by_all),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(run, work=shape), CausalBroadcast)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class ForgetsWhatItHeard(CausalBroadcast):
    """Says that it answers nothing."""

    def broadcast(self, m):
        known, self.vt = self.vt, {self.id: self.count(self.id)}
        super().broadcast(m)
        self.vt = known | self.vt


EXCLUDED: dict[type[Fault], Schedule] = {
    **LOSSES,
    **{kind: how for kind, how in STOPS.items() if kind is not Crash},
    Byzantine: (Byzantine("s2", ForgetsWhatItHeard),),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    promise = in_causal_order if kind is Byzantine else all_is_delivered_once_by_all
    first_harm(promise, partial(run, CausalBroadcast, schedule=EXCLUDED[kind]))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(CausalBroadcast.assumes.kinds()) | EXCLUDED.keys()


# -------------------------------------------------------------------------------- costs
@pytest.mark.parametrize("n", [2, 3, 8])
def test_a_broadcast_costs_a_message_to_each_other_node_and_one_delay(n):
    cluster = Cluster(
        CausalBroadcast,
        servers=n,
        network=Network(5),
        workload={"s2": (said(1, "s2"),)},
    ).run()
    assert len(cluster.trace.where("send")) == n - 1
    assert cluster.now_ms == 5
