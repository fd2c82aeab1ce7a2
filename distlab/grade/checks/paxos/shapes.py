"""Exercise 4.4: quorums of two phases for three clusters, each with a target."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any, NamedTuple

from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.grade.exercise import Case, Exercise, Literal, Outcome, kept, partly
from distlab.quorum import AtLeast, Quorum, Weighted, column, row

FIVE, TWELVE, BIG = "five nodes", "twelve nodes in a grid", "one node of two votes"
NAMES = {
    FIVE: ("promises", "votes"),
    TWELVE: ("rows", "columns"),
    BIG: ("promises", "votes"),
}

shapes = Exercise(
    "4.4",
    "Which quorums?",
    "04_paxos",
    Literal(
        "QUORUMS",
        stub={cluster: dict.fromkeys(names) for cluster, names in NAMES.items()},
    ),
)


# --------------------------------------------------------------------------- the shapes
class Pair(NamedTuple):
    """The quorums of both phases."""

    phase_1: Quorum
    phase_2: Quorum


def five(promises: int, votes: int) -> Pair:
    """Any so many of s1 … s5."""
    nodes = tuple(f"s{i}" for i in range(1, 6))
    return Pair(AtLeast(nodes, promises), AtLeast(nodes, votes))


def grid_of(rows: int, columns: int) -> Pair:
    """A whole row promises, a whole column votes."""
    if rows * columns != 12:
        raise Misuse(f"{TWELVE}: {rows} rows of {columns} are not 12 nodes.")
    lines = tuple(
        tuple(f"s{columns * i + j + 1}" for j in range(columns)) for i in range(rows)
    )
    return Pair(row(lines), column(lines))


def one_big(promises: int, votes: int) -> Pair:
    """s1 has two votes, s2 … s5 have one each."""
    weights = (("s1", 2), *((f"s{i}", 1) for i in range(2, 6)))
    return Pair(Weighted(weights, promises), Weighted(weights, votes))


class Target(NamedTuple):
    """What quorums of one cluster have to do, besides that each meets each."""

    cluster: str
    made: Callable[[int, int], Pair]
    down: tuple[int, int]  # nodes that may be down, in phase 1 and in phase 2
    fewest: int  # nodes whose votes are enough for a command
    advice: str

    def pair(self, answer: Any) -> Pair | None:
        """The quorums of the answer; None if they are left open."""
        names = NAMES[self.cluster]
        given = answer.get(self.cluster) if isinstance(answer, dict) else None
        if not isinstance(given, dict) or set(given) != set(names):
            told = " and ".join(names)
            raise Misuse(f"QUORUMS, {self.cluster}: give {told}: leave the names.")
        counts = [given[name] for name in names]
        if None in counts:
            return None
        if any(type(count) is not int or not 1 <= count <= 12 for count in counts):
            raise Misuse(f"QUORUMS, {self.cluster}: give numbers from 1 to 12.")
        pair = self.made(*counts)
        for quorum in pair:
            if not quorum.has(quorum.members()):
                raise Misuse(
                    f"QUORUMS, {self.cluster}: not even all of them are {max(counts)}."
                )
        return pair

    def wrong(self, pair: Pair) -> tuple[float, str, str] | None:
        """What the quorums are still worth, what is wrong with them, and advice."""
        promised, voted = pair
        if apart := disjoint(promised, voted):
            one, other = (f"{{{', '.join(side)}}}" for side in apart)
            return 0, f"a leader by {one} never hears of what {other} have chosen", MEET
        for phase, quorum, down in zip((1, 2), pair, self.down, strict=True):
            if quorum.survives() < down:
                lost = counted(quorum.survives() + 1, "node")
                return 0.25, f"with {lost} down, phase {phase} may find no quorum", DOWN
        if voted.fewest() > self.fewest:
            needed = f"{voted.fewest()} nodes have to vote for each command"
            return 0.5, needed, self.advice
        return None


def disjoint(one: Quorum, other: Quorum) -> tuple[list[str], list[str]] | None:
    """A smallest set of each that do not meet, if there are such."""
    nodes = tuple(dict.fromkeys((*one.members(), *other.members())))
    for inside in sorted(product((False, True), repeat=len(nodes)), key=sum):
        first = [n for n, taken in zip(nodes, inside, strict=True) if taken]
        second = [n for n in nodes if n not in first]
        if one.has(first) and other.has(second):
            return first, smallest(other, second)
    return None


def smallest(quorum: Quorum, nodes: Iterable[str]) -> list[str]:
    """Those of a quorum's nodes without which it is none."""
    left = list(nodes)
    for node in tuple(reversed(left)):
        if quorum.has([other for other in left if other != node]):
            left.remove(node)
    return left


MEET = "Who prepares has to hear of whatever may be chosen: each set meets each."
DOWN = "It survives what it can do without. Which of the two asks for too much?"
TARGETS = (
    Target(
        FIVE,
        five,
        (1, 1),
        2,
        "Votes are what every command costs. What may promises cost at most?",
    ),
    Target(
        TWELVE,
        grid_of,
        (2, 2),
        3,
        "A column has as many nodes as there are rows. How few rows may there be?",
    ),
    Target(
        BIG,
        one_big,
        (1, 1),
        2,
        "With s1, two votes come from one node. How many are enough for a command?",
    ),
)


# ---------------------------------------------------------------------- what is claimed
def judged(target: Target, answer: Any) -> Outcome:
    """Safe, then alive, then cheap."""
    pair = target.pair(answer)
    if pair is None:
        raise NotImplementedError(f"nothing chosen for {target.cluster!r} yet")
    if found := target.wrong(pair):
        share, came, advice = found
        return partly(share, came, advice=advice)
    return kept(f"{target.fewest} votes choose; {pair.phase_1.fewest()} promise")


@shapes.claim(
    "five nodes: safe, any one may be down, and as few votes as can be",
    points=2,
    public=1,
    hidden=0,
)
def of_five(answer: Any, case: Case) -> Outcome:
    """Numbers of nodes."""
    return judged(TARGETS[0], answer)


@shapes.claim(
    "twelve nodes: safe, any two may be down, as few votes as can be",
    points=2,
    public=1,
    hidden=0,
)
def of_a_grid(answer: Any, case: Case) -> Outcome:
    """Rows and columns."""
    return judged(TARGETS[1], answer)


@shapes.claim(
    "one big node: safe, any one may be down, as few votes as can be",
    points=2,
    public=1,
    hidden=0,
)
def with_one_big(answer: Any, case: Case) -> Outcome:
    """Numbers of votes."""
    return judged(TARGETS[2], answer)
