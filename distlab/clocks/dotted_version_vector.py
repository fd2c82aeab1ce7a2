"""Dotted version vectors: a write covers what its client has seen, and nothing else.

Source
    Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Dotted Version Vectors: Logical
    Clocks for Optimistic Replication", arXiv 1011.5808, 2010: `update` and `sync`.
Guarantees
    An acknowledged value stays until a client that has seen it writes the key again,
    and no longer: sooner or later at all servers, which become equal.
Assumes
    As with version vectors, and no message arrives twice. What servers tell each other
    of a key is all they have: then whoever knows the n-th write of a server knows of
    those before it.
Costs
    As with version vectors; a key takes one number for each server and each of its
    values, which are no more than have been written at once.
Departs
    Client and messages are those of `version_vector`. A dot stands beside the vector of
    what was seen, as in the authors' later papers, not inside of it.
"""

from __future__ import annotations

from typing import Any, ClassVar, NamedTuple, Self

from distlab.clocks.version_vector import Client, Vector, VersionVectors
from distlab.node import Assumes, NodeId, Value


class Dot(NamedTuple):
    """The name of one write: the server that took it, and its number there."""

    server: NodeId
    number: int


class Version(Value):
    """A value, the write that it is of, and what the client knew that wrote it."""

    value: Any
    dot: Dot
    past: Vector

    def __repr__(self) -> str:
        return f"{self.value!r} {self.dot.server}:{self.dot.number} over {self.past!r}"


class Versions(Value):
    """A key: its values, none of them written by who had seen another."""

    versions: tuple[Version, ...] = ()  # in the order of their dots

    @property
    def values(self) -> tuple[Any, ...]:
        return tuple(version.value for version in self.versions)

    @property
    def context(self) -> Vector:  # join
        """What a client knows that has read this."""
        known = Vector()
        for version in self.versions:
            known = known.join(version.past).join(Vector((version.dot,)))
        return known

    def update(self, server: NodeId, value: Any, context: Vector) -> Self:  # update
        """A write whose client knows this much: its dot leaves a gap for the rest."""
        dot = Dot(server, self.context[server] + 1)
        return self.sync(type(self)((Version(value, dot, context),)))

    def sync(self, other: Self) -> Self:  # sync
        """What two servers have together, but for what a version covers."""
        both = {version.dot: version for version in (*self.versions, *other.versions)}
        newest = [
            version
            for dot, version in both.items()
            if not any(dot.number <= by.past[dot.server] for by in both.values())
        ]
        return type(self)(tuple(sorted(newest, key=lambda version: version.dot)))


class DottedVersionVectors(VersionVectors):
    """A server of versions with dots; all else is as with version vectors."""

    assumes = Assumes(links="reliable", disk="torn writes")
    empty: ClassVar[Any] = Versions()


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (DottedVersionVectors, 3), "clients": (Client, 2)}
