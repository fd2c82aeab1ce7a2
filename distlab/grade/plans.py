"""What an adversary writes down: who calls what and when, and which faults happen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.faults import Fault, Reordering
from distlab.node import Call
from distlab.sim import Cluster

CLIENTS = ("c1", "c2", "c3")
END_MS = 1_000
EMPTY: dict[str, tuple] = {"calls": (), "faults": ()}


class Plan(NamedTuple):
    """What the learner has written down for one goal."""

    calls: tuple[tuple[float, str, Call], ...]
    faults: tuple[Fault, ...]

    @property
    def size(self) -> int:
        """So many calls and faults."""
        return len(self.calls) + len(self.faults)

    def __str__(self) -> str:
        calls, faults = len(self.calls), len(self.faults)
        return f"{counted(calls, 'call')} and {counted(faults, 'fault')}"


def require_call(name: str, call: Any) -> None:
    """Raise `Misuse` unless this is `(10, "c1", Call("read", ("x",)))` or the like."""
    match call:
        case (int() | float() as at_ms, str(client), Call("read", (_,))) | (
            int() | float() as at_ms,
            str(client),
            Call("write", (_, _)),
        ):
            require_who_and_when(name, client, CLIENTS, at_ms)
        case _:
            raise Misuse(
                f"{name}: {call!r} is no call: write when, who and what, as "
                f'`(10, "c1", Call("write", ("x", 1)))` or `… Call("read", ("x",)))`.'
            )


def require_who_and_when(
    name: str, node: str, among: Sequence[str], at_ms: float, *, may: str = "call"
) -> None:
    """Raise `Misuse` for somebody else, and for a time that is not in the run."""
    if node not in among:
        them = f"{', '.join(among[:-1])} or {among[-1]}"
        raise Misuse(f"{name}: there is no {node!r}: {them} may {may}.")
    if not 0 <= at_ms < END_MS:
        raise Misuse(f"{name}: {at_ms:g} ms is not between 0 and {END_MS}.")


def require_fault(name: str, fault: Any) -> None:
    """Raise `Misuse` unless this is a fault that leaves nothing to chance."""
    if not isinstance(fault, Fault):
        raise Misuse(f"{name}: {fault!r} is no fault, such as `Cut(…)`.")
    if isinstance(fault, Reordering) or getattr(fault, "rate", 1) != 1:
        raise Misuse(
            f"{name}: leave nothing to chance: of {type(fault).__name__}, all messages "
            f"or none (a rate of 1), and `Delay` for those that shall come late."
        )


def plan(
    of: str,
    answer: Any,
    name: str,
    require: Callable[[str, Any], None] = require_call,
) -> Plan:
    """One of the plans of an answer, called `of`. Raises `Misuse` for what is none.

    `require` refuses what is no call: what is no read or write, if it is not given.
    """
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, dict) or set(found) != set(EMPTY):
        raise Misuse(f"{of} has no calls and faults at {name!r}: leave the names.")
    calls, faults = found["calls"], found["faults"]
    for given, what in ((calls, "call"), (faults, "fault")):
        if not isinstance(given, (tuple, list)):
            raise Misuse(f"{name}: one {what} is written `(…,)`, with a comma.")
    if not calls:
        raise NotImplementedError(f"no calls for {name!r} yet")
    for call in calls:
        require(name, call)
    for fault in faults:
        require_fault(name, fault)
    return Plan(tuple(calls), tuple(faults))


def carried_out(cluster: Cluster, calls: Iterable[tuple[float, str, Call]]) -> Cluster:
    """The cluster at the end, where all have called as they were told."""
    for at_ms, node, call in calls:
        cluster.add_call(at_ms, node, call)
    return cluster.run(until_ms=END_MS)
