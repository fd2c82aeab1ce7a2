"""What Raft may forget, one rule each, named after it."""

from distlab.consensus.client import Redirect, Reply, Request
from distlab.consensus.raft import (
    AppendEntries,
    AppendEntriesResponse,
    ElectionTimeout,
    Entry,
    Heartbeat,
    Raft,
    RaftMessage,
    RequestVote,
    RequestVoteResponse,
    Role,
)
from distlab.node import Log, NodeId, volatile
from distlab.quorum import AtLeast
from distlab.replicated import Command


# --------------------------------------------------------------------- persistent state
class ForgetsItsTerm(Raft):
    current_term: int = volatile(0)


class ForgetsItsVote(Raft):
    voted_for: NodeId | None = volatile(None)


class ForgetsItsLog(Raft):
    log: Log[Entry] = volatile(Log())


# ---------------------------------------------------------------------------- elections
class IgnoresLaterTerms(Raft):
    """All Servers 2."""

    def before_raft_message(self, src: NodeId, msg: RaftMessage): ...


class LeadsOn(Raft):
    """All Servers 2: takes over the term, and stays what it is."""

    def before_raft_message(self, src: NodeId, msg: RaftMessage):
        if msg.term > self.current_term:
            self.current_term, self.voted_for = msg.term, None


class BeginsItsTermAgain(Raft):
    """All Servers 2: a message of its own term is taken for one of a later."""

    def before_raft_message(self, src: NodeId, msg: RaftMessage):
        if isinstance(msg, RequestVote) and msg.term == self.current_term:
            self.current_term -= 1
        super().before_raft_message(src, msg)


class KeepsItsVote(Raft):
    """All Servers 2: as if a vote were for ever."""

    def before_raft_message(self, src: NodeId, msg: RaftMessage):
        vote = self.voted_for
        super().before_raft_message(src, msg)
        self.voted_for = vote


class StandsInTheSameTerm(Raft):
    """Candidates 1: without a term of its own."""

    def on_election_timeout(self, timer: ElectionTimeout):
        self.current_term -= 1
        super().on_election_timeout(timer)


class VotesForItselfToo(Raft):
    """Candidates 1: its own vote is counted, and still free."""

    def on_election_timeout(self, timer: ElectionTimeout):
        super().on_election_timeout(timer)
        self.voted_for = None


class StandsOnce(Raft):
    """Candidates 4."""

    def on_election_timeout(self, timer: ElectionTimeout):
        super().on_election_timeout(timer)
        self.cancel_timer(timer)


class KeepsOldVotes(Raft):
    """Candidates 1: who voted for it in one term has done so in the next."""

    def on_election_timeout(self, timer: ElectionTimeout):
        votes = self.votes
        super().on_election_timeout(timer)
        self.votes |= votes


class VotesTwice(Raft):
    """RequestVote 2: for everybody who asks."""

    def may_vote(self, src: NodeId, msg: RequestVote) -> bool:
        return super().may_vote(self.voted_for or src, msg)


class VotesForAnyLog(Raft):
    """RequestVote 2: also for one that lacks what is committed."""

    def may_vote(self, src: NodeId, msg: RequestVote) -> bool:
        return self.voted_for in (None, src)


class ComparesLengths(Raft):
    """RequestVote 2: the longer log is the better one."""

    def may_vote(self, src: NodeId, msg: RequestVote) -> bool:
        longer = msg.last_log_index >= self.log.last_index
        return self.voted_for in (None, src) and longer


class ComparesTerms(Raft):
    """RequestVote 2: of logs with one last term any will do."""

    def may_vote(self, src: NodeId, msg: RequestVote) -> bool:
        later = msg.last_log_term >= self.term_at(self.log.last_index)
        return self.voted_for in (None, src) and later


