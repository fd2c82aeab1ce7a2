"""Histories as learners type them: one operation a line, who, when and what.

>>> print(history("c1 0-1 x=1\\nc2 2-3 x?-").text())
c1        0.000 to    1.000 ms  write('x', 1) → ok
c2        2.000 to    3.000 ms  read('x') → ok
"""

from __future__ import annotations

import re
from typing import Any

from distlab.errors import Misuse
from distlab.history import History, Operation

MOST = 12  # operations: nobody needs more here, and each judge is done at once
LINE = re.compile(r"(\w+)\s+(\d{1,6})-(\d{1,6}|\?)\s+(\S.*)")
WHAT = re.compile(r"([a-z]+)([=?])(\w+|-)")
HOW = (
    "write who, when and what, as `c1 0-1 x=1` (writes 1 to x), `c2 2-3 x?1` (reads "
    "1), `c2 2-3 x?-` (finds nothing) or `c1 0-? x=1` (nobody knows if it happened)"
)


def history(text: str) -> History:
    """Reads and writes, one a line. Raises `Misuse` for a line that cannot be meant."""
    return History(one_operation(*told) for told in lines(text))


def transactions(text: str) -> History:
    """Transactions, one a line: several reads and writes from one time to another."""
    return History(as_transaction(*told) for told in lines(text))


def either(text: str) -> History:
    """Transactions if a line has several reads and writes, or single operations."""
    several = any(len(what) > 1 for _, what in lines(text))
    return transactions(text) if several else history(text)


Micro = tuple[str, str, Any]


def lines(text: str) -> list[tuple[Operation, list[Micro]]]:
    """Each line, as an operation of which only who and when is known, and its parts."""
    if not isinstance(text, str):
        raise Misuse(f"a history is a text of lines, not {text!r}: {HOW}.")
    given = [line.strip() for line in text.splitlines() if line.strip()]
    if len(given) > MOST:
        raise Misuse(f"{len(given)} lines: at most {MOST} are read here; use fewer.")
    return [one_line(line) for line in given]


def one_line(line: str) -> tuple[Operation, list[Micro]]:
    """`c1 0-1 x=1` in parts. Raises `Misuse` if it cannot be meant."""
    found = LINE.fullmatch(line)
    parts = [WHAT.fullmatch(part) for part in found[4].split()] if found else []
    if not found or not all(parts):
        raise Misuse(f"`{line}` is no operation: {HOW}.")
    process, called, ended = found[1], int(found[2]), found[3]
    if ended != "?" and int(ended) <= called:
        raise Misuse(f"`{line}` ends before it begins: put the earlier time first.")
    what = [micro(line, *part.groups()) for part in parts if part]
    ended_us = None if ended == "?" else 1_000 * int(ended)
    outcome = "info" if ended_us is None else "ok"
    op = Operation(process, "", (), 1_000 * called, outcome, None, ended_us)  # type: ignore[arg-type]
    return op, what


def micro(line: str, key: str, sign: str, value: str) -> Micro:
    """One read or write. Raises `Misuse` for a write of nothing."""
    if sign == "=" and value == "-":
        raise Misuse(f"`{line}` writes nothing: give it a value, as `{key}=1`.")
    meant = None if value == "-" else int(value) if value.isdigit() else value
    return ("w" if sign == "=" else "r"), key, meant


def one_operation(op: Operation, what: list[Micro]) -> Operation:
    """A read or a write. Raises `Misuse` if there are several."""
    if len(what) != 1:
        raise Misuse(f"{op.process} does {len(what)} things at once: here, one a line.")
    ((f, key, value),) = what
    if f == "w":
        return op._replace(f="write", args=(key, value))
    return op._replace(f="read", args=(key,), result=value if op.definite else None)


def as_transaction(op: Operation, what: list[Micro]) -> Operation:
    """A transaction that did this."""
    args = tuple((f, key, None if f == "r" else value) for f, key, value in what)
    return op._replace(f="txn", args=args, result=tuple(what) if op.definite else None)
