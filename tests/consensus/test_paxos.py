"""Paxos, one sentence of the paper each; a mutant forgets it and is caught."""

import paxos_mutants as mutants
import pytest

from distlab.consensus.paxos import (
    Accept,
    Accepted,
    Ballot,
    Decided,
    Nack,
    Paxos,
    Prepare,
    Promise,
    Proposal,
    Retry,
)
from distlab.events import DiskReport
from distlab.node import (
    Call,
    CancelTimer,
    Crash,
    Deliver,
    End,
    Fire,
    Message,
    Note,
    Output,
    Recover,
    Send,
    SetTimer,
)

NODES = ("s1", "s2", "s3")
ZERO, ONE, TWO, THREE = (Ballot(n, f"s{n}") for n in range(4))
PROPOSE = Call("propose", ("tea",))
LATE = [Note("answers a phase that is over", dropped=True)]
FOUND = Note("proposes what it has found")
OUTBID = Note("outbid")


def to_all(msg: Message) -> list[Send]:
    return [Send(dst, msg) for dst in NODES]


def told(node: Paxos, *answers: tuple[str, Message]) -> list:
    """What a node does when it has been told all this."""
    return [e for src, msg in answers for e in node.step(Deliver(src, msg))]


def restart(node: Paxos) -> None:
    node.step(Crash(node.saved()))
    node.step(Recover(DiskReport()))


def preparing(kind: type = Paxos) -> Paxos:
    """A proposer that has asked for promises to its ballot ONE."""
    s1 = kind("s1", NODES)
    s1.step(PROPOSE)
    return s1


def proposing(kind: type = Paxos) -> Paxos:
    """A proposer that has asked all to accept tea in its ballot ONE."""
    s1 = preparing(kind)
    told(s1, ("s2", Promise(ONE, None)), ("s3", Promise(ONE, None)))
    return s1


# ------------------------------------------------------------------------- the proposer
def test_a_proposer_prepares_a_higher_number_each_time(kind=Paxos):
    """§2.2, Phase 1 (a); §2.4, progress: and remembers on disk which it has used."""
    s1 = kind("s1", NODES)
    again = SetTimer(Retry(), (50, 150))
    assert s1.step(PROPOSE) == [*to_all(Prepare(ONE)), again]
    assert s1.step(Fire(Retry())) == [*to_all(Prepare(Ballot(2, "s1"))), again]
    restart(s1)
    assert s1.step(PROPOSE) == [*to_all(Prepare(Ballot(3, "s1"))), again]


def test_it_proposes_its_own_value_if_a_majority_tells_of_none(kind=Paxos):
    """§2.2, Phase 2 (a); §2.2, P2c: a majority is enough."""
    s1 = preparing(kind)
    assert told(s1, ("s2", Promise(ONE, None))) == []
    assert told(s1, ("s3", Promise(ONE, None))) == to_all(Accept(ONE, "tea"))
    assert told(s1, ("s1", Promise(ONE, None))) == LATE


def test_it_proposes_what_the_highest_proposal_has_that_it_is_told(kind=Paxos):
    """§2.2, P2c: in whatever order it is told."""
    for reported in (
        (Proposal(THREE, "milk"), Proposal(TWO, "coffee")),
        (Proposal(TWO, "coffee"), Proposal(THREE, "milk")),
        (Proposal(THREE, "milk"), None),
    ):
        s1 = preparing(kind)
        for _ in range(3):
            s1.step(Fire(Retry()))
        four = Ballot(4, "s1")
        answers = zip(("s2", "s3"), reported, strict=True)
        promises = [(src, Promise(four, proposal)) for src, proposal in answers]
        assert told(s1, *promises) == [FOUND, *to_all(Accept(four, "milk"))]


def test_an_acceptor_that_answers_twice_is_one_acceptor(kind=Paxos):
    """§2.2, Phase 2 (a); §2.3, learn: acceptors count, not messages."""
    s1 = preparing(kind)
    assert told(s1, *[("s2", Promise(ONE, None))] * 2) == []
    s1 = proposing(kind)
    assert told(s1, *[("s2", Accepted(ONE))] * 2) == []


def test_answers_to_an_earlier_ballot_count_for_nothing(kind=Paxos):
    """§2.2, Phase 2 (a); §2.3, learn."""
    s1 = proposing(kind)
    told(s1, ("s2", Accepted(ONE)))
    s1.step(Fire(Retry()))
    for late in (Promise(ONE, None), Accepted(ONE), Nack(ONE, TWO)):
        assert told(s1, ("s2", late), ("s3", late)) == LATE * 2
    two = Ballot(2, "s1")
    told(s1, ("s2", Promise(two, None)), ("s3", Promise(two, None)))
    assert told(s1, ("s2", Accepted(ONE)), ("s3", Accepted(ONE))) == LATE * 2


