"""Sequential consistency: one order for all, which keeps the order of each process.

Source
    Lamport, "How to Make a Multiprocessor Computer That Correctly Executes Multiprocess
    Programs", IEEE Trans. Computers C-28(9), 1979: the promise.
    Gibbons and Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997: to judge
    it is NP-complete, even where each value is written once.
    Herlihy and Wing, "Linearizability", TOPLAS 12(3), 1990, section 3.3: it is not
    local. Each key alone may be right, and the whole wrong: nothing is judged by key.

Real time means nothing here: a process may see what has long been replaced, as long as
nobody can tell. An operation of which nobody knows whether it happened did so at some
time after what its process had done before, or never.

Costs
    Exponential in the number of processes, at worst. Where each value is written to a
    key once, what reads tell of the order of the writes is added first, until nothing
    follows any more: that is polynomial, and mostly shows what is wrong. The search
    then keeps this order, looks at once, and replaces no value that is still to be
    read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import count
from typing import Any, NamedTuple

from distlab.check.finding import told
from distlab.check.kinds import ANY, NEVER, Kind
from distlab.check.limits import Limits, Meter
from distlab.check.orders import Exceeded, Order
from distlab.check.patterns import (
    LIMITS,
    Operations,
    Pattern,
    broken,
    fewest,
    from_nowhere,
    gave_up,
    readers,
)
from distlab.check.reads_from import Link, Nowhere, ReadsFrom, one_at_a_time
from distlab.check.smallest import smallest
from distlab.check.verdict import Verdict
from distlab.check.versions import counted
from distlab.events import Call
from distlab.history import History
from distlab.machine import KeyValue, Machine

PROMISE = "sequentially consistent"
KEY_VALUE = KeyValue()
HOW = "what reads tell of the order of the writes"
Vector = tuple[int, ...]  # how many of each lane


def sequentially_consistent(
    history: History, machine: Machine = KEY_VALUE, limits: Limits = LIMITS
) -> Verdict:
    """Whether one order of all operations explains what each of them returned.

    Of limits, a step is one operation tried in one place. Raises `Misuse` for a call
    that the machine does not have, and for a process that calls again before its last
    operation has ended.
    """
    ops = that_count(history, machine)
    telling = sum(Kind(machine, op, op.args).told is not ANY for op in ops)
    strength = f"{counted(len(ops), 'operation')}, {telling} of them with a result"
    if not telling:
        reason = "No operation has told anything."
        return Verdict("unknown", PROMISE, strength, reason)
    meter = limits.meter()
    try:
        program = program_of(history, machine, meter)
        if isinstance(program, Nowhere):
            return from_nowhere(PROMISE, strength, program)
        if isinstance(program, Pattern):
            least = fewest(program, saturated, meter)
            return broken(PROMISE, f"{strength}; {HOW}", least)
        return searched(program, strength, meter)
    except Exceeded:
        return gave_up(PROMISE, strength, meter)


def that_count(history: History, machine: Machine) -> Operations:
    """The operations that happened, and those that may have changed something."""
    for op in one_at_a_time(history):
        if op.f not in machine.commands:
            machine.apply(machine.initial, Call(op.f, op.args))  # says what is wrong
    return tuple(
        op
        for op in history
        if op.outcome == "ok"
        or (op.outcome == "info" and not machine.only_looks(op.f, ANY))
    )


def written_once(history: History, machine: Machine) -> bool:
    """Whether a read tells which write it saw, or that it saw none."""
    writes = [op.args for op in history if op.f == "write"]
    return (
        machine == KEY_VALUE
        and all(op.f in ("read", "write") for op in history)
        and len(set(writes)) == len(writes)
        and not any(value is None for _, value in writes)
    )


def program_of(
    history: History, machine: Machine, meter: Meter
) -> Nowhere | Pattern | Program:
    """What has to be searched; or why nothing has to be."""
    if not written_once(history, machine):
        return Program.of(that_count(history, machine), machine)
    shown = ReadsFrom(history)
    if shown.nowhere:
        return shown.nowhere
    order = saturated(shown, meter)
    return order if isinstance(order, Pattern) else Program.ordered(order, machine)


# ------------------------------------------------- what has to come before what, surely
def saturated(shown: ReadsFrom, meter: Meter) -> Pattern | Order:
    """The order of all that reads tell; or a circle, if they contradict each other."""
    order = Order(shown, shown.seen, meter)
    for turn in count(1):
        if order.circular:
            return Pattern("", order, order.circle())
        added: dict[tuple[int, int], Link] = {}
        for read in shown.reads:
            for link in told_by(order, read, turn):
                if not order.before(link.source, link.target):
                    added.setdefault((link.source, link.target), link)
        if not added:
            return order
        order = order.also(added.values(), meter)
    raise AssertionError("there are only so many pairs of operations")


def told_by(order: Order, read: int, turn: int) -> Iterator[Link]:
    """What a read tells: other writes to its key do not come between it and its own."""
    source = order.shown.source[read]
    if source is not None:
        for last in order.last_writes(read):
            if last != source:
                yield Link(last, "ww", source, read, turn)
    for newer in order.next_writes(source, order.shown.key(read)):
        yield Link(read, "rw", newer, read, turn)


# --------------------------------------------------------------- where orders are tried
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


# ----------------------------------------------------------------------- what was found
def searched(program: Program, strength: str, meter: Meter) -> Verdict:
    """What a search says, and the fewest operations of which it says that they fail."""
    before = meter.steps
    search = Search(program, meter)
    if program.kept:
        strength += f"; {HOW}"
    strength += f"; a search of {meter.steps - before:,} steps"
    order = search.order()
    if search.explained:
        reason = "One order of all operations explains every result."
        return Verdict("valid", PROMISE, strength, reason, order=order)
    least = fewest_that_fail(program, Limits(meter.steps, meter.limits.time_s))
    last = [op for op in least if Kind(program.machine, op, op.args).told is not ANY][
        -1
    ]
    reason = (
        f"No order of these {counted(len(least), 'operation')} that keeps the order of "
        f"each process explains that {told(last)}. Of all {len(program.ops)}, at most "
        f"{len(order)} fit."
    )
    return Verdict("invalid", PROMISE, strength, reason, least, order)


def fewest_that_fail(program: Program, limits: Limits) -> Operations:
    """As few as no order explains, each try costing no more than all of them did."""

    def fails(ops: Operations) -> bool:
        meter = limits.meter()
        try:
            fewer = program_of(History(ops), program.machine, meter)
            if not isinstance(fewer, Program):
                return True
            return not Search(fewer, meter).explained
        except Exceeded:
            return False

    def left_alone(gone: Operations, left: Operations) -> Operations:
        """What makes no sense without what goes: all, but for what only looked."""
        if all(op.f in ("read", "write") for op in program.ops):
            return readers(gone, left)
        looked = (Kind(program.machine, op, op.args).looks for op in gone)
        return () if all(looked) else left

    return smallest(program.ops, fails, left_alone)
