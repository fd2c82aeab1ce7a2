"""What Multi-Paxos may forget, one rule each, named after it."""

from distlab.consensus.client import Reply, Request
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
    Role,
)
from distlab.consensus.paxos import Ballot
from distlab.node import Log, NodeId, volatile
from distlab.quorum import Votes
from distlab.replicated import Command


# ------------------------------------------------------------------- a leader: phase 1
class LeadsWithTooFewPromises(MultiPaxos):
    def on_promise(self, src: NodeId, msg: Promise):
        if self.role is Role.PREPARING and msg.ballot == self.promised:
            self.promises.add(src, msg.accepted)
            if len(self.promises.by()) >= len(self.nodes) // 2:
                self.become_leader()


class CountsPromisesToAnyBallot(MultiPaxos):
    def on_promise(self, src: NodeId, msg: Promise):
        super().on_promise(src, Promise(self.promised, msg.accepted))


class LeadsWhenAskedToFollow(MultiPaxos):
    """Counts promises though it has given up: it was outbid, or has crashed."""

    def on_promise(self, src: NodeId, msg: Promise):
        if self.role is Role.FOLLOWER:
            self.role = Role.PREPARING
        super().on_promise(src, msg)


class SharesItsBallots(MultiPaxos):
    """Every leader counts 1, 2, 3, and none adds its name."""

    def send(self, to, msg):
        if isinstance(msg, Prepare):
            self.promised = Ballot(self.promised.number, "s1")
            msg = Prepare(self.promised, msg.after)
        super().send(to, msg)


class AsksBehindTheLastItKnows(MultiPaxos):
    """Where it has learned a later slot first, it hears nothing of those before."""

    def send(self, to, msg):
        if isinstance(msg, Prepare):
            msg = Prepare(msg.ballot, max(self.chosen, default=0))
        super().send(to, msg)


class TakesTheLowestVote(MultiPaxos):
    def found(self):
        told = [vote for votes in self.promises.messages() for vote in votes]
        highest_first = sorted(told, key=lambda vote: vote.ballot, reverse=True)
        return {vote.slot: vote.command for vote in highest_first}


class TakesTheLastVoteToArrive(MultiPaxos):
    def found(self):
        told = [vote for votes in self.promises.messages() for vote in votes]
        return {vote.slot: vote.command for vote in told}


class ProposesNothingThatItFound(MultiPaxos):
    def found(self):
        return dict.fromkeys(super().found())


class StartsWhereItHasExecuted(MultiPaxos):
    """Proposes new commands for slots that others have voted on."""

    def found(self):
        return {}


class LeavesGaps(MultiPaxos):
    """Proposes no no-ops, and what comes after them is never executed."""

    def become_leader(self):
        self.note("leads")
        self.role = Role.LEADER
        self.cancel_timer(LeaderTimeout())
        found = self.found()
        self.next_slot = max([*found, *self.chosen], default=0) + 1
        for slot in sorted(found):
            if slot not in self.chosen:
                self.proposed[slot] = found[slot]
        self.on_heartbeat(Heartbeat())


# ------------------------------------------------------------------- a leader: phase 2
class LearnsFromTooFew(MultiPaxos):
    def on_accepted(self, src: NodeId, msg: Accepted):
        if msg.ballot == self.promised and msg.slot in self.proposed:
            self.votes.add(src, key=msg.slot)
            if len(self.votes.by(msg.slot)) >= len(self.nodes) // 2:
                chosen = Chosen(msg.slot, (self.proposed[msg.slot],))
                self.send(self.peers, chosen)
                self.on_chosen(self.id, chosen)


class CountsVotesInAnyBallot(MultiPaxos):
    def on_accepted(self, src: NodeId, msg: Accepted):
        super().on_accepted(src, Accepted(self.promised, msg.slot))


class KeepsItsVotesWhenOutbid(MultiPaxos):
    """Those were cast in another ballot, maybe for another command."""

    def follow(self, ballot: Ballot):
        votes = self.votes
        super().follow(ballot)
        self.votes = votes


