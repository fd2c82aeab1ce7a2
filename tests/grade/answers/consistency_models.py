"""What people answer to the sheet of lesson 3: each is named after what it forgets."""

from itertools import permutations

from distlab.faults import Cut, Delay, Isolate, Loss, Split
from distlab.node import Call

# --------------------------------------------------------------------------------- 3.1
LINEAR, SEQUENTIAL = "linearizable", "sequentially consistent"
CAUSAL, NONE = "causal memory", "none of these"


def strongest(
    a=LINEAR, b=SEQUENTIAL, c=CAUSAL, d="PRAM", e=NONE, f=LINEAR
):  # the right ones
    return {"A": a, "B": b, "C": c, "D": d, "E": e, "F": f}


FORGETS_WHAT_IS_UNDER_WAY = strongest(a=SEQUENTIAL)
LOOKS_AT_ONE_READER = strongest(b=LINEAR)
WANTS_CAUSES_FOR_AN_ORDER = strongest(b=CAUSAL)
ORDERS_EACH_KEY = strongest(c=SEQUENTIAL)
COUNTS_NO_CAUSES = strongest(d=CAUSAL)
SEES_CAUSES_EVERYWHERE = strongest(d=NONE)
FORGETS_WHO_WROTE = strongest(e="PRAM")
TAKES_THE_UNKNOWN_FOR_NEVER = strongest(f=NONE)
TAKES_THE_UNKNOWN_FOR_CERTAIN = strongest(f=SEQUENTIAL)
SAYS_PRAM_OF_ALL = dict.fromkeys("ABCDEF", "PRAM")
LEAVES_ONE_OPEN = strongest(e=None)
KNOWS_ANOTHER_MODEL = strongest(c="causal")
TYPES_ONE_WRONGLY = strongest(a="linearisable", b=LINEAR)
SAYS_IT_OTHERWISE = strongest("atomic", "sequential", "causal-memory", "FIFO")
FORGETS_A_HISTORY = {"A": LINEAR}


# --------------------------------------------------------------------------------- 3.2
LATE = "c1 0-1 x=1\nc2 2-3 x?-"
TWO_ORDERS = "c1 0-1 x=1\nc2 0-1 x=2\nc1 2-3 x?2\nc2 2-3 x?1"
CAUSE_LOST = "c1 0-1 x=1\nc2 2-3 x?1\nc2 4-5 y=2\nc3 6-7 y?2\nc3 8-9 x?-"
TOGETHER = "c1 0-1 x=1\nc2 0-1 y=1\nc1 2-3 y?-\nc2 2-3 x?-"


def between(late=LATE, orders=TWO_ORDERS, cause=CAUSE_LOST, together=TOGETHER):
    return {
        "sequentially consistent, not linearizable": late,
        "causal memory, not sequentially consistent, on one key": orders,
        "PRAM, not causal memory": cause,
        "each key sequentially consistent, not the whole": together,
    }


