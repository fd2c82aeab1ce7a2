"""Multi-Paxos, one sentence of the paper each; a mutant forgets it and is caught."""

import multi_paxos_mutants as mutants
import pytest

from distlab.consensus.client import Redirect, Reply, Request
from distlab.consensus.multi_paxos import (
    Accept,
    Accepted,
    Chosen,
    Heartbeat,
    LeaderTimeout,
    MultiPaxos,
    Prepare,
    Progress,
    Promise,
)
from distlab.consensus.paxos import Ballot
from distlab.events import DiskReport
from distlab.node import (
    Call,
    CancelTimer,
    Crash,
    Deliver,
    Fire,
    Message,
    Note,
    Output,
    Recover,
    Send,
    SetTimer,
    Start,
)
from distlab.replicated import Command, Delivered

NODES = ("s1", "s2", "s3")
ONE, TWO, THREE = (Ballot(n, f"s{n}") for n in range(1, 4))
WAIT = SetTimer(LeaderTimeout(), (150, 300))
BEAT = SetTimer(Heartbeat(), (50, 50))
A, B, C = (Command(f"c{n}", 1, Call("write", ("x", n))) for n in range(1, 4))


def started(id: str, kind: type = MultiPaxos, **settings) -> MultiPaxos:
    node = kind(id, NODES, **settings)
    assert node.step(Start()) == [WAIT]
    return node


def told(node: MultiPaxos, *said: tuple[str, Message]) -> list:
    """What a node does when it has been told all this."""
    return [e for src, msg in said for e in node.step(Deliver(src, msg))]


def sent(effects: list, *kinds: type) -> list[Send]:
    return [e for e in effects if isinstance(e, Send) and isinstance(e.msg, kinds)]


def restart(node: MultiPaxos) -> None:
    node.step(Crash(node.saved()))
    node.step(Recover(DiskReport()))


def ask(command: Command) -> tuple[str, Request]:
    return command.client, Request(command.number, command.call)


def leader(*accepted: Accept, kind: type = MultiPaxos, **settings) -> MultiPaxos:
    """s1 leads ballot ONE; with its promise s2 has told of this."""
    s1 = started("s1", kind, **settings)
    s1.step(Fire(LeaderTimeout()))
    told(s1, ("s2", Promise(ONE, accepted)), ("s1", Promise(ONE, ())))
    return s1


def to_all(msg: Message, nodes: tuple[str, ...] = NODES) -> list[Send]:
    return [Send(dst, msg) for dst in nodes]


# ------------------------------------------------------------------------ a new leader
def test_who_hears_of_no_leader_prepares_a_ballot_for_all_slots_at_once(
    kind=MultiPaxos,
):
    """§3, leader; §3, Phase 1: behind those that it has executed."""
    s2 = started("s2", kind)
    prepare = Prepare(Ballot(1, "s2"), 0)
    assert s2.step(Fire(LeaderTimeout())) == [*to_all(prepare), WAIT]
    told(s2, ("s1", Chosen(1, (A, B))), ("s1", Chosen(4, (C,))))
    prepare = Prepare(Ballot(2, "s2"), 2)
    assert s2.step(Fire(LeaderTimeout())) == [*to_all(prepare), WAIT]
    restart(s2)
    prepare = Prepare(Ballot(3, "s2"), 0)
    assert s2.step(Fire(LeaderTimeout())) == [*to_all(prepare), WAIT]


def test_an_acceptor_promises_and_tells_its_votes_in_those_slots(kind=MultiPaxos):
    """§3, Phase 1: whatever it knows itself."""
    s3 = started("s3", kind)
    votes = [Accept(ONE, slot, command) for slot, command in ((1, A), (2, B), (4, C))]
    told(s3, *[("s1", vote) for vote in votes], ("s1", Chosen(1, (A, B))))
    promise = Promise(TWO, (votes[1], votes[2]))
    assert told(s3, ("s2", Prepare(TWO, 1))) == [WAIT, Send("s2", promise)]
    restart(s3)
    assert told(s3, ("s2", Prepare(TWO, 1))) == [WAIT, Send("s2", promise)]


def test_for_a_slot_only_the_last_vote_counts(kind=MultiPaxos):
    """§3, Phase 1."""
    s3 = started("s3", kind)
    told(s3, ("s1", Accept(ONE, 1, A)), ("s2", Accept(TWO, 1, B)))
    for _ in range(2):
        answer = told(s3, ("s3", Prepare(THREE, 0)))
        assert sent(answer, Promise)[0].msg.accepted == (Accept(TWO, 1, B),)
        restart(s3)


