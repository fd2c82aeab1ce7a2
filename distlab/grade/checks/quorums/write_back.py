"""Exercise 2.6: what a register stores before it answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.check.versions import told
from distlab.faults import Crash, Delay, Loss, Recover
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
    Stored,
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
    slow = Delay(20, src=far, dst="c2"), Delay(20, src=near, dst="c3")
    workload = (
        ("c1", (Call("write", ("x", "new")),)),
        ("c2", (Call("read", ("x",)),) * (2 + case.size % 2)),
        ("c3", (Call("read", ("x",)),) * (3 + case.size % 2)),
    )
    return Scenario(case.seed, (*lost, *slow), workload)


def writers(case: Case) -> Scenario:
    """c1 writes again and again; c2 reads for a while, and writes then."""
    busy, idle = (case.random(who).randint(1, 3) for who in ("c1", "c2"))
    ones = [Call("write", ("x", f"c1.{i}")) for i in range(1 + busy)]
    others = [Call("read", ("x",))] * idle
    others += [Call("write", ("x", f"c2.{i}")) for i in range(2)]
    return Scenario(case.seed, (), (("c1", tuple(ones)), ("c2", tuple(others))))


def interrupted(case: Case) -> Scenario:
    """c1 crashes while it writes, and nobody but one replica has heard of it."""
    heard, *others = case.random("replicas").sample(SERVERS, 3)
    lost = [
        Loss(1, until_ms=60, src="c1", dst=other, messages=("Store",))
        for other in others
    ]
    unasked = Delay(100, src=heard, dst="c1", at_ms=20)
    down = Crash("c1", 30), Recover("c1", 40)
    workload = (("c1", tuple(Call("write", ("x", f"c1.{i}")) for i in range(3))),)
    return Scenario(case.seed, (*lost, unasked, *down), workload)


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
    """What a client stores or answers, and what it had been told before."""

    step: Step
    call: Call
    heard: dict[str, Row]  # by replica
    stored: tuple[str, ...]  # the replicas that have confirmed

    @property
    def newest(self) -> Row:
        """The row with the greatest stamp that it has heard."""
        return max(self.heard.values(), key=lambda row: row.stamp)

    @property
    def holders(self) -> list[str]:
        """The replicas that have said that they have it."""
        said = (replica for replica, row in self.heard.items() if row == self.newest)
        return sorted({*said, *self.stored})


def phases(trace: Trace) -> Iterator[Phase]:
    """The ends of operations and the stores before them, in order."""
    calls: dict[str, Call] = {}
    heard: dict[str, dict[str, Row]] = {}
    stored: dict[str, tuple[str, ...]] = {}
    numbers: dict[str, int] = {}
    for step in trace.where("call", "send", "deliver", "ok"):
        node = step.node
        if step.kind == "deliver" and step.peer not in SERVERS:
            continue
        match step.kind, step.what:
            case "call", Call() as call:
                calls[node], heard[node], stored[node] = call, {}, ()
            case "send", Fetch(number):
                numbers[node] = number
            case "deliver", Fetched(number, row) if number == numbers[node]:
                heard[node][step.peer] = row
            case "deliver", Stored(number) if number == numbers[node]:
                stored[node] += (step.peer,)
            case ("send", Store()) | ("ok", _) if heard[node]:
                yield Phase(step, calls[node], dict(heard[node]), stored[node])


def up_to(trace: Trace, step: Step) -> Trace:
    """The run up to shortly after a step."""
    return trace.between(0, step.at_ms + 3)


def stores_of(trace: Trace, name: str) -> Iterator[Phase]:
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
    public=2,
    hidden=1,
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
        return broken(came, up_to(trace, ends[-1]), advice=advice, mark=tuple(ends))
    if len(history) and not history.where(outcome="ok"):
        return broken("no operation ended", trace, advice=NEVER)
    return kept(f"{len(history)} operations, none missed by a later one")


INVERSION = "Who reads later may ask others: who has to have it before a read answers?"
UNHEARD = "This write had ended. How many replicas had said that they have it?"
NEVER = (
    "`self.ask(abd.Store(self.number, row))` asks all, and ends when a majority has it."
)


@write_back.claim(
    "a read answers when a majority has what it found, as it was found",
    points=2,
    public=2,
    hidden=1,
    scenario=half_written,
)
def held_by_a_majority(client: Any, scenario: Scenario) -> Outcome:
    """It need not store it if a majority has just said that it has it."""
    trace = run(client, scenario).trace
    count = 0
    for phase in phases(trace):
        step, newest = phase.step, phase.newest
        if phase.call.name != "read":
            continue
        if step.kind == "send" and step.what.row != newest:
            stores = told_row(step.what.row)
            came = f"{step.node} found {told_row(newest)}, and stores {stores}"
            return broken(came, up_to(trace, step), advice=CHANGED, mark=(step,))
        if step.kind == "ok" and len(phase.holders) < MAJORITY:
            came = (
                f"{step.node} found {told_row(newest)} and answered; that "
                f"{', '.join(phase.holders)} has it is all that it knew"
            )
            return broken(came, up_to(trace, step), advice=WAIT, mark=(step,))
        count += step.kind == "ok"
    if not count and trace.where("call", test=lambda s: s.what.name == "read"):
        return broken("no read ended", trace, advice=NEVER)
    return kept(f"{count} reads, each of what a majority has")


def told_row(row: Row) -> str:
    """`'new' (1, 'c1')`."""
    return f"{row.value!r} {tuple(row.stamp)}"


CHANGED = "A read writes nothing new: the same value, under the same stamp."
WAIT = "Only one replica has it. Who reads later may never hear of it."


@write_back.claim(
    "a write is newer than all that it has heard of",
    points=1,
    public=2,
    hidden=1,
    scenario=writers,
)
def newer(client: Any, scenario: Scenario) -> Outcome:
    """And its stamp says whose it is."""
    trace = run(client, scenario).trace
    count = 0
    for phase in stores_of(trace, "write"):
        row, newest = phase.step.what.row, phase.newest
        if not row.stamp > newest.stamp:
            came = (
                f"{phase.step.node} had heard of {tuple(newest.stamp)}, and writes "
                f"under {tuple(row.stamp)}"
            )
            shown = up_to(trace, phase.step)
            return broken(came, shown, advice=OLDER, mark=(phase.step,))
        if row.stamp.writer != phase.step.node:
            came = f"{phase.step.node} writes under {tuple(row.stamp)}"
            shown = up_to(trace, phase.step)
            return broken(came, shown, advice=WHOSE, mark=(phase.step,))
        count += 1
    if not count and trace.where("call", test=lambda s: s.what.name == "write"):
        return broken("nothing was written", trace, advice=NEVER)
    return kept(f"{count} copies of writes, each newer than what had been heard")


OLDER = "A replica keeps what has the greater stamp: this write would be thrown away."
WHOSE = "Two who write at once choose the same number: the stamp says whose it is."


@write_back.claim(
    "no two writes have the same stamp",
    points=1,
    public=2,
    hidden=1,
    scenario=interrupted,
)
def unique(client: Any, scenario: Scenario) -> Outcome:
    """Not even after a crash."""
    trace = run(client, scenario).trace
    values: dict[Any, Any] = {}
    for phase in stores_of(trace, "write"):
        row = phase.step.what.row
        if values.setdefault(row.stamp, row.value) != row.value:
            came = (
                f"{phase.step.node} writes {row.value!r} under {tuple(row.stamp)}, and "
                f"had written {values[row.stamp]!r} under it"
            )
            shown = up_to(trace, phase.step)
            return broken(came, shown, advice=AGAIN, mark=(phase.step,))
    if not values and trace.where("call"):
        return broken("nothing was written", trace, advice=NEVER)
    return kept(f"{len(values)} writes, {len(values)} stamps")


AGAIN = "One replica has that write, and was not asked. `self.stamped` is on disk."
