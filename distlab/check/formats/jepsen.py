"""Jepsen's histories in EDN, as Knossos and Elle read and write them.

    {:process 0, :type :invoke, :f :write, :value 3, :time 12000000, :index 4}
    {:process 0, :type :ok,     :f :write, :value 3, :time 14500000, :index 5}

One map a line, or one vector of maps, tagged `#jepsen.history.Op` or not. A `:cas` has
two values, `[1 2]`; independent keys stand before the value, `[k [1 2]]`; transactions
are vectors of micro-operations, `[[:append 3 1] [:r 4 nil]]`. A `:fail` did not happen.
Processes that are no numbers, `:nemesis`, are left out, and it is said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from distlab.check.formats.edn import maps
from distlab.check.formats.events import KINDS, Event, Keyed, Pairing
from distlab.check.formats.lines import Source
from distlab.check.formats.reading import Reading
from distlab.errors import Misuse
from distlab.history import Operation

GIVEN = ("write", "put", "cas", "enqueue", "push")  # of which no answer is a value
MICRO = {"r": "r", "w": "w", "append": "append", "read": "r", "write": "w"}


def read(source: Source, progress: bool = False) -> Reading:
    """The history of a log. Raises `Misuse` with the line of what is wrong."""
    pairing = Pairing(source, meant)
    others: Counter[str] = Counter()
    for event in events(source, progress, others):
        pairing.add(event)
    return pairing.reading("jepsen", keyed, others)


def events(
    source: Source,
    progress: bool,
    others: Counter[str],
    renamed: Mapping[str, str] = {},
) -> Iterator[Event]:
    """The clients' events; those of others are counted."""
    alone = 0  # operations without a process
    for line, op in maps(source, progress):
        kind, process, f = op.get(":type"), op.get(":process"), op.get(":f")
        if not isinstance(kind, str) or kind[1:] not in KINDS:
            raise source.wrong(line, no_operation(op))
        if process is None and ":process" not in op:
            alone += kind == ":invoke"
            process = alone
        if not isinstance(process, int):
            others[str(process).lstrip(":")] += 1
            continue
        f = str(f).lstrip(":") if f is not None else "txn"
        yield Event(
            line,
            f"p{process}",
            kind[1:],
            renamed.get(f, f),
            op.get(":value"),
            time_ns(op.get(":time"), source, line),
            op.get(":error"),
        )


def no_operation(op: Mapping[str, Any]) -> str:
    """Why a map is no operation."""
    if ":type" in op:
        return f"`:type {op[':type']}` is none of :invoke, :ok, :fail and :info."
    what = "a map without a `:type`, so it is no operation"
    if ":valid?" in op or ":history" in op:
        return f"{what}: these are results; the operations are in `history.edn`."
    return f"{what}, `{{:process 0, :type :invoke, :f :read, :value nil}}`."


def time_ns(told: Any, source: Source, line: int) -> int | None:
    """A time of the log, if it has one. Raises `Misuse` for what is none."""
    if told is None or type(told) is int:
        return told if told is None else max(told, 0)
    raise source.wrong(
        line, f"`:time` is {told!r}, and must be a whole number, nanoseconds."
    )


# ------------------------------------------------------------------------ what it means
def meant(begun: Event, end: Event | None) -> tuple[str, tuple, str, Any]:
    """What an invocation and its end are: f, args, outcome, result."""
    kind = end.kind if end else "info"
    if begun.f == "txn":
        return transaction(begun, end)
    args = () if begun.value is None else (begun.value,)
    if end is None or kind != "ok":
        return begun.f, args, kind, reason(end)
    if begun.f in GIVEN and plain(end.value) not in (None, plain(begun.value)):
        raise ValueError(otherwise(begun, end))
    if begun.f == "cas":
        return "cas", args, "ok", True
    return begun.f, args, "ok", None if end.value == begun.value else end.value


def plain(value: Any) -> Any:
    """A value without the key that was told beside it."""
    return value.value if isinstance(value, Keyed) else value


def otherwise(begun: Event, end: Event) -> str:
    """That an end tells another value than its invocation, as a sentence."""
    return (
        f"{end.process} ends `{end.f}` with {plain(end.value)!r}, but in line "
        f"{begun.line} it began with {plain(begun.value)!r}: an ok tells what was "
        f"written, or nothing."
    )


def other_key(begun: Event, end: Event) -> str:
    """That an end is of another key than its invocation, as a sentence."""
    return (
        f"{end.process} ends `{end.f}` of key {end.value.key!r}, but in line "
        f"{begun.line} it began that of {begun.value.key!r}."
    )


def reason(end: Event | None) -> str | None:
    """Why an operation failed, or why nobody knows."""
    if end is None:
        return None
    why = end.value if end.error is None and isinstance(end.value, str) else end.error
    words = why if isinstance(why, tuple) else () if why is None else (why,)
    return " ".join(str(word).lstrip(":") for word in words) or None


def transaction(begun: Event, end: Event | None) -> tuple[str, tuple, str, Any]:
    """A transaction: its micro-operations, and the same with what they read."""
    args = micro_operations(begun.value)
    if end is None or end.kind != "ok":
        return "txn", args, end.kind if end else "info", reason(end)
    done = micro_operations(end.value)
    if [micro[:2] for micro in done] != [micro[:2] for micro in args]:
        raise ValueError(
            f"{end.process} ends another transaction than the one that it "
            f"began in line {begun.line}."
        )
    return "txn", args, "ok", done


def micro_operations(value: Any) -> tuple[tuple[str, Any, Any], ...]:
    """`[[:append 3 1] [:r 4 nil]]` as tuples. Raises `ValueError` for anything else."""
    try:
        return tuple([(MICRO[f.lstrip(":")], key, item) for f, key, item in value])
    except (AttributeError, TypeError, ValueError, KeyError):
        raise ValueError(
            "a transaction is a vector of `[:r key value]`, `[:w key value]` and "
            "`[:append key element]`."
        ) from None


def keyed(operations: list[Operation]) -> list[Operation]:
    """The operations with their parts apart: a key before the value, a cas's two.

    That a log has independent keys is told by a read, invoked as `[k nil]`, or a cas,
    `[k [1 2]]`; then every operation has one.
    """
    split = split_key if any(map(has_key, operations)) else split_cas
    for at, op in enumerate(operations):
        if op.f != "txn":
            operations[at] = split(op)
    return operations


def has_key(op: Operation) -> bool:
    """Whether an operation has a key before its value, for certain."""
    if not op.args or not is_pair(op.args[0]):
        return False
    _, value = op.args[0]
    return (
        isinstance(op.args[0], Keyed)
        or (op.f == "read" and value is None)
        or (op.f == "cas" and is_pair(value))
    )


def is_pair(value: Any) -> bool:
    """Whether this is a vector of two."""
    return isinstance(value, tuple) and len(value) == 2


def split_key(op: Operation) -> Operation:
    """`write([k 3])` → `write(k, 3)`."""
    (pair,) = op.args or (None,)
    if not is_pair(pair):
        raise Misuse(
            f"{op.process} called `{op.f}` without a key: elsewhere in this log the "
            f"values are pairs of a key and a value."
        )
    key, value = pair
    args = (key,) if value is None else (key, value)
    result = op.result[1] if op.outcome == "ok" and is_pair(op.result) else op.result
    return split_cas(op._replace(args=args, result=result))


def split_cas(op: Operation) -> Operation:
    """`cas([1 2])` → `cas(1, 2)`."""
    if op.f != "cas" or not op.args or not is_pair(op.args[-1]):
        return op
    return op._replace(args=(*op.args[:-1], *op.args[-1]))
