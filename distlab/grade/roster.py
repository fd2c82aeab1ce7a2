"""Who is in the class, and when each sheet was handed in: two tables, read with care.

A roster is a CSV with nbgrader's columns: `id`, and where wanted `last_name`,
`first_name` and `email`; a table of times has `id`, `sheet` and `submitted`. Other
columns are left alone, for the tables that schools export have many.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from distlab.errors import Misuse, did_you_mean
from distlab.grade import lateness

FILE_BYTES_MAX = 10_000_000


class Student(NamedTuple):
    """A learner as the school knows them."""

    id: str
    last_name: str = ""
    first_name: str = ""
    email: str = ""

    @property
    def order(self) -> tuple[str, ...]:
        """By name, as lists of a class are."""
        return (self.last_name.casefold(), self.first_name.casefold(), self.id)

    @property
    def name(self) -> str:
        """First and last name, or the id where neither is known."""
        return f"{self.first_name} {self.last_name}".strip() or self.id


def roster(path: Path) -> dict[str, Student]:
    """The class by id. Raises `Misuse` where the table cannot be meant."""
    found: dict[str, Student] = {}
    lines: dict[str, int] = {}
    for number, row in table(path, ("id",)):
        id = row["id"]
        if id in found:
            raise Misuse(
                f"{path}, line {number}: the id {id!r} is that of line {lines[id]} "
                f"already: every learner needs an id of their own."
            )
        found[id] = Student(*(row.get(name, "") for name in Student._fields))
        lines[id] = number
    if not found:
        raise Misuse(f"{path} has no learners: give each a line below the heads.")
    return found


def times(path: Path, zone: str) -> dict[tuple[str, str], str]:
    """When each learner (by id) handed in each sheet. Raises `Misuse`."""
    found: dict[tuple[str, str], str] = {}
    for number, row in table(path, ("id", "sheet", "submitted")):
        try:
            when = lateness.moment(row["submitted"], zone)
        except Misuse as why:
            raise Misuse(f"{path}, line {number}: {why}") from None
        found[row["id"], row["sheet"]] = lateness.written(when)
    return found


def table(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a CSV that say something, each with its number."""
    text = content(path)
    first = text.partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator)
    heads = [head.strip().lower() for head in rows.fieldnames or ()]
    rows.fieldnames = heads
    for name in needed:
        if name not in heads:
            raise Misuse(
                f"{path} has no column `{name}`: its first line is "
                f"{first.strip()[:80]!r}.{did_you_mean(name, heads)}"
            )
    try:
        for row in rows:
            told = {k: v.strip() for k, v in row.items() if k and isinstance(v, str)}
            if not any(told.values()):
                continue
            if empty := [name for name in needed if not told.get(name)]:
                raise Misuse(f"{path}, line {rows.line_num}: `{empty[0]}` is empty.")
            yield rows.line_num, told
    except csv.Error as why:
        raise Misuse(f"{path}, line {rows.line_num}: {why}.") from None


def content(path: Path) -> str:
    """The text of a table, as spreadsheets write it. Raises `Misuse`."""
    if not path.is_file():
        raise Misuse(f"there is no table {str(path)!r}: give a CSV file.")
    if path.stat().st_size > FILE_BYTES_MAX:
        raise Misuse(f"{path} is too large for a class: is it the right file?")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Misuse(f"{path} is not UTF-8: save it as `CSV UTF-8`.") from None
