"""What a history of transactions shows, key by key: who wrote what, and who read it.

Source
    Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental
    Observations", PVLDB 14(3), 2020: what the clients' own observations tell.

A transaction is an operation `txn` whose arguments are micro-operations, `("append",
key, value)`, `("w", key, value)`, `("r", key, None)` and `("scan", prefix, None)`; its
result is the same with what was read: a list is a tuple, a register its value or None.
A scan shows all keys that begin with its prefix, as a tuple of pairs; a key that it
does not show held nothing. Each value of a key is written once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from distlab.check.limits import Limits, Meter
from distlab.check.processes import one_at_a_time
from distlab.errors import Misuse
from distlab.history import Operation

UNSEEN: Any = object()
NOTHING = (None, ())
NOBODY = -1
FOREVER = 2**62  # µs


class Fault(NamedTuple):
    """What is wrong without any ring: a name, a key, a value, and transactions."""

    name: str
    key: Any
    value: Any
    transactions: tuple[int, ...]


class Key:
    """One key: who wrote its versions, and who read which of them."""

    def __init__(self, name: Any, number: int):
        self.name = name
        self.number = number
        self.f = ""  # "append" or "w", as soon as one was seen
        self.writes: dict[Any, int] = {}
        self.failed: dict[Any, int] = {}
        self.superseded: set[Any] = set()  # values that their own writer replaced
        self.reads: list[tuple[int, Any]] = []  # of what others had written
        self.shown: list[tuple[int, Any]] = []  # reads behind own writes
        self.updates: dict[int, Any] = {}  # of a register: who replaced which version
        self.longest: tuple = ()  # version of a list that anybody read
        self.last = NOBODY  # who read it
        self.order: list[int] = []  # of a list: the writers of its elements
        self.firsts: list[int] = []  # writers that may have come first


class Observed:
    """A history of transactions, sorted by keys. Raises `Misuse` for any other.

    And `Exceeded` if that takes more than a meter allows.
    """

    def __init__(self, history: Iterable[Operation], meter: Meter | None = None):
        self.meter = meter or Limits().meter()
        self.ops: Sequence[Operation] = tuple(history)
        self.keys: dict[Any, Key] = {}
        self.scans: list[tuple[int, str, dict]] = []  # and the keys that they know of
        self.faults: list[Fault] = []
        self.calls: list[int] = []  # µs
        self.ends: list[int] = []  # µs: when each had certainly happened
        self.previous: list[int] = []  # the last certain one of the same process
        for t, op in enumerate(self.meter.paced(self.ops)):
            try:
                self._take(t, op)
            except Misuse:
                raise
            except (ValueError, TypeError):
                raise Misuse(f"{op}: {NOT_A_TRANSACTION}") from None
        self._in_time()
        for key in self.keys.values():
            if not key.f and any(not is_list(value) for _, value in key.reads):
                key.f = "w"  # which nobody did
            if key.f == "w" and any(is_changeable(v) for _, v in key.reads):
                raise Misuse(
                    f"{key.name} is a register, and a list or a set was read there: a "
                    f"value is a number, text or a tuple."
                )

    def _in_time(self) -> None:
        certain: dict[str, int] = {}
        for t, op in enumerate(self.meter.paced(one_at_a_time(self.ops))):
            process, _, _, call, outcome, _, end = op
            self.calls.append(call)
            self.ends.append(end if outcome == "ok" and end is not None else FOREVER)
            self.previous.append(certain.get(process, NOBODY))
            if outcome == "ok":
                certain[process] = t

    def _take(self, t: int, op: Operation) -> None:
        """What one transaction did, in its own order."""
        if op.f != "txn":
            raise Misuse(f"{op}: {NOT_A_TRANSACTION}")
        ok, failed = op.outcome == "ok", op.outcome == "fail"
        own: dict[Any, list] = {}  # by key: version seen, own values since, last own
        for f, name, value in micro_operations(op):
            if f == "scan":
                if ok:
                    self._scan(t, name, value, own)
                continue
            key = self.keys.get(name)
            if key is None:
                key = self.keys[name] = Key(name, len(self.keys))
            known = own.get(name)
            if f == "r":
                if not ok:
                    continue
                if known is None:
                    key.reads.append((t, value))
                    own[name] = [value, (), UNSEEN]
                else:
                    self._read_again(t, key, value, known)
            else:
                self._write(t, key, f, value, failed)
                if known is None:
                    own[name] = [UNSEEN, (value,), value]
                else:
                    _write_again(t, key, value, known)

    def _write(self, t: int, key: Key, f: str, value: Any, failed: bool) -> None:
        if f != key.f:
            if key.f or f not in ("append", "w"):
                told = f"mixes {key.f!r} and {f!r}" if key.f else f"has {f!r}"
                raise Misuse(f"{key.name!r} {told}: {NOT_A_TRANSACTION}")
            key.f = f
        if failed:
            key.failed.setdefault(value, t)
        elif value in key.writes or value is None:
            raise Misuse(
                f"{self.ops[t].process} writes {key.name} = {value!r} again: this "
                f"check needs values that are written once in each key, and not None."
            )
        else:
            key.writes[value] = t

    def _read_again(self, t: int, key: Key, value: Any, known: list) -> None:
        """A later read shows what the first did, and what was written since."""
        seen, written, last = known
        if not written:
            right = value == seen or (value in NOTHING and seen in NOTHING)
        elif key.f == "w":
            right = value == written[-1]
        elif seen is UNSEEN:
            right = listed(value)[-len(written) :] == written
        else:
            right = listed(value) == (*listed(seen), *written)
        if not right:
            self.faults.append(Fault("internal", key.name, value, (t,)))
        if written:
            key.shown.append((t, value))
        elif not right and last is UNSEEN:
            key.reads.append((t, value))
        known[:] = value, (), last

    def _scan(self, t: int, prefix: str, pairs: Any, own: dict[Any, list]) -> None:
        shown = dict(pairs)
        for name in [n for n in own if str(n).startswith(prefix) and n not in shown]:
            seen, _, last = own[name]
            if last is not UNSEEN or seen not in NOTHING:
                self.faults.append(Fault("internal", name, None, (t,)))
        for name, value in shown.items():
            key = self.keys.setdefault(name, Key(name, len(self.keys)))
            if name not in own:
                key.reads.append((t, value))
                own[name] = [value, (), UNSEEN]
            else:
                self._read_again(t, key, value, own[name])
        self.scans.append((t, prefix, dict.fromkeys(own)))

    def reads_by(self, t: int) -> Iterator[tuple[Key, Any]]:
        """What a transaction saw of the writes of others, in its own order."""
        own: set[Any] = set()
        known = self.ops[t].outcome == "ok"
        for f, name, value in micro_operations(self.ops[t]) if known else ():
            if f == "scan":
                pairs = tuple(value)
                yield from ((self.keys[k], v) for k, v in pairs if k not in own)
            elif f != "r":
                own.add(name)
            elif name not in own:
                key = self.keys[name]
                yield key, value if key.f == "w" else listed(value)


def _write_again(t: int, key: Key, value: Any, known: list) -> None:
    """A write behind a read of the same transaction, or behind another write of it."""
    seen, written, last = known
    if last is not UNSEEN:
        key.superseded.add(last)
    elif key.f == "w":
        key.updates[t] = seen
    known[1], known[2] = (*written, value), value


def micro_operations(op: Operation) -> tuple:
    """What a transaction did; with what it read, if it is known to have happened."""
    if op.outcome != "ok":
        return op.args
    if op.result is None and any(f not in ("append", "w") for f, _, _ in op.args):
        raise ValueError
    return op.args if op.result is None else op.result


def listed(value: Any) -> tuple:
    """A version of a list: nothing at all is an empty one."""
    if not is_list(value):
        raise Misuse(
            f"{value!r} was read where lists are appended to: {NOT_A_TRANSACTION}"
        )
    return () if value is None else tuple(value)


def is_changeable(value: Any) -> bool:
    """Whether this cannot be a value that was written."""
    return isinstance(value, (list, dict, set))


def is_list(value: Any) -> bool:
    """Whether this may have been read from a list."""
    return value is None or isinstance(value, (tuple, list))


NOT_A_TRANSACTION = (
    "this check needs transactions, `txn` with micro-operations ('append', key, value) "
    "or ('w', key, value), ('r', key, None) and ('scan', prefix, None), and the same "
    "with what was read as the result of each that is ok."
)
