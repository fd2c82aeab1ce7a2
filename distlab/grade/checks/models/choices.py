"""Answers that choose one of several for each of some things: guesses earn nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from distlab.errors import Misuse, did_you_mean
from distlab.grade.checks.models.goals import called
from distlab.grade.exercise import Outcome, kept, partly


def chosen(
    answer: Any, name: str, things: Iterable[str], choices: Collection[str]
) -> tuple[dict[str, str], list[str]]:
    """What was chosen, but for what is left open; and what is said of what is none.

    A model may be called by any of its names. Raises `Misuse` for other things.
    """
    if not isinstance(answer, dict) or set(answer) != set(things):
        told = ", ".join(map(repr, things))
        raise Misuse(f"{name} has a choice for each of {told}: leave the names.")
    meant = {called(choice): choice for choice in choices}
    given = {thing: answer[thing] for thing in things if answer[thing] is not None}
    unknown = [
        f"{thing}: {choice!r} is none of {', '.join(choices)}."
        f"{did_you_mean(str(choice), choices)}"
        for thing, choice in given.items()
        if called(choice) not in meant
    ]
    made = {t: meant[called(c)] for t, c in given.items() if called(c) in meant}
    return made, unknown


def scored(
    wrong: Sequence[Outcome],
    unknown: Sequence[str],
    made: int,
    asked: int,
    choices: Collection[str],
) -> Outcome:
    """So many of the choices that were made are wrong; the first of these is shown.

    What is wrong costs what guessing would earn, so that guessing earns nothing. What
    is no choice costs nothing, and is told first.
    """
    right = made - len(wrong)
    came = f"{right} of {asked} are right"
    if right == asked:
        return kept(came)
    share = (right - len(wrong) / (len(choices) - 1)) / asked
    if unknown:
        return partly(share, f"{came}. {unknown[0]}", advice=NO_CHOICE)
    if not wrong:
        return partly(share, f"{came}, the others are open", advice=OPEN)
    first = wrong[0]
    told = partly(share, f"{came}. {first.came}", first.evidence, advice=first.advice)
    return told._replace(mark=first.mark)


NO_CHOICE = "It earns nothing and costs nothing: which name did you mean?"
OPEN = "One that is left open earns nothing, and costs nothing."
