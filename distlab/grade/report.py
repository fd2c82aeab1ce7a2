"""What a marking leaves behind: grades as CSV, and a report for each learner.

Files are written beside their place and moved there when they are whole.
"""

from __future__ import annotations

import csv
import html
import io
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from distlab.grade import page
from distlab.grade.marks import Marked, Marks

# As nbgrader exports them.
COLUMNS = (
    "assignment duedate timestamp student_id last_name first_name email raw_score "
    "late_submission_penalty score max_score"
).split()


class Row(NamedTuple):
    """One line of the grades: a learner and a sheet."""

    sheet: str
    student: str
    score: float
    max_score: float
    timestamp: str = ""


def grades(rows: Iterable[Row]) -> str:
    """The grades as CSV, in nbgrader's columns."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
    table.writeheader()
    for row in sorted(rows):
        table.writerow(
            {
                "assignment": row.sheet,
                "timestamp": row.timestamp,
                "student_id": row.student,
                "raw_score": float(row.score),
                "late_submission_penalty": 0.0,
                "score": float(row.score),
                "max_score": float(row.max_score),
            }
        )
    return text.getvalue()


def markdown(marks: Marks) -> str:
    """The report of one sheet as Markdown."""
    lines = [
        f"# {plain(marks.sheet)}: {plain(marks.student)}\n",
        f"{plain(marks.summary())}.\n",
    ]
    for marked in marks.exercises:
        lines.append(f"## {title(marked)}\n")
        lines += [page.as_markdown(finding, points=True) for finding in marked.findings]
        lines += [f"- {plain(remark)}" for remark in marked.remarks]
        lines.append("")
    lines += [f"- {plain(remark)}" for remark in marks.remarks]
    return "\n".join(lines).rstrip() + "\n"


def plain(text: str) -> str:
    """Text of somebody else, made harmless in Markdown."""
    return html.escape(text.replace("\n", " "), quote=False).replace("[", "&#91;")


def web_page(marks: Marks) -> str:
    """The report of one sheet as a page that needs nothing from outside."""
    body = [f"<h1>{html.escape(f'{marks.sheet}: {marks.student}')}</h1>"]
    body.append(f"<p>{html.escape(marks.summary())}.</p>")
    for marked in marks.exercises:
        body.append(f"<h2>{html.escape(title(marked))}</h2>")
        body += [page.as_html(finding, points=True) for finding in marked.findings]
        body += [f"<p>{html.escape(remark)}</p>" for remark in marked.remarks]
    body += [f"<p>{html.escape(remark)}</p>" for remark in marks.remarks]
    return PAGE.format(title=html.escape(marks.student), body="\n".join(body))


def title(marked: Marked) -> str:
    """The exercise and what it earned."""
    exercise = marked.exercise
    earned = f"{marked.points:g} of {exercise.points:g} points"
    return f"{exercise.number} {exercise.title}: {earned}"


PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; }}
th {{ padding-right: 1em; font-weight: normal; opacity: .7; }}
pre {{ overflow-x: auto; }}
img {{ max-width: 100%; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


VISIBLE = "backslashreplace"  # what Unicode has no character for


def write_whole(path: Path, text: str) -> None:
    """Write a file at once: whoever looks sees the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "w", encoding="utf-8", newline="\n", errors=VISIBLE) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