OVERLAPS = between(late="c1 0-3 x=1\nc2 2-4 x?-")
NOBODY_READS = between(late="c1 0-1 x=1\nc2 2-3 x=2")
GOES_BACK_BY_ITSELF = between(late="c1 0-1 x=1\nc1 2-3 x?-")
IS_LATE_TWICE = between(late=f"{LATE}\nc3 2-3 x?-")
TAKES_TWO_READERS = between(
    orders="c1 0-1 x=1\nc2 0-1 x=2\nc3 2-3 x?1\nc4 2-3 x?2\nc3 4-5 x?2\nc4 4-5 x?1"
)
TAKES_TWO_KEYS = between(orders=TOGETHER)
HAS_ONE_ORDER = between(orders="c1 0-1 x=1\nc2 0-1 x=2\nc1 2-3 x?2\nc2 2-3 x?2")
HAS_NO_ORDER_AT_ALL = between(orders="c1 0-1 x=1\nc1 2-3 x=2\nc2 4-5 x?2\nc2 6-7 x?1")
LOSES_NO_CAUSE = between(cause=TOGETHER)
LOSES_WHAT_ONE_WROTE = between(cause="c1 0-1 x=1\nc1 2-3 y=2\nc3 6-7 y?2\nc3 8-9 x?-")
READS_THE_FUTURE = between(cause="c1 0-1 x?4\nc1 2-3 y=2\nc2 4-5 y?2\nc2 6-7 x=4")
HAS_A_SPARE_READER = between(cause=f"{CAUSE_LOST}\nc4 8-9 y?2")
IS_LATE_ON_BOTH = between(together="c1 0-1 x=1\nc1 2-3 y=1\nc2 4-5 x?-\nc2 6-7 y?-")
ONE_KEY_GOES_BACK = between(together="c1 0-1 x=1\nc1 2-3 x?-\nc2 0-1 y=1\nc2 2-3 x?1")
WRITES_IT_TWICE = between(cause="c1 0-1 x=1\nc2 2-3 x=1\nc3 4-5 x?-")
FORGETS_THE_TIME = between(late="c1 x=1\nc2 x?-")
RUNS_BACKWARDS = between(late="c1 1-0 x=1\nc2 2-3 x?-")
DOES_TWO_THINGS_AT_ONCE = between(late="c1 0-1 x=1\nc2 2-3 x?- y?-")
CALLS_WHILE_BUSY = between(late="c1 0-5 x=1\nc1 2-3 x?-")


# --------------------------------------------------------------------------------- 3.3
def places_that_fit(ops, before, held=None):
    """Whether some order of all of these explains the reads; `before` is real time."""
    for order in permutations(ops):
        if any(before(b, a) for i, a in enumerate(order) for b in order[i + 1 :]):
            continue
        if explains(order, held):
            return True
    return False


def explains(order, held=None):
    for op in order:
        if op.f == "write":
            held = op.args[1]
        elif op.result != held:
            return False
    return True


def in_time(one, other):
    return one.before(other)


def known(history):
    return [op for op in history if op.outcome == "ok"]


def told(history):
    """All but the reads without an answer."""
    return [op for op in history if op.f == "write" or op.outcome == "ok"]


def all_that_may_be(history):
    """What is known, with each choice of what is not."""
    found = [known(history)]
    for op in history:
        if op.f == "write" and op.outcome == "info":
            found += [[*ops, op] for ops in found]
    return found


def tries_every_order(history):
    """Not wrong."""
    return any(places_that_fit(ops, in_time) for ops in all_that_may_be(history))


def forgets_real_time(history):
    return any(
        places_that_fit(ops, lambda one, other: False)
        for ops in all_that_may_be(history)
    )


def keeps_program_order_only(history):
    def own(one, other):
        return one.process == other.process and one.before(other)

    return any(places_that_fit(ops, own) for ops in all_that_may_be(history))


def keeps_the_order_of_the_calls(history):
    return any(
        explains(sorted(ops, key=lambda op: op.invoked_us))
        for ops in all_that_may_be(history)
    )


def keeps_the_order_of_the_ends(history):
    def ended(op):
        return op.ended_us if op.ended_us is not None else 10**9

    return any(explains(sorted(ops, key=ended)) for ops in all_that_may_be(history))


def takes_the_unknown_for_certain(history):
    """Not wrong, for a register: what never ends can always come last."""
    return places_that_fit(told(history), in_time)


def takes_the_unknown_for_never(history):
    return places_that_fit(known(history), in_time)


def lets_the_unknown_happen_before_its_call(history):
    def sure(one, other):
        return other.outcome == "ok" and one.before(other)

    return any(places_that_fit(ops, sure) for ops in all_that_may_be(history))


def believes_every_answer(history):
    written = {op.args[1] for op in history if op.f == "write"} | {None}
    return any(
        places_that_fit([op for op in ops if op.result in written], in_time)
        for ops in all_that_may_be(history)
    )


def compares_strictly(history):
    def strictly(one, other):
        return one.ended_us is not None and one.ended_us < other.invoked_us

    return any(places_that_fit(ops, strictly) for ops in all_that_may_be(history))


def takes_the_unknown_for_done_at_once(history):
    at_once = [
        op._replace(ended_us=op.ended_us or op.invoked_us) for op in told(history)
    ]
    return places_that_fit(at_once, in_time)


