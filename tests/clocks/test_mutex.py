"""Lamport's mutual exclusion: rules, promises under faults, mutants, costs."""

from functools import partial

import mutex_mutants as mutants
import pytest
from broadcast_claims import DISK
from killed import broken, each_mutant, first_harm, kill, mutants_in
from mutex_claims import (
    ENTER_AND_LEAVE,
    PROMISES,
    STUCK,
    THINKS,
    everybody_enters,
    one_is_inside,
    requests_are_granted_in_their_order,
    run,
)
from schedules import menu

from distlab.clocks.mutex import (
    Ack,
    Granted,
    LamportMutex,
    Release,
    Request,
    Stamp,
)
from distlab.faults import (
    Byzantine,
    Duplication,
    Fault,
    Reordering,
    Resume,
    Schedule,
)
from distlab.node import Deliver, End, Note, Output, Send
from distlab.sim import Cluster, Network

ABC = ("a", "b", "c")
ACQUIRE, RELEASE = ENTER_AND_LEAVE


def node(id: str, *events) -> LamportMutex:
    """One of three nodes, after these events."""
    made = LamportMutex(id, ABC)
    for event in events:
        made.step(event)
    return made


def ack(src: str, clock: int) -> Deliver:
    return Deliver(src, Ack(Stamp(clock, src)))


def request(src: str, clock: int) -> Deliver:
    return Deliver(src, Request(Stamp(clock, src)))


INSIDE = ACQUIRE, ack("b", 2), ack("c", 2)


def told(effects: list) -> list:
    return [effect for effect in effects if not isinstance(effect, Note)]


# ---------------------------------------------------------------------------- the rules
def test_who_wants_to_enter_asks_all_and_queues_its_own_request():
    """Rule 1."""
    a = node("a")
    asked = Request(Stamp(1, "a"))
    assert a.step(ACQUIRE) == [Send("b", asked), Send("c", asked)]
    assert a.queue == {"a": Stamp(1, "a")}


def test_a_request_is_queued_and_acknowledged_with_a_later_stamp():
    """Rule 2."""
    b = node("b")
    assert b.step(request("a", 7)) == [Send("a", Ack(Stamp(8, "b")))]
    assert b.queue == {"a": Stamp(7, "a")}


def test_who_leaves_takes_its_request_away_and_tells_all():
    """Rule 3."""
    a = node("a", *INSIDE)
    left = Release(Stamp(3, "a"))
    assert a.step(RELEASE) == [
        Send("b", left),
        Send("c", left),
        End(RELEASE, "ok", None),
    ]
    assert (a.inside, a.queue) == (False, {})


def test_the_request_of_one_that_has_left_is_taken_away():
    """Rule 4."""
    b = node("b", request("a", 1), request("c", 1))
    b.step(Deliver("a", Release(Stamp(9, "a"))))
    assert b.queue == {"c": Stamp(1, "c")}


def test_nobody_enters_before_it_has_heard_something_later_from_all():
    """Rule 5: (ii); anything will do, not the acknowledgement alone."""
    a = node("a", ACQUIRE)
    assert told(a.step(ack("b", 2))) == []
    assert told(a.step(request("c", 2)))[1:] == [
        Output(Granted(Stamp(1, "a"))),
        End(ACQUIRE, "ok", None),
    ]


def test_nobody_enters_before_an_earlier_request_is_released():
    """Rule 5: (i); of two requests with one clock, the order of the nodes decides."""
    b = node("b", ACQUIRE, ack("c", 2), request("a", 1), ack("a", 2))
    assert not b.inside
    b.step(Deliver("a", Release(Stamp(5, "a"))))
    assert b.inside


def test_each_stamp_is_later_than_the_one_before():
    """IR1."""
    a = node("a")
    assert [a.stamp(), a.stamp()] == [Stamp(1, "a"), Stamp(2, "a")]


def test_what_follows_a_message_is_stamped_later_than_it():
    """IR2; and a message from the past does not put the clock back."""
    a = node("a", ack("b", 9), ack("c", 4))
    assert (a.clock, a.stamp()) == (9, Stamp(10, "a"))


def test_who_is_inside_cannot_enter_nor_who_is_outside_leave():
    assert node("a", *INSIDE).step(ACQUIRE) == [
        End(ACQUIRE, "fail", "is inside already")
    ]
    assert node("a").step(RELEASE) == [End(RELEASE, "fail", "is not inside")]


