"""Exercise 3.7: a unique name that two people hold, on a register and on less."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from distlab.check.linearizable import linearizable
from distlab.faults import Fault
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
from distlab.replication.abd import AbdReplica
from distlab.replication.last_write_wins import LastWriteWins
from distlab.sim import Cluster, Network

AT_ONCE, ONE_LATER = "on a linearizable register", "one after the other, on r = w = 1"

taken = Exercise(
    "3.7",
    "Taken twice",
    "03_consistency_models",
    Literal("TAKEN", stub={AT_ONCE: EMPTY, ONE_LATER: EMPTY}),
)
Calls = Iterable[tuple[float, str, Call]]


# ------------------------------------------------------------------------- what is run
def linearizable_register(calls: Calls, faults: Iterable[Fault] = ()) -> Cluster:
    """Three replicas of ABD; every message takes 2 ms, c1, c2 and c3 do as told."""
    return run(AbdReplica, calls, faults)


def one_replica_is_enough(calls: Calls, faults: Iterable[Fault] = ()) -> Cluster:
    """The same with r = w = 1: the first answer counts, and the last write wins."""
    return run(LastWriteWins, calls, faults, r=1, w=1)


def run(
    replica: Any, calls: Calls, faults: Iterable[Fault], **settings: Any
) -> Cluster:
    """Three replicas, three clients; every message takes 2 ms."""
    cluster = Cluster(
        replica,
        servers=3,
        clients=len(CLIENTS),
        network=Network(latency=2),
        faults=faults,
        **settings,
    )
    return carried_out(cluster, calls)


# ------------------------------------------------------------------------ what was seen
class Taking(NamedTuple):
    """Somebody who found a name free, and was told that it is theirs now."""

    read: Operation
    write: Operation

    def __str__(self) -> str:
        process, key = self.write.process, self.write.args[0]
        return f"{process} found {key} free at {self.read.ended_ms:g} ms, and took it"


def takings(history: History) -> Iterator[tuple[Operation | None, Operation]]:
    """Each write, with the read before it that found the name free, if one did."""
    for process in history.processes:
        free: dict[str, Operation] = {}
        for op in history.where(process=process):
            if op.f == "write":
                yield free.pop(op.args[0], None), op
            elif op.outcome == "ok" and not op.result:
                free = {op.args[0]: op}
            else:
                free = {}


def taken_in(history: History) -> list[Taking]:
    """Who took a name, by the rule, and was told so."""
    found = [
        Taking(read, write)
        for read, write in takings(history)
        if read is not None and write.outcome == "ok"
    ]
    return sorted(found, key=lambda taking: taking.write.invoked_us)


def twice(history: History, later: bool) -> tuple[Taking, Taking] | None:
    """Two who took the same name; `later`: the second asked when the first had it."""
    found = taken_in(history)
    for i, one in enumerate(found):
        for other in found[i + 1 :]:
            same = one.write.args[0] == other.write.args[0]
            differ = one.write.process != other.write.process
            if same and differ and (not later or one.write.before(other.read)):
                return one, other
    return None


def verdict(plan: Plan, cluster: Cluster, later: bool, smallest: int) -> Outcome:
    """Whether a name was taken twice, and how small the plan is."""
    history = cluster.history
    last_ms = max((op.ended_ms or 0 for op in history), default=0)
    shown = cluster.trace.between(0, last_ms + 5)
    unasked = [write for read, write in takings(history) if read is None]
    if unasked:
        came = f"{unasked[0].process} writes at {unasked[0].invoked_ms:g} ms, and its "
        came += "last call was not a read that found nothing"
        return broken(came, shown, advice=RULE)
    found = twice(history, later)
    if found is None:
        held = taken_in(history)
        came = "; ".join(map(str, held)) or "nobody took a name"
        return broken(came, shown, advice=why_not(history, held, later))
    came = f"{found[0]}; {found[1]}: by {plan}"
    return by_size(plan.size, smallest, came, shown, advice=SMALLER)


def why_not(history: History, held: list[Taking], later: bool) -> str:
    """What to think about, from how the run went."""
    if not history.where(outcome="ok"):
        return ANSWERED
    if not held:
        return WRITE
    if len(held) == 1:
        return SECOND if later else BETWEEN
    return AFTER if later else SAME


RULE = "Nobody takes a name unasked: why did the read before not find it free?"
WRITE = "To take it is to write it, after a read that found nothing."
ANSWERED = "Nobody had an answer: whom can these clients reach?"
BETWEEN = "Between the read and the write of one, the other must read, too."
SECOND = "The second must not hear of the first: who is in the way between them?"
AFTER = "Here the second one asks when the first has been told that it is theirs."
SAME = "Two people took different names: let both want the same one."
SMALLER = "It works. Which call or fault can you do without?"


# ---------------------------------------------------------------------- what is claimed
@taken.claim(
    "two hold one name, on a linearizable register", points=2, public=1, hidden=0
)
def at_once(answer: Any, case: Case) -> Outcome:
    """The register keeps its promise: reads and writes are not enough."""
    given = plan("TAKEN", answer, AT_ONCE)
    cluster = linearizable_register(*given)
    assert not linearizable(cluster.history).invalid
    return verdict(given, cluster, later=False, smallest=4)


@taken.claim(
    "r = w = 1: two hold one name, though one asked when the other had it",
    points=3,
    public=1,
    hidden=0,
)
def one_later(answer: Any, case: Case) -> Outcome:
    """No linearizable register allows this."""
    given = plan("TAKEN", answer, ONE_LATER)
    cluster = one_replica_is_enough(*given)
    return verdict(given, cluster, later=True, smallest=5)