def judges_each_reader_alone(history):
    for process in {op.process for op in history if op.f == "read"}:
        own = [op for op in history if op.f == "write" or op.process == process]
        if not any(places_that_fit(ops, in_time) for ops in all_that_may_be(own)):
            return False
    return True


def counts_writes_alone_in_time(history):
    def written(one, other):
        return one.f == "write" and one.before(other)

    return any(places_that_fit(ops, written) for ops in all_that_may_be(history))


def believes_reads_without_an_answer(history):
    unknown = [op for op in history if op.f == "read" and op.outcome == "info"]
    return any(
        places_that_fit([*ops, *unknown], in_time) for ops in all_that_may_be(history)
    )


def compares_with_at_most(history):
    def at_most(one, other):
        return one.ended_us is not None and one.ended_us <= other.invoked_us

    return any(places_that_fit(ops, at_most) for ops in all_that_may_be(history))


def wants_something_to_be_there(history):
    return any(places_that_fit(ops, in_time, 1) for ops in all_that_may_be(history))


def accepts_all(history):
    return True


def accepts_none(history):
    return False


def returns_an_order(history):
    return list(history)


# --------------------------------------------------------------------------------- 3.4
BEHIND = "c1 0-1 x=1\nc2 2-3 x?-"
SKEWED = "c1 0-4 x?- y=1\nc2 0-4 y?- x=1"
TORN = "c1 0-4 x=1\nc2 0-4 x?- x?1"
LOST = "c1 0-4 x?- x=1\nc2 0-4 x?- x=2"


def levels(behind=BEHIND, skewed=SKEWED, torn=TORN):
    return {
        "serializable, not strict serializable": behind,
        "snapshot isolation, not serializable": skewed,
        "read committed, not snapshot isolation": torn,
    }


SKEWS_THE_READ = levels(torn="c1 0-4 x=1 y=1\nc2 0-4 x?- y?1")
READS_AT_THE_SAME_TIME = levels(behind="c1 0-3 x=1\nc2 2-4 x?-")
BREAKS_THE_ORDER_TOO = levels(behind="c1 0-1 x=1 y=1\nc2 2-3 x?- y?1")
LATE_WITH_TWO_KEYS = levels(behind="c1 0-1 x=1 y=1\nc2 2-3 x?- y?-")
NO_TRANSACTION_READS = levels(behind="c1 0-1 x=1\nc2 2-3 y=1")
LOSES_AN_UPDATE_FOR_A_SKEW = levels(skewed=LOST)
LOSES_AN_UPDATE = levels(torn=LOST)
SKEWS_NOTHING = levels(skewed="c1 0-4 x?- y=1\nc2 0-4 x?- y=2")
READS_BOTH_KEYS = levels(skewed="c1 0-4 x?- y?- y=1\nc2 0-4 x?- y?- x=1")
SKEWS_THE_WRITE_TWICE = levels(torn=SKEWED)
READS_IN_A_RING = levels(torn="c1 0-4 x=1 y?1\nc2 0-4 y=1 x?1")
READS_WHAT_NOBODY_WROTE = levels(torn="c1 0-4 x?1")
TEARS_THREE_KEYS = levels(torn="c1 0-4 x=1 y=1 z=1\nc2 0-4 x?- y?1 z?1")
MISSES_ITS_OWN = levels(torn="c1 0-4 x=1 x?-")
WRITES_NOTHING = levels(skewed="c1 0-4 x?- y=-\nc2 0-4 y?- x=1")


# --------------------------------------------------------------------------------- 3.5
def said(**changes):
    """The right answers, but for these: `s4="E7"`."""
    right = [None, "E3", "E2", "right", "E4", "E5", "E6", "E7"]
    right += ["right", "E1", "E8", "E9", "right"]
    return {n: changes.get(f"s{n}", right[n]) for n in range(1, 13)}


