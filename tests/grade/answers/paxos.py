"""What people answer to the sheet of lesson 4: each is named after what it forgets."""

from distlab.consensus.paxos import (
    Accepted,
    Ballot,
    Nack,
    Paxos,
    Promise,
    Proposal,
)
from distlab.faults import (
    Crash,
    Cut,
    Delay,
    Isolate,
    Loss,
    LostWrites,
    Recover,
)
from distlab.node import Call, volatile


# --------------------------------------------------------------------------------- 4.1
class Acceptor(Paxos):
    """The right one."""

    def on_prepare(self, src, msg):
        if self.refuses(msg):
            return self.send(src, Nack(msg.ballot, self.promised))
        self.promised = msg.ballot
        self.send(src, Promise(msg.ballot, self.told()))

    def on_accept(self, src, msg):
        if self.refuses(msg):
            return self.send(src, Nack(msg.ballot, self.promised))
        self.promised = msg.ballot
        self.accepted = Proposal(msg.ballot, msg.value)
        self.send(src, Accepted(msg.ballot))

    def refuses(self, msg):
        return msg.ballot < self.promised

    def told(self):
        return self.accepted


class PromisesAnything(Acceptor):
    def on_prepare(self, src, msg):
        self.promised = msg.ballot
        self.send(src, Promise(msg.ballot, self.accepted))


class PromisesOnce(Acceptor):
    """Compares by <=: who asks again with the same number is turned down."""

    def on_prepare(self, src, msg):
        if msg.ballot <= self.promised:
            return self.send(src, Nack(msg.ballot, self.promised))
        super().on_prepare(src, msg)


class AcceptsAnything(Acceptor):
    def on_accept(self, src, msg):
        self.promised = max(self.promised, msg.ballot)
        self.accepted = Proposal(msg.ballot, msg.value)
        self.send(src, Accepted(msg.ballot))


class AcceptsOnlyWhatIsHigher(Acceptor):
    """Refuses what it has promised to accept."""

    def on_accept(self, src, msg):
        if msg.ballot <= self.promised:
            return self.send(src, Nack(msg.ballot, self.promised))
        super().on_accept(src, msg)


class PromisesNothingWithItsVote(Acceptor):
    def on_accept(self, src, msg):
        promised = self.promised
        super().on_accept(src, msg)
        self.promised = promised


class ComparesNumbersOnly(Acceptor):
    """Two proposers with one number: the name decides, and it does not look."""

    def refuses(self, msg):
        return msg.ballot.number < self.promised.number


class TellsNothing(Acceptor):
    def told(self):
        return None


class TellsTheFirst(Acceptor):
    def on_accept(self, src, msg):
        before = self.accepted
        super().on_accept(src, msg)
        self.accepted = before or self.accepted


class TellsItUnderTheNewBallot(Acceptor):
    def told(self):
        return self.accepted and Proposal(self.promised, self.accepted.value)


class RefusesInSilence(Acceptor):
    def on_prepare(self, src, msg):
        if not self.refuses(msg):
            super().on_prepare(src, msg)

    def on_accept(self, src, msg):
        if not self.refuses(msg):
            super().on_accept(src, msg)


class NamesTheRequestTwice(Acceptor):
    def on_prepare(self, src, msg):
        if self.refuses(msg):
            return self.send(src, Nack(msg.ballot, msg.ballot))
        super().on_prepare(src, msg)


class KeepsItInMemory(Acceptor):
    """In a field of its own, without saying that it is on disk."""

    highest: Ballot = volatile(Ballot(0, ""))

    def on_prepare(self, src, msg):
        if msg.ballot < self.highest:
            return self.send(src, Nack(msg.ballot, self.highest))
        self.highest = msg.ballot
        self.send(src, Promise(msg.ballot, self.accepted))

    def on_accept(self, src, msg):
        if msg.ballot < self.highest:
            return self.send(src, Nack(msg.ballot, self.highest))
        self.highest = msg.ballot
        self.accepted = Proposal(msg.ballot, msg.value)
        self.send(src, Accepted(msg.ballot))


class PromisesToAccept(Acceptor):
    """Answers the second phase as the first."""

    def on_accept(self, src, msg):
        if self.refuses(msg):
            return self.send(src, Nack(msg.ballot, self.promised))
        self.promised = msg.ballot
        self.accepted = Proposal(msg.ballot, msg.value)
        self.send(src, Promise(msg.ballot, self.accepted))


