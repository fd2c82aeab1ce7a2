"""Exercise 7.1: a vector clock, asked what its stamps say of what could cause what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.clocks.vector import Happened, Told, Vector, VectorClock
from distlab.grade.exercise import (
    Case,
    Exercise,
    Method,
    Outcome,
    Scenario,
    broken,
    kept,
)
from distlab.node import Call, Deliver, Output, Start
from distlab.sim import ClosedLoop, Exponential, Network
from distlab.trace import Step, Trace

PROCESSES = ("s1", "s2", "s3")

stamps = Exercise(
    "7.1",
    "A vector clock",
    "07_clocks",
    Method("MyClock", VectorClock, asked=("happen", "before_stamped")),
)


# ------------------------------------------------------------------------- what is run
def talk(case: Case) -> Scenario:
    """Three processes that act now and then, and tell one or two of the others."""
    workload = []
    for process in PROCESSES:
        draw = case.random(process)
        others = [other for other in PROCESSES if other != process]
        calls = []
        for i in range(2 + case.size):
            what = f"{process}.{i}"
            to = tuple(draw.sample(others, draw.choice((0, 1, 1, 2))))
            calls.append(Call("tell", (what, to)) if to else Call("act", (what,)))
        workload.append((process, tuple(calls)))
    return Scenario(case.seed, (), tuple(workload))


def run(node: Any, scenario: Scenario) -> Trace:
    """What has happened at these processes; messages overtake each other."""
    workload = {
        process: ClosedLoop(calls, Exponential(10))
        for process, calls in scenario.workload
    }
    cluster = scenario.cluster(
        node,
        servers=len(PROCESSES),
        network=Network(Exponential(15)),
        workload=workload,
    )
    trace: Trace = cluster.run(until_ms=10_000).trace
    return trace


# ------------------------------------------------------------------------ what was seen
class Pair(NamedTuple):
    """Two events of a run, and whether the first happened before the second."""

    trace: Trace
    a: int
    b: int
    before: bool

    @property
    def steps(self) -> tuple[Step, Step]:
        """Where they were told."""
        return self.trace[self.a], self.trace[self.b]

    @property
    def ts(self) -> tuple[Vector, Vector]:
        """When they were, by the clock of the answer."""
        one, other = (step.what.ts for step in self.steps)
        return one, other

    def __str__(self) -> str:
        told = [f"“{s.what.what}” of {s.node} has {s.what.ts!r}" for s in self.steps]
        return ", ".join(told)

    def outcome(self, came: str, advice: str) -> Outcome:
        """As a finding, with its picture."""
        last_ms = max(step.at_ms for step in self.steps)
        shown = self.trace.between(0, last_ms + 1)
        return broken(f"{self}: {came}", shown, advice=advice, mark=self.steps)


def pairs(trace: Trace) -> Iterator[Pair]:
    """All pairs of events that were stamped."""
    told = [i for i, step in enumerate(trace) if step.kind == "output"]
    for b in told:
        for a in told:
            if a != b:
                yield Pair(trace, a, b, trace.happened_before(a, b))


def unstamped(trace: Trace) -> Outcome | None:
    """Whether something has happened, and has no stamp by which one could judge."""
    happened = [what for step in trace if (what := event(step))]
    told = trace.where("output")
    for step in told:
        said = step.what
        if not isinstance(said, Happened) or not isinstance(said.ts, Vector):
            came = f"{step.node} outputs {said!r}"
            return broken(came, trace, advice=KIND, mark=(step,))
        if len(said.ts.counts) != len(PROCESSES):
            came = f"“{said.what}” has {said.ts!r}"
            return broken(came, trace, advice=LENGTH, mark=(step,))
    if len(told) != len(happened):
        came = f"{len(happened)} events have happened, and {len(told)} were told"
        return broken(came, trace, advice=OUTPUT)
    for step, what in zip(told, happened, strict=True):
        if step.what.what != what:
            came = f"{step.node} tells “{step.what.what}” of what is “{what}”"
            return broken(came, trace, advice=WHAT, mark=(step,))
    return None


def event(step: Step) -> str:
    """What a process calls that which happens in this step, if it is an event."""
    match step.kind, step.what:
        case "call", Call("act", (str(what),)):
            return what
        case "call", Call("tell", (str(what), _)):
            return f"tells {what}"
        case "deliver", Told(_, what):
            return f"hears {what}"
    return ""


KIND = "Tell each event by `self.output(Happened(what, ts))`; `ts` is a `Vector`."
LENGTH = "A vector has an entry for each process, in the order of `self.nodes`."
OUTPUT = "Tell each event once: `self.output(Happened(what, ts))`. Then return `ts`."
WHAT = "What is told to have happened is the `what` that `happen` is given."


def two_acts(node: Any) -> Outcome | None:
    """Whether not even two events of one process are ordered: nothing is, then."""
    calls = (Call("act", ("first",)), Call("act", ("second",)))
    trace = run(node, Scenario(1, (), (("s2", calls),)))
    if found := unstamped(trace):
        return found
    pair = next(pair for pair in pairs(trace) if pair.before)
    one, other = pair.ts
    return None if one < other else pair.outcome("nobody else has done anything", TICK)


# ---------------------------------------------------------------------- what is claimed
@stamps.claim(
    "what happened before has the smaller stamp",
    points=3,
    public=3,
    hidden=3,
    scenario=talk,
)
def smaller(node: Any, scenario: Scenario) -> Outcome:
    """Whatever hears of something is later."""
    if found := two_acts(node) or unstamped(trace := run(node, scenario)):
        return found
    count = 0
    for pair in pairs(trace):
        one, other = pair.ts
        if pair.before and not one < other:
            came = "the first happened before the second, and its stamp is not smaller"
            return pair.outcome(came, forgotten(node, pair))
        count += pair.before
    return kept(f"{count} pairs of events")


def forgotten(node: Any, pair: Pair) -> str:
    """What to think of where a cause is not in the stamp: it is told something."""
    (first, then), (one, other) = pair.steps, pair.ts
    if one == other:
        return TICK if first.node == then.node else RECEIVE
    hears = node("s2", PROCESSES)
    hears.step(Start())
    once = stamp(hears, "s1", Vector((3, 0, 1)))
    twice = stamp(hears, "s3", Vector((2, 0, 5)))
    if once is None or twice is None or once.counts[0] < 3:
        return HEARD
    if once.counts[2] < 1:
        return OTHERS
    if twice.counts[0] < 3:
        return FORGETS
    return SENDING if twice.counts[2] >= 5 else EACH


def stamp(node: Any, src: str, ts: Vector) -> Vector | None:
    """That of hearing something with this stamp."""
    for effect in node.step(Deliver(src, Told(ts, "news"))):
        said = effect.value if isinstance(effect, Output) else None
        if isinstance(said, Happened) and isinstance(said.ts, Vector):
            return said.ts if len(said.ts.counts) == len(PROCESSES) else None
    return None


TICK = "Two events of one process: how many of its own events does each know?"
RECEIVE = "To receive something is an event, too, and comes after the sending."
HEARD = "Who hears of something knows all that whoever told it did: it is in the stamp."
OTHERS = "The sender's own events are known, and what the sender had heard of is not."
FORGETS = "It knew more before. What it hears is added to what it knows."
EACH = "Neither of two vectors need be greater: look at them entry by entry."
SENDING = "One event is missing: a message carries the stamp of its own sending."


@stamps.claim(
    "a smaller stamp is had by nothing but what happened before",
    points=3,
    public=3,
    hidden=3,
    scenario=talk,
)
def only_then(node: Any, scenario: Scenario) -> Outcome:
    """What a single number cannot say."""
    if found := two_acts(node) or unstamped(trace := run(node, scenario)):
        return found
    count = 0
    for pair in pairs(trace):
        one, other = pair.ts
        if one < other and not pair.before:
            came = "the first did not happen before the second, and its stamp is less"
            return pair.outcome(came, made_up(pair))
        count += not pair.before
    return kept(f"{count} pairs of events")


def made_up(pair: Pair) -> str:
    """What to think of where a stamp says more than is true."""
    first, _ = pair.steps
    own = pair.ts[0].counts[PROCESSES.index(first.node)]
    count = list(pair.trace.where("output", node=first.node)).index(first) + 1
    if own < count:
        return MISSING
    return COUNTS if own > count else MORE


MISSING = (
    "The first is missing in the entry of its own process: `self.nodes.index(self.id)` "
    "is its place. Tick first, then tell."
)
COUNTS = "An entry counts the events of one process: here it counts those of others."
MORE = (
    "The second counts more events of that process than it was told of: of what it "
    "knew and what it hears, the greater is right, entry by entry."
)
