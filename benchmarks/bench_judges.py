"""The judges of linearizability, on histories from 100 to 1,000,000 operations.

The histories are those of an object in one place whose clients are each busy with one
operation at a time, of 1 to 2,000 µs; the operation happens at some moment between its
call and its end, and of one in fifty that change something nobody knows what became.
The weaker models and transactions have benchmarks of their own. Processor time is
measured, so that other jobs of the machine disturb less. Where a judge would take more
than a minute, as its time has grown so far, it is not asked.

    python benchmarks/bench_judges.py            # prints the tables
    python benchmarks/bench_judges.py --write    # and puts them into README.md
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from heapq import heapify, heapreplace
from math import inf
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tables import table, write

from distlab.check.limits import Limits
from distlab.check.linearizable import linearizable
from distlab.check.zones_in_arrays import NEVER, contradiction
from distlab.events import Call
from distlab.history import History, Operation
from distlab.machine import KeyValue, Machine, Queue, Register, Set, Stack, Texts

A_MINUTE_S = 60
LIMITS = Limits(steps=10**9, time_s=A_MINUTE_S, memory_mb=10_000)


# ------------------------------------------------------------------------ the histories
def times(count: int, clients: int, rng: random.Random) -> list[tuple]:
    """When operations happen, who calls them when, and when they end."""
    free = [(0, client) for client in range(clients)]
    heapify(free)
    planned = []
    for i in range(count):
        at, client = free[0]
        begin = at + rng.randint(0, 50)
        end = begin + rng.randint(1, 2000)
        heapreplace(free, (end + 1, client))
        planned.append((rng.randint(begin, end), i, f"c{client}", begin, end))
    return sorted(planned)


def lived(
    count: int, clients: int, part: Machine, call: Callable, seed: int
) -> History:
    """What clients of many objects see, each of them a `part`.

    `call(rng, i)` is a key, or (), and a command of its object.
    """
    rng = random.Random(seed)
    held: dict[tuple, Any] = {}
    seen = []
    for _, i, client, begin, end in times(count, clients, rng):
        key, f, args = call(rng, i)
        state = held.get(key, part.initial)
        held[key], result = part.apply(state, Call(f, args))
        known = held[key] == state or rng.random() >= 0.02
        told = ("ok", result) if known else ("info", None)
        seen.append(Operation(client, f, key + args, begin, *told, end))
    return History(seen)


def unique(keys: int) -> Callable:
    """Reads and writes; each value is written once."""

    def call(rng: random.Random, i: int) -> tuple:
        key = (f"x{rng.randrange(keys)}",)
        return (key, "write", (i,)) if rng.random() < 0.5 else (key, "read", ())

    return call


def repeated(rng: random.Random, i: int) -> tuple:
    """Reads, writes and conditional writes of five values."""
    one, other = rng.randrange(5), rng.randrange(5)
    calls = [("read", ()), ("write", (one,)), ("cas", (one, other))]
    return (), *rng.choice(calls)


def text(rng: random.Random, i: int) -> tuple:
    """Gets and appends, and now and then a put, on ten keys."""
    calls = [("get", ()), ("append", (f"x {i} y",)), ("put", (f"x {i} y",))]
    return (str(rng.randrange(10)),), *rng.choices(calls, [50, 45, 5])[0]


def container(put: str, take: str) -> Callable:
    """As much goes in as comes out."""

    def call(rng: random.Random, i: int) -> tuple:
        return ((), put, (i,)) if rng.random() < 0.5 else ((), take, ())

    return call


def member(rng: random.Random, i: int) -> tuple:
    """Adds, removes and looks for a hundred items."""
    return (rng.randrange(100),), rng.choice(("add", "remove", "contains")), ()


def arrays(history: History) -> tuple[np.ndarray, ...]:
    """A register's history as columns."""
    values = [op.args[-1] if op.f == "write" else op.result for op in history]
    ends = [NEVER if op.outcome == "info" else op.ended_us for op in history]
    return (
        np.array([op.invoked_us for op in history]),
        np.array(ends),
        np.array([op.f == "write" for op in history]),
        np.array([-1 if value is None else value for value in values]),
        np.array([int(op.process[1:]) for op in history]),
    )


# --------------------------------------------------------------------- what is measured
class Row(NamedTuple):
    """One judge, and what is judged."""

    name: str
    judge: Callable[[Any], Any]
    part: Machine
    call: Callable
    clients: int = 32
    prepare: Callable[[History], Any] = lambda history: history


def as_one(machine: Machine) -> Callable:
    return lambda history: linearizable(history, machine, LIMITS)


ROWS = [
    Row(
        "register, from arrays (zones)",
        lambda columns: contradiction(*columns),
        Register(),
        unique(1),
        prepare=arrays,
    ),
    Row("register (zones)", as_one(KeyValue()), Register(), unique(1)),
    Row("texts, 50 clients (epochs)", as_one(Texts()), Texts.part, text, 50),
    Row("queue", as_one(Queue()), Queue(), container("enqueue", "dequeue")),
    Row("stack", as_one(Stack()), Stack(), container("push", "pop")),
    Row("set", as_one(Set()), Set.part, member),
    Row(
        "cas register, 5 clients (search)", as_one(Register()), Register(), repeated, 5
    ),
]


def growth(row: Row, most: int, rounds: int) -> Iterator[str]:
    """What a judge takes for more and more operations, and each at last."""
    count, spent_s, next_s, last = 100, 0.0, 0.0, ""
    while count <= most:
        if next_s > A_MINUTE_S:
            yield "not tried"
        else:
            seeds = range(rounds if count < 100_000 else 1)
            before_s = spent_s
            spent_s = statistics.median(seconds(row, count, seed) for seed in seeds)
            next_s = spent_s * max(10, spent_s / before_s if before_s else 10)
            if spent_s < inf:
                last = f"{1e6 * spent_s / count:,.2f}"
                yield f"{1000 * spent_s:,.{1 if spent_s < 1 else 0}f}"
            else:
                yield "gives up"
        count *= 10
    yield last


def seconds(row: Row, count: int, seed: int) -> float:
    """The processor time of one verdict; for ever, of one that gave up."""
    judged = row.prepare(lived(count, row.clients, row.part, row.call, seed))
    begun = time.process_time()
    verdict = row.judge(judged)
    spent_s = time.process_time() - begun
    assert verdict == () or not verdict.invalid, verdict
    return inf if verdict != () and verdict.unknown else spent_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="smaller, and less exact")
    arguments = parser.parse_args()
    rounds, most = (1, 10_000) if arguments.quick else (3, 1_000_000)
    sizes = [10**n for n in range(2, 7) if 10**n <= most]
    heads = ["ms for", *(f"{size:,}" for size in sizes), "µs an operation"]
    rows = []
    for row in ROWS:
        rows.append([row.name, *growth(row, most, rounds)])
        print(*rows[-1], sep="  ", flush=True)
    text = table(heads, rows)
    print(text)
    if arguments.write:
        write(Path(__file__).with_name("README.md"), "judges", text)


if __name__ == "__main__":
    sys.exit(main())
