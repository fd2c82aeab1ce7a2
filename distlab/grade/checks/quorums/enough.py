"""Exercise 2.2: how many answers are enough, what they say, and who is behind."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.faults import Delay, Duplication, Fault, Isolate, Loss
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
from distlab.replication.quorum import (
    Fetch,
    QuorumClient,
    Repair,
    Replica,
    Store,
)
from distlab.replication.siblings import Siblings, Tombstone, context, merge
from distlab.sim import Network, Uniform
from distlab.trace import Step, Trace

SERVERS = ("s1", "s2", "s3")
N = len(SERVERS)
KEYS = ("x", "y")
WRITERS = ("c1", "c2")

enough = Exercise(
    "2.2",
    "Enough answers",
    "02_quorums",
    Method("MyClient", QuorumClient, asked=("enough", "succeed", "repair")),
)


# ------------------------------------------------------------------------- what is run
def scenario(case: Case, *faults: Fault, quorum: int = 0) -> Scenario:
    """c1 and c2 write, and few replicas hear it; c3, the learner's, reads."""
    draw = case.random("calls")
    count = 2 + case.size
    calls = {
        who: [Call("write", (draw.choice(KEYS), f"{who}.{i}")) for i in range(count)]
        for who in WRITERS
    }
    calls["c2"][draw.randrange(count)] = Call("delete", (draw.choice(KEYS),))
    calls["c3"] = [Call("read", (draw.choice(KEYS),)) for _ in range(count)]
    workload = tuple((who, tuple(made)) for who, made in calls.items())
    unheard = [Loss(0.5, src=who, messages=("Store",)) for who in WRITERS]
    quorum = quorum or quorum_of(case)
    settings = ("r", quorum), ("w", quorum)
    return Scenario(case.seed, (*unheard, *faults), workload, settings)


def quorum_of(case: Case) -> int:
    """How many have to answer: 2, 3, 1, and again."""
    return 1 + case.size % N


def doubled(case: Case) -> Scenario:
    """Answers come twice."""
    return read_and_write(case, Duplication(0.6, src="*", dst="c3"))


def with_no_more_than_needed(case: Case) -> Scenario:
    """The replicas that are not needed cannot be reached."""
    return read_and_write(case, *map(Isolate, SERVERS[quorum_of(case) :]))


def one_late(case: Case) -> Scenario:
    """One replica answers late; every second time another cannot be reached."""
    late, away = case.random("replicas").sample(SERVERS, 2)
    slow = Delay(30, src=late, dst="c3")
    if case.size % 2:
        return scenario(case, slow, quorum=2)
    return scenario(case, slow, Isolate(away), quorum=1)


def read_and_write(case: Case, *faults: Fault) -> Scenario:
    """c3 writes what it has read before."""
    found = scenario(case, *faults)
    *others, (learner, reads) = found.workload
    mine = [
        call
        for i, read in enumerate(reads[: 1 + case.size])
        for call in (read, Call("write", (*read.args, f"c3.{i}")))
    ]
    workload = (*others, (learner, tuple(mine)))
    return Scenario(found.seed, found.faults, workload, found.settings)


def run(client: Any, scenario: Scenario) -> Trace:
    """What happened."""
    hasty = {who: {"w": 1, "tries": 2} for who in WRITERS}
    cluster = scenario.cluster(
        Replica,
        servers=N,
        clients=(QuorumClient, QuorumClient, client),
        per_node=hasty,
        network=Network(latency=Uniform(1, 4)),
    )
    trace: Trace = cluster.run(until_ms=400).trace
    return trace


# ------------------------------------------------------------------------ what was seen
class Answer(NamedTuple):
    """An answer that c3 got to a request, and what it made of it."""

    step: Step
    request: Fetch | Store
    held: dict[str, Siblings]  # what each replica has said
    mended: dict[str, Siblings]  # what it has, with what c3 had sent it before
    messages: int  # that have come by now
    told: Step | None  # the end of the operation, if it ended here
    was_told: bool  # whether it has ended, here or before
    repairs: list[Step]

    @property
    def newest(self) -> Siblings:
        """What no other version supersedes."""
        return merge(*self.held.values())

    def __str__(self) -> str:
        verb = "read" if isinstance(self.request, Fetch) else "write"
        return f"a {verb} of {self.request.key}"