class CountsVotesForAnySlot(MultiPaxos):
    def on_accepted(self, src: NodeId, msg: Accepted):
        for slot in [*self.proposed]:
            super().on_accepted(src, Accepted(msg.ballot, slot))


class CountsAVoteTwice(MultiPaxos):
    def on_accepted(self, src: NodeId, msg: Accepted):
        if src in self.votes.by(msg.slot):
            src = next(node for node in self.nodes if node != src)
        super().on_accepted(src, msg)


class NeverAsksAgain(MultiPaxos):
    def on_heartbeat(self, timer: Heartbeat):
        proposed, self.proposed = self.proposed, {}
        super().on_heartbeat(timer)
        self.proposed = proposed


class NeverShowsThatItLives(MultiPaxos):
    def send(self, to, msg):
        if not isinstance(msg, Progress):
            super().send(to, msg)


class IgnoresTheWindow(MultiPaxos):
    def after_event(self):
        while self.waiting:
            self.propose(self.next_slot, self.waiting.pop(0))
            self.next_slot += 1


class OpensAWindowOneTooWide(MultiPaxos):
    def after_event(self):
        while self.waiting and self.next_slot <= self.executed + self.window + 1:
            self.propose(self.next_slot, self.waiting.pop(0))
            self.next_slot += 1


class OpensAWindowOneTooNarrow(MultiPaxos):
    """Compares by <: a window of one lets nothing through."""

    def after_event(self):
        while self.waiting and self.next_slot < self.executed + self.window:
            self.propose(self.next_slot, self.waiting.pop(0))
            self.next_slot += 1


class StartsOnTheLastSlot(MultiPaxos):
    """Counts one slot too few of those that are taken."""

    def become_leader(self):
        super().become_leader()
        self.next_slot = max(self.next_slot - 1, 1)


class ProposesForOneSlotTwice(MultiPaxos):
    def after_event(self):
        slot = self.next_slot
        super().after_event()
        self.next_slot = min(slot + 1, self.next_slot)
        if slot > 1 and slot not in self.chosen:
            self.next_slot = slot


class ProposesEveryRetry(MultiPaxos):
    def on_request(self, src: NodeId, msg: Request):
        if self.role is not Role.LEADER or msg.number <= self.service.last(src):
            return super().on_request(src, msg)
        self.waiting.append(Command(src, msg.number, msg.call))


class ProposesWhatIsExecuted(MultiPaxos):
    def on_request(self, src: NodeId, msg: Request):
        if self.role is Role.LEADER and msg.number <= self.service.last(src):
            return self.waiting.append(Command(src, msg.number, msg.call))
        super().on_request(src, msg)


class AnswersReadsAtOnce(MultiPaxos):
    """A leader that was deposed may not know it yet."""

    def on_request(self, src: NodeId, msg: Request):
        if self.role is Role.LEADER and msg.call.name == "read":
            _, result = self.machine.apply(self.service.state, msg.call)
            return self.send(src, Reply(msg.number, result))
        super().on_request(src, msg)


class AnswersWhatIsNotChosen(MultiPaxos):
    def propose(self, slot, command):
        super().propose(slot, command)
        if command:
            _, result = self.machine.apply(self.service.state, command.call)
            self.send(command.client, Reply(command.number, result))


# ------------------------------------------------------------------------- the acceptor
class PromisesAnything(MultiPaxos):
    def on_prepare(self, src: NodeId, msg: Prepare):
        if self.role is Role.FOLLOWER:
            self.promised = min(self.promised, msg.ballot)
        super().on_prepare(src, msg)


class AcceptsAnything(MultiPaxos):
    def on_accept(self, src: NodeId, msg: Accept):
        if self.role is Role.FOLLOWER:
            self.promised = min(self.promised, msg.ballot)
        super().on_accept(src, msg)


class FollowsAnything(MultiPaxos):
    """A heartbeat of an old leader takes its promise back."""

    def on_progress(self, src: NodeId, msg: Progress):
        if self.role is Role.FOLLOWER:
            self.promised = msg.ballot
        super().on_progress(src, msg)


