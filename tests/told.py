"""What happened in a run of a protocol, as a text to be read."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from distlab.node import Log
from distlab.trace import Trace
from distlab.value import Value

ARROWS = {"deliver": "←", "drop": "✗"}
UNTOLD = ("start", "send", "set", "cancel", "sync")  # sends are told by their arrival


def told(trace: Trace) -> str:
    """A line for each thing that happened."""
    return "\n".join(lines(trace)) + "\n"


def lines(trace: Trace) -> Iterator[str]:
    for step in trace:
        if step.kind not in UNTOLD:
            who = f"{step.node:<3}" if step.node else "   "
            peer = f"{ARROWS[step.kind]} {step.peer:<3}" if step.peer else step.kind
            what = "" if step.what is None else brief(step.what)
            why = f"  ({step.why})" if step.why else ""
            yield f"{step.at_ms:9.3f}  {who} {peer:<7} {what}{why}".rstrip()


def brief(value: Any) -> str:
    """A value without the names of its fields; a ballot as `2.s1`."""
    match value:
        case Value() if type(value).__str__ is object.__str__:
            parts = (brief(getattr(value, field.name)) for field in fields(value))
            return f"{type(value).__name__}({', '.join(parts)})"
        case tuple() if hasattr(value, "_fields"):
            return ".".join(map(brief, value))
        case tuple() | Log():
            return f"[{', '.join(map(brief, value))}]"
    return str(value)
