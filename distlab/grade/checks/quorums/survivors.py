"""Exercise 2.1: which versions survive when replicas compare what they have."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from distlab.replication import siblings

Clock = dict[str, int]  # how many writes of each writer a version stands on
Version = tuple[str, Clock]
Merge = Callable[[tuple[Version, ...]], Any]

survivors = Exercise(
    "2.1",
    "Which versions survive?",
    "02_quorums",
    Function("survivors", ours=(siblings.merge,)),
)


class Situation(NamedTuple):
    """Versions in few words, `a c1:1 c2:1`, and which of them survive."""

    title: str
    text: str
    survive: str
    advice: str

    def versions(self, case: Case) -> tuple[Version, ...]:
        """The same, with other writers, in another order."""
        draw = case.random(self.title)
        names = draw.sample(("ann", "bob", "cleo", "dan"), 3)
        found = [parsed(each, names) for each in self.text.split(", ") if each]
        draw.shuffle(found)
        return tuple(found)


def parsed(text: str, names: Sequence[str]) -> Version:
    """`a c1:1 c2:1`, where `c1` is the first of the names."""
    value, *counts = text.split(" ")
    pairs = (count.split(":") for count in counts)
    return value, {names[int(who[1:]) - 1]: int(number) for who, number in pairs}


# ------------------------------------------------------------------------- what is run
def covers(one: Clock, other: Clock) -> bool:
    """Whether one stands on all that the other stands on."""
    return all(one.get(writer, 0) >= number for writer, number in other.items())


def surviving(versions: Sequence[Version]) -> list[str]:
    """The values that survive, in order."""
    return sorted(
        {
            value
            for value, clock in versions
            if not any(covers(c, clock) and c != clock for _, c in versions)
        }
    )


def asked(merge: Merge, versions: Sequence[Version]) -> list[str] | None:
    """The values of the answer, in order; None if it is no choice of the versions."""
    found = merge(tuple(versions))
    if not isinstance(found, (list, tuple)) or any(v not in versions for v in found):
        return None
    return sorted(value for value, _ in found)


def listing(versions: Sequence[Version], said: list[str], wanted: list[str]) -> str:
    """The versions, and what became of each."""
    lines = []
    for value, clock in versions:
        counts = ", ".join(f"{who}: {number}" for who, number in sorted(clock.items()))
        line = f"{value}  {{{counts}}}"
        if (value in said) != (value in wanted):
            line += "   ← gone" if value in wanted else "   ← superseded, and kept"
        elif said.count(value) > 1:
            line += f"   ← returned {said.count(value)} times"
        lines.append(line)
    return "\n".join(lines)


def difference(said: list[str], wanted: list[str]) -> str:
    """`{b} came back, and {a, b} survive`."""
    came, should = (", ".join(values) or "nothing" for values in (said, wanted))
    return f"{came} came back; it should be {should}"


# ---------------------------------------------------------------------- what is claimed
@survivors.claim(
    "what another version supersedes goes, and all others stay",
    points=4,
    public=2,
    hidden=2,
)
def each_situation(merge: Merge, case: Case) -> Outcome:
    """Scored by how many situations end as they should."""
    first = SITUATIONS[0].versions(case)
    if asked(merge, first) is None:
        came = f"it returned {merge(first)!r}, which is no list of these versions"
        return broken(came, listing(first, [], []), advice=RETURN)
    missed = list(wrong(merge, case))
    told = f"{len(SITUATIONS) - len(missed)} of {len(SITUATIONS)} situations are right"
    if not missed:
        return kept(told)
    situation, said = missed[0]
    wanted = situation.survive.split()
    shown = listing(situation.versions(case), said, wanted)
    came = f"{told}; not: {situation.title}: {difference(said, wanted)}"
    share = 1 - len(missed) / len(SITUATIONS)
    return partly(share, came, shown, advice=situation.advice)


def wrong(merge: Merge, case: Case) -> Iterator[tuple[Situation, list[str]]]:
    """The situations that do not end as they should, and what came of each."""
    for situation in SITUATIONS:
        said = asked(merge, situation.versions(case)) or []
        if said != situation.survive.split():
            yield situation, said


RETURN = (
    "Return a list of those of the pairs `(value, clock)` that survive, as they are."
)


@survivors.claim(
    "it makes no difference in which order, how often or where they are compared",
    points=2,
    public=2,
    hidden=2,
)
def anywhere(merge: Merge, case: Case) -> Outcome:
    """Whatever two replicas have merged, their results merge to the same."""
    for situation in SITUATIONS[:2]:
        versions, wanted = situation.versions(case), situation.survive.split()
        said = asked(merge, versions) or []
        if said != wanted:
            came = f"it is wrong about the plainest ones: {difference(said, wanted)}"
            return broken(came, listing(versions, said, wanted), advice=PLAIN)
    draw = case.random("replicas")
    drawn = written(case)
    at_once = asked(merge, drawn) or []
    for _ in range(2):
        draw.shuffle(drawn)
        cut = draw.randint(1, len(drawn))
        ours, theirs = merge(tuple(drawn[:cut])), merge(tuple(drawn[cut - 1 :]))
        said = asked(merge, (*ours, *theirs)) or []
        if said != at_once:
            came = (
                f"all at once, {', '.join(at_once)} came back; of the same in two "
                f"parts, merged again, {', '.join(said) or 'nothing'}"
            )
            twice = sorted(set(said)) == sorted(set(at_once))
            shown = listing(drawn, said, at_once)
            return broken(came, shown, advice=ONCE if twice else EACH)
    return kept(f"{len(drawn)} versions, {len(at_once)} survive in any order")


PLAIN = "Whoever keeps all, one or nothing agrees with everybody: that earns nothing."
ONCE = "One version that comes from two sides is still one version."
EACH = "Each version has to be compared with every other one, not with a neighbour."


def written(case: Case) -> list[Version]:
    """What clients write that read, now and then, what some others have written."""
    draw = case.random("writes")
    known: dict[str, Clock] = {who: {} for who in ("ann", "bob", "cleo")}
    found: list[Version] = []
    for i in range(3 + 2 * case.size):
        who = draw.choice(sorted(known))
        if found and draw.random() < 0.5:
            _, seen = draw.choice(found)
            known[who] = joined(known[who], seen)
        known[who] = joined(known[who], {who: known[who].get(who, 0) + 1})
        found.append((f"v{i}", known[who]))
    return found


def joined(one: Clock, other: Clock) -> Clock:
    """The least that covers both."""
    writers = sorted({**one, **other})
    return {who: max(one.get(who, 0), other.get(who, 0)) for who in writers}


SITUATIONS = (
    Situation(
        "one overwrote the other",
        "a c1:1, b c1:2",
        "b",
        "The clock of b counts the write that made a, and one more: it overwrote a.",
    ),
    Situation(
        "neither has seen the other",
        "a c1:1, b c2:1",
        "a b",
        "Neither clock counts the other's write. Who are you to throw one away?",
    ),
    Situation(
        "one writer has seen what another wrote",
        "a c1:1, b c1:1 c2:1",
        "b",
        "To supersede: no less of any writer, and not the same. More of each is "
        "not needed.",
    ),
    Situation(
        "more writes on one side",
        "a c1:3, b c1:1 c2:1",
        "a b",
        "More writes are not newer ones: does a's clock count all that b's counts?",
    ),
    Situation(
        "the same version from two replicas",
        "a c1:1 c2:1, a c1:1 c2:1",
        "a",
        "Two replicas have the same version: it survives, and it is one version.",
    ),
    Situation(
        "two, of which one has seen a third",
        "a c1:1, b c1:1 c2:1, c c3:1",
        "b c",
        "One that survives does not save, and does not kill, the others.",
    ),
    Situation(
        "each has a writer of whom the other never heard",
        "a c1:2 c3:1, b c1:1 c2:1, c c1:1",
        "a b",
        "A writer who is not in a clock has written 0 times as far as it knows.",
    ),
    Situation(
        "each has seen the one before",
        "a c1:1, b c1:2, c c1:3, d c1:3 c2:1",
        "d",
        "Only one of these is not known to another. Compare each with all.",
    ),
    Situation(
        "nothing at all", "", "", "Of no versions none survives: return an empty list."
    ),
)
