"""One sentence of the paper, one test: Raft, step by step."""

import pytest
import raft_mutants as mutants

from distlab.consensus.client import Redirect, Reply, Request
from distlab.consensus.raft import (
    AppendEntries,
    AppendEntriesResponse,
    ElectionTimeout,
    Entry,
    Heartbeat,
    Raft,
    RequestVote,
    RequestVoteResponse,
    Role,
)
from distlab.events import DiskReport
from distlab.machine import Queue
from distlab.node import (
    Call,
    CancelTimer,
    Crash,
    Deliver,
    Fire,
    Log,
    Output,
    Recover,
    Send,
    SetTimer,
    Start,
)
from distlab.replicated import Command, Delivered

FIVE = ("s1", "s2", "s3", "s4", "s5")
WAITS = SetTimer(ElectionTimeout(), (150, 300))
STANDS = Fire(ElectionTimeout())
WRITE, READ = Call("write", ("x", 1)), Call("read", ("x",))


def entries(*terms: int) -> tuple[Entry, ...]:
    """Entries of these terms: two of one index and term are the same."""
    return tuple(
        Entry(term, Command("c1", index, Call("write", ("x", index))))
        for index, term in enumerate(terms, start=1)
    )


def replica(kind: type[Raft], *terms: int, term: int | None = None, **settings) -> Raft:
    """The first of five, in a term, with a log of entries of these terms."""
    node = kind("s1", FIVE, **settings)
    node.step(Start())
    last = max(terms, default=0)
    node.load(
        {"log": Log(*entries(*terms)), "current_term": last if term is None else term}
    )
    return node


def leader(kind: type[Raft], *terms: int, term: int = 1, **settings) -> Raft:
    """One that has just been elected in a term, by s2 and s3."""
    node = replica(kind, *terms, term=term - 1, **settings)
    node.step(STANDS)
    for voter in ("s2", "s3"):
        node.step(Deliver(voter, RequestVoteResponse(term, True)))
    assert node.role is Role.LEADER
    return node


def sends(effects: list) -> list[Send]:
    return [effect for effect in effects if isinstance(effect, Send)]


def timers(effects: list) -> list:
    return [e for e in effects if isinstance(e, (SetTimer, CancelTimer))]


def append(node: Raft, src: str, *msg) -> list:
    return node.step(Deliver(src, AppendEntries(*msg)))


def terms(node: Raft) -> list[int]:
    return [entry.term for entry in node.log]


def stored(term: int, index: int, success: bool = True) -> AppendEntriesResponse:
    return AppendEntriesResponse(term, success, index)


# -------------------------------------------------------------- persistent state, terms
def test_a_crash_keeps_term_vote_and_log(kind=Raft):
    """State: what was promised and stored before a crash holds after it."""
    s1 = replica(kind, 1)
    append(s1, "s2", 2, 1, 1, entries(1, 2)[1:], 0)
    s1.step(Deliver("s2", RequestVote(3, 2, 2)))
    s1.step(Crash())
    s1.step(Recover(DiskReport()))
    assert terms(s1) == [1, 2]
    assert s1.current_term == 3
    assert sends(s1.step(Deliver("s3", RequestVote(3, 9, 9)))) == [
        Send("s3", RequestVoteResponse(3, False))
    ]


def test_whoever_hears_of_a_later_term_follows(kind=Raft):
    """All Servers 2: a leader too, by whatever message it hears of it."""
    s1 = leader(kind, term=2)
    effects = s1.step(Deliver("s2", stored(3, 0, success=False)))
    assert (s1.current_term, s1.role, s1.leader) == (3, Role.FOLLOWER, None)
    assert timers(effects) == [CancelTimer(Heartbeat()), WAITS]


def test_a_new_term_has_a_new_vote(kind=Raft):
    """All Servers 2."""
    s1 = replica(kind)
    s1.step(Deliver("s2", RequestVote(1, 0, 0)))
    effects = s1.step(Deliver("s3", RequestVote(2, 0, 0)))
    assert sends(effects) == [Send("s3", RequestVoteResponse(2, True))]


