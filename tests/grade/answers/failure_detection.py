"""What people answer to the sheet of lesson 8: each is named after what it forgets."""

from itertools import pairwise
from statistics import mean, stdev

from distlab.faults import Crash, Cut, Isolate, Loss

DAY_MS = 86_400_000


# --------------------------------------------------------------------------------- 8.1
def gaps(arrivals_ms):
    found = (later - sooner for sooner, later in pairwise(arrivals_ms))
    return sorted(found, reverse=True)


def days(arrivals_ms):
    return (arrivals_ms[-1] - arrivals_ms[0]) / DAY_MS


def takes_the_longest(arrivals_ms, errors_per_day):
    return gaps(arrivals_ms)[0]


def takes_two_periods(arrivals_ms, errors_per_day):
    return 2000


def takes_three_deviations(arrivals_ms, errors_per_day):
    found = gaps(arrivals_ms)
    return mean(found) + 3 * stdev(found)


def watches_for_a_day(arrivals_ms, errors_per_day):
    found = gaps(arrivals_ms)
    return found[min(int(errors_per_day), len(found) - 1)]


def watches_by_the_hour(arrivals_ms, errors_per_day):
    return gaps(arrivals_ms)[int(errors_per_day * days(arrivals_ms) / 24)]


def allows_one_less(arrivals_ms, errors_per_day):
    return gaps(arrivals_ms)[max(0, int(errors_per_day * days(arrivals_ms)) - 1)]


def allows_one_more(arrivals_ms, errors_per_day):
    return gaps(arrivals_ms)[int(errors_per_day * days(arrivals_ms)) + 1]


def counts_in_seconds(arrivals_ms, errors_per_day):
    return gaps(arrivals_ms)[int(errors_per_day * days(arrivals_ms))] / 1000


def adds_a_period(arrivals_ms, errors_per_day):
    return gaps(arrivals_ms)[int(errors_per_day * days(arrivals_ms))] + 1000


def measures_the_delay(arrivals_ms, errors_per_day):
    late = [at % 1000 for at in arrivals_ms]
    return sorted(late, reverse=True)[int(errors_per_day * days(arrivals_ms))]


def returns_all_gaps(arrivals_ms, errors_per_day):
    return gaps(arrivals_ms)


# --------------------------------------------------------------------------------- 8.2
def right(new, old):
    if "confirm" in (new[0], old[0]):
        return old[0] != "confirm"
    if (new[0], old[0]) == ("suspect", "alive"):
        return new[1] >= old[1]
    return new[1] > old[1]


def takes_what_came_last(new, old):
    return True


def takes_nothing(new, old):
    return False


def looks_at_incarnations_only(new, old):
    return new[1] > old[1]


def takes_the_same_again(new, old):
    if new[0] == old[0] == "suspect":
        return new[1] >= old[1]
    return right(new, old)


def raises_the_dead(new, old):
    return new[1] > old[1] if old[0] == "confirm" else right(new, old)


def confirms_one_incarnation(new, old):
    if new[0] == "confirm" != old[0]:
        return new[1] >= old[1]
    return right(new, old)


def confirms_again(new, old):
    return new[0] == "confirm" or right(new, old)


def wants_a_later_suspicion(new, old):
    return new[1] > old[1] if new[0] == "suspect" else right(new, old)


def always_suspects(new, old):
    return (new[0], old[0]) == ("suspect", "alive") or right(new, old)


def clears_at_once(new, old):
    if (new[0], old[0]) == ("alive", "suspect"):
        return new[1] >= old[1]
    return right(new, old)


def believes_no_objection(new, old):
    return new[0] != "alive" and right(new, old)


def ranks_by_the_word(new, old):
    order = ("alive", "suspect", "confirm")
    return order.index(new[0]) > order.index(old[0])


def says_which(new, old):
    return new if right(new, old) else old


# --------------------------------------------------------------------------------- 8.3
def given_up(useless, k):
    return useless if useless < k else None


def keeps_the_count(useless, needed, k):
    return useless if needed else given_up(useless + 1, k)


def takes_one_back(useless, needed, k):
    return max(0, useless - 1) if needed else given_up(useless + 1, k)


def counts_all_contacts(useless, needed, k):
    return given_up(useless + 1, k)


def counts_useful_ones_too(useless, needed, k):
    return min(useless + 1, k - 1) if needed else given_up(useless + 1, k)


def waits_for_one_more(useless, needed, k):
    return 0 if needed else given_up(useless + 1, k + 1)


def gives_up_at_once(useless, needed, k):
    return 0 if needed else None


def counts_what_is_needed(useless, needed, k):
    return given_up(useless + 1, k) if needed else 0


def never_gives_up(useless, needed, k):
    return 0 if needed else useless + 1


