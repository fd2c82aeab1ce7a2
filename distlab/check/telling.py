"""Anomalies in words: who comes before whom, by what they read and wrote.

Source
    Kingsbury and Alvaro, "Elle", PVLDB 14(3), 2020, section 6: an explanation that a
    person can check against the history.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from distlab.check import levels
from distlab.check.dependencies import (
    ALWAYS,
    IN_SESSIONS,
    PROCESS,
    REAL_TIME,
    SCAN,
    WR,
    WW,
    Dependencies,
)
from distlab.check.finding import shown
from distlab.check.ladder import Ring, Step
from distlab.check.observations import Fault, Key
from distlab.check.verdict import Edge
from distlab.history import Operation
from distlab.value import Value

KINDS = ("ww", "wr", "rw", "rw", "process", "real time")


class Anomaly(Value):
    """Something that went wrong, as an argument that a person can follow."""

    name: str  # "write skew", "G1a"
    reason: str
    transactions: tuple[Operation, ...]  # those in the ring; then those that show it
    cycle: tuple[Edge, ...] = ()
    shortest: bool = True  # whether no shorter ring of this kind was left unlooked for

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"

    def __repr__(self) -> str:
        lines = [f"{self.name}: {levels.sentence(self.name)}", self.reason]
        return "\n".join([*lines, *(f"    {op}" for op in self.transactions)])


class Teller:
    """Tells one anomaly: its transactions are T1, T2, … in the order of their ring."""

    def __init__(self, graph: Dependencies):
        self.graph = graph
        self.observed = graph.observed
        self.ops = graph.observed.ops
        self.names: dict[int, str] = {}

    def told(self, what: Ring | Fault) -> Anomaly:
        """A ring or a fault in words."""
        cycle: tuple[Edge, ...] = ()
        if isinstance(what, Fault):
            for t in what.transactions:
                self._named(t)
            reason, shortest = self._fault(what), True
        else:
            for step in what.steps:
                self._named(step.src)
            cycle = tuple(self._edge(step) for step in what.steps)
            steps = zip(what.steps, cycle, strict=True)
            reason = " ".join(
                f"{self._named(step.src)} comes before {self._named(step.dst)}: "
                f"{edge.why}."
                for step, edge in steps
            )
            reason += f" No order has {'both' if len(cycle) == 2 else 'all of it'}."
            shortest = what.shortest
        for t in list(self.names):
            if t in self.graph.seen_by:
                self._named(self.graph.seen_by[t])
        who = ", ".join(self._presented(t) for t in self.names)
        ops = tuple(self.ops[t] for t in self.names)
        return Anomaly(what.name, f"{who}. {reason}", ops, cycle, shortest)

    def _named(self, t: int) -> str:
        return self.names.setdefault(t, f"T{len(self.names) + 1}")

    def _presented(self, t: int) -> str:
        op = self.ops[t]
        return f"{self.names[t]} is {op.process}'s ({op.span})"

    # ------------------------------------------------------------------------- one edge
    def _edge(self, step: Step) -> Edge:
        one, other = self._named(step.src), self._named(step.dst)
        if step.kind == PROCESS:
            why = f"{self.ops[step.src].process} began {other} after {one}"
        elif step.kind == REAL_TIME:
            before, after = self.ops[step.src], self.ops[step.dst]
            ended, called = before.when(before.ended_us), after.when(after.invoked_us)
            why = f"{one} had ended at {ended}, {other} began at {called}"
        else:
            why = self._dependency(step, self.graph.keys[step.key], one, other)
        return Edge(self.ops[step.src], KINDS[step.kind], self.ops[step.dst], why)

    def _dependency(self, step: Step, key: Key, one: str, other: str) -> str:
        if step.kind == WW:
            return self._overwrote(step, key, one, other)
        if step.kind == WR:
            read, value = self._seen(step, key)
            if key.f == "w":
                return f"{other} read {key.name} = {read!r}, which {one} had written"
            return (
                f"{other} read {version(key, read)}, and {one} had appended {value!r}"
            )
        verb = "wrote" if key.f == "w" else "appended"
        if step.kind == SCAN:
            value = next(self._writes(step.dst, key))
            return f"{one} scanned, no {key.name}, and {other} {verb} {value!r}"
        read, value = self._lacking(step, key)
        if key.f != "w" and read:
            return f"{one} read {version(key, read)} without {value!r} of {other}"
        if key.f != "w" or read not in key.writes:
            return f"{one} found no {key.name}, and {other} {verb} {value!r}"
        writer = self._named(key.writes[read])
        why = f"{one} read {version(key, read)} of {writer}, and {other}"
        if step.basis == ALWAYS:
            return f"{why} read it too and replaced it by {value!r}"
        by = "its session" if step.basis == IN_SESSIONS else "real time"
        return f"{why} wrote {value!r} later in {by}"

    def _overwrote(self, step: Step, key: Key, one: str, other: str) -> str:
        """Which append came behind which, and who saw that."""
        whole = key.longest
        first = next(v for v in whole if key.writes.get(v) == step.src)
        behind = whole[whole.index(first) :]
        second = next((v for v in behind if key.writes.get(v) == step.dst), None)
        why, last = f"{one} appended {first!r} to {key.name}", self._named(key.last)
        if second is not None:
            return f"{why} before {other} {second!r}, as {last} read {shown(whole)}"
        second = next(v for v in self._writes(step.dst, key) if v not in whole)
        return f"{why}, and {last} read {shown(whole)} without {second!r} of {other}"

    def _writes(self, t: int, key: Key) -> Iterator[Any]:
        """What a transaction wrote under a key."""
        return (value for value, by in key.writes.items() if by == t)

    def _seen(self, step: Step, key: Key) -> tuple[Any, Any]:
        """A version that shows something of the writer, and what it shows."""
        for of, read in self.observed.reads_by(step.dst):
            if of is key:
                for value in reversed(read) if key.f != "w" else (read,):
                    if key.writes.get(value) == step.src:
                        return read, value
        raise AssertionError("an edge has no read")

    def _lacking(self, step: Step, key: Key) -> tuple[Any, Any]:
        """A version that was read, and what it lacks of the writer."""
        for of, read in self.observed.reads_by(step.src):
            values = read if key.f != "w" else (read,)
            for value in self._writes(step.dst, key) if of is key else ():
                if value not in values:
                    return read, value
        raise AssertionError("an edge has no read")

    # ------------------------------------------------------------------------ one fault
    def _fault(self, fault: Fault) -> str:
        key = self.observed.keys[fault.key]
        one, *others = (self._named(t) for t in fault.transactions)
        value = shown(fault.value)
        read = f"{one} read {version(key, fault.value)}"
        if key.f != "w" and fault.name in ("G1a", "garbage read", "G1b"):
            read = f"{one} read {value} in {key.name}"
        if fault.name == "internal":
            return f"{read}, which is not what it had read and written itself before."
        if fault.name == "garbage read":
            return f"{read}, which nobody wrote."
        if fault.name == "G1a":
            return f"{read}, and {others[0]}, which wrote it, failed."
        if fault.name == "G1b":
            return f"{read}, and {others[0]}, which wrote it, then wrote again."
        if fault.name == "G1c":
            return f"{read}, and wrote {value} itself, but later."
        if fault.name == "duplicate elements":
            return f"{one} read {key.name} with {value} twice, which was appended once."
        if fault.name == "dirty update":
            whole = f"as {others[1]} read in {version(key, key.longest)}"
            return f"{one} failed, and {others[0]} built on its {value}, {whole}."
        longest = version(key, key.longest)
        return f"{read}, and {others[0]} read {longest}: neither began as the other."


def version(key: Key, read: Any) -> str:
    """`x = (1, 2)`, or `no x`."""
    return f"no {key.name}" if read in (None, ()) else f"{key.name} = {shown(read)}"
