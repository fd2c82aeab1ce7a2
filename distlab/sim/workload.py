"""Who calls whom, and when: the operations that a run asks of its nodes.

A workload is data, `{client: (Call("write", ("x", 1)), Call("read", ("x",)))}`: each
client begins one operation when the one before has ended (a closed loop). `ClosedLoop`
adds time to think, `OpenLoop` lets operations arrive whether or not the client keeps
up. A generator may tell a story; what it calls is written down, so that every run can
be replayed as data.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from distlab.errors import Misuse
from distlab.events import Outcome
from distlab.history import Operation
from distlab.node import Call, Node
from distlab.sim.delays import Distribution, Draws, Exponential, as_distribution
from distlab.sim.engine import Door, Entry
from distlab.sim.streams import Stream

if TYPE_CHECKING:
    from distlab.sim.host import Host

Story = Generator[Call, Any, None]
Calls = Iterable[Call] | Callable[["Service"], Story]


class NotOk(Exception):
    """Thrown into a story when its operation ended otherwise than *ok*."""

    def __init__(self, outcome: str, reason: Any):
        super().__init__(f"{outcome}: {reason}")
        self.outcome, self.reason = outcome, reason


class Service:
    """Makes calls read well: `db.read("x")` is `Call("read", ("x",))`."""

    def __getattr__(self, name: str) -> Callable[..., Call]:
        return lambda *args: Call(name, args)


@dataclass(frozen=True)
class ClosedLoop:
    """One operation after another; `think_ms` passes before each.

    `calls` is a tuple, or a story: `def story(db): x = yield db.read("x") …`. A story
    is told each result; an operation that does not end ok raises `NotOk` where it was
    made.
    """

    calls: Calls
    think_ms: Distribution | float = 0

    waits = True  # for the end of one operation before it plans the next

    def gaps(self, stream: Stream) -> Draws:
        """How long before each operation, in microseconds."""
        return as_distribution(self.think_ms).draws(stream)


@dataclass(frozen=True)
class OpenLoop:
    """Operations arrive at random, `rate_per_s` on average, and queue up at the client.

    The note "… waits for its turn" in the trace is where one arrives at a busy client:
    what a user waits is counted from there, not from when the operation begins.
    """

    rate_per_s: float
    calls: Iterable[Call]

    waits = False

    def __post_init__(self) -> None:
        if not 0 < self.rate_per_s < float("inf"):
            raise Misuse(f"a rate of {self.rate_per_s!r} per s: give a number above 0.")

    def gaps(self, stream: Stream) -> Draws:
        """How long before each operation, in microseconds."""
        return Exponential(1000 / self.rate_per_s).draws(stream)


Load = ClosedLoop | OpenLoop


def as_load(client: str, load: Any) -> Load:
    """What a workload says about one client. Raises `Misuse` for what is none."""
    if isinstance(load, (ClosedLoop, OpenLoop)):
        return load
    if isinstance(load, Call):
        raise Misuse(
            f"the workload of {client!r} is one call: give a tuple, `({load!r},)`."
        )
    if not callable(load) and not isinstance(load, Iterable):
        raise Misuse(
            f"the workload of {client!r} is {load!r}: give calls, `ClosedLoop(…)`, "
            f"`OpenLoop(…)` or a generator of calls."
        )
    return ClosedLoop(load)


class Caller:
    """Calls one node, one operation at a time, and keeps what became of each."""

    def __init__(self, host: Host):
        self.host, self.engine = host, host.engine
        self.arrivals = Door("call", host.id, self.arrive)
        self.calls = Door("call", host.id, self.called)
        self.turns = Door("call", host.id, self.go_on)
        self.doors = (self.arrivals, self.calls, self.turns)
        self.lives = 1  # a client that recovers is a new process
        self.operations: list[Operation] = []
        self.busy = False  # with the last of them
        self.queue: list[tuple[Call, bool]] = []  # and whether the workload made it
        self.made: list[Call] = []  # by the workload
        self.load: Load | None = None

    # --------------------------------------------------------------- what is to be done
    def follow(self, load: Load) -> None:
        """Make these calls from now on."""
        stream = Stream(self.engine.seed, self.host.id, "workload")
        calls: Any = load.calls
        calls = calls(Service()) if callable(calls) else calls
        self.load, self.gaps = load, load.gaps(stream)
        self.story = calls if isinstance(calls, Generator) else one_by_one(calls)
        self.plan_next(None)

    def plan_next(self, ended: Operation | None) -> None:
        """Plan the next call of the workload, if there is one."""
        call = told(self.story, ended)
        if call is None:
            self.load = None
        else:
            at_us = self.engine.now_us + next(self.gaps)
            self.engine.plan(at_us, self.arrivals, call)

    def arrive(self, entry: Entry) -> None:
        """A call of the workload; in an open loop the next is on its way already."""
        self.made.append(entry[4])
        self.accept(entry[4], from_load=True)
        if self.load and not self.load.waits:
            self.plan_next(None)

    def called(self, entry: Entry) -> None:
        """A call of the scenario."""
        self.accept(entry[4], from_load=False)

    def accept(self, call: Call, from_load: bool) -> None:
        """Begin an operation, or keep it until the node is free."""
        self.queue.append((call, from_load))
        if self.host.up and not self.busy and len(self.queue) == 1:
            self.begin()
        else:
            self.engine.tell("note", self.host.id, f"{call} waits for its turn")

    def go_on(self, entry: Entry) -> None:
        """Begin the next operation in the queue, if the node still can."""
        if self.host.up and not self.busy and self.queue:
            self.begin()

    # -------------------------------------------------------------------- one operation
    def begin(self) -> None:
        """Call the node."""
        call, self.from_load = self.queue.pop(0)
        process = self.host.id if self.lives == 1 else f"{self.host.id}#{self.lives}"
        operation = Operation(process, call.name, call.args, self.engine.now_us)
        self.operations.append(operation)
        self.busy = True
        self.engine.tell("call", self.host.id, call)
        self.host.step(Node.react, call)

    def end(self, call: Call, outcome: Outcome, value: Any) -> None:
        """The node has ended its operation."""
        now_us = self.engine.now_us
        self.engine.tell(outcome, self.host.id, value)
        ended = self.operations[-1]._replace(
            outcome=outcome, result=value, ended_us=now_us
        )
        self.operations[-1], self.busy = ended, False
        if self.from_load and self.load and self.load.waits:
            self.plan_next(ended)
        if self.queue:
            self.engine.plan(now_us, self.turns)

    def crash(self) -> None:
        """Nobody knows whether what was in progress happens; the next life goes on."""
        self.lives += 1
        if self.busy:
            ended = self.operations[-1]
            self.end(Call(ended.f, ended.args), "info", f"{self.host.id} crashed")

    def recover(self) -> None:
        """Take up the work again, as a new process."""
        if self.queue:
            self.engine.plan(self.engine.now_us, self.turns)


def one_by_one(calls: Iterable[Call]) -> Story:
    """Calls that are made whatever became of the ones before."""
    for call in calls:
        with suppress(NotOk):
            yield call


def told(story: Story, ended: Operation | None) -> Call | None:
    """The next call of a story that is told how its last one ended; None at its end."""
    try:
        if ended is None:
            return next(story)
        if ended.outcome == "ok":
            return story.send(ended.result)
        return story.throw(NotOk(ended.outcome, ended.result))
    except (StopIteration, NotOk):
        return None
