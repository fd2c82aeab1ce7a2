"""What people answer to the sheet of lesson 5: each is named after what it forgets."""

from distlab.consensus.raft import Raft
from distlab.node import volatile


# --------------------------------------------------------------------------------- 5.1
class Voter(Raft):
    """The right one."""

    def may_vote(self, src, msg):
        return self.is_free(src) and self.is_far_enough(msg, self.log.last_index)

    def is_free(self, src):
        return self.voted_for in (None, src)

    def is_far_enough(self, msg, last):
        return (msg.last_log_term, msg.last_log_index) >= (self.term_at(last), last)


class VotesForEverybody(Voter):
    def is_free(self, src):
        return True


class VotesOnceForGood(Voter):
    def is_free(self, src):
        return self.voted_for is None


class VotesForNobody(Voter):
    def is_free(self, src):
        return False


class RemembersInMemory(Voter):
    """In a field of its own, without saying that it is on disk."""

    given: dict = volatile({})

    def may_vote(self, src, msg):
        if self.given.get(msg.term, src) != src:
            return False
        if granted := self.is_far_enough(msg, self.log.last_index):
            self.given[msg.term] = src
        return granted


class DoesNotCompareLogs(Voter):
    def is_far_enough(self, msg, last):
        return True


class ComparesLengths(Voter):
    def is_far_enough(self, msg, last):
        return msg.last_log_index >= last


class ComparesTerms(Voter):
    def is_far_enough(self, msg, last):
        return msg.last_log_term >= self.term_at(last)


class ComparesBoth(Voter):
    """Each for itself: a longer log of an older term is in the way."""

    def is_far_enough(self, msg, last):
        return msg.last_log_term >= self.term_at(last) and msg.last_log_index >= last


class ComparesLengthsFirst(Voter):
    def is_far_enough(self, msg, last):
        return (msg.last_log_index, msg.last_log_term) >= (last, self.term_at(last))


class WantsMore(Voter):
    def is_far_enough(self, msg, last):
        return (msg.last_log_term, msg.last_log_index) > (self.term_at(last), last)


class LooksAtAnEmptyLog(Voter):
    def is_far_enough(self, msg, last):
        ours = self.log[last].term, last
        return (msg.last_log_term, msg.last_log_index) >= ours


class WantsMoreOfATerm(Voter):
    """Of two logs that end in the same term, the other one must be longer."""

    def is_far_enough(self, msg, last):
        if msg.last_log_term == self.term_at(last):
            return msg.last_log_index > last or last == 1
        return msg.last_log_term > self.term_at(last)


# --------------------------------------------------------------------------------- 5.2
class Leader(Raft):
    """The right one."""

    def advance_commit_index(self):
        for index in range(self.commit_index + 1, self.log.last_index + 1):
            if self.is_mine(index) and self.is_enough(self.have(index)):
                self.commit_index = index

    def is_mine(self, index):
        return self.term_at(index) == self.current_term

    def have(self, index):
        return [self.id, *(p for p in self.peers if self.match_index[p] >= index)]

    def is_enough(self, have):
        return 2 * len(have) > len(self.nodes)


