"""Statements that people make, some of which exhibits refute: judged for both.

Whoever calls everything right, or refutes everything with anything, earns nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.grade.exercise import Outcome, broken, kept, partly

RIGHT = "right"


class Statement(NamedTuple):
    """What people say."""

    text: str
    refuted_by: str | None  # the exhibit; None: it is right
    thought: str  # what to think of


class Sayings(NamedTuple):
    """Statements by number, and what each exhibit shows, in a few words."""

    name: str  # of the answer
    statements: Mapping[int, Statement]
    shows: Mapping[str, str]

    @property
    def false(self) -> dict[int, str]:
        """The wrong ones, and what refutes them."""
        said = self.statements.items()
        return {n: one.refuted_by for n, one in said if one.refuted_by}

    def answers(self, answer: Any) -> dict[int, str]:
        """What was said of each statement. Raises `Misuse` for what cannot be meant."""
        if not isinstance(answer, dict) or set(answer) != set(self.statements):
            raise Misuse(
                f"{self.name} has an answer for each number: leave the numbers."
            )
        for number, said in answer.items():
            if said not in (None, RIGHT, *self.shows):
                raise Misuse(
                    f"{number}: {said!r} is no answer: write 'right', None, or the "
                    f"exhibit that refutes it, one of {', '.join(self.shows)}."
                )
        return {number: said for number, said in answer.items() if said is not None}

    def refuted(self, answer: Any) -> Outcome:
        """An exhibit that does not refute it costs what a right one earns."""
        false = self.false
        accused = {n: e for n, e in self.answers(answer).items() if e != RIGHT}
        vain = [n for n, exhibit in accused.items() if false.get(n) != exhibit]
        found = len(accused) - len(vain)
        came = f"{found} of {len(false)} are refuted, {len(vain)} in vain"
        share = (found - len(vain)) / len(false)
        if vain:
            number = min(vain)
            exhibit = accused[number]
            came += f". {number} by {exhibit}? There, {self.shows[exhibit]}"
            return partly(share, came, advice=self.statements[number].thought)
        if found == len(false):
            return kept(came)
        missing = next(number for number in false if number not in accused)
        return partly(share, came, advice=self.statements[missing].thought)

    def stands(self, answer: Any) -> Outcome:
        """It earns nothing to call everything right."""
        said = self.answers(answer)
        believed = [n for n in self.false if said.get(n) == RIGHT]
        if believed:
            came = f"statement {believed[0]} is called right, and an exhibit refutes it"
            return broken(came, advice=self.statements[believed[0]].thought)
        true = [number for number in self.statements if number not in self.false]
        missing = [number for number in true if said.get(number) != RIGHT]
        if not missing:
            return kept(f"{len(true)} statements are right")
        came = f"{len(true) - len(missing)} of {len(true)} are called right"
        share = 1 - len(missing) / len(true)
        return partly(share, came, advice=self.statements[missing[0]].thought)
