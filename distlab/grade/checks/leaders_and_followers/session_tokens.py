"""Exercise 1.6: which answers may a session accept?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.check import sessions
from distlab.grade.exercise import (
    Case,
    Exercise,
    Method,
    Outcome,
    Scenario,
    broken,
    judged,
    kept,
)
from distlab.node import Call
from distlab.replication.client import KeyValueClient, ReadReply, WriteReply
from distlab.replication.sessions import SessionClient
from distlab.replication.single_leader import SingleLeader
from distlab.sim import Cluster, Network, Uniform
from distlab.trace import Step, Trace

session_tokens = Exercise(
    "1.6",
    "Fresh enough",
    "01_leaders_and_followers",
    Method("MySession", SessionClient, asked=("fresh_enough",)),
)


# ------------------------------------------------------------------------- what is run
def reads_and_writes(case: Case) -> Scenario:
    """c1 reads two keys and sometimes writes one; c2 writes them all the time."""
    draw = case.random("calls")
    count = 9 + 6 * case.size
    mine = [
        Call("read", (draw.choice("xxy"),))
        if draw.random() < 0.75
        else Call("write", (draw.choice("xxy"), 100 + i))
        for i in range(count)
    ]
    others = [Call("write", (draw.choice("xxy"), 200 + i)) for i in range(count)]
    return Scenario(case.seed, (), (("c1", tuple(mine)), ("c2", tuple(others))))


def session_run(session: Any, scenario: Scenario) -> Cluster:
    """c1 is the learner's. It reads at two followers; one lags more than the other."""
    late = {("s1", "s2"): Uniform(2, 15), ("s1", "s3"): Uniform(15, 60)}
    cluster: Cluster = scenario.cluster(
        SingleLeader,
        servers=3,
        clients=(session, KeyValueClient),
        network=Network(latency=1, per_link=late),
        reads_at=("s2", "s3"),
    )
    return cluster.run(until_ms=3_000)


class Read(NamedTuple):
    """An answer to a read that c1 waited for."""

    step: Step
    accepted: bool
    least: int  # how much of the log it had to show: what c1 had written and read


def reads(trace: Trace) -> Iterator[Read]:
    """The answers that c1 got, and what it made of them."""
    steps = trace.where("deliver", "ok", node="c1")
    wrote = read = done = 0
    for step, after in zip(steps, (*steps[1:], None), strict=True):
        accepted = after is not None and after.kind == "ok"
        match step.what:
            case WriteReply(_, int(index)):
                wrote = max(wrote, index)
            case ReadReply(number, _, index) if number > done:
                yield Read(step, accepted, max(wrote, read))
                if accepted:
                    read, done = max(read, index), number


def refuses_all(cluster: Cluster) -> Outcome | None:
    """What is wrong with a session that accepts nothing, or None."""
    answers = list(reads(cluster.trace))
    if answers and not any(answer.accepted for answer in answers):
        came = f"{len(answers)} answers came, and none was accepted"
        return broken(came, cluster.trace, advice=NONE)
    return None


NONE = "A session that has written and read nothing yet may accept any answer."


# ---------------------------------------------------------------------- what is claimed
@session_tokens.claim(
    "a session reads its writes",
    points=2,
    public=3,
    hidden=3,
    scenario=reads_and_writes,
)
def reads_its_writes(session: Any, scenario: Scenario) -> Outcome:
    """Judged by what it saw."""
    cluster = session_run(session, scenario)
    verdict = sessions.read_your_writes(cluster.history)
    if verdict.unknown:
        return refuses_all(cluster) or kept("no read came after a write of its key")
    return judged(verdict, cluster.trace, advice=OWN)


OWN = (
    "The follower had not heard of that write: its answer names how much it has heard."
)


@session_tokens.claim(
    "its reads never go back in time",
    points=2,
    public=3,
    hidden=3,
    scenario=reads_and_writes,
)
def goes_forward(session: Any, scenario: Scenario) -> Outcome:
    """Judged by what it saw."""
    cluster = session_run(session, scenario)
    verdict = sessions.monotonic_reads(cluster.history)
    if verdict.unknown:
        return refuses_all(cluster) or kept("no key was read twice")
    return judged(verdict, cluster.trace, advice=BACK)


BACK = "Two followers, two answers, and the second is behind the first: remember it."


@session_tokens.claim(
    "it accepts every answer that is fresh enough",
    points=1,
    public=3,
    hidden=3,
    scenario=reads_and_writes,
)
def no_needless_detour(session: Any, scenario: Scenario) -> Outcome:
    """What it refuses is behind something that it has written or read."""
    cluster = session_run(session, scenario)
    for step, accepted, least in reads(cluster.trace):
        if not accepted and step.what.index >= least:
            came = (
                f"{step.peer} answered from the state after {step.what.index} writes, "
                f"c1 had written and read up to {least}, and refused it"
            )
            advice = EQUAL if step.what.index == least else NEEDLESS
            return broken(came, cluster.trace, advice=advice, mark=(step,))
    return kept("whatever it refused was too old")


EQUAL = "An answer that shows just as much as the session has seen is fresh enough."
NEEDLESS = "The leader need not be asked: this follower has all that the session needs."
