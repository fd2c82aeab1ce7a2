"""Stores that keep siblings: what became of writes, by the vectors of their versions.

A write or a delete ends with the vector of its version, a read with a tuple of versions
(deleted ones are not shown). One vector covers another if its version stands on the
other's: a version supersedes those that it covers, and no value needs to be unique.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from distlab.check.verdict import Verdict
from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.history import History, Operation


class Vector(Protocol):
    """What a version stands on."""

    def covers(self, other: Any) -> bool:
        """Whether this stands on all that the other stands on."""


class Version(Protocol):
    """A value and what it stands on."""

    @property
    def value(self) -> Any:
        """What was written."""

    @property
    def vector(self) -> Vector:
        """What its writer knew of, this write included."""


Rows = Mapping[Any, Sequence[Version]]  # what a replica holds under each key
WRITES = ("write", "delete")


# --------------------------------------------------------------------------- durability
def acknowledged_writes(history: History, final: Mapping[str, Rows]) -> Verdict:
    """Whether each acknowledged write is there at the end, or was superseded.

    `final` tells for each replica what its keys hold, deletions included; one that has
    a version is enough. What supersedes a write covers it, and its writer had seen the
    write, or what stood on it, or was the same one. A client that has come back from a
    crash, `c1#2`, is the writer that it was.
    """
    promise = "acknowledged writes are there, or superseded"
    written = [op for op in checked(history).where(*WRITES) if op.outcome == "ok"]
    strength = f"{counted(len(written), 'write')}, {counted(len(final), 'replica')}"
    if not written or not final:
        reason = "No write was acknowledged." if final else "Nobody looked at the end."
        return Verdict("unknown", promise, strength, reason)
    pasts = Pasts(history)
    reasons = {op: _loss(op, final, pasts) for op in written}
    lost = {op: why for op, why in reasons.items() if why}
    if lost:
        reason = f"{counted(len(lost), 'acknowledged write')} lost. "
        reason += " ".join(lost.values())
        return Verdict("invalid", promise, strength, reason, tuple(lost))
    return Verdict("valid", promise, strength, "Some replica has each of them.")


def _loss(write: Operation, final: Mapping[str, Rows], pasts: Pasts) -> str | None:
    """How an acknowledged write was lost, or None if it was not."""
    key, there = write.args[0], list[str]()
    for replica, rows in final.items():
        for version in rows.get(key, ()):
            found = f"{version} on {replica}"
            if version.vector.covers(write.result):
                if write in pasts.of(key, version):
                    return None
                found += ", which covers it and whose writer had never seen it"
            there.append(found)
    return f"{told(write)}, and now there is {'; '.join(there) or 'nothing'}."


class Pasts:
    """Which writes of a key each version stands on, by what its writer had seen.

    A read does not show what was deleted: what covers a deletion is taken at its word.
    """

    def __init__(self, history: History):
        self.made: dict[Any, list[Operation]] = defaultdict(list)  # by key and vector
        self.unknown: dict[Any, list[Operation]] = defaultdict(list)  # by key
        self.past: dict[Operation, frozenset[Operation]] = {}  # of each write
        known: dict[tuple[str, Any], frozenset[Operation]]
        known = defaultdict(frozenset)  # by writer and key
        for op, ends in _as_it_went(history):
            key = op.args[0]
            writer = op.process.partition("#")[0], key
            if op.f == "read":
                for version in op.result if ends else ():
                    known[writer] |= self.seen(key, version)
            elif not ends:
                known[writer] = self.past[op] = known[writer] | {op}
                made = op.outcome == "ok"
                (self.made[key, op.result] if made else self.unknown[key]).append(op)

    def seen(self, key: Any, version: Version) -> frozenset[Operation]:
        """What whoever has seen a version knows of."""
        writers = self.made[key, version.vector] or self.unknown[key]
        values = (), (version.value,)  # a deletion has none
        pasts = (self.past[op] for op in writers if op.args[1:] in values)
        return frozenset[Operation]().union(*pasts)

    def of(self, key: Any, version: Version) -> frozenset[Operation]:
        """The writes that a version stands on."""
        deletions = [op for op in self.unknown[key] if op.f == "delete"]
        for (of, vector), writers in self.made.items():
            if of == key and version.vector.covers(vector):
                deletions += [op for op in writers if op.f == "delete"]
        return self.seen(key, version).union(*(self.past[op] for op in deletions))


def _as_it_went(history: History) -> Iterator[tuple[Operation, bool]]:
    """Each operation that may have happened as it begins, and as it ends with *ok*."""
    moments = []
    for op in history:
        if op.outcome != "fail":
            moments.append((op.invoked_us, 1, op))
        if op.outcome == "ok" and op.ended_us is not None:
            moments.append((op.ended_us, 0, op))
    for _, begins, op in sorted(moments, key=lambda moment: moment[:2]):
        yield op, not begins


# ---------------------------------------------------------------------------- agreement
def convergence(final: Mapping[str, Rows]) -> Verdict:
    """Whether all replicas hold the same versions of each key."""
    promise = "all replicas hold the same"
    keys = sorted({key for rows in final.values() for key in rows}, key=repr)
    strength = f"{counted(len(keys), 'key')}, {counted(len(final), 'replica')}"
    if len(final) < 2 or not keys:
        reason = "It takes two replicas, and something that one of them holds."
        return Verdict("unknown", promise, strength, reason)
    apart = []
    for key in keys:
        held: dict[tuple[Version, ...], list[str]] = {}
        for replica, rows in final.items():
            held.setdefault(tuple(rows.get(key, ())), []).append(replica)
        if len(held) > 1:
            told = (
                f"{' and '.join(replicas)} {listed(versions)}"
                for versions, replicas in held.items()
            )
            apart.append(f"Of {key} there is on {'; on '.join(told)}.")
    if apart:
        return Verdict("invalid", promise, strength, " ".join(apart))
    return Verdict("valid", promise, strength, "No key differs.")


# ------------------------------------------------------------------------ what was done
def told(op: Operation) -> str:
    """An operation as a clause: `c1 read x: 1 [c2:1] (12 to 14 ms)`."""
    key = op.args[0]
    when = f"({op.invoked_ms:g} to {op.ended_ms:g} ms)"
    if op.f == "read":
        return f"{op.process} read {key}: {listed(op.result)} {when}"
    if op.f == "delete":
        return f"{op.process} deleted {key} {op.result} {when}"
    return f"{op.process} wrote {key} = {op.args[1]!r} {op.result} {when}"


def listed(versions: Iterable[Version]) -> str:
    """`1 [c1:1] and 2 [c2:1]`."""
    return " and ".join(map(str, versions)) or "nothing"


def checked(history: History) -> History:
    """The same history. Raises `Misuse` for results that have no vectors."""
    for op in history.where("read", *WRITES, outcome="ok"):
        several = op.result if op.f == "read" else ()
        if (
            not isinstance(several, tuple)
            or not all(hasattr(version, "vector") for version in several)
            or (op.f != "read" and not hasattr(op.result, "covers"))
        ):
            raise Misuse(
                f"{op}: this check needs reads that end with versions and writes that "
                f"end with their vectors; `check.sessions` judges single values."
            )
    return history
