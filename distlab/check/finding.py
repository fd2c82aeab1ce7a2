"""What an algorithm has found out about one object, and how its operations are told.

A fast algorithm is a function from the operations of one object to a `Finding`, or to
None where it does not apply: the search decides then. It gets them in the order of
their calls, as the history has them (of a keyed machine the key is the first argument,
so a value is `op.args[-1]`), without those that failed, and those of which nobody knows
and that could only have looked.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from distlab.check import versions
from distlab.history import Operation

Operations = tuple[Operation, ...]


class Finding(NamedTuple):
    """What was found out about one object."""

    outcome: Literal["valid", "invalid", "unknown"]
    reason: str = ""
    evidence: Operations = ()
    tried: int = 0  # configurations, if it was searched
    order: Operations = ()  # explains all; of an invalid one, the longest good prefix


def told(op: Operation) -> str:
    """An operation as a clause: `c1 cas(1, 2) gave True (12 to 14 ms)`."""
    if op.f in ("read", "write") and len(op.args) == 1 + (op.f == "write"):
        return versions.told(op)
    return f"{named(op)}{gave(op)} ({op.span})"


def named(op: Operation) -> str:
    """An operation in few words: `c1 cas(1, 2)`."""
    return f"{op.process} {op.f}({', '.join(map(repr, op.args))})"


def gave(op: Operation) -> str:
    """What its client was told: ` gave True`, or nothing."""
    if op.outcome == "info":
        return ", of which nobody knows,"
    return "" if op.result is None and op.f in QUIET else f" gave {shown(op.result)}"


def shown(result: Any) -> str:
    """A result, short enough for a sentence."""
    text = repr(result)
    if isinstance(result, frozenset):  # told in one order on any machine
        text = f"{{{', '.join(sorted(map(repr, result)))}}}"
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"


MOST = 60  # letters of a result
QUIET = frozenset({"write", "put", "append", "add", "enqueue", "push", "delete"})
