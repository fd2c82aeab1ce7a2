"""What was handed in: which files of a folder are answers, whose, and since when.

In a folder each notebook is a submission: `ann.ipynb`, `ann_<sheet>.ipynb`,
`ann/<sheet>.ipynb`, or nbgrader's `ann/<assignment>/<notebook>`. Links, pipes and
folders that are called like notebooks are not opened, and that is said.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from distlab.errors import Misuse
from distlab.grade import lateness
from distlab.grade.cells import FILE_BYTES_MAX
from distlab.grade.exercise import Course

STAMP = "timestamp.txt"  # where nbgrader keeps the time of a submission
STAMP_BYTES_MAX = 200
KINDS = {
    stat.S_IFLNK: "is a link: hand in the notebook itself",
    stat.S_IFDIR: "is a folder: hand in the notebook itself",
    stat.S_IFIFO: "is a pipe, and no file",
    stat.S_IFSOCK: "is a socket, and no file",
}


class Submission(NamedTuple):
    """A notebook, and whose it is."""

    path: Path
    file: str  # where it lies in the folder that is marked
    student: str


def found(place: Path, course: Course) -> tuple[list[Submission], list[str]]:
    """Every submission in the order of its path, and a sentence for each other thing.

    Raises `Misuse` where there is nothing to mark.
    """
    if place.is_file():
        return [
            Submission(place.resolve(), place.name, student_of((place.stem,), course))
        ], []
    if not place.is_dir():
        raise Misuse(
            f"there is no {str(place)!r}: give a notebook or a folder of them."
        )
    handed: list[Submission] = []
    left_out: list[str] = []
    for path in notebooks(place, left_out):
        inside = path.relative_to(place)
        if why := unfit(path):
            left_out.append(f"{inside.as_posix()} {why}")
        else:
            student = student_of(inside.with_suffix("").parts, course)
            handed.append(Submission(path, inside.as_posix(), student))
    if not handed:
        told = "".join(f" {why}." for why in left_out[:3])
        raise Misuse(
            f"there are no notebooks in {str(place)!r} that could be marked.{told}"
        )
    return handed, left_out


def notebooks(place: Path, left_out: list[str]) -> Iterator[Path]:
    """What is called like a notebook, in the order of its path; links are not followed.

    Leaves out what editors hide, and what `distlab reset` has kept.
    """

    def shut(why: OSError) -> None:
        left_out.append(f"{why.filename} cannot be looked into: {why.strerror}")

    paths = []
    for folder, inner, files in os.walk(place, onerror=shut):
        inner[:] = [n for n in inner if not n.startswith(".") and n != "saved"]
        paths += [Path(folder, n) for n in (*inner, *files) if n.endswith(".ipynb")]
    yield from sorted(path for path in paths if not path.name.startswith("."))


def unfit(path: Path) -> str | None:
    """Why this is not opened, or None."""
    kind = stat.S_IFMT(path.lstat().st_mode)
    return None if kind == stat.S_IFREG else KINDS.get(kind, "is no file")


def student_of(parts: tuple[str, ...], course: Course) -> str:
    """Whose a file is: its first folder, or its name without the sheet's."""
    if len(parts) > 1:
        return parts[0]
    name = parts[0]
    for sheet in course.sheets:
        name = name.replace(sheet, "")
    return name.strip("_- ") or "you"


def content(path: Path) -> bytes:
    """The bytes of a file, as far as anybody reads them; a link is not followed."""
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(f"{path.name} has become something else than a file.")
        return file.read(FILE_BYTES_MAX + 1)


def digest(submission: Submission) -> str:
    """A name for what the file holds; empty where it cannot be read."""
    try:
        return hashlib.sha256(content(submission.path)).hexdigest()[:32]
    except OSError:
        return ""


def stamped(submission: Submission, zone: str) -> str:
    """When nbgrader says that this was handed in; empty where it does not.

    Raises `Misuse` for a stamp that is no time.
    """
    stamp = submission.path.with_name(STAMP)
    if not stamp.is_file() or stamp.is_symlink():
        return ""
    if stamp.stat().st_size > STAMP_BYTES_MAX:
        raise Misuse(f"{STAMP} beside {submission.file} is too long for a time.")
    try:
        text = stamp.read_text(encoding="utf-8")
        return lateness.written(lateness.moment(text, zone))
    except UnicodeDecodeError:
        raise Misuse(f"{STAMP} beside {submission.file} is no text.") from None
    except Misuse as why:
        raise Misuse(f"{STAMP} beside {submission.file}: {why}") from None


def file_time(submission: Submission) -> str:
    """When the file was last written to, which copying it may have changed."""
    when = datetime.fromtimestamp(int(submission.path.stat().st_mtime), UTC)
    return lateness.written(when)
