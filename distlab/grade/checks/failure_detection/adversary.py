"""Exercise 8.4: the adversary, who loses messages, and as few as possible."""

from __future__ import annotations

from typing import Any

from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.faults import Cut, Fault, Isolate, Loss, Split
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    broken,
    by_size,
)
from distlab.membership.gossip import Gossip
from distlab.membership.heartbeat import HeartbeatDetector, Suspect
from distlab.membership.rumours import Push
from distlab.membership.swim import Failed, Swim
from distlab.membership.swim_suspicion import Confirm, SuspicionSwim
from distlab.node import Call, Node
from distlab.sim import Cluster, Network
from distlab.trace import Step

BEATS, PINGS, RUMOURS = "heartbeats", "pings", "rumours"
LOSES = (Loss, Cut, Split, Isolate)
FAULTS_MAX = 20
END_MS = 3000
SEED = 2

adversary = Exercise(
    "8.4",
    "The adversary",
    "08_failure_detection",
    Literal("LOSSES", stub={BEATS: (), PINGS: (), RUMOURS: ()}),
)


# ------------------------------------------------------------------------- what is run
def lossy(protocol: type[Node], losses: tuple[Fault, ...] = ()) -> Cluster:
    """Five nodes, all of them up; a message takes 2 ms. Of rumours, s1 has one."""
    more: dict[str, Any] = {"timeout_ms": 160} if protocol is HeartbeatDetector else {}
    cluster = Cluster(
        protocol,
        servers=5,
        seed=SEED,
        network=Network(latency=2),
        faults=losses,
        **more,
    )
    if issubclass(protocol, Push):
        cluster.add_call(20, "s1", Call("update", ("x", "tea")))
    found: Cluster = cluster.run(until_ms=END_MS)
    return found


def losses_of(answer: Any, name: str) -> tuple[Fault, ...]:
    """One of the three of an answer. Raises `Misuse` for what loses no messages."""
    if not isinstance(answer, dict) or set(answer) != {BEATS, PINGS, RUMOURS}:
        raise Misuse("LOSSES has three tuples of faults: keep their names.")
    given = answer[name]
    if not isinstance(given, (tuple, list)):
        raise Misuse(f"{name}: one fault alone is written `(…,)`, with a comma.")
    if not given:
        raise NotImplementedError(f"nothing is lost for {name!r} yet")
    if len(given) > FAULTS_MAX:
        raise Misuse(f"{name}: {len(given)} faults; three or four are enough.")
    for fault in given:
        if not isinstance(fault, LOSES) or getattr(fault, "rate", 1) != 1:
            raise Misuse(
                f"{name}: {fault!r} is not what is asked for: all are up, and all "
                f"that goes wrong is that messages are lost, by `Cut`, `Split`, "
                f"`Isolate`, or `Loss` at a rate of 1."
            )
    return tuple(given)


# ------------------------------------------------------------------------ what was seen
def lost(cluster: Cluster) -> int:
    """How many messages were lost."""
    return len(cluster.trace.where("drop"))


def accused(cluster: Cluster, by: type) -> list[Step]:
    """The moments at which somebody takes one of them for crashed."""
    return [s for s in cluster.trace.where("output") if isinstance(s.what, by)]


def without(cluster: Cluster) -> list[str]:
    """Who has not got the update."""
    nodes: dict[str, Any] = cluster.nodes
    return [id for id, node in nodes.items() if "x" not in node.database]


def scored(
    cluster: Cluster, smallest: int, came: str, mark: Any, advice: str
) -> Outcome:
    """It works; with how few messages?"""
    count = lost(cluster)
    told = f"{came}, and {counted(count, 'message')} lost"
    return by_size(count, smallest, told, cluster.trace, advice=advice, mark=mark)


# ---------------------------------------------------------------------- what is claimed
@adversary.claim(
    "heartbeats accuse somebody, and SWIM nobody", points=2, public=1, hidden=0
)
def beats(answer: Any, case: Case) -> Outcome:
    """The same messages are lost; SWIM is the plain one."""
    losses = losses_of(answer, BEATS)
    run = lossy(HeartbeatDetector, losses)
    suspicions = accused(run, Suspect)
    if not suspicions:
        came = f"{counted(lost(run), 'message')} lost, and nobody is suspected"
        return broken(came, run.trace, advice=IN_ROW)
    swim = lossy(Swim, losses)
    if failed := accused(swim, Failed):
        came = f"in SWIM, {failed[0].node} drops {failed[0].what.member}, too"
        return broken(came, swim.trace, advice=RELAYS, mark=failed[:1])
    first = suspicions[0]
    came = f"{first.node} suspects {first.what.node}"
    return scored(run, 3, came, suspicions[:1], ONE_LINK)


IN_ROW = "How long is the timeout, and how many beats of one node are due in that time?"
RELAYS = "In SWIM others are asked when a ping is not answered. Leave them a way."
ONE_LINK = "One node that is suspected by one other is enough, and only just."


@adversary.claim(
    "plain SWIM drops somebody, and SWIM with suspicion nobody",
    points=2,
    public=1,
    hidden=0,
)
def pings(answer: Any, case: Case) -> Outcome:
    """Whoever is dropped was up all the time."""
    losses = losses_of(answer, PINGS)
    run = lossy(Swim, losses)
    failed = accused(run, Failed)
    if not failed:
        came = f"{counted(lost(run), 'message')} lost, and nobody is dropped"
        return broken(came, run.trace, advice=ALL_WAYS)
    suspicion = lossy(SuspicionSwim, losses)
    if confirmed := accused(suspicion, Confirm):
        first = confirmed[0]
        came = f"with suspicion {first.node} drops {first.what.member}, too"
        return broken(came, suspicion.trace, advice=OBJECTS, mark=confirmed[:1])
    came = f"{failed[0].node} drops {failed[0].what.member}"
    return scored(run, 4, came, failed[:1], ONE_PING)


ALL_WAYS = "Find a ping. It must not be answered, and those who are asked must not be."
OBJECTS = "It must come to hear that it is suspected, and its objection must be heard."
ONE_PING = "One ping of one member, and all who are asked because of it: no more."


@adversary.claim(
    "by rumours somebody never hears of it, and with anti-entropy all do",
    points=2,
    public=1,
    hidden=0,
)
def rumours(answer: Any, case: Case) -> Outcome:
    """Push with k = 2, alone and with a comparison now and then."""
    losses = losses_of(answer, RUMOURS)
    run = lossy(Push, losses)
    missed = without(run)
    if not missed:
        came = f"{counted(lost(run), 'message')} lost, and all have heard of it"
        return broken(came, run.trace, advice=UNTIL)
    backed = lossy(Gossip, losses)
    if still := without(backed):
        came = f"with anti-entropy {', '.join(still)} never hears of it, too"
        return broken(came, backed.trace, advice=COMPARES)
    return scored(run, 2, f"{missed[0]} never hears of it", (), FEWEST)


UNTIL = "A rumour is told until all who tell it have lost interest. Who is told last?"
COMPARES = "Anti-entropy compares all that two sites have, later too: let it."
FEWEST = "Some sites are told by fewer others than this one."
