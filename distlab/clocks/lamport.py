"""Logical clocks: whatever happens gets a number, greater than those of its causes.

Source
    Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM
    21(7), 1978: implementation rules IR1 and IR2 and the order ⇒, p. 560.
Guarantees
    The Clock Condition: if a happened before b, a → b, then C(a) < C(b). Not the other
    way round: of a smaller number nothing follows. The order ⇒ is total, contains → and
    is the same for everybody.
Assumes
    Links may lose, double and reorder messages. Who crashes does not come back: it has
    forgotten its clock.
Costs
    No message more; one number and one name in each.
Departs
    The receipt of a message is an event, too: IR1 raises the clock for it after IR2
    has, so that it is above the message's stamp.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from distlab.node import Assumes, Call, Message, Node, NodeId, Timer, Value, volatile


class Stamp(NamedTuple):  # ⇒
    """When something happened. Stamps compare in the total order: ties go by name."""

    clock: int
    process: NodeId


class Stamped(Message):
    """What every message carries: derive those of an application from it."""

    ts: Stamp


class Told(Stamped):
    """Some news."""

    what: str


class Rested(Timer):
    """It has rested."""


class Happened(Value):
    """An event of this process, told to the layer above."""

    what: str
    ts: Stamp


class LamportClock(Node):
    """A process with a logical clock: `act(what)`, `tell(what, to)`, `rest(for_ms)`.

    An application of its own is a subclass: its messages derive from `Stamped`, and
    whatever it does begins with `ts = self.happen(…)`.
    """

    assumes = Assumes(failures="crash-stop")

    clock: int = volatile(0)

    def happen(self, what: str) -> Stamp:  # IR1
        self.clock += 1
        ts = Stamp(self.clock, self.id)  # ⇒
        self.output(Happened(what, ts))
        return ts

    def act(self, what: str):
        self.ok(self.happen(what))

    def tell(self, what: str, to: tuple[NodeId, ...]):  # IR2 (a)
        ts = self.happen(f"tells {what}")
        self.send(to, Told(ts, what))
        self.ok(ts)

    def before_stamped(self, src: NodeId, msg: Stamped):  # IR2 (b)
        self.clock = max(self.clock, msg.ts.clock)

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