REFUTES_BY_OTHERS = said(s6="E4", s9="E7", s10="E1")
CALLS_ALL_RIGHT = dict.fromkeys(range(1, 13), "right")
ACCUSES_ALL_BY_ONE = dict.fromkeys(range(1, 13), "E7")
KNOWS_THE_TRUE_ONES = said(**{f"s{n}": None for n in (1, 2, 4, 5, 6, 7, 9, 10, 11)})
EVENTUALLY_IS_SOON = said(s1="right")
LOOKS_FOR_STALE_READS = said(s2="E3")
ACCUSES_A_WAY_DOWN = said(s3="E1")
SKEW_IS_SERIALIZABLE = said(s4="E5")
COMMITS_ARE_SEEN = said(s5="right")
UPDATES_ARE_ATOMIC = said(s6="E5")
ACCUSES_LOCALITY = said(s8="E7")
CAUSES_ORDER_ALL = said(s9="E8")
SESSIONS_ARE_ONE = said(s10="E7")
TIMEOUTS_ARE_FAILURES = said(s11="right")
LEAVES_TWO_OUT = said(s7=None, s9=None)
LEAVES_A_TRUE_ONE_OUT = said(s12=None)
NAMES_NO_HISTORY = said(s2="E10")


# --------------------------------------------------------------------------------- 3.6
def weakest(
    call=LINEAR,
    album="PRAM",
    answer=CAUSAL,
    track=SEQUENTIAL,
    auction=SEQUENTIAL,
    visitors="eventually consistent",
):
    return {
        "the phone call": call,
        "the album": album,
        "the answer": answer,
        "the single track": track,
        "the auction": auction,
        "the visitors": visitors,
    }


FORGETS_THE_PHONE = weakest(call=SEQUENTIAL)
HIDES_NOTHING = weakest(album="eventually consistent")
HIDES_BY_CAUSES = weakest(album=CAUSAL)
FORGETS_WHO_HAD_READ = weakest(answer="PRAM")
ANSWERS_BY_THE_CLOCK = weakest(answer=LINEAR)
TRUSTS_FLAGS_TO_CAUSES = weakest(track=CAUSAL)
STOPS_ALL_TRAINS = weakest(track=LINEAR)
ORDERS_BIDS_BY_CAUSES = weakest(auction=CAUSAL)
ORDERS_BIDS_BY_THE_CLOCK = weakest(auction=LINEAR)
COUNTS_EXACTLY = weakest(visitors=SEQUENTIAL)
TAKES_THE_STRONGEST = weakest(*[LINEAR] * 6)
TAKES_THE_WEAKEST = weakest(*["eventually consistent"] * 6)
LEAVES_THE_VISITORS_OUT = weakest(visitors=None)
INVENTS_A_MODEL = weakest(album="strong")
SAYS_WEAKEST_OTHERWISE = weakest("atomic", "pram", visitors="eventual consistency")


# --------------------------------------------------------------------------------- 3.7
def asks(at_ms, who, key="ann"):
    return at_ms, who, Call("read", (key,))


def takes(at_ms, who, key="ann"):
    return at_ms, who, Call("write", (key, who))


def story(*calls, faults=()):
    return {"calls": calls, "faults": faults}


SIDES = Split((("c1", "s1"), ("c2", "s2", "s3")))
BOTH_AT_ONCE = asks(10, "c1"), asks(10, "c2"), takes(30, "c1"), takes(30, "c2")
IN_TURN = asks(10, "c1"), takes(20, "c1"), asks(30, "c2"), takes(40, "c2")
RIGHT_AT_ONCE, RIGHT_LATER = story(*BOTH_AT_ONCE), story(*IN_TURN, faults=(SIDES,))


def taken(at_once=RIGHT_AT_ONCE, later=RIGHT_LATER):
    return {
        "on a linearizable register": at_once,
        "one after the other, on r = w = 1": later,
    }


