"""Exercise 1.1: when may the leader say “done”?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.faults import Isolate, Schedule
from distlab.grade.exercise import (
    Case,
    Exercise,
    Method,
    Outcome,
    Scenario,
    broken,
    kept,
)
from distlab.node import Call
from distlab.replication.client import WriteReply
from distlab.replication.single_leader import Append, Appended, SingleLeader
from distlab.trace import Trace

FOLLOWERS = 3

when_done = Exercise(
    "1.1",
    "When may the leader say “done”?",
    "01_leaders_and_followers",
    Method("MyLeader", SingleLeader, asked=("safe_index",)),
)


class Place(NamedTuple):
    """A place of the log: when it was written, confirmed and answered, if it was."""

    at: int  # its index
    written_us: int
    confirmed_us: dict[str, int]  # by follower, in the order of arrival
    answered_us: int | None

    @property
    def confirmations(self) -> int | None:
        """How many followers had confirmed it when it was answered, if it was."""
        if (answered_us := self.answered_us) is None:
            return None
        return sum(at_us <= answered_us for at_us in self.confirmed_us.values())


# ------------------------------------------------------------------------- what is run
def needed(case: Case) -> int:
    """How many followers have to confirm: 1, 2, 0, and again."""
    return case.size % FOLLOWERS


def two_writers(case: Case, faults: Schedule = ()) -> Scenario:
    """Two clients write at the same time."""
    calls = {
        client: tuple(Call("write", (client, i)) for i in range(1 + case.size))
        for client in ("c1", "c2")
    }
    settings = (("sync_followers", needed(case)),)
    return Scenario(case.seed, faults, tuple(calls.items()), settings)


def with_no_more_than_needed(case: Case) -> Scenario:
    """The same, and the followers that are not needed cannot be reached."""
    unneeded = range(2 + needed(case), 2 + FOLLOWERS)
    return two_writers(case, tuple(Isolate(f"s{i}") for i in unneeded))


def run(leader: Any, scenario: Scenario) -> tuple[Trace, list[Place]]:
    """The run, and what became of each write, as the messages tell it."""
    servers = (leader, *[SingleLeader] * FOLLOWERS)
    cluster = scenario.cluster(leader, servers=servers, clients=2)
    trace = cluster.run(until_ms=300).trace
    return trace, list(places(trace))


def places(trace: Trace) -> Iterator[Place]:
    """The places of the log, in order."""
    written: dict[int, int] = {}
    answered: dict[int, int] = {}
    confirmed: dict[int, dict[str, int]] = {}
    for step in trace.where("send", "deliver", node="s1"):
        match step.kind, step.what:
            case "send", Append(entries):
                for entry in entries:
                    written.setdefault(entry.index, step.at_us)
            case "send", WriteReply(_, int(index)):
                answered.setdefault(index, step.at_us)
            case "deliver", Appended(index):
                for place in range(1, index + 1):
                    confirmed.setdefault(place, {}).setdefault(step.peer, step.at_us)
    for place, at_us in written.items():
        yield Place(place, at_us, confirmed.get(place, {}), answered.get(place))


# ---------------------------------------------------------------------- what is claimed
@when_done.claim(
    "what is answered is on the disks of enough followers",
    points=3,
    public=3,
    hidden=4,
    scenario=two_writers,
)
def not_too_early(leader: Any, scenario: Scenario) -> Outcome:
    """At the moment of the answer, so many followers had confirmed."""
    trace, log = run(leader, scenario)
    wanted = dict(scenario.settings)["sync_followers"]
    for place in log:
        if (had := place.confirmations) is not None and had < wanted:
            came = (
                f"place {place.at} of the log was answered when {had} of "
                f"{FOLLOWERS} followers had confirmed it; sync_followers is {wanted}"
            )
            return broken(came, trace, advice=ONE_SHORT if had else ALONE)
    if log and all(place.answered_us is None for place in log):
        return broken("no write was answered", trace, advice=NEVER)
    return kept(f"{len(log)} writes, none answered too early")


ALONE = "The leader's own log says nothing about the followers: look at `acked`."
ONE_SHORT = "Which place did enough of the followers reach, not only the fastest one?"
NEVER = "With everybody up and no message lost, each write is safe after a while."


@when_done.claim(
    "it is answered as soon as that is so, whoever else is down",
    points=1,
    public=3,
    hidden=4,
    scenario=with_no_more_than_needed,
)
def not_too_late(leader: Any, scenario: Scenario) -> Outcome:
    """The answer goes out in the step in which the last confirmation comes in."""
    trace, log = run(leader, scenario)
    wanted = dict(scenario.settings)["sync_followers"]
    for place in log:
        safe_us = [place.written_us, *sorted(place.confirmed_us.values())][wanted:]
        if safe_us and place.answered_us is None:
            who = ", ".join(place.confirmed_us) or "nobody"
            came = (
                f"place {place.at} of the log was never answered; sync_followers is "
                f"{wanted}, and it was confirmed by {who}"
            )
            return broken(came, trace, advice=why_never(leader, scenario, wanted))
        if safe_us and place.answered_us and place.answered_us > safe_us[0]:
            came = (
                f"place {place.at} of the log was safe at {safe_us[0] / 1000:g} ms "
                f"and was answered at {place.answered_us / 1000:g} ms"
            )
            return broken(came, trace, advice=LATER)
    return kept(f"{len(log)} writes, each answered as soon as it was safe")


def why_never(leader: Any, scenario: Scenario, wanted: int) -> str:
    """What to think about: how many followers it waits for when they are all up."""
    everybody_up = Scenario(scenario.seed, (), scenario.workload, scenario.settings)
    _, log = run(leader, everybody_up)
    waits_for = min((p.confirmations or FOLLOWERS + 1 for p in log), default=wanted)
    if waits_for == wanted + 1 < FOLLOWERS:
        return ONE_TOO_MANY
    return WAITS_FOR_ALL if waits_for <= FOLLOWERS else NEVER


ONE_TOO_MANY = "It waits for one follower too many. And what if sync_followers is 0?"
WAITS_FOR_ALL = "A follower that is down must not stop the others from being enough."
LATER = "Others write meanwhile: each place counts for itself, not the end of the log."
