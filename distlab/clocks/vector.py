"""Vector clocks: whatever happens knows how much it knows of each process.

Source
    Mattern, "Virtual Time and Global States of Distributed Systems", Workshop on
    Parallel and Distributed Algorithms, 1989. Found at the same time: Fidge,
    "Timestamps in Message-Passing Systems That Preserve the Partial Ordering", 11th
    Australian Computer Science Conference, 1988.
Guarantees
    The strong clock condition: V(a) < V(b) if and only if a happened before b, a → b.
    So two stamps tell whether either could have caused the other.
Assumes
    Links may lose, double and reorder messages. All processes are known. Who crashes
    does not come back: it has forgotten its clock.
Costs
    No message more; in each as many numbers as there are processes.
Departs
    Nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from distlab.node import Assumes, Call, Message, Node, NodeId, Timer, Value, volatile


class Vector(Value):
    """How many events of each process are known, the processes in their order."""

    counts: tuple[int, ...]

    def tick(self, place: int) -> Vector:
        """One event more of the process at this place."""
        counts = self.counts
        return Vector((*counts[:place], counts[place] + 1, *counts[place + 1 :]))

    def sup(self, other: Vector) -> Vector:  # sup
        """The least vector that is above both."""
        return Vector(tuple(map(max, self.counts, other.counts)))

    def __le__(self, other: Vector) -> bool:  # ≤
        pairs = zip(self.counts, other.counts, strict=True)
        return all(mine <= theirs for mine, theirs in pairs)

    def __lt__(self, other: Vector) -> bool:  # <
        return self <= other and self != other

    def concurrent(self, other: Vector) -> bool:  # ∥
        """Whether neither is before the other."""
        return not self <= other and not other <= self

    def __repr__(self) -> str:
        return f"[{' '.join(map(str, self.counts))}]"


class Stamped(Message):
    """What every message carries: derive those of an application from it."""

    ts: Vector


class Told(Stamped):
    """Some news."""

    what: str


class Rested(Timer):
    """It has rested."""


class Happened(Value):
    """An event of this process, told to the layer above."""

    what: str
    ts: Vector


class VectorClock(Node):
    """A process with a vector clock: `act(what)`, `tell(what, to)`, `rest(for_ms)`.

    An application of its own is a subclass: its messages derive from `Stamped`, and
    whatever it does begins with `ts = self.happen(…)`.
    """

    assumes = Assumes(failures="crash-stop")

    clock: Vector | None = volatile(None)

    @property
    def known(self) -> Vector:
        return self.clock or Vector((0,) * len(self.nodes))

    def happen(self, what: str) -> Vector:  # tick
        self.clock = self.known.tick(self.nodes.index(self.id))
        self.output(Happened(what, self.clock))
        return self.clock

    def act(self, what: str):
        self.ok(self.happen(what))

    def tell(self, what: str, to: tuple[NodeId, ...]):  # send
        ts = self.happen(f"tells {what}")
        self.send(to, Told(ts, what))
        self.ok(ts)

    def before_stamped(self, src: NodeId, msg: Stamped):  # receive
        self.clock = self.known.sup(msg.ts)

    def on_told(self, src: NodeId, msg: Told):
        self.happen(f"hears {msg.what}")

    def rest(self, for_ms: float):
        self.set_timer(Rested(), for_ms)

    def on_rested(self, timer: Rested):
        self.ok()

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a process does when a run says nothing: it acts, rests and tells."""
        others = tuple(other for other in ("s1", "s2", "s3") if other != node)
        for i in range(5):
            yield Call("act", (f"{node}.{i}",))
            yield Call("rest", choose(1, (2, 5, 10, 20)))
            yield Call("tell", (f"{node}.{i}", choose(1, others)))