class VotesForBetterLogsAlone(Raft):
    """RequestVote 2: not for one like its own."""

    def may_vote(self, src: NodeId, msg: RequestVote) -> bool:
        ours = self.term_at(self.log.last_index), self.log.last_index
        theirs = msg.last_log_term, msg.last_log_index
        return super().may_vote(src, msg) and theirs > ours


class VotesInOldTerms(Raft):
    """RequestVote 1: gives away its vote to one that cannot use it."""

    def on_request_vote(self, src: NodeId, msg: RequestVote):
        last = msg.last_log_index, msg.last_log_term
        super().on_request_vote(src, RequestVote(self.current_term, *last))


class VotesAndStandsAtOnce(Raft):
    """Followers 2: a vote does not make it wait."""

    def on_request_vote(self, src: NodeId, msg: RequestVote):
        granted = msg.term == self.current_term and self.may_vote(src, msg)
        if granted:
            self.voted_for = src
        self.send(src, RequestVoteResponse(self.current_term, granted))


class CountsOldVotes(Raft):
    """Candidates 2: a vote in an earlier term is one."""

    def on_request_vote_response(self, src: NodeId, msg: RequestVoteResponse):
        if msg.vote_granted:
            self.votes.add(src)


class CountsRefusals(Raft):
    """Candidates 2: an answer is a vote."""

    def on_request_vote_response(self, src: NodeId, msg: RequestVoteResponse):
        answer = RequestVoteResponse(msg.term, vote_granted=True)
        super().on_request_vote_response(src, answer)


