"""One sentence of the source, one test: failover, step by step."""

import failover_mutants as mutants
import pytest

from distlab.events import DiskReport
from distlab.node import (
    Call,
    CancelTimer,
    Crash,
    Deliver,
    End,
    Fire,
    Log,
    Note,
    Recover,
    Send,
    SetTimer,
    Start,
)
from distlab.replication.after_commit import AfterCommit
from distlab.replication.client import Read, ReadReply, Redirect, Write, WriteReply
from distlab.replication.failover import (
    Append,
    Appended,
    Entry,
    Epoch,
    Failover,
    Fetch,
    Retransmit,
)

NODES = ("s1", "s2", "s3")
NONE, FIRST, SECOND, THIRD = Epoch(0, ""), Epoch(1, ""), Epoch(2, "s2"), Epoch(3, "s3")
X = Entry(1, FIRST, "x", "a", "c1", 1)
Y = Entry(2, FIRST, "y", "b", "c2", 1)
Z = Entry(2, SECOND, "z", "c", "c3", 1)  # what the second leader has where Y was


def replica(id: str, **settings) -> Failover:
    node = Failover(id, NODES, **settings)
    node.step(Start())
    return node


def follower(*log: Entry, id: str = "s3") -> Failover:
    """One that has this log of the first epoch."""
    node = replica(id)
    node.step(Deliver("s1", Append(FIRST, 0, NONE, log)))
    return node


def promoted(*log: Entry, **settings) -> Failover:
    node = replica("s2", **settings)
    node.step(Deliver("s1", Append(FIRST, 0, NONE, log)))
    node.step(Call("promote"))
    return node


def read(node: Failover, key: str):
    """What a reader of this node sees now."""
    (answer,) = node.clone().step(Deliver("c9", Read(1, key, anywhere=True)))
    return answer.msg.value


def dropped(effects: list) -> bool:
    return [type(effect) for effect in effects] == [Note] and effects[0].dropped


# ---------------------------------------------------------------------------- promotion
def test_the_first_node_leads_the_first_epoch():
    assert [replica(id).leading for id in NODES] == [True, False, False]


def test_a_promoted_follower_leads_a_new_epoch_and_tells_everybody():
    """Failover 2."""
    s2 = follower(X, id="s2")
    assert s2.step(Call("promote")) == [
        Note("leads epoch 2"),
        Send("s1", Append(SECOND, 1, FIRST, ())),
        SetTimer(Retransmit("s1"), (50, 50)),
        Send("s3", Append(SECOND, 1, FIRST, ())),
        SetTimer(Retransmit("s3"), (50, 50)),
        End(Call("promote"), "ok", None),
    ]


def test_promoting_the_leader_changes_nothing():
    s1 = replica("s1")
    assert s1.step(Call("promote")) == [End(Call("promote"), "ok", None)]


def test_an_old_leader_that_hears_of_the_new_one_follows_it():
    """Failover 3."""
    s1 = replica("s1")
    effects = s1.step(Deliver("s2", Append(SECOND, 0, NONE, ())))
    assert effects == [
        Note("leads no longer"),
        CancelTimer(Retransmit("s2")),
        CancelTimer(Retransmit("s3")),
        Send("s2", Appended(SECOND, 0)),
    ]
    assert s1.step(Deliver("c1", Write(1, "x", "a"))) == [Send("c1", Redirect(1, "s2"))]
    assert s1.step(Deliver("c1", Read(1, "x"))) == [Send("c1", Redirect(1, "s2"))]


def test_an_old_leader_is_told_that_it_is_old():
    """Failover 3: what it sends is not taken."""
    s3 = follower(X)
    s3.step(Deliver("s2", Append(SECOND, 1, FIRST, ())))
    assert s3.step(Deliver("s1", Append(FIRST, 1, FIRST, (Y,)))) == [
        Send("s1", Appended(SECOND, 0))
    ]
    assert s3.log == Log(X)


def test_of_two_leaders_with_the_same_number_one_gives_way():
    """Both were promoted, neither knew of the other: the names decide."""
    s2, s3 = promoted(), replica("s3")
    s3.step(Call("promote"))
    s3.step(Deliver("s2", Append(SECOND, 0, NONE, ())))
    s2.step(Deliver("s3", Append(Epoch(2, "s3"), 0, NONE, ())))
    assert (s2.leading, s3.leading, s2.leader) == (False, True, "s3")


