"""Values: what travels between nodes and what a log holds. Made once, never changed.

Nothing needs copying when nothing can change, and two nodes can never share a list by
accident. So a `list` inside a value is refused when the value is made, not found out later.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any, dataclass_transform

from distlab.errors import Misuse

ATOMS = frozenset({int, str, bool, float, bytes, type(None)})
MUTABLE = {list: "a tuple", dict: "a tuple of pairs", set: "a frozenset"}


@dataclass_transform(frozen_default=True)
class ValueType(type):
    """Makes each subclass of `Value` a frozen data class with one slot for each field."""

    def __new__(meta, name, bases, namespace):
        own = tuple(namespace.get("__annotations__", ()))
        defaults = {field: namespace.pop(field) for field in own if field in namespace}
        cls = super().__new__(meta, name, bases, {**namespace, "__slots__": own})
        inherited = getattr(cls, "_defaults", {})
        cls._defaults = {**inherited, **defaults}  # type: ignore[attr-defined]
        dataclass(frozen=True, init=False)(cls)
        if own and "__init__" not in namespace:
            cls.__init__ = _initialiser(cls)  # type: ignore[misc]
        return cls


class Value(metaclass=ValueType):
    """A frozen record: compared, hashed and printed by its fields."""

    def __reduce__(self):
        return type(self), tuple(getattr(self, f.name) for f in fields(self))


def _initialiser(cls):
    """Compile `__init__`: setting a slot directly takes half of what `dataclass` takes."""
    names = [f.name for f in fields(cls)]
    scope: dict[str, Any] = {"_atoms": ATOMS, "_check": check_frozen, "_cls": cls}
    arguments = []
    for name in names:
        scope[f"_set_{name}"] = getattr(cls, name).__set__
        if name in cls._defaults:
            scope[f"_default_{name}"] = cls._defaults[name]
            arguments.append(f"{name}=_default_{name}")
        else:
            arguments.append(name)
    lines = [f"def __init__(self, {', '.join(arguments)}):"]
    for name in names:
        lines.append(f" _set_{name}(self, {name})")
        lines.append(f" if {name}.__class__ not in _atoms:")
        lines.append(f"  _check({name}, _cls, {name!r})")
    exec("\n".join(lines), scope)
    return scope["__init__"]


def check_frozen(value: Any, owner: type, field: str) -> None:
    """Refuse what could change later, with the sentence that says what to use instead."""
    kind = type(value)
    if kind in ATOMS or isinstance(value, (Value, Enum, type)):
        return
    if isinstance(value, (tuple, frozenset)):
        for part in value:
            check_frozen(part, owner, field)
    elif kind in MUTABLE:
        raise Misuse(
            f"{owner.__name__}.{field} holds a {kind.__name__}, and a value never "
            f"changes: use {MUTABLE[kind]}."
        )
    elif not (getattr(kind, "frozen", False) or _is_frozen_dataclass(value)):
        raise Misuse(
            f"{owner.__name__}.{field} holds a {kind.__name__}, which may change: "
            f"use numbers, text, tuples, or a class derived from `Value`."
        )


def _is_frozen_dataclass(value: Any) -> bool:
    return is_dataclass(value) and value.__dataclass_params__.frozen  # type: ignore
