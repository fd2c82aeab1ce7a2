"""One sentence of the source, one test: single-leader replication, step by step."""

import pytest
import single_leader_mutants as mutants

from distlab.errors import Misuse
from distlab.events import DiskReport
from distlab.node import (
    CancelTimer,
    Crash,
    Deliver,
    Fire,
    Log,
    Note,
    Recover,
    Send,
    SetTimer,
    Start,
)
from distlab.replication.client import Read, ReadReply, Redirect, Write, WriteReply
from distlab.replication.single_leader import (
    Append,
    Appended,
    Entry,
    Fetch,
    Install,
    Retransmit,
    SingleLeader,
    Snapshot,
)

NODES = ("s1", "s2", "s3")
X, Y = Entry(1, "x", "a", "c1", 1), Entry(2, "y", "b", "c1", 2)
Z = Entry(3, "x", "c", "c1", 3)


def replica(id: str, **settings) -> SingleLeader:
    return SingleLeader(id, NODES, **settings)


def leader_with(*entries: Entry, **settings) -> SingleLeader:
    """A leader that has been asked for these."""
    s1 = replica("s1", **settings)
    for e in entries:
        s1.step(Deliver(e.client, Write(e.number, e.key, e.value)))
    return s1


def follower_with(*entries: Entry, **settings) -> SingleLeader:
    s2 = replica("s2", **settings)
    s2.step(Deliver("s1", Append(entries)))
    return s2


def read(node: SingleLeader, key: str):
    """What a reader of this node sees now."""
    (answer,) = node.clone().step(Deliver("c9", Read(1, key, anywhere=True)))
    return answer.msg.value


def restart(node: SingleLeader) -> list:
    node.step(Crash(node.saved()))
    return node.step(Recover(DiskReport()))


# ------------------------------------------------------------------------------- writes
def test_the_leader_stores_a_write_and_sends_it_to_all_followers():
    """Leaders and Followers 1; Leaders and Followers 2."""
    s1 = replica("s1")
    effects = s1.step(Deliver("c1", Write(1, "x", "a")))
    assert s1.log == Log(X)
    assert effects == [
        Send("s2", Append((X,))),
        Send("s3", Append((X,))),
        SetTimer(Retransmit("s2"), (50, 50)),
        SetTimer(Retransmit("s3"), (50, 50)),
        Send("c1", WriteReply(1, 1)),
    ]


def test_a_follower_takes_no_writes_and_says_who_does():
    """Leaders and Followers 3."""
    s2 = replica("s2")
    assert s2.step(Deliver("c1", Write(1, "x", "a"))) == [Send("c1", Redirect(1, "s1"))]
    assert s2.log == Log()


def test_a_retry_is_answered_again_and_not_written_again():
    """VR Revisited 4.1, 2: the same request."""
    s1 = leader_with(X, Y)
    again = s1.step(Deliver("c1", Write(2, "y", "b")))
    assert (again, s1.log) == ([Send("c1", WriteReply(2, 2))], Log(X, Y))


def test_an_old_request_is_dropped():
    """VR Revisited 4.1, 2: its client has gone on; a newer write may stand there."""
    s1 = leader_with(X, Y)
    (dropped,) = s1.step(Deliver("c1", Write(1, "x", "a")))
    assert isinstance(dropped, Note) and dropped.dropped
    assert s1.log == Log(X, Y)


def test_a_retry_is_not_answered_before_the_followers_are():
    s1 = leader_with(X, sync_followers=1)
    (dropped,) = s1.step(Deliver("c1", Write(1, "x", "a")))
    assert isinstance(dropped, Note) and dropped.dropped


# ------------------------------------------------------ synchronous versus asynchronous
@pytest.mark.parametrize("sync_followers", [0, 1, 2])
def test_the_leader_answers_when_so_many_followers_have_confirmed(sync_followers):
    """Synchronous Versus Asynchronous."""
    s1 = replica("s1", sync_followers=sync_followers)
    steps = [Deliver("c1", Write(1, "x", "a"))]
    steps += [Deliver(follower, Appended(1)) for follower in ("s2", "s3")]
    answered = [Send("c1", WriteReply(1, 1)) in s1.step(step) for step in steps]
    assert answered.index(True) == sync_followers
    assert answered.count(True) == 1


