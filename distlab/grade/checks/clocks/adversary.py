"""Exercise 7.4: the adversary, with a wrong clock and with a naive snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Any, NamedTuple

from distlab.clocks.naive_snapshot import NaiveSnapshot
from distlab.clocks.snapshot import Marker, Transfer
from distlab.errors import Misuse
from distlab.faults import ClockJump, ClockSkew, Fault, LinkFault
from distlab.grade.exercise import (
    Case,
    Exercise,
    Literal,
    Outcome,
    broken,
    by_size,
    partly,
)
from distlab.grade.plans import EMPTY, Plan, carried_out, plan, require_who_and_when
from distlab.node import Call
from distlab.replication.last_write_wins import LastWriteWins, StampingClient, stamp
from distlab.replication.quorum import Store
from distlab.sim import Cluster, Network
from distlab.trace import Step, Trace

LOST, MONEY = "three writes lost", "money from nothing"
ACCOUNTS = ("s1", "s2", "s3")
DEPOSIT = 100
OFF_MS = 40  # what a clock may be wrong by

adversary = Exercise(
    "7.4",
    "The adversary",
    "07_clocks",
    Literal("CLOCK_PLANS", stub={LOST: EMPTY, MONEY: EMPTY}),
)


# ------------------------------------------------------------------------- what is run
def last_write_wins(
    calls: Iterable[tuple[float, str, Call]], faults: Iterable[Fault] = ()
) -> Cluster:
    """Three replicas and three clients; every message takes 2 ms."""
    cluster = Cluster(
        LastWriteWins,
        servers=3,
        clients=(StampingClient,) * 3,
        network=Network(latency=2),
        faults=faults,
    )
    return carried_out(cluster, calls)


def naive_snapshot(
    calls: Iterable[tuple[float, str, Call]], faults: Iterable[Fault] = ()
) -> Cluster:
    """Three accounts of 100; links keep their order, every message takes 2 ms."""
    network = Network(latency=2, fifo=True)
    cluster = Cluster(NaiveSnapshot, servers=3, network=network, faults=faults)
    return carried_out(cluster, calls)


def given_in(answer: Any, name: str) -> Plan:
    """One of the plans. Raises `Misuse` for what is none, or asks for too much."""
    if name == LOST:
        found = plan("CLOCK_PLANS", answer, name)
        for fault in found.faults:
            require_clock(name, fault)
        return found
    found = plan("CLOCK_PLANS", answer, name, require_payment)
    for fault in found.faults:
        if not isinstance(fault, LinkFault):
            raise Misuse(f"{name}: {fault!r}: here only links may be slow, or cut.")
    return found


def require_clock(name: str, fault: Fault) -> None:
    """Raise `Misuse` unless this is a clock that is not too far off."""
    if not isinstance(fault, (ClockSkew, ClockJump)):
        raise Misuse(
            f"{name}: {fault!r}: here only clocks may be wrong, by a `ClockSkew` or a "
            f"`ClockJump`."
        )
    by_ms = fault.offset_ms if isinstance(fault, ClockSkew) else fault.by_ms
    if abs(by_ms) > OFF_MS:
        raise Misuse(f"{name}: {fault!r}: by {OFF_MS} ms at most, either way.")


def require_payment(name: str, call: Any) -> None:
    """Raise `Misuse` unless this is a transfer, or the snapshot."""
    match call:
        case (int() | float() as at_ms, str(node), Call("snapshot", ())) | (
            int() | float() as at_ms,
            str(node),
            Call("transfer", (str(_), int(_))),
        ):
            require_who_and_when(name, node, ACCOUNTS, at_ms)
        case _:
            raise Misuse(
                f"{name}: {call!r} is no call: write when, who and what, as "
                f'`(10, "s2", Call("transfer", ("s3", 5)))` or `… Call("snapshot"))`.'
            )


# ------------------------------------------------------------------------ what was seen
class Written(NamedTuple):
    """A write that was acknowledged, and with which stamp."""

    began: Step
    ended: Step
    key: str
    stamp: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.began.what.args[1]!r} by {self.began.node}"


def written(trace: Trace) -> list[Written]:
    """All of them, in the order in which they began."""
    found, under_way = [], {}
    for step in trace.where("call", "send", "ok"):
        if step.kind == "call":
            under_way[step.node] = [step]
        elif step.kind == "send" and isinstance(step.what, Store):
            under_way[step.node].append(step)
        elif step.kind == "ok" and len(under_way[step.node]) > 1:
            began, sent, *_ = under_way.pop(step.node)
            (version,) = sent.what.siblings
            found.append(Written(began, step, sent.what.key, stamp(version)))
    return sorted(found, key=lambda one: one.began.at_us)


def lost(writes: list[Written]) -> list[tuple[Written, Written]]:
    """Writes that nobody can ever read, each with an earlier one that hides it.

    That one had been acknowledged before the lost one began.
    """
    found = []
    for one in writes:
        before = [w for w in writes if w.ended.at_us < one.began.at_us]
        hides = [w for w in before if w.key == one.key and w.stamp > one.stamp]
        if hides:
            found.append((one, hides[0]))
    return found


# ---------------------------------------------------------------------- what is claimed
def scored(given: Plan, smallest: int, came: str, trace: Trace) -> Outcome:
    """It works; how small is it?"""
    return by_size(given.size, smallest, f"{came}, by {given}", trace, advice=SMALLER)


SMALLER = "It works, and a smaller plan does, too: which call or fault is not needed?"


@adversary.claim(
    "three acknowledged writes are lost, where the last write wins",
    points=3,
    public=1,
    hidden=0,
)
def loses_writes(answer: Any, case: Case) -> Outcome:
    """Half of the points at most for fewer."""
    given = given_in(answer, LOST)
    trace = last_write_wins(*given).trace
    writes = written(trace)
    found = lost(writes)
    shown = trace.between(0, max((w.ended.at_ms for w in writes), default=0) + 1)
    hidden = [f"{one}, hidden by {other}" for one, other in found]
    came = f"lost: {'; '.join(hidden) or 'nothing'}"
    if len(found) >= WANTED:
        return scored(given, 2 + WANTED, came, shown)
    if found:
        return partly(len(found) / WANTED / 2, came, shown, advice=few(writes, found))
    return broken(came, shown, advice=why_not(given, writes))


WANTED = 3


def why_not(given: Plan, writes: list[Written]) -> str:
    """What to think of where nothing is lost."""
    if not given.faults:
        return EXACT
    if len(writes) < 2:
        return TWO
    keys = [one.key for one in writes]
    if len(set(keys)) == len(keys):
        return KEYS
    pairs = [(a, b) for a in writes for b in writes if a.key == b.key]
    after = [(a, b) for a, b in pairs if a.ended.at_us < b.began.at_us]
    if not after:
        return OVERLAP
    skewed = {getattr(fault, "node", "") for fault in given.faults}
    writers = {one.began.node for one in writes}
    return TOO_LATE if skewed & writers else WHOSE


def few(writes: list[Written], found: list[tuple[Written, Written]]) -> str:
    """What to think of where too little is lost: of a write that is not, if any."""
    losers = [one for one, _ in found]
    rest = [one for one in writes if one not in losers]
    for one, (_, winner) in product(rest, found):
        if one is not winner and one.key == winner.key and one.stamp < winner.stamp:
            return f"{one} began before {winner} was acknowledged: {EITHER}"
    return MORE


EITHER = "they overlap, and that is no loss."
EXACT = "With exact clocks the later write has the later stamp. Whose clock is wrong?"
TWO = "A write is lost to another one of the same key: there must be two at least."
KEYS = "Each key is written once: a write is lost to another one of its own key."
OVERLAP = "These writes overlap: either may win. Let the first one be acknowledged."
WHOSE = "Clients stamp what they write. The clock that is off is that of none of them."
TOO_LATE = (
    "The winner needs the later stamp and the earlier end. A clock that is 40 ms ahead "
    "is ahead of what is written in the next 40 ms."
)
MORE = "That is one way to lose a write. How many can lose to one and the same write?"


@adversary.claim(
    "a naive snapshot finds more money than there is", points=3, public=1, hidden=0
)
def finds_too_much(answer: Any, case: Case) -> Outcome:
    """Three accounts of 100."""
    given = given_in(answer, MONEY)
    trace = naive_snapshot(*given).trace
    last_ms = max((s.at_ms for s in trace.where("deliver", "output")), default=0)
    shown = trace.between(0, last_ms + 1)
    parts = {step.node: step for step in reversed(trace.where("output"))}
    if len(parts) < len(ACCOUNTS):
        missing = ", ".join(id for id in ACCOUNTS if id not in parts)
        came = f"{missing} never recorded anything"
        return broken(came, shown, advice=ALL)
    found = sum(step.what.total for step in parts.values())
    came = f"{found} are found, of {DEPOSIT * len(ACCOUNTS)}"
    if found > DEPOSIT * len(ACCOUNTS):
        return scored(given, 3, came, shown)
    advice = LITTLE if found < DEPOSIT * len(ACCOUNTS) else way(parts, trace)
    return broken(came, shown, advice=advice, mark=tuple(parts.values()))


def way(parts: dict[str, Step], trace: Trace) -> str:
    """What to think of where as much is found as there is."""
    paid = trace.where("send", test=lambda step: isinstance(step.what, Transfer))
    if not paid:
        return REFUSED if trace.where("fail") else NOBODY
    late = [step for step in paid if step.at_us >= parts[step.node].at_us]
    if not late:
        return EARLY
    slow = [s for s in trace.where("deliver") if isinstance(s.what, Marker)]
    return TOGETHER if len({s.at_us for s in slow}) < len(slow) else ARRIVES


ALL = "A snapshot is complete when all three have recorded what they have."
LITTLE = "Too little: what had left the sender had not arrived. The other way round?"
REFUSED = "This payment is refused: from 1 to what is there, and to another account."
NOBODY = "As long as nobody pays, every snapshot is right."
EARLY = "Who paid had not recorded anything yet: it is counted once, where it arrives."
TOGETHER = "All are asked at the same moment. Which of the questions should be late?"
ARRIVES = (
    "The sender has recorded before it pays: good. And the receiver must not have, "
    "when the money arrives."
)