class TakesTheMedian(Raft):
    """Not wrong: what the middle one has, a majority has."""

    def advance_commit_index(self):
        have = sorted([self.log.last_index, *self.match_index.values()], reverse=True)
        index = have[len(self.nodes) // 2]
        if index > self.commit_index and self.term_at(index) == self.current_term:
            self.commit_index = index


class CountsCopies(Leader):
    def is_mine(self, index):
        return True


class CommitsAtOnce(Leader):
    def is_enough(self, have):
        return True


class ForgetsItself(Leader):
    def have(self, index):
        return super().have(index)[1:]


class CountsHalf(Leader):
    def is_enough(self, have):
        return 2 * len(have) >= len(self.nodes)


class ContentWithTwo(Leader):
    def is_enough(self, have):
        return len(have) >= 2


class WaitsForAll(Leader):
    def is_enough(self, have):
        return len(have) == len(self.nodes)


class CommitsNothing(Leader):
    def is_enough(self, have):
        return False


class StopsAtTheFirst(Leader):
    """Of an old term? Then it looks no further."""

    def advance_commit_index(self):
        index = self.commit_index + 1
        while index <= self.log.last_index and self.is_mine(index):
            if not self.is_enough(self.have(index)):
                break
            self.commit_index = index
            index += 1


class ForgetsTheLast(Leader):
    def advance_commit_index(self):
        for index in range(self.commit_index + 1, self.log.last_index):
            if self.is_mine(index) and self.is_enough(self.have(index)):
                self.commit_index = index


class GoesOneByOne(Leader):
    """Looks at the next entry alone, and that may be an old one."""

    def advance_commit_index(self):
        index = self.commit_index + 1
        mine = self.is_mine(self.log.last_index)
        if mine and index <= self.log.last_index and self.is_enough(self.have(index)):
            self.commit_index = index


# --------------------------------------------------------------------------------- 5.3
def fits(log, prev_index, prev_term):
    if prev_index == 0:
        return True
    return prev_index <= len(log) and log[prev_index - 1][0] == prev_term


def merged(log, prev_index, entries):
    for at, entry in enumerate(entries, prev_index):
        if at >= len(log) or log[at][0] != entry[0]:
            log = (*log[:at], entry)
    return tuple(log)


def compares_entries(log, prev_index, prev_term, entries):
    """Not wrong: an index and a term have one command."""
    if not fits(log, prev_index, prev_term):
        return None
    log = list(log)
    for at, entry in enumerate(entries, prev_index):
        if log[at : at + 1] != [entry]:
            log[at:] = [entry]
    return log


def refuses_nothing(log, prev_index, prev_term, entries):
    return merged(log, prev_index, entries)


def looks_at_lengths(log, prev_index, prev_term, entries):
    return merged(log, prev_index, entries) if prev_index <= len(log) else None


def wants_the_last(log, prev_index, prev_term, entries):
    """Takes entries only behind its own last one."""
    if prev_index != len(log) or not fits(log, prev_index, prev_term):
        return None
    return merged(log, prev_index, entries)


def refuses_the_first(log, prev_index, prev_term, entries):
    if prev_index == 0 or not fits(log, prev_index, prev_term):
        return None
    return merged(log, prev_index, entries)


def counts_from_zero(log, prev_index, prev_term, entries):
    if prev_index >= len(log) or log[prev_index][0] != prev_term:
        return None
    return merged(log, prev_index, entries)


def always_cuts(log, prev_index, prev_term, entries):
    if not fits(log, prev_index, prev_term):
        return None
    return (*log[:prev_index], *entries)


def cuts_if_there_are_any(log, prev_index, prev_term, entries):
    if not fits(log, prev_index, prev_term):
        return None
    return (*log[:prev_index], *entries) if entries else log


def appends(log, prev_index, prev_term, entries):
    return (*log, *entries) if fits(log, prev_index, prev_term) else None


def keeps_its_own(log, prev_index, prev_term, entries):
    """Appends what is behind its end, and replaces nothing."""
    if not fits(log, prev_index, prev_term):
        return None
    return (*log, *entries[max(0, len(log) - prev_index) :])


def replaces_one_by_one(log, prev_index, prev_term, entries):
    if not fits(log, prev_index, prev_term):
        return None
    log = list(log)
    log[prev_index : prev_index + len(entries)] = entries
    return tuple(log)


def takes_one(log, prev_index, prev_term, entries):
    if not fits(log, prev_index, prev_term):
        return None
    return merged(log, prev_index, entries[:1])


def takes_nothing(log, prev_index, prev_term, entries):
    return log if fits(log, prev_index, prev_term) else None


def says_whether_it_fits(log, prev_index, prev_term, entries):
    return fits(log, prev_index, prev_term) or None


# --------------------------------------------------------------------------------- 5.4
LEADS, RIVAL = ("stand", "s1", "s2", "s3"), ("stand", "s3", "s1", "s2")
WRITES, RIVAL_WRITES = ("write", "s1"), ("write", "s3")
COPIES, WINS = ("copy", "s1", "s2"), ("stand", "s3", "s2")
RIGHT_COPIES = (LEADS, WRITES, RIVAL, RIVAL_WRITES, LEADS, COPIES, WINS)
RIGHT_VOTE = (("stand", "s1", "s2"), ("crash", "s2"), ("stand", "s3", "s2"))


def moves(copies=RIGHT_COPIES, vote=RIGHT_VOTE):
    return {"counts copies": copies, "forgets its vote": vote}


NOBODY_LEADS = moves((("stand", "s1", "s2"), ("crash", "s1"))[1:])
WRITES_NOTHING = moves((LEADS, RIVAL, COPIES))
COPIES_NOTHING = moves((LEADS, WRITES, RIVAL, RIVAL_WRITES))
HAS_NO_RIVAL = moves((LEADS, WRITES, COPIES, RIVAL))
EXECUTES_THE_LATER = moves(
    (LEADS, WRITES, RIVAL, RIVAL_WRITES, ("copy", "s3", "s2"), LEADS, LEADS)
)
STOPS_TOO_EARLY = moves((LEADS, WRITES, RIVAL, RIVAL_WRITES, LEADS, COPIES))
CRASHES_TOO = moves(
    (LEADS, WRITES, RIVAL, RIVAL_WRITES, ("crash", "s3"), LEADS, COPIES, WINS)
)
NEVER_CRASHES = moves(vote=(("stand", "s1", "s2"), ("stand", "s3", "s2")))
LEADS_LATER_TERMS = moves(
    vote=(("stand", "s1", "s2", "s3"), ("crash", "s2"), ("stand", "s3", "s2"))
)
FORGETS_IN_VAIN = moves(vote=(("crash", "s1"), ("stand", "s1", "s2")))
ASKS_TWICE = moves(vote=(("stand", "s1", "s2"), ("crash", "s2"), WRITES, RIGHT_VOTE[2]))
CALLS_FOUR = moves((("stand", "s1", "s4"),))
ASKS_ITSELF = moves((("stand", "s1", "s1", "s2"),))
KILLS = moves((("kill", "s1"),))
FORGETS_THE_COMMA = moves(("write", "s1"))
IS_ENDLESS = moves((WRITES,) * 40)


# --------------------------------------------------------------------------------- 5.5
def leaders_of(nodes):
    return [(k["term"], n) for n, k in sorted(nodes.items()) if k["role"] == "leader"]


def two_lead(nodes):
    terms = [term for term, _ in leaders_of(nodes)]
    return "two lead one term" if len(set(terms)) < len(terms) else None


def pairs(nodes):
    return [(nodes[one], nodes[other]) for one in nodes for other in nodes]


def logs_do_not_match(nodes):
    for one, other in pairs(nodes):
        for i, (a, b) in enumerate(zip(one["log"], other["log"], strict=False)):
            if a == b and one["log"][:i] != other["log"][:i]:
                return f"they agree at {i + 1}, and not before"
    return None


def committed(known):
    return known["log"][: known["commit_index"]]


def committed_differ(nodes):
    for one, other in pairs(nodes):
        each = zip(committed(one), committed(other), strict=False)
        if any(a != b for a, b in each):
            return "committed entries differ"
    return None


def lacks(nodes, leaders):
    for _, leader in leaders:
        for known in nodes.values():
            done = committed(known)
            if nodes[leader]["log"][: len(done)] != done:
                return f"{leader} lacks what is committed"
    return None


def latest(nodes):
    return leaders_of(nodes) and [max(leaders_of(nodes))]


def looks_at_leaders_only(nodes):
    return two_lead(nodes)


def forgets_log_matching(nodes):
    return two_lead(nodes) or committed_differ(nodes) or lacks(nodes, latest(nodes))


def forgets_what_is_committed(nodes):
    return two_lead(nodes) or logs_do_not_match(nodes) or lacks(nodes, latest(nodes))


def forgets_leader_completeness(nodes):
    return two_lead(nodes) or logs_do_not_match(nodes) or committed_differ(nodes)


def looks_as_far_as_the_leader_reaches(nodes):
    for _, leader in latest(nodes):
        log = nodes[leader]["log"]
        for known in nodes.values():
            each = zip(committed(known), log, strict=False)
            if any(a != b for a, b in each):
                return f"{leader} has another entry"
    return forgets_leader_completeness(nodes)


def wants_one_leader(nodes):
    return "two lead" if len(leaders_of(nodes)) > 1 else None


def blames_old_leaders(nodes):
    return forgets_leader_completeness(nodes) or lacks(nodes, leaders_of(nodes))


def blames_candidates(nodes):
    stand = [
        (known["term"], name)
        for name, known in nodes.items()
        if known["role"] != "follower"
    ]
    last = [max(stand)] if stand else []
    return forgets_leader_completeness(nodes) or lacks(nodes, last)


def wants_equal_logs(nodes):
    for one, other in pairs(nodes):
        if any(a != b for a, b in zip(one["log"], other["log"], strict=False)):
            return "logs differ"
    return two_lead(nodes)


def wants_all_to_have_committed(nodes):
    indexes = {known["commit_index"] for known in nodes.values()}
    return "commit indexes differ" if len(indexes) > 1 else two_lead(nodes)


def accuses_nobody(nodes):
    return None


def accuses_everybody(nodes):
    return "broken"


def says_yes(nodes):
    return bool(two_lead(nodes))


# ------------------------------------------------- answers that let others answer
ASKS_THE_LIBRARY = """
from distlab.consensus.raft import Raft
from distlab.consensus.raft_backtracking import RaftBacktracking

class MyVoter(Raft):
    def may_vote(self, src, msg):
        return super().may_vote(src, msg)

class MyRaft(Raft):
    def advance_commit_index(self):
        return RaftBacktracking.advance_commit_index(self)
"""


# ----------------------------------------------------------------- what is said to them
# (exercise, answer, the places of the claims that do not hold, words of what is told)
WRONG = [
    ("5.1", VotesForEverybody, "02", "two could get a majority"),
    ("5.1", VotesOnceForGood, "0", "its answer may have been lost"),
    ("5.1", VotesForNobody, "012", "elects no two leaders, and no leader"),
    ("5.1", RemembersInMemory, "02", "`self.voted_for` is on disk"),
    ("5.1", DoesNotCompareLogs, "1", "with the terms 1 2 it grants its vote to 1"),
    ("5.1", ComparesLengths, "1", "with the terms 2 it grants its vote to 1"),
    ("5.1", ComparesTerms, "1", "Both end in the same term, and its own log is longer"),
    ("5.1", ComparesBoth, "1", "however short, it is not behind"),
    ("5.1", ComparesLengthsFirst, "1", "with the terms 2 it grants its vote to 1 1"),
    ("5.1", WantsMore, "012", "Who asks may be just as far"),
    ("5.1", LooksAtAnEmptyLog, "12", "the log has no entry 0"),
    ("5.1", WantsMoreOfATerm, "1", "with the terms 1 1 it refuses its vote to 1 1"),
    ("5.2", CountsCopies, "1", "one who never had it may still be elected"),
    ("5.2", CommitsAtOnce, "0", "its commit index is 2; it should be 0"),
    ("5.2", ForgetsItself, "2", "the leader among them"),
    ("5.2", CountsHalf, "0", "Two of four are no majority"),
    ("5.2", ContentWithTwo, "0", "its commit index is 1; it should be 0"),
    ("5.2", WaitsForAll, "2", "Who waits for more waits long"),
    ("5.2", CommitsNothing, "012", "Who commits nothing loses nothing"),
    ("5.2", StopsAtTheFirst, "2", "as soon as one of its own term behind it is"),
    ("5.2", ForgetsTheLast, "2", "its commit index is 0; it should be 1"),
    ("5.2", GoesOneByOne, "12", "its commit index is 1; it should be 2"),
    ("5.3", refuses_nothing, "0", "there would be a hole"),
    ("5.3", looks_at_lengths, "0", "Its entry there has another term"),
    ("5.3", wants_the_last, "012", "it should be 1.a 1.b 1.c 4.d"),
    ("5.3", refuses_the_first, "012", "There is nothing before the first entry"),
    ("5.3", counts_from_zero, "012", "it refuses; it should be (nothing)"),
    ("5.3", always_cuts, "2", "A heartbeat brings no entries"),
    ("5.3", cuts_if_there_are_any, "2", "and what is behind it committed"),
    ("5.3", appends, "12", "an entry has one place"),
    ("5.3", keeps_its_own, "1", "At each index stands what was sent for it"),
    ("5.3", replaces_one_by_one, "1", "is of another leader"),
    ("5.3", takes_one, "1", "All that was sent belongs there"),
    ("5.3", takes_nothing, "12", "Who never takes anything keeps what he has"),
    ("5.3", says_whether_it_fits, "12", "a tuple of pairs, or None to refuse"),
    ("5.4", NOBODY_LEADS, "0", "a candidate needs the vote"),
    ("5.4", WRITES_NOTHING, "0", "No log has an entry"),
    ("5.4", COPIES_NOTHING, "0", "a leader has to copy an entry"),
    ("5.4", HAS_NO_RIVAL, "0", "There is no other entry"),
    ("5.4", EXECUTES_THE_LATER, "0", "whoever has less is not elected"),
    ("5.4", STOPS_TOO_EARLY, "0", "Is its server elected, after all this?"),
    ("5.4", CRASHES_TOO, "0", "after 8 moves"),
    ("5.4", NEVER_CRASHES, "1", "forgets its vote when it crashes"),
    ("5.4", LEADS_LATER_TERMS, "1", "Each of them in a term of its own"),
    ("5.4", FORGETS_IN_VAIN, "1", "s1 leads term 1"),
    ("5.4", ASKS_TWICE, "1", "after 4 moves"),
    ("5.4", CALLS_FOUR, "0", "there are s1, s2 and s3, and no s4"),
    ("5.4", ASKS_ITSELF, "0", "s1 need not be asked"),
    ("5.4", KILLS, "0", "is no move: write"),
    ("5.4", FORGETS_THE_COMMA, "0", "one alone is"),
    ("5.4", IS_ENDLESS, "0", "a dozen are more than enough"),
    ("5.5", looks_at_leaders_only, "1", "1 of 5 are found"),
    ("5.5", forgets_log_matching, "1", "and differ before it"),
    ("5.5", forgets_what_is_committed, "1", "committed different entries at one index"),
    ("5.5", forgets_leader_completeness, "1", "lacks an entry that somebody has"),
    ("5.5", looks_as_far_as_the_leader_reaches, "1", "does not even reach to it"),
    ("5.5", wants_one_leader, "01", "does not know it yet: their terms differ"),
    ("5.5", blames_old_leaders, "0", "the one of the later term has all"),
    ("5.5", blames_candidates, "0", "is no leader yet"),
    ("5.5", wants_equal_logs, "01", "it says “logs differ”"),
    ("5.5", wants_all_to_have_committed, "01", "it says “commit indexes differ”"),
    ("5.5", accuses_nobody, "01", "Whoever accuses nobody raises no false alarm"),
    ("5.5", accuses_everybody, "01", "Whoever accuses everybody finds all of them"),
    ("5.5", says_yes, "01", "return None, or a sentence that says what"),
]
TOLD_ALIKE = ()
RIGHT_TOO = [("5.2", TakesTheMedian), ("5.3", compares_entries)]
SHARED = (
    Voter,
    Leader,
    *(fits, merged),
    *(leaders_of, two_lead, pairs, logs_do_not_match, committed, committed_differ),
    *(lacks, latest, forgets_leader_completeness),
)
