"""Exercise 2.6: what a register stores before it answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.check.versions import told
from distlab.faults import Crash, Delay, Fault, Loss, Recover
from distlab.grade.checks.quorums.stale_reads import stale
from distlab.grade.exercise import (
    Case,
    Exercise,
    Method,
    Outcome,
    Scenario,
    broken,
    kept,
)
from distlab.history import History, Operation
from distlab.node import Call
from distlab.replication.abd import (
    AbdClient,
    AbdReplica,
    Fetch,
    Fetched,
    Row,
    Store,
)
from distlab.sim import Cluster, Network, Uniform
from distlab.trace import Step, Trace

SERVERS = ("s1", "s2", "s3")
MAJORITY = 2

write_back = Exercise(
    "2.6",
    "Before you answer",
    "02_quorums",
    Method("MyRegister", AbdClient, asked=("start_write", "start_write_back")),
)


# ------------------------------------------------------------------------- what is run
def half_written(case: Case) -> Scenario:
    """A write reaches one replica first. c2 is near that one, and c3 is far from it."""
    near, middle, far = (SERVERS[(case.size + i) % 3] for i in (2, 0, 1))
    lost = [
        Loss(1, until_ms=100, src="c1", dst=other, messages=("Store",))
        for other in (middle, far)
    ]
    lost.append(Loss(0.8, until_ms=40, src="c2", messages=("Store",)))
    slow = Delay(20, src=far, dst="c2"), Delay(20, src=near, dst="c3")
    workload = (
        ("c1", tuple(Call("write", ("x", f"c1.{i}")) for i in range(2))),
        ("c2", (Call("read", ("x",)),) * (4 + case.size % 3)),
        ("c3", (Call("read", ("x",)),) * (4 + case.size % 3)),
    )
    return Scenario(case.seed, (*lost, *slow), workload)


def writers(case: Case, *faults: Fault) -> Scenario:
    """All write, and read in between."""
    draw = case.random("calls")
    workload = tuple(
        (
            who,
            tuple(
                Call("read", ("x",)) if i % 2 else Call("write", ("x", f"{who}.{i}"))
                for i in range(draw.randint(2, 3 + case.size))
            ),
        )
        for who in ("c1", "c2", "c3")
    )
    return Scenario(case.seed, faults, workload)


def interrupted(case: Case) -> Scenario:
    """c1 crashes while it writes, and nobody but one replica has heard of it."""
    heard, *others = case.random("replicas").sample(SERVERS, 3)
    lost = [
        Loss(1, until_ms=60, src="c1", dst=other, messages=("Store",))
        for other in others
    ]
    unasked = Delay(100, src=heard, dst="c1", at_ms=20)
    down = Crash("c1", 30), Recover("c1", 40)
    found = writers(case, *lost, unasked, *down)
    workload = (("c1", tuple(Call("write", ("x", f"c1.{i}")) for i in range(3))),)
    return Scenario(found.seed, found.faults, workload)


def run(client: Any, scenario: Scenario) -> Cluster:
    """All three clients are the learner's."""
    cluster: Cluster = scenario.cluster(
        AbdReplica,
        servers=3,
        clients=(client, client, client),
        network=Network(latency=Uniform(1, 3)),
        resend_ms=30,
    )
    return cluster.run(until_ms=400)


# ------------------------------------------------------------------------ what was seen
class Phase(NamedTuple):
    """What a client stores, and what it had heard before, by replica."""

    step: Step
    call: Call
    heard: dict[str, Row]

    @property
    def newest(self) -> Row:
        """The row with the greatest stamp that it has heard."""
        return max(self.heard.values(), key=lambda row: row.stamp)


def phases(trace: Trace) -> Iterator[Phase]:
    """The ends of operations and the stores before them, in order."""
    calls: dict[str, Call] = {}
    heard: dict[str, dict[str, Row]] = {}
    numbers: dict[str, int] = {}
    for step in trace.where("call", "send", "deliver", "ok"):
        match step.kind, step.what:
            case "call", Call() as call:
                calls[step.node], heard[step.node] = call, {}
            case "send", Fetch(number):
                numbers[step.node] = number
            case "deliver", Fetched(number, row) if number == numbers[step.node]:
                heard[step.node][step.peer] = row
            case ("send", Store()) | ("ok", _) if heard[step.node]:
                yield Phase(step, calls[step.node], dict(heard[step.node]))


def stores(trace: Trace, name: str) -> Iterator[Phase]:
    """What is stored for reads, or for writes."""
    for phase in phases(trace):
        if phase.call.name == name and phase.step.kind == "send":
            yield phase


