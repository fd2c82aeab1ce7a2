"""From events to operations: what a process called, and the event that ended it.

A log has two lines for an operation: it was invoked, and later it ended, with `ok`,
`fail` or `info` (nobody knows). The order of the lines is what is known of the real
time, so each event gets a microsecond of its own: that of its time in the log where it
has one, and otherwise the number of its line in milliseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from distlab.check.formats.lines import Source
from distlab.check.formats.reading import Reading
from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.history import History, Operation

ENDS = ("ok", "fail", "info")
KINDS = ("invoke", *ENDS)
BACK_US_MAX = 1_000_000  # by which a clock may go back within a log
NO_TIMES = "No times in this log: its lines are told instead."


class Event(NamedTuple):
    """One line of a log."""

    line: int
    process: str  # "p0": the name of Jepsen's process 0
    kind: str  # "invoke", "ok", "fail", "info"
    f: str
    value: Any  # of an invocation the arguments, of an end what came of them
    time_ns: int | None = None
    error: Any = None


class Keyed(NamedTuple):
    """A value that was told with its key."""

    key: Any
    value: Any


class ByLine(Operation):
    """An operation of a log without times: when it was is where it stands."""

    @staticmethod
    def when(at_us: int | None) -> str:
        """A line in words: `line 12`; `line 12.001` is the second event there."""
        return "no end" if at_us is None else f"line {at_us / 1000:.10g}"

    @property
    def span(self) -> str:
        """From which line to which it took, in words: `lines 12 to 14`."""
        call, end = self.when(self.invoked_us), self.when(self.ended_us)
        if self.ended_us is None:
            return f"{call} to {end}"
        return f"{call.replace('line', 'lines')} to {end.removeprefix('line ')}"

    def __str__(self) -> str:
        args = ", ".join(map(repr, self.args))
        result = "" if self.result is None else f" {self.result!r}"
        told = f"{self.f}({args}) → {self.outcome}{result}"
        return f"{self.process:<5} {self.span:<20}  {told}"


class Clock:
    """Gives each event its microsecond: rising, in the order of the lines."""

    def __init__(self, notes: tuple[str, ...] = ()) -> None:
        self.told = notes
        self.last_us = -1
        self.first: Event | None = None  # if it has a time, so have the others

    @property
    def timed(self) -> bool:
        """Whether the log has times."""
        return self.first is not None and self.first.time_ns is not None

    def at_us(self, event: Event) -> int:
        """When an event happened. Raises `ValueError` where nothing tells."""
        self.first = self.first or event
        if (event.time_ns is not None) != self.timed:
            has, other = ("no", "one") if self.timed else ("a", "none")
            raise ValueError(
                f"it has {has} time, and line {self.first.line} has {other}: give all "
                f"of them one, or none."
            )
        given = event.line * 1000 if event.time_ns is None else event.time_ns // 1000
        if given < self.last_us - BACK_US_MAX:
            raise ValueError(
                f"its time is {(self.last_us - given) / 1e6:g} s before that of the "
                f"line above: if these are two logs, sort their lines by time."
            )
        self.last_us = max(given, self.last_us + 1)
        return self.last_us

    def notes(self) -> tuple[str, ...]:
        """What a reader of times must know."""
        return self.told if self.timed else (NO_TIMES,)


class Pairing:
    """Makes operations of events, one at a time.

    `meant(invocation, end)` tells what the two of them are: f, args, outcome, result.
    Without an end it is given None; it raises `ValueError` with what is wrong.
    """

    def __init__(
        self,
        source: Source,
        meant: Callable[[Event, Event | None], Any],
        clock: Clock | None = None,
    ):
        self.source = source
        self.meant = meant
        self.clock = clock or Clock()
        self.open: dict[str, tuple[Event, int]] = {}
        self.operations: list[Operation] = []

    def add(self, event: Event) -> None:
        """Take the next event. Raises `Misuse` for one that cannot come now."""
        try:
            at_us = self.clock.at_us(event)
        except ValueError as wrong:
            raise self.source.wrong(event.line, str(wrong)) from None
        begun = self.open.pop(event.process, None)
        if event.kind == "invoke":
            if begun:
                raise busy(self.source, event.line, event, begun[0].f, begun[0].line)
            self.open[event.process] = event, at_us
        elif not begun:
            raise self.source.wrong(
                event.line,
                f"{event.process} ends `{event.f}`, which it has not begun: "
                f"give the log from its first line.",
            )
        elif begun[0].f != event.f:
            raise self.source.wrong(
                event.line,
                f"{event.process} ends `{event.f}`, but in line "
                f"{begun[0].line} it began `{begun[0].f}`.",
            )
        elif before(event, begun[0]):
            raise earlier(self.source, event, begun[0])
        else:
            self._end(*begun, event, at_us)

    def reading(
        self,
        format: str,
        apart: Callable[[list[Operation]], list[Operation]] = list,
        others: Mapping[str, int] = {},
    ) -> Reading:
        """What has been read; an operation without an end is *info*.

        `apart` takes the parts of the operations apart, when all of them are known;
        `others` counts the events that were left out.
        """
        for begun, invoked_us in self.open.values():
            self._end(begun, invoked_us, None, None)
        self.open.clear()
        told = ", ".join(
            f"{counted(count, 'event')} of {name}"
            for name, count in sorted(others.items())
        )
        left_out = (f"Left out: {told}; no clients.",) if told else ()
        return Reading(
            History(apart(self.operations)),
            format,
            left_out + self.clock.notes(),
            "ms" if self.clock.timed else "line",
        )

    def _end(
        self, begun: Event, invoked_us: int, end: Event | None, at_us: int | None
    ) -> None:
        try:
            f, args, outcome, result = self.meant(begun, end)
        except ValueError as wrong:
            raise self.source.wrong((end or begun).line, str(wrong)) from None
        made = Operation if self.clock.timed else ByLine
        self.operations.append(
            made(begun.process, f, args, invoked_us, outcome, result, at_us)
        )


def before(event: Event, other: Event) -> bool:
    """Whether both have times, and that of the first one is earlier."""
    if event.time_ns is None or other.time_ns is None:
        return False
    return event.time_ns < other.time_ns


def earlier(source: Source, event: Event, other: Event) -> Misuse:
    """A time before that of what the same process did in an earlier line."""
    does = "calls" if event.kind == "invoke" else "ends"
    did = "called" if other.kind == "invoke" else "ended"
    return source.wrong(
        event.line,
        f"{event.process} {does} `{event.f}` at a time before that of line "
        f"{other.line}, where it {did} `{other.f}`: mend the times, or "
        f"give two processes two names.",
    )


def busy(source: Source, number: int, call: Any, f: str, line: int) -> Misuse:
    """A call of a process whose last one has not ended, to be raised."""
    return source.wrong(
        number,
        f"{call.process} calls `{call.f}` while its `{f}` of line {line} has "
        f"not ended: a process does one thing at a time.",
    )