@pytest.mark.parametrize("sync_followers", [0, 1, 2])
def test_nothing_is_seen_at_the_leader_before_it_is_answered(sync_followers):
    """AFTER_SYNC: the storage engine commits when the followers have it."""
    s1 = replica("s1", sync_followers=sync_followers)
    steps = [Deliver("c1", Write(1, "x", "a"))]
    steps += [Deliver(follower, Appended(1)) for follower in ("s2", "s3")]
    seen = []
    for step in steps:
        s1.step(step)
        seen.append(read(s1, "x"))
    assert seen == [None] * sync_followers + ["a"] * (3 - sync_followers)


def test_one_follower_that_confirms_twice_is_one_follower():
    s1 = leader_with(X, sync_followers=2)
    for _ in range(2):
        assert s1.step(Deliver("s2", Appended(1)))[:-1] == []
    assert Send("c1", WriteReply(1, 1)) in s1.step(Deliver("s3", Appended(1)))


def test_a_late_confirmation_takes_nothing_back():
    s1 = leader_with(X, Y, sync_followers=1)
    s1.step(Deliver("s2", Appended(2)))
    s1.step(Deliver("s2", Appended(1)))
    assert (s1.acked["s2"], s1.safe) == (2, 2)


@pytest.mark.parametrize("sync_followers", [-1, 3])
def test_more_synchronous_followers_than_there_are_is_refused(sync_followers):
    with pytest.raises(Misuse, match="sync_followers: choose from 0 to 2"):
        replica("s1", sync_followers=sync_followers).step(Start())


# ---------------------------------------------------------------------------- followers
def test_a_follower_applies_the_log_in_the_leaders_order_and_confirms():
    """Leaders and Followers 2."""
    s2 = replica("s2")
    assert s2.step(Deliver("s1", Append((X, Y, Z)))) == [Send("s1", Appended(3))]
    assert (s2.log, read(s2, "x"), read(s2, "y")) == (Log(X, Y, Z), "c", "b")


def test_a_follower_that_misses_an_entry_asks_for_it_and_applies_nothing_behind_it():
    s2 = follower_with(X)
    assert s2.step(Deliver("s1", Append((Z,)))) == [
        Note("an entry in between is missing"),
        Send("s1", Fetch(1)),
    ]
    assert (s2.log, read(s2, "x")) == (Log(X), "a")


def test_a_follower_takes_an_entry_once():
    s2 = follower_with(X, Y)
    assert s2.step(Deliver("s1", Append((X, Y, Z)))) == [Send("s1", Appended(3))]
    assert s2.log == Log(X, Y, Z)
    assert s2.step(Deliver("s1", Append((Y,)))) == [Send("s1", Appended(3))]
    assert s2.log == Log(X, Y, Z)


def test_a_follower_answers_reads_with_what_it_has():
    """Leaders and Followers 3: and that may be old."""
    s2 = follower_with(X)
    assert s2.step(Deliver("c1", Read(5, "x", anywhere=True))) == [
        Send("c1", ReadReply(5, "a", 1))
    ]


def test_a_read_of_the_leader_is_not_answered_by_a_follower():
    s2 = follower_with(X)
    assert s2.step(Deliver("c1", Read(5, "x"))) == [Send("c1", Redirect(5, "s1"))]


# --------------------------------------------------------- loss, new followers, crashes
def test_what_a_follower_has_not_confirmed_is_sent_again():
    s1 = leader_with(X, Y)
    s1.step(Deliver("s2", Appended(1)))
    assert s1.step(Fire(Retransmit("s2"))) == [
        Send("s2", Append((Y,))),
        SetTimer(Retransmit("s2"), (50, 50)),
    ]


def test_nothing_is_sent_again_once_all_is_confirmed():
    s1 = leader_with(X, Y)
    assert s1.step(Deliver("s2", Appended(1))) == []
    assert s1.step(Deliver("s2", Appended(2))) == [CancelTimer(Retransmit("s2"))]


def test_the_leader_sends_the_log_behind_the_place_that_a_follower_has_reached():
    """New Followers 4: it had asked, New Followers 3."""
    s1 = leader_with(X, Y, Z)
    assert s1.step(Deliver("s2", Fetch(1))) == [Send("s2", Append((Y, Z)))]


def test_the_leader_sums_up_the_beginning_of_its_log():
    """New Followers 1: the last entry of each key and each client is all it takes."""
    s1 = leader_with(X, Y, Z, Entry(4, "x", "d", "c2", 1), log_kept=2)
    assert s1.snapshot == Snapshot(2, (X, Y), (Y,))
    assert s1.log == Log(Z, Entry(4, "x", "d", "c2", 1))
    assert (s1.last_index, read(s1, "x"), read(s1, "y")) == (4, "d", "b")


