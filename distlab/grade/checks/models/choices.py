"""Answers that choose one of several for each of some things: guesses earn nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from distlab.errors import Misuse, did_you_mean
from distlab.grade.exercise import Outcome, kept, partly


def chosen(
    answer: Any, name: str, things: Iterable[str], choices: Collection[str]
) -> dict[str, str]:
    """What was chosen, but for what is left open. Raises `Misuse` for no choice."""
    if not isinstance(answer, dict) or set(answer) != set(things):
        told = ", ".join(map(repr, things))
        raise Misuse(f"{name} has a choice for each of {told}: leave the names.")
    for thing, choice in answer.items():
        if choice is not None and choice not in choices:
            hint = did_you_mean(str(choice), choices)
            raise Misuse(f"{thing}: {choice!r} is none of {', '.join(choices)}.{hint}")
    return {thing: answer[thing] for thing in things if answer[thing] is not None}


def scored(
    wrong: Sequence[Outcome], made: int, asked: int, choices: Collection[str]
) -> Outcome:
    """So many of the choices that were made are wrong; the first of these is shown.

    What is wrong costs what guessing would earn, so that guessing earns nothing.
    """
    right = made - len(wrong)
    came = f"{right} of {asked} are right"
    if right == asked:
        return kept(came)
    share = (right - len(wrong) / (len(choices) - 1)) / asked
    if not wrong:
        return partly(share, f"{came}, the others are open", advice=OPEN)
    first = wrong[0]
    told = partly(share, f"{came}. {first.came}", first.evidence, advice=first.advice)
    return told._replace(mark=first.mark)


OPEN = "One that is left open earns nothing, and costs nothing."
