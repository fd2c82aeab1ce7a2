"""Hybrid logical clocks: numbers that respect causes and stay near the time of day.

Source
    Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks", OPODIS 2014:
    the algorithm of Figure 5, and the theorems on it.
Guarantees
    If a happened before b, a → b, then (l, c) of a is smaller than (l, c) of b. No l is
    behind the clock of its process; each is what some clock showed at an event of its
    past, and so at most ε ahead. At least c events of that past have this l, too.
Assumes
    Clocks that differ by at most ε and never go back: else l runs ahead by more, and
    the order is right all the same. Links may lose, double and reorder messages. Who
    crashes does not come back: it has forgotten what it had heard of.
Costs
    No message more; two numbers in each.
Departs
    The clock is read in whole milliseconds. A message that arrives first gives its
    stamp, if that is greater, and then counts like any event: the four cases of the
    figure come to that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from distlab.node import Assumes, Call, Message, Node, NodeId, Timer, Value, volatile


class Stamp(NamedTuple):
    """When something happened. Stamps compare as pairs; equal ones are concurrent."""

    l_ms: int  # the latest time of day that is known of
    c: int  # counts on while this stays the same


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
    pt_ms: int  # what its own clock showed


class HybridClock(Node):
    """A process with a hybrid clock: `act(what)`, `tell(what, to)`, `rest(for_ms)`.

    An application of its own is a subclass: its messages derive from `Stamped`, and
    whatever it does begins with `ts = self.happen(…)`.
    """

    assumes = Assumes(failures="crash-stop", clock="bounded drift")

    clock: Stamp = volatile(Stamp(0, 0))

    def happen(self, what: str) -> Stamp:  # Fig. 5, send or local event
        pt_ms = int(self.now_ms)
        l_ms = max(self.clock.l_ms, pt_ms)
        c = self.clock.c + 1 if l_ms == self.clock.l_ms else 0
        self.clock = Stamp(l_ms, c)
        self.output(Happened(what, self.clock, pt_ms))
        return self.clock

    def act(self, what: str):
        self.ok(self.happen(what))

    def tell(self, what: str, to: tuple[NodeId, ...]):
        ts = self.happen(f"tells {what}")
        self.send(to, Told(ts, what))
        self.ok(ts)

    def before_stamped(self, src: NodeId, msg: Stamped):  # Fig. 5, receive event
        self.clock = max(self.clock, msg.ts)

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
