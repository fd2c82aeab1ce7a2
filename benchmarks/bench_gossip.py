"""Epidemics in arrays, beside a plain loop and beside the nodes themselves.

An epidemic is one update that spreads among 1000 sites until nobody spreads it. All
that are compared have the same mean figures. Processor time is measured, so that other
jobs of the machine disturb less.

    python benchmarks/bench_gossip.py            # prints the tables
    python benchmarks/bench_gossip.py --write    # and puts them into README.md
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy
from tables import table, write

from distlab.membership import epidemic_simple, rumours
from distlab.membership.epidemic import Counter, pull, push
from distlab.membership.epidemic_figures import AT_ONCE, measured
from distlab.node import Call
from distlab.sim import Cluster

N = 1000
Figures = tuple[float, ...]  # residue, traffic


# ---------------------------------------------------------------------------- the peers
def loop_of_push(k: int, runs: int) -> Figures:
    """One epidemic after the other, one contact after the other."""
    dice, missed, sent = random.Random(1), 0, 0
    for _ in range(runs):
        known, infective = {0}, {0: 0}
        while infective:
            heard: set[int] = set()
            for site in list(infective):
                sent += 1
                told = dice.randrange(N - 1)
                told += told >= site
                if told not in known:
                    heard.add(told)
                    infective[site] = 0
                elif infective[site] + 1 < k:
                    infective[site] += 1
                else:
                    del infective[site]
            known |= heard
            infective |= dict.fromkeys(heard, 0)
        missed += N - len(known)
    return missed / runs / N, sent / runs / N


def loop_of_pull(k: int, runs: int) -> Figures:
    """The same, where everybody asks."""
    dice, missed, sent = random.Random(1), 0, 0
    for _ in range(runs):
        known, infective = {0}, {0: 0}
        while infective:
            needed: dict[int, bool] = {}
            heard = []
            for site in range(N):
                asked = dice.randrange(N - 1)
                asked += asked >= site
                if asked in infective:
                    sent += 1
                    needed[asked] = needed.get(asked, False) or site not in known
                    if site not in known:
                        heard.append(site)
            for asked, useful in needed.items():
                infective[asked] = 0 if useful else infective[asked] + 1
                if infective[asked] >= k:
                    del infective[asked]
            known.update(heard)
            infective |= dict.fromkeys(heard, 0)
        missed += N - len(known)
    return missed / runs / N, sent / runs / N


def nodes(protocol: type[rumours.Mongering], k: int, runs: int) -> Figures:
    """A thousand nodes that send messages to each other."""
    missed = sent = 0
    for seed in range(runs):
        calls = {"s1": (Call("update", ("x", 1)),)}
        cluster = Cluster(protocol, servers=N, seed=seed, workload=calls, k=k)
        sites, cycle = list(cluster.nodes.values()), 0
        while any(site.hot or site.heard for site in sites) or not cycle:
            cycle += 1
            cluster.run(until_ms=100 * cycle + 50)
        missed += sum(not site.database for site in sites)
        told = cluster.trace.where("send")
        sent += sum(isinstance(step.what, rumours.Rumours) for step in told)
    return missed / runs / N, sent / runs / N


def arrays(name: str, k: int, runs: int) -> Figures:
    return measured(name, k, numpy.random.default_rng(1), runs).means[:2]


# -------------------------------------------------------------------- what is measured
def rate(run: Callable, runs: int) -> tuple[float, Figures]:
    """Epidemics a second, and their figures."""
    begun = time.process_time()
    figures = run(runs)
    return runs / (time.process_time() - begun), figures


def told(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2f}"


def beside_the_peers(rounds: int, k: int = 2) -> list[list[str]]:
    """All in turn, several times; the ratio is the median of the rounds' ratios."""
    rows = []
    for name, loop, protocol in (
        ("Table 1", loop_of_push, rumours.Push),
        ("Table 3", loop_of_pull, rumours.Pull),
    ):
        for peer, run, size in (
            ("plain Python, one contact after the other", partial(loop, k), 20),
            ("the nodes, in simulated time", partial(nodes, protocol, k), 1),
        ):
            pairs = [
                (rate(partial(arrays, name, k), 500), rate(run, size))
                for _ in range(rounds)
            ]
            for (_, mine), (_, theirs) in pairs:
                assert abs(mine[0] - theirs[0]) < 0.02, "they do not spread alike"
                assert abs(mine[1] - theirs[1]) < 0.15, "they do not spread alike"
            ratios = [mine / theirs for (mine, _), (theirs, _) in pairs]
            rows.append(
                [
                    f"{name}, k = {k}",
                    peer,
                    f"{statistics.median(p[0][0] for p in pairs):,.0f}",
                    told(statistics.median(p[1][0] for p in pairs)),
                    f"{statistics.median(ratios):,.0f}",
                    f"{min(ratios):,.0f} to {max(ratios):,.0f}",
                ]
            )
    return rows


