"""Exercise 2.7: the check, judged by the histories that it tells apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from distlab.faults import Loss
from distlab.grade.accusing import Check, Stories
from distlab.grade.checks.quorums.histories import BROKEN, FINE, of_story
from distlab.grade.exercise import Case, Exercise, Function, Outcome
from distlab.history import History, Operation
from distlab.node import Call
from distlab.replication.abd import AbdReplica
from distlab.replication.regular_register import RegularReplica
from distlab.sim import ClosedLoop, Network, Uniform

stale_reads = Exercise(
    "2.7",
    "The check",
    "02_quorums",
    Function("stale_reads"),
)

STORIES = Stories("stale", of_story, str, BROKEN, FINE)


# ---------------------------------------------------------------------- what is claimed
@stale_reads.claim("it finds each stale read", points=4, public=2, hidden=1)
def kills(check: Check, case: Case) -> Outcome:
    """Each in a history that does not differ in much else."""
    return STORIES.found(check, case)


@stale_reads.claim("it raises no false alarm", points=3, public=2, hidden=1)
def no_false_alarm(check: Check, case: Case) -> Outcome:
    """However odd a history looks."""
    return STORIES.no_false_alarm(check, case)


@stale_reads.claim("it judges real runs", points=1, public=2, hidden=1)
def real_runs(check: Check, case: Case) -> Outcome:
    """Registers that are regular only, and every second time linearizable ones."""
    replica = RegularReplica if case.size % 2 else AbdReplica
    history = register_run(case, replica)
    return STORIES.judged(check, history, list(stale(history)), REAL)


REAL = "Follow this key by hand: what had ended, or had been read, by then?"


def register_run(case: Case, replica: type[AbdReplica]) -> History:
    """Two clients write two keys, and half of it is late; two others read."""
    draw = case.random("calls")
    calls = {
        who: [Call("write", (draw.choice("xy"), f"{who}.{i}")) for i in range(3)]
        for who in ("c1", "c2")
    }
    for who in ("c3", "c4"):
        calls[who] = [Call("read", (draw.choice("xy"),)) for _ in range(12)]
    cluster = case.cluster(
        replica,
        servers=3,
        clients=4,
        network=Network(latency=Uniform(1, 6)),
        workload={who: ClosedLoop(made, Uniform(1, 4)) for who, made in calls.items()},
        faults=(Loss(0.5, messages=("Store",)),),
        resend_ms=60,
    )
    history: History = cluster.run(until_ms=1_000).history
    return history


def stale(history: Sequence[Operation]) -> Iterator[int]:
    """The places of the reads that are older than what had certainly happened.

    A write has certainly happened as soon as it has ended, or a read that returned it.
    """
    certain_us: dict[tuple[str, Any], int] = {}
    called_us = {op.args: op.invoked_us for op in history if op.f == "write"}
    for op in history:
        if op.outcome == "ok" and op.ended_us is not None:
            what = op.args if op.f == "write" else (*op.args, op.result)
            certain_us[what] = min(certain_us.get(what, op.ended_us), op.ended_us)
    for i, op in enumerate(history):
        if op.f == "read" and op.outcome == "ok":
            seen_us = -1 if op.result is None else certain_us[*op.args, op.result]
            if any(
                certain_us.get(write, op.invoked_us) < op.invoked_us
                and seen_us < called_us[write]
                for write in called_us
                if write[0] == op.args[0]
            ):
                yield i