def test_what_may_still_be_unsafe_is_not_summed_up():
    s1 = leader_with(X, Y, Z, log_kept=1, sync_followers=1)
    assert s1.snapshot == Snapshot()
    s1.step(Deliver("s2", Appended(2)))
    assert s1.snapshot == Snapshot(1, (X,), (X,))


def test_a_follower_that_the_log_does_not_reach_gets_the_snapshot_and_the_rest():
    """New Followers 2."""
    s1 = leader_with(X, Y, log_kept=1)
    install = Install(Snapshot(1, (X,), (X,)), (Y,))
    assert s1.step(Deliver("s2", Fetch(0))) == [
        Note("the log no longer reaches back"),
        Send("s2", install),
    ]
    s2 = replica("s2")
    assert s2.step(Deliver("s1", install)) == [Send("s1", Appended(2))]
    assert (read(s2, "x"), read(s2, "y")) == ("a", "b")
    assert s2.requests == {"c1": Y}


def test_a_follower_that_is_further_keeps_what_it_has():
    """A snapshot that arrives late takes nothing back."""
    s2 = follower_with(X, Y, Z)
    s2.step(Deliver("s1", Install(Snapshot(1, (X,), (X,)), (Y,))))
    assert (s2.last_index, read(s2, "x")) == (3, "c")


def test_a_follower_that_comes_back_asks_for_what_it_missed():
    """Follower failure."""
    s2 = follower_with(X, Y)
    assert restart(s2) == [Note("back from a crash"), Send("s1", Fetch(2))]
    assert (read(s2, "x"), read(s2, "y")) == ("a", "b")


def test_a_leader_that_comes_back_shows_what_it_showed_and_goes_on():
    s1 = leader_with(X, Y, sync_followers=1)
    s1.step(Deliver("s2", Appended(1)))
    effects = restart(s1)
    assert [e for e in effects if isinstance(e, Send)] == [
        Send("s2", Append(())),
        Send("s3", Append(())),
    ]
    assert (read(s1, "x"), read(s1, "y")) == ("a", None)
    assert Send("c1", WriteReply(2, 2)) in s1.step(Deliver("s3", Appended(2)))


def test_a_leader_that_comes_back_still_knows_the_requests_of_its_clients():
    s1 = leader_with(Entry(1, "x", "a", "c2", 1), Y, Z, log_kept=1)
    assert s1.log == Log(Z)
    restart(s1)
    for client, number, index in (("c1", 3, 3), ("c2", 1, 1)):
        again = s1.step(Deliver(client, Write(number, "x", "again")))
        assert again == [Send(client, WriteReply(number, index))]


@pytest.mark.parametrize("part", [1, 2])
def test_a_torn_record_leaves_a_replica_that_can_go_on(part):
    """The snapshot is on disk; the log behind it, or `safe`, is still the old one."""
    s1 = leader_with(X, Y, Z, log_kept=2)
    before = dict(zip(("snapshot", "log", "safe"), s1.saved()[0], strict=True))
    s1.step(Deliver("c1", Write(4, "x", "d")))
    after = dict(zip(("snapshot", "log", "safe"), s1.saved()[0], strict=True))
    torn = {**before, **dict(list(after.items())[:part])}
    s1.step(Crash((tuple(torn.values()), ())))
    s1.step(Recover(DiskReport(lost=1, torn=True)))
    assert [entry.index for entry in s1.log] == [3, 4][:part]
    assert (read(s1, "x"), read(s1, "y")) == ("c", "b")


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.SkipsSnapshot: (
        test_a_follower_that_the_log_does_not_reach_gets_the_snapshot_and_the_rest
    ),
    mutants.SkipsLogBehindSnapshot: (
        test_a_follower_that_the_log_does_not_reach_gets_the_snapshot_and_the_rest
    ),
    mutants.InstallsOldSnapshot: test_a_follower_that_is_further_keeps_what_it_has,
    mutants.ForgetsRequestsInSnapshot: (
        test_a_leader_that_comes_back_still_knows_the_requests_of_its_clients
    ),
    mutants.NeverAsksForWhatIsMissing: (
        test_a_follower_that_misses_an_entry_asks_for_it_and_applies_nothing_behind_it
    ),
    mutants.ForgetsToAskAfterCrash: (
        test_a_leader_that_comes_back_shows_what_it_showed_and_goes_on
    ),
    mutants.TakesConfirmationsBack: test_a_late_confirmation_takes_nothing_back,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "SingleLeader", mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
