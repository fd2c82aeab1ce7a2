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
def asked(check: Check, history: tuple[Operation, ...]) -> list[int] | None:
    """What the check finds, in order; None if that is no answer."""
    found = check(history)
    if not isinstance(found, (list, tuple)) or any(type(i) is not int for i in found):
        return None
    return sorted(set(found))


def finds(check: Check, story: Story, case: Case) -> bool:
    """Whether the check finds the read that is wrong, and nothing where it is right."""
    history, place = of_story(story, True, case)
    fine, _ = of_story(story, False, case)
    return asked(check, history) == [place] and asked(check, fine) == []


def scored(
    stories: Sequence[Story], missed: list[Story], wrong: bool, case: Case
) -> Outcome:
    """So many of these; the first that was missed is the counterexample."""
    told = f"{len(stories) - len(missed)} of {len(stories)} are told apart"
    if not missed:
        return kept(told)
    history, place = of_story(missed[0], wrong, case)
    share = 1 - len(missed) / len(stories)
    more = f", and {len(missed) - 1} more" if missed[1:] else ""
    came = f"{told}; not: {missed[0].title}{more}"
    outcome = partly(share, came, History(history), advice=missed[0].advice)
    return outcome._replace(mark=(history[place],) if wrong else ())


# ---------------------------------------------------------------------- what is claimed
@own_writes.claim("it finds each read that is too old", points=4, public=2, hidden=3)
def kills(check: Check, case: Case) -> Outcome:
    """A story counts if the check finds it, and is content with its right twin."""
    history, _ = of_story(BROKEN[0], True, case)
    if asked(check, history) is None:
        came = f"it returned {check(history)!r}, which is no list of places"
        return broken(came, History(history), advice=RETURN)
    missed = [story for story in BROKEN if not finds(check, story, case)]
    return scored(BROKEN, missed, True, case)


RETURN = (
    "`history[i]` is an operation and i its place: return a list of places, as [3]."
)


@own_writes.claim("it raises no false alarm", points=3, public=2, hidden=3)
def no_false_alarm(check: Check, case: Case) -> Outcome:
    """A check that never finds anything is not content: it is blind."""
    history, place = of_story(BROKEN[0], True, case)
    if asked(check, history) != [place]:
        came = f"it does not find the plainest one: {BROKEN[0].title}"
        return broken(came, History(history), advice=BLIND, mark=(history[place],))
    alarms = [s for s in FINE if asked(check, of_story(s, False, case)[0]) != []]
    return scored(FINE, alarms, False, case)


BLIND = "Who never raises an alarm raises no false one either: that earns nothing."


@own_writes.claim("it judges real runs", points=1, public=2, hidden=3)
def real_runs(check: Check, case: Case) -> Outcome:
    """Two clients at followers that lag; every second time they have session tokens."""
    client = KeyValueClient if case.size % 2 else SessionClient
    history = lagging_run(case, client)
    said, wanted = asked(check, tuple(history)) or [], list(too_old(history))
    for i, op in enumerate(history):
        if (i in wanted) != (i in said):
            what = "too old, and not found" if i in wanted else "fine, and accused"
            return broken(
                f"place {i} is {what}: {op}", history, advice=REAL, mark=(op,)
            )
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
