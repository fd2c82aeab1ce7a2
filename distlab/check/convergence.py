"""Convergence: replicas that have heard the same come to hold the same.

Source
    Terry, Theimer, Petersen, Demers, Spreitzer and Hauser, "Managing Update Conflicts
    in Bayou", SOSP 1995, and Vogels, "Eventually Consistent", CACM 52(1), 2009:
    eventual consistency.
    Shapiro, Preguiça, Baquero and Zawirski, "Conflict-Free Replicated Data Types", SSS
    2011, section 2: strong eventual consistency.

"Eventually" is broken by no history that ends: it could still come. So eventual
consistency is judged from a moment on at which somebody vouches that the system is at
rest: no update is under way, and all of them have had the time to get everywhere. The
strong form needs no rest: it asks of two replicas at any two moments, if they have
delivered the same updates, whether they are in the same state. That the updates get
everywhere, and that none is lost, are promises of their own (`check.durability`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import inf
from typing import Any

from distlab.check.finding import shown, told
from distlab.check.kinds import ANY
from distlab.check.verdict import Verdict
from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.history import History, Operation
from distlab.machine import KeyValue, Machine
from distlab.value import Value

AT_REST = "eventually consistent"
NOT_SAID = (
    "Nobody has said from when on the system was at rest: give `at_rest_ms`, and let "
    "clients read after it."
)
KEY_VALUE = KeyValue()
Deliveries = Mapping[str, Sequence[tuple[Collection[Any], Any]]]


# ------------------------------------------------------------------ when all is at rest
def eventual_consistency(
    history: History, at_rest_ms: float | None = None, machine: Machine = KEY_VALUE
) -> Verdict:
    """Whether from a moment on all who ask the same are told the same.

    What a key is said to hold must be something that was written. Raises `Misuse` if an
    update was called, or acknowledged, after that moment.
    """
    if at_rest_ms is None:
        return Verdict("unknown", AT_REST, "not judged", NOT_SAID)
    answers = answers_of(history, at_rest_ms, machine)
    reads = sum(map(len, answers.values()))
    strength = f"{counted(reads, 'look')} at {counted(len(answers), 'thing')} from "
    strength += f"{at_rest_ms:g} ms on"
    for looks in answers.values():
        if found := apart(looks, history if machine == KEY_VALUE else History()):
            reason, evidence = found
            return Verdict("invalid", AT_REST, strength, reason, evidence)
    if all(len(looks) == 1 for looks in answers.values()):
        reason = f"Nothing was looked at twice from {at_rest_ms:g} ms on."
        return Verdict("unknown", AT_REST, strength, reason)
    reason = "All who looked at the same were told the same."
    return Verdict("valid", AT_REST, strength, reason)


def answers_of(
    history: History, at_rest_ms: float, machine: Machine
) -> dict[tuple[str, tuple], list[Operation]]:
    """What was answered to each question from a moment on."""
    answers: dict[tuple[str, tuple], list[Operation]] = {}
    for op in history:
        ok = op.outcome == "ok"
        late = op.invoked_ms >= at_rest_ms
        if machine.only_looks(op.f, op.result if ok else ANY):
            if ok and late:
                answers.setdefault((op.f, op.args), []).append(op)
        elif op.outcome != "fail" and (late or (ok and ended_ms(op) > at_rest_ms)):
            raise Misuse(
                f"{told(op)}, so the system was not at rest from {at_rest_ms:g} ms on: "
                f"choose a later moment."
            )
    return answers


def apart(
    looks: Sequence[Operation], history: History
) -> tuple[str, tuple[Operation, ...]] | None:
    """Why what is the same question did not have one answer, and a right one."""
    first = looks[0]
    for other in looks:
        if other.result != first.result:
            why = f"{told(first)}, and {told(other)}: nothing came between them."
            return why, (first, other)
    strange = left_by_none(first, history) if history else None
    return (strange, (first,)) if strange else None


def ended_ms(op: Operation) -> float:
    """When an operation that was answered ended."""
    return inf if op.ended_ms is None else op.ended_ms


def left_by_none(read: Operation, history: History) -> str | None:
    """Why no write to its key can have left what a read returned."""
    updates = history.where(
        test=lambda op: (
            op.f != "read" and op.outcome != "fail" and op.args[:1] == read.args
        )
    )
    if read.f != "read" or any(op.f != "write" for op in updates):
        return None
    if read.result is None:
        kept = updates.where(outcome="ok")
        return f"{told(read)}, though {told(kept[0])}." if kept else None
    if any(op.args[1] == read.result for op in updates):
        return None
    return f"{told(read)}, which nobody wrote."


# -------------------------------------------------------------------------- at any time
class Look(Value):
    """What a replica had delivered at some moment, and its state then."""

    replica: str
    delivered: tuple[Any, ...]
    state: Any

    def __str__(self) -> str:
        updates = ", ".join(map(str, self.delivered)) or "nothing"
        return f"{self.replica} after {updates}: {shown(self.state)}"


def strong_eventual_consistency(deliveries: Deliveries | None = None) -> Verdict:
    """Whether replicas that have delivered the same updates are in the same state.

    `deliveries` has for each replica, in order, the updates that it had delivered at
    some moments, by names that can be compared, and the state that it was in. Raises
    `Misuse` for a replica that has delivered fewer later.
    """
    promise = "strongly eventually consistent"
    looks = looks_of(deliveries or {})
    strength = counted(len(looks), "look")
    strength += f" at {counted(len(deliveries or {}), 'replica')}"
    if not looks:
        reason = "Nobody has told which updates the replicas had delivered."
        return Verdict("unknown", promise, strength, reason)
    first: dict[tuple[Any, ...], Look] = {}
    compared = 0
    for look in looks:
        known = first.setdefault(look.delivered, look)
        compared += known.replica != look.replica
        if known.state != look.state:
            reason = f"The same was delivered, and the states differ: {known}; {look}."
            return Verdict("invalid", promise, strength, reason, (known, look))
    if not compared:
        reason = "No two replicas were seen after the same updates."
        return Verdict("unknown", promise, strength, reason)
    reason = f"The same state after the same updates, {counted(compared, 'time')}."
    return Verdict("valid", promise, strength, reason)


def looks_of(deliveries: Deliveries) -> list[Look]:
    """All looks at all replicas. Raises `Misuse` where less is delivered later."""
    looks: list[Look] = []
    for replica, several in deliveries.items():
        before: set[Any] = set()
        for updates, state in several:
            if missing := before.difference(updates):
                raise Misuse(
                    f"{replica} had delivered {min(missing, key=repr)!r} before it had "
                    f"{state!r}: tell each time all that it has delivered, in order."
                )
            before = set(updates)
            looks.append(Look(replica, tuple(sorted(updates, key=repr)), state))
    return looks
