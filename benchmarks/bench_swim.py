"""SWIM at scale: ten thousand members beside a hundred, and beside heartbeats to all.

The same protocol class runs in all sizes, for the same ten periods, and has its whole
trace written down. Rates are measured in turns: a slice of small groups, a slice of the
large one with as many messages, and so on. In ten periods hardly any link is used
twice; one small group that goes on and on, until all have been, is measured too.
Processor time is taken, so that other jobs disturb less.

    python benchmarks/bench_swim.py            # prints the tables
    python benchmarks/bench_swim.py --write    # and puts them into README.md
"""

import argparse
import gc
import statistics
import time
import tracemalloc
from collections.abc import Iterator
from math import ceil, log
from pathlib import Path

import numpy
from tables import table, write

from distlab.membership.heartbeat import HeartbeatDetector
from distlab.membership.swim import Ping, Swim
from distlab.membership.swim_periods import first_suspicion, most_pings
from distlab.membership.swim_suspicion import Confirm, SuspicionSwim
from distlab.sim import Cluster
from distlab.sim.after_crash import (
    BEGUN_MS,
    MANY,
    PERIOD_MS,
    after_crash,
    first_pinged,
    load,
)

SIZES = (100, 1000, 10_000)
MESSAGES_A_PERIOD = 2  # a ping and an answer for each member
MESSAGES = 5_000  # in a slice
PERIODS = 10
END_MS = BEGUN_MS + PERIODS * PERIOD_MS


def begun(n: int, seed: int = 0) -> Cluster:
    """A group in which everybody has begun."""
    return Cluster(Swim, servers=n, seed=seed, period_ms=PERIOD_MS).run(BEGUN_MS, MANY)


def seconds(cluster: Cluster, ms: float) -> float:
    """What it takes to go on for so long."""
    started = time.process_time()
    cluster.run(cluster.now_ms + ms, MANY)
    return time.process_time() - started


# ---------------------------------------------------------------------- rate and memory
def slices(n: int, for_ever: bool = False) -> Iterator[float]:
    """Seconds a message: of a part of one group, or of as many as are needed."""
    seed, cluster = 0, begun(n)
    ms = MESSAGES / MESSAGES_A_PERIOD / n * PERIOD_MS
    while True:
        taken, left_ms = 0.0, ms
        while left_ms > 0:
            if cluster.now_ms >= END_MS and not for_ever:
                seed += 1
                cluster = begun(n, seed)
            part_ms = left_ms if for_ever else min(left_ms, END_MS - cluster.now_ms)
            taken += seconds(cluster, part_ms)
            left_ms -= part_ms
        yield taken / MESSAGES


def rates(turns: int) -> list[list[str]]:
    """Messages a second of each size beside those of a hundred members."""
    works = {f"{n:,}": slices(n) for n in SIZES}
    works["100, all links used"] = slices(100, for_ever=True)
    taken: dict[str, list[float]] = {name: [] for name in works}
    gc.disable()  # as `run` does: it must not begin between two slices
    for _ in range(turns):
        for name, work in works.items():
            taken[name].append(next(work))
    gc.enable()
    rows = []
    for name, each in taken.items():
        ratios = sorted(a / b for a, b in zip(taken["100"], each, strict=True))
        rate, ratio = 1 / statistics.median(each), statistics.median(ratios)
        some = ratios[len(ratios) // 10], ratios[-len(ratios) // 10]
        rows.append(
            [name, f"{rate:,.0f}", f"{ratio:.2f}", f"{some[0]:.2f} to {some[1]:.2f}"]
        )
    return rows


def memories() -> list[list[str]]:
    """What a group takes that has just begun, and after ten periods."""
    rows = []
    for n in SIZES:
        at_first, at_last = memory(n)
        a_message = (at_last - at_first) * 2**20 / (MESSAGES_A_PERIOD * PERIODS * n)
        rows.append(
            [f"{n:,}", f"{at_first:,.0f}", f"{at_last:,.0f}", f"{a_message:,.0f}"]
        )
    return rows


def memory(n: int) -> tuple[float, float]:
    """MiB of a group that has just begun, and of one after ten periods more."""
    tracemalloc.start()
    cluster = begun(n)
    at_first, _ = tracemalloc.get_traced_memory()
    cluster.run(END_MS, MANY)
    at_last, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return at_first / 2**20, at_last / 2**20


# ------------------------------------------------------------------------- what it does
def detection(seeds: dict[int, int]) -> list[list[str]]:
    """Periods until somebody notices a crash, and until it is known, by size."""
    rows = []
    for n, count in seeds.items():
        pinged = [p for s in range(count) for p in first_pinged(Swim, Ping, n, s)]
        runs = [after_crash(SuspicionSwim, Confirm, n, s) for s in range(count)]
        rows.append(
            [
                f"{n:,}",
                f"{count}",
                f"{first_suspicion(n):.3f}",
                f"{statistics.mean(pinged):.3f}",
                f"{3 * ceil(log(n + 1))}",
                f"{statistics.mean(run[0] for run in runs):.1f}",
                f"{statistics.mean(run[-1] for run in runs):.1f}",
            ]
        )
    return rows


def loads(sizes: tuple[int, ...], heartbeats_up_to: int) -> list[list[str]]:
    """Messages a member sends in a period, and the most that one gets."""
    rows = []
    for n in sizes:
        swim = load(Swim, n, periods=10)
        drawn = most_pings(numpy.random.default_rng(1), n, 1000)
        beats = "not run"
        if n <= heartbeats_up_to:
            beats = f"{load(HeartbeatDetector, n, periods=3).mean:,.0f}"
        rows.append(
            [
                f"{n:,}",
                f"{swim.mean:.2f}",
                f"{swim.most_received}",
                f"{drawn.mean():.2f}",
                beats,
                f"{n - 1:,}",
            ]
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--turns", type=int, default=40)
    arguments = parser.parse_args()
    tables = {
        "swim": table(
            ("members", "messages a second", "beside 100", "nine of ten"),
            rates(arguments.turns),
        ),
        "swim-memory": table(
            ("members", "MiB at first", "after ten periods", "bytes a message"),
            memories(),
        ),
        "swim-detection": table(
            (
                "members",
                "runs",
                "first ping, formula",
                "measured",
                "a suspect's time",
                "first to confirm",
                "last",
            ),
            detection({10: 100, 100: 20, 1000: 3, 10_000: 1}),
        ),
        "swim-load": table(
            (
                "members",
                "SWIM: sent",
                "most received",
                "most pings, drawn",
                "heartbeats: sent",
                "n - 1",
            ),
            loads((10, 100, 1000, 10_000), heartbeats_up_to=100),
        ),
    }
    for name, text in tables.items():
        print(text, end="\n\n")
        if arguments.write:
            write(Path(__file__).parent / "README.md", name, text)


if __name__ == "__main__":
    main()
