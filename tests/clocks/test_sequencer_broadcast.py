"""Total order by a sequencer: steps, promises under faults, every order, mutants."""

from functools import partial

import pytest
import sequencer_broadcast_mutants as mutants
from broadcast_claims import (
    DISK,
    LOSSES,
    SPEAKS,
    STOPS,
    all_is_delivered_once_by_all,
    always_in_one_order,
    always_possible_that_all_is_delivered,
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
from distlab.clocks.sequencer_broadcast import Sequenced, SequencerBroadcast, Submit
from distlab.faults import Byzantine, Crash, Duplication, Fault, Schedule
from distlab.node import Call, Deliver, End, Node, Output, Send, part
from distlab.replicated import Command, Delivered
from distlab.sim import Cluster, Network

ABC = ("a", "b", "c")
PROMISES = (in_total_order, all_is_delivered_once_by_all)
ONE, TWO = (Command(id, 1, said(1, id)) for id in ("b", "c"))


def node(id: str, *events) -> SequencerBroadcast:
    """One of three nodes, of which the first is the sequencer, after these events."""
    made = SequencerBroadcast(id, ABC)
    for event in events:
        made.step(event)
    return made


# ---------------------------------------------------------------------------- the steps
def test_who_has_something_to_say_asks_the_sequencer():
    """Sender."""
    assert node("b").step(ONE.call) == [Send("a", Submit(ONE))]


def test_the_sequencer_numbers_what_it_is_asked_for_and_sends_it_to_all():
    """Sequencer."""
    a = node("a")
    for sn, command in ((1, TWO), (2, ONE)):
        told = a.step(Deliver(command.client, Submit(command)))
        assert told == [Send(dst, Sequenced(sn, command)) for dst in ABC]


def test_everybody_delivers_in_the_order_of_the_numbers():
    """Destinations."""
    b = node("b", ONE.call)
    assert b.step(Deliver("a", Sequenced(2, TWO))) == []
    assert b.step(Deliver("a", Sequenced(1, ONE))) == [
        Output(Delivered(1, ONE)),
        End(ONE.call, "ok", None),
        Output(Delivered(2, TWO)),
    ]


# ----------------------------------------------------------------------------- the runs
@pytest.mark.parametrize("work", SPEAKS)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    assert broken(run(SequencerBroadcast, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", SPEAKS)
def test_what_is_promised_is_kept_for_five_hundred_seeds(work):
    for seed in range(500):
        assert broken(run(SequencerBroadcast, seed, work), *PROMISES) == {}, seed


def test_these_runs_meet_all_that_is_admitted():
    runs = [run(SequencerBroadcast, s, work) for s in range(12) for work in SPEAKS]
    assert met(runs) == set(SequencerBroadcast.assumes.kinds()) - DISK


# ------------------------------------------------------------------------- every order
def explored(budget: Budget = Budget(), *properties) -> Explored:  # noqa: B008
    """All orders of arrivals of two broadcasts."""
    return explore(
        SequencerBroadcast,
        servers=3,
        workload={"s2": (said(1, "s2"),), "s3": (said(1, "s3"),)},
        network=Unordered(prompt=True),
        budget=budget,
        properties=(always_in_one_order, *properties),
    )


def test_in_every_order_of_arrivals_all_deliver_in_one_order():
    """A changed count is a changed protocol."""
    live = sometimes_all_is_delivered, always_possible_that_all_is_delivered
    verdict = explored(Budget(), *live)
    assert (verdict.valid, verdict.states) == (True, 100)


def test_without_the_sequencer_nothing_is_delivered():
    """Whatever else is up: the order is kept, and nobody can go on."""
    stops = Budget(crashes=1, of=("s1",))
    assert explored(stops).valid
    assert explored(stops, always_possible_that_all_is_delivered).invalid


def test_any_other_node_may_stop_and_the_rest_go_on():
    stops = (Crash("s2", 60),)
    for seed in range(10):
        assert broken(run(SequencerBroadcast, seed, schedule=stops), *PROMISES) == {}


class Speaker(Node):
    """Says two things at once: a layer above, that does not wait to hear the first."""

    order: SequencerBroadcast = part(SequencerBroadcast)

    def speak(self):
        self.order.broadcast("first")
        self.order.broadcast("second")
        self.ok()

    def on_order_output(self, value: Delivered):
        self.output(value)


def heard_in_turn(cluster: Cluster) -> str | None:
    """FIFO order."""
    heard = [step.what.command.number for step in cluster.trace.where("output")]
    return None if heard[0] == 1 else f"in the order {heard}"


def test_two_broadcasts_of_one_node_may_be_turned_round():
    """A total order need not hold that of each sender: requests overtake each other."""

    def spoken(seed: int) -> Cluster:
        workload = {"s2": (Call("speak"),)}
        return Cluster(Speaker, servers=3, seed=seed, workload=workload).run()

    first_harm(heard_in_turn, spoken)


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.NumbersForItself, "symmetric", 0, all_is_delivered_once_by_all),
    (mutants.AsksEverybody, "symmetric", 0, in_total_order),
    (mutants.UsesANumberTwice, "symmetric", 0, all_is_delivered_once_by_all),
    (mutants.TellsTheSenderAlone, "symmetric", 0, all_is_delivered_once_by_all),
    (mutants.DeliversAtOnce, "symmetric", 0, in_total_order),
    (mutants.SkipsGaps, "symmetric", 0, in_total_order),
    (mutants.DropsWhatIsEarly, "symmetric", 0, all_is_delivered_once_by_all),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(run, work=shape), SequencerBroadcast)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class NumbersTheOtherWay(SequencerBroadcast):
    """A sequencer that tells the last of the nodes other numbers."""

    def on_submit(self, src, msg):
        for dst in self.nodes:
            odd = dst == self.nodes[-1] and (self.seqnum % 2 or -1)
            self.send(dst, Sequenced(self.seqnum + int(odd), msg.command))
        self.seqnum += 1


EXCLUDED: dict[type[Fault], Schedule] = {
    **LOSSES,
    **STOPS,
    Duplication: (Duplication(0.3, messages=("Submit",)),),
    Byzantine: (Byzantine("s1", NumbersTheOtherWay),),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    promise = in_total_order if kind is Byzantine else all_is_delivered_once_by_all
    first_harm(promise, partial(run, SequencerBroadcast, schedule=EXCLUDED[kind]))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(SequencerBroadcast.assumes.kinds()) | EXCLUDED.keys()


# -------------------------------------------------------------------------------- costs
@pytest.mark.parametrize("n", [2, 3, 8])
def test_a_broadcast_costs_a_message_for_each_node_and_two_delays(n):
    for speaker, messages, delays in (("s2", n, 2), ("s1", n - 1, 1)):
        cluster = Cluster(
            SequencerBroadcast,
            servers=n,
            network=Network(5),
            workload={speaker: (said(1, speaker),)},
        ).run()
        sent = [step for step in cluster.trace.where("send") if step.peer != step.node]
        assert len(sent) == messages
        assert cluster.now_ms == 5 * delays
