"""The reports of marks, as a learner gets them."""

from exercises_for_toys import COURSE

from distlab.grade import document, report
from distlab.grade.gradebook import Entry, entry
from distlab.grade.grades import Row
from distlab.grade.marks import Marks
from distlab.grade.roster import Student
from distlab.grade.versions import versions

WHERE = {"file": "ann.ipynb", "digest": "d", "handed": 1}


def line_of(marks: Marks, **where) -> Entry:
    """The line of the gradebook for these marks."""
    key = "k" if marks.hidden else ""
    return entry(marks, versions(COURSE), **{**WHERE, "key": key, **where})


def row_of(found: Entry) -> Row:
    """The row of the grades, where nothing counts but points."""
    who = Student(found.student)
    return Row(who, found.sheet, found, None, found.score, found.worth, {})


def blocks(marks: Marks) -> list[document.Block]:
    found = line_of(marks)
    return list(report.of_sheet(row_of(found), found))


def markdown(marks: Marks) -> str:
    return document.markdown(blocks(marks))


def web_page(marks: Marks) -> str:
    return document.web_page(marks.student, blocks(marks))
