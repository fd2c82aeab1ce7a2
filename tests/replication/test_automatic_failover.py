"""One sentence of the source, one test: automatic failover, step by step."""

import failover_mutants as mutants
import pytest
import test_failover
from killed import mutants_in

from distlab.events import DiskReport
from distlab.node import (
    CancelTimer,
    Crash,
    Deliver,
    Fire,
    Note,
    Recover,
    Send,
    SetTimer,
    Start,
)
from distlab.replication.automatic_failover import (
    AutomaticFailover,
    Heartbeat,
    LeaderTimeout,
    Poll,
    PollEnd,
    Position,
    Promote,
)
from distlab.replication.client import Redirect, Write
from distlab.replication.failover import Append, Appended, Entry, Epoch

NODES = ("s1", "s2", "s3")
NONE, FIRST, SECOND, THIRD = Epoch(0, ""), Epoch(1, ""), Epoch(2, "s3"), Epoch(3, "s1")
X = Entry(1, FIRST, "x", "a", "c1", 1)
Y = Entry(2, FIRST, "y", "b", "c2", 1)
SUSPECT = Fire(LeaderTimeout())


def replica(id: str, *log: Entry) -> AutomaticFailover:
    node = AutomaticFailover(id, NODES)
    node.step(Start())
    if log:
        node.step(Deliver("s1", Append(FIRST, 0, NONE, log)))
    return node


def sends(effects: list) -> list:
    return [effect for effect in effects if isinstance(effect, Send)]


def timers(effects: list) -> list:
    return [e for e in effects if isinstance(e, (SetTimer, CancelTimer))]


def test_the_leader_shows_that_it_lives():
    s1 = AutomaticFailover("s1", NODES)
    assert s1.step(Start()) == [SetTimer(Heartbeat(), (50, 50))]
    effects = s1.step(Fire(Heartbeat()))
    assert sends(effects) == [
        Send("s2", Append(FIRST, 0, NONE, ())),
        Send("s3", Append(FIRST, 0, NONE, ())),
    ]
    assert timers(effects)[-1] == SetTimer(Heartbeat(), (50, 50))


def test_a_follower_waits_for_a_time_of_its_own():
    """Failover 1: not all at the same moment."""
    s2 = AutomaticFailover("s2", NODES, failover_ms=200)
    assert SetTimer(LeaderTimeout(), (200, 300)) in s2.step(Start())


def test_a_follower_that_hears_from_its_leader_goes_on_waiting():
    """Failover 1: and stops a poll that it has begun."""
    s2 = replica("s2")
    assert timers(s2.step(Deliver("s1", Append(FIRST, 0, NONE, ())))) == [
        CancelTimer(PollEnd()),
        SetTimer(LeaderTimeout(), (200, 300)),
    ]


def test_an_old_leader_is_no_leader_to_wait_for():
    s2 = replica("s2")
    s2.step(Deliver("s3", Append(SECOND, 0, NONE, ())))
    assert timers(s2.step(Deliver("s1", Append(FIRST, 0, NONE, ())))) == []


def test_a_follower_that_misses_its_leader_asks_how_far_the_others_are():
    """Failover 1."""
    s2 = replica("s2", X)
    effects = s2.step(SUSPECT)
    assert Note("s2 misses its leader") in effects
    assert sends(effects) == [Send("s1", Poll(FIRST)), Send("s3", Poll(FIRST))]
    assert timers(effects)[-1] == SetTimer(PollEnd(), (30, 30))
    assert (
        SetTimer(LeaderTimeout(), (200, 300)) in effects
    )  # in case nothing comes of it


def test_a_follower_says_how_far_it_is():
    s3 = replica("s3", X, Y)
    assert s3.step(Deliver("s2", Poll(FIRST))) == [
        Send("s2", Position(FIRST, FIRST, 2))
    ]


def test_a_leader_that_is_missed_and_lives_says_so():
    s1 = replica("s1")
    assert s1.step(Deliver("s2", Poll(FIRST))) == [
        Send("s2", Append(FIRST, 0, NONE, ()))
    ]


def test_the_one_furthest_ahead_is_promoted():
    """Failover 2: another, or itself."""
    s2 = replica("s2", X)
    s2.step(SUSPECT)
    s2.step(Deliver("s3", Position(FIRST, FIRST, 2)))
    assert s2.step(Fire(PollEnd())) == [Send("s3", Promote(Epoch(2, "s3")))]
    s3 = replica("s3", X, Y)
    s3.step(SUSPECT)
    s3.step(Deliver("s2", Position(FIRST, FIRST, 1)))
    s3.step(Fire(PollEnd()))
    assert (s3.leading, s3.epoch) == (True, Epoch(2, "s3"))


