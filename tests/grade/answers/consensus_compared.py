"""What people answer to the sheet of lesson 6: each is named after what it forgets."""

from collections import Counter


# --------------------------------------------------------------------------------- 6.1
def known(heard):
    return max(committed for _, _, committed in heard)


def takes_the_first(heard):
    return heard[0][1], known(heard)


def takes_the_last(heard):
    return heard[-1][1], known(heard)


def takes_the_longest(heard):
    return max((log for _, log, _ in heard), key=len), known(heard)


def looks_at_views_only(heard):
    return max(heard, key=lambda report: report[0])[1], known(heard)


def takes_the_most_frequent(heard):
    newest_first = sorted(heard, reverse=True)
    ((log, _),) = Counter(log for _, log, _ in newest_first).most_common(1)
    return log, known(heard)


def takes_what_has_committed_most(heard):
    return max(heard, key=lambda report: (report[2], report[0], report[1]))[1:]


def leaves_empty_logs_out(heard):
    with_commands = [report for report in heard if report[1]] or heard
    best = max(with_commands, key=lambda report: (report[0], len(report[1])))
    return best[1], known(heard)


def takes_what_all_have(heard):
    latest = max(view for view, _, _ in heard)
    return min((r[1] for r in heard if r[0] == latest), key=len), known(heard)


def merges_logs(heard):
    log = []
    for _, commands, _ in sorted(heard):
        log += [command for command in commands if command not in log]
    return tuple(log), known(heard)


def knows_what_its_log_came_with(heard):
    best = max(heard, key=lambda report: (report[0], len(report[1])))
    return best[1:]


def commits_all_of_it(heard):
    best = max(heard, key=lambda report: (report[0], len(report[1])))
    return best[1], len(best[1])


def commits_what_all_know(heard):
    best = max(heard, key=lambda report: (report[0], len(report[1])))
    return best[1], min(committed for _, _, committed in heard)


def adds_what_is_committed(heard):
    best = max(heard, key=lambda report: (report[0], len(report[1])))
    return best[1], sum(committed for _, _, committed in heard)


def returns_the_log_alone(heard):
    return max(heard, key=lambda report: (report[0], len(report[1])))[1]


# --------------------------------------------------------------------------------- 6.2
def bits_of(heard):
    return [bit for bit in heard if bit is not None]


def decides_at_once(heard, t):
    named = bits_of(heard)
    return ("decide", named[0]) if named else ("toss", None)


def decides_with_t(heard, t):
    named = bits_of(heard)
    if not named:
        return "toss", None
    return ("decide" if len(named) >= t else "adopt"), named[0]


def wants_a_majority_of_those_heard(heard, t):
    named = bits_of(heard)
    if not named:
        return "toss", None
    return ("decide" if 2 * len(named) > len(heard) else "adopt"), named[0]


def wants_all(heard, t):
    named = bits_of(heard)
    if not named:
        return "toss", None
    return ("decide" if len(named) == len(heard) else "adopt"), named[0]


def never_decides(heard, t):
    named = bits_of(heard)
    return ("adopt", named[0]) if named else ("toss", None)


def tosses_if_it_is_not_sure(heard, t):
    named = bits_of(heard)
    return ("decide", named[0]) if len(named) > t else ("toss", None)


def takes_zero_for_nothing(heard, t):
    named = [bit for bit in heard if bit]
    if not named:
        return "toss", None
    return ("decide" if len(named) > t else "adopt"), named[0]


def adopts_zero_if_nobody_names_one(heard, t):
    named = bits_of(heard)
    if not named:
        return "adopt", 0
    return ("decide" if len(named) > t else "adopt"), named[0]


def takes_the_other_bit(heard, t):
    named = bits_of(heard)
    if not named:
        return "toss", None
    return ("decide" if len(named) > t else "adopt"), 1 - named[0]


def looks_at_the_first(heard, t):
    if heard[0] is None:
        return "toss", None
    return ("decide" if len(bits_of(heard)) > t else "adopt"), heard[0]


def says_what_without_which(heard, t):
    named = bits_of(heard)
    if not named:
        return "toss"
    return "decide" if len(named) > t else "adopt"