def test_alone_a_node_enters_at_once():
    alone = LamportMutex("a", ("a",))
    assert alone.step(ACQUIRE)[-1] == End(ACQUIRE, "ok", None)


# ----------------------------------------------------------------------------- the runs
@pytest.mark.parametrize("work", THINKS)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    """Conditions I, II and III of page 561."""
    assert broken(run(LamportMutex, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", THINKS)
def test_what_is_promised_is_kept_for_five_hundred_seeds(work):
    for seed in range(500):
        assert broken(run(LamportMutex, seed, work), *PROMISES) == {}, seed


def test_these_runs_meet_all_that_is_admitted():
    runs = [run(LamportMutex, seed, work) for seed in range(12) for work in THINKS]
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(LamportMutex.assumes.kinds()) - {Resume} - DISK
    assert all(len(cluster.history) > 15 for cluster in runs)


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.DoesNotQueueItsOwn, "symmetric", 0, everybody_enters),
    (mutants.AsksNobody, "symmetric", 0, everybody_enters),
    (mutants.DoesNotQueueTheRequest, "symmetric", 0, one_is_inside),
    (mutants.DoesNotAcknowledge, "symmetric", 0, everybody_enters),
    (mutants.LeavesUnseen, "symmetric", 0, everybody_enters),
    (mutants.KeepsItsOwnRequest, "symmetric", 0, one_is_inside),
    (mutants.KeepsTheRequest, "symmetric", 0, everybody_enters),
    (mutants.SkipsClauseI, "symmetric", 0, one_is_inside),
    (mutants.SkipsClauseII, "symmetric", 0, one_is_inside),
    (mutants.ComparesClocksOnly, "symmetric", 0, one_is_inside),
    (mutants.DoesNotTick, "symmetric", 0, everybody_enters),
    (mutants.KeepsItsOwnTime, "lopsided", 0, everybody_enters),
]


def shaped(work: str, kind: type, seed: int) -> Cluster:
    return run(kind, seed, work, schedule=())


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(shaped, shape), LamportMutex)


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class AgreesWithEverybody(LamportMutex):
    """Says that it is later than anything: nobody has to wait for its requests."""

    def on_request(self, src, msg):
        self.send(src, Ack(Stamp(10**6, self.id)))


# What is excluded, and the promise that it breaks
EXCLUDED: dict[type[Fault], tuple[Schedule, object]] = {
    Reordering: ((Reordering(0.5, 40),), one_is_inside),
    Duplication: ((Duplication(0.3, messages=("Release",)),), one_is_inside),
    **STUCK,
    Byzantine: ((Byzantine("s2", AgreesWithEverybody),), one_is_inside),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    assert kind not in LamportMutex.assumes.kinds()
    schedule, promise = EXCLUDED[kind]
    first_harm(promise, partial(run, LamportMutex, schedule=schedule))


def test_links_that_do_not_keep_order_let_two_in():
    unordered = partial(run, LamportMutex, schedule=(), fifo=False)
    first_harm(one_is_inside, unordered)
    first_harm(requests_are_granted_in_their_order, unordered)


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(LamportMutex.assumes.kinds()) | EXCLUDED.keys()


# -------------------------------------------------------------------------------- costs
@pytest.mark.parametrize("n", [2, 3, 8])
def test_an_entry_costs_three_messages_to_each_other_node_and_a_round_trip(n):
    cluster = Cluster(
        LamportMutex,
        servers=n,
        network=Network(5, fifo=True),
        workload={"s1": ENTER_AND_LEAVE},
    ).run()
    assert len(cluster.trace.where("send")) == 3 * (n - 1)
    entered, left = cluster.history
    assert (entered.ended_us, left.ended_us) == (10_000, 10_000)


@pytest.mark.parametrize("work", THINKS)
def test_an_entry_costs_as_many_messages_where_many_want_to_enter(work):
    cluster = run(LamportMutex, 2, work)
    entries = len(cluster.trace.where("output"))
    assert len(cluster.trace.where("send")) == 3 * (5 - 1) * entries


def test_the_next_enters_one_message_after_another_has_left():
    cluster = Cluster(
        LamportMutex,
        servers=3,
        network=Network(5, fifo=True),
        workload={"s1": ENTER_AND_LEAVE, "s2": ENTER_AND_LEAVE},
    ).run()
    assert [step.at_ms for step in cluster.trace.where("output")] == [10, 15]
