"""Two-phase commit, step by step: one sentence of the book, one test."""

import pytest
import two_phase_commit_mutants as mutants

from distlab.consensus.two_phase_commit import (
    Abort,
    Commit,
    Coordinator,
    Decided,
    Decision,
    DecisionReq,
    No,
    Participant,
    Timeout,
    VoteReq,
    Yes,
)
from distlab.node import (
    Call,
    CancelTimer,
    Crash,
    Deliver,
    DiskReport,
    End,
    Fire,
    Note,
    Output,
    Recover,
    Send,
    SetTimer,
    Start,
)

THREE, COMMIT = ("p1", "p2", "p3"), Call("commit")
ASKED, TOLD = Deliver("c1", VoteReq()), Deliver("p3", DecisionReq())
EVERYBODY = [Send(dst, DecisionReq()) for dst in ("c1", "p2", "p3")]


def coordinator(*events) -> Coordinator:
    c1 = Coordinator("c1", participants=THREE)
    for event in events:
        c1.step(event)
    return c1


def participant(*events, able: bool = True) -> Participant:
    p1 = Participant("p1", THREE, coordinator=("c1",), able=able)
    for event in events:
        p1.step(event)
    return p1


def restart(node) -> list:
    node.step(Crash(node.saved()))
    return node.step(Recover(DiskReport()))


def to_all(msg) -> list[Send]:
    return [Send(dst, msg) for dst in THREE]


# ----------------------------------------------------------------------------- no fault
def test_the_coordinator_asks_all_for_their_votes():
    """Step 1."""
    c1 = coordinator()
    asks = [*to_all(VoteReq()), SetTimer(Timeout(), (50, 50))]
    assert c1.step(COMMIT) == asks
    assert c1.started


def test_a_participant_that_can_votes_yes():
    """Step 2: and from then on it waits."""
    p1 = participant(Start())
    waits = SetTimer(Timeout(), (100, 100))
    assert p1.step(ASKED) == [waits, Send("c1", Yes())]
    assert p1.uncertain


def test_a_participant_that_cannot_votes_no_and_aborts():
    """Step 2."""
    p1 = participant(able=False)
    assert p1.step(ASKED) == [
        CancelTimer(Timeout()),
        Output(Decided(Decision.ABORT)),
        Send("c1", No()),
    ]


def test_when_all_have_voted_yes_they_commit():
    """Step 3."""
    c1 = coordinator(COMMIT, Deliver("p1", Yes()), Deliver("p3", Yes()))
    assert c1.decision is None
    assert c1.step(Deliver("p2", Yes())) == [
        CancelTimer(Timeout()),
        *to_all(Commit()),
        Output(Decided(Decision.COMMIT)),
        End(COMMIT, "ok", Decision.COMMIT),
    ]


def test_a_vote_that_comes_twice_is_one_vote():
    """Step 3."""
    c1 = coordinator(COMMIT, *(Deliver("p1", Yes()) for _ in range(9)))
    assert c1.decision is None


def test_one_that_votes_no_makes_all_abort():
    """Step 3."""
    c1 = coordinator(COMMIT, Deliver("p1", Yes()), Deliver("p3", Yes()))
    assert to_all(Abort()) == c1.step(Deliver("p2", No()))[1:4]
    assert c1.step(Deliver("p2", Yes())) == [Note("has decided", dropped=True)]
    assert c1.step(Deliver("p2", No())) == [Note("has decided", dropped=True)]


@pytest.mark.parametrize(
    ("msg", "decision"), [(Commit(), Decision.COMMIT), (Abort(), Decision.ABORT)]
)
def test_a_participant_decides_what_it_is_told(msg, decision):
    """Step 4: once."""
    p1 = participant(ASKED)
    told = p1.step(Deliver("c1", msg))
    assert told == [CancelTimer(Timeout()), Output(Decided(decision))]
    assert p1.step(Deliver("p2", msg)) == [Note("knows it", dropped=True)]


# ----------------------------------------------------------------------------- timeouts
def test_who_is_not_asked_aborts():
    """Timeout, vote request: and then votes no."""
    p1 = participant(Start())
    aborts = Output(Decided(Decision.ABORT))
    assert p1.step(Fire(Timeout()))[-1] == aborts
    assert p1.step(ASKED) == [Send("c1", No())]


