"""Histories written as others write them: twins of what `check.formats` reads.

Two events at the same moment stand in the order in which nobody is busy: first what
ended, then what began.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from distlab.history import History, Operation


def events(history: History) -> Iterator[tuple[int, str, Operation]]:
    """Each event in the order of time: when, "invoke" or how it ended, of what."""
    found = []
    for number, op in enumerate(history):
        found.append((op.invoked_us, 1, number, "invoke", op))
        if op.ended_us is not None:
            first = 0 if op.ended_us > op.invoked_us else 2
            found.append((op.ended_us, first, number, op.outcome, op))
    for at_us, _, _, kind, op in sorted(found, key=lambda event: event[:3]):
        yield at_us, kind, op


def numbered(history: History) -> History:
    """The history as it comes back: `p0` is its first process, and so on."""
    names = {name: f"p{n}" for n, name in enumerate(history.processes)}
    return History(op._replace(process=names[op.process]) for op in history)


def edn(value: Any) -> str:
    """A value in EDN."""
    match value:
        case None:
            return "nil"
        case bool():
            return str(value).lower()
        case str() if value[:1] == ":":
            return value
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case tuple():
            return f"[{' '.join(map(edn, value))}]"
        case frozenset():
            return f"#{{{' '.join(sorted(map(edn, value)))}}}"
    return repr(value)


def value_of(op: Operation, kind: str) -> Any:
    """What stands after `:value`."""
    result = op.result if kind == "ok" else None
    if op.f == "txn":
        done = result or op.args
        return tuple((f":{f}", *rest) for f, *rest in done)
    if op.f == "cas":
        *key, old, new = op.args
        return (*key, (old, new)) if key else (old, new)
    if op.f == "read":
        return (*op.args, result) if op.args else result
    return op.args[0] if len(op.args) == 1 else op.args or result


def as_jepsen(history: History, line: str = "{{{}}}", times: bool = True) -> list[str]:
    """A map for each event; `line` says how it is dressed."""
    told = []
    for index, (at_us, kind, op) in enumerate(events(numbered(history))):
        fields = {
            ":process": op.process[1:],
            ":type": f":{kind}",
            ":f": f":{op.f}",
            ":value": edn(value_of(op, kind)),
            ":index": str(index),
        }
        if times:
            fields[":time"] = str(at_us * 1000)
        if kind in ("fail", "info") and op.result:
            fields[":error"] = edn(op.result)
        told.append(line.format(", ".join(f"{k} {v}" for k, v in fields.items())))
    return told


def as_json(history: History) -> str:
    """An object for each event."""
    lines = []
    for at_us, kind, op in events(history):
        value = value_of(op, kind)
        told = {"process": op.process, "type": kind, "f": op.f, "time": at_us * 1000}
        if op.f in ("read", "write") and op.args:
            told["key"], value = value
        lines.append(json.dumps({**told, "value": value}) + "\n")
    return "".join(lines)


DRESSES: dict[str, Callable[[History], str]] = {
    "one map a line": lambda history: "\n".join(as_jepsen(history)),
    "one vector": lambda history: "[" + "\n ".join(as_jepsen(history)) + "]\n",
    "one list in one line": lambda history: "(" + " ".join(as_jepsen(history)) + ")",
    "tagged": lambda history: "\r\n".join(
        as_jepsen(history, "#jepsen.history.Op{{{}}}")
    ),
    "over several lines": lambda history: "\n".join(
        text.replace(", ", ",\n   ")
        for text in as_jepsen(history, '; an {{event}} of "a client\n{{{}}}')
    ),
    "with what is not plain": lambda history: "\n".join(
        as_jepsen(history, '{{{}, :node "n\\"1\\"", :more {{:a #{{\\] 1.5}}}}}}')
    ),
}


def as_etcd(history: History, gap: str = "\t") -> str:
    """The lines of Jepsen's log for the operations of a register."""
    lines = []
    for _, kind, op in events(numbered(history)):
        refused = op.f == "cas" and op.outcome == "ok" and op.result is False
        word = "fail" if kind == "ok" and refused else kind
        value = edn(value_of(op, kind))
        if word in ("info", "fail") and not refused:
            value = f":{op.result or 'timed-out'}"
        fields = (op.process[1:], f":{word}", f":{op.f}", value)
        lines.append(f"INFO  jepsen.util - {gap.join(fields)}\n")
    return "".join(lines)


def as_porcupine(history: History) -> str:
    """The key-value log of a history of `put`, `append` and `get`."""
    lines = []
    for _, kind, op in events(numbered(history)):
        key, *value = op.args
        told = value[0] if value else op.result if kind == "ok" else None
        lines.append(
            f"{{:process {op.process[1:]}, :type :{kind}, :f :{op.f}, "
            f":key {edn(key)}, :value {edn(told)}}}\n"
        )
    return "".join(lines)
