"""What chance decided in a run, as data: to be replayed, made smaller and pasted.

A recording stands in the place of every draw. What it does not name goes its usual way:
a message takes `usual_ms`, a timer the shortest time of its range, a choice is the
first that was offered, a sync of random length takes no time. So less said is a simpler
run, and what is left when nothing more can be taken away is what mattered.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from distlab.events import Call, NodeId
from distlab.faults import Fault, Schedule
from distlab.value import Value


class Called(Value):
    """The layer above called a node."""

    at_ms: float
    node: NodeId
    call: Call


class Took(Value):
    """The `nth` message of a link took so long; None: it was lost; several: copies."""

    src: NodeId
    dst: NodeId
    nth: int
    ms: float | tuple[float, ...] | None


class Ran(Value):
    """The `nth` timer with a range that a node set ran for so long, by its clock."""

    node: NodeId
    nth: int
    ms: float


class Chose(Value):
    """The `nth` time that a node asked for a choice it was given this."""

    node: NodeId
    nth: int
    answer: tuple[Any, ...]


class Synced(Value):
    """The `nth` sync of random length of a node's disk took so long."""

    node: NodeId
    nth: int
    ms: float


class Recording(Value):
    """Calls, faults, and what each draw came to. Links' chances are in `messages`."""

    calls: tuple[Called, ...] = ()
    faults: Schedule = ()
    messages: tuple[Took, ...] = ()
    timers: tuple[Ran, ...] = ()
    choices: tuple[Chose, ...] = ()
    syncs: tuple[Synced, ...] = ()
    usual_ms: float = 1
    overtaking: bool = False  # a fault took away the order that the network keeps
    until_ms: float = 10_000

    @property
    def size(self) -> int:
        """How many things it says."""
        return sum(len(getattr(self, name)) for name in LISTS)

    def without(self, name: str, *places: int) -> Recording:
        """The same recording, less these places of one of its lists."""
        kept = [x for i, x in enumerate(getattr(self, name)) if i not in places]
        change: dict[str, Any] = {name: tuple(kept)}
        return replace(self, **change)

    def __str__(self) -> str:
        """As Python that makes it again, one thing a line, the usual left out."""
        lines = ["Recording("]
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name in LISTS and value:
                lines += [f"    {f.name}=(", *(f"        {source(x)}," for x in value)]
                lines += ["    ),"]
            elif f.name not in LISTS and value is not False:
                lines += [f"    {f.name}={source(value)},"]
        return "\n".join([*lines, ")"])


LISTS = ("faults", "calls", "messages", "timers", "choices", "syncs")


# ------------------------------------------------------------------- as one would write
def source(value: Any) -> str:
    """A value as Python, as short as it can be: `Crash("s1", at_ms=5)`."""
    if isinstance(value, str):
        return f'"{value}"' if repr(value) == f"'{value}'" else repr(value)
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    if type(value) is tuple:
        items = [source(item) for item in value]
        return f"({', '.join(items)}{',' * (len(items) == 1)})"
    if isinstance(value, Value):
        return f"{type(value).__name__}({', '.join(arguments(value))})"
    return repr(value)


def arguments(value: Value) -> list[str]:
    """What its class is called with: by name what is a time of a fault, or unusual."""
    defaults, told = type(value)._defaults, []
    by_name = False
    for name in (f.name for f in fields(value)):
        given = getattr(value, name)
        if name in defaults and given == defaults[name]:
            by_name = True
            continue
        by_name = by_name or (isinstance(value, Fault) and name.endswith("_ms"))
        told.append(f"{name}={source(given)}" if by_name else source(given))
    return told
