"""One operation of a history in few words: `w x=1`, `r x→1`, `cas x 1→2 ✗`."""

from __future__ import annotations

import re
from typing import Any

from distlab.history import Operation
from distlab.show.naming import in_full

__all__ = ["few_words", "has_key", "has_steps", "steps_of"]

SHORT = {"write": "w", "read": "r", "w": "w", "r": "r"}
PUTS = ("write", "w", "put")
LOOKS = (
    "read",
    "r",
    "scan",
    "get",
    "dequeue",
    "pop",
    "peek",
)  # finding nothing says something
ENDS = {"fail": " ✗", "info": " ?"}


def few_words(op: Operation, *, key: bool = True) -> str:
    """The call and its result; ✗ it did not happen, ? nobody knows, ∅ nothing there.

    Without `key`, the first argument is left out.

    >>> few_words(Operation("c1", "write", ("x", 1), 0, "ok", None, 1))
    'w x=1'
    >>> few_words(Operation("c1", "cas", (1, 2), 0, "fail", "was 3", 1))
    'cas 1→2 ✗'
    """
    if has_steps(op):
        return ", ".join(steps_of(op)) + ENDS.get(op.outcome, "")
    return _called(op.f, op.args[not key :]) + _ended(op.f, op.outcome, op.result)


def has_key(op: Operation) -> bool:
    """Whether its first argument may be a key: of a write another one follows.

    >>> [has_key(Operation("c1", "write", args, 0)) for args in (("x", 1), (1,))]
    [True, False]
    """
    return op.f != "txn" and len(op.args) > (op.f in PUTS)


def has_steps(op: Operation) -> bool:
    """Whether it is a transaction, of steps such as `("r", "x", None)`."""
    known = op.result if isinstance(op.result, (tuple, list)) else ()
    steps = (*op.args, *known) if op.outcome == "ok" else op.args
    triples = all(isinstance(step, (tuple, list)) and len(step) == 3 for step in steps)
    return op.f == "txn" and triples


def steps_of(op: Operation) -> list[str]:
    """What a transaction does, one by one; its reads with what they saw, if known.

    >>> steps_of(Operation("c1", "txn", (("append", "x", 3), ("r", "y", None)), 0))
    ['append x 3', 'r y']
    """
    known = op.outcome == "ok" and isinstance(op.result, (tuple, list))
    steps = op.result if known else op.args
    return [
        _called(f, (key,)) + (f"→{_value(value)}" if known else "")
        if f in LOOKS
        else _called(f, (key, value))
        for f, key, value in steps
    ]


def _called(f: str, args: tuple) -> str:
    told = [_value(arg) for arg in args]
    if f in PUTS and len(told) == 2:
        told = [f"{told[0]}={told[1]}"]
    elif f == "cas" and len(told) >= 2:
        told[-2:] = [f"{told[-2]}→{told[-1]}"]
    return " ".join((SHORT.get(f, f), *told))


def _ended(f: str, outcome: str, result: Any) -> str:
    if outcome != "ok":
        return ENDS[outcome]
    if isinstance(result, bool) and f not in LOOKS:
        return " yes" if result else " no"
    if f in PUTS or (result is None and f not in LOOKS):
        return ""  # of a write, its place in the log: that is for the text
    return f"→{_value(result)}"


def _value(value: Any) -> str:
    if value is None:
        return "∅"
    quoted = isinstance(value, str) and (not value or re.search(r"\s", value))
    return repr(value) if quoted else in_full(value)
