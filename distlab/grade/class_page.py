"""The instructor's page: how a class did, and what has to be looked at by somebody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from distlab.errors import did_you_mean
from distlab.grade import regrading
from distlab.grade.document import (
    Block,
    Heading,
    Link,
    Paragraph,
    Points,
    Share,
    Table,
    number,
)
from distlab.grade.gradebook import Answered, Entry
from distlab.grade.grades import Class, Row
from distlab.grade.roster import Student

KINDS = ("kept", "partly", "broken", "raised", "stopped", "unsolved", "unknown")


class Change(NamedTuple):
    """A mark that took the place of another."""

    before: Entry
    after: Entry

    def told(self) -> str:
        """In a line: from what to what, and why."""
        before, after = self
        points = f"{number(before.score)} → {number(after.score)}"
        where = ", ".join(regrading.differences(before, after))
        why = regrading.reasons(before, after)
        return (
            f"{after.student}, {after.sheet}: {points} ({where or 'as before'}): {why}"
        )


def blocks(
    of: Class, changes: Sequence[Change], notes: Sequence[str], names: dict[str, str]
) -> Iterator[Block]:
    """The page; `names` are those of the learners' folders beside it."""
    yield Heading(1, "The class")
    yield Points([summary(of, sheet) for sheet in of.sheets])
    if notes:
        yield Heading(2, "To be looked at")
        yield Points(notes)
    for sheet in of.sheets:
        yield from of_sheet([of.rows[sheet, student.id] for student in of.students])
    yield from limits(of)
    if changes:
        yield Heading(2, "Marked again")
        yield Points([change.told() for change in changes])
    yield Heading(2, "Everybody")
    yield everybody(of, of.students, names)
    if of.strangers:
        yield Heading(2, "Not on the roster")
        yield Points([stranger(of, student) for student in of.strangers])
        yield everybody(of, of.strangers, names)


def summary(of: Class, sheet: str) -> str:
    """How many handed in, how late, how well."""
    rows = [of.rows[sheet, student.id] for student in of.students]
    handed = [row for row in rows if row.entry]
    late = sum(row.late.days > 0 for row in handed)
    final = "" if all(row.entry and row.entry.key for row in handed) else NOT_FINAL
    mean = sum(row.share for row in handed) / max(1, len(handed))
    return (
        f"{sheet}: {len(handed)} of {len(rows)} handed in, {late} of them late; "
        f"they have {mean:.0%} of the points{final}"
    )


NOT_FINAL = "; some without hidden cases, which is no final mark"


# -------------------------------------------------------------------- how the class did
def of_sheet(rows: Sequence[Row]) -> Iterator[Block]:
    """Each exercise and each claim of a sheet, over those who handed in."""
    entries = [row.entry for row in rows if row.entry]
    if not entries:
        return
    yield Heading(2, entries[0].sheet)
    by_number: dict[str, list[Answered]] = {}
    for answer in (answer for entry in entries for answer in entry.answers):
        by_number.setdefault(answer.number, []).append(answer)
    heads = ("exercise", "mean", "nothing", "below half", "half or more", "all", "of")
    yield Table(heads, [of_exercise(found) for found in by_number.values()])
    yield Paragraph("Each claim, and how many answers kept it or ended otherwise:")
    claims = [line for found in by_number.values() for line in of_claims(found)]
    yield Table(("exercise", "claim", *KINDS), claims)


def of_exercise(answers: Sequence[Answered]) -> tuple[str | float | Share, ...]:
    """How the points of one exercise are distributed."""
    shares = [answer.points / answer.worth for answer in answers if answer.worth]
    first, count = answers[0], max(1, len(shares))
    return (
        f"{first.number} {first.title}",
        Share(sum(shares) / count),
        sum(share == 0 for share in shares),
        sum(0 < share < 0.5 for share in shares),
        sum(0.5 <= share < 1 for share in shares),
        sum(share == 1 for share in shares),
        len(shares),
    )


def of_claims(answers: Sequence[Answered]) -> Iterator[tuple[str | float, ...]]:
    """How the claims of one exercise ended."""
    found: dict[str, list[str]] = {}
    for claim in (claim for answer in answers for claim in answer.claims):
        found.setdefault(claim.text, []).append(claim.kind)
    for text, kinds in found.items():
        yield answers[0].number, text, *(kinds.count(kind) for kind in KINDS)


def limits(of: Class) -> Iterator[Block]:
    """Who ran into which limit."""
    rows = [of.rows[s, p.id] for s in of.sheets for p in (*of.students, *of.strangers)]
    found = [
        (row.student.id, answer.number, claim.text, dict(claim.facts).get("came", ""))
        for row in rows
        for answer in (row.entry.answers if row.entry else ())
        for claim in answer.claims
        if claim.kind == "stopped"
    ]
    if found:
        yield Heading(2, "Who ran into a limit")
        yield Table(("learner", "exercise", "claim", "limit"), found)


# ---------------------------------------------------------------------------- everybody
def everybody(of: Class, students: Iterable[Student], names: dict[str, str]) -> Table:
    """A line for each learner."""
    heads = ("learner", "name", *of.sheets, "late days", "total")
    return Table(heads, [learner(of, student, names) for student in students])


def learner(
    of: Class, student: Student, names: dict[str, str]
) -> tuple[str | float | Link | Share, ...]:
    """The line of one learner, with the way to their pages."""
    rows = of.of(student)
    return (
        Link(student.id, f"{names[student.id]}/index.html"),
        "" if student.name == student.id else student.name,
        *(row.score if row.entry else "–" for row in rows),
        sum(row.late.days for row in rows),
        Share(of.total(student)),
    )


def stranger(of: Class, student: Student) -> str:
    """Who handed in and is not in the class."""
    near = did_you_mean(student.id, (known.id for known in of.students))
    return f"{student.id!r} is not on the roster.{near}"
