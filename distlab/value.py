"""Values: what travels between nodes and what a log holds. Made once, never changed.

Nothing needs copying when nothing can change, and two nodes can never share a list by
accident. So a `list` in a value is refused when the value is made, not found out later.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, dataclass_transform

from distlab.errors import Misuse

CLASS_VAR = re.compile(r"(typing\.)?ClassVar\b")
ATOMS = frozenset({int, str, bool, float, bytes, type(None)})
IMMUTABLE: set[type] = set()  # other classes whose instances never change: `Log` is one
CLASSES: dict[str, type] = {}  # those of the vocabulary, by their names on the wire
INSTEAD: dict[type, str] = {
    list: "a tuple",
    dict: "a tuple of pairs",
    set: "a frozenset",
    bytearray: "bytes",
}


def wire_name(cls: type) -> str:
    """What a class is called in traces and on the wire: its module, then its name."""
    return f"{cls.__module__.removeprefix('distlab.')}.{cls.__qualname__}"


def annotated(namespace: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that a class body declares: annotated names without `ClassVar`s."""
    kinds = namespace.get("__annotations__", {})
    return tuple(f for f, kind in kinds.items() if not CLASS_VAR.match(str(kind)))


@dataclass_transform(frozen_default=True)
class ValueType(type):
    """Makes each subclass of `Value` a frozen data class with a slot for each field."""

    _defaults: dict[str, Any]

    def __new__(
        meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any]
    ) -> ValueType:
        """Take the fields and their defaults out of the class body."""
        own = annotated(namespace)
        defaults = {field: namespace.pop(field) for field in own if field in namespace}
        if "__repr__" in namespace:  # `dataclass` would hide that it is the author's
            namespace.setdefault("__str__", namespace["__repr__"])
        cls = super().__new__(meta, name, bases, {**namespace, "__slots__": own})
        for field, default in defaults.items():
            check_frozen(default, cls, field)
        cls._defaults = {**getattr(cls, "_defaults", {}), **defaults}
        dataclass(frozen=True, init=False)(cls)  # type: ignore[arg-type]
        if own and "__init__" not in namespace:
            init = compiled_init(cls, _guard, _atoms=ATOMS, _check=check_frozen)
            cls.__init__ = init  # type: ignore[misc]
        CLASSES[wire_name(cls)] = cls
        return cls


class Value(metaclass=ValueType):
    """A frozen record: compared, hashed and printed by its fields."""

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, f.name) for f in fields(self))


def compiled_init(
    cls: Any, guard: Callable[[str, Any], str], **scope: Any
) -> Callable[..., None]:
    """An `__init__` that sets slots directly: half the time of what `dataclass` makes.

    `guard` gives the line that looks at each argument before it is kept.
    """
    arguments, lines = [], []
    for name in (f.name for f in fields(cls)):
        if name in cls._defaults:
            arguments.append(f"{name}=_default_{name}")
            scope[f"_default_{name}"] = cls._defaults[name]
        elif arguments and "=" in arguments[-1]:
            raise Misuse(
                f"{cls.__name__}.{name} has no default and follows a field that has "
                f"one: put the fields without a default first."
            )
        else:
            arguments.append(name)
        scope[f"_set_{name}"] = getattr(cls, name).__set__
        lines.append(guard(name, cls._defaults.get(name)))
        lines.append(f" _set_{name}(self, {name})")
    scope["_cls"] = cls
    exec("\n".join([f"def __init__(self, {', '.join(arguments)}):", *lines]), scope)
    init: Callable[..., None] = scope["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _guard(name: str, default: Any) -> str:
    return f" if {name}.__class__ not in _atoms: _check({name}, _cls, {name!r})"


def check_frozen(value: Any, owner: type, field: str) -> None:
    """Refuse what could change later, with the sentence that says what to use."""
    kind = type(value)
    if kind in ATOMS or kind in IMMUTABLE or isinstance(value, (Value, Enum, type)):
        return
    if isinstance(value, (tuple, frozenset)):
        for item in value:
            if item.__class__ not in ATOMS and not isinstance(item, Value):
                check_frozen(item, owner, field)
    elif not is_frozen_dataclass(kind):
        raise Misuse(f"{owner.__name__}.{field} holds {changeable(value)}")


def is_frozen_dataclass(kind: Any) -> bool:
    """Whether a class is a data class whose fields cannot be assigned."""
    options = getattr(kind, "__dataclass_params__", None)
    return bool(options and options.frozen)


def changeable(value: Any) -> str:
    """What is wrong with a value that may change, and what to use in its place."""
    kind = type(value)
    name = kind.__name__
    if kind in INSTEAD:
        return f"a {name}, and a value never changes: use {INSTEAD[kind]}."
    if kind.__module__ == "numpy":
        plain = "tuple(x.tolist())" if name == "ndarray" else "x.item()"
        return f"a numpy {name}: use the plain number, `{plain}`."
    return (
        f"a {name}, which may change: use numbers, text, tuples, or a class derived "
        f"from `Value`."
    )
