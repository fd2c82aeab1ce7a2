"""Exercise 2.7: the check, judged by the histories that it tells apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from distlab.faults import Loss
from distlab.grade.checks.quorums.histories import BROKEN, FINE, Story, of_story
from distlab.grade.exercise import (
    Case,
    Exercise,
    Function,
    Outcome,
    broken,
    kept,
    partly,
)
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

Check = Callable[[tuple[Operation, ...]], Any]


# ------------------------------------------------------------------------- what is run
def asked(check: Check, history: Sequence[Operation]) -> list[int] | None:
    """What the check finds, in order; None if that is no answer."""
    found = check(tuple(history))
    if not isinstance(found, (list, tuple)) or any(type(i) is not int for i in found):
        return None
    return sorted(set(found))


def listing(check: Check, history: Sequence[Operation], wanted: list[int]) -> str:
    """The history with its places, and where the check is wrong about it."""
    said = asked(check, history) or []
    lines = []
    for i, op in enumerate(history):
        missed = "   ← stale, and not found" if i not in said else "   ← stale"
        accused = "   ← fine, and accused" if i in said else ""
        lines.append(f"{i:3}  {op}{missed if i in wanted else accused}")
    return "\n".join(lines)


def wrong_about(check: Check, story: Story, wrong: bool, case: Case) -> str:
    """The history of the story, if the check does not see what is in it; or nothing."""
    history, place = of_story(story, wrong, case)
    wanted = [place] if wrong else []
    right = asked(check, history) == wanted
    return "" if right else listing(check, history, wanted)


def scored(missed: list[tuple[Story, str]], count: int) -> Outcome:
    """So many of these; the first that was missed is the counterexample."""
    told = f"{count - len(missed)} of {count} are judged right"
    if not missed:
        return kept(told)
    story, shown = missed[0]
    more = f", and {len(missed) - 1} more" if missed[1:] else ""
    came = f"{told}; not: {story.title}{more}"
    return partly(1 - len(missed) / count, came, shown, advice=story.advice)


# ---------------------------------------------------------------------- what is claimed
@stale_reads.claim("it finds each stale read", points=4, public=2, hidden=1)
def kills(check: Check, case: Case) -> Outcome:
    """A story counts if the check finds it, and is content with its right twin."""
    history, place = of_story(BROKEN[0], True, case)
    if asked(check, history) is None:
        came = f"it returned {check(history)!r}, which is no list of places"
        return broken(came, listing(check, history, [place]), advice=RETURN)
    missed = [
        (story, shown)
        for story in BROKEN
        if (shown := wrong_about(check, story, True, case))
        or (shown := wrong_about(check, story, False, case))
    ]
    return scored(missed, len(BROKEN))


RETURN = (
    "`history[i]` is an operation and i its place: return a list of places, as [3]."
)


@stale_reads.claim("it raises no false alarm", points=3, public=2, hidden=1)
def no_false_alarm(check: Check, case: Case) -> Outcome:
    """A check that never finds anything is not content: it is blind."""
    history, place = of_story(BROKEN[0], True, case)
    if place not in (asked(check, history) or []):
        came = f"it does not find the plainest one: {BROKEN[0].title}"
        return broken(came, listing(check, history, [place]), advice=BLIND)
    alarms = [
        (story, shown)
        for story in FINE
        if (shown := wrong_about(check, story, False, case))
    ]
    return scored(alarms, len(FINE))


BLIND = "Who never raises an alarm raises no false one either: that earns nothing."


@stale_reads.claim("it judges real runs", points=1, public=2, hidden=1)
def real_runs(check: Check, case: Case) -> Outcome:
    """Registers that are regular only, and every second time linearizable ones."""
    replica = RegularReplica if case.size % 2 else AbdReplica
    history = register_run(case, replica)
    said, wanted = asked(check, history) or [], list(stale(history))
    for i, op in enumerate(history):
        if (i in wanted) != (i in said):
            what = "stale, and not found" if i in wanted else "fine, and accused"
            came = f"of {op.process}, the read at place {i} is {what}"
            return broken(came, listing(check, history, wanted), advice=REAL)
    return kept(f"{len(wanted)} of {len(history)} operations are stale, and found")


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
