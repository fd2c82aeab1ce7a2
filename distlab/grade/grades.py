"""Grades: what the marks of a class come to, with weights and late days.

A row is a learner and a sheet, as nbgrader exports them. Who did not hand in has a row
with 0; whose name is not on the roster has none, and is told apart from the class.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from distlab.grade import lateness
from distlab.grade.document import line
from distlab.grade.exercise import Course
from distlab.grade.gradebook import Entry
from distlab.grade.lateness import Late
from distlab.grade.roster import Student
from distlab.grade.settings import Settings

# As nbgrader exports them.
COLUMNS = (
    "assignment duedate timestamp student_id last_name first_name email raw_score "
    "late_submission_penalty score max_score"
).split()
LEADS = tuple("=+-@＝＋－＠")  # what a spreadsheet would calculate


class Row(NamedTuple):
    """A learner and a sheet."""

    student: Student
    sheet: str
    entry: Entry | None  # None: not handed in
    due: datetime | None
    raw: float
    worth: float
    weights: dict[str, float]  # of its exercises, where they do not count once
    late: Late = Late()

    @property
    def penalty(self) -> float:
        """The points that lateness costs, to the hundredth."""
        return round(self.raw * self.late.share, 2)

    @property
    def score(self) -> float:
        """What counts."""
        return round(self.raw - self.penalty, 2)

    @property
    def share(self) -> float:
        """The part of all points of the sheet."""
        return self.score / self.worth if self.worth else 0.0


class Class(NamedTuple):
    """The grades of a class: a row for each learner and each sheet that was given."""

    sheets: tuple[str, ...]
    students: tuple[Student, ...]
    rows: dict[tuple[str, str], Row]  # by sheet and id
    strangers: tuple[Student, ...]  # handed in, and are not on the roster
    weights: dict[str, float]

    def of(self, student: Student) -> list[Row]:
        """The rows of one learner."""
        return [self.rows[sheet, student.id] for sheet in self.sheets]

    def untimed(self) -> dict[str, list[str]]:
        """For each sheet with a due date, who handed in at nobody knows what time."""
        found: dict[str, list[str]] = {}
        for (sheet, student), row in self.rows.items():
            if row.entry and row.due and not row.entry.submitted:
                found.setdefault(sheet, []).append(student)
        return found

    def total(self, student: Student) -> float:
        """The weighted mean of the sheets, from 0 to 1."""
        weight = sum(self.weights[sheet] for sheet in self.sheets)
        earned = sum(self.weights[row.sheet] * row.share for row in self.of(student))
        return earned / weight if weight else 0.0


def graded(
    entries: dict[tuple[str, str], Entry], settings: Settings, course: Course
) -> Class:
    """The grades of everybody, from the entries that count (by sheet and id)."""
    handed = {id for _, id in entries}
    known = settings.roster or {id: Student(id) for id in sorted(handed)}
    named = {sheet for sheet, _ in entries} | settings.sheets.keys()
    sheets = tuple(sorted(named, key=lambda name: order(name, settings)))
    strangers = [Student(id) for id in sorted(handed - known.keys())]
    students = sorted(known.values(), key=lambda student: student.order)
    rows: dict[tuple[str, str], Row] = {}
    for student in (*students, *strangers):
        mine = [
            row(student, sheet, entries.get((sheet, student.id)), settings, course)
            for sheet in sheets
        ]
        days = [days_late(found, settings) if found.raw else 0 for found in mine]
        for found, late in zip(mine, lateness.spent(days, settings.rule), strict=True):
            rows[found.sheet, student.id] = found._replace(late=late)
    weights = {sheet: settings.of(sheet).weight for sheet in sheets}
    return Class(sheets, tuple(students), rows, tuple(strangers), weights)


def order(sheet: str, settings: Settings) -> tuple[bool, str, str]:
    """By the due date; sheets without one come last."""
    due = settings.of(sheet).due
    return due is None, lateness.written(due), sheet


def row(
    student: Student,
    sheet: str,
    entry: Entry | None,
    settings: Settings,
    course: Course,
) -> Row:
    """The row of one learner and sheet, before late days are counted."""
    weights, due = settings.of(sheet).exercises, settings.of(sheet).due_for(student.id)
    if entry is None:
        worth = sum(weights.get(e.number, 1.0) * e.points for e in course.of(sheet))
        return Row(student, sheet, None, due, 0.0, round(worth, 2), weights)
    raw = sum(weights.get(a.number, 1.0) * a.points for a in entry.answers)
    worth = sum(weights.get(a.number, 1.0) * a.worth for a in entry.answers)
    return Row(student, sheet, entry, due, round(raw, 2), round(worth, 2), weights)


def days_late(found: Row, settings: Settings) -> int:
    """How late it came; nobody is late of whom no time is known."""
    if found.entry is None or found.due is None or not found.entry.submitted:
        return 0
    submitted = lateness.moment(found.entry.submitted)
    return lateness.days_late(submitted, found.due, settings.rule)


# ---------------------------------------------------------------------------------- CSV
def grades(rows: Iterable[Row]) -> str:
    """The grades as CSV, in nbgrader's columns."""
    return table(
        COLUMNS,
        (
            (
                row.sheet,
                lateness.written(row.due),
                row.entry.submitted if row.entry else "",
                *person(row.student),
                row.raw,
                row.penalty,
                row.score,
                row.worth,
            )
            for row in rows
        ),
    )


def totals(of: Class) -> str:
    """The total of each learner as CSV, in per cent."""
    heads = ("student_id", "last_name", "first_name", "email", "late_days", "percent")
    days = {s: sum(row.late.days for row in of.of(s)) for s in of.students}
    return table(
        heads,
        ((*person(s), days[s], round(100 * of.total(s), 2)) for s in of.students),
    )


def person(student: Student) -> tuple[str, ...]:
    """Who it is, in nbgrader's order."""
    return student.id, student.last_name, student.first_name, student.email


def table(heads: Iterable[str], rows: Iterable[Iterable[str | float]]) -> str:
    """A CSV that a spreadsheet shows and does not calculate."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    for row in rows:
        writer.writerow([cell(value) for value in row])
    return text.getvalue()


def cell(value: str | float) -> str | float:
    """A text that begins like a formula gets a quote in front, as spreadsheets do."""
    if not isinstance(value, str):
        return value
    shown = line(value)
    return f"'{shown}" if shown.startswith(LEADS) else shown