class ElectedByHalf(Raft):
    """Candidates 2: one vote fewer than a majority."""

    def after_event(self):
        half = AtLeast(self.nodes, len(self.nodes) // 2)
        if self.role is Role.CANDIDATE and half.has(self.votes):
            self.become_leader()
        super().after_event()


class StaysACandidate(Raft):
    """Candidates 3: takes entries from a leader, and its votes for a throne."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        role = self.role
        super().on_append_entries(src, msg)
        self.role = role


class StandsAgainstItsLeader(Raft):
    """Followers 2: what it hears from its leader does not make it wait."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        following = self.leader == src and msg.term == self.current_term
        success = self.term_at(msg.prev_log_index) == msg.prev_log_term
        if not (following and success and not msg.entries):
            super().on_append_entries(src, msg)


class IsSilent(Raft):
    """Leaders 1: no heartbeats."""

    def on_heartbeat(self, timer: Heartbeat): ...


class BeginsWithoutANoOp(Raft):
    """§8, no-op: what it found in its log waits for the next command."""

    def append(self, command: Command | None):
        if command:
            return super().append(command)
        self.tell_followers()


class ClearsItsLog(Raft):
    """Leader append-only: begins with what it knows to be committed."""

    def become_leader(self):
        super().become_leader()
        self.log = self.log.cut(self.commit_index)


# -------------------------------------------------------------------------- replication
class TakesFromOldLeaders(Raft):
    """AppendEntries 1."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        rest = (msg.prev_log_index, msg.prev_log_term, msg.entries, msg.leader_commit)
        super().on_append_entries(src, AppendEntries(self.current_term, *rest))


class TakesWhatDoesNotFit(Raft):
    """AppendEntries 2: looks at the place before, and not at its term."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        there = self.term_at(msg.prev_log_index)
        rest = (there or msg.prev_log_term, msg.entries, msg.leader_commit)
        super().on_append_entries(
            src, AppendEntries(msg.term, msg.prev_log_index, *rest)
        )


class LeavesGaps(Raft):
    """AppendEntries 2: looks at the term before, where there is one."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        if msg.term == self.current_term and msg.prev_log_index > self.log.last_index:
            prev = self.log.last_index
            rest = (msg.entries, msg.leader_commit)
            term = self.term_at(prev)
            return super().on_append_entries(
                src, AppendEntries(msg.term, prev, term, *rest)
            )
        super().on_append_entries(src, msg)


class KeepsConflicts(Raft):
    """AppendEntries 3: what it has, it has."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        log = self.log
        super().on_append_entries(src, msg)
        if self.log.cut(len(log)) != log:
            self.log = log.extend(self.log.after(len(log)))


class CutsWhatFits(Raft):
    """AppendEntries 3: an old message takes away what came after it."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        super().on_append_entries(src, msg)
        last = msg.prev_log_index + len(msg.entries)
        if self.leader == src and self.term_at(last):
            self.log = self.log.cut(last)


class AppendsTwice(Raft):
    """AppendEntries 4: whatever comes goes to the end."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        log = self.log
        super().on_append_entries(src, msg)
        if msg.entries and self.log == log and self.leader == src:
            self.log = self.log.extend(msg.entries)


class CommitsWhatItHas(Raft):
    """AppendEntries 5: also what this message did not look at."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        super().on_append_entries(src, msg)
        if msg.term == self.current_term:
            commit = min(msg.leader_commit, self.log.last_index)
            self.commit_index = max(self.commit_index, commit)


class GoesBack(Raft):
    """AppendEntries 5 as it is printed: an old message takes the commit index back."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        before = self.commit_index
        super().on_append_entries(src, msg)
        fits = self.term_at(msg.prev_log_index) == msg.prev_log_term
        if msg.term == self.current_term and fits and msg.leader_commit > before:
            last = msg.prev_log_index + len(msg.entries)
            self.commit_index = min(msg.leader_commit, last)


class NeverLearnsWhatIsCommitted(Raft):
    """AppendEntries 5."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        prev = msg.prev_log_index, msg.prev_log_term
        super().on_append_entries(src, AppendEntries(msg.term, *prev, msg.entries, 0))


class CommitsOldTerm(Raft):
    """Leaders 4: counts the copies of any entry. Figure 8 is about this one."""

    def advance_commit_index(self):
        for index in range(self.commit_index + 1, self.log.last_index + 1):
            have = [p for p in self.peers if self.match_index[p] >= index]
            if self.quorum.has([self.id, *have]):
                self.commit_index = index


class CommitsOldTermWithoutANoOp(CommitsOldTerm, BeginsWithoutANoOp):
    """Leaders 4: all that it sends ends with its no-op, which hides what is wrong."""


class CommitsByHalf(Raft):
    """Leaders 4: one copy fewer than a majority."""

    def advance_commit_index(self):
        half = AtLeast(self.nodes, len(self.nodes) // 2)
        for index in range(self.commit_index + 1, self.log.last_index + 1):
            have = [p for p in self.peers if self.match_index[p] >= index]
            current = self.term_at(index) == self.current_term
            if current and half.has([self.id, *have]):
                self.commit_index = index


class CommitsOneLess(Raft):
    """Leaders 4: the last entry that a majority has waits for another."""

    def advance_commit_index(self):
        match = dict(self.match_index)
        self.match_index = {id: max(0, index - 1) for id, index in match.items()}
        super().advance_commit_index()
        self.match_index = match


class CommitsAtOnce(Raft):
    """Leaders 4: does not wait for followers."""

    def advance_commit_index(self):
        self.commit_index = self.log.last_index


class CountsRefusalsAsCopies(Raft):
    """Leaders 3: any answer says that the log is stored."""

    def on_append_entries_response(self, src: NodeId, msg: AppendEntriesResponse):
        stored = AppendEntriesResponse(msg.term, success=True, index=msg.index)
        super().on_append_entries_response(src, stored)


class CountsCopiesOfOldTerms(Raft):
    """Leaders 3: an answer to what it was before it led again."""

    def on_append_entries_response(self, src: NodeId, msg: AppendEntriesResponse):
        late = AppendEntriesResponse(self.current_term, msg.success, msg.index)
        super().on_append_entries_response(src, late)


class TakesCopiesBack(Raft):
    """Leaders 3: an old answer makes it forget a newer one."""

    def on_append_entries_response(self, src: NodeId, msg: AppendEntriesResponse):
        super().on_append_entries_response(src, msg)
        if self.role is Role.LEADER and msg.success:
            self.match_index[src], self.next_index[src] = msg.index, msg.index + 1


class BelievesOldRefusals(Raft):
    """Leaders 3: goes back behind what it knows to be stored."""

    def on_append_entries_response(self, src: NodeId, msg: AppendEntriesResponse):
        super().on_append_entries_response(src, msg)
        if self.role is Role.LEADER and not msg.success and msg.index:
            self.next_index[src] = msg.index


class NeverGoesBack(Raft):
    """Leaders 3: sends the same again to one whose log does not fit."""

    def on_append_entries_response(self, src: NodeId, msg: AppendEntriesResponse):
        if msg.success:
            super().on_append_entries_response(src, msg)


class SendsOnlyTheLast(Raft):
    """Leaders 3: what was lost stays lost."""

    def become_leader(self):
        super().become_leader()
        self.next_index = dict.fromkeys(self.peers, self.log.last_index)

    def send_entries(self, follower: NodeId):
        self.next_index[follower] = max(1, self.log.last_index)
        super().send_entries(follower)


# ----------------------------------------------------------------- clients, and the end
class AnswersBeforeItIsCommitted(Raft):
    """Leaders 2: and then executes it."""

    def on_request(self, src: NodeId, msg: Request):
        super().on_request(src, msg)
        if self.role is Role.LEADER and msg.number > self.service.last(src):
            _, result = self.machine.apply(self.service.state, msg.call)
            self.send(src, Reply(msg.number, result))


class ReadsWithoutTheLog(Raft):
    """Leaders 2: a leader may have been replaced and not know."""

    def on_request(self, src: NodeId, msg: Request):
        if self.role is Role.LEADER and msg.call.name == "read":
            _, result = self.machine.apply(self.service.state, msg.call)
            return self.send(src, Reply(msg.number, result))
        super().on_request(src, msg)


class EverybodyTakesCommands(Raft):
    """§8, redirect: a follower puts them into its log."""

    def on_request(self, src: NodeId, msg: Request):
        if self.role is Role.LEADER:
            return super().on_request(src, msg)
        command = Command(src, msg.number, msg.call)
        self.log = self.log.append(Entry(self.current_term, command))


class KnowsNoLeader(Raft):
    """§8, redirect: refuses, and sends nobody on."""

    def on_request(self, src: NodeId, msg: Request):
        if self.role is Role.LEADER:
            return super().on_request(src, msg)
        self.send(src, Redirect(msg.number, self.id))


class ExecutesRetries(Raft):
    """§8, serial numbers: what comes twice is done twice."""

    def apply(self, index: int):
        command = self.log[index].command
        if command and command.number <= self.service.last(command.client):
            del self.service.answers[command.client]
        super().apply(index)


class ForgetsToAnswerAgain(Raft):
    """§8, serial numbers: a lost answer stays lost."""

    def on_request(self, src: NodeId, msg: Request):
        if self.role is Role.FOLLOWER or msg.number > self.service.last(src):
            super().on_request(src, msg)


class ExecutesWhatIsNotCommitted(Raft):
    """All Servers 1: as soon as it stands in the log."""

    def after_event(self):
        super().after_event()
        while self.last_applied < self.log.last_index:
            self.apply(self.last_applied + 1)


class SkipsAnEntry(Raft):
    """All Servers 1: of several that are committed at once only the last."""

    def after_event(self):
        super().after_event()
        self.last_applied = max(self.last_applied, self.commit_index)

    def apply(self, index: int):
        super().apply(self.commit_index)


class GoesOnAfterACrash(Raft):
    """All Servers 1: its memory is empty, and it executes only what is new."""

    def on_recover(self, report):
        super().on_recover(report)
        self.last_applied = self.commit_index = self.log.last_index
