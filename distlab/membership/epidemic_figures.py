"""The paper's tables on rumours, and the same figures drawn beside them.

    found = sweep.trials(partial(measured, "Table 1", 2), 400, seed=1, name="1, k=2")
    compared("Table 1", 2, found)              # each figure as printed, and ours

Source
    Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987,
    section 1.4: its tables for 1000 sites, and its equations.
Guarantees
    The mean of each figure over all runs, with its standard error.
Assumes
    The model of `epidemic`.
Costs
    Those of `epidemic`; of a run nothing is kept but its part of the sums.
Departs
    Table 2 and t_ave are drawn, and not compared with what is printed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from math import exp, log
from typing import NamedTuple

import numpy
from numpy.random import Generator
from numpy.typing import NDArray

from distlab.membership.epidemic import Blind, Coin, Counter, Rule, Spread, pull, push

N = 1000  # sites
AT_ONCE = 250  # runs in one array, so that it stays near the processor

Epidemic = Callable[[Rule, Generator, int, int], Spread]
TABLES: dict[str, tuple[Epidemic, Callable[[int], Rule]]] = {
    "Table 1": (push, Counter),  # Table 1
    "Table 2": (push, lambda k: Blind(Coin(k))),  # Table 2
    "Table 3": (pull, Counter),  # Table 3
}
FIGURES = ("residue s", "traffic m", "t_last", "t_ave")
PRINTED = {  # by table and k, in this order
    "Table 1": {
        1: ("0.18", "1.7", "16.8"),
        2: ("0.037", "3.3", "16.9"),
        3: ("0.011", "4.5", "17.4"),
        4: ("0.0036", "5.6", "17.5"),
        5: ("0.0012", "6.7", "17.7"),
    },
    "Table 3": {
        1: ("0.031", "2.7", "17.6"),
        2: ("5.8e-4", "4.5", "15.4"),
        3: ("4e-6", "6.1", "14.0"),
    },
}


# ------------------------------------------------------------------ many runs, as sums
class Measured:
    """How many runs, and of each figure the sum and the sum of the squares."""

    def __init__(self, runs: int, sums: NDArray[numpy.float64]):
        self.runs, self.sums = runs, sums

    def __add__(self, other: Measured) -> Measured:
        return Measured(self.runs + other.runs, self.sums + other.sums)

    @property
    def means(self) -> tuple[float, ...]:
        """Of each of the `FIGURES`."""
        return tuple((self.sums[0] / self.runs).tolist())

    @property
    def errors(self) -> tuple[float, ...]:
        """The standard error of each mean."""
        mean, square = self.sums / self.runs
        spread = numpy.maximum(square - mean**2, 0) / (self.runs - 1)
        return tuple(numpy.sqrt(spread).tolist())


def measured(
    table: str, k: int, generator: Generator, runs: int, n: int = N
) -> Measured:
    """So many epidemics of the variant that a table is about."""
    epidemic, rule = TABLES[table]
    sums = numpy.zeros((2, len(FIGURES)))
    for first in range(0, runs, AT_ONCE):
        done = epidemic(rule(k), generator, n, min(AT_ONCE, runs - first))
        figures = numpy.array([done.residue, done.traffic, done.t_last, done.t_ave])
        sums += figures.sum(axis=1), (figures**2).sum(axis=1)
    return Measured(runs, sums)


# ------------------------------------------------------------------ ours beside theirs
class Row(NamedTuple):
    """A figure as it is printed, ours, and the standard error that ours has."""

    table: str
    k: int
    figure: str
    printed: str
    ours: float
    error: float

    @property
    def rounding(self) -> float:
        """Half a unit of the last digit that is printed."""
        exponent = Decimal(self.printed).as_tuple().exponent
        return float(Decimal((0, (5,), int(exponent) - 1)))

    @property
    def difference(self) -> float:
        """How far ours is from the printed one."""
        return self.ours - float(self.printed)

    def near(self, errors: float = 3) -> bool:
        """Whether rounding and so many standard errors explain the difference."""
        return abs(self.difference) <= self.rounding + errors * self.error


def compared(table: str, k: int, found: Measured) -> Iterator[Row]:
    """Each printed figure of a row, beside what was measured."""
    rows = zip(FIGURES, PRINTED[table][k], found.means, found.errors, strict=False)
    for figure, printed, mean, error in rows:
        yield Row(table, k, figure, printed, mean, error)


# -------------------------------------------------------------------- what is expected
def infective(s: float, k: float) -> float:  # §1.4, i(s)
    """The share that is infective when a share s has not heard: feedback and a coin."""
    return (k + 1) / k * (1 - s) + log(s) / k


def residue(k: float) -> float:  # §1.4, s
    """The s below 1 at which nobody is infective: s = exp(-(k + 1)(1 - s))."""
    s = 0.0
    for _ in range(200):  # each time it comes nearer, from below
        s = exp(-(k + 1) * (1 - s))
    return s


def residue_of_traffic(m: float) -> float:  # §1.4, s and m
    """What m pushes a site, each to anybody, leave over: exp(-m)."""
    return exp(-m)
