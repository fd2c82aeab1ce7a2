"""One sentence of the paper, one test: leaderless replication, step by step."""

import pytest
import quorum_mutants as mutants

from distlab.codec import from_json, to_json
from distlab.errors import Misuse
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
from distlab.replication.quorum import (
    Fetch,
    Fetched,
    QuorumClient,
    Repair,
    Replica,
    Resend,
    Store,
    Stored,
)
from distlab.replication.siblings import Tombstone, Vector, Version

SERVERS = ("s1", "s2", "s3")
WRITE, READ = Call("write", ("x", "milk")), Call("read", ("x",))
DELETE = Call("delete", ("x",))
C1, C2 = Vector((("c1", 1),)), Vector((("c2", 7),))
MILK, EGGS = Version("milk", C1), Version("eggs", C2)
OLD, NEW = Version("old", C2), Version("new", C2.then("c3", 1))
OVER = [Note("answers a request that is over", dropped=True)]


def client(**settings) -> QuorumClient:
    return QuorumClient("c1", servers=SERVERS, **settings)


def stored(c1: QuorumClient, *replicas: str, number: int = 1) -> list:
    return [e for r in replicas for e in c1.step(Deliver(r, Stored(number)))]


def fetched(c1: QuorumClient, replica: str, *siblings: Version, number: int = 1):
    return c1.step(Deliver(replica, Fetched(number, siblings)))


def asked(effects: list) -> list[str]:
    return [e.dst for e in effects if isinstance(e, Send)]


def sent(effects: list, kind: type) -> list[tuple]:
    """To whom messages of a class go, and what versions they hold."""
    sends = [e for e in effects if isinstance(e, Send) and isinstance(e.msg, kind)]
    return [(e.dst, e.msg.siblings) for e in sends]


def ends(effects: list) -> list[End]:
    return [e for e in effects if isinstance(e, End)]


def replica(*kept: Version, **settings) -> Replica:
    s1 = Replica("s1", SERVERS, **settings)
    if kept:
        s1.step(Deliver("c9", Store(1, "x", kept)))
    return s1


def held(s1: Replica, key: str = "x") -> tuple[Version, ...]:
    """What a replica tells who asks."""
    (answer,) = s1.clone().step(Deliver("c9", Fetch(1, key)))
    return answer.msg.siblings


def restart(node) -> list:
    node.step(Crash(node.saved()))
    return node.step(Recover(DiskReport()))


# --------------------------------------------------------------------------- the writer
def test_a_write_goes_to_all_replicas_as_a_version_of_its_own():
    """§4.4, version: the writer and its number name it."""
    c1 = client()
    store = Store(1, "x", (MILK,))
    assert c1.step(WRITE) == [
        *(Send(server, store) for server in SERVERS),
        SetTimer(Resend(1), (50, 50)),
    ]


def test_a_write_supersedes_what_its_client_has_read():
    """§4.4, version: it says what its writer had seen."""
    c1 = client()
    c1.step(READ)
    fetched(c1, "s1", OLD)
    fetched(c1, "s2", EGGS)
    ((_, (version,)), *_) = sent(c1.step(WRITE), Store)
    assert version.vector.covers(C2)
    assert version.vector == C2.then("c1", 2)


def test_a_write_supersedes_the_write_before_it():
    """§4.4, version: its writer had seen that too."""
    c1 = client()
    c1.step(WRITE)
    stored(c1, "s1", "s2")
    ((_, (version,)), *_) = sent(c1.step(WRITE), Store)
    assert version.vector.covers(C1)
    assert version.vector != C1


def test_a_write_supersedes_nothing_that_its_client_has_not_seen():
    """§4.4, version: of other keys it may have seen more."""
    c1 = QuorumClient("c3", servers=SERVERS)
    c1.step(Call("read", ("y",)))
    fetched(c1, "s1", OLD)
    fetched(c1, "s2", OLD)
    ((_, (version,)), *_) = sent(c1.step(WRITE), Store)
    assert version.vector == Vector((("c3", 2),))


def test_a_write_after_a_stale_read_is_a_sibling_of_what_the_read_missed():
    """§4.4, version: the last read counts, for what is written rests on that."""
    c1 = client()
    for number, found in ((1, (OLD,)), (2, ())):
        c1.step(READ)
        fetched(c1, "s1", *found, number=number)
        fetched(c1, "s2", *found, number=number)
    ((_, (version,)), *_) = sent(c1.step(WRITE), Store)
    assert not version.vector.covers(OLD.vector)