# ---------------------------------------------------------------------------- elections
def test_a_candidate_asks_all_for_their_votes(kind=Raft):
    """Followers 2, Candidates 1: a new term, its own vote, a new timer."""
    s1 = replica(kind, 1, 2)
    effects = s1.step(STANDS)
    assert (s1.current_term, s1.role, s1.voted_for) == (3, Role.CANDIDATE, "s1")
    assert sends(effects) == [Send(peer, RequestVote(3, 2, 2)) for peer in FIVE[1:]]
    assert timers(effects) == [WAITS]
    assert sends(s1.step(Deliver("s2", RequestVote(3, 9, 9)))) == [
        Send("s2", RequestVoteResponse(3, False))
    ]


def test_without_a_majority_it_stands_again(kind=Raft):
    """Candidates 4: in the next term, and the votes of the last one are void."""
    s1 = replica(kind)
    s1.step(STANDS)
    s1.step(Deliver("s2", RequestVoteResponse(1, True)))
    effects = s1.step(STANDS)
    assert [e.text for e in effects if hasattr(e, "text")] == ["no majority"]
    assert (s1.current_term, timers(effects)) == (2, [WAITS])
    s1.step(Deliver("s4", RequestVoteResponse(1, True)))
    s1.step(Deliver("s3", RequestVoteResponse(2, True)))
    assert s1.role is Role.CANDIDATE


def test_a_majority_of_votes_makes_a_leader(kind=Raft):
    """Candidates 2: three of five, not two; and a refusal is no vote."""
    s1 = replica(kind)
    s1.step(STANDS)
    s1.step(Deliver("s2", RequestVoteResponse(1, True)))
    s1.step(Deliver("s2", RequestVoteResponse(1, True)))
    s1.step(Deliver("s3", RequestVoteResponse(1, False)))
    assert s1.role is Role.CANDIDATE
    s1.step(Deliver("s4", RequestVoteResponse(1, True)))
    assert s1.role is Role.LEADER


def test_nobody_votes_twice_in_a_term(kind=Raft):
    """RequestVote 2: who asks again is answered again, who asks second is refused."""
    s1 = replica(kind)
    for candidate, granted in (("s2", True), ("s3", False), ("s2", True)):
        effects = s1.step(Deliver(candidate, RequestVote(1, 0, 0)))
        assert sends(effects) == [Send(candidate, RequestVoteResponse(1, granted))]


def test_a_vote_goes_to_a_log_at_least_as_up_to_date(kind=Raft):
    """RequestVote 2: the later last term, and of equal ones the longer log."""
    for index, term, granted in (
        (2, 2, True),
        (3, 2, True),
        (1, 3, True),
        (1, 2, False),
        (9, 1, False),
        (0, 0, False),
    ):
        effects = replica(kind, 1, 2).step(Deliver("s2", RequestVote(4, index, term)))
        assert sends(effects) == [Send("s2", RequestVoteResponse(4, granted))]


def test_a_term_that_is_over_gets_no_vote(kind=Raft):
    """RequestVote 1: and takes nobody's."""
    s1 = replica(kind, term=3)
    effects = s1.step(Deliver("s2", RequestVote(2, 9, 2)))
    assert effects == [Send("s2", RequestVoteResponse(3, False))]
    assert s1.voted_for is None


def test_who_has_voted_waits(kind=Raft):
    """Followers 2: who has refused does not."""
    s1 = replica(kind)
    assert timers(s1.step(Deliver("s2", RequestVote(1, 0, 0)))) == [WAITS]
    assert timers(s1.step(Deliver("s3", RequestVote(1, 0, 0)))) == []


def test_who_hears_from_its_leader_waits(kind=Raft):
    """Followers 2."""
    s1 = replica(kind, term=1)
    for _ in range(2):
        assert timers(append(s1, "s2", 1, 0, 0, (), 0)) == [WAITS]