def test_a_later_epoch_is_further_ahead_than_a_longer_log():
    """Failover 2: the longer one may be the tail of a leader that was replaced."""
    s2 = replica("s2", X, Y)
    s2.step(SUSPECT)
    s2.step(Deliver("s3", Position(FIRST, SECOND, 1)))
    assert s2.step(Fire(PollEnd())) == [Send("s3", Promote(Epoch(2, "s3")))]


def test_of_equals_all_choose_the_same():
    """Failover 2: two that choose at once must not choose two."""
    s2, s3 = replica("s2", X), replica("s3", X)
    for chooser, other in ((s2, "s3"), (s3, "s2")):
        chooser.step(SUSPECT)
        chooser.step(Deliver(other, Position(FIRST, FIRST, 1)))
    s2.step(Fire(PollEnd()))
    assert s2.leading
    assert s3.step(Fire(PollEnd())) == [Send("s2", Promote(Epoch(2, "s2")))]


def test_who_is_promoted_leads():
    """Failover 2 and Failover 3: it tells everybody."""
    s3 = replica("s3", X)
    effects = s3.step(Deliver("s2", Promote(Epoch(2, "s3"))))
    assert s3.leading
    assert sends(effects) == [
        Send("s1", Append(SECOND, 1, FIRST, ())),
        Send("s2", Append(SECOND, 1, FIRST, ())),
    ]
    assert timers(effects)[-3:] == [
        CancelTimer(LeaderTimeout()),
        CancelTimer(PollEnd()),
        SetTimer(Heartbeat(), (50, 50)),
    ]


@pytest.mark.parametrize("choice", [Epoch(2, "s3"), Epoch(1, "s3")])
def test_a_promotion_that_is_old_or_done_changes_nothing(choice):
    s3 = replica("s3")
    s3.step(Deliver("s2", Promote(Epoch(2, "s3"))))
    (note,) = s3.step(Deliver("s2", Promote(choice)))
    assert note.dropped and s3.epoch == SECOND


def test_a_promotion_after_a_later_leader_changes_nothing():
    s3 = replica("s3")
    s3.step(Deliver("s1", Append(THIRD, 0, NONE, ())))
    s3.step(Deliver("s2", Promote(SECOND)))
    assert (s3.leading, s3.epoch) == (False, THIRD)


def test_an_old_leader_stops_its_heartbeats_and_waits_for_the_new_ones():
    """Failover 3."""
    s1 = replica("s1")
    effects = s1.step(Deliver("s3", Append(SECOND, 0, NONE, ())))
    assert CancelTimer(Heartbeat()) in effects
    assert timers(effects)[-1] == SetTimer(LeaderTimeout(), (200, 300))


def test_a_leader_that_comes_back_waits_to_hear_who_leads_now():
    s1 = replica("s1")
    s1.step(Deliver("c1", Write(1, "x", "a")))
    s1.step(Crash(s1.saved()))
    assert s1.step(Recover(DiskReport())) == [
        CancelTimer(PollEnd()),
        SetTimer(LeaderTimeout(), (200, 300)),
    ]
    assert s1.step(Deliver("c1", Write(1, "x", "a"))) == [Send("c1", Redirect(1, "s1"))]
    s1.step(SUSPECT)
    s1.step(Fire(PollEnd()))
    assert s1.leading
    assert s1.epoch == Epoch(2, "s1")
    assert sends(s1.step(Deliver("s2", Appended(s1.epoch, 1)))) == []


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.PromotesItself: test_the_one_furthest_ahead_is_promoted,
    mutants.PromotesTheLongest: (test_a_later_epoch_is_further_ahead_than_a_longer_log),
    mutants.LeadsAfterCrash: (
        test_a_leader_that_comes_back_waits_to_hear_who_leads_now
    ),
    mutants.NeverSuspects: (
        test_a_follower_that_misses_its_leader_asks_how_far_the_others_are
    ),
    mutants.SuspectsOnce: (
        test_a_follower_that_misses_its_leader_asks_how_far_the_others_are
    ),
    mutants.SendsNoHeartbeats: test_the_leader_shows_that_it_lives,
    mutants.HearsNoHeartbeats: (
        test_a_follower_that_hears_from_its_leader_goes_on_waiting
    ),
    mutants.LeaderStaysSilentToPolls: (test_a_leader_that_is_missed_and_lives_says_so),
    mutants.KeepsItsHeartbeatsGoing: (
        test_an_old_leader_stops_its_heartbeats_and_waits_for_the_new_ones
    ),
    mutants.ObeysOldPromotions: test_a_promotion_after_a_later_leader_changes_nothing,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "AutomaticFailover", mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()


def test_every_mutant_has_what_kills_it():
    assert mutants_in(mutants) == KILLED.keys() | test_failover.KILLED.keys()