class NamesItsLastPromise(Acceptor):
    """In its answer to a proposal that it has never promised anything."""

    def on_accept(self, src, msg):
        if self.refuses(msg):
            return self.send(src, Nack(msg.ballot, self.promised))
        self.send(src, Accepted(self.promised))
        self.promised = msg.ballot
        self.accepted = Proposal(msg.ballot, msg.value)


class RefusesEverybody(Acceptor):
    def refuses(self, msg):
        return True


class AnswersNothing(Acceptor):
    def on_prepare(self, src, msg): ...

    def on_accept(self, src, msg): ...


# --------------------------------------------------------------------------------- 4.2
def accepted(reported):
    return [report for report in reported if report is not None]


def keeps_to_its_own(mine, reported):
    return mine


def takes_the_first(mine, reported):
    found = accepted(reported)
    return found[0][1] if found else mine


def takes_the_lowest(mine, reported):
    found = accepted(reported)
    return min(found)[1] if found else mine


def counts_votes(mine, reported):
    values = [value for _, value in accepted(reported)]
    return max(values, key=values.count) if values else mine


def takes_the_greatest_value(mine, reported):
    values = [value for _, value in accepted(reported)]
    return max(values) if values else mine


def looks_at_names_only(mine, reported):
    found = accepted(reported)
    return max(found, key=lambda report: report[0][1])[1] if found else mine


def looks_at_numbers_only(mine, reported):
    found = accepted(reported)
    if not found:
        return mine
    return min(found, key=lambda report: (-report[0][0], report[0][1]))[1]


def compares_texts(mine, reported):
    found = accepted(reported)
    return max(found, key=lambda report: str(report[0]))[1] if found else mine


def takes_zero_for_nothing(mine, reported):
    found = [report for report in reported if report and report[1]]
    return max(found)[1] if found else mine


def wants_a_majority(mine, reported):
    """One report is not enough for it."""
    found = accepted(reported)
    return max(found)[1] if 2 * len(found) > len(reported) else mine


def returns_the_report(mine, reported):
    found = accepted(reported)
    return max(found) if found else mine


def does_not_expect_none(mine, reported):
    return max(reported, key=lambda report: report[0])[1]


def is_content_with_its_own(mine, reported):
    """If somebody has accepted what it wants, it does not look any further."""
    found = accepted(reported)
    if not found or any(value == mine for _, value in found):
        return mine
    return max(found)[1]


def always_tea(mine, reported):
    return "tea"


# --------------------------------------------------------------------------------- 4.3
TEA, MILK = Call("propose", ("tea",)), Call("propose", ("milk",))
FORGETS = (LostWrites("s1", 6.2, 1), Crash("s1", 6.4), Recover("s1", 6.6))


def story(*faults, calls=((0, "s2", TEA), (3, "s3", MILK))):
    return {"calls": calls, "faults": faults}


RIGHT_PROMISE = story(Crash("s1", 5.2), Recover("s1", 5.4))
RIGHT_VOTE = story(*FORGETS, calls=((0, "s2", TEA), (5, "s3", MILK)))


def two_chosen(promise=RIGHT_PROMISE, vote=RIGHT_VOTE):
    return {"its promise in memory": promise, "a vote that the disk forgets": vote}


