"""Our own JSON lines, as `History.to_jsonl` writes them: an operation a line.

Results may be values of a protocol, `{"$": "replication.abd.Stamp", …}`: its module is
imported then, if it is one of distlab's own chapters.
"""

from __future__ import annotations

import importlib
import re
from contextlib import suppress
from functools import cache
from typing import Any, get_args

from distlab.check.formats.events import busy
from distlab.check.formats.lines import Source
from distlab.check.formats.reading import Reading
from distlab.codec import from_json
from distlab.errors import Misuse
from distlab.events import Outcome
from distlab.history import History, Operation

OUTCOMES = get_args(Outcome)
CLASS = re.compile(r'"\$": ?"([a-z]+)\.([a-z_]+)\.[A-Za-z]')
CHAPTERS = frozenset(
    "clocks replication partitioning transactions consensus bft blockchain membership "
    "coordination caching storage".split()
)


def read(source: Source, progress: bool = False) -> Reading:
    """The history of a log. Raises `Misuse` with the line of what is wrong."""
    found: list[tuple[Operation, int]] = []
    for number, line in source.lines(progress):
        if line.strip():
            found.append((operation(line, source, number), number))
    found.sort(key=lambda pair: (pair[0].invoked_us, pair[0].process))
    last: dict[str, tuple[Operation, int]] = {}
    for op, number in found:
        if op.process in last:
            before, begun = last[op.process]
            if before.ended_us is None or before.ended_us > op.invoked_us:
                raise busy(source, number, op, before.f, begun)
        last[op.process] = op, number
    return Reading(History(op for op, _ in found), "jsonl")


def operation(line: str, source: Source, number: int) -> Operation:
    """The operation of a line. Raises `Misuse` for what is none."""
    row = values(line, source, number)
    if not isinstance(row, tuple) or len(row) != len(Operation._fields):
        raise source.wrong(number, f"an operation is [{', '.join(Operation._fields)}].")
    op = Operation._make(row)
    if wrong := problem(op):
        raise source.wrong(number, wrong)
    return op


def values(line: str, source: Source, number: int) -> Any:
    """What a line of JSON says. Raises `Misuse` for what is none."""
    for chapter, protocol in CLASS.findall(line):
        meet(chapter, protocol)
    try:
        return from_json(line)
    except Misuse as error:
        raise source.wrong(number, str(error)) from None


@cache
def meet(chapter: str, protocol: str) -> None:
    """Import a protocol, if there is one of this name, so that its values are known."""
    if chapter in CHAPTERS:
        with suppress(ModuleNotFoundError):
            importlib.import_module(f"distlab.{chapter}.{protocol}")


def problem(op: Operation) -> str | None:
    """What is wrong with the fields of an operation."""
    kinds: dict[str, Any] = {"process": str, "f": str, "args": tuple, "invoked_us": int}
    for name, kind in kinds.items():
        if type(getattr(op, name)) is not kind:
            told = "an array" if kind is tuple else f"of type {kind.__name__}"
            return f"`{name}` is {getattr(op, name)!r}, and must be {told}."
    if op.outcome not in OUTCOMES:
        return f"`outcome` is {op.outcome!r}, and must be {', '.join(OUTCOMES)}."
    try:
        hash(op)
    except TypeError:
        return "it holds a list, a dict or a set, which may change: use an array."
    if op.ended_us is None:
        return "`ok`, but no end." if op.outcome == "ok" else None
    if type(op.ended_us) is not int or op.ended_us < op.invoked_us:
        return f"it ends at {op.ended_us!r}, before its call at {op.invoked_us}."
    return None