def test_a_write_does_not_stand_on_one_that_was_given_up():
    """§4.4, version: nobody may ever see that one. Its own number covers it."""
    c1 = client(tries=1)
    c1.step(READ)
    fetched(c1, "s1", OLD)
    fetched(c1, "s2", OLD)
    c1.step(Call("write", ("y", 0)))
    c1.step(Fire(Resend(2)))
    assert dict(c1.known) == {"x": (OLD,)}


def test_a_deletion_is_a_write_of_a_tombstone():
    """§4.4, version: what is only left out comes back with the next repair."""
    c1 = client()
    effects = c1.step(DELETE)
    assert sent(effects, Store)[0] == ("s1", (Version(Tombstone(), C1),))
    assert ends(stored(c1, "s1", "s2")) == [End(DELETE, "ok", C1)]


def test_a_client_that_comes_back_uses_no_number_twice():
    c1 = client()
    c1.step(WRITE)
    restart(c1)
    assert stored(c1, "s1", "s2") == OVER * 2
    ((_, (version,)), *_) = sent(c1.step(WRITE), Store)
    assert version.vector == Vector((("c1", 2),))


# ------------------------------------------------------------------------- the counting
def test_a_write_has_succeeded_when_w_replicas_have_it():
    """§4.5, w."""
    c1 = client(w=2)
    c1.step(WRITE)
    assert stored(c1, "s3") == []
    assert stored(c1, "s1") == [End(WRITE, "ok", C1)]
    assert stored(c1, "s2") == [CancelTimer(Resend(1))]
    assert c1.pending == {}


def test_a_read_ends_when_r_replicas_have_answered():
    """§4.5, r."""
    c1 = client(r=2)
    c1.step(READ)
    assert fetched(c1, "s3", OLD) == []
    assert fetched(c1, "s2", OLD) == [End(READ, "ok", (OLD,))]


@pytest.mark.parametrize("w", [1, 2, 3])
def test_w_may_be_any_number_of_the_replicas(w):
    """§4.5, w."""
    c1 = client(w=w)
    c1.step(WRITE)
    assert ends(stored(c1, *SERVERS[: w - 1])) == []
    assert len(ends(stored(c1, *SERVERS[w - 1 :]))) == 1


def test_a_replica_that_answers_twice_counts_once():
    """§4.5, w and r: a doubled message is not another replica."""
    for call, answer in ((WRITE, Stored(1)), (READ, Fetched(1, (OLD,)))):
        c1 = client()
        c1.step(call)
        assert c1.step(Deliver("s1", answer)) == []
        assert c1.step(Deliver("s1", answer)) == []
        assert len(ends(c1.step(Deliver("s2", answer)))) == 1


def test_an_answer_to_an_earlier_request_counts_for_nothing():
    c1 = client()
    c1.step(WRITE)
    stored(c1, "s1", "s2")
    c1.step(READ)
    assert stored(c1, "s3") == [CancelTimer(Resend(1))]
    assert fetched(c1, "s1", MILK, number=2) == []
    assert stored(c1, "s3") == OVER


def test_who_has_not_answered_is_asked_again():
    c1 = client()
    c1.step(WRITE)
    stored(c1, "s2")
    effects = c1.step(Fire(Resend(1)))
    assert asked(effects) == ["s1", "s3"]
    assert effects[0].msg == Store(1, "x", (MILK,))  # the same version
    assert effects[-1] == SetTimer(Resend(1), (50, 50))


def test_nobody_is_asked_again_once_enough_have_answered():
    c1 = client()
    c1.step(WRITE)
    stored(c1, "s1", "s2")
    assert c1.step(Fire(Resend(1))) == []
    assert stored(c1, "s3") == OVER


def test_a_write_that_too_few_confirm_is_unknown_in_the_end():
    """Some replicas may have it, or get it yet, and keep it."""
    c1 = client(tries=2)
    c1.step(WRITE)
    assert ends(c1.step(Fire(Resend(1)))) == []
    assert c1.step(Fire(Resend(1))) == [End(WRITE, "info", "too few answers")]


