"""Stores that keep siblings: what became of writes, by the vectors of their versions.

A write or a delete ends with the vector of its version, a read with a tuple of versions
(deleted ones are not shown). One vector covers another if its version stands on the
other's: a version supersedes those that it covers, and no value needs to be unique.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple, Protocol

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
    written = [
        (place, op)
        for place, op in enumerate(checked(history))
        if op.f in WRITES and op.outcome == "ok"
    ]
    strength = f"{counted(len(written), 'write')}, {counted(len(final), 'replica')}"
    if not written or not final:
        reason = "No write was acknowledged." if final else "Nobody looked at the end."
        return Verdict("unknown", promise, strength, reason)
    there, pasts = defaultdict[Any, list[Found]](list), Pasts(history)
    for replica, rows in final.items():
        for key, versions in rows.items():
            there[key] += [Found(v, replica, pasts.of(key, v)) for v in versions]
    said = [(op, _loss(place, op, there[op.args[0]])) for place, op in written]
    lost = [(op, why) for op, why in said if why]
    if lost:
        reason = f"{counted(len(lost), 'acknowledged write')} lost. "
        reason += " ".join(why for _, why in lost)
        evidence = tuple(op for op, _ in lost)
        return Verdict("invalid", promise, strength, reason, evidence)
    return Verdict("valid", promise, strength, "Some replica has each of them.")


class Found(NamedTuple):
    """A version that is there at the end, and the writes that it stands on."""

    version: Version
    replica: str
    past: Past


def _loss(place: int, write: Operation, there: Iterable[Found]) -> str:
    """How an acknowledged write was lost; empty if it was not."""
    instead = []
    for version, replica, past in there:
        claim = ""
        if version.vector.covers(write.result):
            if past >> place & 1:
                return ""
            claim = ", which covers it and whose writer had never seen it"
        instead.append(f"{version} on {replica}{claim}")
    return f"{told(write)}, and now there is {'; '.join(instead) or 'nothing'}."


Past = int  # a set of operations: a bit for each, by its place in the history


class Pasts:
    """Which writes of a key each version stands on, by what its writer had seen.

    A read does not show what was deleted: what covers a deletion is taken at its word.
    """

    def __init__(self, history: History):
        self.history = history
        self.made: dict[Any, list[int]] = defaultdict(list)  # by key and vector
        self.unknown: dict[Any, list[int]] = defaultdict(list)  # by key
        self.past: dict[int, Past] = {}  # of each write
        known: dict[tuple[str, Any], Past] = defaultdict(int)  # by writer and key
        for place, ends in _as_it_went(history):
            op = history[place]
            key = op.args[0]
            writer = op.process.partition("#")[0], key
            if op.f == "read":
                for version in op.result if ends else ():
                    known[writer] |= self.seen(key, version)
            elif not ends:
                known[writer] = self.past[place] = known[writer] | 1 << place
                made = op.outcome == "ok"
                (self.made[key, op.result] if made else self.unknown[key]).append(place)

    def seen(self, key: Any, version: Version) -> Past:
        """What whoever has seen a version knows of."""
        writers = self.made[key, version.vector] or self.unknown[key]
        values = (), (version.value,)  # a deletion has none
        return self.union(i for i in writers if self.history[i].args[1:] in values)

    def of(self, key: Any, version: Version) -> Past:
        """The writes that a version stands on."""
        writers = list(self.unknown[key])
        for (of, vector), made in self.made.items():
            if of == key and version.vector.covers(vector):
                writers += made
        deletions = (i for i in writers if self.history[i].f == "delete")
        return self.seen(key, version) | self.union(deletions)

    def union(self, writes: Iterable[int]) -> Past:
        """All that any of these stands on."""
        return reduce(or_, (self.past[place] for place in writes), 0)


def _as_it_went(history: History) -> Iterator[tuple[int, bool]]:
    """The place of each operation that may have happened as it begins, and as it ends.

    Of those that ended in a moment and those that began in it, the first come first.
    """
    moments = []
    for place, op in enumerate(history):
        if op.f not in ("read", *WRITES):
            continue
        if op.outcome != "fail":
            moments.append((op.invoked_us, 1, place))
        if op.outcome == "ok" and op.ended_us is not None:
            moments.append((op.ended_us, 0, place))
    for _, begins, place in sorted(moments):
        yield place, not begins


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
    when = f"({op.span})"
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
