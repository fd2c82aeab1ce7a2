"""What happened before what in long traces: the two ways to keep stamps, and SciPy.

In a trace a third of the steps are sendings, about as many arrivals. A message goes to
any other node, or to one of the next two only. SciPy walks the same graph anew for each
question (`scipy.sparse.csgraph.breadth_first_order`); its graph is made before the
clock starts. Processor time, the best of three.

    python benchmarks/bench_causality.py            # prints the tables
    python benchmarks/bench_causality.py --write    # and puts them into README.md
"""

import argparse
import random
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order
from tables import table, write

from distlab.causality import Causality
from distlab.stamps import MOST_NUMBERS, Changes, Rows, filled, stamps_of
from distlab.trace import Step, Trace

RUNS = 3
QUESTIONS = 2_000
SLOW_S = 2  # what takes longer once is not tried again


def run(nodes: int, events: int, near: bool) -> Trace:
    """Nodes that send, receive and remark, each kind as often as the others."""
    draw, steps, under_way = random.Random(1), [], []
    for at_us in range(events):
        node, kind = draw.randrange(nodes), draw.randrange(3)
        if kind == 0:
            other = (
                node + 1 + draw.randrange(min(2, nodes - 1) if near else nodes - 1)
            ) % nodes
            under_way.append((len(steps) + 1, node, other))
            steps.append(
                Step(at_us, "send", f"n{node}", f"n{other}", msg_id=len(steps) + 1)
            )
        elif kind == 1 and under_way:
            msg_id, src, dst = under_way.pop(draw.randrange(len(under_way)))
            steps.append(Step(at_us, "deliver", f"n{dst}", f"n{src}", msg_id=msg_id))
        else:
            steps.append(Step(at_us, "note", f"n{node}"))
    return Trace(steps, [f"n{i}" for i in range(nodes)])


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, the best of some runs, and what came of it."""
    best = float("inf")
    for _ in range(RUNS):
        begun = time.process_time()
        found = work()
        best = min(best, time.process_time() - begun)
        if best > SLOW_S:
            break
    return best, found


def size_mb(stamps: Rows | Changes) -> float:
    """The numbers of the stamps themselves."""
    if isinstance(stamps, Rows):
        return stamps.rows.nbytes / 1e6
    kept = (both for heard in stamps.heard for both in heard.values())
    return sum(4 * len(places) + 4 * len(known) for places, known in kept) / 1e6


def number(value: float) -> str:
    """Two digits that count."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


# ---------------------------------------------------------------- two ways to keep them
def kept(nodes: int, events: int, near: bool) -> tuple[str, ...]:
    """A line: in rows, by changes, and which of them is chosen."""
    arrivals = Causality(run(nodes, events, near))._arrivals()
    told = [f"{nodes:,}", "next two" if near else "any", f"{events:,}"]
    if len(arrivals) * nodes <= MOST_NUMBERS:
        spent, rows = timed(lambda: filled(Rows(nodes, len(arrivals)), arrivals))
        told += [number(1000 * spent), number(size_mb(rows))]
    else:
        told += ["", f"({len(arrivals) * nodes * 4 / 1e6:,.0f})"]
    spent, changes = timed(lambda: filled(Changes(nodes), arrivals))
    told += [number(1000 * spent), number(size_mb(changes))]
    spent, chosen = timed(lambda: stamps_of(nodes, arrivals))
    return *told, number(1000 * spent), type(chosen).__name__.lower()


# --------------------------------------------------------------------- what they answer
def graph(trace: Trace) -> csr_array:
    """From each step to what comes just before it."""
    causes = trace.causality
    pairs = [pair for line in causes.lines.values() for pair in pairwise(line)]
    pairs += [(sent, arrived) for arrived, sent in causes.sources.items()]
    earlier, later = numpy.array(pairs).T
    shape = (len(trace), len(trace))
    return csr_array((numpy.ones(len(pairs), numpy.int8), (later, earlier)), shape)


def asked(nodes: int, events: int, near: bool) -> tuple[str, ...]:
    """A line: from a trace to its causality, a question, a past and a future."""
    trace = run(nodes, events, near)
    made, found = timed(lambda: Causality(trace))
    draw = random.Random(1)
    pairs = [(draw.randrange(events), draw.randrange(events)) for _ in range(QUESTIONS)]
    question, _ = timed(lambda: [found.happened_before(a, b) for a, b in pairs])
    some = [b for _, b in pairs[:10]]
    past, ours = timed(lambda: [found.past(b) for b in some])
    future, _ = timed(lambda: [found.future(b) for b in some])
    edges = graph(trace)
    walk, theirs = timed(
        lambda: [breadth_first_order(edges, b, return_predecessors=False) for b in some]
    )
    for b, mine, walked in zip(some, ours, theirs, strict=True):
        if sorted((*mine, b)) != sorted(walked.tolist()):
            raise SystemExit(f"{trace}: the past of {b} is not what SciPy finds")
    return (
        f"{nodes:,}",
        "next two" if near else "any",
        f"{events:,}",
        number(1000 * made),
        number(1e6 * question / QUESTIONS),
        number(1000 * past / len(some)),
        number(1000 * future / len(some)),
        number(1000 * walk / len(some)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    arguments = parser.parse_args()
    shapes = [
        (nodes, events, near)
        for events in (10_000, 100_000)
        for nodes in (10, 100, 1_000, 10_000)
        for near in (False, True)
    ]
    longer = [(10, 10**n, False) for n in (4, 5, 6)]
    longer += [(n, 100_000, True) for n in (100, 1_000, 10_000)]
    heads = {
        "causality": "nodes|send to|steps|rows, ms|MB|changes, ms|MB|chosen, ms|which",
        "causality-asked": "nodes|send to|steps|made, ms|question, µs|past, ms|"
        "future, ms|SciPy: past, ms",
    }
    rows = {
        "causality": lambda: [kept(*shape) for shape in shapes],
        "causality-asked": lambda: [asked(*shape) for shape in longer],
    }
    for part, columns in heads.items():
        text = table(columns.split("|"), rows[part]())
        print(f"\n{part}\n\n{text}", flush=True)
        if arguments.write:
            write(Path(__file__).with_name("README.md"), part, text)


if __name__ == "__main__":
    main()
