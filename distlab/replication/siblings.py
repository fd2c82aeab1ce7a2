"""Siblings: which writes overwrote which, and those that did not know of each other.

Source
    Parker et al., "Detection of Mutual Inconsistency in Distributed Systems", IEEE
    Transactions on Software Engineering SE-9(3), 1983; DeCandia et al., "Dynamo:
    Amazon's Highly Available Key-value Store", SOSP 2007, section 4.4.
Guarantees
    `merge` keeps every version that no other supersedes, and none besides. It does not
    matter in which order, how often or where versions are merged.
Assumes
    A writer counts its writes and never uses a number twice.
Costs
    One number for each writer that a version stands on; a merge compares each pair.
Departs
    Numbers belong to the clients that write, not to the nodes that coordinate: two
    clients of one node would otherwise supersede each other unseen. Nothing is
    truncated.
"""

from __future__ import annotations

from typing import Any

from distlab.node import NodeId, Value


class Vector(Value):
    """How many writes of each writer something stands on, the writers in order."""

    counts: tuple[tuple[NodeId, int], ...] = ()

    def __getitem__(self, writer: NodeId) -> int:
        return dict(self.counts).get(writer, 0)

    def covers(self, other: Vector) -> bool:  # §4.4, syntactic reconciliation
        """Whether this stands on all that the other stands on."""
        mine = dict(self.counts)
        return all(mine.get(writer, 0) >= number for writer, number in other.counts)

    def join(self, other: Vector) -> Vector:  # §4.4, context
        """The least that covers both."""
        writers = sorted(dict((*self.counts, *other.counts)))
        return Vector(tuple((w, max(self[w], other[w])) for w in writers))

    def then(self, writer: NodeId, number: int) -> Vector:
        """This, and the writer's write of that number."""
        return self.join(Vector(((writer, number),)))

    def __repr__(self) -> str:
        return f"[{' '.join(f'{writer}:{number}' for writer, number in self.counts)}]"


class Tombstone(Value):
    """In the place of a value: the key was deleted."""

    def __repr__(self) -> str:
        return "deleted"


class Version(Value):
    """What one write left, and the writes that it knew of, itself included."""

    value: Any
    vector: Vector

    def __repr__(self) -> str:
        return f"{self.value!r} {self.vector!r}"


Siblings = tuple[Version, ...]  # none supersedes another; in the order of their vectors


def merge(*several: Siblings) -> Siblings:  # §4.4, syntactic reconciliation
    """The versions that no other one supersedes."""
    held_first = reversed(several)
    versions = {v.vector: v for siblings in held_first for v in siblings}
    newest = [
        version
        for vector, version in versions.items()
        if not any(other.covers(vector) for other in versions if other != vector)
    ]
    return tuple(sorted(newest, key=lambda version: version.vector.counts))


def context(siblings: Siblings) -> Vector:  # §4.4, context
    """What someone who has read these versions knows of."""
    known = Vector()
    for version in siblings:
        known = known.join(version.vector)
    return known