def certain(history: History, read: Operation) -> Operation:
    """What had ended before a stale read and shows a newer write."""
    called_us = {op.args: op.invoked_us for op in history.where("write")}
    before = [
        (called_us[written], op)
        for op in history.where(outcome="ok")
        if (op.ended_us or 0) < read.invoked_us
        and (written := op.args if op.f == "write" else (*op.args, op.result))
        in called_us
    ]
    return max(before, key=lambda each: each[0])[1]


# ---------------------------------------------------------------------- what is claimed
@write_back.claim(
    "what has been read or written is not missed by a later read",
    points=2,
    public=3,
    hidden=2,
    scenario=half_written,
)
def atomic(client: Any, scenario: Scenario) -> Outcome:
    """New, then old again: two reads, one after the other, during one write."""
    cluster = run(client, scenario)
    history, trace = cluster.history, cluster.trace
    for place in stale(history):
        read = history[place]
        earlier = certain(history, read)
        came = f"{told(earlier)}; later {told(read)}"
        ends = [
            s for s in trace.where("ok") if s.at_us in (read.ended_us, earlier.ended_us)
        ]
        advice = INVERSION if earlier.f == "read" else UNHEARD
        return broken(came, trace, advice=advice, mark=tuple(ends))
    if len(history) and not history.where(outcome="ok"):
        return broken("no operation ended", trace, advice=NEVER)
    return kept(f"{len(history)} operations, none missed by a later one")


INVERSION = "Who reads later may ask others: who has to have it before a read answers?"
UNHEARD = "This write had ended. How many replicas had said that they have it?"
NEVER = (
    "`self.ask(abd.Store(self.number, row))` asks all, and ends when a majority has it."
)


@write_back.claim(
    "a read stores what it has found, as it is",
    points=1,
    public=3,
    hidden=2,
    scenario=half_written,
)
def unchanged(client: Any, scenario: Scenario) -> Outcome:
    """It may leave that out if a majority has just said that it has it."""
    trace = run(client, scenario).trace
    storing: dict[str, bool] = {}
    for phase in phases(trace):
        step, newest = phase.step, phase.newest
        if phase.call.name == "read" and step.kind == "send":
            storing[step.node] = True
            if step.what.row != newest:
                came = f"{step.node} found {newest!r}, and stores {step.what.row!r}"
                return broken(came, trace, advice=CHANGED, mark=(step,))
        elif phase.call.name == "read" and not storing.pop(step.node, False):
            have = [replica for replica, row in phase.heard.items() if row == newest]
            if len(have) < MAJORITY:
                came = (
                    f"{step.node} found {newest!r} at {', '.join(have)}, answered, and "
                    f"stored nothing"
                )
                return broken(came, trace, advice=NOT_STORED, mark=(step,))
    return kept("whatever a read stored was what it had found")


NOT_STORED = "Only one replica has it. Who reads later may never hear of it."
CHANGED = "A read writes nothing new: the same value, under the same stamp."


@write_back.claim(
    "a write is newer than all that it has heard of",
    points=2,
    public=3,
    hidden=2,
    scenario=writers,
)
def newer(client: Any, scenario: Scenario) -> Outcome:
    """And its stamp says whose it is."""
    trace = run(client, scenario).trace
    count = 0
    for phase in stores(trace, "write"):
        row, newest = phase.step.what.row, phase.newest
        if not row.stamp > newest.stamp:
            came = (
                f"{phase.step.node} had heard of {tuple(newest.stamp)}, and writes "
                f"under {tuple(row.stamp)}"
            )
            return broken(came, trace, advice=OLDER, mark=(phase.step,))
        if row.stamp.writer != phase.step.node:
            came = f"{phase.step.node} writes under {tuple(row.stamp)}"
            return broken(came, trace, advice=WHOSE, mark=(phase.step,))
        count += 1
    if not count and trace.where("call", test=lambda s: s.what.name == "write"):
        return broken("nothing was written", trace, advice=NEVER)
    return kept(f"{count} copies of writes, each newer than what had been heard")


OLDER = "A replica keeps what has the greater stamp: this write would be thrown away."
WHOSE = "Two who write at once choose the same number: the stamp says whose it is."


@write_back.claim(
    "no two writes have the same stamp",
    points=1,
    public=3,
    hidden=2,
    scenario=interrupted,
)
def unique(client: Any, scenario: Scenario) -> Outcome:
    """Not even after a crash."""
    trace = run(client, scenario).trace
    values: dict[Any, Any] = {}
    for phase in stores(trace, "write"):
        row = phase.step.what.row
        if values.setdefault(row.stamp, row.value) != row.value:
            came = (
                f"{phase.step.node} writes {row.value!r} under {tuple(row.stamp)}, and "
                f"had written {values[row.stamp]!r} under it"
            )
            return broken(came, trace, advice=AGAIN, mark=(phase.step,))
    return kept(f"{len(values)} writes, {len(values)} stamps")


AGAIN = "One replica has that write, and was not asked. `self.stamped` is on disk."
