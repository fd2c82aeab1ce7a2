"""Isolation: what a history of transactions shows of the level that was promised.

    >>> from distlab.history import History, Operation
    >>> def done(process, *done):
    ...     return Operation(process, "txn", done, 0, "ok", done, 1000)
    >>> skew = History([
    ...     done("c1", ("r", "x", None), ("append", "y", 1)),
    ...     done("c2", ("r", "y", None), ("append", "x", 1)),
    ... ])
    >>> judge(skew, "snapshot isolation").outcome
    'valid'
    >>> judge(skew, "serializable").outcome
    'invalid'
    >>> [anomaly.name for anomaly in anomalies(skew)]
    ['write skew']

Source
    Adya, "Weak Consistency", MIT 1999; Adya, Liskov and O'Neil, "Generalized Isolation
    Level Definitions", ICDE 2000: a level is what its histories never show.
    Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental
    Observations", PVLDB 14(3), 2020: what clients see is enough to find it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable
from heapq import heapify, heappop, heappush
from typing import Any

from distlab.check import levels
from distlab.check.anomalies import Found
from distlab.check.dependencies import ALWAYS, IN_SESSIONS, IN_TIME, Dependencies
from distlab.check.graphs import with_order
from distlab.check.limits import Exceeded, Limits
from distlab.check.observations import Observed, micro_operations
from distlab.check.patterns import gave_up
from distlab.check.telling import Anomaly
from distlab.check.verdict import Verdict
from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.history import Operation

__all__ = ["Anomaly", "anomalies", "judge", "placed"]
LEVELS = tuple(model.name for model in levels.TRANSACTIONS)
WITNESS = 10_000  # transactions: nobody reads a longer order
EMPTY = ((None, ()), ((), None))  # a list that nobody has written
BY_FORMS = (  # of these levels no rule tells all that they forbid
    "transactional causal consistency",
    "read atomic",
    "cursor stability",
    "monotonic atomic view",
)
LIMITS = Limits()
BY = "rings of dependencies (Adya; Elle by Kingsbury and Alvaro)"


def judge(
    history: Iterable[Operation],
    level: str = "strict serializable",
    limits: Limits = LIMITS,
) -> Verdict:
    """Whether a history of transactions shows anything that a level forbids.

    `level` is one of `LEVELS`, or another name of it (`PL-3`). An invalid verdict has
    its ring and no order: how far all went well is not looked for. Raises `Misuse` for
    other names, and for a history of other operations than transactions.
    """
    model = levels.model(level)
    if model.kind != "transactions":
        raise Misuse(
            f"{model.name} is a model of single objects: the levels of transactions "
            f"are {', '.join(LEVELS)}."
        )
    return Judge(history, limits, basis(model.name)).verdict(model.name)


def placed(history: Iterable[Operation], limits: Limits = LIMITS) -> dict[str, Verdict]:
    """The verdict on each level, the strongest first."""
    judge = Judge(history, limits, IN_TIME)
    return {level: judge.verdict(level) for level in LEVELS}


def anomalies(
    history: Iterable[Operation], limits: Limits = LIMITS
) -> tuple[Anomaly, ...]:
    """Everything that went wrong, the worst first; each ring by its worst name.

    Raises `Misuse` if the limits do not suffice to read the history.
    """
    judge = Judge(history, limits, IN_TIME)
    if judge.found is None:
        raise Misuse(judge.verdict(LEVELS[0]).reason)
    return tuple(judge.found.told())


def basis(level: str) -> int:
    """Which order a level counts on beside that of the versions."""
    suffixes = {name.rpartition("-")[2] for name in levels.forbidden(level)}
    if "realtime" in suffixes:
        return IN_TIME
    return IN_SESSIONS if "process" in suffixes else ALWAYS


class Judge:
    """What was found in a history, once for all levels."""

    def __init__(self, history: Iterable[Operation], limits: Limits, basis: int):
        self.meter = limits.meter()
        self.found: Found | None
        collecting = gc.isenabled()
        gc.disable()  # it would walk all that is read here again and again
        try:
            self.graph = Dependencies(Observed(history, self.meter))
            self.found = Found(self.graph, basis, self.meter)
        except Exceeded:
            self.found = None
        finally:
            if collecting:
                gc.enable()

    def verdict(self, level: str) -> Verdict:
        """The verdict on one level."""
        if self.found is None:
            return gave_up(level, BY, self.meter)
        forbidden = levels.forbidden(level)
        strength = self._strength()
        broken = [name for name in self.found.names if name in forbidden]
        unsure = [name for name in self.found.rings.unsure if name in forbidden]
        if broken:
            worst = next(self.found.told(broken))
            others = [name for name in broken if name != worst.name]
            more = f" There is {', '.join(others)} too." if others else ""
            if not worst.shortest:
                strength += f"; {self.meter.exceeded}: a shorter ring may be there"
            elif unsure:
                strength += f"; {self.meter.exceeded}: others may be there"
            reason = f"{levels.sentence(worst.name)} {worst.reason}{more}"
            told = {id(op) for op in worst.transactions}
            evidence = tuple(op for op in self.graph.observed.ops if id(op) in told)
            said = strength, f"{worst.name}: {reason}", evidence
            return Verdict("invalid", level, *said, (), worst.cycle)
        if not any(key.reads or key.shown for key in self.graph.keys):
            reason = "No transaction that is known to have happened has read anything."
            return Verdict("unknown", level, strength, reason)
        if unsure:
            reason = f"The search for {unsure[0]} ended after {self.meter.exceeded}."
            return Verdict("unknown", level, strength, reason)
        return self._valid(level, strength)

    def _strength(self) -> str:
        done = counted(sum(self.graph.happened), "transaction")
        return f"{done} on {counted(len(self.graph.keys), 'key')}; {BY}"

    def _valid(self, level: str, strength: str) -> Verdict:
        """Nothing forbidden was found: how much that says."""
        order: tuple[Operation, ...] = ()
        if "serializable" in level and sum(self.graph.happened) <= WITNESS:
            order = witness(self.graph, basis(level))
        if level in BY_FORMS:
            strength += "; only of forms that have a name: valid is not proven"
        registers = any(key.f == "w" for key in self.graph.keys)
        reason = "Nothing that this level forbids is there."
        if order:
            reason = "One order of the transactions explains every read."
        elif registers:
            strength += "; of registers only what is certain: valid is not proven"
        elif self.graph.unseen and "serializable" not in level:
            unseen = counted(self.graph.unseen, "append")
            strength += f"; nobody saw the places of {unseen}: valid is not proven"
        return Verdict("valid", level, strength, reason, (), order)


def witness(graph: Dependencies, basis: int) -> tuple[Operation, ...]:
    """The transactions in an order that explains what they read, if there is one here.

    Of those that may come next, the one that was called first does.
    """
    edges, nodes = with_order(graph, basis)
    following: dict[int, list[int]] = {}
    before = [0] * nodes
    for src, dst in zip(edges.src.tolist(), edges.dst.tolist(), strict=True):
        following.setdefault(src, []).append(dst)
        before[dst] += 1
    ops = graph.observed.ops
    rank = [*range(len(ops)), *([-1] * (nodes - len(ops)))]
    ready = [(rank[node], node) for node in range(nodes) if not before[node]]
    heapify(ready)
    order = []
    while ready:
        _, node = heappop(ready)
        if node < len(ops) and graph.happened[node]:
            order.append(ops[node])
        for other in following.get(node, ()):
            before[other] -= 1
            if not before[other]:
                heappush(ready, (rank[other], other))
    return tuple(order) if explains(order) else ()


def explains(order: Iterable[Operation]) -> bool:
    """Whether each transaction reads what those before it, and itself, have written."""
    held: dict[Any, Any] = {}
    for op in order:
        for f, name, value in micro_operations(op):
            if f == "append":
                held[name] = (*held.get(name, ()), value)
            elif f == "w":
                held[name] = value
            elif op.outcome != "ok":
                continue
            elif f == "scan":
                if dict(value) != {k: v for k, v in held.items() if k.startswith(name)}:
                    return False
            elif held.get(name) != value and (held.get(name), value) not in EMPTY:
                return False
    return True