def test_a_read_that_too_few_answer_fails_in_the_end():
    """It has changed nothing: it did not happen."""
    c1 = client(tries=1)
    c1.step(READ)
    fetched(c1, "s1", OLD)
    assert c1.step(Fire(Resend(1))) == [End(READ, "fail", "too few answers")]
    assert c1.known == {}


# --------------------------------------------------------------------------- the reader
def test_a_read_returns_what_none_of_the_answers_replaces():
    """§4.5, r."""
    for first, second in ((OLD, NEW), (NEW, OLD)):
        c1 = client()
        c1.step(READ)
        fetched(c1, "s1", first)
        assert ends(fetched(c1, "s2", second)) == [End(READ, "ok", (NEW,))]


def test_a_read_returns_all_siblings():
    """§4.5, r: versions that knew nothing of each other."""
    c1 = client()
    c1.step(READ)
    fetched(c1, "s1", MILK)
    assert ends(fetched(c1, "s2", EGGS)) == [End(READ, "ok", (MILK, EGGS))]


def test_a_key_that_nobody_has_written_has_no_version():
    c1 = client()
    c1.step(READ)
    fetched(c1, "s1")
    assert fetched(c1, "s2") == [End(READ, "ok", ())]


def test_what_is_deleted_is_not_shown():
    c1 = client()
    c1.step(READ)
    fetched(c1, "s1", Version(Tombstone(), NEW.vector))
    assert ends(fetched(c1, "s2", OLD)) == [End(READ, "ok", ())]


def test_a_write_after_a_deletion_was_read_supersedes_it():
    """§4.4, context: also what is not shown has been seen."""
    c1 = client()
    c1.step(READ)
    fetched(c1, "s1", Version(Tombstone(), NEW.vector))
    fetched(c1, "s2", OLD)
    ((_, (version,)), *_) = sent(c1.step(WRITE), Store)
    assert version.vector.covers(NEW.vector)


def test_a_replica_that_is_behind_is_sent_the_newest():
    """§4.5, read repair: also one that held nothing."""
    c1 = client()
    c1.step(READ)
    fetched(c1, "s1", NEW)
    assert sent(fetched(c1, "s2", OLD), Repair) == [("s2", (NEW,))]
    assert sent(fetched(c1, "s3"), Repair) == [("s3", (NEW,))]


def test_who_answers_late_with_something_newer_has_the_others_repaired():
    """§4.5, read repair: the read itself is over."""
    c1 = client()
    c1.step(READ)
    fetched(c1, "s1", OLD)
    fetched(c1, "s2", OLD)
    effects = fetched(c1, "s3", NEW)
    assert ends(effects) == []
    assert sent(effects, Repair) == [("s1", (NEW,)), ("s2", (NEW,))]


def test_siblings_are_repaired_on_both_sides():
    """§4.5, read repair: each gets the merge of both."""
    c1 = client()
    c1.step(READ)
    fetched(c1, "s1", MILK)
    both = (MILK, EGGS)
    assert sent(fetched(c1, "s2", EGGS), Repair) == [("s1", both), ("s2", both)]


def test_who_was_repaired_is_not_repaired_again():
    """§4.5, read repair."""
    c1 = client()
    c1.step(READ)
    fetched(c1, "s1", NEW)
    fetched(c1, "s2", OLD)
    assert sent(fetched(c1, "s3", NEW), Repair) == []


def test_an_old_answer_that_comes_twice_is_repaired_twice_and_changes_nothing():
    """§4.5, read repair: nobody can tell it from a replica that has lost something."""
    c1 = client()
    c1.step(READ)
    fetched(c1, "s1", OLD)
    fetched(c1, "s2", NEW)
    again = fetched(c1, "s1", OLD)
    assert again == [Send("s1", Repair("x", (NEW,)))]
    assert dict(c1.known) == {"x": (NEW,)}


def test_before_enough_have_answered_nobody_is_repaired():
    """§4.5, read repair: the newest is not known yet."""
    c1 = client(r=3)
    c1.step(READ)
    fetched(c1, "s1", OLD)
    assert fetched(c1, "s2", NEW) == []
    assert sent(fetched(c1, "s3", OLD), Repair) == [("s1", (NEW,)), ("s3", (NEW,))]


