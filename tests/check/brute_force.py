"""Small histories of any machine, all or at random, and a twin that tries every order.

The twin is slow and obvious: an operation may come next if none that has not happened
yet comes before it; one of which nobody knows may also never happen.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from distlab.events import Call
from distlab.history import History, Operation
from distlab.machine import Machine

Operations = tuple[Operation, ...]


def precedes(ops: Operations, i: int, j: int) -> bool:
    """Whether one had ended before the other was called, if only in its own process."""
    one, other = ops[i], ops[j]
    if one.outcome == "info":
        return False
    if one.process == other.process and one.invoked_us == other.invoked_us:
        return i < j
    return one.before(other)


def explained(ops: Operations, machine: Machine) -> bool:
    """Whether some order that real time allows gives these results."""
    every = range(len(ops))
    before = [{i for i in every if i != j and precedes(ops, i, j)} for j in every]
    certain = {i for i in every if ops[i].outcome == "ok"}

    def goes_on(done: frozenset[int], state: Any) -> bool:
        if certain <= done:
            return True
        for i in every:
            if i not in done and before[i] <= done:
                op = ops[i]
                after, result = machine.apply(state, Call(op.f, op.args))
                fits = op.outcome == "info" or not machine.tells(op.f, op.result)
                if (fits or result == op.result) and goes_on(done | {i}, after):
                    return True
        return False

    return goes_on(frozenset(), machine.initial)


def is_explained_by(order: Operations, ops: Operations, machine: Machine) -> bool:
    """Whether this order gives these results, and is one that real time allows."""
    place = {id(op): i for i, op in enumerate(ops)}
    rows = [place[id(op)] for op in order]
    if len(set(rows)) < len(rows):
        return False
    if not {i for i, op in enumerate(ops) if op.outcome == "ok"} <= set(rows):
        return False
    if any(precedes(ops, j, i) for i, j in combinations(rows, 2)):
        return False
    state = machine.initial
    for op in order:
        state, result = machine.apply(state, Call(op.f, op.args))
        told = op.outcome == "ok" and machine.tells(op.f, op.result)
        if told and result != op.result:
            return False
    return True


# ----------------------------------------------------------------- when they are called
def spans(n: int) -> Iterator[list[tuple[int, int]]]:
    """Every way in which n operations can lie in time, up to their names."""

    def lay(free: list[int], laid: list[tuple[int, int]]) -> Iterator[list]:
        if not free:
            yield laid
            return
        call, *others = free
        for end in others:
            left = [at for at in others if at != end]
            yield from lay(left, [*laid, (call, end)])

    yield from lay(list(range(1, 2 * n + 1)), [])


def at_random(rng: random.Random, n: int, touching: bool) -> list[Operation]:
    """Operations without a command, one at a time by two to four processes.

    Touching ones begin and end at few moments, and some take no time at all.
    """
    free: dict[str, float] = {
        f"c{i}": rng.randint(0, 2) for i in range(1, rng.randint(2, 4) + 1)
    }
    ops = []
    for _ in range(n):
        process = rng.choice(sorted(free))
        pause, length = rng.choice((0, 0, 1, 3)), rng.choice((0, 1, 2, 4))
        if not touching:
            pause, length = pause + rng.uniform(0.1, 1), length + rng.uniform(0.1, 1)
        begin = free[process] + pause
        free[process] = begin + length
        outcome = rng.choices(["ok", "info"], [8, 1])[0]
        span = round(10**6 * begin), round(10**6 * (begin + length))
        ops.append(Operation(process, "", (), span[0], outcome, None, span[1]))
    return list(History(ops))


def lived(
    rng: random.Random, ops: list[Operation], machine: Machine, command: Callable
) -> Operations:
    """What the processes see whose operations each happen at one moment.

    `command(rng, i)` is what the i-th operation does. Some of which nobody knows have
    not happened.
    """
    point = [rng.uniform(op.invoked_us, op.ended_us or 0) for op in ops]
    for i, j in combinations(range(len(ops)), 2):  # one may take no time at all
        if ops[i].process == ops[j].process:
            point[j] = max(point[i], point[j])
    state, seen = machine.initial, {}
    for i in sorted(range(len(ops)), key=lambda i: (point[i], i)):
        f, args = command(rng, i)
        result, known = None, ops[i].outcome == "ok"
        if known or rng.random() < 0.6:
            state, result = machine.apply(state, Call(f, args))
        seen[i] = ops[i]._replace(f=f, args=args, result=result if known else None)
    return tuple(seen[i] for i in range(len(ops)))


def with_lies(rng: random.Random, ops: Operations, share: float) -> Operations:
    """The same, but some of them were told what another one was told."""
    lied = list(ops)
    for i, op in enumerate(ops):
        others = [o.result for o in ops if o.f == op.f and o.outcome == "ok"]
        if op.outcome == "ok" and rng.random() < share:
            lied[i] = op._replace(result=rng.choice(others))
    return tuple(lied)


def drawn(seed: int, machine: Machine, command: Callable, most: int = 7) -> Operations:
    """Operations as they may have been, or with one lie, or with many.

    In every other one some moments are the same.
    """
    rng = random.Random(seed)
    ops = at_random(rng, rng.randint(2, most), touching=bool(seed % 2))
    seen = with_lies(rng, lived(rng, ops, machine, command), (0, 0.3, 1)[seed % 3])
    return tuple(op for op in seen if op.outcome == "ok" or op.f not in ONLY_LOOKS)


ONLY_LOOKS = ("read", "get", "contains")
