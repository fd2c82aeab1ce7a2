"""Jepsen's log lines, as its etcd test printed them and Porcupine's tests read them.

    INFO  jepsen.util - 0  :invoke  :write  3
    INFO  jepsen.util - 0  :info    :write  :timed-out

Fields are separated by tabs or spaces; what stands before the process may be left out,
as in Jepsen's `history.txt`. What other loggers say is left out. An operation that
timed out is open for ever, and a read that did so fails. A cas that failed, names its
values and gives no reason was answered: the register did not hold the first of them.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from distlab.check.formats import edn, jepsen
from distlab.check.formats.events import Event, Pairing
from distlab.check.formats.lines import Source
from distlab.check.formats.reading import Reading

LINE = re.compile(
    r"(?:.*\bjepsen\.util(?:\s+-|:)\s+)?(?:(\d+)|:(\w+))"
    r"\s+:(invoke|ok|fail|info)\s+:(\S+)\s*(.*)"
)
EVENT = re.compile(r"\bjepsen\.util\b|\s:(?:invoke|ok|fail|info)\s")  # or nearly
OTHERS = re.compile(r".*\b(?:TRACE|DEBUG|INFO|WARN|ERROR)\b(?!.*\bjepsen\.util\b)")


def read(source: Source, progress: bool = False) -> Reading:
    """The history of a log. Raises `Misuse` with the line of what is wrong."""
    pairing = Pairing(source, meant)
    others: Counter[str] = Counter()
    elsewhere = False  # the last line was of another logger: its text may go on
    for number, line in source.lines(progress):
        found = LINE.fullmatch(line.strip())
        other = not found and bool(OTHERS.match(line))
        elsewhere = other or (elsewhere and not found and not EVENT.search(line))
        if found and found[1]:
            pairing.add(event(found, source, number))
        elif found:
            others[found[2]] += 1
        elif elsewhere:
            others["other loggers"] += other
        elif line.strip():
            raise source.wrong(
                number,
                "this is no line of Jepsen's log: `INFO  jepsen.util - 0  :invoke  "
                ":read  nil`.",
            )
    return pairing.reading("etcd", jepsen.keyed, others)


def event(found: re.Match[str], source: Source, number: int) -> Event:
    """The event of a line."""
    process, _, kind, f, told = found.groups()
    value, error = edn.first(told or "nil", source, number)
    return Event(number, f"p{process}", kind, f, value, error=error or None)


def meant(begun: Event, end: Event | None) -> tuple[str, tuple, str, Any]:
    """What an invocation and its end are: f, args, outcome, result."""
    if (
        begun.f == "cas"
        and end is not None
        and (end.kind, end.value, end.error) == ("fail", begun.value, None)
    ):
        return "cas", (begun.value,), "ok", False
    return jepsen.meant(begun, end)
