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


# ------------------------------------------------------------- stores of several levels
def run(store: str, seed: int, count: int = 30, clients: int = 4) -> History:
    """What clients of a small store see, micro-operation by micro-operation."""
    rng = random.Random(seed)
    db = Store(store, rng)
    todo: dict[str, list] = {}
    open_: dict[str, Open] = {}
    ops = []
    for at in range(count * 12):
        client = f"c{rng.randrange(clients)}"
        if client not in open_:
            if len(ops) + len(open_) >= count or (db.alone and open_):
                continue
            kinds = [rng.choice("ra") for _ in range(rng.randint(1, 3))]
            todo[client] = [(f, rng.choice("xyz")) for f in kinds]
            open_[client] = db.begin(at)
        elif todo[client]:
            db.do(open_[client], *todo[client].pop(0))
        else:
            one = open_.pop(client)
            outcome = "ok" if db.commit(one, at) else "fail"
            ops.append(txn(client, one.begun, at, *one.done, outcome=outcome))
    return History(ops)


class Open:
    """A transaction that is under way."""

    def __init__(self, begun: int, seen: dict):
        self.begun = begun
        self.seen = seen  # its snapshot
        self.own: dict[str, tuple] = {}
        self.done: list[tuple] = []


class Store:
    """Lists by key, with all their versions.

    `snapshots`: of two that write the same key, the first to commit wins; `old` ones
    may be of any earlier commit. `committed`: each read takes what is committed now,
    and appends go to the end at the commit. `dirty`: they go there at once, unless
    another transaction that is under way has written the key.
    """

    def __init__(self, kind: str, rng: random.Random):
        self.kind = kind
        self.rng = rng
        self.alone = kind == "one at a time"
        self.versions: list[dict] = [{}]
        self.locks: dict[str, Open] = {}
        self.count = 0

    def begin(self, at: int) -> Open:
        back = self.rng.randint(1, 3) if self.kind == "old snapshots" else 1
        return Open(at, self.versions[-min(back, len(self.versions))])

    def do(self, one: Open, f: str, key: str) -> None:
        if f == "r":
            now = self.kind in ("committed", "dirty")
            held = (self.versions[-1] if now else one.seen).get(key, ())
            own = () if self.kind == "dirty" else one.own.get(key, ())
            if key in one.own and self.kind == "committed":
                return  # what it has written itself is not there yet
            one.done.append(r(key, (*held, *own)))
            return
        if self.kind == "dirty" and self.locks.setdefault(key, one) is not one:
            return  # somebody else has written it and not ended yet
        self.count += 1
        one.done.append(a(key, self.count))
        one.own[key] = (*one.own.get(key, ()), self.count)
        if self.kind == "dirty":
            held = self.versions[-1].get(key, ())
            self.versions[-1][key] = (*held, self.count)

    def commit(self, one: Open, at: int) -> bool:
        if self.kind == "dirty":
            self.locks = {k: by for k, by in self.locks.items() if by is not one}
            return True
        last = self.versions[-1]
        if "snapshots" in self.kind and any(
            last.get(key) != one.seen.get(key) for key in one.own
        ):
            return False
        grown = {key: (*last.get(key, ()), *new) for key, new in one.own.items()}
        self.versions.append(last | grown)
        return True
