"""Exercise 1.4: the check, judged by the histories that it tells apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from distlab.grade.checks.leaders_and_followers.stories import (
    BROKEN,
    FINE,
    Story,
    of_story,
)
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
        args = ", ".join(map(repr, op.args))
        told = f"{i:3}  {op.process}  {op.f}({args}) → {op.outcome} {op.result!r}"
        missed = "   ← too old, and not found" if i not in said else "   ← too old"
        accused = "   ← fine, and accused" if i in said else ""
        lines.append(told + (missed if i in wanted else accused))
    return "\n".join(lines)


def wrong_about(check: Check, story: Story, wrong: bool, case: Case) -> str:
    """The history of the story, if the check does not see what is in it; or nothing."""
    history, place = of_story(story, wrong, case)
    wanted = [place] if wrong else []
    right = asked(check, history) == wanted
    return "" if right else listing(check, history, wanted)


def scored(missed: list[tuple[Story, str]], count: int) -> Outcome:
    """So many of these; the first that was missed is the counterexample."""
    told = f"{count - len(missed)} of {count} are told apart"
    if not missed:
        return kept(told)
    story, shown = missed[0]
    more = f", and {len(missed) - 1} more" if missed[1:] else ""
    came = f"{told}; not: {story.title}{more}"
    return partly(1 - len(missed) / count, came, shown, advice=story.advice)


# ---------------------------------------------------------------------- what is claimed
@own_writes.claim("it finds each read that is too old", points=4, public=2, hidden=3)
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


@own_writes.claim("it raises no false alarm", points=3, public=2, hidden=3)
def no_false_alarm(check: Check, case: Case) -> Outcome:
    """A check that never finds anything is not content: it is blind."""
    if shown := wrong_about(check, BROKEN[0], True, case):
        came = f"it does not find the plainest one: {BROKEN[0].title}"
        return broken(came, shown, advice=BLIND)
    alarms = [
        (story, shown)
        for story in FINE
        if (shown := wrong_about(check, story, False, case))
    ]
    return scored(alarms, len(FINE))


BLIND = "Who never raises an alarm raises no false one either: that earns nothing."


@own_writes.claim("it judges real runs", points=1, public=2, hidden=3)
def real_runs(check: Check, case: Case) -> Outcome:
    """Two clients at followers that lag; every second time they have session tokens."""
    client = KeyValueClient if case.size % 2 else SessionClient
    history = lagging_run(case, client)
    said, wanted = asked(check, history) or [], list(too_old(history))
    for i, op in enumerate(history):
        if (i in wanted) != (i in said):
            what = "too old, and not found" if i in wanted else "fine, and accused"
            came = f"of {op.process}, the read at place {i} is {what}"
            return broken(came, listing(check, history, wanted), advice=REAL)
    return kept(f"{len(wanted)} of {len(history)} operations are too old, and found")


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