# --------------------------------------------------------------------------------- 6.3
def statements(**others):
    """The right answers, but for some."""
    said = ["E1", "right", "E2", "E3", "E4", "E5", "right", "E6", "E7", "right", "E1"]
    return dict(enumerate(said, 1)) | {int(n[1:]): what for n, what in others.items()}


CALLS_EVERYTHING_RIGHT = dict.fromkeys(range(1, 12), "right")
LEAVES_ONE_OPEN = statements(n6=None)
LEAVES_A_RIGHT_ONE_OPEN = statements(n7=None)
BELIEVES_IN_ONE_LEADER = statements(n1="right")
BELIEVES_IN_FOUR_SERVERS = statements(n5="right")
BELIEVES_IN_UNANIMITY = statements(n6="right")
BELIEVES_IN_FEW_MESSAGES = statements(n8="right")
BELIEVES_IN_DISKS = statements(n9="right")
ANSWERS_READS = statements(n11="right")
TAKES_SILENCE_FOR_NO = statements(n4="E4")
ACCUSES_LOSS = statements(n2="E3")
ACCUSES_SLOWNESS = statements(n10="E2")
NAMES_NO_EXHIBIT = statements(n3="E9")
FORGETS_A_NUMBER = {1: "E1"}


# --------------------------------------------------------------------------------- 6.4
def moves(text):
    """Such as `12 13 1`: from s1 to s2, from s1 to s3, s1 begins again."""
    made = (tuple(f"s{digit}" for digit in word) for word in text.split())
    return tuple(move if len(move) > 1 else move[0] for move in made)


FIRST = "12 13 21 23 21 1 31 12 32 12 13"  # s1 has been outbid, and s2 is about to be
STOPS_IN_THE_MIDDLE = moves(FIRST)
DECIDES_AT_ONCE = moves("13 31 13 31")
LETS_ONE_ACCEPT_TOO_MANY = moves("12 13 21 23 21 31 12 32 21 23 12 1")
LETS_A_MESSAGE_WAIT = moves("23 21 32 13 31 1 13 31 13")
BEGINS_WITHOUT_BEING_REFUSED = moves("1 12 13")
ASKS_WHO_HAS_NOT_PROPOSED = moves("12 3 13")
DELIVERS_WHAT_NOBODY_SENT = moves("12 32 13")
CALLS_ANOTHER_NODE = moves("12 14 13")
WRITES_WORDS = ("s1 to s2", "s1 to s3")
FORGETS_THE_PAIR = "s1"
TAKES_ANOTHER_WAY = moves(
    "12 13 21 23 21 31 12 32 21 1 13 23 31 32 12 12 12 21 2 23 13 32 31 21"
)


# ------------------------------------------------- answers that let others answer
ASKS_THE_LIBRARY = """
from distlab.consensus.ben_or import BenOr
from distlab.consensus.viewstamped import DoViewChange, Viewstamped

def begin_view(heard):
    node = Viewstamped("s1", ("s1", "s2", "s3"))
    for src, (view, log, committed) in enumerate(heard):
        node.on_do_view_change(f"s{src}", DoViewChange(1, log, view, committed))
    return tuple(node.log), node.commit_number

def end_of_round(heard, t):
    node = BenOr("s1", ("s1", "s2", "s3"))
    node.finish_round()
    return ("decide", node.decision) if node.decision else ("adopt", node.x)
"""