HAS_NO_FAULTS = two_chosen(story())
PROPOSES_ONCE = two_chosen(story(Crash("s1", 5.2), calls=((0, "s2", TEA),)))
STAYS_DOWN = two_chosen(story(Crash("s1", 5.2)))
IS_TOO_LATE = two_chosen(
    story(Crash("s1", 12), Recover("s1", 13), calls=((0, "s2", TEA), (20, "s3", MILK)))
)
CRASHES_A_PROPOSER = two_chosen(story(Crash("s2", 3.5), Recover("s2", 3.7)))
REFUSES_BOTH = two_chosen(
    story(Crash("s1", 5.2), Recover("s1", 5.4), Isolate("s2", 3.5), Isolate("s3", 3.5))
)
CUTS_WHAT_NEED_NOT_BE = two_chosen(
    story(
        Cut("s1", "s3"),
        Crash("s2", 5.2),
        Recover("s2", 5.4),
        calls=((0, "s1", TEA), (3, "s3", MILK)),
    )
)
CRASHES_TOO_EARLY = two_chosen(
    story(Crash("s1", 5.2), Recover("s1", 5.4), calls=((0, "s2", TEA), (5, "s3", MILK)))
)
CRASHES_WHEN_IT_HAS_REFUSED = two_chosen(story(Crash("s1", 6.2), Recover("s1", 6.4)))
TRUSTS_TO_LUCK = two_chosen(story(Loss(0.5)))
FORGETS_A_DISK = two_chosen(story(*FORGETS))
CALLS_ANOTHER = two_chosen(story(calls=((0, "c1", TEA),)))
WRITES = two_chosen(story(calls=((0, "s1", Call("write", ("x", 1))),)))
FORGETS_THE_COMMA = two_chosen({"calls": ((0, "s1", TEA),), "faults": Crash("s1", 5)})
CALLS_TOO_LATE = two_chosen(story(calls=((5_000, "s1", TEA),)))
DISK_REMEMBERS = two_chosen(vote=story(Crash("s1", 6.4), Recover("s1", 6.6)))
FORGETS_TWO_DISKS = two_chosen(
    vote=story(*FORGETS, LostWrites("s2", 20), calls=((0, "s2", TEA), (5, "s3", MILK)))
)
DELAYS_TOO = two_chosen(
    vote=story(
        Delay(1, src="s2", dst="s3"), *FORGETS, calls=((0, "s2", TEA), (5, "s3", MILK))
    )
)


# --------------------------------------------------------------------------------- 4.4
def quorums(five=(4, 2), grid=(3, 4), big=(4, 3)):
    return {
        "five nodes": dict(zip(("promises", "votes"), five, strict=True)),
        "twelve nodes in a grid": dict(zip(("rows", "columns"), grid, strict=True)),
        "one node of two votes": dict(zip(("promises", "votes"), big, strict=True)),
    }


ASKS_MAJORITIES = quorums(five=(3, 3), big=(4, 4))
IS_NOT_SAFE = quorums(five=(3, 2))
ASKS_ALL = quorums(five=(5, 1))
HAS_TWO_ROWS = quorums(grid=(2, 6))
HAS_FOUR_ROWS = quorums(grid=(4, 3))
IS_A_LINE = quorums(grid=(12, 1))
IS_NO_GRID = quorums(grid=(3, 3))
COUNTS_NODES = quorums(big=(3, 3))
TRUSTS_THE_BIG_ONE = quorums(big=(5, 2))
ASKS_MORE_THAN_THERE_ARE = quorums(five=(6, 2))
ASKS_FOR_HALVES = quorums(five=(3.5, 2))
LEAVES_ONE_OPEN = quorums(big=(None, None))


# --------------------------------------------------------------------------------- 4.5
def votes_of(nodes):
    return [(vote, name) for name in nodes for vote in nodes[name]["voted"]]


def chosen_in(nodes, key=lambda vote: vote):
    voters = {}
    for vote, name in votes_of(nodes):
        voters.setdefault(key(vote), set()).add(name)
    return [vote for vote in voters if 2 * len(voters[vote]) > len(nodes)]


def not_chosen(nodes, chosen):
    decided = {known["decided"] for known in nodes.values()} - {None}
    return f"decided: {sorted(decided)}" if decided - set(chosen) else None


def two_in_a_ballot(nodes):
    votes = {vote for vote, _ in votes_of(nodes)}
    if len({ballot for ballot, _ in votes}) < len(votes):
        return "a ballot has two values"
    return None


def right_but(nodes, chosen):
    """The right one, but for what it takes for chosen."""
    if len(set(chosen)) > 1:
        return f"{sorted(chosen)} are chosen"
    return two_in_a_ballot(nodes) or not_chosen(nodes, chosen)


def compares_decisions(nodes):
    decided = {known["decided"] for known in nodes.values()} - {None}
    return f"decided: {sorted(decided)}" if len(decided) > 1 else None


def counts_values(nodes):
    """A value that a majority has voted for, in whatever ballots."""
    return right_but(nodes, chosen_in(nodes, key=lambda vote: vote[1]))


