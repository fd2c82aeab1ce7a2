"""How far do rumours spread that are told both ways, and what does minimization save?

    push_pull(2, generator, n=1000, runs=400)
    minimized(2, generator, n=1000, runs=400).residue

Source
    Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987,
    section 1.4: push-pull, minimization.
Guarantees
    As `epidemic`, with feedback and a counter. It is what `rumours_minimized` does.
Assumes
    As `epidemic`.
Costs
    n draws for each cycle.
Departs
    As `epidemic`. Two who are both infective tell each other: these are two rumours.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy
from numpy.random import Generator

from distlab.membership.epidemic import NEVER, Counter, Counts, Spread, Truths, planted
from distlab.membership.epidemic_simple import contacts

REMOVED = 2**31  # the counter of who has lost interest is larger than any other
Rises = Callable[[Counts, Counts], Truths]  # whose counter does, of two who both know


def push_pull(k: int, generator: Generator, n: int, runs: int) -> Spread:
    """Each site tells the one that it contacts, and is told by it."""
    return exchanges(always, k, generator, n, runs)


def minimized(k: int, generator: Generator, n: int, runs: int) -> Spread:
    """The same; of two who both know the rumour only the smaller counter rises."""
    return exchanges(if_smaller, k, generator, n, runs)


def always(mine: Counts, theirs: Counts) -> Truths:
    """Every contact with one who knows is useless."""
    return mine < REMOVED


def if_smaller(mine: Counts, theirs: Counts) -> Truths:  # §1.4, minimization
    """Only to the less weary of the two; to both, if they are equally so."""
    return (mine < REMOVED) & (mine <= theirs)


def exchanges(rises: Rises, k: int, generator: Generator, n: int, runs: int) -> Spread:
    """Cycles until nobody is infective: those of a run that is over change nothing."""
    rule = Counter(k)
    arrived, origins = planted(n, runs)
    counter = numpy.full(arrived.size, REMOVED)
    counter[origins] = 0
    everybody = numpy.arange(arrived.size)
    sent, cycle = numpy.zeros(runs, numpy.int64), 0
    while (counter < REMOVED).any():
        cycle += 1
        called = contacts(everybody, n, generator)
        one = numpy.concatenate((everybody, called))  # §1.4, push-pull
        other = numpy.concatenate((called, everybody))
        telling = counter[one] < REMOVED
        one, other = one[telling], other[telling]
        sent += numpy.bincount(one // n, minlength=runs)
        new = arrived[other] == NEVER
        useful, useless = numpy.zeros((2, arrived.size), bool)
        useful[one[new]] = True
        useless[one[~new & rises(counter[one], counter[other])]] = True
        counter[useless] += 1
        counter[useful] = 0
        counter[rule.lost(counter, generator)] = REMOVED
        arrived[other[new]] = cycle
        counter[other[new]] = 0
    return Spread(arrived.reshape(runs, n), sent)
