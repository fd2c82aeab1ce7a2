"""The events of a system of your own, as JSON: an object a line, as Jepsen has maps.

    {"process": "alice", "type": "invoke", "f": "write", "key": "x", "value": 3}
    {"process": "alice", "type": "ok", "f": "write", "key": "x", "value": 3}

`process` is a number or a name; who does one thing at a time is one process. `type` is
`invoke`, and later `ok` (it happened), `fail` (it did not) or `info` (nobody knows).
`key` and `time` (`check.formats.times`) may be left out, but then everywhere. A cas has
two values, `[1, 2]`, and a transaction, of which `f` is `txn`, has
`[["append", "x", 1], ["r", "y", null]]`. A null of a read or a get says that nothing
was there; whoever does not know what was answered ends it with `info`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from distlab.check.formats import jepsen, times
from distlab.check.formats.events import KINDS, Event, Keyed, Pairing
from distlab.check.formats.json_lines import values
from distlab.check.formats.lines import Source
from distlab.check.formats.reading import Reading
from distlab.errors import did_you_mean

AN_EVENT = 'an event is {"process": 0, "type": "invoke", "f": "read", …}'
NEEDED = ("process", "type", "f")
OPTIONAL = ("key", "value", "time")


def read(source: Source, progress: bool = False) -> Reading:
    """The history of a log. Raises `Misuse` with the line of what is wrong."""
    found = []
    kinds: dict[str, int] = {}  # of times, with the first line that has one
    for number, line in source.lines(progress):
        if line.strip():
            told = values(line, source, number)
            found.append(event(told, source, number))
            kinds.setdefault(times.KINDS[type(told.get("time"))], number)
    times.one_kind(kinds, source)
    all_keyed(found, source)
    found, clock = times.in_order(found, source)
    pairing = Pairing(source, meant, clock)
    for each in found:
        pairing.add(each)
    return pairing.reading("json", jepsen.keyed)


def event(told: Any, source: Source, number: int) -> Event:
    """The event of an object."""
    if wrong := problem(told):
        raise source.wrong(number, wrong)
    try:
        time_ns = times.nanoseconds(told.get("time"))
    except ValueError as no_time:
        raise source.wrong(number, str(no_time)) from None
    process, value = told["process"], frozen(told.get("value"))
    return Event(
        number,
        process if isinstance(process, str) else f"p{process}",
        told["type"],
        told["f"],
        Keyed(frozen(told["key"]), value) if "key" in told else value,
        time_ns,
        frozen(told.get("error")),
    )


def meant(begun: Event, end: Event | None) -> tuple[str, tuple, str, Any]:
    """What an invocation and its end are; the key need not be told again."""
    if isinstance(begun.value, Keyed) and end:
        if not isinstance(end.value, Keyed):
            end = end._replace(value=Keyed(begun.value.key, end.value))
        elif end.value.key != begun.value.key:
            raise ValueError(jepsen.other_key(begun, end))
    return jepsen.meant(begun, end)


def problem(told: Any) -> str | None:
    """Why an object is no event."""
    if not isinstance(told, dict):
        return f"{AN_EVENT}."
    if wrong := misnamed(tuple(told)):
        return wrong
    if told["type"] not in KINDS:
        return f"`type` is {told['type']!r}, and must be {', '.join(KINDS)}."
    if not isinstance(told["process"], (int, str)) or not isinstance(told["f"], str):
        return "`process` is a number or a name, and `f` a name."
    return None


@lru_cache(maxsize=1000)
def misnamed(fields: tuple[str, ...]) -> str | None:
    """Why these are not the fields of an event; most lines have those of another."""
    missing = [name for name in NEEDED if name not in fields]
    if missing:
        has = ", ".join(f"`{name}`" for name in fields) or "nothing"
        lacks = ", ".join(f"`{name}`" for name in missing)
        return f"{AN_EVENT}; this has {has}, and no {lacks}."
    absent = [name for name in OPTIONAL if name not in fields]
    for name in fields:
        known = name in (*NEEDED, *OPTIONAL, "error")
        if not known and (hint := did_you_mean(name, absent)):
            return f"there is no field `{name}`.{hint}"
    return None


def all_keyed(events: list[Event], source: Source) -> None:
    """Refuse a call without a key, if others have one."""
    calls = [e for e in events if e.kind == "invoke" and e.f != "txn"]
    keyed = [e.line for e in calls if isinstance(e.value, Keyed)]
    without = [e.line for e in calls if not isinstance(e.value, Keyed)]
    if keyed and without:
        raise source.wrong(
            without[0],
            f"it has no `key`, and line {keyed[0]} has one: give each call its key.",
        )


def frozen(value: Any) -> Any:
    """A value of JSON as one that never changes."""
    if isinstance(value, dict):
        return tuple((key, frozen(item)) for key, item in sorted(value.items()))
    return tuple(map(frozen, value)) if isinstance(value, tuple) else value
