"""Small histories of transactions: typed by hand, or drawn at random."""

from __future__ import annotations

import random
from typing import Any

from distlab.history import History, Operation


def txn(process: str, begin: int, end: int | None, *done: tuple, outcome: str = "ok"):
    """A transaction from one millisecond to another, with what it read in `done`."""
    args = tuple((f, key, None if f in ("r", "scan") else v) for f, key, v in done)
    result = done if outcome == "ok" else None
    ended_us = None if end is None else end * 1000
    return Operation(process, "txn", args, begin * 1000, outcome, result, ended_us)


def r(key: str, value: Any = None) -> tuple:
    return "r", key, value


def a(key: str, value: Any) -> tuple:
    return "append", key, value


def w(key: str, value: Any) -> tuple:
    return "w", key, value


def scan(prefix: str, *pairs: tuple) -> tuple:
    return "scan", prefix, pairs


def drawn(seed: int, lists: bool = True, most: int = 4, scans: bool = False) -> History:
    """A random history: each reads what some order, or none, would have shown it.

    Each transaction runs at once on a version of the past that is old now and then, so
    that there are histories of every level.
    """
    rng = random.Random(seed)
    write = "append" if lists else "w"
    old, wild = rng.choice((0, 0.3, 0.7)), rng.choice((0, 0, 0.2))
    states: list[dict] = [{}]
    free = {f"c{n}": rng.randint(0, 2) for n in range(1, rng.randint(2, 4) + 1)}
    ops, value = [], 0
    for _ in range(rng.randint(1, most)):
        process = rng.choice(sorted(free))
        begin = free[process] + rng.choice((0, 0, 1, 3))
        end = begin + rng.choice((0, 1, 3, 6))
        free[process] = end
        back = rng.randint(1, len(states)) if rng.random() < old else 1
        seen, now, done = dict(states[-back]), dict(states[-1]), []
        outcome = rng.choices(["ok", "info", "fail"], [12, 2, 1])[0]
        for _ in range(rng.randint(1, 3)):
            key = rng.choice("xy")
            if scans and rng.random() < 0.3:
                done.append(("scan", "", tuple(sorted(seen.items()))))
            elif rng.random() < 0.5:
                if rng.random() < wild:
                    seen = dict(rng.choice(states))
                done.append(("r", key, seen.get(key)))
            else:
                value += 1
                done.append((write, key, value))
                for held in (seen, now):
                    held[key] = (*held.get(key, ()), value) if lists else value
        ops.append(txn(process, begin, end, *done, outcome=outcome))
        if outcome == "ok" or rng.random() < 0.5:
            states.append(now)
    return History(ops)
