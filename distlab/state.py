"""State is fields: what kinds there are, how a twin is made, and when two are equal.

A class body says what a crash keeps and what it loses, like the boxes of Raft's Fig. 2:

    timeout_ms: float = setting(100)                # given for a run; not state
    current_term: int = durable(0)                  # on disk: survives a crash
    votes: set[NodeId] = volatile(set())            # in memory: a crash loses it
    decided: tuple[int, ...] = ghost(())            # for checking only; never read

Each field is a slot, so an attribute that was not declared is refused by Python itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from enum import Enum
from types import FunctionType
from typing import Any, Generic, Literal, NamedTuple, TypeVar, dataclass_transform

from distlab.errors import Misuse
from distlab.value import (
    ATOMS,
    CLASSES,
    IMMUTABLE,
    INSTEAD,
    Value,
    annotated,
    changeable,
    check_frozen,
    compiled_init,
    wire_name,
)


class Field(NamedTuple):
    """One line of a class body: its kind and what it starts from."""

    kind: Literal["setting", "durable", "volatile", "ghost", "part", "runtime"]
    initial: Any


def setting(default: Any = None) -> Any:
    """Given for the cluster or a node, fixed in a run: what sliders turn. Not state."""
    check_setting("setting", default)
    return Field("setting", default)


def durable(initial: Any, *, init: Literal[False] = False) -> Any:
    """State on disk before any message or output of the same step leaves.

    Holds values (numbers, text, tuples, `Log`) and changes by assignment only, so that
    a write is seen: a list changed in place would never reach the disk.
    """
    check_frozen(initial, Field, "durable")
    return Field("durable", initial)


def volatile(initial: Any, *, init: Literal[False] = False) -> Any:
    """State that a crash loses. Each node starts from its own copy of `initial`."""
    frozen(initial)
    return Field("volatile", initial)


def ghost(initial: Any, *, init: Literal[False] = False) -> Any:
    """History kept only for checking: handlers write it and never read it."""
    frozen(initial)
    return Field("ghost", initial)


def part(protocol: type, *, init: Literal[False] = False) -> Any:
    """Another protocol inside this one: its messages travel wrapped in ours."""
    return Field("part", protocol)


def check_setting(name: str, value: Any) -> None:
    """Refuse a setting that could change during a run."""
    if type(value) in INSTEAD:
        raise Misuse(f"the setting `{name}` is {changeable(value)}")


@dataclass_transform(
    field_specifiers=(setting, durable, volatile, ghost, part),
    eq_default=False,
)
class StateType(type):
    """Turns the annotated fields of a class body into slots; remembers their kinds."""

    _fields: dict[str, Field]

    def __new__(
        meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any]
    ) -> StateType:
        """Take the fields out of the class body, and refuse those without a kind."""
        own = annotated(namespace)
        declared = {field: namespace.pop(field, None) for field in own}
        if bases:  # all but `Node` itself
            _check_fields(name, bases, declared, namespace)
        fields: dict[str, Field] = {}
        for base in reversed(bases):
            fields |= getattr(base, "_fields", {})
        fields |= {f: how for f, how in declared.items() if isinstance(how, Field)}
        namespace |= {"__slots__": own, "_fields": fields}  # for `__init_subclass__`
        cls = super().__new__(meta, name, bases, namespace)
        CLASSES[wire_name(cls)] = cls
        return cls


def _check_fields(
    cls: str, bases: tuple[Any, ...], declared: dict[str, Any], rest: dict[str, Any]
) -> None:
    for field, how in declared.items():
        if not isinstance(how, Field):
            raise Misuse(
                f"{cls}.{field} does not say what kind of field it is: write "
                f"`= setting(…)`, `durable(…)`, `volatile(…)` or `ghost(…)`."
            )
        for base in bases:
            if hasattr(base, field) and field not in getattr(base, "_fields", ()):
                raise Misuse(
                    f"{cls}.{field} would hide `{field}` of {base.__name__}: choose "
                    f"another name."
                )
    for name, item in rest.items():
        if isinstance(item, Field):
            raise Misuse(
                f"{cls}.{name} has a kind and no type: write "
                f"`{name}: … = {item.kind}(…)`."
            )


@dataclass_transform()
class RecordType(type):
    """Makes each subclass of `Record` a data class with one slot for each field."""

    _defaults: dict[str, Any]

    def __new__(
        meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any]
    ) -> RecordType:
        """Take the fields and their defaults out of the class body."""
        own = annotated(namespace)
        defaults = {field: namespace.pop(field) for field in own if field in namespace}
        cls = super().__new__(meta, name, bases, {**namespace, "__slots__": own})
        cls._defaults = {**getattr(cls, "_defaults", {}), **defaults}
        dataclass(init=False)(cls)  # type: ignore[arg-type]
        if own:
            init = compiled_init(cls, _own_copy, _copied=copied)
            cls.__init__ = init  # type: ignore[misc]
        CLASSES[wire_name(cls)] = cls
        return cls


def _own_copy(name: str, default: Any) -> str:
    """Records that start from the same default must not share it."""
    changeable = not (default.__class__ in ATOMS or isinstance(default, Value))
    return f" if {name} is _default_{name}: {name} = _copied({name})" * changeable


class Record(metaclass=RecordType):
    """A small named bundle that a node keeps and changes: `Pending(op, replies)`.

    Its fields hold what a node's fields may hold. Never put one into a message.
    """


def copied(value: Any) -> Any:
    """A twin that shares nothing changeable: dicts, lists, sets, records, all down."""
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind is dict:
        return {key: copied(item) for key, item in value.items()}
    if kind is list:
        return [copied(item) for item in value]
    if kind is set:
        return set(value)
    if isinstance(value, Record):
        twin = object.__new__(kind)
        for f in fields(value):
            setattr(twin, f.name, copied(getattr(value, f.name)))
        return twin
    return value


def frozen(value: Any) -> Any:
    """The same content as a hashable value: equal states, equal values.

    The order of a dict does not count. Raises `Misuse` for a plain mutable object,
    which could hide state.
    """
    kind = type(value)
    if kind in ATOMS or isinstance(value, Value):
        return value
    if kind is dict:
        return frozenset((frozen(key), frozen(item)) for key, item in value.items())
    if kind is list:
        return tuple(map(frozen, value))
    if kind is set:
        return frozenset(map(frozen, value))
    if isinstance(value, Record):
        return (kind, *(frozen(getattr(value, f.name)) for f in fields(value)))
    if isinstance(value, (tuple, frozenset)):
        check_frozen(value, kind, "item")
    elif not (kind in IMMUTABLE or isinstance(value, (Enum, type, FunctionType))):
        raise Misuse(
            f"a {kind.__name__} in a node's state may change unseen: use numbers, "
            f"text, tuples, dicts, lists, sets, or a class derived from `Record`."
        )
    return value


T = TypeVar("T")


class Log(Generic[T]):
    """A log as a value: append, snapshot and equality without copying.

    Entries are numbered from 1, as in the papers. All logs that grew from one another
    share one list; a log is that list and how far of it is ours. Constant time: append,
    cut, length, look-up, equality of relatives. Equal logs that grew apart are compared
    entry by entry.

    >>> log = Log().append("x").append("y")
    >>> log[1], log.last_index, log.cut(1), log
    ('x', 2, Log('x'), Log('x', 'y'))
    """

    __slots__ = ("_entries", "_length")

    def __init__(self, *entries: T):
        for entry in entries:
            check_frozen(entry, Log, "entry")
        self._entries = list(entries)
        self._length = len(entries)

    def append(self, entry: T) -> Log[T]:
        """This log and one more entry."""
        if entry.__class__ not in ATOMS:
            check_frozen(entry, Log, "entry")
        entries, length = self._entries, self._length
        if len(entries) != length:
            there = entries[length]
            if there is entry or (there == entry and type(there) is type(entry)):
                return _log(entries, length + 1)
            entries = entries[:length]  # a relative went another way: part from it
        entries.append(entry)
        return _log(entries, length + 1)

    def extend(self, entries: tuple[T, ...]) -> Log[T]:
        """This log and these entries after it."""
        log = self
        for entry in entries:
            log = log.append(entry)
        return log

    def cut(self, index: int) -> Log[T]:
        """The entries up to `index`, that one included."""
        return _log(self._entries, max(0, min(index, self._length)))

    @property
    def last_index(self) -> int:
        """The index of the last entry; 0 when there is none."""
        return self._length

    def after(self, index: int) -> tuple[T, ...]:
        """The entries behind `index`."""
        return tuple(self._entries[max(0, index) : self._length])

    def __getitem__(self, index: int) -> T:
        if not 1 <= index <= self._length:
            raise IndexError(f"the log has no entry {index}: {self._bounds()}.")
        return self._entries[index - 1]

    def _bounds(self) -> str:
        return f"it holds 1 to {self._length}" if self._length else "it is empty"

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries[: self._length])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Log):
            return NotImplemented
        if self._length != other._length:
            return False
        return self._entries is other._entries or list(self) == list(other)

    def __hash__(self) -> int:
        last = self._entries[self._length - 1] if self._length else None
        return hash((self._length, last))

    def __repr__(self) -> str:
        return f"Log({', '.join(map(repr, self))})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Log, tuple(self)


def _log(entries: list[T], length: int) -> Log[T]:
    log: Log[T] = object.__new__(Log)
    log._entries, log._length = entries, length
    return log


IMMUTABLE.add(Log)