def says_whether_it_goes_on(useless, needed, k):
    return bool(needed)


# --------------------------------------------------------------------------------- 8.4
BEATS = (Cut("s2", "s1", 100, 201),)
PINGS = (Loss(1, 34, 75, src="s1"),)
RUMOURS = (Loss(1, dst="s5", messages=("Rumours",)),)


def losses(beats=BEATS, pings=PINGS, rumours=RUMOURS):
    return {"heartbeats": beats, "pings": pings, "rumours": rumours}


LOSES_TWO_BEATS = losses(beats=(Cut("s2", "s1", 100, 151),))
CUTS_FOR_EVER = losses(beats=(Cut("s2", "s1", 100),))
ISOLATES_A_NODE = losses(beats=(Isolate("s2", 100, 700),))
LOSES_A_PING = losses(pings=(Loss(1, 34, 36, src="s1"),))
LOSES_A_WHOLE_PERIOD = losses(pings=(Isolate("s1", 34, 235),))
SILENCES_A_MEMBER = losses(pings=(Isolate("s2", 30, 2900),))
LOSES_ONE_RUMOUR = losses(rumours=(Loss(1, 400, 401, dst="s5"),))
CHOOSES_ANOTHER_SITE = losses(rumours=(Loss(1, dst="s2", messages=("Rumours",)),))
CUTS_A_SITE_OFF = losses(rumours=(Isolate("s5"),))
CRASHES_ONE = losses(beats=(Crash("s2", 100),))
LEAVES_IT_TO_CHANCE = losses(pings=(Loss(0.5),))
FORGETS_THE_COMMA = losses(rumours=RUMOURS[0])
NAMES_NO_GOALS = BEATS
LOSES_ONE_BY_ONE = losses(
    pings=(
        Loss(1, 34, 35, "s1", "s2"),
        *(Loss(1, 74, 75, "s1", relay) for relay in ("s3", "s4", "s5")),
    ),
    rumours=(Cut("s3", "s5", 400, 401), Cut("s4", "s5", 600, 601)),
)


# --------------------------------------------------------------------------------- 8.5
def statements(**others):
    """The right answers, but for some."""
    said = "E1 right E2 E3 E4 E5 right E6 E7 right E1 right".split()
    return dict(enumerate(said, 1)) | {int(n[1:]): what for n, what in others.items()}


CALLS_EVERYTHING_RIGHT = dict.fromkeys(range(1, 13), "right")
LEAVES_ONE_OPEN = statements(n6=None)
LEAVES_A_RIGHT_ONE_OPEN = statements(n7=None)
BELIEVES_IN_SILENCE = statements(n1="right")
BELIEVES_IN_EIGHT = statements(n3="right")
BELIEVES_IN_LARGE_GROUPS = statements(n4="right")
BELIEVES_IN_RUMOURS = statements(n5="right")
BELIEVES_IN_SYMMETRY = statements(n6="right")
BELIEVES_IN_THE_OTHERS = statements(n8="right")
BELIEVES_IN_A_MINUTE = statements(n9="right")
TAKES_SILENCE_FOR_NO = statements(n11="E6")
ACCUSES_LONG_TIMEOUTS = statements(n2="E7")
ACCUSES_ANTI_ENTROPY = statements(n12="E4")
ACCUSES_IMPOSSIBILITY = statements(n10="E7")
NAMES_NO_EXHIBIT = statements(n3="E9")
FORGETS_A_NUMBER = {1: "E1"}


# ------------------------------------------------- answers that let others answer
ASKS_THE_LIBRARY = """
from distlab.membership.swim_suspicion import Alive, Confirm, Suspect, overrides

KINDS = {"alive": Alive, "suspect": Suspect, "confirm": Confirm}

def takes_its_place(new, old):
    return overrides(*(KINDS[says]("s3", number) for says, number in (new, old)))
"""


