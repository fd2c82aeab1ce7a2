"""SWIM: its steps, its promises, its mutants, and what it takes for granted."""

from functools import partial

import pytest
import swim_mutants as mutants
from killed import broken, each_mutant, first_harm, kill
from schedules import menu
from swim_runs import PROMISES, every_crash_is_found, nobody_that_lives_is_dropped, run

from distlab.faults import (
    Byzantine,
    Crash,
    Cut,
    Fault,
    Isolate,
    Loss,
    Pause,
    Recover,
    Resume,
    Schedule,
    Split,
)
from distlab.membership.swim import (
    Ack,
    Failed,
    NoAck,
    Ping,
    PingReq,
    ProtocolPeriod,
    Swim,
)
from distlab.membership.swim_round_robin import RoundRobinSwim
from distlab.membership.swim_suspicion import SuspicionSwim
from distlab.node import (
    CancelTimer,
    Deliver,
    Fire,
    Note,
    Output,
    Send,
    SetTimer,
    Start,
)
from distlab.sim import Cluster

FIVE = ("s1", "s2", "s3", "s4", "s5")
PERIOD, PATIENCE = SetTimer(ProtocolPeriod(), (200, 200)), SetTimer(NoAck(), (40, 40))


def member(id: str = "s1", **settings) -> Swim:
    """One of five."""
    made = Swim(id, FIVE, **settings)
    made.step(Start())
    return made


def pinging(target: str = "s3", **settings) -> Swim:
    """`s1`, when it has just sent the ping of its first period to this one."""
    s1 = member(**settings)
    s1.step(Fire(ProtocolPeriod()), [(FIVE.index(target) - 1,)])
    return s1


# ---------------------------------------------------------------------------- the steps
def test_in_each_period_a_member_pings_one_of_the_others():
    """§3.1, ping: the one that it draws."""
    s1 = member()
    ping = Ping((), "s1", 1)
    assert s1.step(Fire(ProtocolPeriod()), [(2,)]) == [
        Send("s4", ping),
        PATIENCE,
        PERIOD,
    ]


def test_periods_of_different_members_do_not_begin_together():
    assert Swim("s1", FIVE).step(Start()) == [SetTimer(ProtocolPeriod(), (0, 200))]


def test_who_is_pinged_answers_with_the_period_of_the_one_who_asks():
    """§3.1, ack."""
    effects = member("s3").step(Deliver("s1", Ping((), "s1", 7)))
    assert effects == [Send("s1", Ack((), "s1", 7))]


def test_without_an_answer_in_time_others_are_asked_to_ping():
    """§3.1, ping-req: k of those that are left."""
    s1 = pinging("s3", k=2)
    request = PingReq((), "s3", 1)
    assert s1.step(Fire(NoAck()), [(0, 2)]) == [
        Send("s2", request),
        Send("s5", request),
    ]


def test_of_a_small_group_all_others_are_asked():
    """§3.1, ping-req: if there are fewer than k."""
    two = Swim("s1", ("s1", "s2"))
    two.step(Start())
    two.step(Fire(ProtocolPeriod()), [(0,)])
    assert two.step(Fire(NoAck()), [()]) == []


def test_who_is_asked_pings_and_passes_the_answer_on():
    """§3.1, relay."""
    s2 = member("s2")
    assert s2.step(Deliver("s1", PingReq((), "s3", 7))) == [
        Send("s3", Ping((), "s1", 7))
    ]
    assert s2.step(Deliver("s3", Ack((), "s1", 7))) == [Send("s1", Ack((), "s1", 7))]


@pytest.mark.parametrize("way", ["s3", "s2"])
def test_an_answer_is_good_by_way_of_another_too(way):
    """§3.1, no ack: not if there was one."""
    s1 = pinging("s3")
    assert s1.step(Deliver(way, Ack((), "s1", 1))) == [CancelTimer(NoAck())]
    effects = s1.step(Fire(ProtocolPeriod()), [(0,)])
    assert effects == [Send("s2", Ping((), "s1", 2)), PATIENCE, PERIOD]


def test_who_has_not_answered_by_the_end_of_the_period_has_failed():
    """§3.1, no ack: it is on the list no more, and the next ping tells."""
    s1 = pinging("s3")
    effects = s1.step(Fire(ProtocolPeriod()), [(1,)])
    ping = Ping((Failed("s3"),), "s1", 2)
    assert effects == [
        Output(Failed("s3")),
        CancelTimer(NoAck()),
        Send("s4", ping),
        PATIENCE,
        PERIOD,
    ]
    assert list(s1.members) == ["s2", "s4", "s5"]


