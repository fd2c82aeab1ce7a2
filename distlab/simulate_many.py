"""`distlab run … --seeds 0:1000 --judge linearizable`: many runs, each of them judged.

The runs are spread over all cores, and what is told is the same however many there are.
"""

from __future__ import annotations

import argparse
from collections import Counter
from functools import partial
from typing import NamedTuple

from distlab.check import Verdict
from distlab.errors import Misuse
from distlab.sim import sweep
from distlab.simulate import judged, made


class Found(NamedTuple):
    """What one seed came to."""

    seed: int
    steps: int
    ends: tuple[str, ...]  # how each operation ended
    verdict: Verdict | None  # if one was asked for


def run(arguments: argparse.Namespace) -> int:
    """Simulate each seed, and tell of all; 1 if a verdict is invalid."""
    if arguments.shrink:
        raise Misuse(
            "--shrink is about one run, and --seeds makes many: give a --seed."
        )
    seeds = seeds_of(arguments.seeds)
    found = sweep.seeds(partial(one, arguments), seeds, progress=True)
    print("\n".join(summary(found, arguments.judge)))
    return int(any(f.verdict is not None and f.verdict.invalid for f in found))


def one(arguments: argparse.Namespace, seed: int) -> Found:
    """One run, and its verdict."""
    cluster = made(argparse.Namespace(**{**vars(arguments), "seed": seed}))
    cluster.run(arguments.until_ms, arguments.max_steps)
    history = cluster.history
    verdict = judged(history, arguments.judge) if arguments.judge else None
    ends = tuple(op.outcome for op in history)
    return Found(seed, len(cluster.trace), ends, verdict)


def summary(found: list[Found], judge: str | None) -> list[str]:
    """All runs in a few lines, and the first that broke the promise."""
    ends = Counter(end for f in found for end in f.ends)
    told = ", ".join(f"{ends[end]:,} {end}" for end in ("ok", "fail", "info"))
    steps = sum(f.steps for f in found)
    seeds = f"seeds {found[0].seed} to {found[-1].seed}"
    lines = [
        f"{len(found):,} runs, {seeds}; {steps:,} steps",
        f"{sum(ends.values()):,} operations: {told}",
    ]
    verdicts = [(f.seed, f.verdict) for f in found if f.verdict is not None]
    if verdicts:
        outcomes = Counter[str](verdict.outcome for _, verdict in verdicts)
        every = ("valid", "invalid", "unknown")
        counts = ", ".join(f"{outcomes[outcome]:,} {outcome}" for outcome in every)
        lines.append(f"{judge}: {counts}")
    for seed, verdict in verdicts:
        if verdict.invalid:
            lines += [f"first invalid with --seed {seed}:", repr(verdict)]
            break
    return lines


def seeds_of(text: str) -> range:
    """`0:1000` → the seeds 0 to 999; `1000` alone means the same."""
    first, _, last = text.rpartition(":")
    try:
        seeds = range(int(first or 0), int(last))
    except ValueError:
        seeds = range(0)
    if not seeds:
        raise Misuse(
            f"--seeds {text}: write FIRST:LAST, as 0:1000 for the seeds 0 to 999."
        )
    return seeds