def test_an_acceptor_keeps_its_promise(kind=MultiPaxos):
    """§3, Phase 1; §3, Phase 2: after a crash, too, and whoever says that it leads."""
    s3 = started("s3", kind)
    told(s3, ("s2", Prepare(TWO, 0)))
    for _ in range(2):
        told(s3, ("s1", Progress(ONE, 0)))
        for old in (Prepare(ONE, 0), Accept(ONE, 1, A)):
            refusal = [Note("has promised not to", dropped=True)]
            assert told(s3, ("s1", old)) == refusal
        restart(s3)


def test_a_leader_needs_a_majority_of_promises_to_its_ballot(kind=MultiPaxos):
    """§3, leader."""
    s1 = started("s1", kind)
    s1.step(Fire(LeaderTimeout()))
    s1.step(Fire(LeaderTimeout()))
    two = Ballot(2, "s1")
    told(s1, *[("s2", Promise(two, ()))] * 2)
    told(s1, ("s3", Promise(ONE, ())), ("s3", Promise(TWO, ())))
    leads = told(s1, ("s3", Promise(two, ())))
    assert leads[:2] == [Note("leads"), CancelTimer(LeaderTimeout())]
    assert leads[2:] == [*to_all(Progress(two, 0), NODES[1:]), BEAT]


def test_who_was_outbid_or_has_crashed_leads_no_more(kind=MultiPaxos):
    """§3, leader: promises that come late are for nobody."""
    for lose in ("outbid", "crash"):
        s1 = started("s1", kind)
        s1.step(Fire(LeaderTimeout()))
        told(s1, ("s2", Promise(ONE, ())))
        if lose == "crash":
            restart(s1)
        else:
            assert Note("outbid") in told(s1, ("s2", Prepare(TWO, 0)))
        late = told(s1, ("s3", Promise(ONE, ())), ("s2", Promise(ONE, ())))
        assert late == [Note("answers a phase that is over", dropped=True)] * 2


def test_a_new_leader_proposes_what_it_was_told_and_fills_the_gaps(kind=MultiPaxos):
    """§3, constrained; §3, gaps: the highest vote for each slot, else a no-op."""
    s1 = started("s1", kind)
    for _ in range(3):
        s1.step(Fire(LeaderTimeout()))
    told(s1, ("s2", Chosen(1, (A,))), ("s2", Chosen(4, (A,))))
    mine = Ballot(3, "s1")
    high, low = (Accept(TWO, 2, B), Accept(ONE, 5, B)), (Accept(ONE, 2, A),)
    told(s1, ("s2", Promise(mine, high)))
    effects = told(s1, ("s3", Promise(mine, low)))
    asked = [send.msg for send in sent(effects, Accept) if send.dst == "s2"]
    assert asked == [Accept(mine, 2, B), Accept(mine, 3, None), Accept(mine, 5, B)]
    assert told(s1, ask(C)) == to_all(Accept(mine, 6, C))


# ----------------------------------------------------------------- a leader that stays
def test_a_command_takes_phase_2_alone(kind=MultiPaxos):
    """§3, Phase 2; §3, learn: it is answered when a majority has it."""
    s1 = leader(kind=kind)
    assert told(s1, ask(A)) == to_all(Accept(ONE, 1, A))
    assert told(s1, *[("s2", Accepted(ONE, 1))] * 2) == []
    assert told(s1, ("s3", Accepted(ONE, 1))) == [
        *to_all(Chosen(1, (A,)), NODES[1:]),
        Output(Delivered(1, A)),
        Send("c1", Reply(1, None)),
    ]


def test_votes_are_for_a_slot_and_a_ballot(kind=MultiPaxos):
    """§3, learn."""
    s1 = leader(kind=kind)
    told(s1, ask(A), ask(B))
    assert told(s1, ("s2", Accepted(ONE, 1)), ("s3", Accepted(ONE, 2))) == []
    told(s1, ("s2", Prepare(TWO, 0)))
    s1.step(Fire(LeaderTimeout()))
    three = Ballot(3, "s1")
    votes = (Accept(TWO, 1, C),)
    told(s1, ("s2", Promise(three, votes)), ("s1", Promise(three, ())))
    late = told(s1, ("s2", Accepted(ONE, 1)), ("s3", Accepted(ONE, 1)))
    assert late == [Note("a vote on what is decided or given up", dropped=True)] * 2
    assert told(s1, ("s3", Accepted(three, 1))) == []


def test_no_more_than_the_window_is_proposed_ahead(kind=MultiPaxos):
    """§3, α: the next one when the first is executed."""
    s1 = leader(kind=kind, window=2)
    effects = told(s1, ask(A), ask(B), ask(C))
    assert effects == [*to_all(Accept(ONE, 1, A)), *to_all(Accept(ONE, 2, B))]
    told(s1, ("s1", Accepted(ONE, 2)))
    assert sent(told(s1, ("s2", Accepted(ONE, 2))), Accept) == []
    told(s1, ("s1", Accepted(ONE, 1)))
    effects = told(s1, ("s2", Accepted(ONE, 1)))
    assert sent(effects, Accept) == to_all(Accept(ONE, 3, C))