def test_one_that_is_outbid_gives_up_its_ballot_and_goes_beyond(kind=Paxos):
    """§2.2, abandon: its next number is higher than what it was told."""
    s1 = proposing(kind)
    assert told(s1, ("s2", Nack(ONE, Ballot(6, "s3")))) == [OUTBID]
    assert told(s1, ("s1", Accepted(ONE)), ("s3", Accepted(ONE))) == LATE * 2
    assert s1.step(Fire(Retry()))[0] == Send("s1", Prepare(Ballot(7, "s1")))


# ------------------------------------------------------------------------- the acceptor
def test_it_promises_and_tells_what_it_has_accepted(kind=Paxos):
    """§2.2, Phase 1 (b)."""
    s3 = kind("s3", NODES)
    assert told(s3, ("s1", Prepare(ONE))) == [Send("s1", Promise(ONE, None))]
    told(s3, ("s1", Accept(ONE, "tea")))
    tea = Proposal(ONE, "tea")
    assert told(s3, ("s2", Prepare(TWO))) == [Send("s2", Promise(TWO, tea))]


def test_it_promises_again_to_whom_it_has_promised(kind=Paxos):
    """§2.2, Phase 1 (b): the first promise may have been lost."""
    s3 = kind("s3", NODES)
    told(s3, ("s1", Prepare(ONE)))
    assert told(s3, ("s1", Prepare(ONE))) == [Send("s1", Promise(ONE, None))]


def test_it_keeps_its_promise(kind=Paxos):
    """§2.2, Phase 1 (b); §2.2, Phase 2 (b): after a crash, too."""
    s3 = kind("s3", NODES)
    told(s3, ("s2", Prepare(TWO)))
    for _ in range(2):
        refusal = [Send("s1", Nack(ONE, TWO))]
        assert told(s3, ("s1", Prepare(ONE))) == refusal
        assert told(s3, ("s1", Accept(ONE, "tea"))) == refusal
        restart(s3)


def test_it_accepts_what_it_has_not_promised_to_refuse(kind=Paxos):
    """§2.2, Phase 2 (b): whether it was asked to prepare for it or not."""
    for prepared in (True, False):
        s3 = kind("s3", NODES)
        if prepared:
            told(s3, ("s1", Prepare(ONE)))
        assert told(s3, ("s1", Accept(ONE, "tea"))) == [Send("s1", Accepted(ONE))]
        restart(s3)
        assert s3.accepted == Proposal(ONE, "tea")


def test_what_it_accepts_is_the_highest_so_far(kind=Paxos):
    """§2.2, Phase 2 (b): so it need not look for the highest among several."""
    s3 = kind("s3", NODES)
    told(s3, ("s2", Accept(TWO, "milk")))
    assert told(s3, ("s1", Accept(ONE, "tea"))) == [Send("s1", Nack(ONE, TWO))]


# -------------------------------------------------------------------------- the learner
def test_what_a_majority_has_accepted_is_chosen_and_told(kind=Paxos):
    """§2.3, learn; §2.3, distinguished learner."""
    s1 = proposing(kind)
    assert told(s1, ("s2", Accepted(ONE))) == []
    tea = Decided("tea")
    assert told(s1, ("s3", Accepted(ONE))) == [
        Send("s2", tea),
        Send("s3", tea),
        Output(tea),
        CancelTimer(Retry()),
        End(PROPOSE, "ok", "tea"),
    ]


def test_who_is_told_knows_it_and_asks_no_more(kind=Paxos):
    """§2.3, distinguished learner."""
    s3 = kind("s3", NODES)
    tea = Decided("tea")
    assert told(s3, ("s1", tea)) == [Output(tea)]
    assert told(s3, ("s1", tea)) == [Note("knows it", dropped=True)]
    milk = Call("propose", ("milk",))
    assert s3.step(milk) == [End(milk, "ok", "tea")]


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.UsesANumberTwice: test_a_proposer_prepares_a_higher_number_each_time,
    mutants.CountsAVoteTwice: test_an_acceptor_that_answers_twice_is_one_acceptor,
    mutants.CountsVotesOfAnyBallot: test_answers_to_an_earlier_ballot_count_for_nothing,
    mutants.TakesTheLastReported: (
        test_it_proposes_what_the_highest_proposal_has_that_it_is_told
    ),
    mutants.GoesOnWhenOutbid: (
        test_one_that_is_outbid_gives_up_its_ballot_and_goes_beyond
    ),
    mutants.PromisesOnce: test_it_promises_again_to_whom_it_has_promised,
    mutants.ForgetsItsPromise: test_it_keeps_its_promise,
    mutants.RefusesInSilence: test_it_keeps_its_promise,
    mutants.PromisesNothingWithItsVote: test_what_it_accepts_is_the_highest_so_far,
    mutants.TellsNobody: test_what_a_majority_has_accepted_is_chosen_and_told,
    mutants.LearnsTwice: test_who_is_told_knows_it_and_asks_no_more,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_another_step(mutant):
    """Those that runs find seldom, or that only make Paxos slower."""
    with pytest.raises(AssertionError):
        KILLED[mutant](mutant)
