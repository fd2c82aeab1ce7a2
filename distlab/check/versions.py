"""Which write of a key is older: what positions and real time say about it for certain.

A store that answers each write with its position in the log has said so itself.
Otherwise one write is older than another if it had ended before the other was called:
so it is wherever writes are linearizable, as with one leader. Of writes that
overlapped, nothing is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from distlab.errors import Misuse
from distlab.history import Operation


class Versions:
    """The writes of a history, by key and value, and what is known of their order.

    In each key a value is written once, so that a read tells which write it saw. Raises
    `Misuse` for a history in which one is not.
    """

    def __init__(self, history: Iterable[Operation]):
        self.writes: dict[Any, dict[Any, Operation]] = defaultdict(dict)
        for op in history:
            if op.f == "write":
                key, value = op.args
                if value is None or value in self.writes[key]:
                    raise Misuse(
                        f"{op.process} writes {key} = {value!r} again: this check "
                        f"needs values that are written once, and not None."
                    )
                self.writes[key][value] = op
        self.positioned = {key for key in self.writes if self._in_positions(key)}

    @property
    def basis(self) -> str:
        """By what the writes are ordered."""
        by = {"positions" if key in self.positioned else "time" for key in self.writes}
        return f"writes ordered by {' and '.join(sorted(by)) or 'nothing'}"

    def acknowledged(self, key: Any) -> list[Operation]:
        """The writes of a key that ended with *ok*."""
        return [op for op in self.writes[key].values() if op.outcome == "ok"]

    def _in_positions(self, key: Any) -> bool:
        positions = {op.result for op in self.acknowledged(key)}
        try:
            in_order = sorted(positions)
        except TypeError:  # None among them, or another thing that has no order
            return False
        return None not in in_order and len(in_order) == len(self.acknowledged(key))

    def seen(self, read: Operation) -> Operation | None:
        """The write that a read saw; None: the key had never been written."""
        (key,) = read.args
        return None if read.result is None else self.writes[key][read.result]

    def strange(self, read: Operation) -> str | None:
        """Why no write explains what a read returned, or None if one does."""
        if read.result is None:
            return None
        (key,) = read.args
        write = self.writes[key].get(read.result)
        if write is None:
            siblings = isinstance(read.result, tuple)
            hint = " (`check.freshness` judges reads of siblings)" if siblings else ""
            return f"{told(read)}, which nobody wrote{hint}."
        if write.outcome == "fail":
            return f"{told(read)}, but {told(write)} and was told that it had failed."
        assert read.ended_us is not None  # it returned something
        if read.ended_us < write.invoked_us:
            return f"{told(read)} before {told(write)}."
        return None

    def older(self, one: Operation | None, other: Operation) -> bool:
        """Whether `one` certainly comes before `other` in their key.

        None, the key before any write, comes before them all.
        """
        if one is None:
            return True
        if one.outcome != "ok":
            return False  # it may take effect at any later time
        if one.args[0] in self.positioned:
            return other.outcome == "ok" and bool(one.result < other.result)
        return one.before(other)

    def why_older(self, one: Operation | None, other: Operation) -> str:
        """The sentence that says why `one`, or nothing at all, is too old."""
        if one is None:
            return f"{version(other)} is missing."
        if one.args[0] in self.positioned:
            why = f"its position is {one.result!r}, the other's {other.result!r}"
        else:
            why = (
                f"it had ended at {one.when(one.ended_us)}, before the other was "
                f"called at {other.when(other.invoked_us)}"
            )
        return f"{version(one)} is older than {version(other)}: {why}."

    def newest(self, writes: Iterable[Operation]) -> list[Operation]:
        """Those of some writes of one key that are not older than another of them."""
        writes = list(writes)
        if not writes:
            return []
        if writes[0].args[0] in self.positioned:
            placed = [write for write in writes if write.outcome == "ok"]
            last = max(placed, key=lambda write: write.result, default=writes[0])
        else:
            last = max(writes, key=lambda write: write.invoked_us)
        return [write for write in writes if not self.older(write, last)]


def version(write: Operation | None) -> str:
    """`x = 1`."""
    return "nothing" if write is None else f"{write.args[0]} = {write.args[1]!r}"


def told(op: Operation) -> str:
    """An operation as a clause: `c1 read x = 1 (12 to 14 ms)`."""
    if op.f == "write":
        return f"{op.process} wrote {version(op)} ({op.span})"
    if op.result is None:
        return f"{op.process} read {op.args[0]} and found nothing ({op.span})"
    return f"{op.process} read {op.args[0]} = {op.result!r} ({op.span})"


def counted(n: int, thing: str) -> str:
    """`1 key`, `2 keys`."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"