def test_without_all_votes_they_abort():
    """Timeout, votes: consensus would not need all of them."""
    c1 = coordinator(COMMIT, Deliver("p1", Yes()), Deliver("p3", Yes()))
    assert to_all(Abort()) == c1.step(Fire(Timeout()))[2:5]
    assert c1.step(Deliver("p2", Yes())) == [Note("has decided", dropped=True)]


def test_who_has_voted_yes_can_only_ask():
    """Timeout, decision: again and again."""
    p1 = participant(Start(), ASKED)
    asks = [Note("uncertain"), *EVERYBODY, SetTimer(Timeout(), (100, 100))]
    assert p1.step(Fire(Timeout())) == p1.step(Fire(Timeout())) == asks


def test_who_has_decided_tells_who_asks():
    """Termination, 1."""
    p1 = participant(ASKED, Deliver("c1", Commit()))
    assert p1.step(TOLD) == [Send("p3", Commit())]
    c1 = coordinator(COMMIT, Deliver("p1", No()))
    assert c1.step(TOLD) == [Send("p3", Abort())]


def test_who_has_not_voted_aborts_and_tells_who_asks():
    """Termination, 2: nobody can have committed without it, nor ever will."""
    p1 = participant(Start())
    assert p1.step(TOLD)[1:] == [
        Output(Decided(Decision.ABORT)),
        Send("p3", Abort()),
    ]
    assert p1.step(ASKED) == [Send("c1", No())]


def test_who_is_uncertain_cannot_help():
    """Termination, 3."""
    assert participant(ASKED).step(TOLD) == [Note("does not know either", dropped=True)]
    assert coordinator(COMMIT).step(TOLD) == [Note("has not decided", dropped=True)]


# ------------------------------------------------------------------------------ crashes
def test_a_coordinator_that_comes_back_without_a_decision_aborts():
    """Recovery, coordinator: the votes were in its memory."""
    c1 = coordinator(COMMIT, Deliver("p1", Yes()))
    assert to_all(Abort()) == restart(c1)[1:4]
    assert restart(coordinator()) == []


def test_a_coordinator_that_comes_back_knows_its_decision():
    """Recovery, coordinator; Termination, 1."""
    c1 = coordinator(COMMIT, *(Deliver(src, Yes()) for src in THREE))
    assert restart(c1) == []
    assert c1.step(TOLD) == [Send("p3", Commit())]
    assert c1.step(COMMIT) == [End(COMMIT, "ok", Decision.COMMIT)]


def test_a_participant_that_comes_back_aborts_if_it_has_not_voted():
    """Recovery, participant."""
    assert restart(participant(Start()))[-1] == Output(Decided(Decision.ABORT))


def test_a_participant_that_comes_back_asks_if_it_has_voted():
    """Recovery, participant."""
    assert restart(participant(Start(), ASKED))[1:4] == EVERYBODY


@pytest.mark.parametrize("msg", [Commit(), Abort()])
def test_a_participant_that_comes_back_knows_its_decision(msg):
    """Recovery, participant; Termination, 1."""
    p1 = participant(Start(), ASKED, Deliver("c1", msg))
    assert restart(p1) == []
    assert p1.step(TOLD) == [Send("p3", msg)]


# What takes a wrong step that no run has come to, and the test that sees it
KILLED = {
    mutants.CountsAVoteTwice: lambda: test_a_vote_that_comes_twice_is_one_vote(),
    mutants.TellsOnce: lambda: test_who_has_decided_tells_who_asks(),
    mutants.VotesNoAndWaits: lambda: (
        test_a_participant_that_cannot_votes_no_and_aborts()
    ),
    mutants.HelpsNobody: lambda: test_who_has_decided_tells_who_asks(),
    mutants.TellsAbortAndForgetsIt: lambda: (
        test_who_has_not_voted_aborts_and_tells_who_asks()
    ),
    mutants.ForgetsWhatItHasDecided: lambda: (
        test_a_participant_that_comes_back_knows_its_decision(Commit())
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), mutant.__base__.__name__, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
