"""Slow twins of the weaker models: their definitions, with every order tried.

Also the histories to try them on: all small ones, and random larger ones. Real time
means nothing to these models, so a history is what each process did, one after another.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, product
from typing import Any

from check.histories import read, write

from distlab.events import Call
from distlab.history import History, Operation
from distlab.machine import (
    Counter,
    KeyValue,
    Lock,
    LogMachine,
    Machine,
    Queue,
    Register,
    Set,
    Stack,
    Texts,
)

Ops = tuple[Operation, ...]
Pairs = frozenset[tuple[int, int]]  # the one before the other
NOBODYS = 9  # a value that nobody wrote
KEY_VALUE = KeyValue()


# ------------------------------------------------------------------- what has happened
def happened(history: History) -> Iterator[tuple[Ops, Pairs]]:
    """What may have happened, and its program order: any of what nobody knows.

    What nobody knows follows what its process did before, and nothing follows it.
    """
    certain = [i for i, op in enumerate(history) if op.outcome == "ok"]
    unsure = [
        i
        for i, op in enumerate(history)
        if op.outcome == "info" and op.f != "read"  # it says nothing
    ]
    for number in range(len(unsure) + 1):
        for some in combinations(unsure, number):
            ops = tuple(history[i] for i in sorted((*certain, *some)))
            yield ops, program_order(ops)


def program_order(ops: Ops) -> Pairs:
    return frozenset(
        (i, j)
        for i, j in combinations(range(len(ops)), 2)
        if ops[i].process == ops[j].process and ops[i].outcome == "ok"
    )


def orders(left: frozenset[int], before: Pairs) -> Iterator[tuple[int, ...]]:
    """Every order of some operations that keeps these pairs."""
    if not left:
        yield ()
    for i in sorted(left):
        if not any((j, i) in before for j in left):
            for rest in orders(left - {i}, before):
                yield (i, *rest)


def explains(order: tuple[int, ...], reads: frozenset[int], ops: Ops) -> bool:
    """Whether some of the reads, in this order, return what was written last."""
    held: dict[Any, Any] = {}
    for i in order:
        op = ops[i]
        if op.f == "write":
            held[op.args[0]] = op.args[1]
        elif i in reads and held.get(op.args[0]) != op.result:
            return False
    return True


def explained(some: frozenset[int], before: Pairs, reads: frozenset[int], ops: Ops):
    return any(explains(order, reads, ops) for order in orders(some, before))


# ----------------------------------------------------------------------- causal orders
def least_causal_order(ops: Ops, program: Pairs) -> Iterator[Pairs]:
    """Program order and reads-from, closed; none if there is a circle."""
    reads_from = {
        (i, j)
        for i, write in enumerate(ops)
        for j, read in enumerate(ops)
        if write.f == "write" and (*read.args, read.result) == write.args
    }
    order = closed(program | reads_from)
    if not any(i == j for i, j in order):
        yield order


def every_causal_order(ops: Ops, program: Pairs) -> Iterator[Pairs]:
    """Every partial order that keeps program order: the definition asks for any."""
    pairs = [(i, j) for i in range(len(ops)) for j in range(len(ops)) if i != j]
    free = [pair for pair in pairs if pair not in program]
    for number in range(len(free) + 1):
        for some in combinations(free, number):
            order = program | frozenset(some)
            if closed(order) == order and not any((j, i) in order for i, j in order):
                yield order


def closed(pairs: Any) -> Pairs:
    found = frozenset(pairs)
    while True:
        more = found | {(i, k) for i, j in found for m, k in found if j == m}
        if more == found:
            return found
        found = more


Causal = Callable[[Ops, Pairs], Iterator[Pairs]]


def past(i: int, order: Pairs) -> frozenset[int]:
    return frozenset(j for j, k in order if k == i) | {i}


# ---------------------------------------------------------------------- the definitions
def sequential(ops: Ops, program: Pairs, machine: Machine = KEY_VALUE) -> bool:
    """Lamport 1979: one order of all operations explains all results."""
    every = frozenset(range(len(ops)))
    return any(gives(order, ops, machine) for order in orders(every, program))


def gives(order: tuple[int, ...], ops: Ops, machine: Machine) -> bool:
    """Whether a machine that does this returns what was returned."""
    state = machine.initial
    for i in order:
        op = ops[i]
        state, result = machine.apply(state, Call(op.f, op.args))
        told = op.outcome == "ok" and machine.tells(op.f, op.result)
        if told and result != op.result:
            return False
    return True


def consistent(ops: Ops, program: Pairs, causal: Causal = least_causal_order) -> bool:
    """Bouajjani et al., AxCausalValue: an order of its past explains each operation."""
    return any(
        all(
            explained(past(i, order), order, frozenset({i}), ops)
            for i in range(len(ops))
        )
        for order in causal(ops, program)
    )


def memory(ops: Ops, program: Pairs, causal: Causal = least_causal_order) -> bool:
    """AxCausalSeq: it explains all that its process has read until then, too."""
    return any(
        all(
            explained(past(i, order), order, past(i, program), ops)
            for i in range(len(ops))
        )
        for order in causal(ops, program)
    )


def convergent(ops: Ops, program: Pairs, causal: Causal = least_causal_order) -> bool:
    """AxCausalArb: it is a part of one order of all operations."""
    return any(
        all(
            explains(
                tuple(j for j in arbitration if j in past(i, order)),
                frozenset({i}),
                ops,
            )
            for i in range(len(ops))
        )
        for order in causal(ops, program)
        for arbitration in orders(frozenset(range(len(ops))), order)
    )


def pipelined(ops: Ops, program: Pairs) -> bool:
    """Lipton and Sandberg: an order of all writes and of its own reads, for each."""
    writes = frozenset(i for i, op in enumerate(ops) if op.f == "write")
    for process in {op.process for op in ops}:
        own = frozenset(i for i, op in enumerate(ops) if op.process == process)
        if not explained(writes | own, program, own, ops):
            return False
    return True


def twin(history: History, definition: Callable[..., bool], *more: Any) -> str:
    """What a definition says of a history; `more` is its last argument."""
    machine = more[0] if more and isinstance(more[0], Machine) else KEY_VALUE
    if not any(op.outcome == "ok" and machine.tells(op.f, op.result) for op in history):
        return "unknown"
    judged = (definition(*some, *more) for some in happened(history))
    return "valid" if any(judged) else "invalid"


# ---------------------------------------------------------------- histories by hand
def did(**processes: str) -> History:
    """Processes by their operations, as papers write them: `a="w(x)1 r(y)0"`.

    0 stands for what is there at first.
    """
    ops = []
    for process, line in processes.items():
        for at, word in enumerate(line.split()):
            key, value = word[2], int(word[4:]) or None
            make = write if word[0] == "w" else read
            ops.append(make(process, key, value, 10 * at, 10 * at + 5))
    return History(ops)


# ------------------------------------------------------------------ all small histories
def every(number: int, keys: str = "xy") -> Iterator[History]:
    """All histories of so many operations, up to the names of processes and values."""
    for sizes in partitions(number):
        for kinds in product(["write", "unsure", "read"], repeat=number):
            for used in product(keys, repeat=number):
                if used[0] == keys[0]:  # the other way round it is the same
                    yield from with_results(sizes, kinds, used)


def partitions(number: int, most: int | None = None) -> Iterator[tuple[int, ...]]:
    """How many operations each process may have, the busiest first."""
    if not number:
        yield ()
    for first in range(min(number, most or number), 0, -1):
        for rest in partitions(number - first, first):
            yield (first, *rest)


def with_results(sizes, kinds, used) -> Iterator[History]:
    """All that the reads may have returned: nothing, any write, what nobody wrote."""
    slots = list(zip(kinds, used, strict=True))
    results = [
        [None, NOBODYS, *(i + 1 for i, s in enumerate(slots) if s in writes(key))]
        if kind == "read"
        else [None]
        for kind, key in slots
    ]
    lanes = [f"c{lane}" for lane, size in enumerate(sizes) for _ in range(size)]
    for chosen in product(*results):
        yield History(
            operation(lanes[i], *slots[i], i + 1, result, i)
            for i, result in enumerate(chosen)
        )


def writes(key: str) -> tuple[tuple[str, str], ...]:
    return ("write", key), ("unsure", key)


def operation(process, kind, key, value, result, at) -> Operation:
    begin, end = 10 * at, 10 * at + 5
    if kind == "read":
        return Operation(process, "read", (key,), begin, "ok", result, end)
    outcome = {"write": "ok", "unsure": "info", "failed": "fail"}[kind]
    return Operation(process, "write", (key, value), begin, outcome, None, end)


# ---------------------------------------------------------- and those of other machines
Word = tuple[str, tuple, tuple]  # a command, its arguments, and what it may return
WORDS: dict[Machine, tuple[Word, ...]] = {
    Register(): (
        ("write", (1,), (None,)),
        ("write", (2,), (None,)),
        ("cas", (1, 2), (True, False)),
        ("read", (), (None, 1, 2)),
    ),
    KeyValue(): (  # with values that are written again
        ("write", ("x", 1), (None,)),
        ("write", ("x", 2), (None,)),
        ("write", ("y", 1), (None,)),
        ("cas", ("x", 1, 2), (True, False)),
        ("read", ("x",), (None, 1, 2)),
        ("read", ("y",), (None, 1)),
    ),
    Texts(): (
        ("put", ("x", "a"), (None,)),
        ("append", ("x", "b"), (None,)),
        ("get", ("x",), ("", "a", "b", "ab")),
    ),
    Counter(): (
        ("add", (2,), (None,)),
        ("next", (), (1, 2, 3)),
        ("read", (), (0, 1, 2, 3)),
    ),
    Queue(): (
        ("enqueue", (1,), (None,)),
        ("enqueue", (2,), (None,)),
        ("dequeue", (), (None, 1, 2)),
    ),
    Stack(): (
        ("push", (1,), (None,)),
        ("push", (2,), (None,)),
        ("pop", (), (None, 1, 2)),
    ),
    Set(): (
        ("add", (1,), (True, False)),
        ("remove", (1,), (True, False)),
        ("contains", (1,), (True, False)),
        ("read", (), (frozenset(), frozenset({1}))),
    ),
    Lock(): (
        ("acquire", (), (1, 2, None)),
        ("release", (1,), (True, False)),
        ("holds", (1,), (True, False)),
    ),
    LogMachine(): (
        ("append", ("a",), (1, 2)),
        ("append", ("b",), (1, 2)),
        ("read", (), ((), ("a",), ("a", "b"), ("b", "a"))),
    ),
}


def every_of(machine: Machine, number: int) -> Iterator[History]:
    """All histories of so many operations that use these words."""
    said = [
        (f, args, outcome, result)
        for f, args, results in WORDS[machine]
        for outcome, results in (("ok", results), ("info", (None,)))
        for result in results
    ]
    for sizes in partitions(number):
        lanes = [f"c{lane}" for lane, size in enumerate(sizes) for _ in range(size)]
        for words in product(said, repeat=number):
            yield History(
                Operation(lane, f, args, 10 * at, outcome, result, 10 * at + 5)
                for at, (lane, (f, args, outcome, result)) in enumerate(
                    zip(lanes, words, strict=True)
                )
            )


def drawn_of(machine: Machine, seed: int, most: int = 7) -> History:
    """A random history of these words: what a machine gave, mostly, in some order.

    The machine is asked in another order than that of the processes now and then.
    """
    rng = random.Random(seed)
    state, ops = machine.initial, []
    for at in range(rng.randint(3, most)):
        f, args, results = rng.choice(WORDS[machine])
        process = f"c{rng.randint(1, 3)}"
        outcome = rng.choices(["ok", "info", "fail"], [12, 2, 1])[0]
        gave = rng.choice(results)
        if outcome == "ok" or (outcome == "info" and rng.random() < 0.5):
            state, truly = machine.apply(state, Call(f, args))
            gave = truly if rng.random() < 0.9 else gave
        gave = gave if outcome == "ok" else None
        ops.append(Operation(process, f, args, 10 * at, outcome, gave, 10 * at + 5))
    moved = sorted(ops, key=lambda op: op.invoked_us + rng.choice((0, 0, 25)))
    return History(
        op._replace(invoked_us=10 * at, ended_us=10 * at + 5)
        for at, op in enumerate(moved)
    )


# -------------------------------------------------------------------------- random ones
def drawn(seed: int, most: int = 8) -> History:
    """A random history in which a process that has seen a key mostly sees it again."""
    rng = random.Random(seed)
    processes = [f"c{n}" for n in range(rng.randint(2, 3))]
    written: dict[str, list[int]] = {"x": [], "y": []}
    wishes = []
    for at in range(rng.randint(4, most)):
        kind = rng.choices(["read", "write", "unsure", "failed"], [12, 8, 2, 1])[0]
        key = rng.choice("xxxy" if seed % 4 else "xy")
        if kind in ("write", "unsure") or (kind == "failed" and rng.random() < 0.1):
            written[key].append(at + 1)
        wishes.append((rng.choice(processes), kind, key, at))
    ops, known = [], set[tuple[str, str]]()
    for process, kind, key, at in wishes:
        there = [v for v in written[key] if v <= at or rng.random() < 0.3]
        if (process, key) not in known and rng.random() < 0.4:
            there.append(None)
        result = rng.choice(there or [None])
        if rng.random() < 0.01:
            result = rng.choice([None, NOBODYS, *range(1, most)])
        ops.append(operation(process, kind, key, at + 1, result, at))
        if kind == "write" or result is not None:
            known.add((process, key))
    return History(ops)


# ----------------------------------------------------------------------- as they differ
Judge = Callable[[History], Any]


def first_difference(
    judge: Judge, definition: Callable[..., bool], histories: Iterable[History]
) -> History | None:
    """The first history of which a judge and the definition say different things."""
    for history in histories:
        if judge(history).outcome != twin(history, definition):
            return history
    return None


def disagreement(judge: Judge, history: History | None) -> str:
    """What to print of it."""
    return "" if history is None else f"{judge(history)}\n{history.text()}"