CUTS_OFF_THE_FIRST = taken(later=story(*IN_TURN, faults=(Isolate("c1"),)))
ASKS_IN_TURN = taken(story(asks(10, "c1"), takes(30, "c1"), asks(50, "c2")))
TAKES_UNASKED = taken(story(asks(10, "c1"), takes(30, "c1"), takes(30, "c2")))
WANTS_OTHER_NAMES = taken(
    story(
        asks(10, "c1"), asks(10, "c2", "bob"), takes(30, "c1"), takes(30, "c2", "bob")
    )
)
NEVER_TAKES_IT = taken(story(asks(10, "c1"), asks(10, "c2")))
SPLITS_IT_NEEDLESSLY = taken(
    story(*BOTH_AT_ONCE, faults=(Isolate("s3"), Cut("c1", "s3")))
)
IS_CUT_OFF = taken(story(*BOTH_AT_ONCE, faults=(Isolate("s1"), Isolate("s2"))))
IS_HEARD = taken(later=story(*IN_TURN))
ASKS_AT_THE_SAME_TIME = taken(later=RIGHT_AT_ONCE)
CUTS_EVERY_LINK = taken(
    later=story(*IN_TURN, faults=(Cut("c1", "s2"), Cut("c1", "s3"), Cut("s1", "c2")))
)
TRUSTS_TO_LUCK = taken(later=story(*IN_TURN, faults=(Loss(0.5),)))
DELAYS_A_LITTLE = taken(later=story(*IN_TURN, faults=(Delay(3, src="c1"),)))
IS_NOBODY = taken(story(asks(10, "c4")))
FORGETS_THE_COMMA = taken({"calls": BOTH_AT_ONCE, "faults": SIDES})


# ---------------------------------------------------------- who asks whom, what is told
ASKS_THE_LIBRARY = """
from distlab.check.linearizable import linearizable
from distlab.history import History

def is_linearizable(history):
    return not linearizable(History(history)).invalid
"""