def answers(trace: Trace) -> Iterator[Answer]:
    """The answers that c3 got, in order."""
    steps = list(trace.where("send", "deliver", "call", "ok", node="c3"))
    requests = requested(steps)
    held: dict[int, dict[str, Siblings]] = defaultdict(dict)
    mended: dict[int, dict[str, Siblings]] = defaultdict(dict)
    came: Counter[int] = Counter()
    told: set[int] = set()
    for i, step in enumerate(steps):
        if step.kind != "deliver" or step.peer not in SERVERS:
            continue
        number, said = step.what.number, getattr(step.what, "siblings", ())
        held[number][step.peer] = mended[number][step.peer] = said
        came[number] += 1
        end, repairs = made_of(steps[i + 1 :])
        told |= {number} if end else set()
        both = dict(held[number]), dict(mended[number])
        about = requests[number], *both, came[number]
        yield Answer(step, *about, end, number in told, repairs)
        for repair in repairs:
            had = mended[number].get(repair.peer, ())
            mended[number][repair.peer] = merge(had, repair.what.siblings)


def requested(steps: list[Step]) -> dict[int, Fetch | Store]:
    """What c3 has asked, by number."""
    sent = (step.what for step in steps if step.kind == "send")
    return {msg.number: msg for msg in sent if isinstance(msg, (Fetch, Store))}


def reads(trace: Trace) -> Iterator[Answer]:
    """Those to reads."""
    return (a for a in answers(trace) if isinstance(a.request, Fetch))


def made_of(steps: list[Step]) -> tuple[Step | None, list[Step]]:
    """What c3 does before anything else happens to it: an end, and repairs."""
    end, repairs = None, []
    for step in steps:
        if step.kind in ("deliver", "call"):
            break
        if step.kind == "ok":
            end = step
        elif isinstance(step.what, Repair):
            repairs.append(step)
    return end, repairs


def wanted(scenario: Scenario) -> int:
    """How many replicas have to answer, to a read and to a write."""
    return int(dict(scenario.settings)["r"])


def shown(siblings: Siblings) -> str:
    """Versions in words."""
    return ", ".join(map(repr, siblings)) or "nothing"


# ---------------------------------------------------------------------- what is claimed
@enough.claim(
    "nothing is answered before r replicas have, or w",
    points=2,
    public=3,
    hidden=1,
    scenario=doubled,
)
def not_too_early(client: Any, scenario: Scenario) -> Outcome:
    """Replicas are counted, and not their messages."""
    trace, quorum = run(client, scenario), wanted(scenario)
    count = 0
    for answer in answers(trace):
        if answer.told and len(answer.held) < quorum:
            heard = ", ".join(answer.held)
            came = f"{answer} was answered after {heard}; r and w are {quorum}"
            advice = TWICE if answer.messages >= quorum else EARLY
            return broken(came, trace, advice=advice, mark=(answer.step, answer.told))
        count += answer.told is not None
    if not count and list(answers(trace)):
        return broken("nothing was answered", trace, advice=NEVER)
    return kept(f"{count} operations, none answered too early")


EARLY = "How many replicas must have answered? `self.r` or `self.w` of `pending.held`."
TWICE = "Two answers of one replica are one answer: count replicas, not messages."
NEVER = "With `self.ok(…)` an operation ends. When enough have answered, it may."


@enough.claim(
    "it is answered as soon as so many have, whoever else is down",
    points=1,
    public=3,
    hidden=1,
    scenario=with_no_more_than_needed,
)
def not_too_late(client: Any, scenario: Scenario) -> Outcome:
    """In the step in which the last answer that is needed comes in."""
    trace, quorum = run(client, scenario), wanted(scenario)
    for answer in answers(trace):
        if len(answer.held) >= quorum and not answer.was_told:
            heard = ", ".join(answer.held)
            came = f"{heard} had answered {answer}, r and w are {quorum}: no end"
            return broken(came, trace, advice=LATE, mark=(answer.step,))
    return kept("each operation was answered at once")


LATE = "The others may be down: nothing says that they will ever answer."


@enough.claim(
    "it returns all that no other version supersedes, of what it has heard",
    points=2,
    public=3,
    hidden=1,
    scenario=scenario,
)
def complete(client: Any, scenario: Scenario) -> Outcome:
    """Siblings all; what was deleted not."""
    trace = run(client, scenario)
    count = 0
    for answer in reads(trace):
        if answer.told is None:
            continue
        newest = answer.newest
        should = tuple(v for v in newest if v.value != Tombstone())
        came_back = answer.told.what
        if not isinstance(came_back, (tuple, list)) or (
            sorted(map(repr, came_back)) != sorted(map(repr, should))
        ):
            heard = "; ".join(f"{s}: {shown(v)}" for s, v in answer.held.items())
            came = (
                f"{answer} heard {heard}; it returned {came_back!r} and "
                f"should have returned {shown(should)}"
            )
            advice = why_incomplete(came_back, should, newest)
            return broken(came, trace, advice=advice, mark=(answer.step, answer.told))
        count += 1
    if not count and list(reads(trace)):
        return broken("no read was answered", trace, advice=NEVER)
    return kept(f"{count} reads, each complete")


