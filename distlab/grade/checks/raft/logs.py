"""Exercise 5.3: what a follower does with the entries that it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from distlab.grade.exercise import Case, Exercise, Function, Outcome, broken, kept

Log = tuple[tuple[int, str], ...]  # of each entry the term and the command
Answer = Callable[[Log, int, int, Log], Any]

logs = Exercise("5.3", "Logs that differ", "05_raft", Function("log_after"))


# ------------------------------------------------------------------------- what is sent
class Sent(NamedTuple):
    """A log, and entries that a leader sends, with what it has before them."""

    log: Log
    prev: int
    term: int
    entries: Log

    @property
    def fits(self) -> bool:
        """Whether the log has the entry before those that are sent."""
        log, prev = self.log, self.prev
        return prev == 0 or (prev <= len(log) and log[prev - 1][0] == self.term)

    @property
    def after(self) -> Log | None:
        """The log afterwards, by the rules of AppendEntries; None: refused."""
        if not self.fits:
            return None
        log = self.log
        for index, entry in enumerate(self.entries, self.prev):
            if index >= len(log) or log[index][0] != entry[0]:
                log = (*log[:index], entry)
        return log

    @property
    def known(self) -> bool:
        """Whether the log has all of it, and more."""
        return self.fits and self.after == self.log

    def __str__(self) -> str:
        return (
            f"its log   {listed(self.log)}\n"
            f"sent      {listed(self.entries)}\n"
            f"          behind entry {self.prev}, of term {self.term}"
        )


def listed(log: Any) -> str:
    """`1.a 1.b 2.c`, or whatever else came."""
    try:
        return " ".join(f"{term}.{command}" for term, command in log) or "(nothing)"
    except (TypeError, ValueError):
        return repr(log)


def of_terms(text: str) -> Log:
    """`1 1 2` as a log, whose commands are letters."""
    letters = "abcdefghijkl"
    return tuple((int(t), x) for t, x in zip(text.split(), letters, strict=False))


LEADER = of_terms("1 1 1 4 4 5 5 6 6 6")
FIGURE_7 = {
    "a": of_terms("1 1 1 4 4 5 5 6 6"),
    "b": of_terms("1 1 1 4"),
    "c": of_terms("1 1 1 4 4 5 5 6 6 6 6"),
    "d": of_terms("1 1 1 4 4 5 5 6 6 6 7 7"),
    "e": of_terms("1 1 1 4 4 4 4"),
    "f": of_terms("1 1 1 2 2 2 3 3 3 3 3"),
}


def sent(case: Case) -> list[Sent]:
    """To the six logs of Figure 7, and to logs that leaders have made by turns."""
    found = [
        message(log, LEADER, prev, length)
        for log in ((), *FIGURE_7.values())
        for prev in range(len(LEADER) + 1)
        for length in (0, 1, len(LEADER))
    ]
    draw = case.random("messages")
    for log, leader in drawn(case):
        prev = draw.randint(0, len(leader))
        found.append(message(log, leader, prev, draw.randint(0, 3)))
    return found


def message(log: Log, leader: Log, prev: int, length: int) -> Sent:
    """So many entries of a leader's log, behind this one."""
    term = leader[prev - 1][0] if prev else 0
    return Sent(log, prev, term, leader[prev : prev + length])


def drawn(case: Case) -> Iterator[tuple[Log, Log]]:
    """Logs of two of three servers that have led by turns, and copied some of it."""
    draw = case.random("logs")
    held: list[Log] = [(), (), ()]
    for term in range(1, 4 + 4 * case.size):
        who = draw.randrange(3)
        more = [(term, letter) for letter in "xyz"[: draw.randint(1, 3)]]
        held[who] = (*held[who], *more)
        other = draw.randrange(3)
        prefix = held[who][: draw.randint(0, len(held[who]))]
        if other != who:
            news = Sent(held[other], 0, 0, prefix).after
            held[other] = news if news is not None else held[other]
        yield held[other], held[who]


