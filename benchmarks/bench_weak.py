"""The weaker models: how judging grows with the history, and where it becomes hard.

The histories are those of replicas, one for each process, half of the operations being
writes and each value written once. *Total order*: all replicas take all writes in one
order, and a process that writes waits for its own: sequentially consistent, but not
linearizable, as a replica may lag by up to 20 writes. *Causal order*: nobody waits, and
of two writes to a key the one that was made later wins: causally consistent and
convergent. Every other one is spoilt by a read that goes far back. Processor time is
measured, so that other jobs of the machine disturb less.

    python benchmarks/bench_weak.py            # prints the tables
    python benchmarks/bench_weak.py --write    # and puts them into README.md
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count, product
from pathlib import Path

from tables import table, write

from distlab.check import sessions
from distlab.check.causal import (
    causal_memory,
    causally_consistent,
    causally_convergent,
)
from distlab.check.limits import Limits
from distlab.check.pram import pram
from distlab.check.sequential import sequentially_consistent
from distlab.check.verdict import Verdict
from distlab.history import History, Operation

LIMITS = Limits(steps=10**9, time_s=900, memory_mb=8000)
LAG = 20  # writes
Judge = Callable[[History], Verdict]


# ------------------------------------------------------------------------ the histories
def total_order(number: int, processes: int, keys: int, seed: int) -> History:
    """All replicas take the writes in one order, some of them later than others."""
    rng = random.Random(seed)
    log: list[tuple[str, int]] = []
    replicas: list[dict[str, int]] = [{} for _ in range(processes)]
    taken = [0] * processes
    ops = []
    for i in range(number):
        at, key, writes = (
            rng.randrange(processes),
            key_of(rng, keys),
            rng.random() < 0.5,
        )
        if writes:
            log.append((key, i))
        least = len(log) if writes else max(taken[at], len(log) - LAG)
        upto = rng.randint(least, len(log))
        replicas[at].update(log[taken[at] : upto])
        taken[at] = upto
        ops.append(operation(at, key, i, writes, replicas[at].get(key)))
    return History(ops)


def causal_order(number: int, processes: int, keys: int, seed: int) -> History:
    """A replica takes the writes of the others late, and never waits for its own."""
    rng = random.Random(seed)
    log: list[tuple[str, int]] = []
    replicas: list[dict[str, int]] = [{} for _ in range(processes)]
    taken = [0] * processes
    ops = []
    for i in range(number):
        at, key, writes = (
            rng.randrange(processes),
            key_of(rng, keys),
            rng.random() < 0.5,
        )
        upto = rng.randint(max(taken[at], len(log) - LAG), len(log))
        for of, value in log[taken[at] : upto]:
            replicas[at][of] = max(value, replicas[at].get(of, -1))
        taken[at] = upto
        if writes:
            log.append((key, i))
            replicas[at][key] = i
        ops.append(operation(at, key, i, writes, replicas[at].get(key)))
    return History(ops)


def key_of(rng: random.Random, keys: int) -> str:
    return f"k{rng.randrange(keys)}"


def operation(at: int, key: str, i: int, writes: bool, held: int | None) -> Operation:
    times = {"invoked_us": 10 * i, "outcome": "ok", "ended_us": 10 * i + 5}
    if writes:
        return Operation(f"c{at}", "write", (key, i), **times)
    return Operation(f"c{at}", "read", (key,), result=held, **times)


def spoilt(history: History, seed: int) -> History:
    """The same, but a process reads again what was there long before."""
    rng = random.Random(seed)
    reads = [op for op in history if op.f == "read" and op.result is not None]
    victim = rng.choice(reads[len(reads) // 2 :])
    old = next(op for op in reads if op.args == victim.args)
    lie = victim._replace(result=old.result)
    return History(lie if op is victim else op for op in history)


# --------------------------------------------------------------------- what is measured
def ms(judge: Judge, histories: list[History]) -> str:
    """The median of the processor time, or what the verdicts were instead."""
    spent, outcomes = [], []
    for history in histories:
        begun = time.process_time()
        outcomes.append(judge(history).outcome)
        spent.append(1000 * (time.process_time() - begun))
    if outcomes.count("unknown") * 2 > len(outcomes):
        return f"gives up ({outcomes.count('unknown')} of {len(outcomes)})"
    return f"{statistics.median(spent):,.0f}"


def within(judge: Callable) -> Judge:
    return lambda history: judge(history, limits=LIMITS)


CAUSAL = (causally_consistent, causally_convergent)
VIEWS = (causal_memory, pram)  # an order for each process: not tried beyond 10,000


def growth(rounds: int, most: int) -> Iterator[list[str]]:
    """By size, for 8 processes and 100 keys."""
    for number in (100, 1000, 10_000, 100_000):
        if number > most:
            return
        for kind in ("good", "spoilt"):
            made = [causal_order(number, 8, 100, seed) for seed in range(rounds)]
            if kind == "spoilt":
                made = [spoilt(history, seed) for seed, history in enumerate(made)]
            row = [ms(within(judge), made) for judge in CAUSAL]
            row += [
                ms(within(judge), made) if number <= 10_000 else "not tried"
                for judge in VIEWS
            ]
            yield [f"{number:,}, {kind}", *row]


def sequential(rounds: int, most: int) -> Iterator[list[str]]:
    """By size and number of processes, on 10 keys."""
    for number, processes in product((100, 1000, 10_000), (4, 32)):
        if number > most:
            return
        good = [total_order(number, processes, 10, seed) for seed in range(rounds)]
        bad = [spoilt(history, seed) for seed, history in enumerate(good)]
        row = [ms(within(sequentially_consistent), made) for made in (good, bad)]
        yield [f"{number:,} by {processes}", *row]


def hard(more: int) -> History:
    """Four writes that nothing orders, and eight observers who allow no order of them.

    Beside them there are writers of further keys, which nobody reads: what has happened
    of these is tried in vain with all the rest.
    """
    pairs = ["x2 y1", "y2 x1", "x2 y2", "y1 x1", "x1 y1", "y2 x2", "x1 y2", "y1 x2"]
    ops = []
    at = count()
    for key, value in product("xy", (1, 2)):
        ops.append(Operation(f"c{next(at)}", "write", (key, value), 0, "ok", None, 5))
    for pair in pairs:
        process = f"c{next(at)}"
        for i, (key, value) in enumerate(pair.split()):
            begin = 10 * i
            ops.append(
                Operation(process, "read", (key,), begin, "ok", int(value), begin + 5)
            )
    for i in range(more):
        process = f"c{next(at)}"
        ops.append(Operation(process, "write", (f"k{i}", 1), 0, "ok", None, 5))
    return History(ops)


OF_ALL = (
    sessions.read_your_writes,
    sessions.monotonic_reads,
    sessions.consistent_prefix,
)
OF_CAUSES = (sessions.monotonic_writes, sessions.writes_follow_reads)


def guarantees(most: int) -> Iterator[list[str]]:
    """By size, for 8 processes and 10 keys."""
    for number in (1000, 10_000, 100_000, 1_000_000):
        if number > most:
            return
        history = causal_order(number, 8, 10, seed=0)
        row = [ms(judge, [history]) for judge in OF_ALL]
        row += [
            ms(judge, [history]) if number <= 100_000 else "not tried"
            for judge in OF_CAUSES
        ]
        yield [f"{number:,}", *row]


def hardness(most: int) -> Iterator[list[str]]:
    for more in range(0, most, 2):
        verdict = sequentially_consistent(hard(more), limits=Limits(time_s=900))
        steps = verdict.strength.rpartition("; ")[2]
        yield [f"{more} further writers", verdict.outcome, steps]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="smaller, and less exact")
    arguments = parser.parse_args()
    rounds, most = (1, 1000) if arguments.quick else (3, 100_000)
    found = {
        "weak-growth": table(
            ["operations", "CC, ms", "CCv, ms", "CM, ms", "PRAM, ms"],
            list(growth(rounds, most)),
        ),
        "weak-sequential": table(
            ["operations by processes", "good, ms", "spoilt, ms"],
            list(sequential(rounds, most)),
        ),
        "weak-sessions": table(
            ["ms for", *(of.__name__.replace("_", " ") for of in OF_ALL + OF_CAUSES)],
            list(guarantees(10 * most)),
        ),
        "weak-hard": table(
            ["eight observers of four writes, and", "verdict", "search"],
            list(hardness(4 if arguments.quick else 14)),
        ),
    }
    for name, text in found.items():
        print(f"\n{name}\n\n{text}")
        if arguments.write:
            write(Path(__file__).with_name("README.md"), name, text)


if __name__ == "__main__":
    sys.exit(main())