def by_sites(rounds: int) -> list[list[str]]:
    """Nanoseconds for each site of an epidemic, for ten and a hundred times as many."""
    works: dict[str, Callable] = {
        "push, k = 2": partial(push, Counter(2)),
        "pull, k = 2": partial(pull, Counter(2)),
        "anti-entropy, push": epidemic_simple.push,
        "anti-entropy, pull": epidemic_simple.pull,
    }
    rows = []
    for n in (100, 1000, 10_000, 100_000):
        runs, row = max(1, AT_ONCE * N // n), [f"{n:,}"]
        for run in works.values():
            spent = []
            for _ in range(rounds):
                begun = time.process_time()
                run(numpy.random.default_rng(1), n, runs)
                spent.append(1e9 * (time.process_time() - begun) / (n * runs))
            row.append(f"{statistics.median(spent):,.0f}")
        rows.append(row)
    return rows


def waits(rounds: int) -> list[list[str]]:
    """Milliseconds for what a slider or a cell waits for."""
    works: dict[str, Callable] = {
        "`push(Counter(2), …, n=1000, runs=20).known`": lambda dice: (
            push(Counter(2), dice, N, 20).known
        ),
        "`pull(Counter(2), …, n=1000, runs=20).known`": lambda dice: (
            pull(Counter(2), dice, N, 20).known
        ),
        "Table 1, five rows of 400 runs": lambda dice: [
            measured("Table 1", k, dice, 400) for k in (1, 2, 3, 4, 5)
        ],
        "Table 2, five rows of 400 runs": lambda dice: [
            measured("Table 2", k, dice, 400) for k in (1, 2, 3, 4, 5)
        ],
        "Table 3, three rows of 400 runs": lambda dice: [
            measured("Table 3", k, dice, 400) for k in (1, 2, 3)
        ],
    }
    rows = []
    for name, run in works.items():
        spent = []
        for _ in range(rounds):
            begun = time.process_time()
            run(numpy.random.default_rng(1))
            spent.append(1e3 * (time.process_time() - begun))
        rows.append([name, f"{statistics.median(spent):,.1f}"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="less exact")
    arguments = parser.parse_args()
    rounds = 3 if arguments.quick else 7
    heads = ["epidemic", "peer", "ours, 1/s", "peer, 1/s", "ratio", "range of ratios"]
    ways = ["push, k = 2", "pull, k = 2", "anti-entropy, push", "anti-entropy, pull"]
    found = {
        "gossip": table(heads, beside_the_peers(rounds)),
        "gossip-sites": table(["sites", *ways], by_sites(rounds)),
        "gossip-waits": table(["what is waited for", "ms"], waits(rounds)),
    }
    for name, text in found.items():
        print(f"\n{name}\n\n{text}")
        if arguments.write:
            write(Path(__file__).with_name("README.md"), name, text)


if __name__ == "__main__":
    sys.exit(main())
