"""Values as text: messages, calls, faults, traces and states as canonical JSON.

JSON has no tuples, sets, enums or classes. Here an array is a tuple, an object without
a `$` is a dict with text for keys, and every other object says what it is:

    (1, 2.5, "x")       [1, 2.5, "x"]
    [1, 2]              {"$list": [1, 2]}
    Ask(number=1)       {"$": "clocks.lease.Ask", "number": 1}

The same content gives the same text on any machine: the members of a set are sorted by
their text. A dict keeps its order, since a node may go through it in that order.

A class has the name of its module in front, so that two protocols may both have a
`Request`. Reading imports nothing and runs nothing but the constructors of protocols'
classes: those derived from `Value` and `Record`, and the named tuples, enums and frozen
data classes of modules that have such classes. So text may come from anyone.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from enum import EnumMeta
from math import inf, isfinite, nan
from typing import Any

from distlab.errors import Misuse
from distlab.events import Message, NodeId, Signed, mint
from distlab.state import Log, Record, RecordType, StateType
from distlab.value import (
    CLASSES,
    Value,
    ValueType,
    is_frozen_dataclass,
    wire_name,
)

SIZE_MAX = 16_000_000  # bytes of one text
DEPTH_MAX = 60  # brackets within brackets
ALIKE_MAX = 20  # members of a set with the same hash
PLAIN: frozenset[type] = frozenset({int, str, bool, type(None)})

Sign = Callable[[NodeId, Message], Signed]


# ------------------------------------------------------------------------------ writing
def to_json(value: Any) -> str:
    """One line of canonical JSON. Raises `Misuse` for what has no place in it."""
    try:
        return _dumps(
            value if value.__class__ in PLAIN else WRITE[value.__class__](value)
        )
    except RecursionError:
        raise Misuse("a value holds itself or is too deep: keep it flat.") from None
    except ValueError as error:  # an int of thousands of digits
        raise Misuse(f"this cannot be written as JSON: {error}.") from None


def size_bytes(msg: Any) -> int:
    """What a message takes on the wire, its name and field names included."""
    return len(to_json(msg))


_dumps = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class Writers(dict[type, Callable[[Any], Any]]):
    """For each class, what turns its values into what JSON has: made on first use."""

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        self[kind] = writer = _writer(kind)
        return writer


def plain(value: Any) -> Any:
    """The same content in what JSON has: numbers, text, arrays and objects."""
    return value if value.__class__ in PLAIN else WRITE[value.__class__](value)


def _sorted(members: Iterable[Any]) -> list[Any]:
    return sorted(map(plain, members), key=_dumps)


def _dict(value: dict[Any, Any]) -> Any:
    if all(key.__class__ is str and key[:1] != "$" for key in value):
        return {key: plain(item) for key, item in value.items()}
    return {"$dict": [[plain(key), plain(item)] for key, item in value.items()]}


WRITE = Writers(
    {
        **dict.fromkeys(PLAIN, lambda x: x),
        float: lambda x: x if isfinite(x) else {"$float": repr(x)},
        bytes: lambda x: {"$bytes": x.hex()},
        tuple: lambda x: [plain(item) for item in x],
        list: lambda x: {"$list": [plain(item) for item in x]},
        set: lambda x: {"$set": _sorted(x)},
        frozenset: lambda x: {"$frozenset": _sorted(x)},
        dict: _dict,
        Log: lambda x: {"$log": [plain(item) for item in x]},
    }
)


def _writer(kind: type) -> Callable[[Any], Any]:
    if issubclass(kind, type):
        return lambda cls: {"$class": _written_name(cls)}
    if not _has_fields(kind) and not isinstance(kind, EnumMeta):
        raise Misuse(
            f"a {kind.__name__} cannot be written as JSON: use numbers, text, tuples, "
            f"dicts, or a class derived from `Value`; of a node, its `state()`."
        )
    name = _written_name(kind)
    if isinstance(kind, EnumMeta):
        return lambda member: {"$enum": [name, member.name]}
    names = _field_names(kind)

    def write(value: Any) -> dict[str, Any]:
        told: dict[str, Any] = {"$": name}
        for field in names:
            item = getattr(value, field)
            told[field] = (
                item if item.__class__ in PLAIN else WRITE[item.__class__](item)
            )
        return told

    return write


def _written_name(cls: type) -> str:
    """The name of a class, if a reader can find the class by it."""
    name = wire_name(cls)
    found = _find(name)
    if found is None or wire_name(found) != name or found.__module__ != cls.__module__:
        raise Misuse(
            f"the class {name} cannot be found by its name: derive it from `Value`, or "
            f"define it at the top of a module that has messages."
        )
    return name


def _has_fields(kind: type) -> bool:
    return (
        issubclass(kind, (Value, Record))
        or (issubclass(kind, tuple) and hasattr(kind, "_fields"))
        or is_frozen_dataclass(kind)
    )


def _field_names(kind: Any) -> tuple[str, ...]:
    if issubclass(kind, tuple):
        return tuple(kind._fields)
    return tuple(field.name for field in fields(kind))


# ------------------------------------------------------------------------------ reading
def from_json(
    text: str,
    *,
    size_max: int = SIZE_MAX,
    depth_max: int = DEPTH_MAX,
    sign: Sign = mint,
) -> Any:
    """The value that `to_json` wrote. Raises `Misuse` for anything else.

    `sign(signer, msg)` gives each signature found in the text: by default as written;
    who does not trust the text gives a function that refuses what it has not seen.
    """
    if len(text) > size_max:
        raise Misuse(f"{len(text)} bytes are too many: at most {size_max} are read.")
    try:
        return _Reader(sign).read(_loads(text), depth_max)
    except RecursionError:
        raise Misuse(f"too deep: at most {depth_max} brackets may be open.") from None
    except ValueError as error:
        raise Misuse(f"this is not JSON: {error}.") from None


def from_json_lines(text: str, **limits: Any) -> list[Any]:
    """The values of several lines. Raises `Misuse` with the number of a wrong line."""
    values = []
    for number, line in enumerate(text.split("\n"), 1):
        try:
            if line.strip():
                values.append(from_json(line, **limits))
        except Misuse as error:
            raise Misuse(f"line {number}: {error}") from None
    return values


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        raise ValueError("a key occurs twice")
    return tree


def _not_json(name: str) -> None:
    raise ValueError(f"{name} is written as {{'$float': …}}")


_loads = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_not_json).decode


class _Reader:
    """Turns what JSON has back into values, down to a depth."""

    def __init__(self, sign: Sign):
        self.sign = sign

    def read(self, tree: Any, depth: int) -> Any:
        kind = tree.__class__
        if kind in PLAIN or kind is float:
            return tree
        if depth <= 0:
            raise RecursionError
        if kind is list:
            return tuple([self.read(item, depth - 1) for item in tree])
        if "$" in tree:
            return self.record(tree, depth)
        tag = next((key for key in tree if key[:1] == "$"), None)
        if tag is not None:
            return self.tagged(tag, tree, depth)
        return {key: self.read(item, depth - 1) for key, item in tree.items()}

    def tagged(self, tag: str, tree: dict[str, Any], depth: int) -> Any:
        if tag not in READ or len(tree) > 1:
            raise Misuse(
                f"nothing is written as {tag[:20]!r}: it is {', '.join(READ)}."
            )
        kind, reader = READ[tag]
        content: Any = tree[tag]
        if not isinstance(content, kind):
            raise Misuse(f"{tag!r} needs {'an array' if kind is list else 'text'}.")
        if isinstance(content, list):
            content = [self.read(item, depth - 1) for item in content]
        try:
            return reader(content)
        except Misuse:
            raise
        except (TypeError, ValueError, KeyError) as error:
            raise Misuse(f"{tag!r} cannot be read: {error}.") from None

    def record(self, tree: dict[str, Any], depth: int) -> Any:
        kind = _class(tree["$"])
        given = {f: self.read(tree[f], depth - 1) for f in tree if f != "$"}
        if not _has_fields(kind):
            raise Misuse(f"{tree['$']} has no fields: it is not a value.")
        try:
            return self.signed(**given) if kind is Signed else kind(**given)
        except Misuse:
            raise
        except TypeError as error:
            raise Misuse(f"{kind.__name__} cannot be made: {error}.") from None

    def signed(self, signer: Any, msg: Any) -> Signed:
        if not (isinstance(signer, str) and isinstance(msg, Message)):
            raise Misuse("a signature has the name of a node and a message.")
        return self.sign(signer, msg)


def _pairs(pairs: list[Any]) -> dict[Any, Any]:
    if not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise Misuse("'$dict' holds pairs of a key and a value.")
    _check_apart([key for key, _ in pairs])
    return dict(pairs)


def _check_apart(members: list[Any]) -> list[Any]:
    """Refuse members made to share one hash: to tell them apart takes for ever."""
    if len(members) > ALIKE_MAX:
        ((_, alike),) = Counter(map(hash, members)).most_common(1)
        if alike > ALIKE_MAX:
            raise Misuse(f"{alike} members of a set or dict have the same hash.")
    return members


def _member(named: list[Any]) -> Any:
    name, member = named
    kind = _class(name)
    if not isinstance(kind, EnumMeta) or member not in kind.__members__:
        raise Misuse(f"{name} has no member {member!r}.")
    return kind.__members__[member]


READ: dict[str, tuple[type, Callable[[Any], Any]]] = {
    "$list": (list, list),
    "$set": (list, lambda members: set(_check_apart(members))),
    "$frozenset": (list, lambda members: frozenset(_check_apart(members))),
    "$dict": (list, _pairs),
    "$log": (list, lambda entries: Log(*entries)),
    "$enum": (list, _member),
    "$bytes": (str, bytes.fromhex),
    "$float": (str, {"nan": nan, "inf": inf, "-inf": -inf}.__getitem__),
    "$class": (str, lambda name: _class(name)),
}


# --------------------------------------------------------------- classes by their names
def _class(name: Any) -> Any:
    found = _find(name) if isinstance(name, str) and len(name) < 300 else None
    if found is None:
        raise Misuse(
            f"no class of a protocol has the name {str(name)[:80]!r}: import the "
            f"module that defines it, then read again."
        )
    return found


def _find(name: str) -> type | None:
    """The class of this name: in the vocabulary, or in the module of a protocol."""
    if name in CLASSES:
        return CLASSES[name]
    path = name.split(".")
    for cut in range(len(path) - 1, 0, -1):
        module_name = ".".join(path[:cut])
        for full in (f"distlab.{module_name}", module_name):
            module = sys.modules.get(full)
            if module is not None and _is_protocol(module):
                return _inside(vars(module), path[cut:], full)
    return None


def _is_protocol(module: Any) -> bool:
    """Whether a module uses the vocabulary: text must not reach into any other."""
    kinds = (ValueType, StateType, RecordType)
    return module.__name__.startswith("distlab.") or any(
        isinstance(item, kinds) for item in vars(module).values()
    )


def _inside(names: Mapping[str, Any], path: list[str], module: str) -> type | None:
    found: Any = names.get(path[0])
    for name in path[1:]:
        found = vars(found).get(name) if isinstance(found, type) else None
    if not isinstance(found, type) or found.__module__ != module:
        return None
    return found if isinstance(found, EnumMeta) or _has_fields(found) else None
