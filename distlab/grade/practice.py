"""Practice, in the notebook: running the cell is the check.

    practice.check("1.3", MyFailover)
    guess = practice.predict("1.2a", "What is lost?", ("nothing", "a write"), "nothing")
    guess.settle("a write")

The learner's code runs in the learner's own process, where a check can be fooled; so
practice says what it has seen and never gives a mark. `distlab grade` does.
"""

from __future__ import annotations

import html
import os
from collections.abc import Sequence
from typing import Any

from distlab.errors import Misuse, did_you_mean
from distlab.grade import page, progress
from distlab.grade.checks import course
from distlab.grade.examine import Finding, examine
from distlab.grade.exercise import Case, Claim, Exercise, Function, Literal, Method
from distlab.grade.rehearsal import refused


class Checked:
    """What practice has found: the claims of an exercise, one by one."""

    def __init__(self, exercise: Exercise, findings: list[Finding], remarks: list[str]):
        self.exercise, self.findings, self.remarks = exercise, findings, remarks

    @property
    def solved(self) -> bool:
        """Whether every claim was kept."""
        return all(finding.kind == "kept" for finding in self.findings)

    def _title(self) -> str:
        kept = sum(finding.kind == "kept" for finding in self.findings)
        number, title = self.exercise.number, self.exercise.title
        if self.solved:
            return f"{number} {title}: all {kept} claims held in what was tried"
        if all(finding.kind == "unsolved" for finding in self.findings):
            return f"{number} {title}: not solved yet"
        return f"{number} {title}: {kept} of {len(self.findings)} claims held"

    def __repr__(self) -> str:
        found = [page.as_text(page.told(finding)) for finding in self.findings]
        return "\n".join([self._title(), *found, *self.remarks])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict:
        parts = [f"<h4>{html.escape(self._title())}</h4>"]
        parts += [page.as_html(page.told(finding)) for finding in self.findings]
        parts += [f"<p>{html.escape(remark)}</p>" for remark in self.remarks]
        return {"text/html": "\n".join(parts), "text/plain": repr(self)}


def check(
    number: str | Exercise, answer: Any, *, seed: int | None = None, size: int = 1
) -> Any:
    """Try the claims of an exercise on an answer; with `seed`, that one case alone.

    Under nbgrader, which counts what a cell returns, it returns the points.
    """
    exercise = number if isinstance(number, Exercise) else course()[number]
    remarks = remarks_on(exercise, answer)
    findings = tried(exercise, answer, seed, size)
    checked = Checked(exercise, page.told_once(findings), remarks)
    if seed is None and any(finding.kind != "unsolved" for finding in findings):
        event = "solved" if checked.solved else "tried"
        progress.record(event, exercise=exercise.number)
    if "NBGRADER_EXECUTION" in os.environ:
        return sum(finding.points for finding in findings)
    return checked


def tried(
    exercise: Exercise, answer: Any, seed: int | None, size: int
) -> list[Finding]:
    """What becomes of each claim; of none if marks would not take the answer."""
    if is_stub(exercise, answer):
        return [Finding(claim, "unsolved", 0.0) for claim in exercise.claims]
    if why := refused(exercise, answer):
        return [Finding(claim, "raised", 0.0, why) for claim in exercise.claims]
    return [
        examine(exercise, claim, answer, cases_of(claim, seed, size))
        for claim in exercise.claims
    ]


def cases_of(claim: Claim, seed: int | None, size: int) -> list[Case]:
    """All public cases, or the one that a counterexample names."""
    return claim.cases() if seed is None else [Case(seed, size)]


def remarks_on(exercise: Exercise, answer: Any) -> list[str]:
    """What marks would do otherwise. Raises `Misuse` for an answer of another kind."""
    asked = exercise.answer
    if isinstance(asked, Function) and not callable(answer):
        raise Misuse(f"exercise {exercise.number} asks for a function, `{asked.name}`.")
    if not isinstance(asked, Method):
        return []
    if not (isinstance(answer, type) and issubclass(answer, asked.base)):
        raise Misuse(
            f"exercise {exercise.number} asks for a class: write "
            f"`class {asked.name}({asked.base.__name__}):`."
        )
    return [
        f"`{name}` is not asked for: marks leave it as {asked.base.__name__} has it."
        for name in own_names(answer, asked.base)
        if unasked(asked, name)
    ] + [
        f"`super().{name}()` asks for our answer; marks do not have it."
        for name in asked.asked or ()
        if asks_us(asked, answer, name)
    ]


