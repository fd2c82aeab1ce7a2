"""ABD, step by step: one sentence of the papers, one test."""

import abd_mutants as mutants
import pytest

from distlab.errors import Misuse
from distlab.events import DiskReport
from distlab.node import (
    Call,
    CancelTimer,
    Crash,
    Deliver,
    End,
    Fire,
    Note,
    Recover,
    Send,
    SetTimer,
    Start,
)
from distlab.quorum import AtLeast, Weighted, column, row
from distlab.replication.abd import (
    AbdClient,
    AbdReplica,
    Fetch,
    Fetched,
    Resend,
    Row,
    Stamp,
    Store,
    Stored,
)
from distlab.replication.abd_as_story import StoryClient

SERVERS = ("s1", "s2", "s3")
READ, WRITE = Call("read", ("x",)), Call("write", ("x", "new"))
NOTHING = Row("x")
OLD, NEWER = Row("x", Stamp(3, "c2"), "old"), Row("x", Stamp(4, "c3"), "newer")
LATE = [Note("answers a phase that is over", dropped=True)]


def client(**settings) -> AbdClient:
    return AbdClient("c1", ("c1",), servers=SERVERS, **settings)


def replica(*rows: Row) -> AbdReplica:
    """A replica that has been told these."""
    s1 = AbdReplica("s1", SERVERS)
    for number, row_ in enumerate(rows):
        s1.step(Deliver("c9", Store(number, row_)))
    return s1


def answer(c1: AbdClient, **rows: Row) -> list:
    """What the client does when these replicas have told it this."""
    return [
        effect
        for src, row_ in rows.items()
        for effect in c1.step(Deliver(src, Fetched(c1.number, row_)))
    ]


def stored(c1: AbdClient, *servers: str) -> list:
    """What the client does when these have stored what it asked."""
    return [
        effect for src in servers for effect in c1.step(Deliver(src, Stored(c1.number)))
    ]


def restart(node) -> list:
    node.step(Crash(node.saved()))
    return node.step(Recover(DiskReport()))


# ---------------------------------------------------------------------------- the query
@pytest.mark.parametrize("call", [READ, WRITE], ids=str)
def test_reader_and_writer_ask_all_replicas_first(call):
    """Query; Communicate."""
    c1 = client()
    assert c1.step(call) == [
        *(Send(server, Fetch(1, "x")) for server in SERVERS),
        SetTimer(Resend(), (50, 50)),
    ]


def test_a_replica_answers_with_what_it_holds_and_its_stamp():
    """Answer to a query."""
    s1 = replica(OLD)
    assert s1.step(Deliver("c1", Fetch(7, "x"))) == [Send("c1", Fetched(7, OLD))]
    assert s1.step(Deliver("c1", Fetch(8, "y"))) == [Send("c1", Fetched(8, Row("y")))]


def test_it_waits_for_a_majority_and_for_no_replica_in_particular():
    """Communicate."""
    for first, second in (("s1", "s2"), ("s2", "s3"), ("s3", "s1")):
        c1 = client()
        c1.step(READ)
        assert answer(c1, **{first: OLD}) == []
        assert answer(c1, **{second: OLD}) != []


def test_a_replica_that_answers_twice_is_one_replica():
    c1 = client()
    c1.step(WRITE)
    assert answer(c1, s1=OLD) + answer(c1, s1=OLD) == []
    answer(c1, s2=OLD)
    assert stored(c1, "s3", "s3", "s3") == []


# -------------------------------------------------------------------------- propagation
def test_a_write_gets_a_stamp_beyond_all_that_it_was_told():
    """Writer propagates."""
    c1 = client()
    c1.step(WRITE)
    new = Row("x", Stamp(5, "c1"), "new")
    assert answer(c1, s1=NEWER, s3=OLD) == [
        *(Send(server, Store(1, new)) for server in SERVERS),
        SetTimer(Resend(), (50, 50)),
    ]
    assert stored(c1, "s3", "s2") == [
        CancelTimer(Resend()),
        End(WRITE, "ok", Stamp(5, "c1")),
    ]