def why_incomplete(came: Any, should: Siblings, newest: Siblings) -> str:
    """What to think about."""
    if not isinstance(came, (tuple, list)):
        return FORM
    if any(version in newest and version not in should for version in came):
        return DELETED
    if any(version not in newest for version in came):
        return SUPERSEDED
    return DOUBLES if len(came) > len(should) else SIBLINGS


FORM = "A read returns a tuple of versions: none, one, or siblings."
DELETED = "A `Tombstone()` says that somebody deleted the key: nobody wants to read it."
SUPERSEDED = "One of these had been overwritten: `self.merge(…)` of what all have said."
DOUBLES = (
    "The same version from two replicas is one version: `self.merge(…)` knows that."
)
SIBLINGS = "One is missing: another replica has it, and nothing supersedes it."


@enough.claim(
    "it repairs each replica that it finds behind, and no other",
    points=2,
    public=3,
    hidden=1,
    scenario=one_late,
)
def repaired(client: Any, scenario: Scenario) -> Outcome:
    """With what all have said together; also one that answers after the read."""
    trace = run(client, scenario)
    count = 0
    for answer in reads(trace):
        newest, held = answer.newest, answer.held
        for repair in answer.repairs:
            sent, had = repair.what.siblings, held.get(repair.peer, ())
            if had == newest or merge(sent, newest) != sent:
                came = (
                    f"of {answer.request.key}, {repair.peer} has {shown(had)}, and was "
                    f"sent {shown(sent)}; the newest is {shown(newest)}"
                )
                advice = NOT_BEHIND if had == newest else TOO_LITTLE
                return broken(came, trace, advice=advice, mark=(repair,))
        told = [repair.peer for repair in answer.repairs]
        for replica, has in answer.mended.items() if answer.was_told else ():
            if has != newest and replica not in told:
                came = (
                    f"of {answer.request.key}, {replica} has {shown(has)}, the newest "
                    f"is {shown(newest)}, and it was not told"
                )
                advice = why_not_repaired(trace, answer)
                return broken(came, trace, advice=advice, mark=(answer.step,))
        count += len(told)
    if list(reads(trace)) and not any(a.told for a in reads(trace)):
        return broken("no read was answered", trace, advice=NEVER)
    return kept(f"{count} replicas behind, each repaired")


def why_not_repaired(trace: Trace, answer: Answer) -> str:
    """What to think about: whether it repairs at all, and when."""
    if not any(other.repairs for other in reads(trace)):
        return UNREPAIRED
    return TOO_LATE if answer.told else LATECOMER


NOT_BEHIND = "This one has all that there is. Whose answer differs from `newest`?"
TOO_LITTLE = "What one replica said may lack something too: send it what all have said."
UNREPAIRED = "`Repair(key, siblings)` tells a replica what it has missed."
TOO_LATE = "Why wait until all have answered? One may be down, and never will."
LATECOMER = (
    "Who answers when the read is over may be behind too, or show that others are."
)


@enough.claim(
    "what it writes next supersedes what it has read",
    points=1,
    public=3,
    hidden=1,
    scenario=read_and_write,
)
def remembers(client: Any, scenario: Scenario) -> Outcome:
    """The vector of its next version covers all that it was told."""
    trace = run(client, scenario)
    read: dict[str, Siblings] = {}
    found = {answer.step: answer for answer in reads(trace) if answer.told}
    for step in trace.where("deliver", "send", node="c3"):
        if step in found:
            read[found[step].request.key] = found[step].newest
        if step.kind == "send" and isinstance(step.what, Store):
            (version,) = step.what.siblings
            seen = context(read.get(step.what.key, ()))
            if not version.vector.covers(seen):
                came = (
                    f"c3 had read {shown(read[step.what.key])}, and writes "
                    f"{version!r}, a sibling"
                )
                return broken(came, trace, advice=FORGOTTEN, mark=(step,))
    if not found and list(reads(trace)):
        return broken("no read was answered", trace, advice=NEVER)
    return kept("each write superseded what had been read")


FORGOTTEN = "`self.version(…)` supersedes what stands in `self.known[key]`."
