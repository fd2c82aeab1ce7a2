"""Histories of one register: wrong in one way, fine however odd, or drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.grade.checks.models.notation import history
from distlab.grade.exercise import Case
from distlab.history import History, Operation

LIKELY, RARE = 40, 6  # histories of a case, and how many of them have six operations


class Kind(NamedTuple):
    """A way to be wrong: a history that is not linearizable, and its twin that is."""

    title: str
    wrong: str
    right: str
    advice: str


KINDS = (
    Kind(
        "a write that had ended is missed",
        "c1 0-1 x=1\nc2 2-3 x?-",
        "c1 0-3 x=1\nc2 2-4 x?-",
        "It had ended when the read was called, so it comes first.",
    ),
    Kind(
        "nobody wrote that",
        "c1 0-1 x=1\nc2 2-3 x?2",
        "c1 0-1 x=1\nc2 2-3 x?1",
        "A read returns what was written last; nobody wrote that.",
    ),
    Kind(
        "new, then old",
        "c1 0-1 x=1\nc1 2-9 x=2\nc2 3-4 x?2\nc3 5-6 x?1",
        "c1 0-1 x=1\nc1 2-9 x=2\nc2 3-6 x?2\nc3 5-7 x?1",
        "Real time counts between any two operations, reads among them.",
    ),
    Kind(
        "a value comes back",
        "c1 0-1 x=1\nc1 2-3 x=2\nc2 4-5 x?1",
        "c1 0-1 x=1\nc1 2-3 x=2\nc3 0-9 x=1\nc2 4-5 x?1",
        "Only the write that comes last before a read counts. A value may be "
        "written twice.",
    ),
    Kind(
        "two readers, two orders",
        "c1 0-9 x=1\nc2 0-9 x=2\nc3 1-3 x?1\nc3 4-7 x?2\nc4 1-3 x?2\nc4 4-7 x?1",
        "c1 0-9 x=1\nc2 0-9 x=2\nc3 1-3 x?1\nc3 4-7 x?2\nc4 4-7 x?2\nc4 7-8 x?2",
        "One order for all: each reader by itself has one, both together have none.",
    ),
    Kind(
        "read before it was written",
        "c2 0-1 x?1\nc1 2-3 x=1",
        "c2 0-3 x?1\nc1 2-3 x=1",
        "That read had ended before the write was called.",
    ),
    Kind(
        "one process, one operation right after another",
        "c1 0-1 x=1\nc1 1-2 x?-",
        "c1 0-1 x=1\nc2 1-2 x?-",
        "One process calls again in the moment in which it had its answer; two "
        "processes overlap in such a moment. `a.before(b)` knows.",
    ),
    Kind(
        "unknown, and seen before its call",
        "c2 0-1 x?1\nc1 2-? x=1",
        "c2 0-3 x?1\nc1 2-? x=1",
        "A write of which nobody knows takes effect after its call, or never.",
    ),
    Kind(
        "unknown, and it happened once only",
        "c1 0-? x=1\nc2 1-2 x=2\nc3 3-4 x?1\nc3 5-6 x?2",
        "c1 0-? x=1\nc2 1-2 x=2\nc3 3-4 x?1\nc3 5-6 x?1",
        "It happens at one moment at most: what it overwrites does not come back.",
    ),
)
FINE = (
    ("nothing happened", "", "No operation: the empty order explains it."),
    (
        "a write of which nobody knows was never seen",
        "c1 0-? x=1\nc2 5-6 x?-",
        "It may never have happened.",
    ),
    (
        "a write of which nobody knows takes effect late",
        "c1 0-? x=1\nc2 1-2 x=2\nc3 3-4 x?2\nc3 5-6 x?1",
        "It may take effect at any time after its call, even after later ones.",
    ),
    (
        "two writes of which nobody knows, and one happened",
        "c1 0-? x=1\nc2 0-? x=2\nc3 1-2 x?2\nc3 3-4 x?2",
        "Each of them may have happened, whatever became of the other.",
    ),
    (
        "called first, and last in the order",
        "c1 0-9 x=1\nc2 1-2 x=2\nc3 3-4 x?2\nc3 10-11 x?1",
        "What overlaps may be in either order, whoever called first.",
    ),
    (
        "one that ended later comes first",
        "c1 0-9 x=1\nc2 1-2 x?1\nc2 3-4 x=2\nc3 10-11 x?2",
        "What overlaps may be in either order, whoever ended first.",
    ),
    (
        "a read of which nobody knows",
        "c1 0-1 x=1\nc2 2-? x?-\nc3 3-4 x?1",
        "A read without an answer tells nothing: it has not found nothing.",
    ),
)


# ------------------------------------------------------------------ what it is tried on
def told(text: str, case: Case) -> History:
    """A history of the tables above, slower and of other values."""
    draw = case.random("values")
    values = dict(zip((1, 2), draw.sample(range(1, 10), 2), strict=True))
    return History(
        op._replace(
            args=(*op.args[:1], *(values[value] for value in op.args[1:])),
            result=values.get(op.result),
            invoked_us=op.invoked_us * case.size,
            ended_us=None if op.ended_us is None else op.ended_us * case.size,
        )
        for op in history(text)
    )


def drawn(case: Case) -> Iterator[History]:
    """Histories of up to six operations; half of them went as a register would go."""
    for number in range(LIKELY):
        draw = case.random(f"history {number}")
        count = 6 if number < RARE else draw.randint(2, 5)
        held, free_us = None, dict.fromkeys(("c1", "c2", "c3"), 0)
        ops = []
        for i in range(count):
            process = draw.choice(sorted(free_us))
            called = max(free_us[process], i + draw.randint(-2, 1))
            ended = called + draw.randint(1, 4)
            free_us[process] = ended
            ops.append((process, called, ended, draw.random() < 0.45))
        found = []
        for process, called, ended, writes in sorted(ops, key=lambda op: op[1:3]):
            value = draw.choice((1, 2))
            if writes:
                sure = draw.random() < 0.75
                if sure or draw.random() < 0.5:
                    held = value
                found.append(operation(process, called, ended, value, writes, sure))
                continue
            seen = held if draw.random() < 0.6 else draw.choice((None, 1, 2))
            found.append(operation(process, called, ended, seen, writes, True))
        yield alone_after_unknown(found)


def operation(
    process: str, called: int, ended: int, value: Any, writes: bool, sure: bool
) -> Operation:
    """A read or a write of x."""
    op = Operation(process, "read", ("x",), 1_000 * called, "ok", value, 1_000 * ended)
    if writes:
        op = op._replace(f="write", args=("x", value), result=None)
    return op if sure else op._replace(outcome="info", ended_us=None)


def alone_after_unknown(ops: list[Operation]) -> History:
    """The same; who has had no answer goes on under another name."""
    names: dict[str, str] = {}
    found = []
    for op in ops:
        name = names.get(op.process, op.process)
        if op.outcome == "info":
            names[op.process] = f"{name}'"
        found.append(op._replace(process=name))
    return History(found)