def test_a_candidate_follows_the_leader_of_its_term(kind=Raft):
    """Candidates 3: it counts no votes any more."""
    s1 = replica(kind)
    s1.step(STANDS)
    append(s1, "s2", 1, 0, 0, (), 0)
    assert (s1.role, s1.leader) == (Role.FOLLOWER, "s2")
    (late,) = s1.step(Deliver("s3", RequestVoteResponse(1, True)))
    assert late.dropped


def test_a_leader_begins_with_a_no_op(kind=Raft):
    """Leaders 1, §8, no-op: it is what its followers first hear of it."""
    s1 = replica(kind, 1)
    s1.step(STANDS)
    s1.step(Deliver("s2", RequestVoteResponse(2, True)))
    effects = s1.step(Deliver("s3", RequestVoteResponse(2, True)))
    assert sends(effects) == [
        Send(peer, AppendEntries(2, 1, 1, (Entry(2, None),), 0)) for peer in FIVE[1:]
    ]
    assert timers(effects) == [
        CancelTimer(ElectionTimeout()),
        SetTimer(Heartbeat(), (50, 50)),
    ]
    assert terms(s1) == [1, 2]


def test_a_leader_lets_its_followers_hear_from_it(kind=Raft):
    """Leaders 1: whenever it is idle for a while."""
    s1 = leader(kind)
    for voter in FIVE[1:]:
        s1.step(Deliver(voter, stored(1, 1)))
    effects = s1.step(Fire(Heartbeat()))
    assert sends(effects) == [
        Send(peer, AppendEntries(1, 1, 1, (), 1)) for peer in FIVE[1:]
    ]
    assert timers(effects) == [SetTimer(Heartbeat(), (50, 50))]


# -------------------------------------------------------------------------- replication
def test_an_old_leader_is_refused(kind=Raft):
    """Followers 1; AppendEntries 1: it is told the term, and nobody waits for it."""
    s1 = replica(kind, 1, term=3)
    effects = append(s1, "s2", 2, 1, 1, entries(1, 2)[1:], 1)
    assert effects == [Send("s2", stored(3, 1, success=False))]
    assert (terms(s1), s1.commit_index) == ([1], 0)


def test_what_does_not_fit_is_refused(kind=Raft):
    """AppendEntries 2: no entry before the new ones, or one of another term."""
    for prev, term in ((3, 2), (2, 3), (2, 1)):
        s1 = replica(kind, 1, 2)
        effects = append(s1, "s2", 4, prev, term, (Entry(4, None),), 4)
        assert sends(effects) == [Send("s2", stored(4, prev, success=False))]
        assert (terms(s1), s1.commit_index) == ([1, 2], 0)


def test_what_conflicts_is_deleted_with_all_behind_it(kind=Raft):
    """AppendEntries 3; AppendEntries 4: and the new ones take its place."""
    s1 = replica(kind, 1, 2, 2, 2)
    effects = append(s1, "s2", 3, 1, 1, entries(1, 2, 3)[1:], 0)
    assert list(s1.log) == list(entries(1, 2, 3))
    assert sends(effects) == [Send("s2", stored(3, 3))]


def test_an_old_message_deletes_nothing(kind=Raft):
    """AppendEntries 3; AppendEntries 4: what is there already stays, once."""
    s1 = replica(kind, 1, 1, 2)
    for entry, index in ((entries(1, 1)[:1], 1), (entries(1, 1), 2), ((), 0)):
        effects = append(s1, "s2", 2, 0, 0, entry, 0)
        assert sends(effects) == [Send("s2", stored(2, index))]
        assert list(s1.log) == list(entries(1, 1, 2))


