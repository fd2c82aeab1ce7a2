"""The gradebook: a line of JSON for each mark that was ever given.

A mark is added the moment it is known, and is on the disk before the next begins. A
line is never changed: a sheet that is handed in again, or marked again by corrected
checks, gets another line. Of the lines of a learner and a sheet the last counts.

At the end of a run the lines are put in order, so that the same marks are the same
bytes, whoever was marked first. Until then another kind of line says that a run has
begun: if it is killed, the next one goes on under the same number.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.grade.files import write_whole
from distlab.grade.marks import Marked, Marks
from distlab.grade.page import Told, told
from distlab.grade.versions import Version


class Answered(NamedTuple):
    """One exercise of a sheet, as it was marked."""

    number: str
    title: str
    claims: tuple[Told, ...]
    remarks: tuple[str, ...]
    version: Version

    @property
    def points(self) -> float:
        """What was earned, to the hundredth of a point."""
        return round(sum(claim.points for claim in self.claims), 2)

    @property
    def worth(self) -> float:
        """What could be earned."""
        return sum(claim.worth for claim in self.claims)


class Entry(NamedTuple):
    """One sheet of one learner, as it was marked: a line of the gradebook."""

    sheet: str
    student: str
    handed: int  # the run that first saw this file: a later one counts
    file: str
    digest: str
    submitted: str  # in UTC; empty: nobody knows
    key: str  # which key gave the hidden cases; empty: they were not run
    unread: str  # why the file could not be read
    summary: str
    remarks: tuple[str, ...]
    answers: tuple[Answered, ...]

    @property
    def score(self) -> float:
        """What was earned."""
        return round(sum(answer.points for answer in self.answers), 2)

    @property
    def worth(self) -> float:
        """What could be earned."""
        return sum(answer.worth for answer in self.answers)

    @property
    def place(self) -> tuple[str, str, bool, int, str]:
        """Where this line stands in the book; what was marked again comes behind.

        A file that can be read counts more than one that cannot, whenever that came.
        """
        return self.sheet, self.student, not self.unread, self.handed, self.file


def answered(marked: Marked, version: Version) -> Answered:
    """What is kept of a marked exercise."""
    exercise, findings, remarks = marked
    claims = tuple(map(told, findings))
    return Answered(exercise.number, exercise.title, claims, remarks, version)


def entry(marks: Marks, versions: dict[str, Version], **where: Any) -> Entry:
    """The line for these marks."""
    return Entry(
        sheet=marks.sheet,
        student=marks.student,
        unread=marks.unread,
        summary=marks.summary(),
        submitted="",
        remarks=marks.remarks,
        answers=tuple(
            answered(m, versions[m.exercise.number]) for m in marks.exercises
        ),
        **where,
    )


# ---------------------------------------------------------------------------- as a line
def line(found: Entry) -> str:
    """An entry as a line of JSON."""
    return json.dumps(by_name(found), sort_keys=True, separators=(",", ":")) + "\n"


def by_name(value: Any) -> Any:
    """Tuples with names as objects, all others as lists."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: by_name(inner) for name, inner in value._asdict().items()}
    if isinstance(value, tuple):
        return [by_name(inner) for inner in value]
    return value


def read_line(text: str) -> Entry:
    """The entry that a line holds. Raises `ValueError` where it holds none."""
    try:
        fields = json.loads(text)
        answers = tuple(map(read_answer, fields.pop("answers")))
        remarks = tuple(fields.pop("remarks"))
        return Entry(answers=answers, remarks=remarks, **fields)
    except (TypeError, KeyError, AttributeError) as why:
        raise ValueError(str(why)) from None


def read_answer(fields: dict[str, Any]) -> Answered:
    """One exercise of a line."""
    claims = tuple(
        Told(**{**claim, "facts": tuple((a, b) for a, b in claim["facts"])})
        for claim in fields.pop("claims")
    )
    remarks, version = tuple(fields.pop("remarks")), Version(**fields.pop("version"))
    return Answered(claims=claims, remarks=remarks, version=version, **fields)


