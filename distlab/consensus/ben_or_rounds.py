"""How many rounds does Ben-Or's consensus take? It depends on who delays the messages.

    expected_rounds(9, 4)                           # 257, if somebody means harm
    rounds(9, 4, generator, count=16_000).mean()    # if it is left to chance

Source
    Ben-Or, "Another Advantage of Free Choice: Completely Asynchronous Agreement
    Protocols", PODC 1983: the theorems on the expected number of rounds.
Guarantees
    In `expected_rounds`, the expectation where delays keep every node from seeing a
    majority for as long as they can: by one who sees all values and no future toss. In
    `rounds`, for each trial the round in which the first node decides, by drawing.
Assumes
    Nobody stops, and half of the nodes propose each value, or half of them but one. All
    go through a round together: in `rounds` each hears its own message and those of
    n - t - 1 others, any of them as likely as any other.
Costs
    Arrays with an entry for each trial and node; two draws and a toss for each round.
Departs
    The paper bounds what is computed here.
"""

from __future__ import annotations

from math import comb

import numpy
from numpy.random import Generator
from numpy.typing import NDArray

from distlab.errors import Misuse

Counts = NDArray[numpy.int64]


def chance_to_settle(n: int, t: int) -> float:
    """How likely it is that n tosses leave nothing to choose: one value has too many.

    A node can be shown n - t reports without a majority, no more than half of them of
    each value, as long as neither value has more than t + n/2. Raises `Misuse` where a
    minority may be left.
    """
    if not 0 <= 2 * t < n:
        raise Misuse(f"t={t} of {n} nodes: choose from 0 to {(n - 1) // 2}.")
    most = t + n // 2  # of the same value
    settled = sum(comb(n, ones) for ones in range(n + 1) if max(ones, n - ones) > most)
    return settled / 2**n


def expected_rounds(n: int, t: int) -> float:  # Expected rounds, in general
    """In which round the first node decides, if somebody means harm.

    The first round is not about tosses. With `t` as large as can be it takes n equal
    ones; where t is about the square root of n, a share of all tosses will do.
    """
    begin = max(n // 2, n - n // 2)  # of the same value
    if begin > t + n // 2:
        return 1
    return 1 + 1 / chance_to_settle(n, t)


def rounds(n: int, t: int, generator: Generator, count: int) -> Counts:
    """The round of the first decision in each trial, if delays are left to chance."""
    values = numpy.zeros((count, n), dtype=numpy.int64)
    values[:, : n // 2] = 1
    decided_in = numpy.zeros(count, dtype=numpy.int64)
    running = numpy.arange(count)
    number = 0
    while running.size:
        number += 1
        values, decided = one_round(values, t, generator)
        decided_in[running[decided]] = number
        running, values = running[~decided], values[~decided]
    return decided_in


def one_round(
    values: Counts, t: int, generator: Generator
) -> tuple[Counts, NDArray[numpy.bool_]]:
    """What all hold after a round, and in which trials somebody has decided."""
    n = values.shape[1]
    ones = heard(values, t, generator)
    for_one, for_zero = 2 * ones > n, 2 * (n - t - ones) > n
    named = for_one.any(axis=1, keepdims=True)  # one is the value, if there is any
    backed = heard((for_one | for_zero).astype(numpy.int64), t, generator)
    tosses = generator.integers(0, 2, size=values.shape)
    after = numpy.where(backed > 0, named.astype(numpy.int64), tosses)
    decided: NDArray[numpy.bool_] = numpy.any(backed > t, axis=1)
    return after, decided


def heard(said: Counts, t: int, generator: Generator) -> Counts:
    """How many ones each node hears: its own, and of n - t - 1 others."""
    n = said.shape[1]
    others = said.sum(axis=1, keepdims=True) - said
    drawn: Counts = generator.hypergeometric(others, n - 1 - others, n - t - 1)
    return said + drawn
