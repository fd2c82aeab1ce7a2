"""Servers that forget something about version vectors, each named after it."""

from typing import Any

from distlab.clocks.version_vector import Recovered, Row, Sync, Vector, VersionVectors
from distlab.node import NodeId


class Replaces(Row):
    """update: puts a write in the place of all, whatever its client has seen."""

    def update(self, server: NodeId, value: Any, context: Vector) -> Row:
        return super().update(server, value, context.join(self.vector))


class DoesNotCount(Row):
    """update: leaves the vector as it was."""

    def update(self, server: NodeId, value: Any, context: Vector) -> Row:
        row = super().update(server, value, context)
        return type(self)(row.values, self.vector.join(context))


class CountsFromTheContext(Row):
    """update: numbers a write after those that its client knows."""

    def update(self, server: NodeId, value: Any, context: Vector) -> Row:
        row = super().update(server, value, context)
        own = Vector(((server, context[server] + 1),))
        return type(self)(row.values, self.vector.join(context).join(own))


class ForgetsTheContext(Row):
    """update: the vector is the server's own, with one more."""

    def update(self, server: NodeId, value: Any, context: Vector) -> Row:
        row = super().update(server, value, context)
        own = Vector(((server, self.vector[server] + 1),))
        return type(self)(row.values, self.vector.join(own))


class TakesTheirs(Row):
    """conflict: what comes replaces what is there."""

    def sync(self, other: Row) -> Row:
        return other


class KeepsItsOwn(Row):
    """conflict: and forgets the values of the other."""

    def sync(self, other: Row) -> Row:
        return self if not other.vector.covers(self.vector) else other


class KeepsBothVectors(Row):
    """merge: has the values of both, and the vector of one."""

    def sync(self, other: Row) -> Row:
        row = super().sync(other)
        return row if row in (self, other) else type(self)(row.values, self.vector)


class CoversIfOneEntryDoes(Vector):
    """compatible: any entry that is as great is enough."""

    def covers(self, other: Vector) -> bool:
        return any(self[server] >= n for server, n in other.counts) or not other.counts


class ComparesOneEntry(Row):
    """compatible: as above."""

    def sync(self, other: Row) -> Row:
        mine = CoversIfOneEntryDoes(self.vector.counts)
        return self if mine.covers(other.vector) else super().sync(other)


def with_rows_of(row: type[Row]) -> type[VersionVectors]:
    """Servers whose rows are of this kind."""
    return type(
        row.__name__, (VersionVectors,), {"empty": row(), "__doc__": row.__doc__}
    )


class AsksNobodyAfterACrash(VersionVectors):
    """Goes on with what it had."""

    def on_recover(self, report: Any):
        pass


class TellsNobodyAfterACrash(VersionVectors):
    """Asks the others, and does not tell them what they have missed."""

    def on_recover(self, report: Any):
        self.send(self.peers, Recovered(()))


class TellsTheFirstAlone(VersionVectors):
    """merge: leaves the others to themselves."""

    def send(self, to: Any, msg: Any):
        if isinstance(msg, Sync) and not isinstance(to, str):
            to = to[:1]
        super().send(to, msg)
