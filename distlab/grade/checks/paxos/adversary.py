"""Exercise 4.3: the adversary, who has two values chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distlab.consensus.paxos import Ballot, Paxos, Prepare, Proposal
from distlab.errors import Misuse
from distlab.faults import Crash, DiskFault, Fault
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    broken,
    by_size,
)
from distlab.grade.plans import EMPTY, Plan, carried_out, plan, require_who_and_when
from distlab.node import Call, volatile
from distlab.quorum import Majority
from distlab.sim import Cluster, Network

PROMISE, VOTE = "its promise in memory", "a vote that the disk forgets"
SERVERS = ("s1", "s2", "s3")

adversary = Exercise(
    "4.3",
    "The adversary",
    "04_paxos",
    Literal("TWO_CHOSEN", stub={PROMISE: EMPTY, VOTE: EMPTY}),
)


# ------------------------------------------------------------------------- what is run
class Forgetful(Paxos):
    """After a crash an acceptor does not know what it has promised."""

    promised: Ballot = volatile(Ballot(0, ""))


def three_acceptors(
    protocol: type[Paxos],
    calls: Iterable[tuple[float, str, Call]],
    faults: Iterable[Fault] = (),
) -> Cluster:
    """Every message takes 2 ms; a proposer tries once; they do as told."""
    cluster = Cluster(
        protocol, servers=3, network=Network(latency=2), faults=faults, retry_ms=None
    )
    return carried_out(cluster, calls)


def require_proposal(name: str, call: Any) -> None:
    """Raise `Misuse` unless this is `(10, "s1", Call("propose", ("tea",)))`."""
    match call:
        case (int() | float() as at_ms, str(node), Call("propose", (_,))):
            require_who_and_when(name, node, SERVERS, at_ms, may="propose")
        case _:
            raise Misuse(
                f"{name}: {call!r} is no proposal: write when, who and what, as "
                f'`(10, "s1", Call("propose", ("tea",)))`.'
            )


# ------------------------------------------------------------------------ what was seen
def chosen(cluster: Cluster) -> list[Proposal]:
    """The proposals that a majority has accepted, each in one ballot."""
    voted = votes(cluster)
    return [
        proposal
        for proposal in sorted(
            {vote for each in voted.values() for vote in each}, key=str
        )
        if Majority(SERVERS).has(id for id in SERVERS if proposal in voted[id])
    ]


def votes(cluster: Cluster) -> dict[str, frozenset[Proposal]]:
    """All that each acceptor has ever accepted."""
    nodes: dict[str, Any] = cluster.nodes
    return {id: nodes[id].voted for id in SERVERS}


def proposers(cluster: Cluster) -> set[str]:
    """Who has got as far as asking anybody."""
    asked = cluster.trace.where("deliver", test=lambda s: isinstance(s.what, Prepare))
    return {step.what.ballot.proposer for step in asked}


def verdict(
    given: Plan, protocol: type[Paxos], smallest: int, forgetting: type[Fault]
) -> Outcome:
    """Whether two values are chosen, and how small the plan is."""
    cluster = three_acceptors(protocol, *given)
    found = chosen(cluster)
    last_ms = max((s.at_ms for s in cluster.trace.where("deliver")), default=0)
    shown = cluster.trace.between(0, last_ms + 3)
    values = sorted({str(proposal.value) for proposal in found})
    if len(values) < 2:
        came = f"chosen: {', '.join(values) or 'nothing'}"
        return broken(came, shown, advice=why_not(given, cluster, found, forgetting))
    came = f"{' and '.join(values)} are chosen: by {given}"
    return by_size(given.size, smallest, came, shown, advice=SMALLER)


def why_not(
    given: Plan, cluster: Cluster, found: list[Proposal], forgetting: type[Fault]
) -> str:
    """What to think about, from how the run went."""
    wanted = {call.args[0] for _, _, call in given.calls}
    if len(wanted) < 2:
        return ONE_VALUE
    if not any(isinstance(fault, forgetting) for fault in given.faults):
        return FORGET
    if not cluster.trace.where("recover"):
        return COMES_BACK
    if len(proposers(cluster)) < 2:
        return KNEW
    if not found:
        return NOTHING
    told = "proposes what it has found"
    if cluster.trace.where("note", test=lambda step: step.what == told):
        return FOUND
    values = {vote.value for each in votes(cluster).values() for vote in each}
    return ONE_ONLY if len(values) < 2 else TOO_FEW


SMALLER = (
    "It works. Which call or fault can you do without? Of the answers that come in one "
    "moment, that of s1 is heard first, then that of s2."
)
ONE_VALUE = "Two values can only be chosen if two are proposed."
FORGET = "Paxos keeps its promise under every fault of the network: who has to forget?"
COMES_BACK = "An acceptor forgets when it crashes, and has to come back to vote again."
KNEW = "The second one had been told what was chosen, and asked nobody: be earlier."
NOTHING = "No proposal has a majority: a proposer that is refused once gives up here."
FOUND = "The second proposer was told of the first value. By whom, and when?"
ONE_ONLY = "One value alone was accepted by anybody: was the other one refused?"
TOO_FEW = "Both were accepted by somebody. Who must have accepted both, and in between?"


# ---------------------------------------------------------------------- what is claimed
@adversary.claim(
    "two values are chosen, where acceptors keep their promise in memory",
    points=3,
    public=1,
    hidden=0,
)
def forgets_its_promise(answer: Any, case: Case) -> Outcome:
    """No disk forgets anything: the vote is on it, the promise is not."""
    given = plan("TWO_CHOSEN", answer, PROMISE, require_proposal)
    if any(isinstance(fault, DiskFault) for fault in given.faults):
        raise Misuse(f"{PROMISE}: here no disk may forget anything.")
    return verdict(given, Forgetful, 4, Crash)


@adversary.claim(
    "two values are chosen by Paxos, where the disk of one acceptor forgets",
    points=3,
    public=1,
    hidden=0,
)
def forgets_its_vote(answer: Any, case: Case) -> Outcome:
    """Paxos as it is, and one bad disk."""
    given = plan("TWO_CHOSEN", answer, VOTE, require_proposal)
    forget = {
        getattr(fault, "node", "")
        for fault in given.faults
        if isinstance(fault, DiskFault)
    }
    if len(forget) > 1:
        raise Misuse(f"{VOTE}: the disk of one acceptor may forget, and no other.")
    return verdict(given, Paxos, 5, DiskFault)
