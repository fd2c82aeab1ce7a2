"""The events of a system of your own, as JSON: an object a line, as Jepsen has maps.

    {"process": "alice", "type": "invoke", "f": "write", "key": "x", "value": 3}
    {"process": "alice", "type": "ok", "f": "write", "key": "x", "value": 3}

`process` is a number or a name; who does one thing at a time is one process. `type` is
`invoke`, and later `ok` (it happened), `fail` (it did not) or `info` (nobody knows).
`key` and `time`, in nanoseconds, may be left out. A cas has two values, `[1, 2]`, and a
transaction, of which `f` is `txn`, has `[["append", "x", 1], ["r", "y", null]]`.
"""

from __future__ import annotations

from typing import Any

from distlab.check.formats import jepsen
from distlab.check.formats.events import KINDS, Event, Keyed, Pairing
from distlab.check.formats.json_lines import values
from distlab.check.formats.lines import Source
from distlab.check.formats.reading import Reading


def read(source: Source, progress: bool = False) -> Reading:
    """The history of a log. Raises `Misuse` with the line of what is wrong."""
    pairing = Pairing(source, meant)
    for number, line in source.lines(progress):
        if line.strip():
            pairing.add(event(values(line, source, number), source, number))
    return pairing.reading("json", jepsen.keyed)


def event(told: Any, source: Source, number: int) -> Event:
    """The event of an object."""
    if wrong := problem(told):
        raise source.wrong(number, wrong)
    process, value = told["process"], frozen(told.get("value"))
    return Event(
        number,
        process if isinstance(process, str) else f"p{process}",
        told["type"],
        told["f"],
        Keyed(frozen(told["key"]), value) if "key" in told else value,
        jepsen.time_ns(told.get("time")),
        frozen(told.get("error")),
    )


def meant(begun: Event, end: Event | None) -> tuple[str, tuple, str, Any]:
    """What an invocation and its end are; the key need not be told again."""
    if isinstance(begun.value, Keyed) and end and not isinstance(end.value, Keyed):
        end = end._replace(value=Keyed(begun.value.key, end.value))
    return jepsen.meant(begun, end)


def problem(told: Any) -> str | None:
    """Why an object is no event."""
    if not isinstance(told, dict) or not {"process", "type", "f"} <= told.keys():
        return 'an event is {"process": 0, "type": "invoke", "f": "read", …}.'
    if told["type"] not in KINDS:
        return f"`type` is {told['type']!r}, and must be {', '.join(KINDS)}."
    if not isinstance(told["process"], (int, str)) or not isinstance(told["f"], str):
        return "`process` is a number or a name, and `f` a name."
    return None


def frozen(value: Any) -> Any:
    """A value of JSON as one that never changes."""
    if isinstance(value, dict):
        return tuple((key, frozen(item)) for key, item in sorted(value.items()))
    return tuple(map(frozen, value)) if isinstance(value, tuple) else value
