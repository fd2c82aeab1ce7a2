"""What went wrong between transactions, by the names that are known for it.

Source
    Adya, "Weak Consistency", MIT 1999: G0 to G2. Kingsbury and Alvaro, "Elle", PVLDB
    14(3), 2020: the others, and that an anomaly is shown by its ring. Berenson et al.,
    "A Critique of ANSI SQL Isolation Levels", SIGMOD 1995: lost updates and skews.
    Bailis et al., "Highly Available Transactions", VLDB 2013, and "Scalable Atomic
    Visibility with RAMP Transactions", SIGMOD 2014: what vanishes, what is fractured.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import Any

from distlab.check.dependencies import ALWAYS, ON, RW, WR, WW, Dependencies
from distlab.check.ladder import LADDER, RANK, Ring, Step
from distlab.check.levels import REAL_TIME, SESSION
from distlab.check.limits import Exceeded, Meter
from distlab.check.observations import Fault, Key
from distlab.check.rings import Rings
from distlab.check.telling import Anomaly, Teller

FORMS = (
    "lost update",
    "fractured read",
    "observed transaction vanishes",
    "write skew",
)
RINGS = (
    *(kind.name for kind in LADDER),
    *FORMS,
    *(phenomenon.name for phenomenon in (*SESSION, *REAL_TIME)),
)


class Found:
    """All that was found in a history, counting on an order up to `basis`."""

    def __init__(self, graph: Dependencies, basis: int, meter: Meter):
        self.graph = graph
        self.rings = Rings(graph, meter)
        try:
            self._look(basis, meter)
        except Exceeded:
            self.rings.unsure += RINGS

    def _look(self, basis: int, meter: Meter) -> None:
        """Look for rings, first for those that count on nothing."""
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
        self.values: dict[int, dict[int, list]] = {}  # by key: what each has written
        self.hubs: dict[int, set[int]] = {}  # that lead to a transaction
        self.missed: dict[int, set[int]] = {}  # keys in which somebody did not see it
        edges = rings.edges.only((rings.edges.kind == ON) | (rings.edges.kind == RW))
        columns = edges.src.tolist(), edges.dst.tolist(), edges.key.tolist()
        for src, dst, key in zip(*columns, strict=True):
            self.missed.setdefault(dst, set()).add(key)
            if src >= len(rings.ops):
                self.hubs.setdefault(dst, set()).add(src)

    def found(self) -> list[Ring]:
        """Each named form that a component shows."""
        told: dict[tuple[str, int], Ring] = {}
        searches = (
            (self._lost, FORMS[:1]),
            (self._fractured, FORMS[1:3]),
            (self._skewed, FORMS[3:]),
        )
        for t, component in self.rings.component.items():
            self.meter.step()
            for search, names in searches:
                if all((name, component) in told for name in names):
                    continue
                for name, *steps in search(t):
                    told.setdefault((name, component), Ring(name, tuple(steps)))
            if self.meter.exceeded:
                self.rings.unsure += FORMS
                break
        return list(told.values())

    def _lost(self, t: int) -> Iterator[tuple]:
        """The first lost update: it replaced what it had read, and so did another."""
        for there in self._missed(t, lambda key: t in self._places(key)):
            other, places = there.dst, self._places(there.key)
            if places[other] < places[t]:
                yield "lost update", Step(other, t, WW, there.key), there
                return
            for step in self._between(other, t):
                if step.key == there.key:
                    yield "lost update", step._replace(dst=t), there
                    return

    def _skewed(self, t: int) -> Iterator[tuple]:
        """The first write skew: two that miss what the other wrote elsewhere."""
        missed = self.missed.get(t, set())
        for there in self._missed(t, lambda key: bool(missed - {key})):
            for step in self._between(there.dst, t):
                if step.key != there.key and t < there.dst:
                    yield "write skew", step._replace(dst=t), there
                    return

    def _missed(self, t: int, wanted: Callable[[int], bool]) -> Iterator[Step]:
        """What a transaction did not see of some keys, until a limit; past hubs."""
        for step in self.rings.out(t):
            if step.kind != RW or not wanted(step.key):
                continue
            hub = step.dst >= len(self.rings.ops)
            for there in self.rings.out(step.dst) if hub else (step,):
                if not self.meter.step():
                    return
                yield step._replace(dst=there.dst)

    def _between(self, one: int, other: int) -> Iterator[Step]:
        """What one transaction did not see of another, or the ways there by hubs."""
        hubs = self.hubs.get(other, ())
        for step in self.rings.out(one):
            if step.kind == RW and (step.dst == other or step.dst in hubs):
                yield step

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
        reads = list(enumerate(self.graph.observed.reads_by(t)))
        seen: dict[int, tuple[int, int]] = {}  # by writer: when, and of which key
        for at, (key, version) in reads:
            self.meter.step()
            for value in (version,) if key.f == "w" else version:
                writer = key.writes.get(value, t)
                if writer != t:
                    seen.setdefault(writer, (at, key.number))
        missed: dict[int, tuple[int, int]] = {}
        for at, (key, version) in reads:
            for writer in self._lacked(t, key, version, seen):
                missed[writer] = at, key.number
        for writer, (at, where) in missed.items():
            first, of = seen[writer]
            name = "observed transaction vanishes" if first < at else "fractured read"
            yield name, Step(writer, t, WR, of), Step(t, writer, RW, where)

    def _lacked(
        self, t: int, key: Key, version: Any, seen: dict[int, tuple[int, int]]
    ) -> Iterator[int]:
        """Of whom a version lacks something, of those who were seen in other keys."""
        wrote = self._written(key)
        both = [w for w in seen.keys() & wrote.keys() if seen[w][1] != key.number]
        shown = () if key.f == "w" or not both else frozenset(version)
        for writer in sorted(both):
            if key.f == "w":
                lacks = any(s.key == key.number for s in self._between(t, writer))
            else:
                lacks = any(value not in shown for value in wrote[writer])
            if lacks:
                yield writer

    def _written(self, key: Key) -> dict[int, list]:
        """What each transaction that happened wrote under a key."""
        if key.number not in self.values:
            wrote: dict[int, list] = {}
            for value, writer in key.writes.items():
                if self.graph.happened[writer]:
                    wrote.setdefault(writer, []).append(value)
            self.values[key.number] = wrote
        return self.values[key.number]
