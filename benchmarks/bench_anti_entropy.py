"""Two real replicas of 100,000 rows find the one that differs, beside sending all.

What is sent is counted as the replicas answer each other, and has to be what
`merkle_costs` counts without them, to the byte. What the tree costs a write and a
restart is timed beside a replica without one.

    python benchmarks/bench_anti_entropy.py            # prints the tables
    python benchmarks/bench_anti_entropy.py --write    # and puts them into README.md
"""

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from tables import table, write

from distlab.node import Crash, Deliver, DiskReport, Fire, Recover, Send, Start
from distlab.replication.anti_entropy import AntiEntropy, Round, WholeBuckets
from distlab.replication.merkle_costs import OLD, Cost, Pair, cost, name
from distlab.replication.quorum import Replica, Store

SHAPES = [(2, 10), (2, 15), (4, 6), (16, 2), (16, 3), (16, 4), (64, 2), (256, 2)]


# ----------------------------------------------------------------------- what is sent
def replica(protocol: type, pair: Pair, id: str, newer: range | tuple) -> Replica:
    """One of a pair, with all its rows: given at once, or it would take a minute."""
    node = protocol(id, ("s1", "s2"), branching=pair.branching, depth=pair.depth)
    node.step(Start())
    node.rows = dict(pair.rows(range(pair.keys), newer))
    node.tree.update(node.rows)
    return node


def said(protocol: type, pair: Pair) -> tuple[Cost, bool]:
    """What two replicas say to each other, and whether they are equal after it."""
    nodes = {
        "s1": replica(protocol, pair, "s1", ()),
        "s2": replica(protocol, pair, "s2", pair.changed()),
    }
    first = nodes["s1"].step(Fire(Round()), choices=[("s2",)])
    waiting = [("s1", effect) for effect in first if isinstance(effect, Send)]
    messages = []
    while waiting:
        src, effect = waiting.pop(0)
        messages.append(effect.msg)
        effects = nodes[effect.dst].step(Deliver(src, effect.msg))
        waiting += [(effect.dst, e) for e in effects if isinstance(e, Send)]
    return cost(messages), nodes["s1"].rows == nodes["s2"].rows


def row(pair: Pair, everything: int) -> list[str]:
    """A line of the table: found by real replicas, and counted to be the same."""
    found, equal = said(AntiEntropy, pair)
    if found != cost(pair.conversation()) or not equal:
        raise SystemExit(f"{pair}: {found} sent, and {cost(pair.conversation())} told")
    whole = cost(pair.whole_buckets())
    return [
        f"{pair.branching} × depth {pair.depth}",
        f"{pair.keys / pair.branching**pair.depth:.1f}",
        f"{found.messages}",
        f"{found.size_bytes:,}",
        f"{everything / found.size_bytes:,.0f}",
        f"{whole.size_bytes:,}",
    ]


def sent(keys: int, shapes: list[tuple[int, int]]) -> list[list[str]]:
    """A line for each shape, after one for sending everything."""
    everything, equal = said(WholeBuckets, Pair(keys, depth=0))
    assert equal
    size = f"{everything.size_bytes:,}"
    rows = [["everything", "", f"{everything.messages}", size, "1", ""]]
    pairs = [Pair(keys, 1, *shape) for shape in shapes]
    return rows + [row(pair, everything.size_bytes) for pair in pairs]


def grown(keys: int) -> list[list[str]]:
    """Ten times the keys and more of them that differ, counted without replicas."""
    rows = []
    for count, differing in ((keys, 1), (10 * keys, 1), (keys, 100), (keys, 10_000)):
        costs = (
            cost(Pair(count, min(count, differing), 16, depth).conversation())
            for depth in (2, 3, 4)
        )
        rows.append(
            [f"{differing:,} of {count:,}", *(f"{c.size_bytes:,}" for c in costs)]
        )
    return rows


# -------------------------------------------------------------------- what a tree costs
def seconds(work: Callable[[], object], rounds: int) -> float:
    """The median processor time of some work."""
    times = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return statistics.median(times)


def writes_us(protocol: type, keys: int, **shape: int) -> float:
    """A write to a replica that has all rows, in microseconds."""
    node, pair = protocol("s1", ("s1", "s2"), **shape), Pair(keys)
    node.step(Start())
    node.rows = dict(pair.rows(range(keys), ()))
    if shape:
        node.tree.update(node.rows)
    numbers = iter(range(keys))

    def work() -> None:
        for number in islice(numbers, 1000):
            version = pair.row(OLD.then("c9", number + 1))
            node.step(Deliver("c9", Store(number, name(number), version)))

    return seconds(work, rounds=5) / 1000 * 1e6


def restart_s(protocol: type, keys: int, **shape: int) -> float:
    """A restart of a replica that has all rows, in seconds."""
    node = protocol("s1", ("s1", "s2"), **shape)
    node.step(Start())
    node.log = node.log.extend(Pair(keys).rows(range(keys), ()))
    node.step(Crash(node.saved()))
    return seconds(lambda: node.step(Recover(DiskReport())), rounds=1)


def trees(keys: int) -> list[list[str]]:
    """What a write and a restart take without a tree, and with trees of some shapes."""
    kinds: list[tuple[str, type, dict]] = [("no tree", Replica, {})]
    for b, d in ((2, 15), (16, 3), (256, 2)):
        kinds.append((f"{b} × depth {d}", AntiEntropy, {"branching": b, "depth": d}))
    return [
        [
            told,
            f"{writes_us(protocol, keys, **shape):.0f}",
            f"{restart_s(protocol, keys, **shape):.2f}",
        ]
        for told, protocol, shape in kinds
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="a tenth of the keys")
    arguments = parser.parse_args()
    keys = 10_000 if arguments.quick else 100_000
    heads = {
        "anti-entropy": "tree|keys a bucket|messages|bytes|times fewer|whole buckets",
        "anti-entropy-growth": "differ|16 × depth 2|16 × depth 3|16 × depth 4",
        "anti-entropy-trees": "tree|µs a write|s a restart",
    }
    rows = {
        "anti-entropy": lambda: sent(keys, SHAPES),
        "anti-entropy-growth": lambda: grown(keys),
        "anti-entropy-trees": lambda: trees(keys),
    }
    for part, columns in heads.items():
        text = table(columns.split("|"), rows[part]())
        print(f"\n{part}\n\n{text}", flush=True)
        if arguments.write:
            write(Path(__file__).with_name("README.md"), part, text)


if __name__ == "__main__":
    main()
