"""The client of a key-value store, step by step."""

import pytest
import single_leader_mutants as mutants

from distlab.events import DiskReport
from distlab.node import (
    Call,
    CancelTimer,
    ChoiceNeeded,
    Crash,
    Deliver,
    End,
    Fire,
    Note,
    Recover,
    Send,
    SetTimer,
)
from distlab.replication.client import (
    KeyValueClient,
    Read,
    ReadReply,
    Redirect,
    Timeout,
    Write,
    WriteReply,
)

SERVERS = ("s1", "s2", "s3")
WRITE = Call("write", ("x", 1))
READ = Call("read", ("x",))


def client(**settings) -> KeyValueClient:
    return KeyValueClient("c1", servers=SERVERS, **settings)


def test_a_request_goes_to_the_first_server_with_a_new_number():
    """§4.1, 1: the client numbers its requests."""
    c1 = client()
    assert c1.step(WRITE) == [
        Send("s1", Write(1, "x", 1)),
        SetTimer(Timeout(), (100, 100)),
    ]
    assert c1.number == 1


def test_the_answer_ends_the_operation():
    c1 = client()
    c1.step(WRITE)
    assert c1.step(Deliver("s1", WriteReply(1, 7))) == [
        CancelTimer(Timeout()),
        End(WRITE, "ok", 7),
    ]


def test_a_read_ends_with_the_value():
    c1 = client()
    assert c1.step(READ)[0] == Send("s1", Read(1, "x", anywhere=False))
    assert c1.step(Deliver("s1", ReadReply(1, "hello", 7)))[1:] == [
        End(READ, "ok", "hello")
    ]


def test_without_an_answer_the_same_request_goes_to_the_next_server():
    """§4.1, no answer: with the same number, so that it is known to be the same."""
    c1 = client()
    c1.step(WRITE)
    assert c1.step(Fire(Timeout())) == [
        Send("s2", Write(1, "x", 1)),
        SetTimer(Timeout(), (100, 100)),
    ]
    asked = [c1.step(Fire(Timeout()))[0].dst for _ in range(3)]
    assert asked == ["s3", "s1", "s2"]


def test_a_write_without_an_answer_is_unknown_in_the_end():
    """Nobody knows whether it happened: it may have, or may yet."""
    c1 = client(tries=2)
    c1.step(WRITE)
    c1.step(Fire(Timeout()))
    assert c1.step(Fire(Timeout())) == [End(WRITE, "info", "no answer")]


def test_a_read_without_an_answer_fails_in_the_end():
    """It has changed nothing: it did not happen."""
    c1 = client(tries=1)
    c1.step(READ)
    assert c1.step(Fire(Timeout())) == [End(READ, "fail", "no answer")]


def test_who_does_not_lead_says_who_does():
    c1 = client()
    c1.step(WRITE)
    assert c1.step(Deliver("s1", Redirect(1, "s3"))) == [Send("s3", Write(1, "x", 1))]
    c1.step(Deliver("s3", WriteReply(1, 7)))
    assert c1.step(WRITE)[0] == Send("s3", Write(2, "x", 1))


@pytest.mark.parametrize(
    "late", [WriteReply(1, 7), ReadReply(1, "old", 7), Redirect(1, "s2")]
)
def test_the_answer_to_an_earlier_request_is_dropped(late):
    c1 = client()
    c1.step(WRITE)
    c1.step(Deliver("s1", WriteReply(1, 7)))
    dropped = [Note("answers an earlier request", dropped=True)]
    assert c1.step(Deliver("s1", late)) == dropped
    c1.step(READ)
    assert c1.step(Deliver("s1", late)) == dropped


def test_a_client_that_comes_back_uses_no_number_twice():
    c1 = client()
    c1.step(WRITE)
    c1.step(Crash(c1.saved()))
    c1.step(Recover(DiskReport()))
    assert c1.step(Deliver("s1", WriteReply(1, 7)))[0].dropped
    assert c1.step(READ)[0] == Send("s1", Read(2, "x", anywhere=False))


def test_reads_choose_among_the_replicas_that_are_named():
    c1 = client(reads_at=("s2", "s3"))
    with pytest.raises(ChoiceNeeded) as asked:
        c1.clone().step(READ)
    assert (asked.value.k, asked.value.options) == (1, ("s2", "s3"))
    asked = c1.step(READ, choices=[("s3",)])
    assert asked[0] == Send("s3", Read(1, "x", anywhere=True))


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.UsesANumberTwice: (
        test_a_request_goes_to_the_first_server_with_a_new_number
    ),
    mutants.CallsUnknownFailed: (test_a_write_without_an_answer_is_unknown_in_the_end),
    mutants.NeverAsksAgain: (
        test_without_an_answer_the_same_request_goes_to_the_next_server
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "KeyValueClient", mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