def test_a_read_has_the_newest_stored_before_it_returns_it():
    """Reader propagates."""
    c1 = client()
    c1.step(READ)
    assert answer(c1, s1=NEWER, s3=OLD) == [
        *(Send(server, Store(1, NEWER)) for server in SERVERS),
        SetTimer(Resend(), (50, 50)),
    ]
    assert stored(c1, "s3") == []
    assert stored(c1, "s2") == [CancelTimer(Resend()), End(READ, "ok", "newer")]


def test_a_read_of_what_was_never_written_finds_nothing():
    c1 = client()
    c1.step(READ)
    answer(c1, s1=NOTHING, s2=NOTHING)
    assert stored(c1, "s1", "s2")[-1] == End(READ, "ok", None)


def test_a_replica_takes_what_is_newer_and_acknowledges_it():
    """Answer to a propagation."""
    s1 = replica(OLD)
    assert s1.step(Deliver("c1", Store(7, NEWER))) == [Send("c1", Stored(7))]
    assert s1.row("x") == NEWER


def test_a_replica_keeps_what_is_newer_and_acknowledges_all_the_same():
    """Answer to a propagation: superseded, that write is over too."""
    s1 = replica(NEWER)
    assert s1.step(Deliver("c1", Store(7, OLD))) == [Send("c1", Stored(7))]
    assert s1.row("x") == NEWER


def test_of_equal_numbers_the_greater_name_is_newer_in_whatever_order_they_come():
    """Writer propagates: its own name is in the stamp."""
    one, other = Row("x", Stamp(4, "c2"), 1), Row("x", Stamp(4, "c3"), 2)
    assert replica(one, other).row("x") == replica(other, one).row("x") == other


def test_each_key_is_a_register_of_its_own():
    s1 = replica(NEWER, Row("y", Stamp(1, "c1"), "other"))
    assert (s1.row("x").value, s1.row("y").value) == ("newer", "other")


# ---------------------------------------------------------------------- other quorums
GRID = (("s1", "s2"), ("s3", "s4"))
HEAVY = Weighted((("s1", 2), ("s2", 1), ("s3", 1)))
SHAPES = [
    (AtLeast(SERVERS, 1), ("s2",), AtLeast(SERVERS, 3), ("s3", "s2", "s1")),
    (AtLeast(SERVERS, 3), ("s2", "s1", "s3"), AtLeast(SERVERS, 1), ("s3",)),
    (HEAVY, ("s3", "s2", "s1"), HEAVY, ("s1", "s3")),
    (row(GRID), ("s2", "s4", "s3"), column(GRID), ("s3", "s2", "s4")),
]


@pytest.mark.parametrize(("reads", "asked", "writes", "told"), SHAPES, ids=repr)
@pytest.mark.parametrize("call", [READ, WRITE], ids=str)
def test_it_asks_a_read_quorum_and_tells_a_write_quorum(
    call, reads, asked, writes, told
):
    """Communicate: with Lynch and Shvartsman's quorums in the place of majorities."""
    c1 = AbdClient(
        "c1", servers=("s1", "s2", "s3", "s4"), read_quorum=reads, write_quorum=writes
    )
    c1.step(call)
    assert [bool(answer(c1, **{src: OLD})) for src in asked].index(True) + 1 == len(
        asked
    )
    assert [bool(stored(c1, src)) for src in told].index(True) + 1 == len(told)


def test_a_quorum_that_can_never_answer_is_refused():
    with pytest.raises(Misuse, match="not even all of s1, s2, s3 are enough"):
        client(read_quorum=AtLeast(("s1", "s9"), 2)).step(Start())
    client(read_quorum=AtLeast(SERVERS, 3)).step(Start())


