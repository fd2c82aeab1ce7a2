"""Exercise 7.3: when a node may enter, by Lamport's queue of 1978."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from distlab.check.explore import explore
from distlab.check.networks import Ordered
from distlab.clocks.mutex import Ack, LamportMutex, Request, Stamp
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
from distlab.sim import ClosedLoop, Exponential, Network, Uniform
from distlab.trace import Step, Trace

ACQUIRE = Call("acquire")
ENTER_AND_LEAVE = ACQUIRE, Call("release")

mutex = Exercise(
    "7.3",
    "Two clauses",
    "07_clocks",
    Method("MyMutex", LamportMutex, ("may_enter",)),
)


# ------------------------------------------------------------------------- what is run
def turns(case: Case) -> Scenario:
    """Three nodes enter again and again; in every other case one is busy alone."""
    often = 2 + case.size
    times = (often, often, often) if case.size % 2 else (2 * often, 1, 0)
    workload = tuple((f"s{i}", ENTER_AND_LEAVE * n) for i, n in enumerate(times, 1))
    return Scenario(case.seed, (), workload)


def run(node: Any, scenario: Scenario) -> Any:
    """Links keep their order, and messages take from 1 to 20 ms."""
    workload = {
        id: ClosedLoop(calls, Exponential(8)) for id, calls in scenario.workload
    }
    cluster = scenario.cluster(
        node,
        servers=len(scenario.workload),
        network=Network(Uniform(1, 20), fifo=True),
        workload=workload,
    )
    return cluster.run(until_ms=20_000)


def alone(node: Any) -> Outcome | None:
    """Whether one enters who wants nothing, or nobody where nobody else wants to."""
    names = ("s1", "s2", "s3")
    try:
        node("s1", names).step(Start())
    except Exception as error:  # of the class: no request to enter by; or the answer's
        at_once = node("s1", names).step(ACQUIRE)
        if "'s1'" not in str(error) or not any(isinstance(e, Output) for e in at_once):
            raise
        return broken("s1 has asked for nothing, and it may enter", advice=NOTHING)
    calls = (("s1", (ACQUIRE,)), ("s2", ()), ("s3", ()))
    cluster = run(node, Scenario(1, (), calls))
    if cluster.history.where("acquire", outcome="ok"):
        return None
    return broken("s1 asks alone, and waits for ever", cluster.trace, advice=NOBODY)


NOTHING = "`may_enter` is asked after each event: has this node a request at all?"
NOBODY = "Who never enters disturbs nobody: that earns nothing. Who has to be heard?"


# ---------------------------------------------------------------------- what is claimed
@mutex.claim(
    "in no order of messages are two inside together", points=3, public=1, hidden=0
)
def exclusion(node: Any, case: Case) -> Outcome:
    """Two nodes that enter and leave, twice; and three, of which two want to enter."""
    if found := alone(node):
        return found
    states = 0
    for servers, calls in ((2, ENTER_AND_LEAVE * 2), (3, (ACQUIRE,))):
        verdict = explore(
            node,
            servers=servers,
            workload={"s1": calls, "s2": calls},
            network=Ordered(),
            properties=[one_inside(len(calls))],
            progress=False,
        )
        if not verdict.valid:
            assert verdict.trace is not None
            return broken(verdict.reason, verdict.trace, advice=why(verdict.trace))
        states += verdict.states
    return kept(f"{states:,} states")


def one_inside(calls: int) -> Callable[[Any], str | None]:
    """Of nodes with so many calls, by what they were granted and have released."""

    def always_one_inside(world: Any) -> str | None:
        inside = [
            id
            for id, outputs in world.outputs.items()
            if len(outputs) > (calls - world.calls_left[id]) // 2
        ]
        return f"{' and '.join(inside)} are inside" if len(inside) > 1 else None

    return always_one_inside


def why(trace: Trace) -> str:
    """What to think of, from whom the last one to enter has heard."""
    last = trace.where("output")[-1].node
    asked_us = [s.at_us for s in trace.where("call", node=last) if s.what == ACQUIRE][
        -1
    ]
    arrived = trace.where("deliver", node=last)
    heard = {step.peer for step in arrived if step.at_us > asked_us}
    return UNHEARD if len(heard) < len(trace.nodes) - 1 else KNOWS


UNHEARD = (
    "Who enters last here has not heard from everybody since it asked. What may still "
    "be on its way, and with which stamp?"
)
KNOWS = "Who enters last here knows of both requests. Which one is the earlier?"


@mutex.claim(
    "requests are granted in the order of their stamps",
    points=1,
    public=4,
    hidden=4,
    scenario=turns,
)
def fairness(node: Any, scenario: Scenario) -> Outcome:
    """First the clocks; of equal ones the names."""
    if found := alone(node) or overtakes(node):
        return found
    trace = run(node, scenario).trace
    granted = trace.where("output")
    wrong = [pair for pair in pairwise(granted) if pair[1].what.ts < pair[0].what.ts]
    for one, later in sorted(wrong, key=is_tie):
        came = f"{told(later)} is granted after {told(one)}"
        shown = trace.between(0, later.at_ms + 1)
        advice = TIE if is_tie((one, later)) else EARLIER
        return broken(came, shown, advice=advice, mark=(one, later))
    return kept(f"{len(granted)} entries")


def overtakes(node: Any) -> Outcome | None:
    """Whether s1 enters though it knows that s2 has asked before it."""
    s1 = node("s1", ("s1", "s2", "s3"))
    events = (
        Start(),
        Deliver("s2", Request(Stamp(4, "s2"))),
        ACQUIRE,
        Deliver("s2", Ack(Stamp(8, "s2"))),
        Deliver("s3", Ack(Stamp(9, "s3"))),
    )
    effects = [effect for event in events for effect in s1.step(event)]
    if not any(isinstance(effect, Output) for effect in effects):
        return None
    came = "s1 knows that s2 has asked at 4. It asks at 6, both answer, and it enters"
    return broken(came, advice=EARLIER)


def is_tie(pair: tuple[Step, Step]) -> bool:
    """Whether only the names of two requests tell which is earlier."""
    one, other = (step.what.ts.clock for step in pair)
    return bool(one == other)


def told(step: Step) -> str:
    """`the request of s1 at 3`"""
    return f"the request of {step.node} at {step.what.ts.clock}"


TIE = "Of two requests with one clock, that of the lower name is earlier."
EARLIER = "The other one had asked earlier: its request stood in the queue."


@mutex.claim(
    "whoever asks enters, if all who are inside leave",
    points=2,
    public=4,
    hidden=4,
    scenario=turns,
)
def liveness(node: Any, scenario: Scenario) -> Outcome:
    """Where all are busy, and where one is."""
    if found := alone(node):
        return found
    cluster = run(node, scenario)
    waits = [op for op in cluster.history if op.outcome != "ok"]
    if not waits:
        return kept(f"{len(cluster.history) // 2} entries")
    came = f"{waits[0].process} asks, and waits for ever"
    return broken(came, cluster.trace, advice=WAITS)


WAITS = (
    "Whoever has answered it since, by an *Ack* or by anything else, was heard. And "
    "who has asked for nothing stands in no queue."
)
