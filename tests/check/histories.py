"""Small histories of a key-value store: written by hand, or drawn at random."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

from distlab.history import History, Operation


def write(process: str, key: str, value: Any, begin: int, end: int | None, **more: Any):
    """An acknowledged write, from one millisecond to another; None: it never ended."""
    outcome = more.get("outcome", "info" if end is None else "ok")
    ended_us = None if end is None else end * 1000
    args, position = (key, value), more.get("position")
    return Operation(process, "write", args, begin * 1000, outcome, position, ended_us)


def read(process: str, key: str, value: Any, begin: int, end: int):
    """A read that was answered; None: there was nothing."""
    args = (key,)
    return Operation(process, "read", args, begin * 1000, "ok", value, end * 1000)


def drawn(seed: int, keys: str = "xy", most: int = 4) -> History:
    """A random history: reads see any write that had been called, or nothing.

    At most `most` writes a key, so that a slow twin can try all their orders. In every
    third history the store tells positions: in the order of the calls, or any.
    """
    rng = random.Random(seed)
    times = sorted(rng.sample(range(1000), rng.randint(6, 40)))
    clients = [f"c{n}" for n in range(rng.randint(1, 4))]
    busy: dict[str, tuple] = {}
    writes: dict[str, list] = defaultdict(list)
    ops: list[Operation] = []
    for at in times:
        client = rng.choice(clients)
        if client in busy:
            ops.append(_ended(rng, client, busy.pop(client), at, writes))
            continue
        key = rng.choice(keys)
        if rng.random() < 0.5 and len(writes[key]) < most:
            value = len(writes[key]) + 1
            outcome = rng.choices(["ok", "info", "fail"], [8, 2, 1])[0]
            writes[key].append((value, outcome))
            busy[client] = ("write", key, at, value, outcome)
        else:
            busy[client] = ("read", key, at, None, "ok")
    for client, (f, key, begin, value, outcome) in busy.items():
        if f == "write":
            outcome = "fail" if outcome == "fail" else "info"
            ops.append(Operation(client, f, (key, value), begin, outcome))
    return _with_positions(rng, History(ops)) if seed % 3 == 0 else History(ops)


def _ended(rng, client, doing, at, writes) -> Operation:
    f, key, begin, value, outcome = doing
    if f == "write":
        return Operation(client, f, (key, value), begin, outcome, None, at)
    known = [v for v, outcome in writes[key] if outcome != "fail"]
    late = known[-2:] if rng.random() < 0.7 else known
    return Operation(client, f, (key,), begin, "ok", rng.choice([None, *late]), at)


def _with_positions(rng: random.Random, history: History) -> History:
    acknowledged = list(history.where("write", outcome="ok"))
    positions = list(range(len(acknowledged)))
    if rng.random() < 0.5:
        rng.shuffle(positions)
    told = dict(zip(acknowledged, positions, strict=True))
    return History(op._replace(result=told.get(op, op.result)) for op in history)