# -------------------------------------------------------------------------- the replica
def test_a_replica_keeps_what_it_is_sent_and_says_so():
    """§4.5, put."""
    s1 = replica()
    assert s1.step(Deliver("c1", Store(1, "x", (MILK,)))) == [Send("c1", Stored(1))]
    assert held(s1) == (MILK,)


def test_a_replica_keeps_it_beside_what_it_does_not_replace():
    """§4.5, put."""
    assert held(replica_after((MILK,), (EGGS,))) == (MILK, EGGS)


def test_a_replica_drops_what_is_replaced_whatever_comes_first():
    """§4.5, put: messages overtake each other."""
    assert held(replica_after((OLD,), (NEW,))) == (NEW,)
    assert held(replica_after((NEW,), (OLD,))) == (NEW,)


def replica_after(*stores: tuple[Version, ...]) -> Replica:
    s1 = replica()
    for number, siblings in enumerate(stores):
        s1.step(Deliver("c1", Store(number, "x", siblings)))
    return s1


def test_a_replica_tells_all_versions_that_it_has():
    """§4.5, get."""
    s1 = replica(MILK, EGGS)
    told = [Send("c2", Fetched(5, (MILK, EGGS)))]
    assert s1.step(Deliver("c2", Fetch(5, "x"))) == told


def test_a_replica_says_that_it_has_nothing():
    """§4.5, get."""
    assert held(replica(), "never written") == ()


def test_a_replica_answers_what_it_is_sent_again_and_saves_it_once():
    """§4.5, put: the first answer may be lost."""
    s1 = replica(MILK)
    before = s1.log
    again = s1.step(Deliver("c1", Store(1, "x", (MILK,))))
    assert again == [Send("c1", Stored(1))]
    assert s1.log == before


def test_a_repair_is_kept_as_a_write_is_and_not_answered():
    """§4.5, read repair."""
    s1 = replica(OLD)
    assert s1.step(Deliver("c1", Repair("x", (MILK, NEW)))) == []
    assert held(s1) == (MILK, NEW)


def test_what_is_kept_is_on_disk_before_it_is_answered():
    """§4.5, put: the same step writes the log and answers."""
    s1 = replica()
    s1.step(Deliver("c1", Store(1, "x", (MILK,))))
    assert s1.log == Log(("x", (MILK,)))


def test_a_replica_that_comes_back_has_what_it_had():
    s1 = replica(OLD)
    s1.step(Deliver("c1", Store(2, "y", (MILK,))))
    s1.step(Deliver("c1", Store(3, "x", (NEW, EGGS))))
    assert restart(s1) == []
    assert (held(s1, "x"), held(s1, "y")) == ((NEW,), (MILK,))


def test_a_log_is_cut_down_to_what_is_not_overwritten():
    s1 = replica(log_kept=2)
    for number in range(1, 20):
        version = Version(number, Vector((("c1", number),)))
        s1.step(Deliver("c1", Store(number, "xy"[number > 1], (version,))))
        assert len(s1.log) <= 6
    restart(s1)
    assert [v.value for key in "xy" for v in held(s1, key)] == [1, 19]


# ---------------------------------------------------------------------------- the edges
@pytest.mark.parametrize("wrong", [{"r": 0}, {"r": 4}, {"w": 0}, {"w": 4}])
def test_a_quorum_that_cannot_be_is_refused(wrong):
    with pytest.raises(Misuse, match=r"of 3 replicas: choose from 1 to 3"):
        client(**wrong).step(Start())


@pytest.mark.parametrize("value", [float("nan"), None, (), ("a", ("b",)), True])
def test_any_frozen_value_can_be_written(value):
    """Versions are told apart by their vectors; no value is compared with another."""
    c1, s1 = client(r=1, w=1), replica()
    for call in (Call("write", ("x", value)), Call("write", ("x", value)), READ):
        request = c1.step(call)[0].msg
        (answer,) = s1.step(Deliver("c1", request))
        (end, *_) = ends(c1.step(Deliver("s1", answer.msg)))
    assert [v.value for v in end.value] == [value] or value != value
    before = s1.log
    s1.step(Deliver("c1", Repair("x", end.value)))
    assert s1.log == before