# ---------------------------------------------------------------------- what is claimed
@logs.claim(
    "it refuses what does not fit behind its own entries, and nothing else",
    points=2,
    public=2,
    hidden=3,
)
def refuses(answer: Answer, case: Case) -> Outcome:
    """By index and term of the entry before."""
    for one in sent(case):
        said = answer(*one)
        if (said is None) != (not one.fits):
            return broken(came(one, said), str(one), advice=why_refused(one))
    return kept(f"{len(sent(case))} messages")


def came(one: Sent, said: Any) -> str:
    """What it made of it."""
    told = "it refuses" if said is None else f"its log is now {listed(said)}"
    wanted = "a refusal" if one.after is None else listed(one.after)
    return f"{told}; it should be {wanted}"


def why_refused(one: Sent) -> str:
    """What to think of."""
    if one.fits:
        return ALWAYS if one.prev == 0 else FITS
    return SHORT if one.prev > len(one.log) else OTHER


ALWAYS = "There is nothing before the first entry: that fits any log."
FITS = "Its entry there has that term. What follows in its log is no reason to refuse."
SHORT = "Its log does not reach that far: there would be a hole."
OTHER = "Its entry there has another term. Before it, anything may differ."


@logs.claim(
    "what conflicts with what is sent goes, with all behind it",
    points=2,
    public=2,
    hidden=3,
)
def replaces(answer: Answer, case: Case) -> Outcome:
    """What it lacks is appended."""
    count = 0
    for one in sent(case):
        if one.fits and not one.known:
            said = answer(*one)
            if as_log(said) != one.after:
                return broken(came(one, said), str(one), advice=why_replaced(one, said))
            count += 1
    return kept(f"{count} messages with news")


def as_log(said: Any) -> Any:
    """A list will do for a tuple."""
    if not isinstance(said, (list, tuple)):
        return said
    return tuple(tuple(e) if isinstance(e, list) else e for e in said)


def why_replaced(one: Sent, said: Any) -> str:
    """What to think of."""
    if not isinstance(said, (list, tuple)):
        return FITS if said is None else RETURN
    if as_log(said) == one.log:
        return KEPT
    after = one.after or ()
    if len(said) > len(after):
        return TWICE if len(said) > len(one.log) else BEHIND
    return LACKS if len(said) < len(after) else ENTRY


RETURN = "Return the log as it is afterwards, a tuple of pairs, or None to refuse."
KEPT = "It lacks some of what was sent, and is as it was before."
TWICE = "It has some of what was sent already: an entry has one place."
BEHIND = "What stands behind an entry that was replaced is of another leader."
LACKS = "All that was sent belongs there, and what was before stays."
ENTRY = "At each index stands what was sent for it: the first goes behind `prev`."


@logs.claim(
    "what it has already, it keeps, with all behind it", points=2, public=2, hidden=3
)
def keeps(answer: Answer, case: Case) -> Outcome:
    """An old message comes late: what came since may be committed."""
    if answer(*NEWS) is None or as_log(answer(*NEWS)) == NEWS.log:
        return broken(came(NEWS, answer(*NEWS)), str(NEWS), advice=NOTHING)
    count = 0
    for one in sent(case):
        if one.known:
            said = answer(*one)
            if as_log(said) != one.log:
                return broken(came(one, said), str(one), advice=why_kept(one, said))
            count += 1
    return kept(f"{count} messages without news")


def why_kept(one: Sent, said: Any) -> str:
    """What to think of."""
    if not isinstance(said, (list, tuple)):
        return FITS if said is None else RETURN
    return OLD if one.entries else HEARTBEAT


NEWS = message((), LEADER, 0, 1)
NOTHING = "Who never takes anything keeps what he has: that earns nothing."
HEARTBEAT = "A heartbeat brings no entries: it says nothing of what is behind."
OLD = "It has all of this. The message may be old, and what is behind it committed."
