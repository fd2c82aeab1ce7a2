"""A course's settings for marks: one file in TOML, read with a sentence for each slip.

roster = "roster.csv"            # beside this file
submitted = "times.csv"          # where nbgrader has left no timestamp.txt
timezone = "Europe/Berlin"       # of the times that name none

[late]
free_days = 3                    # for each learner, in the whole course
penalty_per_day = 0.25           # share of the points earned
grace_minutes = 10

[sheets.01_leaders_and_followers]
due = 2026-11-20T23:59:00
weight = 2                       # in the total; usually 1
exercises = { "1.7" = 0.5 }      # their points count so many times; usually once
extended = { ann = 2026-11-27T23:59:00 }
"""

from __future__ import annotations

import math
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from distlab.errors import Misuse, did_you_mean
from distlab.grade import lateness
from distlab.grade.exercise import Course
from distlab.grade.lateness import Rule
from distlab.grade.roster import Student, roster, times

KEYS = ("roster", "submitted", "timezone", "file_times", "late", "sheets")
OF_A_SHEET = ("due", "weight", "exercises", "extended")


class SheetSettings(NamedTuple):
    """When a sheet is due, and what it counts."""

    due: datetime | None = None
    weight: float = 1.0
    exercises: dict[str, float] = {}
    extended: dict[str, datetime] = {}

    def due_for(self, student: str) -> datetime | None:
        """When this learner has to hand in."""
        return self.extended.get(student, self.due)


class Settings(NamedTuple):
    """All of it; what is not said is as usual."""

    roster: dict[str, Student] = {}
    times: dict[tuple[str, str], str] = {}
    rule: Rule = Rule()
    timezone: str = "UTC"
    file_times: bool = False
    sheets: dict[str, SheetSettings] = {}

    def of(self, sheet: str) -> SheetSettings:
        """The settings of one sheet."""
        return self.sheets.get(sheet, SheetSettings())


def read(path: Path, course: Course) -> Settings:
    """The settings in a file. Raises `Misuse`, with the place, for what is wrong."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as why:
        raise Misuse(f"{path} is not TOML: {why}.") from None
    try:
        check_keys(told, KEYS, "the settings")
        zone = timezone(told.get("timezone", "UTC"))
        sheets = told.get("sheets", {})
        check_keys(sheets, course.sheets, "`sheets`")
        found = {name: sheet(sheets[name], name, zone, course) for name in sheets}
        if found and not any(known.weight for known in found.values()):
            raise Misuse("every sheet has the weight 0: one of them has to count.")
        rule = late(told.get("late", {}))
        tables = [file(told, key, path.parent) for key in ("roster", "submitted")]
        own_times = told.get("file_times", False)
        if not isinstance(own_times, bool):
            raise Misuse(f"`file_times` is {own_times!r}: write true or false.")
    except Misuse as why:
        raise Misuse(f"{path}: {why}") from None
    learners = roster(tables[0]) if tables[0] else {}
    handed = times(tables[1], zone) if tables[1] else {}
    return Settings(learners, handed, rule, zone, own_times, found)


def sheet(told: Any, name: str, zone: str, course: Course) -> SheetSettings:
    """The settings of one sheet."""
    where = f"`sheets.{name}`"
    check_keys(told, OF_A_SHEET, where)
    known = [exercise.number for exercise in course.of(name)]
    weights, later = told.get("exercises", {}), told.get("extended", {})
    check_keys(weights, known, f"{where}, `exercises`")
    check_keys(later, None, f"{where}, `extended`")
    return SheetSettings(
        time(told["due"], f"{where}, `due`", zone) if "due" in told else None,
        amount(told, "weight", where, 1.0),
        {n: amount(weights, n, f"{where}, `exercises`", 1.0) for n in weights},
        {who: time(when, f"{where}, {who!r}", zone) for who, when in later.items()},
    )


def late(told: Any) -> Rule:
    """What lateness costs."""
    check_keys(told, Rule._fields, "`late`")
    days = amount(told, "free_days", "`late`", 0)
    share = amount(told, "penalty_per_day", "`late`", 0.0)
    if days != int(days):
        raise Misuse(f"`late`, `free_days` is {days!r}: give whole days.")
    if share > 1:
        raise Misuse(
            f"`late`, `penalty_per_day` is {share!r}: give a share of the points "
            f"earned, from 0 to 1."
        )
    return Rule(int(days), share, amount(told, "grace_minutes", "`late`", 0.0))


def check_keys(told: Any, known: Any, where: str) -> None:
    """Refuse what is no table, and keys that nobody reads; None: any key."""
    if not isinstance(told, dict):
        raise Misuse(f"{where} is {told!r}: write a table there.")
    for key in told:
        if known is not None and key not in known:
            meant = did_you_mean(key, known) or f" There is {', '.join(known)}."
            raise Misuse(f"{where} has no key {key!r}.{meant}")


def amount(told: dict[str, Any], key: str, where: str, usual: float) -> float:
    """A number that is not below 0."""
    value = told.get(key, usual)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or value < 0:
        raise Misuse(f"{where}, `{key}` is {value!r}: give a number, 0 or more.")
    return float(value)


def file(told: dict[str, Any], key: str, beside: Path) -> Path | None:
    """A file that is named here, seen from the folder of the settings."""
    name = told.get(key)
    if name is not None and not (isinstance(name, str) and name):
        raise Misuse(f"`{key}` is {name!r}: give the name of a file.")
    return None if name is None else beside / name


def timezone(told: Any) -> str:
    """The name of a time zone that this machine knows."""
    try:
        return ZoneInfo(told).key
    except (ValueError, KeyError, OSError, TypeError, AttributeError):
        raise Misuse(
            f"`timezone` is {told!r}: give one by its name, such as `Europe/Berlin`."
        ) from None


def time(told: Any, where: str, zone: str) -> datetime:
    """A date and time; on a date alone, a sheet is due at its end."""
    if isinstance(told, (str, datetime)):
        try:
            return lateness.moment(str(told), zone)
        except Misuse as why:
            raise Misuse(f"{where}: {why}") from None
    if isinstance(told, date):
        return lateness.moment(f"{told} 23:59:59", zone)
    raise Misuse(f"{where} is {told!r}: write a time, `2026-11-20T23:59:00`.")