def test_what_is_sent_is_the_same_on_the_wire():
    gone = Version(Tombstone(), NEW.vector)
    for message in (
        Store(1, "x", (MILK, gone)),
        Fetched(2, ()),
        Repair("x", (Version((1, None), C1),)),
    ):
        assert from_json(to_json(message)) == message


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.ForgetsTheContext: test_a_write_supersedes_what_its_client_has_read,
    mutants.RemembersWhatItNoLongerFinds: (
        test_a_write_after_a_stale_read_is_a_sibling_of_what_the_read_missed
    ),
    mutants.ForgetsItsOwnWrite: test_a_write_supersedes_the_write_before_it,
    mutants.UsesANumberTwice: test_a_client_that_comes_back_uses_no_number_twice,
    mutants.ClaimsToHaveSeenEverything: (
        test_a_write_supersedes_nothing_that_its_client_has_not_seen
    ),
    mutants.RemembersWhatFailed: (
        test_a_write_that_too_few_confirm_is_unknown_in_the_end
    ),
    mutants.WritesNothingToDelete: test_a_deletion_is_a_write_of_a_tombstone,
    mutants.AnswersWritesOneTooEarly: (
        test_a_write_has_succeeded_when_w_replicas_have_it
    ),
    mutants.AnswersReadsOneTooEarly: test_a_read_ends_when_r_replicas_have_answered,
    mutants.CountsAReplicaTwice: test_a_replica_that_answers_twice_counts_once,
    mutants.CountsAnswersToOldRequests: (
        test_an_answer_to_an_earlier_request_counts_for_nothing
    ),
    mutants.AsksOnlyOnce: test_who_has_not_answered_is_asked_again,
    mutants.AsksEverybodyAgain: test_who_has_not_answered_is_asked_again,
    mutants.CallsUnknownFailed: (
        test_a_write_that_too_few_confirm_is_unknown_in_the_end
    ),
    mutants.ForgetsStragglers: (
        test_who_answers_late_with_something_newer_has_the_others_repaired
    ),
    mutants.ReturnsTheFirstAnswer: (
        test_a_read_returns_what_none_of_the_answers_replaces
    ),
    mutants.ReturnsWhatIsSuperseded: (
        test_a_read_returns_what_none_of_the_answers_replaces
    ),
    mutants.ReturnsOneSibling: test_a_read_returns_all_siblings,
    mutants.ShowsTombstones: test_what_is_deleted_is_not_shown,
    mutants.ForgetsTombstones: (test_a_write_after_a_deletion_was_read_supersedes_it),
    mutants.RepairsNobody: test_a_replica_that_is_behind_is_sent_the_newest,
    mutants.RepairsWithWhatItJustGot: (
        test_a_replica_that_is_behind_is_sent_the_newest
    ),
    mutants.RepairsAgainAndAgain: test_who_was_repaired_is_not_repaired_again,
    mutants.Overwrites: (test_a_replica_drops_what_is_replaced_whatever_comes_first),
    mutants.DropsSiblings: (test_a_replica_keeps_it_beside_what_it_does_not_replace),
    mutants.KeepsSuperseded: (
        test_a_replica_drops_what_is_replaced_whatever_comes_first
    ),
    mutants.AnswersBeforeItIsOnDisk: (
        test_what_is_kept_is_on_disk_before_it_is_answered
    ),
    mutants.AnswersOnlyForWhatIsNew: (
        test_a_replica_answers_what_it_is_sent_again_and_saves_it_once
    ),
    mutants.AnswersWithOneSibling: test_a_replica_tells_all_versions_that_it_has,
    mutants.IgnoresRepairs: (test_a_repair_is_kept_as_a_write_is_and_not_answered),
    mutants.SavesWhatHasNotChanged: (
        test_a_replica_answers_what_it_is_sent_again_and_saves_it_once
    ),
    mutants.ForgetsRowsInCompaction: (
        test_a_log_is_cut_down_to_what_is_not_overwritten
    ),
    mutants.NeverCompacts: test_a_log_is_cut_down_to_what_is_not_overwritten,
    mutants.ForgetsRowsInCrash: test_a_replica_that_comes_back_has_what_it_had,
    mutants.RecoversTheFirstEntryOfAKey: (
        test_a_replica_that_comes_back_has_what_it_had
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    of = "QuorumClient" if issubclass(mutant, QuorumClient) else "Replica"
    monkeypatch.setitem(globals(), of, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
