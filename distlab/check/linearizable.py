"""Linearizability: each operation seems to happen at one moment between call and end.

Source
    Herlihy and Wing, "Linearizability: A Correctness Condition for Concurrent Objects",
    TOPLAS 12(3), 1990: the promise, and that each object may be judged by itself.

Any object that a `Machine` describes can be judged. An operation that failed did not
happen; one of which nobody knows takes effect at any time after its call, or never.
Where an algorithm is known that is always fast, it decides; otherwise orders are
searched, within limits (`check.configurations`).
"""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from typing import Any, NamedTuple

from distlab.check.configurations import Found, Search
from distlab.check.dead_ends import argument
from distlab.check.finding import Finding, Operations, told
from distlab.check.limits import Limits, Meter
from distlab.check.objects import Object, objects_of
from distlab.check.one_order import merged
from distlab.check.prefixes import longest_good
from distlab.check.smallest import smallest
from distlab.check.sources import dependants_in, looks, stale_in
from distlab.check.verdict import Verdict
from distlab.check.versions import counted
from distlab.history import History, Operation
from distlab.machine import KeyValue, Machine

PROMISE = "linearizable"
KEYS = KeyValue()
LIMITS = Limits()


class Fast(NamedTuple):
    """An algorithm that is always fast, for some histories of some machine.

    `module.function(ops)` gives a `Finding`, or None where it does not apply.
    """

    machine: str
    module: str
    function: str
    by: str

    def __call__(self, ops: Operations) -> Finding | None:
        """Judge the operations of one object."""
        module = import_module(f"distlab.check.{self.module}")
        finding: Finding | None = getattr(module, self.function)(ops)
        return finding


ZONES = "zones (Gibbons and Korach)"
EPOCHS = "epochs as zones (after Gibbons and Korach)"
FAST = (
    Fast("Register", "zones", "registers", ZONES),
    Fast("Cell", "zones", "registers", ZONES),
    Fast("Cell", "epochs", "lists", EPOCHS),
    Fast("Text", "epochs", "texts", EPOCHS),
    Fast("Queue", "queues", "queue", "sorted items (Henzinger, Sezgin and Vafeiadis)"),
    Fast("Stack", "stacks", "stack", "items left out in turn (Lee and Mathur)"),
    Fast("Membership", "sets", "member", "turns by deadline (Jackson)"),
)


class Judged(NamedTuple):
    """One object, what was found out about it, and by which algorithm."""

    object: Object
    finding: Finding
    by: str


def linearizable(
    history: History, machine: Machine = KEYS, limits: Limits = LIMITS
) -> Verdict:
    """Whether one order, in real time, explains what the operations have returned.

    Raises `Misuse` for a call that the machine does not have, and for a process that
    calls again before its last operation has ended.
    """
    objects = objects_of(history, machine)
    meter = limits.meter()
    judged = {key: by_rule(one) for key, one in objects.items()}
    for key in sorted(objects, key=lambda key: len(objects[key].ops)):
        judged[key] = judged[key] or by_search(key, objects[key], meter)
    found = [one for one in judged.values() if one]
    strength = strength_of(found, machine)
    for one in sorted(found, key=lambda one: one.finding.outcome):
        outcome, reason, evidence, _, order = one.finding
        if outcome == "invalid" and not order:
            reason, order = until_then(one, meter)
        if outcome != "valid":  # invalid comes first
            return Verdict(outcome, PROMISE, strength, reason, evidence, order)
    if not any(one.object.tells for one in found):
        return Verdict("unknown", PROMISE, strength, nothing_told(found))
    whole = merged([one.finding.order for one in found], history)
    if whole is None:
        return as_one_object(history, machine, strength, meter)
    return Verdict("valid", PROMISE, strength, explained(found), order=whole)


# --------------------------------------------------------------------- how it is judged
def by_rule(one: Object) -> Judged | None:
    """What is known without a search."""
    if in_vain := seen_in_vain(one):
        return Judged(one, in_vain, "")
    for fast in FAST:
        if fast.machine == type(one.machine).__name__ and (found := fast(one.ops)):
            return Judged(one, found, fast.by)
    return None


def seen_in_vain(one: Object) -> Finding | None:
    """A read that saw what only a write that failed has written, if there is one."""
    failed = {op.args[-1]: op for op in one.failed if op.f == "write"}
    written = {op.args[-1] for op in one.ops if op.f in ("write", "cas")}
    for read in one.ops if failed else ():
        if read.f == "read" and read.result in failed and read.result not in written:
            about = failed[read.result]
            reason = f"{told(read)}, but {told(about)} and was told that it had failed."
            shown = sorted((about, read), key=lambda op: op.invoked_us)
            return Finding("invalid", reason, tuple(shown))
    return None


