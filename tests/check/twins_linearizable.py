"""All small histories of each machine, and random ones, for its judge and a twin."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Any, NamedTuple

from check.brute_force import Operations, drawn, lived, spans, with_lies

from distlab.check.kinds import ANY
from distlab.history import History, Operation
from distlab.machine import (
    Bank,
    Counter,
    KeyValue,
    Lock,
    LogMachine,
    Machine,
    Queue,
    Register,
    Set,
    Stack,
    Text,
    Texts,
)

Doing = tuple[str, tuple, Any]  # a command, its arguments, and what it gave


class World(NamedTuple):
    """A machine, what small histories are made of, and what random ones call."""

    machine: Machine
    doings: tuple[Doing, ...]
    unknown: tuple[tuple[str, tuple], ...]  # of which nobody knows
    random: Callable[[random.Random, int], tuple[str, tuple]]


def any_of(*calls: tuple[str, tuple]) -> Callable[[random.Random, int], tuple]:
    return lambda rng, i: rng.choice(calls)


def gave(f: str, args: tuple, *results: Any) -> tuple[Doing, ...]:
    return tuple((f, args, result) for result in results)


WORLDS = {
    "register": World(
        Register(),
        (
            *gave("write", (1,), None),
            *gave("write", (2,), None),
            *gave("read", (), None, 1, 2),
            *gave("cas", (1, 2), True, False),
        ),
        (("write", (1,)), ("cas", (1, 2))),
        any_of(
            *(("write", (n,)) for n in (1, 2, 3)),
            *[("read", ())] * 3,
            *(("cas", pair) for pair in ((1, 2), (2, 1), (None, 3))),
        ),
    ),
    "key-value": World(
        KeyValue(),
        (
            *gave("write", ("x", (1,)), None),
            *gave("read", ("x",), None, (1,)),
            *gave("append", ("x", 2), (2,), (1, 2)),
            *gave("delete", ("x",), None),
            *gave("write", ("y", 1), None),
            *gave("read", ("y",), None, 1),
        ),
        (("write", ("x", (1,))),),
        any_of(
            *(("write", (key, n)) for key in "xy" for n in (1, 2)),
            *[("read", (key,)) for key in "xy"] * 2,
            *(("cas", (key, 1, 2)) for key in "xy"),
            *(("delete", (key,)) for key in "xy"),
        ),
    ),
    "text": World(
        Text(),
        (
            *gave("put", ("a",), None),
            *gave("append", ("b",), None),
            *gave("get", (), "", "a", "ab", "b"),
        ),
        (("append", ("b",)), ("put", ("a",))),
        any_of(
            *(("put", (text,)) for text in "ab"),
            *(("append", (text,)) for text in "cde"),
            *[("get", ())] * 4,
        ),
    ),
    "texts": World(
        Texts(),
        (
            *gave("put", ("x", "a"), None),
            *gave("append", ("x", "b"), None),
            *gave("append", ("x", "c"), None),
            *gave("get", ("x",), "", "a", "ab", "b", "bc"),
        ),
        (("append", ("x", "b")), ("put", ("x", "a"))),
        any_of(
            *(("put", (key, text)) for key in "xy" for text in "ab"),
            *(("append", (key, text)) for key in "xy" for text in "cd"),
            *[("get", (key,)) for key in "xy"] * 2,
        ),
    ),
    "counter": World(
        Counter(),
        (
            *gave("add", (1,), None),
            *gave("add", (2,), None),
            *gave("next", (), 1, 2),
            *gave("read", (), 0, 1, 2, 3),
        ),
        (("add", (1,)), ("next", ())),
        any_of(("add", (1,)), ("add", (2,)), ("next", ()), ("read", ())),
    ),
    "set": World(
        Set(),
        (
            *gave("add", (1,), None, True, False),
            *gave("remove", (1,), True, False),
            *gave("contains", (1,), True, False),
            *gave("read", (), frozenset(), frozenset({1})),
        ),
        (("add", (1,)), ("remove", (1,))),
        any_of(
            *((f, (n,)) for f in ("add", "remove", "contains") for n in (1, 2)),
            ("read", ()),
        ),
    ),
    "queue": World(
        Queue(),
        (
            *gave("enqueue", (1,), None),
            *gave("enqueue", (2,), None),
            *gave("dequeue", (), None, 1, 2),
        ),
        (("enqueue", (1,)), ("dequeue", ())),
        any_of(*(("enqueue", (n,)) for n in (1, 2, 3)), *[("dequeue", ())] * 3),
    ),
    "stack": World(
        Stack(),
        (
            *gave("push", (1,), None),
            *gave("push", (2,), None),
            *gave("pop", (), None, 1, 2),
        ),
        (("push", (1,)), ("pop", ())),
        any_of(*(("push", (n,)) for n in (1, 2, 3)), *[("pop", ())] * 3),
    ),
    "lock": World(
        Lock(),
        (
            *gave("acquire", (), None, 1, 2),
            *gave("release", (1,), True, False),
            *gave("holds", (1,), True, False),
        ),
        (("acquire", ()), ("release", (1,))),
        any_of(
            *[("acquire", ())] * 3,
            *((f, (n,)) for f in ("release", "holds") for n in (1, 2)),
        ),
    ),
    "log": World(
        LogMachine(),
        (
            *gave("append", (1,), 1, 2),
            *gave("append", (2,), 1, 2),
            *gave("read", (), (), (1,), (1, 2)),
        ),
        (("append", (1,)),),
        any_of(("append", (1,)), ("append", (2,)), ("read", ())),
    ),
    "bank": World(
        Bank((("a", 1), ("b", 0))),
        (
            *gave("transfer", ("a", "b", 1), True, False),
            *gave("transfer", ("b", "a", 1), True, False),
            *gave("read", ("a",), 0, 1),
            *gave("total", (), 1, 2),
        ),
        (("transfer", ("a", "b", 1)),),
        any_of(
            ("transfer", ("a", "b", 1)), ("transfer", ("b", "a", 1)), ("read", ("a",))
        ),
    ),
}


def all_of(world: World, n: int) -> Iterator[Operations]:
    """Every history of n operations of as many processes.

    The end of one of which nobody knows says nothing: it is laid once, at the end.
    """
    known = [("ok", *doing) for doing in world.doings]
    unknown = [("info", f, args, None) for f, args in world.unknown]
    for what in product([*known, *unknown], repeat=n):
        for laid in layouts(tuple(outcome == "info" for outcome, *_ in what)):
            yield tuple(
                Operation(f"c{i}", f, args, call, outcome, result, end)
                for i, ((outcome, f, args, result), (call, end)) in enumerate(
                    zip(what, laid, strict=True)
                )
            )


@cache
def layouts(never_end: tuple[bool, ...]) -> tuple[tuple, ...]:
    """The ways in which operations can lie in time, some of which do not end."""
    found = {}
    for laid in spans(len(never_end)):
        spanned = [
            (call, None if never else end)
            for (call, end), never in zip(laid, never_end, strict=True)
        ]
        moments = sorted(at for span in spanned for at in span if at is not None)
        rank = {at: i for i, at in enumerate(moments)} | {None: None}
        found[tuple((rank[call], rank[end]) for call, end in spanned)] = None
    return tuple(found)


def at_random(world: World, seed: int) -> Operations:
    """Up to eight operations that happened like this, or with lies.

    In some histories many clients have crashed, and nobody knows what they did; in
    others each operation is of another client, and they overlap more.
    """
    ops = drawn(seed, world.machine, world.random, most=8)
    if seed % 4 == 2:
        return with_crashes(world.machine, ops, seed)
    if seed % 4 == 3:
        rng = random.Random(seed)
        seen = busy(world, rng, rng.randint(3, 7), clients=9)
        return with_lies(rng, seen, rng.choice((0, 0.3, 1)))
    return ops


def busy(world: World, rng: random.Random, n: int, clients: int) -> Operations:
    """What clients see who are each busy with one operation after the other."""
    free = [0] * clients
    ops = []
    for _ in range(n):
        client = min(range(clients), key=free.__getitem__)
        begin = free[client] + rng.randint(0, 5)
        end = begin + rng.randint(0, 40)
        free[client] = end + rng.choice((0, 1))
        outcome = rng.choices(["ok", "info"], [6, 1])[0]
        ops.append(Operation(f"c{client}", "", (), begin, outcome, None, end))
    seen = lived(rng, list(History(ops)), world.machine, world.random)
    looks = world.machine.only_looks
    return tuple(op for op in seen if op.outcome == "ok" or not looks(op.f, ANY))


def with_crashes(machine: Machine, ops: Operations, seed: int) -> Operations:
    rng = random.Random(seed)
    share = rng.choice((0.2, 0.5, 0.8))
    return tuple(
        op._replace(outcome="info", result=None)
        if rng.random() < share and not machine.only_looks(op.f, op.result)
        else op
        for op in ops
    )
