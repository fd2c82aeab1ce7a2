"""Fresh reads: whether readers see what was acknowledged, and how often they do not.

For stores that keep siblings (see `check.siblings`): what is due to a read is shown by
a version that covers it. Nothing else is asked of the order of the writes, and the same
judges serve quorums that overlap and such that do not.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from distlab.check.siblings import WRITES, Vector, checked, told
from distlab.check.verdict import Verdict
from distlab.check.versions import counted
from distlab.history import History, Operation
from distlab.value import Value


class Staleness(Value):
    """How often reads missed what was due to them."""

    reads: int  # those that something was due to
    stale: tuple[Operation, ...]

    @property
    def rate(self) -> float:
        """The part of the reads that was stale; 0 if nothing was due to any."""
        return len(self.stale) / self.reads if self.reads else 0.0

    def __str__(self) -> str:
        return f"{len(self.stale)} of {self.reads} reads stale ({self.rate:.1%})"


def fresh_reads(history: History) -> Verdict:
    """A read returns what was acknowledged before it began, or what superseded it.

    The history of one client alone, where nobody deletes, tells whether it reads its
    own writes.
    """
    promise = "reads return what was acknowledged before they began"
    return _judged(promise, history, _acknowledged(history))


def no_inversion(history: History) -> Verdict:
    """A read returns what an earlier one returned, whoever it was, or what replaced it.

    The history of one client alone, where nobody deletes, tells whether its reads are
    monotonic.
    """
    promise = "what one read has returned, a later one returns"
    return _judged(promise, history, _returned(history))


def staleness(history: History) -> Staleness:
    """How many reads missed what was acknowledged before they began."""
    return _measured(list(_misses(history, _acknowledged(history))))


class Due(NamedTuple):
    """A vector that reads have to cover from the end of this operation on."""

    vector: Vector
    op: Operation


class Miss(NamedTuple):
    """A read, and what it should have shown and did not: nothing, if it did."""

    read: Operation
    missed: tuple[Due, ...]


def _acknowledged(history: History) -> list[Due]:
    return [Due(op.result, op) for op in history.where(*WRITES, outcome="ok")]


def _returned(history: History) -> list[Due]:
    reads = history.where("read", outcome="ok")
    return [Due(version.vector, op) for op in reads for version in op.result]


def _judged(promise: str, history: History, dues: Iterable[Due]) -> Verdict:
    reads = list(_misses(history, dues))
    bad = [read for read in reads if read.missed]
    if bad:
        reason = " ".join(
            f"{told(due.op)}, and then {told(read)}." for read, (due, *_) in bad
        )
        evidence = dict.fromkeys(op for read, (due, *_) in bad for op in (due.op, read))
        strength = f"{len(bad)} of {counted(len(reads), 'read')} broke it"
        return Verdict("invalid", promise, strength, reason, tuple(evidence))
    strength = f"{counted(len(reads), 'read')} could have broken it"
    if not reads:
        reason = "No read of this history could have broken it."
        return Verdict("unknown", promise, strength, reason)
    return Verdict("valid", promise, strength, "Every read has what was due to it.")


def _measured(reads: Sequence[Miss]) -> Staleness:
    return Staleness(len(reads), tuple(read for read, missed in reads if missed))


def _misses(history: History, dues: Iterable[Due]) -> Iterator[Miss]:
    """The reads to which something was due, in their order.

    What another due covers is due no more: of each key only the newest are kept.
    """
    history = checked(history)
    waiting = deque(sorted(dues, key=lambda due: due.op.ended_us or 0))
    newest: dict[Any, list[Due]] = defaultdict(list)
    deletions = history.where("delete", test=lambda op: op.outcome != "fail")
    for read in history.where("read", outcome="ok"):
        key = read.args[0]
        while waiting and (waiting[0].op.ended_us or 0) < read.invoked_us:
            _add(newest[waiting[0].op.args[0]], waiting.popleft())
        if due := [*newest[key], *_at_once(read, waiting)]:
            missed = (d for d in due if not _shows(read, d, deletions))
            yield Miss(read, tuple(missed))


def _at_once(read: Operation, waiting: Iterable[Due]) -> Iterator[Due]:
    """What the same client had done in the microsecond in which it began to read."""
    for due in waiting:
        if (due.op.ended_us or 0) > read.invoked_us:
            return
        if due.op.before(read) and due.op.args[0] == read.args[0]:
            yield due


def _add(newest: list[Due], due: Due) -> None:
    """Keep a due beside those that it does not cover, unless one of them covers it."""
    if not any(other.vector.covers(due.vector) for other in newest):
        newest[:] = [d for d in newest if not due.vector.covers(d.vector)] + [due]


def _shows(read: Operation, due: Due, deletions: Iterable[Operation]) -> bool:
    """Whether a read returned a version that covers this, or it was deleted."""

    def absent(vector: Vector) -> bool:  # nothing that a deletion covers was returned
        return not any(vector.covers(version.vector) for version in read.result)

    if due.op.f == "delete":
        return absent(due.vector)
    if any(version.vector.covers(due.vector) for version in read.result):
        return True
    return any(
        op.outcome == "info" or (op.result.covers(due.vector) and absent(op.result))
        for op in deletions
        if op.args[0] == read.args[0] and op.invoked_us <= (read.ended_us or 0)
    )
