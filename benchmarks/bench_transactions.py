"""The judge of transactions, from 100 to 1,000,000 of them.

The histories are those of a store that runs each transaction at one moment between its
call and its end: 20 clients, each busy with one transaction at a time, of 1 to 4 reads
and appends on ten keys; a key that has 100 elements is replaced by a new one. Of one
transaction in fifty nobody knows what became. Processor time is measured, so that other
jobs of the machine disturb less; the histories are made before.

    python benchmarks/bench_transactions.py            # prints the tables
    python benchmarks/bench_transactions.py --write    # and puts them into README.md
"""

import argparse
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tables import table, write

from distlab.check import Limits, transactions
from distlab.check.dependencies import Dependencies
from distlab.check.graphs import components, with_order
from distlab.check.observations import Observed
from distlab.history import History, Operation

STRICT = 2  # counting on real time
ENOUGH = Limits(time_s=600, memory_mb=8000)


# ------------------------------------------------------------------------ the histories
def made(count: int, seed: int, faults: int = 0, clients: int = 20) -> History:
    """What clients of a store see; in `faults` transactions it forgets what is newest.

    Such a one reads lists without their last element, and appends all the same.
    """
    rng = random.Random(seed)
    planned = sorted(moments(rng, count, clients))
    wrong = set(rng.sample(range(count // 10, count), faults))
    held: dict[str, tuple] = {}
    keys = [f"k{i}" for i in range(10)]
    ops = []
    for number, (_, client, begin, end) in enumerate(planned):
        done = []
        for i in range(rng.randint(1, 4)):
            at = rng.randrange(len(keys))
            key = keys[at]
            value = held.get(key, ())
            if rng.random() < 0.5:
                done.append(("r", key, value[:-1] if number in wrong else value))
            else:
                held[key] = (*value, 4 * number + i)
                done.append(("append", key, 4 * number + i))
                if len(value) > 98:
                    keys[at] = f"k{4 * number + i}"
        args = tuple((f, k, None if f == "r" else v) for f, k, v in done)
        if rng.random() < 0.02:
            ops.append(Operation(client, "txn", args, begin, "info", None, end))
        else:
            ops.append(Operation(client, "txn", args, begin, "ok", tuple(done), end))
    return History(ops)


def moments(rng: random.Random, count: int, clients: int) -> list[tuple]:
    """When each transaction happens, by whom, and when it begins and ends."""
    free = [0] * clients
    planned = []
    for number in range(count):
        client = number % clients
        begin = free[client] + rng.randint(0, 50)
        end = begin + rng.randint(1, 2000)
        free[client] = end + 1
        name = f"c{client}"
        planned.append((rng.randint(begin, end), name, begin, end))
    return planned


def split(count: int, seed: int) -> History:
    """What a store shows that runs each transaction twice, in two worlds in turn.

    Each world lacks the last append of the other: nearly all is one ring.
    """
    whole = made(count, seed)
    return History(
        op._replace(
            result=tuple(
                (f, k, v[:-1] if f == "r" and number % 2 else v)
                for f, k, v in op.result
            )
        )
        if op.outcome == "ok"
        else op
        for number, op in enumerate(whole)
    )


# ----------------------------------------------------------------------------- the peer
def tarjan(nodes: int, src: list[int], dst: list[int]) -> list[int]:
    """Tarjan's strongly connected components, in plain Python without recursion."""
    following: list[list[int]] = [[] for _ in range(nodes)]
    for one, other in zip(src, dst, strict=True):
        following[one].append(other)
    index, low, part = [0] * nodes, [0] * nodes, [-1] * nodes
    stack: list[int] = []
    count = parts = 0
    for root in range(nodes):
        if index[root]:
            continue
        work = [(root, 0)]
        while work:
            node, at = work.pop()
            if not at:
                count += 1
                index[node] = low[node] = count
                stack.append(node)
            row = following[node]
            for i in range(at, len(row)):
                other = row[i]
                if not index[other]:
                    work += [(node, i + 1), (other, 0)]
                    break
                if part[other] < 0:
                    low[node] = min(low[node], low[other])
            else:
                if low[node] == index[node]:
                    while part[node] < 0:
                        part[stack.pop()] = parts
                    parts += 1
                if work:
                    above = work[-1][0]
                    low[above] = min(low[above], low[node])
    return part


# --------------------------------------------------------------------- what is measured
def spent(judge: Callable, given: tuple) -> float:
    """The processor time in seconds."""
    begun = time.process_time()
    judge(*given)
    return time.process_time() - begun


def median(judge: Callable, make: Callable, rounds: int) -> float:
    """The median of the processor time in seconds; one history at a time is held."""
    return statistics.median(spent(judge, (make(seed),)) for seed in range(rounds))


def bytes_each(history: History) -> float:
    """The memory that judging takes at most, for each transaction."""
    tracemalloc.start()
    transactions.anomalies(history)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / len(history)


def serializable(history: History) -> None:
    transactions.judge(history, "serializable", ENOUGH)


def strict_serializable(history: History) -> None:
    transactions.judge(history, limits=ENOUGH)


def all_named(history: History) -> None:
    transactions.anomalies(history, ENOUGH)


def growth(rounds: int, most: int) -> Iterator[list[str]]:
    count = 100
    while count <= most:
        rounds = 1 if count == 1_000_000 else rounds
        plain = median(serializable, partial(made, count), rounds)
        strict = median(strict_serializable, partial(made, count), rounds)
        named = median(all_named, partial(made, count, faults=5), rounds)
        memory = f"{bytes_each(made(count, 0)):,.0f}" if count <= 100_000 else ""
        yield [f"{count:,}", f"{plain:.3f}", f"{strict:.3f}", f"{named:.3f}", memory]
        count *= 10


def tangled(count: int = 100_000) -> Iterator[list[str]]:
    kinds = {f"{n:,}": made(count, 1, n) for n in (0, 10, 100, 1_000, 10_000)}
    kinds["every second one"] = split(count, 1)
    for kind, history in kinds.items():
        found = transactions.anomalies(history)
        named = spent(transactions.anomalies, (history,))
        exact = "yes" if all(one.shortest for one in found) else "no"
        yield [kind, f"{named:.2f}", f"{len(found):,}", exact]


def parts(rounds: int) -> Iterator[list[str]]:
    for count in (1_000, 10_000, 100_000):
        graph = Dependencies(Observed(made(count, 1)))
        edges, nodes = with_order(graph, STRICT)
        src, dst = edges.src.tolist(), edges.dst.tolist()
        ours = [spent(components, (nodes, edges.src, edges.dst)) for _ in range(rounds)]
        theirs = [spent(tarjan, (nodes, src, dst)) for _ in range(rounds)]
        fast, slow = statistics.median(ours), statistics.median(theirs)
        times = f"{1000 * fast:.1f}", f"{1000 * slow:.0f}", f"{slow / fast:.0f}"
        yield [f"{len(src):,}", *times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="smaller, and less exact")
    arguments = parser.parse_args()
    rounds, most = (1, 10_000) if arguments.quick else (3, 1_000_000)
    transactions.anomalies(made(100, 1, 5))  # numpy and scipy are loaded once
    kinds = ["serializable, s", "strict, s", "5 wrong, all named, s", "bytes each"]
    found = {
        "transactions-growth": table(
            ["transactions", *kinds], list(growth(rounds, most))
        ),
        "transactions-tangled": table(
            ["wrong ones of 100,000", "s", "anomalies", "all shortest"],
            list(tangled()),
        ),
        "transactions-components": table(
            ["edges", "scipy, ms", "Tarjan in Python, ms", "ratio"],
            list(parts(rounds)),
        ),
    }
    for name, text in found.items():
        print(f"\n{name}\n\n{text}")
        if arguments.write:
            write(Path(__file__).with_name("README.md"), name, text)


if __name__ == "__main__":
    sys.exit(main())
