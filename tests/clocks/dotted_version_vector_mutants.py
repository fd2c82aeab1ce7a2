"""Rows that forget something about dots, each named after it."""

from typing import Any

from distlab.clocks.dotted_version_vector import Dot, Version, Versions
from distlab.clocks.version_vector import Vector
from distlab.node import NodeId


class FillsTheGap(Versions):
    """update: a vector alone, which stands for all of the server's writes so far."""

    def update(self, server: NodeId, value: Any, context: Vector) -> Versions:
        unseen = Vector(((server, self.context[server]),))
        return super().update(server, value, context.join(unseen))


class ForgetsTheContext(Versions):
    """update: a write stands on nothing."""

    def update(self, server: NodeId, value: Any, context: Vector) -> Versions:
        return super().update(server, value, Vector())


class CountsFromTheContext(Versions):
    """update: numbers a write after those that its client knows."""

    def update(self, server: NodeId, value: Any, context: Vector) -> Versions:
        version = Version(value, Dot(server, context[server] + 1), context)
        return self.sync(type(self)((version,)))


class StandsOnAllThereIs(Versions):
    """update: takes the client for one that has seen what the server has."""

    def update(self, server: NodeId, value: Any, context: Vector) -> Versions:
        return super().update(server, value, context.join(self.context))


class KeepsAll(Versions):
    """sync: nothing is ever covered."""

    def sync(self, other: Versions) -> Versions:
        both = {v.dot: v for v in (*self.versions, *other.versions)}
        return type(self)(tuple(both[dot] for dot in sorted(both)))


class TakesTheirs(Versions):
    """sync: what comes replaces what is there."""

    def sync(self, other: Versions) -> Versions:
        return type(self)(other.versions)


class LooksAtTheirsAlone(Versions):
    """sync: its own may cover theirs, and does not look."""

    def sync(self, other: Versions) -> Versions:
        kept = [v for v in super().sync(other).versions if v not in other.versions]
        both = {v.dot: v for v in (*kept, *other.versions)}
        return type(self)(tuple(both[dot] for dot in sorted(both)))


class JoinsPastsAlone(Versions):
    """join: who has read the versions knows what they stand on, and not them."""

    @property
    def context(self) -> Vector:
        known = Vector()
        for version in self.versions:
            known = known.join(version.past)
        return known


class JoinsDotsAlone(Versions):
    """join: who has read the versions knows them, and not what they stand on."""

    @property
    def context(self) -> Vector:
        known = Vector()
        for version in self.versions:
            known = known.join(Vector((version.dot,)))
        return known