# -------------------------------------------------------------- loss, lateness, crashes
def test_who_has_not_answered_is_asked_again():
    c1 = client()
    c1.step(READ)
    answer(c1, s2=OLD)
    again = [Send("s1", Fetch(1, "x")), Send("s3", Fetch(1, "x"))]
    assert c1.step(Fire(Resend())) == [*again, SetTimer(Resend(), (50, 50))]
    answer(c1, s3=OLD)
    assert [e.dst for e in c1.step(Fire(Resend()))[:-1]] == [*SERVERS]


def test_an_answer_to_an_earlier_phase_is_dropped():
    c1 = client()
    c1.step(READ)
    answer(c1, s1=OLD, s2=OLD)
    assert answer(c1, s3=NEWER) == LATE
    stored(c1, "s1", "s2")
    assert stored(c1, "s3") == LATE
    c1.step(READ)
    assert c1.step(Deliver("s3", Fetched(1, OLD))) == LATE
    assert c1.step(Deliver("s3", Stored(1))) == LATE


def test_who_has_told_what_it_holds_has_not_stored_anything():
    c1 = client()
    c1.step(WRITE)
    answer(c1, s1=OLD, s2=OLD)
    assert stored(c1, "s3") == []


def test_a_replica_that_comes_back_holds_what_it_held():
    s1 = replica(OLD, NEWER, Row("y", Stamp(1, "c1"), 1))
    assert restart(s1) == []
    assert (s1.row("x"), s1.row("y").value) == (NEWER, 1)


def test_the_log_of_a_replica_does_not_grow_with_every_write():
    s1 = replica(
        Row("y", Stamp(1, "c1"), "rare"),
        *(Row("x", Stamp(i, "c1"), i) for i in range(1, 1000)),
    )
    assert len(s1.log) < 110
    restart(s1)
    assert (s1.row("x").value, s1.row("y").value) == (999, "rare")


def test_a_client_that_comes_back_counts_no_answer_to_its_former_life():
    c1 = client()
    c1.step(READ)
    restart(c1)
    assert c1.step(READ)[0] == Send("s1", Fetch(2, "x"))
    assert c1.step(Deliver("s1", Fetched(1, OLD))) == LATE


def test_a_client_that_comes_back_gives_no_stamp_twice():
    """Its former write may be stored where the query of this one does not reach."""
    c1 = client()
    c1.step(WRITE)
    assert answer(c1, s1=OLD, s2=OLD)[0].msg.row.stamp == Stamp(4, "c1")
    restart(c1)
    c1.step(WRITE)
    assert answer(c1, s1=OLD, s2=OLD)[0].msg.row.stamp == Stamp(5, "c1")


# -------------------------------------------------------------------------- the story
def test_the_story_has_the_same_steps(monkeypatch):
    """A read; A write."""
    monkeypatch.setitem(globals(), "AbdClient", StoryClient)
    test_a_write_gets_a_stamp_beyond_all_that_it_was_told()
    test_a_read_has_the_newest_stored_before_it_returns_it()
    test_a_read_of_what_was_never_written_finds_nothing()
    test_who_has_not_answered_is_asked_again()
    test_an_answer_to_an_earlier_phase_is_dropped()
    test_a_client_that_comes_back_gives_no_stamp_twice()


def test_a_story_halfway_down_is_no_state():
    """So it can be run, and not compared, explored or sent; the handlers can."""
    plain, story = client(), StoryClient("c1", ("c1",), servers=SERVERS)
    for node in (plain, story):
        node.step(READ)
    assert plain.clone().fingerprint() == plain.fingerprint()
    with pytest.raises(Misuse, match="a generator in a node's state may change"):
        story.fingerprint()


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.ForgetsItsNumber: (
        test_a_client_that_comes_back_counts_no_answer_to_its_former_life
    ),
    mutants.ClearsItsLog: test_the_log_of_a_replica_does_not_grow_with_every_write,
    mutants.MixesUpKeys: test_each_key_is_a_register_of_its_own,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    kind = AbdReplica if issubclass(mutant, AbdReplica) else AbdClient
    monkeypatch.setitem(globals(), kind.__name__, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
