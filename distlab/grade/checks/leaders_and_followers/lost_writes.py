"""Exercise 1.3: the adversary, who makes a failover lose what it has acknowledged."""

from __future__ import annotations

from typing import Any

from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.faults import Fault
from distlab.grade.checks.leaders_and_followers.arena import (
    SERVERS,
    arena,
    is_up,
    lost,
    what_matters,
)
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    broken,
    by_size,
)
from distlab.sim import Cluster

ASYNCHRONOUS, SEMI_SYNCHRONOUS = "asynchronous", "semi-synchronous"

lost_writes = Exercise(
    "1.3",
    "The adversary",
    "01_leaders_and_followers",
    Literal("LOSING", stub={ASYNCHRONOUS: (), SEMI_SYNCHRONOUS: ()}),
)


def judge(losing: Any, mode: str, sync_followers: int, smallest: int) -> Outcome:
    """Run the schedule, look at what is there in the end, and count the faults."""
    faults = schedule_in(losing, mode)
    cluster = arena(faults, sync_followers)
    verdict, shown = lost(cluster), what_matters(cluster)
    if not verdict.invalid:
        came, advice = why_not(cluster, disagree=verdict.unknown)
        return broken(came, shown, advice=advice)
    gone = counted(len(verdict.evidence), "acknowledged write")
    came = f"{gone} lost, by {counted(len(faults), 'fault')}"
    advice = "It loses a write. Which of these faults can you do without?"
    return by_size(len(faults), smallest, came, shown, advice=advice)


def schedule_in(losing: Any, mode: str) -> tuple[Fault, ...]:
    """One of the two schedules. Raises `Misuse` for what is none."""
    if not isinstance(losing, dict) or mode not in losing:
        raise Misuse(f"LOSING has no {mode!r}: leave both names where they were.")
    faults = losing[mode]
    if isinstance(faults, Fault):
        raise Misuse(f"{mode}: one fault is written `({faults!r},)`, with a comma.")
    if not all(isinstance(fault, Fault) for fault in faults):
        raise Misuse(f"{mode}: a schedule is a tuple of faults, such as `Crash(…)`.")
    if not faults:
        raise NotImplementedError(f"no faults for the {mode} protocol yet")
    return tuple(faults)


def why_not(cluster: Cluster, disagree: bool) -> tuple[str, str]:
    """Why nothing is lost: in a sentence, and what to think about."""
    ended = [op.outcome for op in cluster.history]
    led = sum(
        step.what.startswith("leads epoch") for step in cluster.trace.where("note")
    )
    came = f"{ended.count('ok')} writes were acknowledged, and none is lost"
    if not any(is_up(cluster, id) for id in SERVERS):
        return f"{came}: every replica is down in the end", ALL_DOWN
    if disagree:
        return f"{came}: in the end one replica still has it", HEAL
    if not led:
        return f"{came}: nobody replaced the leader", PATIENCE
    if "info" in ended:
        return f"{came}; of {ended.count('info')} nobody knows", NOT_ACKNOWLEDGED
    return f"{came}: the new leader had them all", TOO_LATE


ALL_DOWN = (
    "A disk that nobody reads has forgotten nothing: somebody must live to lose it."
)
HEAL = "As long as they cannot talk, nothing is decided: give the fault an `until_ms`."
PATIENCE = "A leader is missed after 200 to 300 ms without a word from it."
NOT_ACKNOWLEDGED = (
    "Who has no answer has been promised nothing: let c1 reach its leader."
)
TOO_LATE = "What was under way arrives. Who must lead then, and what must it not have?"


@lost_writes.claim(
    "asynchronous: an acknowledged write is lost", points=2, public=1, hidden=0
)
def asynchronous(losing: Any, case: Case) -> Outcome:
    """The leader answers at once."""
    return judge(losing, ASYNCHRONOUS, sync_followers=0, smallest=1)


@lost_writes.claim(
    "semi-synchronous: an acknowledged write is lost", points=4, public=1, hidden=0
)
def semi_synchronous(losing: Any, case: Case) -> Outcome:
    """The leader waits for one follower."""
    return judge(losing, SEMI_SYNCHRONOUS, sync_followers=1, smallest=1)
