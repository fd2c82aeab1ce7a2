"""Histories of stores that keep siblings: written by hand, or drawn at random."""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

from distlab.history import History, Operation
from distlab.value import Value


class V(Value):
    """A vector, the slow way: every write that a version stands on, by name."""

    writes: frozenset[str]

    def __init__(self, *writes: str):
        object.__setattr__(self, "writes", frozenset(writes))

    def covers(self, other: V) -> bool:
        return self.writes >= other.writes

    def of(self, value: Any) -> Held:
        return Held(value, self)

    def __repr__(self) -> str:
        return f"[{' '.join(sorted(self.writes))}]"


class Held(Value):
    """A version."""

    value: Any
    vector: V

    def __repr__(self) -> str:
        return f"{self.value!r} {self.vector!r}"


def op(process, f, args, begin_ms, end_ms, result=None) -> Operation:
    """An acknowledged operation, or, without an end, one that nobody knows about."""
    if end_ms is None:
        return Operation(process, f, args, begin_ms * 1000)
    return Operation(process, f, args, begin_ms * 1000, "ok", result, end_ms * 1000)


def drawn(seed: int) -> History:
    """A random history. Reads return any of the versions there are that do not cover
    each other; now and then a write claims to stand on what its client has never seen.
    """
    rng = random.Random(seed)
    clients = ["c1", "c2", "c3", "c1#2"][: rng.randint(1, 4)]
    times = iter(sorted(rng.sample(range(200), 60)))
    busy: dict[str, tuple] = {}
    versions: dict[str, list[Held]] = defaultdict(list)  # by key
    seen: dict[tuple[str, str], frozenset[str]] = defaultdict(frozenset)
    ops = []
    for _ in range(rng.randint(2, 24)):
        at, client = next(times), rng.choice(clients)
        if client not in busy:
            key, f = (
                rng.choice("xy"),
                rng.choices(["write", "read", "delete"], [4, 5, 1])[0],
            )
            held = None
            if f != "read":
                known = seen[client, key]
                if versions[key] and rng.random() < 0.2:
                    known |= rng.choice(versions[key]).vector.writes
                vector = V(*known, f"{client}.{at}")
                held = vector.of(rng.choice([1, 2, 3]) if f == "write" else "gone")
                versions[key].append(held)
                seen[client, key] = vector.writes
            busy[client] = (f, key, at, held)
            continue
        f, key, begin, held = busy.pop(client)
        if f == "read":
            shown = [v for v in versions[key] if v.value != "gone"]
            found = rng.sample(shown, min(len(shown), rng.choice([0, 1, 1, 2])))
            found = [
                v
                for v in found
                if not any(o != v and o.vector.covers(v.vector) for o in found)
            ]
            ops.append(op(client, f, (key,), begin, at, tuple(found)))
            for version in found:
                seen[client, key] |= version.vector.writes
        else:
            args = (key, held.value) if f == "write" else (key,)
            end = at if rng.random() < 0.8 else None
            ops.append(op(client, f, args, begin, end, held.vector))
    return History(ops)


def final_of(seed: int, history: History) -> dict[str, dict[str, tuple[Held, ...]]]:
    """What up to three replicas hold at the end: some of what was written."""
    rng = random.Random(f"final {seed}")
    there = defaultdict(list)
    for one in history.where("write", "delete", outcome="ok"):
        value = one.args[1] if one.f == "write" else "gone"
        there[one.args[0]].append(one.result.of(value))
    part = rng.choice([0.3, 0.8, 1.0])
    return {
        f"s{i}": {
            key: tuple(v for v in versions if rng.random() < part)
            for key, versions in there.items()
        }
        for i in range(rng.choice([0, 1, 2, 3]))
    }