def test_a_follower_commits_what_is_known_to_agree(kind=Raft):
    """AppendEntries 5: behind the last new entry its own log may be another's."""
    s1 = replica(kind, 1, 1, 2)
    effects = append(s1, "s2", 3, 0, 0, entries(1), 3)
    assert s1.commit_index == 1
    assert [e.value.index for e in effects if isinstance(e, Output)] == [1]
    append(s1, "s2", 3, 1, 1, entries(1, 1, 3)[1:], 2)
    assert s1.commit_index == 2


def test_the_commit_index_never_goes_back(kind=Raft):
    """AppendEntries 5: an old message may know more and show less."""
    s1 = replica(kind, 1, 1)
    append(s1, "s2", 1, 0, 0, entries(1, 1), 2)
    append(s1, "s2", 1, 0, 0, entries(1), 3)
    assert s1.commit_index == 2


def test_a_leader_sends_what_a_follower_lacks(kind=Raft):
    """Leaders 3: from its next index on, and one entry earlier for each refusal."""
    s1 = leader(kind, 1, 2, term=3)
    refusal = s1.step(Deliver("s2", stored(3, 2, success=False)))
    first, second, third = s1.log
    assert refusal == [Send("s2", AppendEntries(3, 1, 1, (second, third), 0))]
    refusal = s1.step(Deliver("s2", stored(3, 1, success=False)))
    assert refusal == [Send("s2", AppendEntries(3, 0, 0, (first, second, third), 0))]
    s1.step(Deliver("s2", stored(3, 3)))
    assert (s1.next_index["s2"], s1.match_index["s2"]) == (4, 3)
    assert sends(s1.step(Fire(Heartbeat())))[0].msg.entries == ()


def test_what_was_lost_is_sent_again(kind=Raft):
    """Leaders 3: with the next heartbeat."""
    s1 = leader(kind)
    s1.step(Deliver("c1", Request(1, WRITE)))
    for send in sends(s1.step(Fire(Heartbeat()))):
        assert send.msg.entries == tuple(s1.log) and len(s1.log) == 2


def test_late_answers_take_nothing_back(kind=Raft):
    """Leaders 3: an older answer may arrive after a newer one."""
    s1 = leader(kind, 1, 1, 1, term=2)
    s1.step(Deliver("s2", stored(2, 4)))
    for late in (
        stored(2, 2),
        stored(2, 2, success=False),
        stored(2, 3, success=False),
    ):
        assert s1.step(Deliver("s2", late)) == []
        assert (s1.next_index["s2"], s1.match_index["s2"]) == (5, 4)


def test_answers_to_an_earlier_term_count_nothing(kind=Raft):
    """Leaders 3: the log may have been another one then."""
    s1 = leader(kind, 1, 1, term=3)
    s1.step(Deliver("s2", stored(1, 3)))
    assert s1.match_index["s2"] == 0


def test_a_majority_commits_an_entry(kind=Raft):
    """Leaders 4: three of five have it, the leader is one of them."""
    s1 = leader(kind)
    s1.step(Deliver("s2", stored(1, 1)))
    assert s1.commit_index == 0
    s1.step(Deliver("s2", stored(1, 1)))
    s1.step(Deliver("s4", stored(1, 0, success=False)))
    s1.step(Deliver("s5", stored(1, 0)))
    assert s1.commit_index == 0
    assert s1.step(Deliver("s3", stored(1, 1))) == [Output(Delivered(1, None))]
    assert s1.commit_index == 1


def test_an_older_term_is_committed_by_an_entry_behind(kind=Raft):
    """Leaders 4: never by the number of its copies."""
    s1 = leader(kind, 1, 2, term=4)
    for follower in ("s2", "s3", "s4", "s5"):
        s1.step(Deliver(follower, stored(4, 2)))
    assert s1.commit_index == 0
    s1.step(Deliver("s2", stored(4, 3)))
    s1.step(Deliver("s3", stored(4, 3)))
    assert s1.commit_index == 3