def asks_us(asked: Method, answer: type, name: str) -> bool:
    """Whether the answer calls what it is asked for, where only `base` has it."""
    between = answer.__mro__[: answer.__mro__.index(asked.base)]
    own = next((kind for kind in reversed(between) if name in vars(kind)), object)
    codes = [getattr(method, "__code__", None) for method in vars(own).values()]
    return any({"super", name} <= set(code.co_names) for code in codes if code)


def own_names(cls: type, base: type) -> list[str]:
    """What a class and those between it and `base` define."""
    between = cls.__mro__[: cls.__mro__.index(base)]
    return list(dict.fromkeys(name for kind in between for name in vars(kind)))


def is_stub(exercise: Exercise, answer: Any) -> bool:
    """Whether the answer is what the sheet began with."""
    asked = exercise.answer
    if isinstance(asked, Literal):
        return bool(answer == asked.stub)
    if isinstance(asked, Method):
        own = own_names(answer, asked.base)
        return any(name not in own for name in asked.asked or ())
    return False


def unasked(asked: Method, name: str) -> bool:
    """Whether the pristine class has this, and keeps its own."""
    public = not name.startswith("_")
    return (
        public
        and asked.asked is not None
        and (name not in asked.asked and hasattr(asked.base, name))
    )


# -------------------------------------------------------------------------- predictions
class Prediction:
    """What a learner expects, committed before the run."""

    def __init__(
        self,
        name: str,
        question: str,
        options: tuple[Any, ...],
        choice: Any,
        confidence: float | None,
    ):
        self.name, self.question, self.options = name, question, options
        self.choice, self.confidence = choice, confidence

    def settle(self, came: Any) -> Settled:
        """Compare with what came. Raises `Misuse` if that is none of the options."""
        if came not in self.options:
            raise Misuse(
                f"prediction {self.name} is settled by {came!r}, which is not among "
                f"its options: {listed(self.options)}."
            )
        if self.choice is not None:
            progress.record(
                "settled",
                prediction=self.name,
                choice=str(self.choice),
                came=str(came),
                right=self.choice == came,
                confidence=self.confidence,
            )
        return Settled(self, came)

    def __repr__(self) -> str:
        if self.choice is None:
            return f"{self.question}\nCommit to one first: {listed(self.options)}."
        sure = "" if self.confidence is None else f", {self.confidence:.0%} sure"
        return f"{self.question}\nCommitted: {self.choice}{sure}."


class Settled:
    """A prediction beside what came."""

    def __init__(self, prediction: Prediction, came: Any):
        self.prediction, self.came = prediction, came

    @property
    def right(self) -> bool:
        """Whether it came as foretold."""
        return bool(self.prediction.choice == self.came)

    def __repr__(self) -> str:
        choice = self.prediction.choice
        if choice is None:
            return "Commit to an answer above, run it again, and this cell tells you."
        if self.right:
            return f"{self.came!r}: as you said."
        return f"You said {choice!r}; the answer is {self.came!r}."


def predict(
    name: str,
    question: str,
    options: Sequence[Any],
    choice: Any = None,
    *,
    confidence: float | None = None,
) -> Prediction:
    """Commit to what will come, before it is run; `confidence` is a probability.

    Raises `Misuse` for a choice that is not an option, or a confidence outside [0, 1].
    """
    options = tuple(options)
    if choice is not None and choice not in options:
        near = did_you_mean(str(choice), map(str, options))
        raise Misuse(
            f"prediction {name}: {choice!r} is not an option.{near} Choose one of "
            f"{listed(options)}."
        )
    if confidence is not None and not 0 <= confidence <= 1:
        raise Misuse(
            f"prediction {name}: a confidence of {confidence!r} is no probability: "
            f"give a number from 0 to 1."
        )
    return Prediction(name, question, options, choice, confidence)


def listed(options: tuple[Any, ...]) -> str:
    """`"none", "one" or "all"`, as they can be typed."""
    *most, last = map(repr, options)
    return f"{', '.join(most)} or {last}" if most else last