def test_an_answer_of_an_earlier_period_counts_for_nothing():
    """§3.1, no ack."""
    s1 = pinging("s3")
    s1.step(Deliver("s3", Ack((), "s1", 1)))
    s1.step(Fire(ProtocolPeriod()), [(2,)])
    late = Note("answered already, or too late", dropped=True)
    assert s1.step(Deliver("s3", Ack((), "s1", 1))) == [late]
    assert s1.target == "s4"


def test_the_last_one_pings_nobody():
    alone = Swim("s1", ("s1",))
    alone.step(Start())
    assert alone.step(Fire(ProtocolPeriod())) == [PERIOD]


NEWS = (Failed("s4"),)


@pytest.mark.parametrize(
    "msg", [Ping(NEWS, "s5", 1), PingReq(NEWS, "s3", 1), Ack(NEWS, "s5", 1)], ids=str
)
def test_news_is_read_from_every_message(msg):
    """§4.1, receive."""
    s1 = member()
    first, *_ = s1.step(Deliver("s2", msg))
    assert first == Output(Failed("s4"))
    assert list(s1.members) == ["s2", "s3", "s5"]


def test_what_is_known_is_no_news():
    """§4.1, receive: nor what is said of oneself."""
    s1 = member()
    s1.step(Deliver("s2", Ping(NEWS, "s2", 1)))
    told = Ping((Failed("s4"), Failed("s1")), "s2", 2)
    assert s1.step(Deliver("s2", told)) == [Send("s2", Ack(NEWS, "s2", 2))]


def test_who_is_told_that_its_target_has_failed_does_not_wait_for_it():
    """§4.1, receive."""
    s1 = pinging("s4")
    assert CancelTimer(NoAck()) in s1.step(Deliver("s2", Ping(NEWS, "s2", 1)))
    first, *_ = s1.step(Fire(ProtocolPeriod()), [(0,)])
    assert first == Send("s2", Ping(NEWS, "s1", 2))


def answers(node: Swim, count: int) -> list[tuple[str, ...]]:
    """Of whom the next so many messages of a member tell."""
    told = []
    for period in range(count):
        (send,) = node.step(Deliver("s2", Ping((), "s2", period)))
        told.append(tuple(update.member for update in send.msg.updates))
    return told


def test_what_has_been_sent_least_goes_first():
    """§4.1, send: as much of it as there is room for."""
    s1 = member(updates_max=2)
    s1.step(Deliver("s2", PingReq((Failed("s3"), Failed("s4"), Failed("s5")), "s2", 1)))
    assert answers(s1, 3) == [("s5", "s3"), ("s4", "s5"), ("s3", "s4")]


@pytest.mark.parametrize(("lambda_", "times"), [(0, 0), (0.5, 1), (1, 2), (3, 5)])
def test_news_is_passed_on_so_many_times(lambda_, times):
    """§4.1, count: λ log n, where log 5 is 1.6."""
    s1 = member(lambda_=lambda_)
    assert s1.times == times
    s1.step(Deliver("s3", Ack(NEWS, "s1", 0)))
    assert answers(s1, times + 1) == [("s4",)] * times + [()]


# ----------------------------------------------------------------------------- the runs
ALL = (Swim, SuspicionSwim, RoundRobinSwim)
WORKS = ("symmetric", "lopsided")


