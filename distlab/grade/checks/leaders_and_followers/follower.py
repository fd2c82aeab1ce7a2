"""Exercise 1.2: a follower, under loss, duplication and reordering."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.faults import (
    Crash,
    Duplication,
    Fault,
    Loss,
    Recover,
    Reordering,
)
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
from distlab.replication.client import Read, ReadReply, WriteReply
from distlab.replication.single_leader import (
    Append,
    Appended,
    Entry,
    Fetch,
    SingleLeader,
)
from distlab.trace import Step, Trace

KEYS = ("x", "y", "z")

follower = Exercise(
    "1.2",
    "The follower",
    "01_leaders_and_followers",
    Method("MyFollower", SingleLeader, asked=("on_append",)),
)


# ------------------------------------------------------------------------- what is run
def scenario(case: Case, *faults: Fault, **settings: Any) -> Scenario:
    """c1 writes at the leader, s1; c2 reads at s2, which is the learner's."""
    draw = case.random("calls")
    writes = [Call("write", (draw.choice(KEYS), i)) for i in range(6 + 2 * case.size)]
    reads = [Call("read", (draw.choice(KEYS),)) for _ in range(8 + 4 * case.size)]
    workload = ("c1", tuple(writes)), ("c2", tuple(reads))
    return Scenario(case.seed, faults, workload, tuple(settings.items()))


def disordered(case: Case) -> Scenario:
    """What is sent to the follower gets lost and out of order."""
    lost = Loss(0.3, src="s1", dst="s2")
    return scenario(case, lost, Reordering(0.5, 20, src="s1", dst="s2"))


def restarted(case: Case) -> Scenario:
    """The same, and the follower restarts: what it asks for tells what its disk has."""
    lost = Loss(0.3, src="s1", dst="s2")
    late = Reordering(0.5, 20, src="s1", dst="s2")
    return scenario(case, lost, late, Crash("s2", at_ms=40), Recover("s2", at_ms=50))


def doubled(case: Case) -> Scenario:
    """It comes twice, and late."""
    twice = Duplication(0.7, src="s1", dst="s2")
    return scenario(case, twice, Reordering(0.3, 20, src="s1", dst="s2"))


def sent_once(case: Case) -> Scenario:
    """The first messages are lost, and the leader sends none again unless asked."""
    lost = Loss(1, until_ms=20, src="s1", dst="s2")
    return scenario(case, lost, retransmit_ms=5_000)


def unheard(case: Case) -> Scenario:
    """The leader needs its follower, hears little of it, and restarts."""
    lost = Loss(0.5, src="s2", dst="s1", messages=("Appended",))
    down = Crash("s1", at_ms=30), Recover("s1", at_ms=40)
    return scenario(case, lost, *down, sync_followers=2, retransmit_ms=10)


def run(node: Any, scenario: Scenario) -> Trace:
    """What happened."""
    servers = (SingleLeader, node, SingleLeader)
    at_s2 = {"c2": {"reads_at": ("s2",)}}
    cluster = scenario.cluster(node, servers=servers, clients=2, per_node=at_s2)
    trace: Trace = cluster.run(until_ms=1_000).trace
    return trace


# ------------------------------------------------------------------------ what was seen
class Said(NamedTuple):
    """A message that the follower sent, and what it had been sent by then."""

    step: Step
    newest: int  # the last place of the log
    reach: int  # how far without a gap


def said(trace: Trace, kinds: type | tuple[type, ...]) -> Iterator[Said]:
    """What the follower sent, of these kinds."""
    got: set[int] = set()
    reach = 0
    for step in trace.where("send", "deliver", node="s2"):
        if step.kind == "deliver" and isinstance(step.what, Append):
            got |= {entry.index for entry in step.what.entries}
            while reach + 1 in got:
                reach += 1
        elif step.kind == "send" and isinstance(step.what, kinds):
            yield Said(step, max(got, default=0), reach)


def log_of(trace: Trace) -> dict[int, Entry]:
    """The leader's log, from what it sent."""
    sent = (step.what for step in trace.where("send", node="s1"))
    return {e.index: e for msg in sent if isinstance(msg, Append) for e in msg.entries}


def value_at(log: dict[int, Entry], key: str, index: int) -> Any:
    """What the log up to this place says of a key."""
    found = [
        log[i].value for i in range(1, index + 1) if i in log and log[i].key == key
    ]
    return found[-1] if found else None


def keys_asked(trace: Trace) -> dict[int, str]:
    """The key of each request that reached the follower."""
    asked = (step.what for step in trace.where("deliver", node="s2"))
    return {msg.number: msg.key for msg in asked if isinstance(msg, Read)}


# ---------------------------------------------------------------------- what is claimed
@follower.claim(
    "its readers see the log up to some place, with nothing left out",
    points=2,
    public=3,
    hidden=3,
    scenario=disordered,
)
def in_order(node: Any, scenario: Scenario) -> Outcome:
    """Each answer is what the leader's log says at the place that it names."""
    trace = run(node, scenario)
    log, keys, seen, could_see = log_of(trace), keys_asked(trace), 0, 0
    for step, _, reach in said(trace, ReadReply):
        reply, key = step.what, keys[step.what.number]
        seen, could_see = max(seen, reply.index), max(could_see, reach)
        wanted = value_at(log, key, reply.index)
        if reply.value != wanted:
            came = (
                f"a reader was told that after {reply.index} writes {key} is "
                f"{reply.value!r}; in the leader's log it is {wanted!r} there"
            )
            advice = GAP if reply.index > reach else BACK
            return broken(came, trace, advice=advice, mark=(step,))
    if could_see and not seen:
        came = f"readers saw nothing, and s2 had been sent {could_see} writes"
        return broken(came, trace, advice=UNSEEN)
    return kept(f"{len(log)} writes, {seen} of them seen")


