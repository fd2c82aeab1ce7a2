"""The names of values on the paper and in the account: messages, states, faults.

A value is told by the values of its fields, as it is written in a table of a paper:
`Append(3, x, 1)`. Equal values have equal words, in every process.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from distlab import faults
from distlab.events import Call, Inner, InnerTimer, Signed
from distlab.node import Log, Record
from distlab.value import Value

LONG = 100  # characters of one value; more is cut, with an ellipsis


def kind_of(what: Any) -> str:
    """The name of a message's class, whatever it is wrapped in."""
    return type(unwrapped(what)).__name__


def unwrapped(what: Any) -> Any:
    """The message inside a part's or a signed one."""
    while isinstance(what, (Inner, InnerTimer, Signed)):
        what = what.timer if isinstance(what, InnerTimer) else what.msg
    return what


def labels(what: Any) -> list[str]:
    """Ever shorter names of a message, timer or call, for the paper.

    >>> labels(Call("write", ("x", 1)))
    ['write(x, 1)', 'write']
    """
    what = unwrapped(what)
    if isinstance(what, Call):
        return [in_full(what), what.name]
    name = type(what).__name__
    if not _has_plain_fields(what):
        return [in_full(what), name]
    values = [getattr(what, f.name) for f in fields(what)]
    if not values:
        return [name]
    terse = f"{name}({', '.join(map(_terse, values))})"
    first = f"{name}({_terse(values[0])}{', …' * (len(values) > 1)})"
    return list(dict.fromkeys((terse, first, name)))


def _terse(value: Any) -> str:
    """What fits into a label: of a value inside the first field, of a list its length.

    What orders leaders is told as in `2·s1`.
    """
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return "·".join(str(part) for part in value if part != "")
    if isinstance(value, (tuple, Log)) and len(value) > 1:
        kinds = {kind_of(part) for part in value}
        return f"[{len(value)} × {kinds.pop() if len(kinds) == 1 else '…'}]"
    if isinstance(value, (tuple, Log)):
        return f"[{', '.join(map(_terse, value))}]"
    return labels(value)[-2:][0] if _has_plain_fields(value) else in_full(value)


def in_full(value: Any) -> str:
    """A value without the names of its fields.

    >>> in_full((1, {"x": None}, {"b", "a"}, Call("read", ("x",))))
    '[1, {x: None}, {a, b}, read(x)]'
    """
    if isinstance(value, Call):
        return f"{value.name}({_listed(value.args)})"
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return f"{type(value).__name__}({_listed(value)})"
    if isinstance(value, (tuple, list, Log)):
        return f"[{_listed(value)}]"
    if isinstance(value, (set, frozenset)):  # their order is Python's secret
        return f"{{{', '.join(sorted(map(in_full, value)))}}}"
    if isinstance(value, dict):
        pairs = (f"{in_full(key)}: {in_full(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if _has_plain_fields(value):
        listed = _listed(getattr(value, f.name) for f in fields(value))
        return f"{type(value).__name__}{f'({listed})' if listed else ''}"
    return str(value) if value != "" else "''"


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(map(in_full, values))


def _has_plain_fields(what: Any) -> bool:
    """Whether a value is told by its fields; one that has its own words is not."""
    own_words = "__str__" in vars(type(what))
    return isinstance(what, (Value, Record)) and not own_words


def told(what: Any) -> str:
    """A value in full, unless it is very long; pairs of a change as `name = value`."""
    if isinstance(what, (Inner, InnerTimer)):
        return f"{what.part}: {told(unwrapped(what))}"
    if isinstance(what, tuple) and what and all(_is_pair(part) for part in what):
        return ", ".join(f"{name} = {told(value)}" for name, value in what)
    text = (
        fault_in_words(what)
        if isinstance(what, faults.Fault)
        else in_full(unwrapped(what))
    )
    return text if len(text) <= LONG else f"{text[: LONG - 1]}…"


def _is_pair(part: Any) -> bool:
    return isinstance(part, tuple) and len(part) == 2 and isinstance(part[0], str)


def fields_of(what: Any) -> list[tuple[str, str]]:
    """The fields of a message, by name and in words."""
    what = unwrapped(what)
    if not isinstance(what, (Value, Record)):
        return []
    return [(f.name, in_full(getattr(what, f.name))) for f in fields(what)]


def fault_in_words(fault: faults.Fault) -> str:
    """A fault as a caption: `split s1 s2 | s3`, `loss 20 % s1→s2`."""
    match fault:
        case faults.Split(groups):
            return f"split {' | '.join(' '.join(group) for group in groups)}"
        case faults.Cut(src, dst):
            return f"cut {src}→{dst}"
        case faults.Heal():
            return "heal all" if fault.all else "heal"
        case faults.ClockSkew():
            return f"clock of {fault.node} off by {fault.offset_ms:+g} ms"
        case faults.ClockDrift():
            return f"clock of {fault.node} drifts {fault.ppm:+g} ppm"
        case faults.ClockJump():
            return f"clock of {fault.node} jumps {fault.by_ms:+g} ms"
        case faults.LostWrites():
            plural = "s" * (fault.records != 1)
            return f"disk of {fault.node} will lose {fault.records} record{plural}"
        case faults.TornWrite():
            return f"disk of {fault.node} will tear a write"
        case faults.CorruptRecord():
            return f"disk of {fault.node} corrupts a record"
        case faults.Byzantine():
            return f"{fault.node} lies ({fault.liar.__name__})"
        case faults.Isolate() | faults.NodeFault():
            return f"{type(fault).__name__.lower()} {getattr(fault, 'node', '')}"
    return _link_fault_in_words(fault)


def _link_fault_in_words(fault: Any) -> str:
    match fault:
        case faults.Delay():
            how = f"delay +{fault.extra_ms:g} ms"
        case faults.SlowLink():
            how = f"slow ×{fault.factor:g}"
        case faults.Reordering():
            how = f"reordering {100 * fault.rate:g} %"
        case _:
            how = f"{type(fault).__name__.lower()} {100 * fault.rate:g} %"
    anywhere = fault.src == fault.dst == "*"
    where = "" if anywhere else f" {fault.src}→{fault.dst}".replace("*", "any")
    return f"{how}{where}{' of ' if fault.messages else ''}{' '.join(fault.messages)}"
