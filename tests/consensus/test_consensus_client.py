"""The client of a replicated service, step by step."""

import client_mutants as mutants
import pytest

from distlab.consensus.client import (
    Client,
    KeyValueClient,
    QueueClient,
    Redirect,
    RegisterClient,
    Reply,
    Request,
    Timeout,
)
from distlab.node import Call, CancelTimer, Crash, Deliver, End, Fire, Send, SetTimer

SERVERS = ("s1", "s2", "s3")
WRITE = Call("write", ("x", 1))
READ = Call("read", ("x",))


def client(kind: type[Client] = KeyValueClient, **settings) -> Client:
    return kind("c1", servers=SERVERS, **settings)


def each_request_has_its_own_number(kind):
    """§8, serial numbers: and the disk remembers which it has used."""
    c1 = client(kind)
    first = c1.step(WRITE)
    assert first == [Send("s1", Request(1, WRITE)), SetTimer(Timeout(), (100, 100))]
    assert c1.step(Deliver("s1", Reply(1, None))) == [
        CancelTimer(Timeout()),
        End(WRITE, "ok", None),
    ]
    c1.step(Crash())
    assert c1.step(READ)[0] == Send("s1", Request(2, READ))


def one_that_does_not_lead_sends_it_on(kind):
    """§8, redirect: the client asks the leader at once, with the same number."""
    c1 = client(kind)
    c1.step(WRITE)
    assert c1.step(Deliver("s1", Redirect(1, "s3"))) == [Send("s3", Request(1, WRITE))]


def silence_sends_it_to_another(kind):
    """§8, no answer: the same request, to the next server."""
    c1 = client(kind)
    c1.step(WRITE)
    assert c1.step(Fire(Timeout())) == [
        Send("s2", Request(1, WRITE)),
        SetTimer(Timeout(), (100, 100)),
    ]


def nobody_knows_what_came_of_silence(kind):
    """§8, no answer: it may have been executed, or may yet be."""
    c1 = client(kind, tries=1)
    c1.step(WRITE)
    assert c1.step(Fire(Timeout())) == [End(WRITE, "info", "no answer")]


STEPS = (
    each_request_has_its_own_number,
    one_that_does_not_lead_sends_it_on,
    silence_sends_it_to_another,
    nobody_knows_what_came_of_silence,
)
KILLED = {
    mutants.UsesANumberTwice: each_request_has_its_own_number,
    mutants.NumbersRetriesAnew: silence_sends_it_to_another,
    mutants.NeverAsksAgain: silence_sends_it_to_another,
    mutants.StaysWhereItIs: one_that_does_not_lead_sends_it_on,
    mutants.CallsUnknownFailed: nobody_knows_what_came_of_silence,
}


def test_a_client_numbers_its_requests():
    """§8, serial numbers: one for each request, also after a crash."""
    each_request_has_its_own_number(KeyValueClient)


def test_a_client_follows_a_redirection():
    """§8, redirect: to whoever is said to lead."""
    one_that_does_not_lead_sends_it_on(KeyValueClient)


def test_a_client_asks_again_and_then_gives_up():
    """§8, no answer: another server, the same number; at last nobody knows."""
    silence_sends_it_to_another(KeyValueClient)
    nobody_knows_what_came_of_silence(KeyValueClient)


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_a_client_that_forgets_something_is_caught(mutant):
    with pytest.raises(AssertionError):
        KILLED[mutant](mutant)


def test_an_answer_to_an_earlier_request_is_dropped():
    c1 = client()
    c1.step(WRITE)
    c1.step(Deliver("s1", Reply(1, None)))
    c1.step(READ)
    for late in (Reply(1, None), Redirect(1, "s2")):
        (note,) = c1.step(Deliver("s1", late))
        assert note.dropped and note.text == "answers an earlier request"


def test_who_knows_no_leader_is_asked_again_later():
    c1 = client()
    c1.step(WRITE)
    (note,) = c1.step(Deliver("s1", Redirect(1, "s1")))
    assert note.text == "knows no leader"


def test_without_a_timeout_a_client_waits_for_ever():
    assert client(timeout_ms=None).step(WRITE) == [Send("s1", Request(1, WRITE))]


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        (KeyValueClient, Call("cas", ("x", None, 1))),
        (RegisterClient, Call("write", (7,))),
        (RegisterClient, Call("cas", (None, 7))),
        (RegisterClient, Call("read")),
        (QueueClient, Call("enqueue", ("a",))),
        (QueueClient, Call("dequeue")),
    ],
)
def test_a_client_speaks_the_commands_of_its_machine(kind, call):
    assert client(kind).step(call)[0] == Send("s1", Request(1, call))
