"""Exercise 1.4: the check, judged by the histories that it tells apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from distlab.grade.accusing import Check, Stories
from distlab.grade.checks.leaders_and_followers.stories import BROKEN, FINE, of_story
from distlab.grade.exercise import Case, Exercise, Function, Outcome
from distlab.history import History, Operation
from distlab.node import Call
from distlab.replication.client import KeyValueClient
from distlab.replication.sessions import SessionClient
from distlab.replication.single_leader import SingleLeader
from distlab.sim import Network, Uniform

own_writes = Exercise(
    "1.4",
    "The check",
    "01_leaders_and_followers",
    Function("read_your_writes"),
)


def line(op: Operation) -> str:
    """An operation without its times: here they mean nothing."""
    args = ", ".join(map(repr, op.args))
    return f"{op.process}  {op.f}({args}) → {op.outcome} {op.result!r}"


STORIES = Stories("too old", of_story, line, BROKEN, FINE)


# ---------------------------------------------------------------------- what is claimed
@own_writes.claim("it finds each read that is too old", points=4, public=2, hidden=3)
def kills(check: Check, case: Case) -> Outcome:
    """Each in a history that does not differ in much else."""
    return STORIES.found(check, case)


@own_writes.claim("it raises no false alarm", points=3, public=2, hidden=3)
def no_false_alarm(check: Check, case: Case) -> Outcome:
    """However odd a history looks."""
    return STORIES.no_false_alarm(check, case)


@own_writes.claim("it judges real runs", points=1, public=2, hidden=3)
def real_runs(check: Check, case: Case) -> Outcome:
    """Two clients at followers that lag; every second time they have session tokens."""
    client = KeyValueClient if case.size % 2 else SessionClient
    history = lagging_run(case, client)
    return STORIES.judged(check, history, list(too_old(history)), REAL)


REAL = "Follow this session by hand: which of its writes of this key had ended before?"


def lagging_run(case: Case, client: type[KeyValueClient]) -> History:
    """Two clients write and read two keys, at followers that hear late of it."""
    draw = case.random("calls")
    calls = {
        f"c{c}": tuple(
            Call("read", (draw.choice("xy"),))
            if draw.random() < 0.6
            else Call("write", (draw.choice("xy"), 100 * c + i))
            for i in range(15)
        )
        for c in (1, 2)
    }
    late = {("s1", follower): Uniform(5, 40) for follower in ("s2", "s3")}
    servers: dict[str, Any] = {"servers": 3, "clients": (client, client)}
    cluster = case.cluster(
        SingleLeader,
        **servers,
        network=Network(latency=1, per_link=late),
        workload=calls,
        reads_at=("s2", "s3"),
    )
    history: History = cluster.run(until_ms=5_000).history
    return history


def too_old(history: History) -> Iterator[int]:
    """The places of the reads that show less than their session has written."""
    place_of: dict[tuple[str, Any], int] = {
        op.args: op.result for op in history.where("write", outcome="ok")
    }
    wrote: dict[tuple[str, str], int] = {}
    for i, op in enumerate(history):
        session = op.process, op.args[0]
        if op.outcome != "ok":
            continue
        if op.f == "write":
            wrote[session] = op.result
        elif session in wrote:
            value = op.args[0], op.result
            seen = 0 if op.result is None else place_of.get(value, wrote[session])
            if seen < wrote[session]:
                yield i
