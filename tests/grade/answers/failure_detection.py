"""What people answer to the sheet of lesson 8: each is named after what it forgets."""

from itertools import pairwise
from statistics import mean, stdev

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
]
TOLD_ALIKE = (counts_what_is_needed,)
RIGHT_TOO = [("8.2", right)]
SHARED = (gaps, days, right, given_up)
