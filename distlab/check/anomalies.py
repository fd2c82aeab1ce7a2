"""What went wrong between transactions, by the names that are known for it.

Source
    Adya, "Weak Consistency", MIT 1999: G0 to G2. Kingsbury and Alvaro, "Elle", PVLDB
    14(3), 2020: the others, and that an anomaly is shown by its ring. Berenson et al.,
    "A Critique of ANSI SQL Isolation Levels", SIGMOD 1995: lost updates and skews.
    Bailis et al., "Highly Available Transactions", VLDB 2013, and "Scalable Atomic
    Visibility with RAMP Transactions", SIGMOD 2014: what vanishes, what is fractured.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any

from distlab.check.dependencies import ALWAYS, RW, WR, WW, Dependencies
from distlab.check.limits import Meter
from distlab.check.observations import Fault, Key
from distlab.check.rings import RANK, Ring, Rings, Step
from distlab.check.telling import Anomaly, Teller

FORMS = (
    "lost update",
    "fractured read",
    "observed transaction vanishes",
    "write skew",
)


class Found:
    """All that was found in a history, counting on an order up to `basis`."""

    def __init__(self, graph: Dependencies, basis: int, meter: Meter):
        self.graph = graph
        self.rings = Rings(graph, meter)
        if not len(self.rings.tangled(basis)[0].src):
            return  # and there are none that count on less
        for one in range(basis + 1):
            self.rings.prepare(one)
            if one == ALWAYS:
                for ring in Forms(self.rings, meter).found():
                    self.rings.add(ring)
            self.rings.climb()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all, the worst first."""
        whole: list[Ring | Fault] = [*self.graph.faults, *self.rings.found]
        return tuple(sorted({one.name for one in whole}, key=RANK.__getitem__))

    def told(self, names: Container[str] = RANK) -> Iterator[Anomaly]:
        """Those of some names in words, the worst first."""
        whole: list[Ring | Fault] = [*self.graph.faults, *self.rings.found]
        for one in sorted(whole, key=lambda one: RANK[one.name]):
            if one.name in names:
                yield Teller(self.graph).told(one)


class Forms:
    """The rings that have a name of their own: one of each in each component."""

    def __init__(self, rings: Rings, meter: Meter):
        self.rings = rings
        self.graph = rings.graph
        self.meter = meter
        self.writers: dict[int, dict[int, int]] = {}  # by key: and their first places

    def found(self) -> list[Ring]:
        """Each named form that a component shows."""
        told: dict[tuple[str, int], Ring] = {}
        for t, component in self.rings.component.items():
            if not self.meter.step():
                self.rings.unsure += FORMS
                break
            for name, *steps in (*self._two(t), *self._fractured(t)):
                told.setdefault((name, component), Ring(name, tuple(steps)))
        return list(told.values())

    def _two(self, t: int) -> Iterator[tuple]:
        """Lost updates and write skews of two transactions."""
        for there in self._missed(t):
            other = there.dst
            back = [step for step in self._missed(other) if step.dst == t]
            places = self._places(there.key)
            if t in places:  # it replaced what it had read
                known = places[other] < places[t]
                if known:
                    yield "lost update", Step(other, t, WW, there.key), there
                yield from (
                    ("lost update", step, there)
                    for step in back
                    if step.key == there.key and not known
                )
            yield from (
                ("write skew", step, there)
                for step in back
                if step.key != there.key and t < other
            )

    def _missed(self, t: int) -> Iterator[Step]:
        """What a transaction did not see, by items; past hubs."""
        for step in self.rings.out.get(t, ()):
            if step.kind == RW and step.dst < len(self.rings.ops):
                yield step
            elif step.kind == RW:
                for on in self.rings.out[step.dst]:
                    yield step._replace(dst=on.dst)

    def _places(self, k: int) -> dict[int, int]:
        """Where each writer of a key wrote first; behind all of it if nobody saw."""
        if k not in self.writers:
            key = self.graph.keys[k]
            places = dict.fromkeys(key.writes.values(), len(key.order))
            for place, t in reversed(list(enumerate(key.order))):
                places[t] = place
            self.writers[k] = places
        return self.writers[k]

    def _fractured(self, t: int) -> Iterator[tuple]:
        """What a transaction saw of another one, and what it did not see of it."""
        seen: dict[int, tuple[int, int]] = {}  # by writer: when, and of which key
        missed: dict[int, tuple[int, int]] = {}
        for at, (key, version) in enumerate(self.graph.observed.reads_by(t)):
            saw, lacked = self._parts(t, key, version)
            for writer in saw:
                seen.setdefault(writer, (at, key.number))
            for writer in lacked:
                missed[writer] = at, key.number
        for writer, (at, where) in missed.items():
            first, of = seen.get(writer, (at, where))
            if of != where and writer != t:
                vanishes = first < at
                name = "observed transaction vanishes" if vanishes else "fractured read"
                yield name, Step(writer, t, WR, of), Step(t, writer, RW, where)

    def _parts(self, t: int, key: Key, version: Any) -> tuple[list[int], list[int]]:
        """Of whom a version shows something, and of whom it lacks something."""
        if key.f == "w":
            lacked = [step.dst for step in self._missed(t) if step.key == key.number]
            return [key.writes.get(version, t)], lacked
        shown = dict.fromkeys(version)
        whole = {value: w for value, w in key.writes.items() if self.graph.happened[w]}
        saw = [w for value, w in whole.items() if value in shown]
        return saw, [w for value, w in whole.items() if value not in shown]
