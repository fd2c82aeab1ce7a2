"""Staleness by drawing, beside the plain ways to write it; and one process beside two.

A trial is a write to three replicas and a read after it: the latency of each, and when
the read would be fresh, for r = w = 1. Processor time is measured, so that other jobs
of the machine disturb less; for several processes it is time on the clock.

    python benchmarks/bench_staleness.py            # prints the tables
    python benchmarks/bench_staleness.py --write    # and puts them into README.md
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import numpy
from tables import table, write

from distlab.replication.quorum import Replica
from distlab.replication.staleness import Exponential, Wars, staleness_map
from distlab.replication.staleness_figures import FITS, measured
from distlab.sim import sweep
from distlab.sim.after_write import reads_after_writes

MEAN_MS = 1.0
N = 3
ALIKE = Exponential(MEAN_MS)
EXPONENTIAL = Wars(ALIKE, ALIKE, ALIKE, ALIKE)
DISK = FITS["LNKD-DISK"]
KINDS = ("Store", "Stored", "Fetch", "Fetched")


def ours(model: Wars, generator: numpy.random.Generator, count: int) -> int:
    """How many trials are fresh at once; all three numbers of each trial are made."""
    trials = model.trials(generator, N, count)
    read_ms, write_ms = trials.read_ms[0], trials.write_ms[0]
    assert len(read_ms) == len(write_ms) == count
    return int((trials.fresh_after_ms(1, 1) <= 0).sum())


def in_blocks(model: Wars, count: int) -> int:
    return sweep.trials(partial(ours, model), count, seed=1, workers=1)


# --------------------------------------------------------------------------- the peers
def exponential_delays(generator: numpy.random.Generator, count: int):
    return [generator.exponential(MEAN_MS, (count, N)) for _ in range(4)]


def disk_delays(generator: numpy.random.Generator, count: int):
    """As one writes it down from the paper: where(which, Pareto, exponential)."""

    def drawn(share, scale, shape, rate):
        body = scale * (1 + generator.pareto(shape, (count, N)))
        tail = generator.exponential(1 / rate, (count, N))
        return numpy.where(generator.random((count, N)) < share, body, tail)

    quick = [drawn(0.9122, 0.235, 10, 1.66) for _ in range(3)]
    return [drawn(0.38, 1.05, 1.51, 0.183), *quick]


def in_one_block(delays: Callable, count: int) -> int:
    """All trials in one array, sorted by numpy along the replicas."""
    w, a, r, s = delays(numpy.random.default_rng(1), count)
    write_ms = numpy.sort(w + a, axis=1)[:, 0]
    order = numpy.argsort(r + s, axis=1)[:, :1]
    read_ms = numpy.take_along_axis(r + s, order, axis=1)[:, 0]
    assert len(read_ms) == count
    first = numpy.take_along_axis(w - r, order, axis=1).min(axis=1)
    return int((first <= write_ms).sum())


def exponential_delay(dice: random.Random):
    return [[dice.expovariate(1 / MEAN_MS) for _ in range(N)] for _ in range(4)]


def disk_delay(dice: random.Random):
    def drawn(share, scale, shape, rate):
        if dice.random() < share:
            return scale * dice.paretovariate(shape)
        return dice.expovariate(rate)

    quick = [[drawn(0.9122, 0.235, 10, 1.66) for _ in range(N)] for _ in range(3)]
    return [[drawn(0.38, 1.05, 1.51, 0.183) for _ in range(N)], *quick]


def one_by_one(delays: Callable, count: int) -> int:
    """A loop over trials, in plain Python."""
    dice, fresh = random.Random(1), 0
    for _ in range(count):
        w, a, r, s = delays(dice)
        write_ms = sorted(map(sum, zip(w, a, strict=True)))[0]
        heard = sorted((r[i] + s[i], i) for i in range(N))[:1]
        fresh += any(w[i] <= write_ms + r[i] for _, i in heard)
    return fresh


# -------------------------------------------------------------------- what is measured
def rate(run: Callable, *arguments, count: int) -> tuple[float, float]:
    """Trials a second, and the share that was fresh."""
    begun = time.process_time()
    fresh = run(*arguments, count)
    return count / (time.process_time() - begun), fresh / count


def beside_the_peers(rounds: int, count: int) -> list[list[str]]:
    """All in turn, several times; the ratio is the median of the rounds' ratios."""
    rows = []
    for name, model, arrays, loop in (
        ("exponential latencies", EXPONENTIAL, exponential_delays, exponential_delay),
        ("LNKD-DISK", DISK, disk_delays, disk_delay),
    ):
        for peer, run, size in (
            ("numpy, one block of a million", partial(in_one_block, arrays), 10**6),
            ("plain Python, one by one", partial(one_by_one, loop), 10**5),
        ):
            pairs = [
                (rate(in_blocks, model, count=count), rate(run, count=size))
                for _ in range(rounds)
            ]
            for (_, mine), (_, theirs) in pairs:
                assert abs(mine - theirs) < 0.01, "they do not compute the same"
            ratios = [mine / theirs for (mine, _), (theirs, _) in pairs]
            rows.append(
                [
                    name,
                    peer,
                    f"{statistics.median(p[0][0] for p in pairs) / 1e6:.1f}",
                    f"{statistics.median(p[1][0] for p in pairs) / 1e6:.2f}",
                    f"{statistics.median(ratios):.1f}",
                    f"{min(ratios):.1f} to {max(ratios):.1f}",
                ]
            )
    return rows