def wants_all_to_agree(nodes):
    values = {value for (_, value), _ in votes_of(nodes)}
    return f"votes for {sorted(values)}" if len(values) > 1 else None


def wants_one_ballot(nodes):
    chosen = chosen_in(nodes)
    if len(chosen) > 1:
        return f"{sorted(chosen)} are chosen"
    return two_in_a_ballot(nodes) or not_chosen(nodes, [v for _, v in chosen])


def forgets_what_was_learned(nodes):
    values = {value for _, value in chosen_in(nodes)}
    return f"{sorted(values)} are chosen" if len(values) > 1 else two_in_a_ballot(nodes)


def looks_at_chosen_only(nodes):
    values = {value for _, value in chosen_in(nodes)}
    if len(values) > 1:
        return f"{sorted(values)} are chosen"
    return not_chosen(nodes, values)


def compares_numbers_without_names(nodes):
    numbers = {(ballot[0], value) for (ballot, value), _ in votes_of(nodes)}
    if len({number for number, _ in numbers}) < len(numbers):
        return "a number has two values"
    return right_but(nodes, [value for _, value in chosen_in(nodes)])


def wants_who_decides_to_have_voted(nodes):
    for name, known in nodes.items():
        values = [value for _, value in known["voted"]]
        if known["decided"] is not None and known["decided"] not in values:
            return f"{name} has decided and not voted"
    return right_but(nodes, [value for _, value in chosen_in(nodes)])


def counts_those_who_voted(nodes):
    """A majority of those who have voted at all, whatever the others may do."""
    voters = {name: known for name, known in nodes.items() if known["voted"]}
    return right_but(nodes, [value for _, value in chosen_in(voters)])


def forgets_old_votes(nodes):
    last = {
        name: {**known, "voted": known["voted"][-1:]} for name, known in nodes.items()
    }
    return right_but(last, [value for _, value in chosen_in(last)])


def accuses_nobody(nodes):
    return None


def accuses_everybody(nodes):
    return "broken"


def says_yes(nodes):
    return bool(right_but(nodes, [value for _, value in chosen_in(nodes)]))


# --------------------------------------------------------------------------------- 4.6
TOLD = ({"manager": "committed"}, {"decision": "commit"})
PREPARED = ({"decision": "commit"}, {"manager": ("prepared", "committed")})
UNSENT = ({"coordinator": "undecided"}, {"decision": "unsent"})
HEARD = ({"is_heard": True}, {"has_sent": True})
BUSY = ({"has_sent": True}, {"manager": ("prepared", "committed", "aborted")})
HELD = ({"has_sent": True, "manager": "aborted"}, {"decision": "abort"})

HAS_NO_COMMA = TOLD
SPELLS_IT_WRONG = (({"managers": "committed"}, {"decision": "commit"}),)
KNOWS_ANOTHER_VALUE = (({"manager": "commited"}, {"decision": "commit"}),)
IS_NOT_TRUE = (TOLD, ({"decision": "commit"}, {"manager": "committed"}))
IS_NOT_TRUE_AT_FIRST = (({}, {"has_sent": True}),)
SAYS_THE_CONVERSE = (({"has_sent": True}, {"is_heard": True}),)
BEGINS = (TOLD,)
FORGETS_WHO_WAS_TOLD = (PREPARED, UNSENT, HEARD, BUSY, HELD)
FORGETS_WHO_PREPARED = (TOLD, UNSENT, HEARD, BUSY, HELD)
FORGETS_THE_UNDECIDED = (TOLD, PREPARED, HEARD, BUSY, HELD)
FORGETS_WHAT_WAS_HEARD = (TOLD, PREPARED, UNSENT, BUSY, HELD)
FORGETS_WHO_IS_BUSY = (TOLD, PREPARED, UNSENT, HEARD, HELD)
FORGETS_THE_BOUND = (TOLD, PREPARED, UNSENT, HEARD, BUSY)
SAYS_MORE = (
    *(TOLD, PREPARED, UNSENT, HEARD, BUSY, HELD),
    ({"coordinator": "committed"}, {"decision": "commit"}),
    ({"coordinator": "aborted"}, {"decision": "abort"}),
    ({"manager": "working"}, {"has_sent": False, "is_heard": False}),
)