def by_search(key: Any, one: Object, meter: Meter) -> Judged:
    """What a search finds out within the limits."""
    before = meter.steps
    found = Search(one.ops, one.machine, meter, one.keyed).run()
    tried = meter.steps - before
    by = "a search of {} (Wing and Gong, Lowe)"
    if found.explained:
        return Judged(one, Finding("valid", tried=tried, order=found.order), by)
    if found.explained is None:
        where = f" of {key}" if one.keyed else ""
        reason = (
            f"The search{where} gave up after {meter.exceeded}: give it more, "
            f"`limits=Limits(…)`, or judge a shorter history."
        )
        return Judged(one, Finding("unknown", reason, tried=tried), by)
    least, reason = least_of(one, found, meter.limits)
    return Judged(one, Finding("invalid", reason, least, tried, found.order), by)


def least_of(one: Object, found: Found, limits: Limits) -> tuple[Operations, str]:
    """As few operations of a bad history as are still wrong, and why they are."""
    assert found.stuck
    assert found.stuck.ended_us is not None
    until_us = found.stuck.ended_us
    begun = tuple(op for op in one.ops if op.invoked_us <= until_us)
    in_progress = {
        id(op): op._replace(outcome="info")
        for op in begun
        if op.ended_us is None or op.ended_us > until_us
    }
    begun = tuple(
        op for op in begun if id(op) not in in_progress or not looks(op, one.machine)
    )
    meter = limits.meter()

    def wrong(some: Operations) -> bool:
        until_then = tuple(in_progress.get(id(op), op) for op in some)
        search = Search(until_then, one.machine, meter, one.keyed)
        return search.run().explained is False

    least = stale_in(begun, one.machine)
    if not wrong(least) or wrong(least[:-1]):  # or it is wrong for another reason
        dependants = dependants_in(begun, one.machine, one.keyed)
        least = smallest(begun, wrong, dependants, limits.time_s)
    seen = tuple(in_progress.get(id(op), op) for op in least)
    return least, f"{prefix_of(one, found.stuck)} {why(one._replace(ops=seen))}"


def why(least: Object) -> str:
    """The argument against a few operations: by a rule, if one does, or all orders."""
    if (known := by_rule(least)) and known.finding.outcome == "invalid":
        return known.finding.reason
    return argument(least.ops, least.machine, least.keyed)


def until_then(bad: Judged, meter: Meter) -> tuple[str, Operations]:
    """Why a rule says that it is wrong, and how far it was not."""

    def judge(part: Object) -> Finding | None:
        known = by_rule(part)
        return known.finding if known else None

    one, finding = bad.object, bad.finding
    longest = longest_good(one, finding.evidence, judge, meter)
    if longest is None:
        return finding.reason, ()
    stuck, order = longest
    if len(order) <= len(finding.evidence):  # which says it all
        return finding.reason, order
    return f"{finding.reason} {prefix_of(one, stuck)}", order


def prefix_of(one: Object, stuck: Operation) -> str:
    """How far an order explains the history."""
    assert stuck.ended_us is not None
    ended = [op.ended_us for op in one.ops if op.outcome == "ok" and op.ended_us]
    before = sum(ended_us < stuck.ended_us for ended_us in ended)
    return (
        f"An order explains the {counted(before, 'operation')} that ended before "
        f"{stuck.when(stuck.ended_us)}, and none goes on from there."
    )


def as_one_object(
    history: History, machine: Machine, strength: str, meter: Meter
) -> Verdict:
    """Judge all keys together: the clock is too coarse to judge each by itself."""
    whole = objects_of(history, machine, keyed=False)[None]
    judged = by_search(None, whole, meter)
    outcome, reason, evidence, _, order = judged.finding
    strength += "; all keys together, for several processes end and call at one moment"
    reason = explained([judged]) if outcome == "valid" else reason
    return Verdict(outcome, PROMISE, strength, reason, evidence, order)


# ----------------------------------------------------------------------- how it is told
def strength_of(judged: Collection[Judged], machine: Machine) -> str:
    """What was looked at, and by which algorithms."""
    ops = [op for one in judged for op in one.object.ops]
    names = {op.f for op in ops}
    if names <= {"read", "write"}:
        strength = counted(sum(op.f == "read" for op in ops), "read")
    else:
        strength = counted(len(ops), "operation")
    if machine.part is not None and all(one.object.keyed for one in judged):
        strength += f" on {counted(len(judged), 'key')}"
    tried = sum(one.finding.tried for one in judged)
    size = f"{tried:,} configuration{'s' if tried != 1 else ''}"
    how = [one.by.format(size) for one in judged if one.by and one.finding.tried]
    how += [one.by for one in judged if one.by and not one.finding.tried]
    return "; ".join(dict.fromkeys([strength, *how]))


def nothing_told(judged: Collection[Judged]) -> str:
    """Why a history without a result that could be wrong shows nothing."""
    names = {op.f for one in judged for op in one.object.ops}
    if names <= {"read", "write"}:
        return "No read has told anything."
    return "No operation has told anything of the state."


def explained(judged: Collection[Judged]) -> str:
    """Why a history is right."""
    names = {op.f for one in judged for op in one.object.ops}
    what = "every read" if names <= {"read", "write"} else "every result"
    if len(judged) > 1 or all(one.object.keyed for one in judged):
        return f"For each key one order of its operations explains {what}."
    return f"One order of the operations explains {what}."
