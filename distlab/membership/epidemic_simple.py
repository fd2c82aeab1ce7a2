"""How long does anti-entropy take to bring an update to everybody? In arrays.

    pull(generator, n=100_000, runs=10).t_last       # grows like the logarithm of n

Source
    Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987,
    section 1.3; Pittel, "On Spreading a Rumor", SIAM Journal on Applied Mathematics
    47(1), 1987.
Guarantees
    By drawing: for each run, when one update has arrived where, until it is everywhere.
Assumes
    As `epidemic`.
Costs
    n draws for each cycle and run, or fewer: by push for those who have the update, by
    pull for those who have not.
Departs
    Nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, log2

import numpy
from numpy.random import Generator

from distlab.membership.epidemic import NEVER, Sites, Spread, Truths, others, planted

# From who has it, to those that are sent it in a cycle: twice, if two send it
Cycle = Callable[[Truths, int, Generator], Sites]


def push(generator: Generator, n: int, runs: int) -> Spread:
    """Who has the update sends it to whomever it contacts."""
    return spread(pushed, generator, n, runs)


def pull(generator: Generator, n: int, runs: int) -> Spread:
    """Who contacts a site that has the update gets it."""
    return spread(pulled, generator, n, runs)


def push_pull(generator: Generator, n: int, runs: int) -> Spread:
    """Both."""
    return spread(exchanged, generator, n, runs)


def pushed(known: Truths, n: int, generator: Generator) -> Sites:  # §1.3, push
    """Whom those who have it contact, if they have it not."""
    told = contacts(numpy.flatnonzero(known), n, generator)
    return told[~known[told]]


def pulled(known: Truths, n: int, generator: Generator) -> Sites:  # §1.3, pull
    """Who has it not and contacts one that has."""
    asking = numpy.flatnonzero(~known)
    return asking[known[contacts(asking, n, generator)]]


def exchanged(known: Truths, n: int, generator: Generator) -> Sites:  # §1.3, push-pull
    """Who has it not, and contacts one that has or is contacted by it."""
    everybody = numpy.arange(known.size)
    asked = contacts(everybody, n, generator)
    told = asked[known & ~known[asked]]
    return numpy.concatenate((told, everybody[~known & known[asked]]))


def contacts(sites: Sites, n: int, generator: Generator) -> Sites:
    """For each site another one of its run."""
    place = sites % n
    return sites - place + others(place, n, generator)


def spread(cycle: Cycle, generator: Generator, n: int, runs: int) -> Spread:
    """Cycles until all sites of all runs have it."""
    arrived, _ = planted(n, runs)
    sent, number = numpy.zeros(runs, numpy.int64), 0
    while (arrived == NEVER).any():
        number += 1
        reached = cycle(arrived != NEVER, n, generator)
        sent += numpy.bincount(reached // n, minlength=runs)
        arrived[reached] = number
    return Spread(arrived.reshape(runs, n), sent)


# ------------------------------------------------------------------- what is expected
def after_pull(p: float) -> float:  # §1.3, p by pull
    """Which share has it not after a cycle, if so many had it not before."""
    return p**2


def after_push(p: float, n: int) -> float:  # §1.3, p by push
    """The same for push; close to p / e where p is small."""
    return p * (1 - 1 / n) ** (n * (1 - p))


def push_cycles(n: int) -> float:  # §1.3, Pittel
    """How many cycles push takes to reach all of n, but for a constant."""
    return log2(n) + log(n)


def pull_cycles(n: int) -> float:  # §1.3, p by pull
    """The same for pull: it doubles until half of them have it, then p is squared."""
    return log2(n) + log2(log(n))
