"""Ricart and Agrawala's mutual exclusion: steps, promises, every order, mutants.

A changed count is a changed protocol.
"""

from functools import partial

import pytest
import ricart_agrawala_mutants as mutants
from killed import broken, each_mutant, first_harm, kill, mutants_in
from mutex_claims import (
    ENTER_AND_LEAVE,
    PROMISES,
    STUCK,
    THINKS,
    always_possible_that_all_have_left,
    everybody_enters,
    explored,
    one_is_inside,
    requests_are_granted_in_their_order,
    run,
    sometimes_one_waits_for_another,
)
from schedules import menu

from distlab.check import Budget
from distlab.check.networks import Unordered
from distlab.clocks.ricart_agrawala import (
    Granted,
    Reply,
    Request,
    RicartAgrawala,
    Stamp,
)
from distlab.faults import (
    Byzantine,
    Duplication,
    Fault,
    Schedule,
)
from distlab.node import Deliver, End, Output, Send
from distlab.sim import Cluster, Network

ABC = ("a", "b", "c")
ACQUIRE, RELEASE = ENTER_AND_LEAVE
REPLIES = Deliver("b", Reply()), Deliver("c", Reply())


def node(id: str, *events) -> RicartAgrawala:
    """One of three nodes, after these events."""
    made = RicartAgrawala(id, ABC)
    for event in events:
        made.step(event)
    return made


def request(src: str, number: int) -> Deliver:
    return Deliver(src, Request(Stamp(number, src)))


# ---------------------------------------------------------------------------- the steps
def test_who_wants_to_enter_asks_all_with_a_number_above_all_it_has_seen():
    """Invocation, 1; Request, 1: also above those that came before a greater one."""
    a = node("a", request("b", 7), request("c", 5))
    asked = Request(Stamp(8, "a"))
    assert a.step(ACQUIRE) == [Send("b", asked), Send("c", asked)]


def test_it_enters_when_all_have_answered():
    """Invocation, 2; Reply."""
    a = node("a", ACQUIRE)
    assert a.step(REPLIES[0]) == []
    assert a.step(REPLIES[1]) == [
        Output(Granted(Stamp(1, "a"))),
        End(ACQUIRE, "ok", None),
    ]


def test_who_does_not_ask_answers_at_once():
    """Request, 2."""
    assert node("b").step(request("a", 1)) == [Send("a", Reply())]


def test_who_asks_answers_those_alone_who_asked_before():
    """Request, 2: of equal numbers, that of the lower node was first."""
    b = node("b", ACQUIRE)
    assert b.step(request("a", 1)) == [Send("a", Reply())]
    assert b.step(request("c", 1)) == []
    assert b.deferred == ("c",)


def test_who_leaves_answers_all_that_it_had_put_aside():
    """Invocation, 3: once."""
    a = node("a", ACQUIRE, request("b", 1), request("c", 2), *REPLIES)
    assert a.step(RELEASE) == [
        Send("b", Reply()),
        Send("c", Reply()),
        End(RELEASE, "ok", None),
    ]
    assert (a.inside, a.mine, a.deferred) == (False, None, ())


def test_who_is_inside_cannot_enter_nor_who_is_outside_leave():
    inside = node("a", ACQUIRE, *REPLIES)
    assert inside.step(ACQUIRE) == [End(ACQUIRE, "fail", "is inside already")]
    assert node("a").step(RELEASE) == [End(RELEASE, "fail", "is not inside")]


# ----------------------------------------------------------------------------- the runs
overtaking = partial(run, fifo=False)


