"""What a learner gets back: a page for each sheet, and one for all of them.

What was run, what was expected and what came, the counterexample as a diagram, and the
line that runs it again. What held in the public cases alone is not said to hold.
"""

from __future__ import annotations

from collections.abc import Iterator

from distlab.grade.document import (
    Block,
    Facts,
    Heading,
    Link,
    Listing,
    Paragraph,
    Points,
    Table,
    number,
)
from distlab.grade.gradebook import Answered, Entry
from distlab.grade.grades import Class, Row
from distlab.grade.page import SAID, SIGNS, Told
from distlab.grade.roster import Student

OPEN = "◌"  # held as far as it was tried, and hidden cases were not
NOT_FINAL = (
    "Hidden cases were not run: what is said here of public ones is no final mark."
)


def of_sheet(row: Row, entry: Entry) -> Iterator[Block]:
    """The report of one sheet."""
    yield Heading(1, f"{row.sheet}: {row.student.name}")
    yield Paragraph(f"{entry.summary}.")
    if not entry.key and not entry.unread:
        yield Paragraph(NOT_FINAL)
    if row.weights:
        counts = f"{number(row.raw)} of {number(row.worth)} points"
        yield Paragraph(f"As the exercises count in this course: {counts}.")
    if row.late.days:
        yield Paragraph(lateness_of(row))
    for answer in entry.answers:
        yield from of_exercise(answer, bool(entry.key), row.weights.get(answer.number))
    if entry.remarks:
        yield Heading(2, "Also")
        yield Points(entry.remarks)


def lateness_of(row: Row) -> str:
    """What lateness has cost, in a sentence."""
    late = row.late
    days = "1 day" if late.days == 1 else f"{late.days} days"
    free = f", {late.free} of them free" if late.free else ""
    return (
        f"Handed in {days} late{free}: {number(row.penalty)} of {number(row.raw)} "
        f"points are taken away, {number(row.score)} count."
    )


def of_exercise(
    answer: Answered, hidden: bool, weight: float | None
) -> Iterator[Block]:
    """What became of one exercise."""
    earned = f"{number(answer.points)} of {number(answer.worth)} points"
    times = "" if weight is None else f", which count {number(weight)} times"
    yield Heading(2, f"{answer.number} {answer.title}: {earned}{times}")
    for claim in answer.claims:
        yield Heading(3, headline(claim, hidden))
        yield Facts(list(facts(claim, hidden)))
        if claim.words:
            yield Listing(claim.words, claim.svg, claim.alt)
    if answer.remarks:
        yield Points(answer.remarks)


def headline(claim: Told, hidden: bool) -> str:
    """The claim and its points; a sign of its own for what was tried in part."""
    earned = f"({number(claim.points)} of {number(claim.worth)})"
    whole = claim.kind != "kept" or hidden or not claim.hidden
    said = f": {SAID[claim.kind]}" if claim.kind in SAID else ""
    return f"{SIGNS[claim.kind] if whole else OPEN} {claim.text} {earned}{said}"


def facts(claim: Told, hidden: bool) -> Iterator[tuple[str, str]]:
    """What was run, what was expected and what came, if that is not the same."""
    if claim.kind == "kept":
        yield "held in", cases(claim, hidden)
    for label, told in claim.facts:
        yield label, told
        if label == "ran":
            yield "expected", claim.text


def cases(claim: Told, hidden: bool) -> str:
    """`10 cases, 5 public and 5 hidden`."""
    public = f"{claim.public} public case{'' if claim.public == 1 else 's'}"
    if not claim.hidden:
        return f"{public}: there are no others"
    if not hidden:
        return f"{public}; the hidden ones were not run"
    both = claim.public + claim.hidden
    return f"{both} cases, {claim.public} public and {claim.hidden} hidden"


def of_learner(of: Class, student: Student) -> Iterator[Block]:
    """All sheets of one learner, and what they come to."""
    yield Heading(1, student.name)
    heads = ("sheet", "points", "of", "late days", "taken away", "counts")
    yield Table(heads, [of_row(row) for row in of.of(student)])
    yield Paragraph(f"All sheets together: {of.total(student):.1%}.")
    if any(row.entry and not row.entry.key for row in of.of(student)):
        yield Paragraph(NOT_FINAL)


def of_row(row: Row) -> tuple[str | float | Link, ...]:
    """One sheet in the table of a learner."""
    if row.entry is None:
        return row.sheet, "not handed in", row.worth, "", "", 0
    page = Link(row.sheet, f"{row.sheet}.html")
    return page, row.raw, row.worth, row.late.days, row.penalty, row.score