# ------------------------------------------------------------------------- the old tail
def test_what_the_new_leader_does_not_have_is_discarded():
    """Failover, writes discarded: even if a client was told that it is stored."""
    s1 = replica("s1")
    for entry in (X, Y):
        s1.step(Deliver(entry.client, Write(entry.number, entry.key, entry.value)))
    assert (s1.log, read(s1, "y")) == (Log(X, Y), "b")
    effects = s1.step(Deliver("s2", Append(SECOND, 1, FIRST, ())))
    assert Note("discards the end of its log") in effects
    assert (s1.log, read(s1, "x"), read(s1, "y")) == (Log(X), "a", None)
    assert s1.requests == {"c1": X}


def test_what_conflicts_with_the_new_leaders_log_is_replaced():
    """Failover, writes discarded."""
    s3 = follower(X, Y)
    s3.step(Deliver("s2", Append(SECOND, 1, FIRST, (Z,))))
    assert (s3.log, read(s3, "y"), read(s3, "z")) == (Log(X, Z), None, "c")


def test_a_log_that_does_not_continue_the_leaders_is_sent_anew():
    s3 = follower(X, Y)
    effects = s3.step(Deliver("s2", Append(SECOND, 2, SECOND, ())))
    assert effects == [Send("s2", Fetch(SECOND, 0))]
    assert s3.log == Log(X, Y)  # until the leader's is here
    s2 = promoted(X)
    s2.step(Deliver("c3", Write(1, "z", "c")))
    assert s2.step(Deliver("s3", Fetch(SECOND, 0))) == [
        Send("s3", Append(SECOND, 0, NONE, (X, Z)))
    ]


def test_a_follower_that_misses_entries_asks_for_them():
    s3 = follower(X)
    later = Entry(3, FIRST, "x", "d", "c1", 2)
    assert s3.step(Deliver("s1", Append(FIRST, 2, FIRST, (later,)))) == [
        Send("s1", Fetch(FIRST, 1))
    ]


def test_what_arrives_late_from_the_same_leader_takes_nothing_back():
    s3 = follower(X, Y)
    s3.step(Deliver("s1", Append(FIRST, 0, NONE, (X,))))
    assert s3.log == Log(X, Y)


def test_the_last_epochs_entry_shows_whose_log_it_is():
    """What is behind the new leader's log and of an old epoch is not the new one's."""
    s3 = follower(X, Y)
    s3.step(Deliver("s2", Append(SECOND, 1, FIRST, ())))
    assert s3.log == Log(X)


# ------------------------------------------------------------------------------ answers
def test_a_confirmation_of_an_earlier_epoch_does_not_count():
    s2 = promoted(sync_followers=1)
    s2.step(Deliver("c1", Write(1, "x", "a")))
    assert dropped(s2.step(Deliver("s3", Appended(FIRST, 1))))
    answer = Send("c1", WriteReply(1))
    assert answer in s2.step(Deliver("s3", Appended(SECOND, 1)))


def test_who_leads_again_counts_no_confirmations_from_before():
    """The follower's log may have been cut meanwhile."""
    s2 = promoted(X, sync_followers=1)
    s2.step(Deliver("s3", Appended(SECOND, 1)))
    s2.step(Deliver("s3", Append(THIRD, 0, NONE, ())))
    s2.step(Call("promote"))
    assert Send("c2", WriteReply(1)) not in s2.step(Deliver("c2", Write(1, "y", "b")))


def test_a_retry_is_answered_when_the_new_leaders_followers_have_it():
    """The old leader may have answered it: what its followers had says nothing now."""
    s2 = promoted(X, sync_followers=1)
    assert dropped(s2.step(Deliver("c1", Write(1, "x", "a"))))
    s2.step(Deliver("s3", Appended(SECOND, 1)))
    assert s2.step(Deliver("c1", Write(1, "x", "a"))) == [Send("c1", WriteReply(1))]


def test_who_does_not_lead_answers_neither_fetches_nor_confirmations():
    s3 = follower(X)
    assert dropped(s3.step(Deliver("s2", Fetch(FIRST, 0))))
    assert dropped(s3.step(Deliver("s2", Appended(FIRST, 1))))


def test_what_is_not_confirmed_is_sent_again():
    s2 = promoted(X)
    again = [
        Send("s3", Append(SECOND, 1, FIRST, ())),
        SetTimer(Retransmit("s3"), (50, 50)),
    ]
    assert s2.step(Fire(Retransmit("s3"))) == again
    s2.step(Deliver("s3", Appended(SECOND, 0)))
    again[0] = Send("s3", Append(SECOND, 0, NONE, (X,)))
    assert s2.step(Fire(Retransmit("s3"))) == again