# ----------------------------------------------------------------------------- the book
class Gradebook:
    """All entries of a file that this process alone may add to."""

    def __init__(self, path: Path, entries: Iterable[Entry], file: Any, begun: int):
        self.path, self.entries, self._file = path, list(entries), file
        self.begun = begun  # the number of a run that has not ended; 0: there is none

    def begin(self) -> None:
        """Note that a run is going on, until the book is put in order."""
        if not self.begun:
            begun = self.run_number()
            self._write(json.dumps({"begun": begun}) + "\n")
            self.begun = begun

    def add(self, found: Entry) -> None:
        """Write a line, and return when it is on the disk."""
        self._write(line(found))
        self.entries.append(found)

    def _write(self, text: str) -> None:
        before = self._file.seek(0, os.SEEK_END)
        try:
            self._file.write(text.encode())
            os.fsync(self._file.fileno())
        except OSError as why:
            self._file.truncate(before)  # no half line stays behind
            raise OSError(
                f"{self.path} cannot grow ({why.strerror or why}): make room and say "
                f"the same again. What was marked before is kept."
            ) from None

    def put_in_order(self) -> None:
        """Write the whole book anew, sorted; equal places stay in the order of time."""
        self.entries.sort(key=lambda found: found.place)
        write_whole(self.path, "".join(map(line, self.entries)))
        self.begun = 0

    def run_number(self) -> int:
        """What `handed` says of a file that nobody has seen before."""
        last = max((found.handed for found in self.entries), default=0)
        return self.begun or last + 1

    def histories(self) -> dict[tuple[str, str], list[Entry]]:
        """All entries of each sheet and learner; the last of them counts."""
        found: dict[tuple[str, str], list[Entry]] = {}
        for entry in sorted(self.entries, key=lambda entry: entry.place):
            found.setdefault((entry.sheet, entry.student), []).append(entry)
        return found

    def counting(self) -> dict[tuple[str, str], Entry]:
        """The entry that counts, for each sheet and learner."""
        return {whose: entries[-1] for whose, entries in self.histories().items()}

    def marked(self) -> dict[tuple[str, str, str], Entry]:
        """The last entry of each file, by learner, file and what the file holds."""
        last: dict[tuple[str, str, str], Entry] = {}
        for entry in sorted(self.entries, key=lambda entry: entry.place):
            last[entry.sheet, entry.student, entry.file] = entry
        return {(e.student, e.file, e.digest): e for e in last.values()}


@contextmanager
def opened(path: Path) -> Iterator[Gradebook]:
    """The gradebook at this place, made where there is none.

    Raises `Misuse` if the file is something else, or another run is adding to it.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        raise Misuse(
            "marks need Linux or macOS: use the Windows Subsystem for Linux."
        ) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Misuse(
                f"another run is adding to {path}: wait for its end."
            ) from None
        file.seek(0)
        content = file.read()
        whole = content[: content.rfind(b"\n") + 1]  # a cut-off line was not told yet
        entries = list(read_lines(path, whole))
        begun = max(map(int, BEGUN.findall(whole)), default=0)
        file.truncate(len(whole))
        yield Gradebook(path, entries, file, begun)


BEGUN = re.compile(rb'^\{"begun": (\d+)\}$', re.MULTILINE)


def read_lines(path: Path, content: bytes) -> Iterator[Entry]:
    """The entries. Raises `Misuse` at what is none: it would be lost otherwise."""
    for number, text in enumerate(content.splitlines(), 1):
        if BEGUN.match(text):
            continue
        try:
            yield read_line(text.decode())
        except ValueError:
            raise Misuse(
                f"{path}, line {number} is no mark: give another file, or take the "
                f"line out by hand."
            ) from None