# ----------------------------------------------------------------- what is said to them
# (exercise, answer, the places of the claims that do not hold, words of what is told)
WRONG = [
    ("6.1", takes_the_first, "013", "says nothing about which is newer"),
    ("6.1", takes_the_last, "013", "it begins with the log ()"),
    ("6.1", takes_the_longest, "13", "nobody had executed them"),
    ("6.1", looks_at_views_only, "013", "the longer has all of the other"),
    ("6.1", takes_the_most_frequent, "1", "It is no vote"),
    ("6.1", takes_what_has_committed_most, "01", "says nothing of how new its log"),
    ("6.1", leaves_empty_logs_out, "1", "An empty log is a log"),
    ("6.1", takes_what_all_have, "013", "Of those that are of it, the longest"),
    ("6.1", merges_logs, "13", "one of the logs that were reported"),
    ("6.1", knows_what_its_log_came_with, "2", "Each of them is right"),
    ("6.1", commits_all_of_it, "2", "executes them too early"),
    ("6.1", commits_what_all_know, "2", "the most of it"),
    ("6.1", adds_what_is_committed, "2", "there is nothing to add up"),
    ("6.1", returns_the_log_alone, "0123", "return a pair"),
    ("6.2", decides_at_once, "13", "it may be alone"),
    ("6.2", decides_with_t, "13", "1 may stop: it answers ('decide', 0)"),
    ("6.2", wants_a_majority_of_those_heard, "12", "2 may stop"),
    ("6.2", wants_all, "2", "0 may stop"),
    ("6.2", never_decides, "2", "cannot leave out more than t"),
    ("6.2", tosses_if_it_is_not_sure, "13", "a toss may undo it"),
    ("6.2", takes_zero_for_nothing, "12", "it answers ('toss', None)"),
    ("6.2", adopts_zero_if_nobody_names_one, "0", "a coin has no habit"),
    ("6.2", takes_the_other_bit, "123", "Which bit do the proposals name?"),
    ("6.2", looks_at_the_first, "123", "it answers ('toss', None)"),
    ("6.2", says_what_without_which, "0123", "a bit is 0 or 1"),
    ("6.3", CALLS_EVERYTHING_RIGHT, "01", "0 of 8 are refuted"),
    ("6.3", LEAVES_ONE_OPEN, "0", "For whom does somebody wait"),
    ("6.3", LEAVES_A_RIGHT_ONE_OPEN, "1", "more than half each"),
    ("6.3", BELIEVES_IN_ONE_LEADER, "01", "Who tells a leader"),
    ("6.3", BELIEVES_IN_FOUR_SERVERS, "01", "a majority, and how many of three"),
    ("6.3", BELIEVES_IN_UNANIMITY, "01", "statement 6 is called right"),
    ("6.3", BELIEVES_IN_FEW_MESSAGES, "01", "on their way at once"),
    ("6.3", BELIEVES_IN_DISKS, "01", "Whom can a replica ask"),
    ("6.3", ANSWERS_READS, "01", "until it was elected"),
    ("6.3", TAKES_SILENCE_FOR_NO, "0", "the request, or the answer?"),
    ("6.3", ACCUSES_LOSS, "01", "2 by E3? There, an answer is lost"),
    ("6.3", ACCUSES_SLOWNESS, "01", "What would one have to hear"),
    ("6.3", NAMES_NO_EXHIBIT, "01", "'E9' is no answer"),
    ("6.3", FORGETS_A_NUMBER, "01", "leave the numbers"),
    ("6.4", STOPS_IN_THE_MIDDLE, "0", "11 moves, and nobody has decided"),
    ("6.4", DECIDES_AT_ONCE, "0", "with move 4, s1 decides tea"),
    ("6.4", LETS_ONE_ACCEPT_TOO_MANY, "0", "s2 decides milk"),
    ("6.4", LETS_A_MESSAGE_WAIT, "0", "has waited for 8 moves"),
    ("6.4", BEGINS_WITHOUT_BEING_REFUSED, "0", "s1 cannot begin again"),
    ("6.4", ASKS_WHO_HAS_NOT_PROPOSED, "0", "s3 cannot begin again"),
    ("6.4", DELIVERS_WHAT_NOBODY_SENT, "0", "nothing is on its way from s3 to s2"),
    ("6.4", CALLS_ANOTHER_NODE, "0", "('s1', 's4') is no move"),
    ("6.4", WRITES_WORDS, "0", "'s1 to s2' is no move"),
    ("6.4", FORGETS_THE_PAIR, "0", "one alone is written"),
]
TOLD_ALIKE = ()
RIGHT_TOO = [("6.4", TAKES_ANOTHER_WAY)]
SHARED = (known, bits_of)  # by several answers