# ------------------------------------------------------------------------------ clients
def test_a_command_is_answered_when_applied(kind=Raft):
    """Leaders 2; All Servers 1: stored by a majority first."""
    s1 = leader(kind)
    effects = s1.step(Deliver("c1", Request(1, WRITE)))
    assert [send.dst for send in sends(effects)] == ["s2", "s3", "s4", "s5"]
    command = Command("c1", 1, WRITE)
    assert s1.log[2] == Entry(1, command)
    s1.step(Deliver("s2", stored(1, 2)))
    assert s1.step(Deliver("s3", stored(1, 2))) == [
        Output(Delivered(1, None)),
        Send("c1", Reply(1, None)),
        Output(Delivered(2, command)),
    ]


def test_a_read_goes_through_the_log(kind=Raft):
    """Leaders 2: it may have been replaced and not know."""
    s1 = leader(kind)
    effects = s1.step(Deliver("c1", Request(1, READ)))
    assert [send.dst for send in sends(effects)] == ["s2", "s3", "s4", "s5"]


def test_a_follower_applies_and_says_nothing(kind=Raft):
    """All Servers 1: in order, and again from the beginning after a crash."""
    s1 = replica(kind, machine=Queue())
    log = tuple(Entry(1, Command("c1", i, Call("enqueue", (i,)))) for i in range(1, 4))
    effects = append(s1, "s2", 1, 0, 0, log, 3)
    assert [e.value.index for e in effects if isinstance(e, Output)] == [1, 2, 3]
    assert [send.dst for send in sends(effects)] == ["s2"]
    s1.step(Crash())
    s1.step(Recover(DiskReport()))
    assert s1.commit_index == 0
    append(s1, "s2", 1, 3, 1, (), 3)
    assert s1.service.state == (1, 2, 3)


def test_who_does_not_lead_sends_a_client_on(kind=Raft):
    """§8, redirect: to its leader; or to nobody, by naming itself."""
    s1 = replica(kind)
    ask = Deliver("c1", Request(1, WRITE))
    assert s1.step(ask) == [Send("c1", Redirect(1, "s1"))]
    append(s1, "s3", 1, 0, 0, (), 0)
    assert s1.step(ask) == [Send("c1", Redirect(1, "s3"))]
    assert len(s1.log) == 0


def test_a_retry_is_answered_again_and_not_executed_again(kind=Raft):
    """§8, serial numbers: whether it is in the log once or twice."""
    s1 = leader(kind, machine=Queue())
    ask = Deliver("c1", Request(1, Call("enqueue", ("a",))))
    s1.step(ask)
    s1.step(ask)
    for follower in ("s2", "s3"):
        effects = s1.step(Deliver(follower, stored(1, 3)))
    assert sends(effects) == [Send("c1", Reply(1, None))] * 2
    assert s1.service.state == ("a",)
    assert s1.step(ask) == [Send("c1", Reply(1, None))]


