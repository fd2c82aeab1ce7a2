"""Late days: when a sheet was due, when it came, and what the difference costs.

Each learner has so many late days for the whole course. They are spent on the sheets in
the order in which these were due; each further day costs a share of what was earned.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from distlab.errors import Misuse

DAY = timedelta(days=1)


class Rule(NamedTuple):
    """What lateness costs."""

    free_days: int = 0  # of each learner, for the whole course
    penalty_per_day: float = 0.0  # share of the points earned, for each day beyond
    grace_minutes: float = 0.0  # so late is not late


class Late(NamedTuple):
    """How late one sheet came, and what that costs."""

    days: int = 0
    free: int = 0  # of them, taken from the learner's own
    share: float = 0.0  # of the points, taken away


def days_late(submitted: datetime, due: datetime, rule: Rule) -> int:
    """Begun days of 24 hours behind the due date; none within the grace."""
    if submitted <= due + timedelta(minutes=rule.grace_minutes):
        return 0
    return -((due - submitted) // DAY)


def spent(days: Iterable[int], rule: Rule) -> list[Late]:
    """What each of these costs, in the order in which the sheets were due."""
    left, told = rule.free_days, []
    for late in days:
        free = min(late, left)
        left -= free
        share = min(1.0, (late - free) * rule.penalty_per_day)
        told.append(Late(late, free, share))
    return told


def moment(text: str, zone: str = "UTC") -> datetime:
    """A time as people and nbgrader write it; one without a zone is read in `zone`.

    >>> str(moment("2026-11-21 10:00:00 Europe/Berlin"))
    '2026-11-21 09:00:00+00:00'

    Raises `Misuse` for what is no time.
    """
    date, rest = text.strip()[:10], text.strip()[11:]
    clock, _, named = rest.partition(" ")
    try:
        when = datetime.fromisoformat(f"{date} {clock or '00:00'}{offset(named)}")
        if when.tzinfo is None:
            when = when.replace(tzinfo=ZoneInfo(place(named) or zone))
        return when.astimezone(UTC)
    except (ValueError, OverflowError, KeyError, OSError):  # no such time, no such zone
        raise Misuse(
            f"{text[:60]!r} is no time: write `2026-11-21 10:00:00 UTC`, or another "
            f"zone by its name or offset."
        ) from None


def offset(named: str) -> str:
    """`+0100` at the end of a time; nothing where a zone is given by its name."""
    return named if named[:1] in ("+", "-") else ""


def place(named: str) -> str:
    """`Europe/Berlin` at the end of a time; nothing where there is an offset."""
    return "" if offset(named) else named


def written(when: datetime | None) -> str:
    """As nbgrader writes times: in UTC, without saying so."""
    return "" if when is None else str(when.astimezone(UTC).replace(tzinfo=None))
