"""Rings in a graph of dependencies, the shortest that a budget allows.

Source
    Kingsbury and Alvaro, "Elle", PVLDB 14(3), 2020: components first, then breadth
    first inside them; the same with the order of sessions and of real time.

Costs
    Components are linear in the edges. In a component, one search of its edges for each
    edge that may close a ring, until the budget is spent. Whether there is a ring is
    then known all the same, save for G-single, and one is shown that may not be the
    shortest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from distlab.check.dependencies import (
    IN_TIME,
    ON,
    PROCESS,
    REAL_TIME,
    Dependencies,
    Edges,
)
from distlab.check.graphs import MISSED, components, doubled, with_order
from distlab.check.ladder import (
    BASES,
    LADDER,
    Kind,
    Ring,
    Step,
    classified,
    covers,
    misses,
    simple,
    tidied,
)
from distlab.check.levels import CYCLES
from distlab.check.limits import Meter
from distlab.check.observations import FOREVER


class Rings:
    """The rings of a graph; then those that count on sessions, or on real time."""

    def __init__(self, graph: Dependencies, meter: Meter):
        self.graph = graph
        self.meter = meter
        self.observed = graph.observed
        self.ops = graph.observed.ops
        self.found: list[Ring] = []
        self.through: dict[int, list[Ring]] = {}  # the same, by where they begin
        self._tangled: dict[int, tuple[Edges, Any]] = {}
        self.unsure: list[str] = []  # names of which some may have been overlooked

    def tangled(self, basis: int) -> tuple[Edges, Any]:
        """The edges that may be in a ring, counting on this, and each node's part."""
        if basis not in self._tangled:
            self.meter.require()
            edges, nodes = with_order(self.graph, basis)
            self.meter.require()
            labels = components(nodes, edges.src, edges.dst)
            self.meter.require()
            inside = (labels[edges.src] == labels[edges.dst]) & (labels[edges.src] >= 0)
            self._tangled[basis] = edges.only(inside), labels
        return self._tangled[basis]

    def prepare(self, basis: int) -> None:
        """Count on this from now on: what follows each node that may be in a ring.

        Those that are left get numbers without gaps.
        """
        import numpy

        self.basis = basis
        self.edges, labels = self.tangled(basis)
        self.left = numpy.flatnonzero(labels >= 0)
        self.number = numpy.zeros(len(labels), int)
        self.number[self.left] = numpy.arange(len(self.left))
        edges = self.edges.only(self.edges.kind != REAL_TIME)
        edges = edges.only(numpy.argsort(edges.src, kind="stable"))
        ends = numpy.searchsorted(edges.src, numpy.arange(len(labels) + 1))
        self._ends, self._rows = ends.tolist(), [row.tolist() for row in edges]
        self._out: dict[int, list[Step]] = {}
        left = self.left[self.left < len(self.ops)]
        parts = zip(left.tolist(), labels[left].tolist(), strict=True)
        self.component = dict(parts)

    def out(self, node: int) -> list[Step]:
        """What follows a node, save in real time."""
        if node not in self._out:
            begin, end = self._ends[node], self._ends[node + 1]
            self._out[node] = [*map(Step, *(row[begin:end] for row in self._rows))]
        return self._out[node]

    def add(self, ring: Ring) -> None:
        """Keep a ring that was found."""
        self.found.append(ring)
        self.through.setdefault(ring.steps[0].src, []).append(ring)

    def climb(self) -> None:
        """Look for rings of each kind, the worst first."""
        for kind in LADDER:
            name = kind.name
            if self.basis:
                name = f"{name.removesuffix('-predicate')}{BASES[self.basis]}"
            if self.basis and kind.name.removesuffix("-predicate") not in CYCLES:
                continue
            if self.meter.look():
                self._climb(kind, name)
            else:
                self.unsure.append(name)

    # ---------------------------------------------------------- one rung of the ladder
    def _climb(self, kind: Kind, name: str) -> None:
        """Look for rings of one kind, component by component."""
        import numpy

        allowed = [*(kind.closing | kind.others), ON, PROCESS, REAL_TIME]
        edges = self.edges.only(numpy.isin(self.edges.kind, allowed))
        src, dst = self.number[edges.src], self.number[edges.dst]
        if kind.apart:
            labels = components(2 * len(self.left), *doubled(src, dst, edges.kind))
            begin, end = labels[2 * src], labels[2 * dst + 1]
        else:
            labels = components(len(self.left), src, dst)
            begin, end = labels[src], labels[dst]
        good = numpy.isin(edges.kind, [*kind.closing]) & (begin == end) & (begin >= 0)
        if not good.any():
            return
        members: dict[int, dict[int, None]] = {}
        for at in numpy.flatnonzero(labels >= 0).tolist():
            node = int(self.left[at // 2 if kind.apart else at])
            members.setdefault(int(labels[at]), {})[node] = None
        some = numpy.unique(begin[good]).tolist()
        news = [number for number in some if self._news(name, members[number])]
        good &= numpy.isin(begin, news)
        closing: dict[int, list[Step]] = {}
        for number, step in zip(
            begin[good].tolist(), steps_of(edges.only(good)), strict=True
        ):
            closing.setdefault(number, []).append(step)
        for number, steps in closing.items():
            if not kind.apart or self._news(name, members[number]):
                self._search(kind, name, steps, members[number])

    def _news(self, name: str, members: dict[int, None]) -> bool:
        """Whether a ring of this name among these members would tell anything new."""
        return not any(
            covers(ring.name, name) and all(step.src in members for step in ring.steps)
            for m in members
            for ring in self.through.get(m, ())
        )

    def _search(
        self, kind: Kind, name: str, closing: list[Step], members: dict[int, None]
    ) -> None:
        """The shortest ring of this kind among these members."""
        called = self.observed.calls.__getitem__
        txns = sorted((m for m in members if m < len(self.ops)), key=called)
        best: tuple[Step, ...] = ()
        cut = False
        for step in sorted(closing, key=self._forward):
            ended = self.meter.exceeded is not None
            cut = self.meter.late or (ended and (bool(best) or not kind.certain))
            if cut or len(best) == 2:
                break
            path = self._path(step, kind, txns, len(best) - 2 if best else FOREVER)
            if path is not None:
                best = (step, *path)
        cut = (cut or self.meter.late) and len(best) != 2
        if best:
            steps = simple(tidied(best))
            self.add(Ring(classified(steps), steps, not cut))
        elif cut:
            self.unsure.append(name)

    def _path(
        self, closing: Step, kind: Kind, txns: list[int], most: int
    ) -> list[Step] | None:
        """The shortest way from the end of an edge to its beginning, below `most`.

        A place is a node, and whether the step that led there missed a write. Who was
        called later than a transaction ended follows it in real time: of `txns`, those
        that are left behind it.
        """
        came: dict[tuple[int, bool], tuple[Any, Step | None]] = {}
        front = [(closing.dst, kind.apart)]
        came[front[0]] = None, None
        waiting = list(txns) if self.basis == IN_TIME else []
        length = 0
        while front and length < most:
            length += 1
            following = []
            for place in front:
                self.meter.step()
                if self.meter.late:
                    return None
                for step in self._steps(place, closing.src, kind, waiting):
                    missed = kind.apart and misses(step, place[1])
                    there = step.dst, missed
                    if step.dst == closing.src and not missed:
                        return self._way(came, place, step)
                    if there not in came:
                        came[there] = place, step
                        following.append(there)
            front = following
        return None

    def _steps(
        self, place: tuple[int, bool], goal: int, kind: Kind, waiting: list[int]
    ) -> Iterator[Step]:
        """The steps that rings of this kind may take from here."""
        node, after_missed = place
        for step in self.out(node):
            if step.kind in MISSED and (after_missed or step.kind not in kind.others):
                continue
            if step.kind in kind.others or step.kind in (ON, PROCESS):
                yield step
        if self.basis < IN_TIME or node >= len(self.ops):
            return
        ended, calls = self.observed.ends[node], self.observed.calls
        if ended < calls[goal]:
            yield Step(node, goal, REAL_TIME)
        while waiting and ended < calls[waiting[-1]]:
            yield Step(node, waiting.pop(), REAL_TIME)

    def _way(self, came: dict, place: Any, step: Step) -> list[Step]:
        steps = [step]
        while came[place][1] is not None:
            place, before = came[place]
            steps.append(before)
        return steps[::-1]

    def _forward(self, step: Step) -> bool:
        """Edges against real time close the shortest rings: they come first."""
        hub = step.dst >= len(self.ops)
        return hub or not self.ops[step.dst].before(self.ops[step.src])


def steps_of(edges: Edges) -> Iterator[Step]:
    """Edges one by one."""
    return map(Step, *(column.tolist() for column in edges))