KILLED = {
    mutants.ForgetsItsTerm: test_a_crash_keeps_term_vote_and_log,
    mutants.ForgetsItsVote: test_a_crash_keeps_term_vote_and_log,
    mutants.ForgetsItsLog: test_a_crash_keeps_term_vote_and_log,
    mutants.IgnoresLaterTerms: test_whoever_hears_of_a_later_term_follows,
    mutants.LeadsOn: test_whoever_hears_of_a_later_term_follows,
    mutants.KeepsItsVote: test_a_new_term_has_a_new_vote,
    mutants.BeginsItsTermAgain: test_nobody_votes_twice_in_a_term,
    mutants.StandsInTheSameTerm: test_a_candidate_asks_all_for_their_votes,
    mutants.VotesForItselfToo: test_a_candidate_asks_all_for_their_votes,
    mutants.StandsOnce: test_a_candidate_asks_all_for_their_votes,
    mutants.KeepsOldVotes: test_without_a_majority_it_stands_again,
    mutants.CountsOldVotes: test_without_a_majority_it_stands_again,
    mutants.CountsRefusals: test_a_majority_of_votes_makes_a_leader,
    mutants.ElectedByHalf: test_a_majority_of_votes_makes_a_leader,
    mutants.VotesTwice: test_nobody_votes_twice_in_a_term,
    mutants.VotesForAnyLog: test_a_vote_goes_to_a_log_at_least_as_up_to_date,
    mutants.ComparesLengths: test_a_vote_goes_to_a_log_at_least_as_up_to_date,
    mutants.ComparesTerms: test_a_vote_goes_to_a_log_at_least_as_up_to_date,
    mutants.VotesForBetterLogsAlone: test_a_vote_goes_to_a_log_at_least_as_up_to_date,
    mutants.VotesInOldTerms: test_a_term_that_is_over_gets_no_vote,
    mutants.VotesAndStandsAtOnce: test_who_has_voted_waits,
    mutants.StandsAgainstItsLeader: test_who_hears_from_its_leader_waits,
    mutants.StaysACandidate: test_a_candidate_follows_the_leader_of_its_term,
    mutants.BeginsWithoutANoOp: test_a_leader_begins_with_a_no_op,
    mutants.ClearsItsLog: test_a_leader_begins_with_a_no_op,
    mutants.IsSilent: test_a_leader_lets_its_followers_hear_from_it,
    mutants.TakesFromOldLeaders: test_an_old_leader_is_refused,
    mutants.TakesWhatDoesNotFit: test_what_does_not_fit_is_refused,
    mutants.LeavesGaps: test_what_does_not_fit_is_refused,
    mutants.KeepsConflicts: test_what_conflicts_is_deleted_with_all_behind_it,
    mutants.CutsWhatFits: test_an_old_message_deletes_nothing,
    mutants.AppendsTwice: test_an_old_message_deletes_nothing,
    mutants.CommitsWhatItHas: test_a_follower_commits_what_is_known_to_agree,
    mutants.NeverLearnsWhatIsCommitted: (
        test_a_follower_commits_what_is_known_to_agree
    ),
    mutants.GoesBack: test_the_commit_index_never_goes_back,
    mutants.NeverGoesBack: test_a_leader_sends_what_a_follower_lacks,
    mutants.SendsOnlyTheLast: test_what_was_lost_is_sent_again,
    mutants.TakesCopiesBack: test_late_answers_take_nothing_back,
    mutants.BelievesOldRefusals: test_late_answers_take_nothing_back,
    mutants.CountsCopiesOfOldTerms: test_answers_to_an_earlier_term_count_nothing,
    mutants.CommitsByHalf: test_a_majority_commits_an_entry,
    mutants.CommitsOneLess: test_a_majority_commits_an_entry,
    mutants.CommitsAtOnce: test_a_majority_commits_an_entry,
    mutants.CountsRefusalsAsCopies: test_a_leader_sends_what_a_follower_lacks,
    mutants.CommitsOldTerm: test_an_older_term_is_committed_by_an_entry_behind,
    mutants.CommitsOldTermWithoutANoOp: (
        test_an_older_term_is_committed_by_an_entry_behind
    ),
    mutants.AnswersBeforeItIsCommitted: test_a_command_is_answered_when_applied,
    mutants.ExecutesWhatIsNotCommitted: test_a_command_is_answered_when_applied,
    mutants.ReadsWithoutTheLog: test_a_read_goes_through_the_log,
    mutants.SkipsAnEntry: test_a_follower_applies_and_says_nothing,
    mutants.GoesOnAfterACrash: test_a_follower_applies_and_says_nothing,
    mutants.EverybodyTakesCommands: test_who_does_not_lead_sends_a_client_on,
    mutants.KnowsNoLeader: test_who_does_not_lead_sends_a_client_on,
    mutants.ExecutesRetries: test_a_retry_is_answered_again_and_not_executed_again,
    mutants.ForgetsToAnswerAgain: test_a_retry_is_answered_again_and_not_executed_again,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_is_caught_at_that_step(mutant):
    with pytest.raises(AssertionError):
        KILLED[mutant](mutant)
