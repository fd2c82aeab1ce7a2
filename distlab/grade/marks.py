"""Marks for one sheet: collected by reading, answered in a child, judged here.

The parent holds the tests, the seeds, the simulator and the verdict. Hidden cases are
the same claims at seeds and sizes derived from the instructor's key; without a key
there are none, and that is said.
"""

from __future__ import annotations

import ast
import re
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, Self

from distlab.grade.cells import Unreadable
from distlab.grade.collect import Sheet, collect
from distlab.grade.examine import LOOK, Finding, Kind, examine, failure
from distlab.grade.exercise import (
    Case,
    Claim,
    Course,
    Exercise,
    Function,
    Literal,
    Method,
)
from distlab.grade.fence import USUAL, Limits
from distlab.grade.library import Library
from distlab.grade.literal import NotLiteral, literal
from distlab.grade.page import told_once
from distlab.grade.remote import (
    Remote,
    in_library,
    left_out,
    remote_function,
)
from distlab.grade.stand_in import remote_class

Asked = Method | Function  # what a process answers


class Marked(NamedTuple):
    """One exercise: what became of each claim, and what else is to be said."""

    exercise: Exercise
    findings: tuple[Finding, ...]
    remarks: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """What was earned, to the hundredth of a point."""
        return round(sum(finding.points for finding in self.findings), 2)


class Marks(NamedTuple):
    """One sheet of one learner."""

    sheet: str
    student: str
    exercises: tuple[Marked, ...]
    remarks: tuple[str, ...] = ()
    holds: tuple[str, ...] = ()  # the protections that were in force
    hidden: bool = False  # whether hidden cases were run
    lost: tuple[str, ...] = ()  # the cells that are not Python, and why
    unread: str = ""  # why the file could not be read

    @property
    def score(self) -> float:
        """What was earned."""
        return round(sum(marked.points for marked in self.exercises), 2)

    @property
    def max_score(self) -> float:
        """What could be earned."""
        return sum(marked.exercise.points for marked in self.exercises)

    def summary(self) -> str:
        """In a line: the score, and how far it can be trusted."""
        if self.unread:
            return f"{self.student}, {self.sheet}: could not be read: {self.unread}"
        cases = "and hidden cases" if self.hidden else "cases; hidden ones not run"
        fence = f"; kept apart by {', '.join(self.holds)}" if self.holds else ""
        points = f"{self.score:g} of {self.max_score:g} points"
        lost = "".join(f"; {told}" for told in self.lost)
        return f"{self.student}, {self.sheet}: {points} (public {cases}{fence}){lost}"


class Marker:
    """Marks sheets, all with the same course and key, until it is closed."""

    def __init__(
        self, course: Course, key: bytes | None = None, limits: Limits = USUAL
    ):
        self.course, self.key, self.limits = course, key, limits
        self.library = Library(preload=library_modules(course))

    def mark(self, path: Path, student: str) -> Marks:
        """Mark one notebook. Whatever is wrong with it becomes a sentence."""
        try:
            sheet = collect(path, base_modules(self.course))
            name = self.which(sheet, path)
        except (Unreadable, OSError) as why:
            return self.unread(path, student, str(why))
        marked = []
        holds: dict[str, None] = {}
        for exercise in self.course.of(name):
            found, held = self.mark_exercise(sheet, exercise)
            marked.append(found)
            holds |= dict.fromkeys(held)
        lost = tuple(
            f"{at} is not Python: {y}" for at, (y, _) in sheet.unparsed.items()
        )
        hidden, remarks = self.key is not None, tuple(sheet.remarks)
        return Marks(name, student, tuple(marked), remarks, tuple(holds), hidden, lost)

    def unread(self, path: Path, student: str, why: str) -> Marks:
        """No points, and why, for the sheet that the file or folder is named after."""
        sheets = self.course.sheets
        named = [s for s in sheets if s in path.as_posix()] or list(sheets[:1])
        name = named[0] if named else path.stem
        marked = (all_of(e, "unsolved", why) for e in self.course.of(name))
        return Marks(name, student, tuple(marked), (why,), unread=why)

    def which(self, sheet: Sheet, path: Path) -> str:
        """Which sheet of the course this is: by what it answers, else by its name."""
        asked = {
            name: sum(e.answer.name in sheet.names for e in self.course.of(name))
            for name in self.course.sheets
        }
        most = max(asked.values(), default=0)
        for name, found in asked.items():
            if (found == most and most > 0) or (most == 0 and name in path.stem):
                return name
        raise Unreadable(
            f"{path.name} answers no exercise of the course: hand in the sheet itself, "
            f"with the names that it asks for."
        )

    def mark_exercise(
        self, sheet: Sheet, exercise: Exercise
    ) -> tuple[Marked, tuple[str, ...]]:
        """Mark one exercise; also the protections that were in force."""
        if sheet.last(exercise.answer.name) is None:
            return nowhere(sheet, exercise), ()
        if isinstance(exercise.answer, Literal):
            return self.mark_literal(sheet, exercise), ()
        if why := missing(sheet, exercise.answer):
            return all_of(exercise, "unsolved", why), ()
        remote = self.remote(sheet, exercise.answer)
        try:
            answer = in_child(remote, exercise.answer)
            findings = []
            for claim in exercise.claims:
                cases = self.cases(exercise, claim)
                findings.append(examine(exercise, claim, answer, cases))
                remote.rest()
            findings = twice(remote, findings, self.remote(sheet, exercise.answer, 1))
        except Exception as raised:  # it cannot even be made, or not a second time
            findings = [failure(claim, raised) for claim in exercise.claims]
        finally:
            remote.close()
        told = told_once(explained(finding, remote, sheet) for finding in findings)
        remarks = left_out(sheet, exercise.answer)
        return Marked(exercise, tuple(told), tuple(remarks)), remote.holds

    def remote(self, sheet: Sheet, answer: Asked, hash_seed: int = 0) -> Remote:
        """The answer, in a process of its own; another seed, another order of sets."""
        return Remote(self.library, sheet, answer, self.limits, hash_seed)

    def cases(self, exercise: Exercise, claim: Claim) -> list[Case]:
        """What a claim is tried on: public cases, and hidden ones if there is a key."""
        if self.key is None:
            return claim.cases()
        return claim.cases() + claim.hidden_cases(exercise.number, self.key)

    def mark_literal(self, sheet: Sheet, exercise: Exercise) -> Marked:
        """Judge an answer that is data, here: it is never executed."""
        name = exercise.answer.name
        try:
            value = literal(sheet, name)
        except NotLiteral as why:
            return all_of(exercise, "raised", str(why))
        if isinstance(exercise.answer, Literal) and value == exercise.answer.stub:
            return all_of(exercise, "unsolved", f"`{name}` is as the sheet has it")
        findings = [
            examine(exercise, claim, value, self.cases(exercise, claim))
            for claim in exercise.claims
        ]
        return Marked(exercise, tuple(told_once(findings)))

    def close(self) -> None:
        """Remove the children's library."""
        self.library.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


