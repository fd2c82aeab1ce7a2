"""All interleavings of processes, one operation at a time, until one explains all.

Source
    Lamport, "How to Make a Multiprocessor Computer That Correctly Executes Multiprocess
    Programs", IEEE Trans. Computers C-28(9), 1979.
    Wing and Gong, "Testing and Verifying Concurrent Objects", J. Parallel Distrib.
    Comput. 17, 1993, and Lowe, "Testing for Linearizability", CCPE 29(4), 2017: the
    search, and that no configuration need be visited twice; here without real time.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.check.kinds import NEVER, Kind
from distlab.check.limits import Exceeded, Meter
from distlab.check.orders import Order
from distlab.events import Call
from distlab.history import Operation
from distlab.machine import Machine

Operations = tuple[Operation, ...]
Vector = tuple[int, ...]  # how many of each lane


class Program(NamedTuple):
    """What is to be put into one order, and what is known of this order."""

    machine: Machine
    ops: Operations
    lanes: list[list[int]]  # each in its order
    unsure: list[int]  # of which nobody knows, beside the lanes
    needs: list[Vector]  # how many of each lane come before an operation
    kept: dict[Any, Vector]  # how many, before a key may lose a value

    @classmethod
    def of(cls, ops: Operations, machine: Machine) -> Program:
        """Nothing is known but the order of each process."""
        lanes: dict[str, list[int]] = defaultdict(list)
        for i, op in enumerate(ops):
            if op.outcome == "ok":
                lanes[op.process].append(i)
        unsure = [i for i, op in enumerate(ops) if op.outcome == "info"]
        needs = [
            tuple(
                bisect_left(lane, i) if process == op.process else 0
                for process, lane in lanes.items()
            )
            for i, op in enumerate(ops)
        ]
        return cls(machine, ops, list(lanes.values()), unsure, needs, {})

    @classmethod
    def ordered(cls, order: Order, machine: Machine) -> Program:
        """Something is: and no value is replaced that is still to be read."""
        shown = order.shown
        needs = []
        for i, lane in enumerate(shown.lane):
            past = order.past[i].copy()
            past[lane] = shown.place[i]
            needs.append(tuple(past))
        kept: dict[Any, list[int]] = defaultdict(lambda: [0] * len(shown.lanes))
        for read in shown.reads:
            op = shown.ops[read]
            kept[op.args[0], op.result][shown.lane[read]] = shown.place[read] + 1
        vectors = {value: tuple(vector) for value, vector in kept.items()}
        return cls(machine, shown.ops, shown.lanes, [], needs, vectors)


Path = tuple[Any, int] | None  # the way to a configuration, and the last step


class Configuration(NamedTuple):
    """How far each lane has come, which unsure operations happened, and the state."""

    done: Vector
    used: int  # a bit for each
    state: Any


class Search:
    """All orders, one operation at a time, until one explains what was returned.

    An operation that only looks is taken as soon as it fits: that can be in nobody's
    way. Of the others, those that ended first are tried first. No configuration is
    visited twice. Raises `Exceeded` when the meter does not allow more.
    """

    def __init__(self, program: Program, meter: Meter):
        self.program, self.meter = program, meter
        self.kinds = [Kind(program.machine, op, op.args) for op in program.ops]
        self.furthest: Path = None
        self.explained = self.run()

    def run(self) -> bool:
        """Whether some order explains everything; `furthest` is the way."""
        lanes, most = self.program.lanes, -1
        start = Configuration((0,) * len(lanes), 0, self.program.machine.initial)
        ways = [iter([self.settled(start, None)])]
        visited = set[Configuration]()
        while ways:
            config, path = next(ways[-1], (None, None))
            if config is None:
                ways.pop()
                continue
            if config in visited:
                continue
            visited.add(config)
            if sum(config.done) > most:
                most, self.furthest = sum(config.done), path
            if all(n == len(lane) for n, lane in zip(config.done, lanes, strict=True)):
                return True
            ways.append(self.following(config, path))
        return False

    def following(
        self, config: Configuration, path: Path
    ) -> Iterator[tuple[Configuration, Path]]:
        """The configurations one step later, each found out when it is asked for."""
        for lane in self.by_end(config.done):
            i = self.program.lanes[lane][config.done[lane]]
            if (after := self.after(i, config)) is not NEVER:
                done = further(config.done, lane)
                step = Configuration(done, config.used, after)
                yield self.settled(step, (path, i))
        for bit, i in enumerate(self.program.unsure):
            if not config.used >> bit & 1:
                after = self.after(i, config)
                if after is not NEVER and after != config.state:
                    step = Configuration(config.done, config.used | 1 << bit, after)
                    yield self.settled(step, (path, i))

    def by_end(self, done: Vector) -> list[int]:
        """The lanes that have something left, first what ended first."""
        lanes, ops = self.program.lanes, self.program.ops
        left = [at for at, lane in enumerate(lanes) if done[at] < len(lane)]
        return sorted(left, key=lambda at: ops[lanes[at][done[at]]].ended_us or 0)

    def settled(self, config: Configuration, path: Path) -> tuple[Configuration, Path]:
        """The configuration after all that only looks and fits."""
        lanes, moved = self.program.lanes, True
        while moved:
            moved = False
            for at, lane in enumerate(lanes):
                place = config.done[at]
                if place == len(lane) or not self.kinds[lane[place]].looks:
                    continue
                if self.after(lane[place], config) is not NEVER:
                    config = config._replace(done=further(config.done, at))
                    path, moved = (path, lane[place]), True
        return config, path

    def after(self, i: int, config: Configuration) -> Any:
        """The state after an operation, or NEVER."""
        if not self.meter.step():
            raise Exceeded
        if not covers(config.done, self.program.needs[i]):
            return NEVER
        kept, op = self.program.kept, self.program.ops[i]
        if kept and op.f == "write":
            held = self.program.machine.apply(config.state, Call("read", op.args[:1]))
            if not covers(config.done, kept.get((op.args[0], held[1]), ())):
                return NEVER
        return self.kinds[i].applied(config.state)

    def order(self) -> Operations:
        """The operations on the furthest way."""
        found, path = [], self.furthest
        while path:
            path, i = path
            found.append(self.program.ops[i])
        return tuple(reversed(found))


def further(done: Vector, lane: int) -> Vector:
    """One more of a lane."""
    return (*done[:lane], done[lane] + 1, *done[lane + 1 :])


def covers(done: Vector, needed: Vector) -> bool:
    """Whether as much is done as is needed."""
    return all(n >= m for n, m in zip(done, needed, strict=False))
