"""Pictures of histories, cycles and models: how long they take, and how large they are.

A history is that of clients which call one thing after the other, for random times; its
verdict numbers all of them. Beside them stands the space-time diagram of a failover,
drawn as long as it is in the README. Processor time, the median of nine.

    python benchmarks/bench_pictures.py            # prints the table
    python benchmarks/bench_pictures.py --write    # and puts it into README.md
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tables import table, write

from distlab.check.verdict import Edge, Verdict
from distlab.history import History, Operation
from distlab.show import Picture, cycle, history, models, spacetime
from distlab.show.cover import failover

RUNS = 9


def clients(number: int, calls: int) -> History:
    """Writes and reads of one key, one after the other for each client."""
    rng = random.Random(1)
    ops = []
    for client in range(number):
        at_us = rng.randrange(5000)
        for i in range(calls):
            took_us = rng.randrange(300, 12_000)
            f, args, result = (
                ("write", ("x", i), None) if i % 2 else ("read", ("x",), i)
            )
            ops.append(
                Operation(f"c{client}", f, args, at_us, "ok", result, at_us + took_us)
            )
            at_us += took_us + rng.randrange(4000)
    return History(ops)


def ring(number: int) -> Verdict:
    """A cycle of transactions of three steps."""
    steps = (("append", "x", 1), ("r", "y", (1, 2)), ("append", "z", 3))
    ops = [
        Operation(f"c{i}", "txn", steps, 1000 * i, "ok", steps, 1000 * i + 700)
        for i in range(number)
    ]
    edges = tuple(
        Edge(op, "rw", ops[(i + 1) % number], "it read y without 3")
        for i, op in enumerate(ops)
    )
    return Verdict("invalid", "serializable", "all", "Why.", cycle=edges)


def ordered(story: History) -> Verdict:
    """A verdict that numbers all operations by their ends."""
    order = tuple(sorted(story, key=lambda op: op.ended_us or 0))
    return Verdict("valid", "linearizable", "all", "Why.", order=order)


def row(name: str, draw: Callable[[], Picture]) -> tuple[str, ...]:
    """The median time and the size of one picture."""
    spent = []
    for _ in range(RUNS):
        begun = time.process_time()
        picture = draw()
        spent.append(1000 * (time.process_time() - begun))
    kb = len(picture.svg.encode()) / 1000
    return name, f"{statistics.median(spent):.1f}", f"{kb:.0f}"


def rows() -> list[tuple[str, ...]]:
    """Every picture, the usual ones first."""
    found = []
    for number, calls in ((3, 5), (5, 8), (5, 17), (10, 40)):
        story = clients(number, calls)
        verdict, many = ordered(story), number * calls
        name = f"history, {many} of {many} operations, with its order"
        found.append(
            row(name, lambda s=story, v=verdict, n=many: history(s, v, most=n))
        )
    story = clients(50, 2000)
    found.append(row("history, 40 of 100,000 operations", lambda: history(story)))
    for number in (2, 8, 1000):
        verdict = ring(number)
        found.append(row(f"cycle of {number:,}", lambda v=verdict: cycle(v)))
    found.append(row("map of the models", models))
    run = failover().trace
    found.append(row("space-time diagram of the failover", lambda: spacetime(run)))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="how long pictures take")
    parser.add_argument("--write", action="store_true", help="put it into README.md")
    written = table(("picture", "ms", "kB of SVG"), rows())
    print(written)
    if parser.parse_args(sys.argv[1:]).write:
        write(Path(__file__).with_name("README.md"), "pictures", written)