DEPENDS = (
    "An answer may depend on what it is given alone: no global variable, no order of a "
    "set, no clock, no chance."
)


def twice(remote: Remote, findings: list[Finding], twin: Remote) -> list[Finding]:
    """The findings; without points if the answer is another one the second time."""
    if not any(finding.share for finding in findings):
        return findings
    with closing(twin):
        differs = remote.differs_from(twin)
    if differs is None:
        return findings
    return [
        Finding(f.claim, "broken", 0.0, differs, DEPENDS, ran=f.ran) if f.share else f
        for f in findings
    ]


def in_child(remote: Remote, answer: Any) -> Any:
    """The answer, ready for the judges."""
    if isinstance(answer, Method):
        return remote_class(remote, answer)
    return remote_function(remote)


def nowhere(sheet: Sheet, exercise: Exercise) -> Marked:
    """There is no answer; or there was one, in a cell that cannot be read."""
    name = exercise.answer.name
    if lost := sheet.lost(name):
        return all_of(exercise, "raised", lost)
    return all_of(exercise, "unsolved", f"there is no `{name}` in this sheet")


def missing(sheet: Sheet, answer: Asked) -> str | None:
    """Why there is nothing to mark, or None."""
    found = sheet.last(answer.name)
    node = found and found.node
    if isinstance(answer, Method) and not isinstance(node, ast.ClassDef):
        base = answer.base.__name__
        return f"`{answer.name}` is no class: write `class {answer.name}({base}):`"
    if isinstance(answer, Method):
        own = sheet.methods(answer.name)
        unwritten = [name for name in answer.asked or () if name not in own]
        if unwritten:
            return f"`{answer.name}` has no method `{unwritten[0]}` of its own"
    return None


def all_of(exercise: Exercise, kind: Kind, came: str) -> Marked:
    """The same finding for every claim."""
    findings = [Finding(claim, kind, 0.0, came) for claim in exercise.claims]
    return Marked(exercise, tuple(told_once(findings)))


def explained(finding: Finding, remote: Remote, sheet: Sheet) -> Finding:
    """Say what the sheet tells about an error: the line, why a name is not there."""
    if ours := re.fullmatch(r"`(\w+)` of [\w ]+ is what is asked for", finding.came):
        return finding._replace(came=OURS.format(ours[1]))
    if raised := re.search(r"\((\w+ cell \d+), line (\d+)\)$", finding.came):
        place, number = raised[1], int(raised[2])
        lines = ["", *sheet.sources.get(place, "").splitlines()][number : number + 1]
        line = ": ".join([f"{place}, line {number}", *map(str.strip, lines)])
        finding = finding._replace(line=line, advice=LOOK)
    undefined = re.search(r"NameError: name '(\w+)'", finding.came)
    if not undefined:
        return finding
    name, wrong = undefined[1], remote.loaded.get("wrong")
    why = sheet.refused.get(name)
    if why is None and isinstance(wrong, dict) and name in wrong:
        why = f"it could not be defined: {str(wrong[name])[:500]}"
    return finding if why is None else finding._replace(advice=f"`{name}`: {why}.")


OURS = "it asks for our `{}`, as `super()` does, and marks do not have it"


def base_modules(course: Course) -> set[str]:
    """Where the pristine classes come from: a sheet has to import them."""
    return {name.split(".")[0] for name in modules(course)}


def library_modules(course: Course) -> list[str]:
    """Those that children have too, in their copy of the library."""
    return sorted(name for name in modules(course) if in_library(name))


def modules(course: Course) -> set[str]:
    """The modules of the pristine classes."""
    answers = [exercise.answer for exercise in course.exercises.values()]
    return {a.base.__module__ for a in answers if isinstance(a, Method)}