@pytest.mark.parametrize("work", THINKS)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_promised_is_kept_although_messages_overtake_each_other(seed, work):
    assert broken(overtaking(RicartAgrawala, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", THINKS)
def test_what_is_promised_is_kept_for_five_hundred_seeds(work):
    for seed in range(500):
        cluster = overtaking(RicartAgrawala, seed, work)
        assert broken(cluster, *PROMISES) == {}, seed


# ------------------------------------------------------------------------- every order
@pytest.mark.parametrize(("servers", "states"), [(2, 35), (3, 3272)])
def test_no_two_are_ever_inside(servers, states):
    verdict = explored(RicartAgrawala, servers, Unordered())
    assert (verdict.valid, verdict.states) == (True, states)


def test_whatever_has_happened_all_may_still_enter_and_leave():
    live = sometimes_one_waits_for_another, always_possible_that_all_have_left
    assert explored(RicartAgrawala, 2, Unordered(), live).valid


def test_an_answer_that_arrives_twice_lets_two_in():
    """The second time it passes for the answer of a node that has not answered."""
    verdict = explored(RicartAgrawala, 3, Unordered(duplicating=True))
    assert verdict.invalid


def test_one_crash_stops_everybody():
    verdict = explored(
        RicartAgrawala,
        2,
        Unordered(),
        properties=(always_possible_that_all_have_left,),
        budget=Budget(crashes=1, of=("s2",)),
    )
    assert verdict.invalid


# ------------------------------------------------------------------------------ mutants
IN_ORDER = requests_are_granted_in_their_order
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.CountsFromItsOwn, "lopsided", 0, IN_ORDER),
    (mutants.WaitsForNobody, "symmetric", 0, one_is_inside),
    (mutants.WaitsForAllButOne, "symmetric", 1, one_is_inside),
    (mutants.NeverEnters, "symmetric", 0, everybody_enters),
    (mutants.ForgetsWhoWaits, "symmetric", 0, everybody_enters),
    (mutants.AnswersAlways, "symmetric", 0, one_is_inside),
    (mutants.DefersAlways, "symmetric", 0, everybody_enters),
    (mutants.ComparesNumbersOnly, "symmetric", 0, one_is_inside),
    (mutants.DoesNotCount, "symmetric", 0, everybody_enters),
    (mutants.TakesANumberThatWasTaken, "symmetric", 0, IN_ORDER),
]


def shaped(work: str, kind: type, seed: int) -> Cluster:
    return overtaking(kind, seed, work, schedule=())


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(shaped, shape), RicartAgrawala)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class AgreesWithEverybody(RicartAgrawala):
    """Answers whoever asks, also when it is inside."""

    def on_request(self, src, msg):
        self.send(src, Reply())


# What is excluded, and the promise that it breaks
EXCLUDED: dict[type[Fault], tuple[Schedule, object]] = {
    Duplication: ((Duplication(0.3, messages=("Reply",)),), one_is_inside),
    **STUCK,
    Byzantine: ((Byzantine("s2", AgreesWithEverybody),), one_is_inside),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    assert kind not in RicartAgrawala.assumes.kinds()
    schedule, promise = EXCLUDED[kind]
    first_harm(promise, partial(overtaking, RicartAgrawala, schedule=schedule))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(RicartAgrawala.assumes.kinds()) | EXCLUDED.keys()


# -------------------------------------------------------------------------------- costs
@pytest.mark.parametrize("n", [2, 3, 8])
def test_an_entry_costs_two_messages_to_each_other_node_and_a_round_trip(n):
    cluster = Cluster(
        RicartAgrawala,
        servers=n,
        network=Network(5),
        workload={"s1": ENTER_AND_LEAVE},
    ).run()
    assert len(cluster.trace.where("send")) == 2 * (n - 1)
    entered, left = cluster.history
    assert (entered.ended_us, left.ended_us) == (10_000, 10_000)


@pytest.mark.parametrize("work", THINKS)
def test_an_entry_costs_as_many_messages_where_many_want_to_enter(work):
    cluster = overtaking(RicartAgrawala, 2, work)
    entries = len(cluster.trace.where("output"))
    assert len(cluster.trace.where("send")) == 2 * (5 - 1) * entries


def test_the_next_enters_one_message_after_another_has_left():
    cluster = Cluster(
        RicartAgrawala,
        servers=3,
        network=Network(5),
        workload={"s1": ENTER_AND_LEAVE, "s2": ENTER_AND_LEAVE},
    ).run()
    assert [step.at_ms for step in cluster.trace.where("output")] == [10, 15]
