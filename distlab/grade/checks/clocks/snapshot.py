"""Exercise 7.5: what a node does when a marker, or money, arrives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.check.explore import explore
from distlab.check.networks import Ordered
from distlab.clocks.snapshot import ChandyLamport, Marker, Recorded, Transfer
from distlab.grade.exercise import (
    Case,
    Exercise,
    Method,
    Outcome,
    Scenario,
    broken,
    kept,
)
from distlab.node import Call, Deliver, NodeId, Output, Send, Start
from distlab.sim import ClosedLoop, Cluster, Exponential, Network, Uniform
from distlab.trace import Step, Trace

DEPOSIT = 100
END_MS = 400
MARKERS_MAX = 20  # two for each of three nodes are enough
FLOOD_MS = 60
SNAPSHOT = Call("snapshot")
Channels = dict[NodeId, tuple[int, ...]]  # amounts on the way, by sender

snapshot = Exercise(
    "7.5",
    "A snapshot",
    "07_clocks",
    Method("MySnapshot", ChandyLamport, ("on_marker", "on_transfer")),
)


# ------------------------------------------------------------------------- what is run
def pays(dst: NodeId, amount: int) -> Call:
    """So much goes to another one."""
    return Call("transfer", (dst, amount))


def payments(case: Case) -> Scenario:
    """Two or three nodes pay each other, and one or two of them begin a snapshot."""
    names = ("s1", "s2", "s3")[: 3 if case.size % 3 else 2]
    workload = []
    for node in names:
        draw = case.random(node)
        others = [other for other in names if other != node]
        calls = [
            pays(draw.choice(others), draw.randint(1, 9)) for _ in range(3 + case.size)
        ]
        if node == "s1" or (node == "s2" and case.size % 2 == 0):
            calls.insert(draw.randint(1, 3), SNAPSHOT)
        workload.append((node, tuple(calls)))
    return Scenario(case.seed, (), tuple(workload))


def run(node: Any, scenario: Scenario) -> Cluster:
    """Links keep their order, and messages take from 1 to 30 ms.

    It ends early where markers do not end.
    """
    workload = {
        id: ClosedLoop(calls, Exponential(10)) for id, calls in scenario.workload
    }
    cluster: Cluster = scenario.cluster(
        node,
        servers=len(scenario.workload),
        network=Network(Uniform(1, 30), fifo=True),
        workload=workload,
    )
    for until_ms in range(20, END_MS + 1, 20):
        if len(markers(cluster.run(until_ms).trace)) > MARKERS_MAX:
            break
    return cluster


def markers(trace: Trace) -> Trace:
    """Those that were sent."""
    return trace.where("send", test=lambda step: isinstance(step.what, Marker))


# ------------------------------------------------------------------------ what was seen
class Part(NamedTuple):
    """What a node ought to record, where it got so far, and what it told."""

    node: NodeId
    balance: int
    channels: Channels
    last: Step | None  # the marker that made it complete
    told: tuple[Step, ...]

    def wrong(self) -> tuple[str, str] | None:
        """What is wrong with what it told, and what to think of."""
        said: Any = self.told[0].what
        if not isinstance(said, Recorded):
            return f"{self.node} outputs {said!r}", FINISH
        if said.balance != self.balance:
            came = f"{self.node} records {said.balance} of its own; it had"
            return f"{came} {self.balance} at its first marker", STATE
        for src, amounts in said.channels:
            right = self.channels[src]
            if amounts != right:
                came = f"{self.node} records {listed(amounts)} from {src}"
                advice = BEFORE if len(amounts) < len(right) else AFTER
                return f"{came}; it should be {listed(right)}", advice
        return None


def listed(amounts: tuple[int, ...]) -> str:
    """`5 and 3`, or `nothing`"""
    return " and ".join(map(str, amounts)) or "nothing"


def parts(trace: Trace) -> Iterator[Part]:
    """What each node ought to record, read off a run.

    Its state: what it has when it begins, or when its first marker arrives. Of a
    channel: what arrives on it from then on, and before the marker of that channel.
    """
    for node in trace.nodes:
        has, state = DEPOSIT, None
        closed: dict[NodeId, Step] = {}
        channels: Channels = {src: () for src in trace.nodes if src != node}
        for step in trace.where("call", "send", "deliver", node=node):
            what, comes = step.what, step.kind == "deliver"
            if what == SNAPSHOT or (comes and isinstance(what, Marker)):
                state = has if state is None else state
            if comes and isinstance(what, Marker):
                closed.setdefault(step.peer, step)
            if isinstance(what, Transfer):
                has += what.amount if comes else -what.amount
                if comes and state is not None and step.peer not in closed:
                    channels[step.peer] = (*channels[step.peer], what.amount)
        last = list(closed.values())[-1] if len(closed) == len(channels) else None
        told = tuple(trace.where("output", node=node))
        yield Part(node, has if state is None else state, channels, last, told)


def untold(trace: Trace) -> Outcome | None:
    """Whether markers go round for ever, or somebody does not tell its part once."""
    if len(markers(trace)) > MARKERS_MAX:
        came = (
            f"after {trace.end_us / 1000:g} ms {len(markers(trace))} markers are sent"
        )
        return broken(came, trace.between(0, FLOOD_MS), advice=FLOOD)
    begun = any(step.what == SNAPSHOT for step in trace.where("call"))
    for part in parts(trace) if begun else ():
        if len(part.told) == 1:
            continue
        if part.told:
            came = f"{part.node} tells its part {len(part.told)} times"
            return broken(came, trace, advice=TWICE, mark=part.told)
        came = f"{part.node} never tells its part"
        mark = (part.last,) if part.last else ()
        return broken(came, trace, advice=OPEN if part.last else SILENT, mark=mark)
    return None


FLOOD = "Every marker makes markers here. How often does a node record its state?"
TWICE = "`finish` tells when all channels are closed: record first, close after that."
OPEN = (
    "A marker has come on each of its channels: `self.closed` says on which, and after "
    "the last one `self.finish()` tells its part."
)
SILENT = "Not every marker has come to it: whoever has recorded its state sends some."
FINISH = "`self.finish()` tells the part of this node, once all channels are closed."
STATE = "Its state is what it had at its first marker, whichever markers come later."
BEFORE = (
    "It came after this node had recorded, and before the marker on that channel: it "
    "is in nobody's account."
)
AFTER = (
    "Before this node recorded: it is in its account. After the marker: it was sent "
    "when the sender had recorded."
)


# ---------------------------------------------------------------------- what is claimed
@snapshot.claim(
    "everybody tells its part once, and goes on with its work",
    points=1,
    public=3,
    hidden=3,
    scenario=payments,
)
def ends(node: Any, scenario: Scenario) -> Outcome:
    """And what arrives meanwhile can be paid out again."""
    three = node("s2", ("s1", "s2", "s3"))
    events = (Start(), Deliver("s1", Marker()), Deliver("s3", Transfer(7)))
    for event in events:
        three.step(event)
    paid = three.step(pays("s1", DEPOSIT + 7))
    if Send("s1", Transfer(DEPOSIT + 7)) not in paid:
        came = f"s2 had {DEPOSIT}; s1's marker comes, then 7 from s3; and it cannot pay"
        return broken(f"{came} {DEPOSIT + 7}", advice=WORK)
    trace = run(node, scenario).trace
    return untold(trace) or kept(f"{len(markers(trace))} markers")


WORK = "What arrives is the receiver's, snapshot or not."


@snapshot.claim(
    "its part is its state at the first marker, and what was then on its way",
    points=2,
    public=4,
    hidden=4,
    scenario=payments,
)
def recorded(node: Any, scenario: Scenario) -> Outcome:
    """Of those who told one; that all do is another claim."""
    trace = run(node, scenario).trace
    found = [part for part in parts(trace) if part.told]
    if not found and (nothing := untold(trace)):
        return nothing
    for part in found:
        if wrong := part.wrong():
            came, advice = wrong
            return broken(came, trace, advice=advice, mark=part.told[:1])
    return penniless(node) or kept(f"{len(found)} parts")


def penniless(node: Any) -> Outcome | None:
    """Whether to have recorded 0 counts as not to have recorded."""
    s2 = node("s2", ("s1", "s2", "s3"))
    events = (
        Start(),
        pays("s1", DEPOSIT),
        Deliver("s1", Marker()),
        Deliver("s3", Transfer(7)),
        Deliver("s3", Marker()),
    )
    effects = [effect for event in events for effect in s2.step(event)]
    told = [effect.value for effect in effects if isinstance(effect, Output)]
    right = Recorded(0, (("s1", ()), ("s3", (7,))))
    sent = sum(isinstance(e, Send) and e.msg == Marker() for e in effects)
    if not told or (told[0] == right and sent == 2):
        return None
    came = "s2 has nothing left; s1's marker comes, 7 from s3, and s3's marker"
    return broken(f"{came}: it tells {told[0]!r}", advice=ZERO)


ZERO = "To have recorded 0 is to have recorded: None is what `self.recorded` is before."


TWO = {"s1": (pays("s2", 1), SNAPSHOT, pays("s2", 2)), "s2": (pays("s1", 4),)}
THREE = {"s1": (SNAPSHOT,), "s2": (pays("s3", 1),), "s3": (pays("s2", 4),)}


@snapshot.claim(
    "in every order of messages, all the money is in the snapshot, once",
    points=3,
    public=1,
    hidden=0,
)
def all_the_money(node: Any, case: Case) -> Outcome:
    """Two nodes, and three; links keep their order."""
    if found := untold(run(node, payments(Case(1, 1))).trace):
        return found
    states = 0
    for workload in (TWO, THREE):
        verdict = explore(
            node,
            servers=len(workload),
            workload=workload,
            network=Ordered(),
            properties=[always_all_the_money],
            progress=False,
        )
        if not verdict.valid:
            assert verdict.trace is not None
            return broken(verdict.reason, verdict.trace, advice=crosses(verdict.trace))
        states += verdict.states
    return kept(f"{states:,} states")


def always_all_the_money(world: Any) -> str | None:
    """As soon as everybody has told its part."""
    parts = [outputs[0] for outputs in world.outputs.values() if outputs]
    if len(parts) < len(world.outputs):
        return None
    found, there = sum(part.total for part in parts), DEPOSIT * len(parts)
    return None if found == there else f"{found} are in the snapshot, of {there}"


def crosses(trace: Trace) -> str:
    """What to think of: of the first part that is wrong."""
    wrong = (part.wrong() for part in parts(trace))
    return next(found[1] for found in wrong if found)