# ----------------------------------------------------------------- what is said to them
# (exercise, answer, the places of the claims that do not hold, words of what is told)
WRONG = [
    ("8.1", takes_the_longest, "1", "it waits 2206 ms"),
    ("8.1", takes_two_periods, "01", "2000 ms there are 10 errors"),
    ("8.1", takes_three_deviations, "01", "1437.47 ms there are 36 errors"),
    ("8.1", watches_for_a_day, "01", "1002 ms there are 119 errors"),
    ("8.1", watches_by_the_hour, "1", "It would never have erred"),
    ("8.1", allows_one_less, "1", "it waits 1122 ms; 1117 ms would do"),
    ("8.1", allows_one_more, "01", "it is a little too short"),
    ("8.1", counts_in_seconds, "01", "with 2.478 ms"),
    ("8.1", adds_a_period, "1", "More errors than these are allowed"),
    ("8.1", measures_the_delay, "01", "within a period nobody is late yet"),
    ("8.1", returns_all_gaps, "01", "[4046, 2861,"),
    ("8.2", takes_what_came_last, "0123", "There is no way back from Confirm"),
    ("8.2", takes_nothing, "0123", "s1 takes it for alive"),
    ("8.2", looks_at_incarnations_only, "013", "and not of an incarnation"),
    ("8.2", takes_the_same_again, "13", "passes it on for ever"),
    ("8.2", raises_the_dead, "0", "There is no way back from Confirm"),
    ("8.2", confirms_one_incarnation, "0", "and not of an incarnation: it has failed"),
    ("8.2", confirms_again, "0", "It knows this already"),
    ("8.2", wants_a_later_suspicion, "013", "says more of an incarnation than Alive"),
    ("8.2", always_suspects, "1", "this is old news"),
    ("8.2", clears_at_once, "2", "Alive says nothing new"),
    ("8.2", believes_no_objection, "23", "whoever does so lives"),
    ("8.2", ranks_by_the_word, "123", "Did it object?"),
    ("8.2", says_which, "0123", "return True or False"),
    ("8.3", keeps_the_count, "01", "What is the count after that?"),
    ("8.3", takes_one_back, "1", "k=4: 5.52 rumours are sent"),
    ("8.3", counts_all_contacts, "01", "is no reason to give up"),
    ("8.3", counts_useful_ones_too, "01", "what is counted are others"),
    ("8.3", waits_for_one_more, "01", "after 2 useless contacts in a row: for k=1"),
    ("8.3", gives_up_at_once, "01", "after 1 useless contact in a row: for k=2"),
    ("8.3", counts_what_is_needed, "01", "sends for ever"),
    ("8.3", never_gives_up, "01", "sends for ever"),
    ("8.3", says_whether_it_goes_on, "01", "return a number from 0, or None"),
    ("8.4", LOSES_TWO_BEATS, "0", "how many beats of one node are due"),
    ("8.4", CUTS_FOR_EVER, "0", "and only just"),
    ("8.4", ISOLATES_A_NODE, "0", "in SWIM, "),
    ("8.4", LOSES_A_PING, "1", "those who are asked must not be"),
    ("8.4", LOSES_A_WHOLE_PERIOD, "1", "no more"),
    ("8.4", SILENCES_A_MEMBER, "1", "its objection must be heard"),
    ("8.4", LOSES_ONE_RUMOUR, "2", "Who is told last?"),
    ("8.4", CHOOSES_ANOTHER_SITE, "2", "told by fewer others"),
    ("8.4", CUTS_A_SITE_OFF, "2", "with anti-entropy s5 never hears of it, too"),
    ("8.4", CRASHES_ONE, "0", "all are up"),
    ("8.4", LEAVES_IT_TO_CHANCE, "1", "at a rate of 1"),
    ("8.4", FORGETS_THE_COMMA, "2", "with a comma"),
    ("8.4", NAMES_NO_GOALS, "012", "keep their names"),
    ("8.5", CALLS_EVERYTHING_RIGHT, "01", "0 of 8 are refuted"),
    ("8.5", LEAVES_ONE_OPEN, "0", "who has to choose whom?"),
    ("8.5", LEAVES_A_RIGHT_ONE_OPEN, "1", "of those that have crashed"),
    ("8.5", BELIEVES_IN_SILENCE, "01", "Of which four things"),
    ("8.5", BELIEVES_IN_EIGHT, "01", "if gaps are normal"),
    ("8.5", BELIEVES_IN_LARGE_GROUPS, "01", "And how many ping?"),
    ("8.5", BELIEVES_IN_RUMOURS, "01", "what does it know by then?"),
    ("8.5", BELIEVES_IN_SYMMETRY, "01", "statement 6 is called right"),
    ("8.5", BELIEVES_IN_THE_OTHERS, "01", "What did the others see of it"),
    ("8.5", BELIEVES_IN_A_MINUTE, "01", "Who can tell that it has come?"),
    ("8.5", TAKES_SILENCE_FOR_NO, "0", "Look what the server has"),
    ("8.5", ACCUSES_LONG_TIMEOUTS, "01", "2 by E7? There, a timeout has grown"),
    ("8.5", ACCUSES_ANTI_ENTROPY, "01", "12 by E4? There, rumours end"),
    ("8.5", ACCUSES_IMPOSSIBILITY, "01", "would it be sure?"),
    ("8.5", NAMES_NO_EXHIBIT, "01", "'E9' is no answer"),
    ("8.5", FORGETS_A_NUMBER, "01", "leave the numbers"),
]
TOLD_ALIKE = (counts_what_is_needed,)
RIGHT_TOO = [("8.2", right), ("8.4", LOSES_ONE_BY_ONE)]
SHARED = (gaps, days, right, given_up)
