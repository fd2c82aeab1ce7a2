"""Times as your own system writes them, and events in the order of their times.

A whole number is nanoseconds, a number with a point seconds, and a text a date and time
as in ISO 8601, with its offset: whoever wrote it in another place meant another moment.
Within one log they are of one kind, and every line has one, or none has.

Lines in the order of their times are left in it, also those of one time. Others, of two
logs that were put one after the other, are sorted; then the order of two lines with one
time tells nothing, and their events are at the same moment.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isfinite
from typing import Any

from distlab.check.formats.events import Clock, Event, before, earlier
from distlab.check.formats.lines import Source

KINDS = {
    type(None): "missing",
    int: "a whole number (nanoseconds)",
    float: "a number with a point (seconds)",
    str: "a text (a date and time)",
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FROM_FIRST_NS = 10**12  # 1,000 s: of later times reasons, with six digits, tell no ms


def nanoseconds(told: Any) -> int | None:
    """A time of the log, if it has one. Raises `ValueError` for what is no time."""
    if told is None or type(told) is int:
        return told
    if isinstance(told, float) and isfinite(told):
        return round(told * 1e9)
    try:
        moment = datetime.fromisoformat(told)
        if moment.tzinfo:
            return (moment - EPOCH) // timedelta(microseconds=1) * 1000
    except (TypeError, ValueError, OverflowError):
        raise ValueError(
            f"`time` is {told!r}, and must be nanoseconds (12000000), seconds (0.012), "
            f"or as in ISO 8601 (2026-01-31T12:00:00.012Z)."
        ) from None
    raise ValueError(f"`time` is {told!r}, without an offset: is it `{told}Z`?")


def one_kind(kinds: dict[str, int], source: Source) -> None:
    """Refuse times of several kinds, each of which comes with its first line."""
    if len(kinds) > 1:
        (other, first), (kind, number), *_ = kinds.items()
        raise source.wrong(
            number,
            f"its `time` is {kind}, and that of line {first} is {other}: write all of "
            f"them alike.",
        )


class SortedClock(Clock):
    """Of lines that were sorted: what has one time is at the same moment."""

    last_ns: int | None = None
    calls: dict[str, int]  # at that time, with their lines

    def at_us(self, event: Event) -> int:
        """When an event happened. Raises `ValueError` for two calls in no time."""
        if event.time_ns != self.last_ns:
            super().at_us(event)
            self.last_ns, self.calls = event.time_ns, {}
        if event.kind == "invoke":
            before = self.calls.setdefault(event.process, event.line)
            if before != event.line:
                raise ValueError(
                    f"{event.process} calls `{event.f}` at the time of its call in "
                    f"line {before}: give finer times, or one log in their order."
                )
        return self.last_us


def in_order(events: list[Event], source: Source) -> tuple[list[Event], Clock]:
    """The events in the order of their times, and the clock for them.

    Raises `Misuse` with the lines of a process whose times go back.
    """
    if not events or events[0].time_ns is None:
        return events, Clock()
    last: dict[str, Event] = {}
    for event in events:
        if before(event, last.get(event.process, event)):
            raise earlier(source, event, last[event.process])
        last[event.process] = event
    notes = []
    back = next((b.line for a, b in pairwise(events) if before(b, a)), None)
    if back:
        events = sorted(events, key=at_ns)
        notes.append(f"Sorted by time: line {back} is earlier than the one before.")
    elif tie := next((b.line for a, b in pairwise(events) if at_once(a, b)), None):
        notes.append(f"Lines of one time, as line {tie}, count in their order.")
    first_ns, span_ns = at_ns(events[0]), at_ns(events[-1]) - at_ns(events[0])
    if not 0 <= first_ns < FROM_FIRST_NS:
        notes.append(f"Times are counted from the first, of line {events[0].line}.")
        events = [event._replace(time_ns=at_ns(event) - first_ns) for event in events]
    if 0 < span_ns < 1000 * len(events):
        told = f"Within {span_ns:,} ns there are {len(events):,} events"
        notes.append(f"{told}: are these times in nanoseconds?")
    return events, (SortedClock if back else Clock)(tuple(notes))


def at_once(one: Event, other: Event) -> bool:
    """Whether events of two processes have the same time."""
    return one.time_ns == other.time_ns and one.process != other.process


def at_ns(event: Event) -> int:
    """The time of an event, in a log where all of them have one."""
    assert event.time_ns is not None
    return event.time_ns