GAP = "Here an entry came before the one in front of it. Must it not wait?"
UNSEEN = "`self.safe` says how far the readers of a replica may look: it has to move."


@follower.claim(
    "what comes twice or late changes nothing",
    points=2,
    public=3,
    hidden=3,
    scenario=doubled,
)
def once(node: Any, scenario: Scenario) -> Outcome:
    """It never counts more entries than it was sent, and never goes back."""
    trace = run(node, scenario)
    for step, newest, _ in said(trace, Appended):
        if step.what.index > newest:
            came = (
                f"s2 says that its log has {step.what.index} entries, and none behind "
                f"{newest} was ever sent to it"
            )
            return broken(came, trace, advice=AGAIN, mark=(step,))
    last = 0
    for step, _, _ in said(trace, ReadReply):
        if step.what.index < last:
            came = f"a reader saw {last} writes, and later {step.what.index} of them"
            return broken(came, trace, advice=BACK, mark=(step,))
        last = step.what.index
    if log_of(trace) and not any(said(trace, Appended)):
        return broken("s2 confirmed nothing", trace, advice=SILENT)
    return kept(f"{last} writes, each applied once")


AGAIN = "An entry that is in the log already came again. How can one tell?"
BACK = "An old entry that comes late is in the log already, and newer ones behind it."
SILENT = "The leader waits for `Appended(…)`: how far is the log on this disk?"


@follower.claim(
    "it confirms only what it has", points=2, public=3, hidden=3, scenario=restarted
)
def honest(node: Any, scenario: Scenario) -> Outcome:
    """Every entry up to the place that it confirms had been sent to it."""
    trace = run(node, scenario)
    confirmed = 0
    for step, _, reach in said(trace, (Appended, Fetch)):
        if isinstance(step.what, Fetch):
            if step.what.after < confirmed:
                came = f"s2 confirmed {confirmed}; its disk has {step.what.after}"
                return broken(came, trace, advice=NOT_STORED, mark=(step,))
        elif (confirmed := max(confirmed, step.what.index)) > reach:
            came = f"s2 confirmed {confirmed}; without a gap, it had {reach}"
            return broken(came, trace, advice=TOO_MUCH, mark=(step,))
    if log_of(trace) and not any(said(trace, Appended)):
        return broken("s2 confirmed nothing", trace, advice=SILENT)
    return kept("each entry that it confirmed had been sent to it")


NOT_STORED = "`self.append(entry)` is what puts an entry into the log, and on disk."
TOO_MUCH = "The leader never sends again what was confirmed: a gap would stay for ever."


@follower.claim(
    "it asks for what is missing", points=1, public=3, hidden=3, scenario=sent_once
)
def asks(node: Any, scenario: Scenario) -> Outcome:
    """After the first messages were lost, it has the whole log in the end."""
    trace = run(node, scenario)
    arrived = trace.where("deliver", node="s2", test=lambda s: type(s.what) is Append)
    confirmed = max((one.step.what.index for one in said(trace, Appended)), default=0)
    wanted = max((e.index for s in arrived for e in s.what.entries), default=0)
    if confirmed >= wanted:
        return kept(f"s2 has all {wanted} entries in the end")
    if not any(said(trace, Fetch)):
        came = f"s2 was sent entry {wanted}, has {confirmed}, and never asked for more"
        return broken(came, trace, advice=ASK)
    came = f"s2 asked, was sent {wanted} entries, and has {confirmed} in the end"
    return broken(came, trace, advice=SEVERAL)


ASK = "Nobody else knows what this follower lacks: `self.fetch(why)` asks for it."
SEVERAL = "The answer is an `Append` of several entries; some may be known already."


@follower.claim(
    "it confirms again what the leader sends again",
    points=1,
    public=3,
    hidden=3,
    scenario=unheard,
)
def again(node: Any, scenario: Scenario) -> Outcome:
    """Each write is answered, though confirmations are lost and the leader restarts."""
    trace = run(node, scenario)
    replies = trace.where("send", node="s1", test=lambda s: type(s.what) is WriteReply)
    answered = max((step.what.index for step in replies), default=0)
    missing = sorted(index for index in log_of(trace) if index > answered)
    if missing:
        times = sum(missing[0] in sent_in(s) for s in trace.where("send", node="s1"))
        came = f"write {missing[0]} is not answered; the leader sent it {times} times"
        return broken(came, trace, advice=LOST)
    return kept(f"{answered} writes, all answered")


def sent_in(step: Step) -> list[int]:
    """The places of the log that a message brings."""
    return [entry.index for entry in getattr(step.what, "entries", ())]


LOST = "Why does the leader send it again? The confirmation may have been lost."