# ------------------------------------------------- answers that let others answer
ASKS_THE_LIBRARY = """
from distlab.consensus.paxos import Ballot, Paxos, Proposal

class MyAcceptor(Paxos):
    def on_prepare(self, src, msg):
        return super().on_prepare(src, msg)

    def on_accept(self, src, msg):
        return Paxos.on_accept(self, src, msg)

def value_for(mine, reported):
    node = Paxos("s1", ("s1", "s2", "s3"))
    node.value = mine
    return node.value_for(tuple(r and Proposal(Ballot(*r[0]), r[1]) for r in reported))
"""


# ----------------------------------------------------------------- what is said to them
# (exercise, answer, the places of the claims that do not hold, words of what is told)
WRONG = [
    ("4.1", PromisesAnything, "0134", "nothing to do with lower ones"),
    ("4.1", PromisesOnce, "013", "it may well ask again"),
    ("4.1", AcceptsAnything, "134", "It has promised a higher ballot not to accept"),
    ("4.1", AcceptsOnlyWhatIsHigher, "1234", "should be Accepted(Ballot(2, s1))"),
    ("4.1", PromisesNothingWithItsVote, "1", "A vote binds it as a promise does"),
    ("4.1", ComparesNumbersOnly, "0134", "the name decides"),
    ("4.1", TellsNothing, "234", "It has accepted something, and must say so"),
    ("4.1", TellsTheFirst, "2", "of all that it has accepted: its last"),
    ("4.1", TellsItUnderTheNewBallot, "23", "of all that it has accepted"),
    ("4.1", RefusesInSilence, "013", "Whoever asks waits"),
    ("4.1", NamesTheRequestTwice, "013", "has to know what to outbid"),
    ("4.1", KeepsItInMemory, "3", "a new field is in memory"),
    ("4.1", PromisesToAccept, "134", "`on_accept` with an `Accepted`"),
    ("4.1", NamesItsLastPromise, "1", "names the ballot that it answers"),
    ("4.1", RefusesEverybody, "01234", "Whoever never helps never does harm"),
    ("4.1", AnswersNothing, "01234", "it answers nothing; it should be Promise"),
    ("4.2", keeps_to_its_own, "012", "and by one that was not heard"),
    ("4.2", takes_the_first, "1", "The order in which promises arrive"),
    ("4.2", takes_the_lowest, "1", "tea was not chosen before"),
    ("4.2", counts_votes, "1", "It is no vote"),
    ("4.2", takes_the_greatest_value, "1", "Compare ballots"),
    ("4.2", looks_at_names_only, "1", "First the number, then the name"),
    ("4.2", looks_at_numbers_only, "1", "of one number, the name decides"),
    ("4.2", compares_texts, "1", "10 is above 9"),
    ("4.2", takes_zero_for_nothing, "0", "0 is a value like any other"),
    ("4.2", wants_a_majority, "02", "one has accepted tea"),
    ("4.2", returns_the_report, "012", "Return the value alone"),
    ("4.2", does_not_expect_none, "012", "TypeError"),
    ("4.2", is_content_with_its_own, "1", "does not make it free"),
    ("4.2", always_tea, "012", "which nobody wants"),
    ("4.3", HAS_NO_FAULTS, "0", "who has to forget?"),
    ("4.3", PROPOSES_ONCE, "0", "if two are proposed"),
    ("4.3", STAYS_DOWN, "0", "has to come back to vote again"),
    ("4.3", IS_TOO_LATE, "0", "had been told what was chosen"),
    ("4.3", CRASHES_A_PROPOSER, "0", "was the other one refused?"),
    ("4.3", REFUSES_BOTH, "0", "No proposal has a majority"),
    ("4.3", CUTS_WHAT_NEED_NOT_BE, "0", "can you do without?"),
    ("4.3", CRASHES_TOO_EARLY, "0", "By whom, and when?"),
    ("4.3", CRASHES_WHEN_IT_HAS_REFUSED, "0", "Who must have accepted both"),
    ("4.3", TRUSTS_TO_LUCK, "0", "of Loss, all messages or none"),
    ("4.3", FORGETS_A_DISK, "0", "here no disk may forget"),
    ("4.3", CALLS_ANOTHER, "0", "s1, s2 or s3 may propose"),
    ("4.3", WRITES, "0", "is no proposal: write when, who and what"),
    ("4.3", FORGETS_THE_COMMA, "0", "with a comma"),
    ("4.3", CALLS_TOO_LATE, "0", "is not between 0 and 1000"),
    ("4.3", DISK_REMEMBERS, "1", "who has to forget?"),
    ("4.3", FORGETS_TWO_DISKS, "1", "of one acceptor may forget"),
    ("4.3", DELAYS_TOO, "1", "can you do without?"),
    ("4.4", ASKS_MAJORITIES, "02", "Votes are what every command costs"),
    ("4.4", IS_NOT_SAFE, "0", "by {s3, s4, s5} never hears"),
    ("4.4", ASKS_ALL, "0", "with 1 node down, phase 1"),
    ("4.4", HAS_TWO_ROWS, "1", "with 2 nodes down, phase 1"),
    ("4.4", HAS_FOUR_ROWS, "1", "as many nodes as there are rows"),
    ("4.4", IS_A_LINE, "1", "with 1 node down, phase 2"),
    ("4.4", IS_NO_GRID, "1", "are not 12 nodes"),
    ("4.4", COUNTS_NODES, "2", "by {s1, s5} never hears"),
    ("4.4", TRUSTS_THE_BIG_ONE, "2", "with 1 node down, phase 1"),
    ("4.4", ASKS_MORE_THAN_THERE_ARE, "0", "not even all of them are 6"),
    ("4.4", ASKS_FOR_HALVES, "0", "give numbers from 1 to 12"),
    ("4.4", LEAVES_ONE_OPEN, "2", "nothing chosen for 'one node of two votes'"),
    ("4.5", compares_decisions, "1", "1 of 6 are found"),
    ("4.5", counts_values, "01", "it was never chosen"),
    ("4.5", wants_all_to_agree, "01", "are everyday life"),
    ("4.5", wants_one_ballot, "0", "found the first one's value"),
    ("4.5", forgets_what_was_learned, "1", "3 of 6 are found"),
    ("4.5", looks_at_chosen_only, "1", "One ballot, two values"),
    ("4.5", compares_numbers_without_names, "0", "are everyday life"),
    ("4.5", wants_who_decides_to_have_voted, "0", "need not have voted for it"),
    ("4.5", counts_those_who_voted, "1", "One of three has voted for it"),
    ("4.5", forgets_old_votes, "01", "a state of a run of Paxos as it is"),
    ("4.5", accuses_nobody, "01", "raises no false alarm"),
    ("4.5", accuses_everybody, "01", "finds all of them"),
    ("4.5", says_yes, "01", "return None, or a sentence"),
    ("4.6", FORGETS_WHO_WAS_TOLD, "12", "Who has told it to?"),
    ("4.6", FORGETS_WHO_PREPARED, "12", "Were all managers as far as that?"),
    ("4.6", FORGETS_THE_UNDECIDED, "2", "the coordinator is undecided"),
    ("4.6", FORGETS_WHAT_WAS_HEARD, "2", "a manager was heard"),
    ("4.6", FORGETS_WHO_IS_BUSY, "2", "has sent “prepared”. Is it?"),
    ("4.6", FORGETS_THE_BOUND, "2", "has bound itself"),
    ("4.6", BEGINS, "12", "and manager 0 aborted"),
    ("4.6", IS_NOT_TRUE, "012", "Broken after 5 steps, always rule 2"),
    ("4.6", IS_NOT_TRUE_AT_FIRST, "012", "Broken after 0 steps"),
    ("4.6", SAYS_THE_CONVERSE, "012", "This state is reached, by these steps"),
    ("4.6", HAS_NO_COMMA, "012", "one rule alone needs a comma"),
    ("4.6", SPELLS_IT_WRONG, "012", "Did you mean `manager`?"),
    ("4.6", KNOWS_ANOTHER_VALUE, "012", "and never 'commited'"),
]
TOLD_ALIKE = ()
RIGHT_TOO = [("4.6", SAYS_MORE)]
SHARED = (  # by several answers
    Acceptor,
    accepted,
    votes_of,
    chosen_in,
    not_chosen,
    two_in_a_ballot,
    right_but,
)
