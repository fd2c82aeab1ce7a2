"""Processes that forget something about vector clocks, each named after it."""

from distlab.clocks.vector import Happened, Stamped, Told, Vector, VectorClock
from distlab.node import NodeId


class NeverTicks(VectorClock):
    """tick: counts nothing."""

    def happen(self, what: str) -> Vector:
        self.output(Happened(what, self.known))
        return self.known


class TicksAllEntries(VectorClock):
    """tick: takes its own event for one of everybody's."""

    def happen(self, what: str) -> Vector:
        self.clock = Vector(tuple(count + 1 for count in self.known.counts))
        self.output(Happened(what, self.clock))
        return self.clock


class SendsTheVectorBefore(VectorClock):
    """send: the message does not know of its own sending."""

    def tell(self, what: str, to: tuple[NodeId, ...]):
        before = self.known
        self.happen(f"tells {what}")
        self.send(to, Told(before, what))
        self.ok(before)


class DoesNotLookAtStamps(VectorClock):
    """receive: knows of its own events alone."""

    def before_stamped(self, src: NodeId, msg: Stamped):
        pass


class TakesTheStampOver(VectorClock):
    """receive: forgets what the sender did not know."""

    def before_stamped(self, src: NodeId, msg: Stamped):
        mine = self.nodes.index(self.id)
        counts = list(msg.ts.counts)
        counts[mine] = self.known.counts[mine]
        self.clock = Vector(tuple(counts))


class HearsOfTheSenderAlone(VectorClock):
    """receive: takes over the sender's own entry, and not what the sender had heard."""

    def before_stamped(self, src: NodeId, msg: Stamped):
        counts, theirs = list(self.known.counts), self.nodes.index(src)
        counts[theirs] = max(counts[theirs], msg.ts.counts[theirs])
        self.clock = Vector(tuple(counts))


# ---------------------------------------------- vectors compared in a wrong way
class AddsUp(Vector):
    """sup: each entry is the sum of both."""

    def sup(self, other: Vector) -> Vector:
        pairs = zip(self.counts, other.counts, strict=True)
        return AddsUp(tuple(mine + theirs for mine, theirs in pairs))


class ReadsFromTheLeft(Vector):
    """≤: the first entry in which they differ decides."""

    def __le__(self, other: Vector) -> bool:
        return self.counts <= other.counts


class IsBeforeItself(Vector):
    """<: forgets that a vector is not less than itself."""

    def __lt__(self, other: Vector) -> bool:
        return self <= other


class IsConcurrentWithItsPast(Vector):
    """∥: asks one way only."""

    def concurrent(self, other: Vector) -> bool:
        return not self <= other