@pytest.mark.parametrize("protocol", ALL)
@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(
    seed, work, protocol
):
    assert broken(run(protocol, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("protocol", ALL)
@pytest.mark.parametrize("work", WORKS)
def test_what_is_promised_is_kept_for_two_hundred_seeds(work, protocol):
    for seed in range(200):
        assert broken(run(protocol, seed, work), *PROMISES) == {}, seed


@pytest.mark.parametrize("protocol", ALL)
@pytest.mark.parametrize("work", ["one link cut", "one way cut"])
@pytest.mark.parametrize("seed", range(2))
def test_a_link_that_is_cut_does_no_harm_where_others_can_be_asked(
    seed, work, protocol
):
    """§3.1, ping-req: what they are for."""
    cluster = run(protocol, seed, work)
    assert broken(cluster, *PROMISES) == {}
    sent = {type(step.what) for step in cluster.trace.where("send")}
    assert PingReq in sent


@pytest.mark.parametrize("protocol", ALL)
@pytest.mark.parametrize("rate", [0.1, 0.4, 0.8])
def test_a_crash_is_found_whatever_is_lost(rate, protocol):
    """§3.1, no ack: completeness needs no links, and only accuracy suffers."""
    for seed in range(3):
        cluster = run(protocol, seed, schedule=(Loss(rate), Crash("s2", 1000)))
        assert broken(cluster, every_crash_is_found) == {}


def test_without_others_to_ask_a_link_that_is_cut_costs_a_member():
    """§3.1, ping-req: k = 0."""
    cluster = Cluster(Swim, servers=5, k=0, faults=(Cut("s1", "s2"),)).run(10_000)
    assert nobody_that_lives_is_dropped(cluster)


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.PingsTheFirst, "symmetric", 1, every_crash_is_found),
    (mutants.AnswersNobody, "symmetric", 0, nobody_that_lives_is_dropped),
    (mutants.AsksNobodyElse, "one link cut", 0, nobody_that_lives_is_dropped),
    (mutants.PingsForNobody, "one link cut", 0, nobody_that_lives_is_dropped),
    (mutants.KeepsTheAnswer, "one link cut", 0, nobody_that_lives_is_dropped),
    (mutants.DoesNotWaitForTheOthers, "one link cut", 0, nobody_that_lives_is_dropped),
    (mutants.HopesForEver, "symmetric", 0, every_crash_is_found),
    (mutants.KeepsWhoHasFailed, "symmetric", 0, every_crash_is_found),
]
# What a run does not show, since each finds every crash by itself in the end
KILLED_BY_A_STEP = {
    mutants.TakesAnyAnswer: test_an_answer_of_an_earlier_period_counts_for_nothing,
    mutants.HearsNoNews: partial(
        test_news_is_read_from_every_message, Ping(NEWS, "s5", 1)
    ),
    mutants.CarriesNoNews: test_what_is_known_is_no_news,
    mutants.CarriesTheOldest: test_what_has_been_sent_least_goes_first,
    mutants.CarriesAll: test_what_has_been_sent_least_goes_first,
    mutants.TellsForEver: partial(test_news_is_passed_on_so_many_times, 1, 2),
    mutants.TellsOnce: partial(test_news_is_passed_on_so_many_times, 1, 2),
}


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    kill(mutant, seed, promise, PROMISES, partial(run, work=shape), Swim)


@pytest.mark.parametrize("mutant", KILLED_BY_A_STEP, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "Swim", mutant)
    with pytest.raises(AssertionError):
        KILLED_BY_A_STEP[mutant]()


def test_every_mutant_of_this_protocol_has_what_kills_it():
    known = {kind for kind in vars(mutants).values() if isinstance(kind, type)}
    mine = {kind for kind in known if issubclass(kind, Swim) and kind not in ALL}
    killed = {mutant for mutant, *_ in KILLED} | KILLED_BY_A_STEP.keys()
    assert {kind for kind in mine if not issubclass(kind, SuspicionSwim)} == killed


# ------------------------------------------------------------ what is taken for granted
class Slanders(Swim):
    """Says of everybody that it has failed."""

    def piggyback(self):
        return tuple(Failed(other) for other in self.nodes)


EXCLUDED: dict[type[Fault], Schedule] = {
    Loss: (Loss(0.5),),
    Cut: (Cut("s3", "s1", 1000), Cut("s3", "s2", 1000)),
    Split: (Split((("s1", "s2"), ("s3",)), 1000, 3000),),
    Isolate: (Isolate("s3", 1000, 3000),),
    Recover: (Crash("s3", 1000), Recover("s3", 4000)),
    Byzantine: (Byzantine("s1", Slanders),),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_the_promise_at_some_seed(kind):
    """For good: who was dropped is not taken back when the fault is over."""
    assert kind not in Swim.assumes.kinds()
    schedule = EXCLUDED[kind]
    judge = nobody_that_lives_is_dropped
    first_harm(judge, lambda seed: run(Swim, 3 * seed + 1, schedule=schedule))


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(Swim.assumes.kinds()) | EXCLUDED.keys()


def test_these_runs_meet_every_fault_that_is_admitted():
    runs = [run(Swim, seed) for seed in range(15)]
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(Swim.assumes.kinds()) - {Resume}


def test_a_member_that_stands_still_for_too_long_is_dropped_for_good():
    """Without synchrony: it is back and pings on, and nobody knows it any more."""
    cluster = run(Swim, 1, schedule=(Pause("s3", 1000, 2500),))
    assert nobody_that_lives_is_dropped(cluster) == "s1 has dropped s3"
    assert list(cluster["s3"].members) == ["s1", "s2"]