def by_block(rounds: int) -> list[list[str]]:
    """Nanoseconds a trial for blocks that do and do not fit the cache."""
    rows = []
    for size in (1_000, 4_000, 16_000, 64_000, 1_000_000):
        spent = []
        for _ in range(rounds):
            generator, blocks = sweep.generator(1, "blocks"), 4_000_000 // size
            begun = time.process_time()
            for _ in range(blocks):
                ours(EXPONENTIAL, generator, size)
            spent.append(1e9 * (time.process_time() - begun) / (size * blocks))
        rows.append([f"{size:,}", f"{statistics.median(spent):.0f}"])
    return rows


def by_trials(rounds: int) -> list[list[str]]:
    """Nanoseconds a trial for ten, and a hundred times as many."""
    rows = []
    for count in (200_000, 2_000_000, 20_000_000):
        rates = [rate(in_blocks, EXPONENTIAL, count=count)[0] for _ in range(rounds)]
        rows.append([f"{count:,}", f"{1e9 / statistics.median(rates):.0f}"])
    return rows


def by_precision(rounds: int) -> list[list[str]]:
    """Nanoseconds for one exponential draw: it is what a trial consists of."""
    rows = []
    for name, kind in (("float64", numpy.float64), ("float32", numpy.float32)):
        spent = []
        for _ in range(rounds):
            generator = sweep.generator(1, "precision")
            begun = time.process_time()
            for _ in range(100):
                generator.standard_exponential((12, sweep.BLOCK), dtype=kind)
            spent.append(1e9 * (time.process_time() - begun) / (1200 * sweep.BLOCK))
        rows.append([name, f"{statistics.median(spent):.2f}"])
    return rows


def one_and_two(rounds: int, quick: bool) -> list[list[str]]:
    """Seconds on the clock with one worker and with two: the pool exists already."""
    trials = 4_000_000 if quick else 20_000_000
    seeds = range(18 if quick else 72)
    protocol = partial(
        reads_after_writes, Replica, KINDS, DISK, r=1, w=1, resend_ms=1e9
    )
    works: dict[str, Callable[[Executor], object]] = {
        f"{trials:,} trials, counts of fresh ones": lambda pool: sweep.trials(
            partial(ours, EXPONENTIAL), trials, seed=1, executor=pool
        ),
        f"{trials // 4:,} trials of LNKD-DISK, tallies of all r, w": lambda pool: (
            sweep.trials(partial(measured, DISK), trials // 4, seed=1, executor=pool)
        ),
        f"{len(seeds)} runs of the simulated protocol": lambda pool: sweep.seeds(
            protocol, seeds, executor=pool
        ),
    }
    rows = []
    with sweep.processes(1) as one, sweep.processes(2) as two:
        for name, run in works.items():
            for pool in (one, two):
                sweep.seeds(abs, range(8), executor=pool, chunk=1)  # they are awake
            pairs = [
                [on_the_clock(run, pool) for pool in (one, two)] for _ in range(rounds)
            ]
            ratios = [first / second for first, second in pairs]
            rows.append(
                [
                    name,
                    *(f"{statistics.median(p[i] for p in pairs):.2f}" for i in (0, 1)),
                    f"{statistics.median(ratios):.2f}",
                    f"{min(ratios):.2f} to {max(ratios):.2f}",
                ]
            )
    return rows


def on_the_clock(run: Callable, *arguments) -> float:
    """Seconds."""
    begun = time.perf_counter()
    run(*arguments)
    return time.perf_counter() - begun


def overheads(rounds: int) -> list[list[str]]:
    """What a sweep costs beside the work, and what a slider waits for."""
    tasks = 2000
    with sweep.processes(2) as pool:
        sweep.seeds(abs, range(8), executor=pool, chunk=1)
        nothing = partial(sweep.seeds, abs, range(tasks), executor=pool, chunk=1)
        task = [on_the_clock(nothing) / tasks for _ in range(rounds)]
    fresh = partial(sweep.seeds, abs, range(8), workers=2)
    pools = [on_the_clock(fresh) for _ in range(rounds)]

    def cells(n: int) -> float:
        generator = sweep.generator(1, "map")
        return on_the_clock(partial(staleness_map, FITS["WAN"], generator, n, loss=0.1))

    maps = {n: [cells(n) for _ in range(5 * rounds)] for n in (3, 5)}
    return [
        ["a task of a pool that exists", f"{1e3 * statistics.median(task):.2f}"],
        ["a pool of two, begun and ended", f"{1e3 * statistics.median(pools):.0f}"],
        *(
            [
                f"`staleness_map`, n = {n}, 4,000 trials",
                f"{1e3 * statistics.median(t):.1f}",
            ]
            for n, t in maps.items()
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="smaller, and less exact")
    arguments = parser.parse_args()
    rounds = 3 if arguments.quick else 7
    count = 1_000_000 if arguments.quick else 4_000_000
    heads = [
        "latencies",
        "peer",
        "ours, million/s",
        "peer, million/s",
        "ratio",
        "range",
    ]
    found = {
        "staleness": table(heads, beside_the_peers(rounds, count)),
        "staleness-processes": table(
            ["work", "one, s", "two, s", "ratio", "range of ratios"],
            one_and_two(rounds, arguments.quick),
        ),
        "staleness-growth": table(["trials", "ns a trial"], by_trials(3)),
        "staleness-blocks": table(
            ["trials in a block", "ns a trial"], by_block(rounds)
        ),
        "staleness-precision": table(["draws", "ns each"], by_precision(rounds)),
        "staleness-overheads": table(["beside the work", "ms"], overheads(rounds)),
    }
    for name, text in found.items():
        print(f"\n{name}\n\n{text}")
        if arguments.write:
            write(Path(__file__).with_name("README.md"), name, text)


if __name__ == "__main__":
    sys.exit(main())
