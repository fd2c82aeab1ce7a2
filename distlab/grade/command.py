"""`distlab grade`: mark a notebook or a folder of them.

In a folder each notebook is a submission: `ann.ipynb`, `ann_<sheet>.ipynb`,
`ann/<sheet>.ipynb`, or nbgrader's `ann/<assignment>/<notebook>`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path

from distlab.errors import Misuse
from distlab.grade import fence
from distlab.grade.checks import course
from distlab.grade.exercise import Course
from distlab.grade.marks import Marker, Marks
from distlab.grade.page import harmless
from distlab.grade.report import Row, grades, markdown, web_page, write_whole


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `distlab grade` can be told."""
    parser.add_argument("place", type=Path, help="a notebook, or a folder of notebooks")
    parser.add_argument(
        "--out", type=Path, default=Path("grades.csv"), help="default: %(default)s"
    )
    parser.add_argument(
        "--report", type=Path, help="a folder for a report per learner (HTML, Markdown)"
    )
    parser.add_argument(
        "--key",
        help="the instructor's secret, from which the hidden cases are made (default: "
        "the variable DISTLAB_KEY; without one, hidden cases are not run)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Mark everything, write the grades, and say in a line for each what came of it."""
    key = arguments.key or os.environ.get("DISTLAB_KEY")
    fence.hide()
    with Marker(course(), key.encode() if key else None) as marker:
        unread = mark_all(marker, arguments.place, arguments.out, arguments.report)
    return 1 if unread else 0


def mark_all(marker: Marker, place: Path, out: Path, report: Path | None) -> int:
    """Mark what is at `place`; how many files could not be read."""
    rows: dict[tuple[str, str], Row] = {}
    unread = 0
    for path, student in submissions(place, marker.course):
        marks = marker.mark(path, student)
        unread += bool(marks.unread)
        if (marks.sheet, student) in rows:
            print(f"{student} has two files for {marks.sheet}: the last one counts")
        rows[marks.sheet, student] = row_of(marks, path)
        if report:
            write_whole(report / student / f"{marks.sheet}.md", markdown(marks))
            write_whole(report / student / f"{marks.sheet}.html", web_page(marks))
        print(harmless(marks.summary()))
    write_whole(out, grades(rows.values()))
    print(f"{len(rows)} marked, {unread} of them could not be read: {out}")
    return unread


def row_of(marks: Marks, path: Path) -> Row:
    """The line of the grades; nbgrader keeps the time of submission beside the file."""
    time = path.with_name("timestamp.txt")
    stamp = time.read_text(encoding="utf-8").strip()[:40] if time.is_file() else ""
    return Row(marks.sheet, marks.student, marks.score, marks.max_score, stamp)


def submissions(place: Path, course: Course) -> Iterator[tuple[Path, str]]:
    """Every notebook, in the order of its path, and whose it is."""
    if place.is_file():
        yield place, student_of((place.stem,), course)
        return
    if not place.is_dir():
        raise Misuse(
            f"there is no {str(place)!r}: give a notebook or a folder of them."
        )
    found = False
    for path in sorted(place.rglob("*.ipynb")):
        parts = path.relative_to(place).with_suffix("").parts
        hidden = any(part.startswith(".") for part in parts)
        if not hidden and not path.is_symlink() and "saved" not in parts:
            found = True
            yield path, student_of(parts, course)
    if not found:
        raise Misuse(f"there are no notebooks in {str(place)!r} that could be marked.")


def student_of(parts: tuple[str, ...], course: Course) -> str:
    """Whose a file is: its first folder, or its name without the sheet's."""
    if len(parts) > 1:
        return parts[0]
    name = parts[0]
    for sheet in course.sheets:
        name = name.replace(sheet, "")
    return name.strip("_- ") or "you"
