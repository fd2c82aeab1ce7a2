"""Exercise 2.4: the adversary, who finds what r + w > n does not promise."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.faults import DiskFault, Fault
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    broken,
    by_size,
)
from distlab.grade.plans import CLIENTS, EMPTY, Plan, carried_out, plan
from distlab.history import History, Operation
from distlab.node import Call
from distlab.replication.quorum import Replica
from distlab.replication.siblings import context
from distlab.sim import Cluster, Network

NEW_THEN_OLD, MISSED = "new, then old", "acknowledged, then missed"

adversary = Exercise(
    "2.4",
    "The adversary",
    "02_quorums",
    Literal("STALE", stub={NEW_THEN_OLD: EMPTY, MISSED: EMPTY}),
)


# ------------------------------------------------------------------------- what is run
def strict_quorum(
    calls: Iterable[tuple[float, str, Call]], faults: Iterable[Fault] = ()
) -> Cluster:
    """Three replicas, r = w = 2; every message takes 2 ms, c1, c2 and c3 do as told."""
    cluster = Cluster(
        Replica,
        servers=3,
        clients=len(CLIENTS),
        network=Network(latency=2),
        faults=faults,
        r=2,
        w=2,
    )
    return carried_out(cluster, calls)


# ------------------------------------------------------------------------ what was seen
class Miss(NamedTuple):
    """A read, and an earlier operation that knew more."""

    earlier: Operation
    read: Operation


def knows(op: Operation) -> Any:
    """The vector of what an operation has written or shown."""
    return op.result if op.f == "write" else context(op.result)


def misses(history: History, f: str) -> list[Miss]:
    """The reads that do not cover what an earlier operation of this kind knew."""
    done = history.where(outcome="ok")
    return [
        Miss(earlier, read)
        for earlier in done.where(f)
        for read in done.where("read")
        if earlier.before(read)
        and earlier.args[0] == read.args[0]
        and not knows(read).covers(knows(earlier))
    ]


def told(op: Operation) -> str:
    """`c2 read [new] at 14 ms`."""
    what = op.args[1] if op.f == "write" else [v.value for v in op.result]
    verb = "wrote" if op.f == "write" else "read"
    return f"{op.process} {verb} {what!r} at {op.ended_ms:g} ms"


def verdict(
    plan: Plan, cluster: Cluster, f: str, smallest: int, advice: str
) -> Outcome:
    """Whether a read misses what an earlier operation knew, and how small the plan is.

    `advice` is what to think about when nothing is missed.
    """
    found = misses(cluster.history, f)
    last_ms = max((op.ended_ms or 0 for op in cluster.history), default=0)
    if not found:
        shown = cluster.trace.between(0, last_ms + 5)
        ends = "; ".join(told(op) for op in cluster.history.where(outcome="ok"))
        return broken(ends or "no operation ended ok", shown, advice=advice)
    earlier, read = found[0]
    assert read.ended_ms is not None
    shown = cluster.trace.between(0, read.ended_ms + 5)
    marked = shown.where("ok", test=lambda s: s.what in (earlier.result, read.result))
    came = f"{told(earlier)}, later {told(read)}: by {plan}"
    return by_size(plan.size, smallest, came, shown, advice=SMALLER, mark=tuple(marked))


SMALLER = (
    "It works. Which call or fault can you do without? One split can cut many links."
)


# ---------------------------------------------------------------------- what is claimed
@adversary.claim(
    "new, then old again: a read misses what a read before it has shown",
    points=3,
    public=1,
    hidden=0,
)
def new_then_old(answer: Any, case: Case) -> Outcome:
    """No disk forgets anything."""
    given = plan("STALE", answer, NEW_THEN_OLD)
    if any(isinstance(fault, DiskFault) for fault in given.faults):
        raise Misuse(f"{NEW_THEN_OLD}: here no disk may forget anything.")
    cluster = strict_quorum(*given)
    return verdict(given, cluster, "read", 5, why_not_old(cluster))


def why_not_old(cluster: Cluster) -> str:
    """What to think about, from how the run went."""
    reads = cluster.history.where("read", outcome="ok")
    if not any(read.result for read in reads):
        return UNSEEN
    if not any(one.before(other) for one, other in combinations(reads, 2)):
        return ONE_READ
    return REPAIRED if cluster.trace.where("deliver", test=is_repair) else EVERYWHERE


def is_repair(step: Any) -> bool:
    """Whether a replica is told what it has missed."""
    return type(step.what).__name__ == "Repair"


UNSEEN = "No read has seen the new value: one replica must have it, and be asked."
ONE_READ = "Two reads are needed: the second begins when the first has ended."
REPAIRED = "The first read has repaired the others. How can the second be before that?"
EVERYWHERE = (
    "If two replicas have it, each read finds it: how many may the write reach?"
)


@adversary.claim(
    "with one disk that forgets: a read misses an acknowledged write",
    points=2,
    public=1,
    hidden=0,
)
def missed(answer: Any, case: Case) -> Outcome:
    """Fewer disks than w forget, and r + w > n."""
    given = plan("STALE", answer, MISSED)
    forget = {
        getattr(fault, "node", "")
        for fault in given.faults
        if isinstance(fault, DiskFault)
    }
    if len(forget) > 1 or forget & set(CLIENTS):
        raise Misuse(f"{MISSED}: the disk of one replica may forget, and no other.")
    cluster = strict_quorum(*given)
    return verdict(given, cluster, "write", 6, why_not_missed(cluster))


def why_not_missed(cluster: Cluster) -> str:
    """What to think about, from how the run went."""
    written = cluster.history.where("write", outcome="ok")
    if not written:
        return UNACKNOWLEDGED
    if not cluster.trace.where("recover"):
        return FORGET
    reads = cluster.history.where("read", outcome="ok")
    if not any(write.before(read) for write in written for read in reads):
        return READ_LATER
    return OTHERS


UNACKNOWLEDGED = "Nobody was promised anything: two replicas have to confirm the write."
FORGET = "`LostWrites` shows when its replica crashes, and only if it comes back."
READ_LATER = "A read that begins when the write has ended and the disk has forgotten."
OTHERS = "A replica that has it still answered. Who are the first two that are asked?"
