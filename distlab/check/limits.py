"""How long a checker may look: past its limits the verdict is *unknown*, never *valid*.

Steps are the same on every machine, and so is a verdict that ran out of them. Time and
memory are there for histories that nobody has tried before.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from distlab.errors import Misuse

LOOK_EVERY = 256  # steps: asking for time and memory costs more than most of them
STATM = Path("/proc/self/statm")
PAGE_MB = 4096 / 2**20
T = TypeVar("T")


class Exceeded(Exception):
    """A limit was passed, and nothing has been found out."""


@dataclass(frozen=True)
class Limits:
    """What one verdict may cost. Raises `Misuse` for a limit of nothing."""

    steps: int = 1_000_000  # configurations, orders, states: what the search counts
    time_s: float = 10
    memory_mb: float = 1000  # what the process grows by

    def __post_init__(self) -> None:
        for name in ("steps", "time_s", "memory_mb"):
            if not getattr(self, name) > 0:
                raise Misuse(f"Limits: {name} is {getattr(self, name)}; give more.")

    def meter(self) -> Meter:
        """Begin to count."""
        return Meter(self)


class Meter:
    """Counts what a search has used."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.steps = 0
        self.began_s = time.monotonic()
        self.began_mb = resident_mb()
        self.exceeded: str | None = None  # "1,000 steps", "10 s", "1,000 MB"
        self.late = False  # past time or memory: even what takes no search is to end

    def step(self) -> bool:
        """Count one step; False as soon as a limit is passed."""
        self.steps += 1
        if not self.steps % LOOK_EVERY:
            self.look()
        if self.steps > self.limits.steps and not self.late:
            self.exceeded = f"{self.limits.steps:,} steps"
        return self.exceeded is None

    def look(self) -> bool:
        """Ask for time and memory, whatever the steps; False if they are used up."""
        if time.monotonic() - self.began_s > self.limits.time_s:
            self.late, self.exceeded = True, f"{self.limits.time_s:g} s"
        elif resident_mb() - self.began_mb > self.limits.memory_mb:
            self.late, self.exceeded = True, f"{self.limits.memory_mb:,g} MB"
        return not self.late

    def require(self) -> None:
        """Ask for time and memory. Raises `Exceeded` if they are used up."""
        if not self.look():
            raise Exceeded

    def paced(self, items: Iterable[T]) -> Iterator[T]:
        """The same, one after another. Raises `Exceeded` as soon as time is over."""
        for at, item in enumerate(items):
            if not at % LOOK_EVERY:
                self.require()
            yield item


def resident_mb() -> float:
    """The memory that this process holds now; at most, where a system tells no more."""
    if STATM.exists():
        return int(STATM.read_bytes().split()[1]) * PAGE_MB
    if sys.platform == "win32":
        return 0.0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)
