"""Exercise 7.2: what a space-time diagram says, read by eye."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from distlab.causality import Causality
from distlab.clocks.lamport_figures import Figure, process
from distlab.clocks.vector import VectorClock
from distlab.errors import Misuse
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    kept,
    partly,
)

DIAGRAM = Figure(
    tuple("q1 p1 r1 r2 p2 q2 q3 p3 r3 q4 p4 r4".split()),
    (
        ("p1", "q2"),
        ("r1", "p2"),
        ("q1", "r2"),
        ("q3", "p3"),
        ("r3", "q4"),
        ("p4", "r4"),
    ),
)
# How many events of P, Q and R are in each
CUTS = {
    "A": (2, 2, 1),
    "B": (3, 2, 2),
    "C": (1, 4, 2),
    "D": (0, 1, 2),
    "E": (4, 3, 3),
}
CONCURRENT, CONSISTENT = "concurrent with q3", "consistent cuts"
SMALLEST, STAMP = "smallest cut with p3", "stamp of q4"
EMPTY: dict[str, tuple] = {CONCURRENT: (), CONSISTENT: (), SMALLEST: (), STAMP: ()}

diagram = Exercise("7.2", "Read a diagram", "07_clocks", Literal("READ", stub=EMPTY))


# -------------------------------------------------------------------------- the diagram
def causes() -> Causality:
    """What happened before what in it."""
    return DIAGRAM.trace.causality


def cut(counts: tuple[int, ...]) -> dict[str, int]:
    """So many events of P, Q and R, as the steps of a run that they are."""
    found = {}
    for name, count in zip(DIAGRAM.processes, counts, strict=True):
        inside = [event for event in DIAGRAM.events if process(event) == name][:count]
        ends = [end for message in DIAGRAM.messages for end in message]
        found[name] = sum(1 + ends.count(event) for event in inside)
    return found


def stamp(event: str) -> tuple[int, ...]:
    """How many events of each process it knows of."""
    found: tuple[int, ...] = DIAGRAM.stamps(VectorClock)[event].counts
    return found


def way(a: str, b: str) -> str:
    """`p1 → q2 → q3`: along lines and arrows, the fewest of them; or nothing."""
    ways = [[a]]
    for found in ways:  # which grows meanwhile
        if found[-1] == b:
            return " → ".join(found)
        ways += [[*found, after] for after in nexts(found[-1])]
    return ""


def nexts(event: str) -> list[str]:
    """What comes next on its own line, and where its messages arrive."""
    line = [one for one in DIAGRAM.events if process(one) == process(event)]
    return [*line[line.index(event) + 1 :][:1], *DIAGRAM.sends(event)]


def asked(answer: Any, name: str) -> tuple[Any, ...]:
    """The answer to one question. Raises `Misuse` for what is none."""
    if not isinstance(answer, dict) or set(answer) != set(EMPTY):
        raise Misuse("READ has four answers: leave their names.")
    given = answer[name]
    if not isinstance(given, (tuple, list)):
        raise Misuse(f"{name}: {given!r} is no tuple; one alone is written `(…,)`.")
    if not given:
        raise NotImplementedError(f"no answer to {name!r} yet")
    return tuple(given)


def counts(answer: Any, name: str) -> tuple[int, ...]:
    """Three numbers, those of P, Q and R."""
    given = asked(answer, name)
    if len(given) != 3 or any(type(n) is not int or not 0 <= n <= 4 for n in given):
        raise Misuse(f"{name}: {given!r}: give three numbers, of P, Q and R: 0 to 4.")
    return given


def chosen(answer: Any, name: str, among: Collection[str]) -> tuple[str, ...]:
    """Some of these, each once."""
    given = asked(answer, name)
    wrong = [one for one in given if one not in among]
    if wrong:
        raise Misuse(f"{name}: there is no {wrong[0]!r}: {', '.join(among)}.")
    return tuple(dict.fromkeys(given))


# ---------------------------------------------------------------------- what is claimed
@diagram.claim("which events are concurrent with q3", points=2, public=1, hidden=0)
def concurrent(answer: Any, case: Case) -> Outcome:
    """Scored by how many are wrong; half of them, and nothing is left."""
    others = [event for event in DIAGRAM.events if event != "q3"]
    given, found = chosen(answer, CONCURRENT, others), causes()
    at = DIAGRAM.number
    right = [one for one in others if found.concurrent(at(one), at("q3"))]
    wrong = [one for one in others if (one in given) != (one in right)]
    if not wrong:
        return kept(f"{', '.join(right)}")
    path = next((p for e in wrong if (p := way(e, "q3") or way("q3", e))), "")
    came = f"of {len(others)} events {len(wrong)} are wrong"
    if path:
        return partly(
            1 - len(wrong) / 4,
            f"{came}; there is a way: {path}",
            DIAGRAM.trace,
            advice=WAY,
        )
    return partly(1 - len(wrong) / 4, came, DIAGRAM.trace, advice=NO_WAY)


WAY = "A way leads to the right along lines and arrows, and never against an arrow."
NO_WAY = (
    "Concurrent is what no way leads to, and none comes from, wherever it is drawn."
)


@diagram.claim("which of five cuts are consistent", points=2, public=1, hidden=0)
def consistent(answer: Any, case: Case) -> Outcome:
    """Scored by how many are wrong; half of them, and nothing is left."""
    given, found = chosen(answer, CONSISTENT, CUTS), causes()
    wrong = [
        name
        for name, of_each in CUTS.items()
        if (name in given) != found.is_consistent(cut(of_each))
    ]
    if not wrong:
        return kept(", ".join(given))
    share, came = 1 - len(wrong) / 2.5, f"{len(wrong)} of {len(CUTS)} cuts are wrong"
    backwards = [(n, o) for n in wrong for o in found.orphans(cut(CUTS[n]))]
    if not backwards:
        return partly(share, came, DIAGRAM.trace, advice=FORWARD)
    name, (sent, _) = backwards[0]
    told = DIAGRAM.trace[sent].what
    came = f"{came}; in {name}, a message arrives that is not sent: {told}"
    return partly(share, came, DIAGRAM.trace, advice=BACKWARD)


FORWARD = "What is sent in a cut and arrives after it is on its way: no harm in that."
BACKWARD = "Whatever has arrived was sent: an arrow never comes back into the cut."


@diagram.claim(
    "the smallest consistent cut with p3 in it", points=1, public=1, hidden=0
)
def smallest(answer: Any, case: Case) -> Outcome:
    """All that happened before p3, and p3."""
    given, found = counts(answer, SMALLEST), causes()
    if given[0] < 3:
        return partly(0, f"{given} is without p3", DIAGRAM.trace, advice=INSIDE)
    if orphans := found.orphans(cut(given)):
        told = DIAGRAM.trace[orphans[0][0]].what
        came = f"in {given}, a message arrives that is not sent: {told}"
        return partly(0, came, DIAGRAM.trace, advice=BACKWARD)
    if given != stamp("p3"):
        return partly(0.5, f"{given} is consistent", DIAGRAM.trace, advice=LESS)
    return kept(f"{given}")


INSIDE = "p3 is the third event of P: three events of P are in it."
LESS = "It has p3 in it, and something that did not happen before p3: can that go?"


@diagram.claim("the vector that q4 is stamped with", points=1, public=1, hidden=0)
def stamped(answer: Any, case: Case) -> Outcome:
    """How many events of each process q4 knows of, itself included."""
    given = counts(answer, STAMP)
    for name, count, right in zip(DIAGRAM.processes, given, stamp("q4"), strict=True):
        if count < right:
            more = way(f"{name.lower()}{right}", "q4")
            came = f"{count} of the events of {name}, and q4 knows of more: {more}"
            return partly(0, came, DIAGRAM.trace, advice=KNOWS)
        if count > right:
            came = f"no way leads from {name.lower()}{count} to q4"
            return partly(0, came, DIAGRAM.trace, advice=TOO_MUCH)
    return kept(f"{given}")


KNOWS = "An event knows of all from which a way leads to it, and of itself."
TOO_MUCH = "Drawn before is not known: look where its arrows go."