class FollowsOnlyWhatIsHigher(MultiPaxos):
    """Compares by >: a leader that it knows does not calm it."""

    def on_progress(self, src: NodeId, msg: Progress):
        promised, self.promised = self.promised, max(self.promised, msg.ballot)
        if msg.ballot != promised:
            return super().on_progress(src, msg)
        if msg.slot > self.executed:
            self.send(src, Progress(msg.ballot, self.executed))


class GivesUpToItself(MultiPaxos):
    """Compares by >=: its own ballot is one to follow."""

    def follow(self, ballot: Ballot):
        if ballot == self.promised and self.role is not Role.FOLLOWER:
            self.cancel_timer(Heartbeat())
            self.role, self.proposed, self.votes = Role.FOLLOWER, {}, Votes()
        super().follow(ballot)


class AcceptsOnlyWhatIsHigher(MultiPaxos):
    """Compares by <=: and so not what it has promised to accept."""

    def on_accept(self, src: NodeId, msg: Accept):
        if msg.ballot != self.promised:
            super().on_accept(src, msg)


class StaysLeader(MultiPaxos):
    def follow(self, ballot: Ballot):
        self.promised = ballot


class ForgetsItsPromise(MultiPaxos):
    promised: Ballot = volatile(Ballot(0, ""))


class ForgetsItsVotes(MultiPaxos):
    log: Log[Accept] = volatile(Log())


class DoesNotReadItsLog(MultiPaxos):
    def on_recover(self, report):
        self.on_start()


class ReadsItsLogBackwards(MultiPaxos):
    """For a slot the first vote counts, not the last."""

    def on_recover(self, report):
        super().on_recover(report)
        self.accepted = {vote.slot: vote for vote in reversed([*self.log])}


class KeepsItsFirstVote(MultiPaxos):
    def on_accept(self, src: NodeId, msg: Accept):
        first = self.accepted.get(msg.slot)
        super().on_accept(src, msg)
        if first:
            self.accepted[msg.slot] = first


class TellsOnlyWhatItHasNotExecuted(MultiPaxos):
    """But who asks may be further behind."""

    def on_prepare(self, src: NodeId, msg: Prepare):
        super().on_prepare(src, Prepare(msg.ballot, max(msg.after, self.executed)))


# -------------------------------------------------------------------------- the learner
class ExecutesWhatComes(MultiPaxos):
    def on_chosen(self, src: NodeId, msg: Chosen):
        super().on_chosen(src, msg)
        for slot in sorted(self.chosen):
            if slot > self.executed:
                self.execute(slot)


class TellsNobody(MultiPaxos):
    def send(self, to, msg):
        if to != self.peers or not isinstance(msg, Chosen):
            super().send(to, msg)


class NeverCatchesUp(MultiPaxos):
    def on_progress(self, src: NodeId, msg: Progress):
        if msg.ballot >= self.promised:
            self.follow(msg.ballot)


class CountsSlotsFromZero(MultiPaxos):
    """Tells one slot too early what one lacks."""

    def on_progress(self, src: NodeId, msg: Progress):
        if msg.slot < self.executed:
            lacks = range(msg.slot + 1, self.executed + 1)
            told = tuple(self.chosen[s] for s in lacks)
            return self.send(src, Chosen(msg.slot, told))
        super().on_progress(src, msg)


class AnswersAsFollowerToo(MultiPaxos):
    """n replies to a request, where one is enough."""

    def execute(self, slot: int):
        role, self.role = self.role, Role.LEADER
        super().execute(slot)
        self.role = role


class NeverSteps(MultiPaxos):
    """Nobody leads when the leader is gone: only s1 ever tries."""

    def on_leader_timeout(self, timer: LeaderTimeout):
        if self.id == self.nodes[0]:
            super().on_leader_timeout(timer)


class KeepsItsPromisesForTheNextBallot(MultiPaxos):
    def on_leader_timeout(self, timer: LeaderTimeout):
        promises = self.promises
        super().on_leader_timeout(timer)
        self.promises = promises if promises.by() else Votes()
