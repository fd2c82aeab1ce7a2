"""Exercise 2.3: down a Merkle tree, by as few hashes as possible."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

from distlab.grade.exercise import (
    Case,
    Exercise,
    Function,
    Outcome,
    broken,
    kept,
    partly,
)

Hashes = dict[str, str]  # by place: "" is the root, "20" the first child of its third
Ask = Callable[[Hashes, Hashes], Any]

descent = Exercise(
    "2.3",
    "Down the tree",
    "02_quorums",
    Function("ask_next"),
)


class Trees(NamedTuple):
    """Two trees of one shape, and the buckets in which they differ."""

    mine: Hashes
    theirs: Hashes
    depth: int
    branching: int
    differing: tuple[str, ...]

    def children(self, place: str) -> list[str]:
        """The places below this one."""
        if len(place) == self.depth:
            return []
        return [place + str(i) for i in range(self.branching)]

    @property
    def needed(self) -> list[str]:
        """The root, and all that is below a place where they differ."""
        found = [""]
        for place in found:
            if self.mine[place] != self.theirs[place]:
                found += self.children(place)
        return found


class Descent(NamedTuple):
    """What was asked for, round by round, and what ended it."""

    rounds: tuple[tuple[str, ...], ...]
    wrong: str = ""  # why it came to no end
    advice: str = ""

    @property
    def asked(self) -> list[str]:
        """Every place that was asked for, each as often as it was."""
        return [place for asked in self.rounds for place in asked]


# ------------------------------------------------------------------------- what is run
def trees(case: Case, differing: int) -> Trees:
    """Two trees, of which so many buckets differ."""
    branching, depth = ((2, 3), (4, 2), (3, 3), (2, 5), (4, 3))[case.size % 5 - 1]
    buckets = [""]
    for _ in range(depth):
        buckets = [place + str(i) for place in buckets for i in range(branching)]
    chosen = case.random("buckets").sample(buckets, differing)
    seed = str(case.seed)
    rows = {bucket: f"{seed} {bucket}" for bucket in buckets}
    other = {bucket: f"{rows[bucket]} too" for bucket in chosen}
    mine, theirs = (hashed(each, branching) for each in (rows, rows | other))
    return Trees(mine, theirs, depth, branching, tuple(sorted(chosen)))


def hashed(rows: dict[str, str], branching: int) -> Hashes:
    """The tree over these buckets."""
    level = {place: digest(text) for place, text in rows.items()}
    found = dict(level)
    while "" not in found:
        above = sorted({place[:-1] for place in level})
        level = {
            place: digest("".join(level[place + str(i)] for i in range(branching)))
            for place in above
        }
        found |= level
    return dict(sorted(found.items(), key=lambda each: (len(each[0]), each[0])))


def digest(text: str) -> str:
    """A short hash."""
    return hashlib.sha256(text.encode()).hexdigest()[:4]


def walk(ask: Ask, trees: Trees) -> Descent:
    """Ask and answer, until nothing more is asked for."""
    told: Hashes = {}
    rounds: list[tuple[str, ...]] = []
    while len(rounds) <= len(trees.mine):
        asked = ask(dict(trees.mine), dict(told))
        if not isinstance(asked, (list, tuple)) or any(
            type(place) is not str for place in asked
        ):
            return Descent(tuple(rounds), f"it returned {asked!r}", PLACES)
        strangers = [place for place in asked if place not in trees.mine]
        if strangers:
            came = f"it asked for {strangers[0]!r}, and there is no such place"
            return Descent(tuple(rounds), came, STRANGER)
        if not asked:
            return Descent(tuple(rounds))
        rounds.append(tuple(asked))
        if all(place in told for place in asked):
            came = (
                f"it asked again for {', '.join(map(repr, asked))}, and would for ever"
            )
            return Descent(tuple(rounds), came, ENDLESS)
        told |= {place: trees.theirs[place] for place in asked}
    return Descent(tuple(rounds))


PLACES = "Return a list of places, as they are named in `mine`; an empty one to stop."
STRANGER = "The buckets have no children: is `place + '0'` in `mine`?"
ENDLESS = "What is in `theirs` is known already: ask for what is not, and then stop."


def drawn(trees: Trees, descent: Descent) -> str:
    """The rounds in lines, the places that differ marked."""
    lines = [f"a tree of depth {trees.depth}, {trees.branching} below each place"]
    for number, asked in enumerate(descent.rounds, 1):
        shown = ", ".join(
            repr(place) + ("≠" if trees.mine[place] != trees.theirs[place] else "")
            for place in asked
        )
        lines.append(f"round {number} asks for {shown}")
    lines.append(f"they differ in {', '.join(map(repr, trees.differing)) or 'nothing'}")
    return "\n".join(lines)


# ---------------------------------------------------------------------- what is claimed
@descent.claim("it finds each bucket that differs", points=2, public=3, hidden=2)
def finds(ask: Ask, case: Case) -> Outcome:
    """One, two, and none."""
    for differing in (1, 2 + case.size % 2, 0):
        here = trees(case, differing)
        found = walk(ask, here)
        if found.wrong:
            return broken(found.wrong, drawn(here, found), advice=found.advice)
        missed = [bucket for bucket in here.differing if bucket not in found.asked]
        if missed:
            came = f"{missed[0]!r} differs, and it never asked for it"
            advice = why_missed(here, found)
            return broken(came, drawn(here, found), advice=advice)
    return kept("whatever differed was found")


def why_missed(trees: Trees, found: Descent) -> str:
    """What to think about."""
    if not found.rounds:
        return BEGIN
    return SEVERAL if any(b in found.asked for b in trees.differing) else DEEPER


BEGIN = "`theirs` is empty at first: ask for the root, the place ''."
SEVERAL = "Several may differ: go down below every place whose hashes are not the same."
DEEPER = "That hash tells that something differs below. Which of the places below?"


@descent.claim("it asks for no hash that it could spare", points=3, public=3, hidden=2)
def spares(ask: Ask, case: Case) -> Outcome:
    """Scored by how many hashes were asked for, when all was found."""
    asked = needed = 0
    worst: tuple[Trees, Descent] | None = None
    for differing in (1, 2, 0):
        here = trees(case, differing)
        found = walk(ask, here)
        if found.wrong or any(b not in found.asked for b in here.differing):
            came = found.wrong or "it does not find all that differs"
            return broken(came, drawn(here, found), advice=found.advice or FIRST)
        asked, needed = asked + len(found.asked), needed + len(here.needed)
        if worst is None and len(found.asked) > len(here.needed):
            worst = here, found
    told = f"{asked} hashes asked for, {needed} were enough"
    if worst is None:
        return kept(told)
    return partly(needed / asked, told, drawn(*worst), advice=why_spare(*worst))


def why_spare(trees: Trees, found: Descent) -> str:
    """What to think about."""
    if "" not in found.asked:
        return ROOT
    if len(found.rounds) == 1:
        return WAIT
    return SAME if set(found.asked) - set(trees.needed) else TWICE


FIRST = "Few hashes are worth nothing if the difference is not found."
ROOT = "If the roots are the same, nothing differs at all, and one hash has told it."
WAIT = "Nobody has answered yet: which of these does the first answer spare?"
SAME = "Below a place with the same hash nothing differs: why ask?"
TWICE = "It asks for some place twice: what is in `theirs` is known."


@descent.claim("a round for each level is enough", points=1, public=3, hidden=2)
def few_rounds(ask: Ask, case: Case) -> Outcome:
    """A round trip costs more than a hash: all of a level is asked for at once."""
    here = trees(case, 2 + case.size % 2)
    found = walk(ask, here)
    if found.wrong or any(b not in found.asked for b in here.differing):
        came = found.wrong or "it does not find all that differs"
        return broken(came, drawn(here, found), advice=found.advice or FIRST)
    came = f"{len(found.rounds)} rounds for a root and {here.depth} levels below it"
    if len(found.rounds) > here.depth + 1:
        return broken(came, drawn(here, found), advice=AT_ONCE)
    return kept(came)


AT_ONCE = "A list may have many places: all that are to be known next."