# The exercise, the answer, the claims that break, and what they are told.
WRONG = [
    ("3.1", FORGETS_WHAT_IS_UNDER_WAY, "0", "A: valid: linearizable"),
    ("3.1", LOOKS_AT_ONE_READER, "0", "B: invalid: linearizable"),
    ("3.1", WANTS_CAUSES_FOR_AN_ORDER, "0", "B: valid: sequentially"),
    ("3.1", ORDERS_EACH_KEY, "0", "C: invalid: sequentially"),
    ("3.1", COUNTS_NO_CAUSES, "0", "D: invalid: causal memory"),
    ("3.1", SEES_CAUSES_EVERYWHERE, "0", "D: valid: PRAM"),
    ("3.1", FORGETS_WHO_WROTE, "0", "E: invalid: PRAM"),
    ("3.1", TAKES_THE_UNKNOWN_FOR_NEVER, "0", "F: valid: PRAM"),
    ("3.1", TAKES_THE_UNKNOWN_FOR_CERTAIN, "0", "F: valid: linearizable"),
    ("3.1", SAYS_PRAM_OF_ALL, "0", "1 of 6 are right. A: valid: causal"),
    ("3.1", LEAVES_ONE_OPEN, "0", "the others are open"),
    ("3.1", KNOWS_ANOTHER_MODEL, "0", "5 of 6 are right. C: 'causal' is none of"),
    ("3.1", TYPES_ONE_WRONGLY, "0", "Did you mean `linearizable`? It earns nothing"),
    ("3.1", FORGETS_A_HISTORY, "0", "a choice for each of 'A'"),
    ("3.2", OVERLAPS, "0", "forbid it, and all that was seen can be explained"),
    ("3.2", NOBODY_READS, "0", "somebody has to read"),
    ("3.2", GOES_BACK_BY_ITSELF, "0", "invalid: sequentially"),
    ("3.2", IS_LATE_TWICE, "0", "3 operations"),
    ("3.2", FORGETS_THE_TIME, "0", "is no operation: write who"),
    ("3.2", RUNS_BACKWARDS, "0", "ends before it begins"),
    ("3.2", DOES_TWO_THINGS_AT_ONCE, "0", "2 things at once"),
    ("3.2", CALLS_WHILE_BUSY, "0", "one operation at a time"),
    ("3.2", TAKES_TWO_READERS, "1", "6 operations"),
    ("3.2", TAKES_TWO_KEYS, "1", "1 key, no more"),
    ("3.2", HAS_ONE_ORDER, "1", "valid: sequentially"),
    ("3.2", HAS_NO_ORDER_AT_ALL, "1", "invalid: causal memory"),
    ("3.2", LOSES_NO_CAUSE, "2", "This model has to forbid it"),
    ("3.2", LOSES_WHAT_ONE_WROTE, "2", "invalid: PRAM"),
    ("3.2", READS_THE_FUTURE, "2", "nobody has read the future"),
    ("3.2", HAS_A_SPARE_READER, "2", "which operation can you leave out"),
    ("3.2", WRITES_IT_TWICE, "2", "x = 1"),
    ("3.2", IS_LATE_ON_BOTH, "3", "This model has to forbid it"),
    ("3.2", ONE_KEY_GOES_BACK, "3", "This model has to allow it"),
    ("3.3", takes_the_unknown_for_never, "012", "7 of 9 kinds"),
    ("3.3", forgets_real_time, "012", "1 of 9 kinds"),
    ("3.3", keeps_program_order_only, "012", "3 of 9 kinds"),
    ("3.3", keeps_the_order_of_the_calls, "012", "5 of 7 are accepted"),
    ("3.3", keeps_the_order_of_the_ends, "012", "4 of 7 are accepted"),
    ("3.3", takes_the_unknown_for_done_at_once, "012", "It may never have happened"),
    ("3.3", lets_the_unknown_happen_before_its_call, "02", "after its call, or never"),
    ("3.3", believes_every_answer, "02", "nobody wrote that"),
    ("3.3", compares_strictly, "02", "one operation right after another One process"),
    ("3.3", compares_with_at_most, "02", "two processes overlap in such a moment"),
    ("3.3", judges_each_reader_alone, "02", "reads among them"),
    ("3.3", counts_writes_alone_in_time, "02", "before the write was called"),
    ("3.3", believes_reads_without_an_answer, "1", "it has not found nothing"),
    ("3.3", wants_something_to_be_there, "012", "6 of 7 are accepted"),
    (
        "3.3",
        accepts_all,
        "012",
        "0 of 9 kinds; not: a write that had ended is missed I",
    ),
    ("3.3", accepts_none, "012", "the empty order"),
    ("3.3", returns_an_order, "012", "Return True or False"),
    ("3.4", READS_AT_THE_SAME_TIME, "0", "valid: strict serializable"),
    ("3.4", BREAKS_THE_ORDER_TOO, "0", "invalid: serializable"),
    ("3.4", LATE_WITH_TWO_KEYS, "0", "4 operations"),
    ("3.4", NO_TRANSACTION_READS, "0", "somebody has to read"),
    ("3.4", LOSES_AN_UPDATE_FOR_A_SKEW, "1", "lost update"),
    ("3.4", SKEWS_NOTHING, "1", "valid: serializable"),
    ("3.4", READS_BOTH_KEYS, "1", "6 operations It is one, and there is a shorter"),
    ("3.4", WRITES_NOTHING, "1", "writes nothing: give it a value"),
    ("3.4", SKEWS_THE_WRITE_TWICE, "2", "forbid it, and its judge finds nothing wrong"),
    ("3.4", SKEWS_THE_READ, "2", "4 operations"),
    ("3.4", LOSES_AN_UPDATE, "2", "but another history is shorter"),
    ("3.4", READS_IN_A_RING, "2", "G1c"),
    ("3.4", READS_WHAT_NOBODY_WROTE, "2", "garbage read"),
    ("3.4", MISSES_ITS_OWN, "2", "what it sees of others"),
    ("3.4", TEARS_THREE_KEYS, "2", "2 keys, no more"),
    ("3.5", LOOKS_FOR_STALE_READS, "0", "2 by E3: It is not linearizable"),
    ("3.5", CALLS_ALL_RIGHT, "01", "0 of 9 are refuted, 0 in vain"),
    ("3.5", ACCUSES_ALL_BY_ONE, "01", "2 of 9 are refuted, 10 in vain"),
    ("3.5", KNOWS_THE_TRUE_ONES, "0", "0 of 9 are refuted"),
    ("3.5", EVENTUALLY_IS_SOON, "01", "sentence 1 is called right"),
    ("3.5", ACCUSES_A_WAY_DOWN, "01", "3 by E1: It is not linearizable"),
    ("3.5", SKEW_IS_SERIALIZABLE, "0", "4 by E5: There it is as the sentence says"),
    ("3.5", COMMITS_ARE_SEEN, "01", "sentence 5 is called right"),
    ("3.5", UPDATES_ARE_ATOMIC, "0", "one by one, are not linearizable"),
    ("3.5", ACCUSES_LOCALITY, "01", "8 by E7: A key by itself"),
    ("3.5", CAUSES_ORDER_ALL, "0", "9 by E8: It is not causal memory"),
    ("3.5", SESSIONS_ARE_ONE, "0", "10 by E7: There it is"),
    ("3.5", TIMEOUTS_ARE_FAILURES, "01", "sentence 11 is called right"),
    ("3.5", LEAVES_TWO_OUT, "0", "7 of 9 are refuted, 0 in vain"),
    ("3.5", LEAVES_A_TRUE_ONE_OUT, "1", "2 of 3 are called right"),
    ("3.5", NAMES_NO_HISTORY, "01", "'E10' is no answer"),
    ("3.6", FORGETS_THE_PHONE, "0", "phone call: sequentially consistent allows this"),
    ("3.6", HIDES_NOTHING, "0", "the album: eventually consistent allows this"),
    ("3.6", HIDES_BY_CAUSES, "0", "the album: under causal memory the promise is kept"),
    ("3.6", FORGETS_WHO_HAD_READ, "0", "the answer: PRAM allows this"),
    ("3.6", ANSWERS_BY_THE_CLOCK, "0", "the answer: under linearizable"),
    ("3.6", TRUSTS_FLAGS_TO_CAUSES, "0", "single track: causal memory allows this"),
    ("3.6", STOPS_ALL_TRAINS, "0", "the single track: under linearizable"),
    ("3.6", ORDERS_BIDS_BY_CAUSES, "0", "the auction: causal memory allows this"),
    ("3.6", ORDERS_BIDS_BY_THE_CLOCK, "0", "the auction: under linearizable"),
    ("3.6", COUNTS_EXACTLY, "0", "the visitors: under sequentially consistent"),
    ("3.6", TAKES_THE_STRONGEST, "0", "1 of 6 are right. the album"),
    ("3.6", TAKES_THE_WEAKEST, "0", "1 of 6 are right. the phone call"),
    ("3.6", LEAVES_THE_VISITORS_OUT, "0", "the others are open"),
    ("3.6", INVENTS_A_MODEL, "0", "'strong' is none of"),
    ("3.7", ASKS_IN_TURN, "0", "the other must read, too"),
    ("3.7", TAKES_UNASKED, "0", "c2 writes at 30 ms"),
    ("3.7", WANTS_OTHER_NAMES, "0", "let both want the same one"),
    ("3.7", NEVER_TAKES_IT, "0", "To take it is to write it"),
    ("3.7", SPLITS_IT_NEEDLESSLY, "0", "by 4 calls and 2 faults"),
    ("3.7", IS_CUT_OFF, "0", "Nobody had an answer"),
    ("3.7", IS_NOBODY, "0", "there is no 'c4'"),
    ("3.7", FORGETS_THE_COMMA, "0", "with a comma"),
    ("3.7", CUTS_OFF_THE_FIRST, "1", "c1 writes at 510 ms"),
    ("3.7", IS_HEARD, "1", "c2 writes at 40 ms"),
    ("3.7", DELAYS_A_LITTLE, "1", "Nobody takes a name unasked"),
    ("3.7", ASKS_AT_THE_SAME_TIME, "1", "when the first has been told"),
    ("3.7", CUTS_EVERY_LINK, "1", "by 4 calls and 3 faults"),
    ("3.7", TRUSTS_TO_LUCK, "1", "leave nothing to chance"),
]
TOLD_ALIKE = ()
RIGHT_TOO = [
    ("3.3", tries_every_order),
    ("3.3", takes_the_unknown_for_certain),
    ("3.1", SAYS_IT_OTHERWISE),
    ("3.5", REFUTES_BY_OTHERS),
    ("3.6", SAYS_WEAKEST_OTHERWISE),
]
SHARED = (places_that_fit, explains, in_time, known, told, all_that_may_be)