# ------------------------------------------------------------------------------ crashes
def test_an_old_leader_that_comes_back_leads_on_until_it_hears():
    s1 = replica("s1")
    s1.step(Deliver("c1", Write(1, "x", "a")))
    s1.step(Crash(s1.saved()))
    effects = s1.step(Recover(DiskReport()))
    assert effects[0] == Note("leads epoch 1")
    assert s1.step(Deliver("c1", Read(2, "x"))) == [Send("c1", ReadReply(2, "a", 1))]


def test_a_follower_that_comes_back_asks_for_what_it_missed():
    s3 = follower(X)
    s3.step(Crash(s3.saved()))
    assert s3.step(Recover(DiskReport())) == [Send("s1", Fetch(FIRST, 1))]
    assert (read(s3, "x"), s3.requests) == ("a", {"c1": X})


def test_a_torn_record_may_leave_the_log_shorter_than_what_was_shown():
    s3 = follower(X, Y)
    before = dict(zip(s3.of_kind("durable"), s3.saved()[0], strict=True))
    s3.step(Deliver("s2", Append(SECOND, 1, FIRST, ())))
    assert (before["safe"], s3.saved()[0][1]) == (2, Log(X))
    s3.step(Crash(((SECOND, Log(X), 2), ())))
    s3.step(Recover(DiskReport(lost=1, torn=True)))
    assert (s3.safe, read(s3, "y")) == (1, None)


# ------------------------------------------------------------------------- after-commit
def before_and_after_a_follower_has_it(order: type[Failover]):
    """What a reader sees of an unanswered write, and of the answered one."""
    s1 = order("s1", NODES, sync_followers=1)
    s1.step(Start())
    assert Send("c1", WriteReply(1)) not in s1.step(Deliver("c1", Write(1, "x", "a")))
    before = read(s1, "x")
    assert Send("c1", WriteReply(1)) in s1.step(Deliver("s2", Appended(FIRST, 1)))
    return before, read(s1, "x")


def test_readers_see_a_write_before_a_follower_has_it():
    """AFTER_COMMIT: and its writer still waits."""
    assert before_and_after_a_follower_has_it(AfterCommit) == ("a", "a")


def test_readers_wait_as_long_as_the_writer():
    """AFTER_SYNC, which replaced it."""
    assert before_and_after_a_follower_has_it(Failover) == (None, "a")


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.PromotesInTheSameEpoch: (
        test_a_promoted_follower_leads_a_new_epoch_and_tells_everybody
    ),
    mutants.ForgetsToTellAfterPromotion: (
        test_a_promoted_follower_leads_a_new_epoch_and_tells_everybody
    ),
    mutants.ObeysOldLeaders: test_an_old_leader_is_told_that_it_is_old,
    mutants.NeverStepsDown: (test_an_old_leader_that_hears_of_the_new_one_follows_it),
    mutants.CountsOldConfirmations: (
        test_a_confirmation_of_an_earlier_epoch_does_not_count
    ),
    mutants.KeepsOldConfirmations: (
        test_who_leads_again_counts_no_confirmations_from_before
    ),
    mutants.AnswersRetriesOfOldEpochs: (
        test_a_retry_is_answered_when_the_new_leaders_followers_have_it
    ),
    mutants.ComparesPlacesOnly: (
        test_a_log_that_does_not_continue_the_leaders_is_sent_anew
    ),
    mutants.KeepsItsTail: test_what_the_new_leader_does_not_have_is_discarded,
    mutants.KeepsWhatConflicts: (
        test_what_conflicts_with_the_new_leaders_log_is_replaced
    ),
    mutants.KeepsRowsOfLostEntries: (
        test_what_the_new_leader_does_not_have_is_discarded
    ),
    mutants.KeepsRequestsOfLostEntries: (
        test_what_the_new_leader_does_not_have_is_discarded
    ),
    mutants.TakesBackWhatIsLate: (
        test_what_arrives_late_from_the_same_leader_takes_nothing_back
    ),
    mutants.ShowsWhatATornRecordLost: (
        test_a_torn_record_may_leave_the_log_shorter_than_what_was_shown
    ),
    mutants.WaitsBeforeItShows: test_readers_see_a_write_before_a_follower_has_it,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), mutant.__base__.__name__, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