def test_a_retry_is_not_proposed_again(kind=MultiPaxos):
    """§3, Phase 2: it is under way, or is answered as before."""
    s1 = leader(kind=kind)
    told(s1, ask(A))
    assert told(s1, ask(A)) == [Note("is under way", dropped=True)]
    told(s1, ("s1", Accepted(ONE, 1)), ("s2", Accepted(ONE, 1)))
    assert told(s1, ask(A)) == [Send("c1", Reply(1, None))]


def test_a_leader_shows_that_it_lives_and_asks_again_for_votes(kind=MultiPaxos):
    """§3, leader; §3, Phase 2."""
    s1 = leader(kind=kind)
    told(s1, ask(A))
    lives = to_all(Progress(ONE, 0), NODES[1:])
    assert s1.step(Fire(Heartbeat())) == [*lives, *to_all(Accept(ONE, 1, A)), BEAT]


def test_who_follows_sends_clients_to_whom_it_has_promised(kind=MultiPaxos):
    """§3, leader."""
    s3 = started("s3", kind)
    assert told(s3, ask(A)) == [Send("c1", Redirect(1, "s3"))]
    told(s3, ("s1", Progress(ONE, 0)))
    assert told(s3, ask(A)) == [Send("c1", Redirect(1, "s1"))]


# ------------------------------------------------------------------------- the learners
def test_commands_are_executed_in_order_and_answered_by_the_leader(kind=MultiPaxos):
    """§3, in order: a slot waits for those before it."""
    s3 = started("s3", kind)
    assert told(s3, ("s1", Chosen(2, (B,)))) == []
    assert told(s3, ("s1", Chosen(1, (A,)))) == [
        Output(Delivered(1, A)),
        Output(Delivered(2, B)),
    ]
    assert told(s3, ("s1", Chosen(1, (A,)))) == []


def test_who_is_behind_says_so_and_is_told_what_it_lacks(kind=MultiPaxos):
    """§3, learn: by whoever knows."""
    s3 = started("s3", kind)
    assert told(s3, ("s1", Progress(ONE, 0))) == [WAIT]
    behind = told(s3, ("s1", Progress(ONE, 2)))
    assert behind == [WAIT, Send("s1", Progress(ONE, 0))]
    told(s3, ("s1", Chosen(1, (A, B, C))))
    answer = told(s3, ("s2", Progress(ONE, 1)))
    assert answer == [WAIT, Send("s2", Chosen(2, (B, C)))]


# ------------------------------------------------------------------------------ mutants
KILLED = {
    mutants.CountsPromisesToAnyBallot: (
        test_a_leader_needs_a_majority_of_promises_to_its_ballot
    ),
    mutants.CountsVotesInAnyBallot: test_votes_are_for_a_slot_and_a_ballot,
    mutants.KeepsItsVotesWhenOutbid: test_votes_are_for_a_slot_and_a_ballot,
    mutants.LeadsWhenAskedToFollow: test_who_was_outbid_or_has_crashed_leads_no_more,
    mutants.LeavesGaps: (
        test_a_new_leader_proposes_what_it_was_told_and_fills_the_gaps
    ),
    mutants.NeverSteps: (
        test_who_hears_of_no_leader_prepares_a_ballot_for_all_slots_at_once
    ),
    mutants.NeverShowsThatItLives: (
        test_a_leader_shows_that_it_lives_and_asks_again_for_votes
    ),
    mutants.IgnoresTheWindow: test_no_more_than_the_window_is_proposed_ahead,
    mutants.OpensAWindowOneTooWide: test_no_more_than_the_window_is_proposed_ahead,
    mutants.ProposesEveryRetry: test_a_retry_is_not_proposed_again,
    mutants.ProposesWhatIsExecuted: test_a_retry_is_not_proposed_again,
    mutants.PromisesAnything: test_an_acceptor_keeps_its_promise,
    mutants.ForgetsItsPromise: test_an_acceptor_keeps_its_promise,
    mutants.ReadsItsLogBackwards: test_for_a_slot_only_the_last_vote_counts,
    mutants.KeepsItsFirstVote: test_for_a_slot_only_the_last_vote_counts,
    mutants.AnswersAsFollowerToo: (
        test_commands_are_executed_in_order_and_answered_by_the_leader
    ),
    mutants.FollowsOnlyWhatIsHigher: (
        test_who_is_behind_says_so_and_is_told_what_it_lacks
    ),
    mutants.TellsNobody: test_a_command_takes_phase_2_alone,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_takes_another_step(mutant):
    """Those that runs find seldom, or that only make it slower."""
    with pytest.raises(AssertionError):
        KILLED[mutant](mutant)
