"""The key-value logs of Porcupine's tests: EDN maps with a `:key`, and no times.

    {:process 0, :type :invoke, :f :put, :key "x", :value "y"}
    {:process 0, :type :ok, :f :append, :key "x", :value "z"}

An `append` joins texts, and a key that was never put holds the empty text, which a get
may tell as nil; of a get whose answer nobody knows the end is `:info`.
"""

from __future__ import annotations

from typing import Any

from distlab.check.formats.edn import maps
from distlab.check.formats.events import KINDS, Event, Keyed, Pairing
from distlab.check.formats.jepsen import no_operation, other_key, otherwise, reason
from distlab.check.formats.lines import Source
from distlab.check.formats.reading import Reading

COMMANDS = ("put", "append", "get")


def read(source: Source, progress: bool = False) -> Reading:
    """The history of a log. Raises `Misuse` with the line of what is wrong."""
    pairing = Pairing(source, meant)
    for line, op in maps(source, progress):
        kind, f = str(op.get(":type"))[1:], str(op.get(":f"))[1:]
        if kind not in KINDS:
            raise source.wrong(line, no_operation(op))
        if ":key" not in op or f not in COMMANDS:
            raise source.wrong(
                line,
                f"`{f}` of key {op.get(':key')}: {', '.join(COMMANDS)} have a key.",
            )
        value = Keyed(op[":key"], op.get(":value"))
        pairing.add(Event(line, f"p{op.get(':process')}", kind, f, value))
    return pairing.reading("porcupine")


def meant(begun: Event, end: Event | None) -> tuple[str, tuple, str, Any]:
    """What an invocation and its end are: f, args, outcome, result."""
    args = begun.value[:1] if begun.f == "get" else tuple(begun.value)
    if end is None or end.kind != "ok":
        return begun.f, args, end.kind if end else "info", reason(end)
    if end.value.key != begun.value.key:
        raise ValueError(other_key(begun, end))
    if begun.f != "get" and end.value.value not in (None, begun.value.value):
        raise ValueError(otherwise(begun, end))
    return begun.f, args, "ok", end.value.value if begun.f == "get" else None
