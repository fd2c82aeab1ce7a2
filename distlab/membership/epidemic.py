"""How far and how fast does a rumour spread? Many epidemics at once, in arrays.

    push(Counter(2), generator, n=1000, runs=400)             # feedback
    pull(Blind(Coin(3)), generator, n=1000, runs=400).residue

Source
    Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987,
    section 1.4.
Guarantees
    The distributions of residue, traffic and delays, by drawing: for each run, of one
    update at one site, until nobody is infective.
Assumes
    All sites contact another one in each cycle, at the same time, any of the others as
    likely as any other. Nothing is lost.
Costs
    By push a draw for each rumour sent; by pull n for each cycle of a run that is not
    over. Time grows with the runs times n, times the logarithm of n for pull.
Departs
    As `rumours`, which are the same in messages: contacts of one cycle are judged by
    what their recipients knew when it began; a useful one sets the counter to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy
from numpy.random import Generator
from numpy.typing import NDArray

from distlab.errors import Misuse

Sites = NDArray[numpy.int64]  # site i of run r is number r * n + i
Truths = NDArray[numpy.bool_]
Counts = NDArray[numpy.int64]
NEVER = -1


# ---------------------------------------------------------------- when interest is lost
@dataclass(frozen=True)
class Counter:
    """After k useless contacts in a row."""

    k: int

    def __post_init__(self) -> None:
        if self.k < 1:
            raise Misuse(f"{self}: interest is lost after 1 useless contact, or later.")

    def counted(self, useless: Counts, needed: Truths) -> Counts:  # §1.4, feedback
        """How many useless contacts in a row it is after these."""
        return numpy.where(needed, 0, useless + 1)

    def lost(self, useless: Counts, generator: Generator) -> Truths:  # §1.4, counter
        """Who is removed, of those that have just had a contact."""
        return useless >= self.k


class Coin(Counter):
    """After a useless contact, with the chance 1/k."""

    def lost(self, useless: Counts, generator: Generator) -> Truths:  # §1.4, coin
        """Who is removed, of those that have just had a contact."""
        return (useless > 0) & (generator.random(useless.size) * self.k < 1)


@dataclass(frozen=True)
class Blind:
    """By this rule, and every contact counts as useless."""

    rule: Counter

    def counted(self, useless: Counts, needed: Truths) -> Counts:  # §1.4, blind
        """How many contacts it is after these."""
        return useless + 1

    def lost(self, useless: Counts, generator: Generator) -> Truths:
        """Who is removed, of those that have just had a contact."""
        return self.rule.lost(useless, generator)


Rule = Counter | Blind


# -------------------------------------------------------------------------- what it did
@dataclass(frozen=True)
class Spread:
    """For each run and site the cycle in which the update arrived; the rumours sent."""

    arrived: NDArray[numpy.int16]  # [run, site]; 0 at its origin, NEVER in the residue
    sent: Counts  # [run]

    @property
    def residue(self) -> NDArray[numpy.float64]:  # §1.4, residue
        """s: which share of all sites never hears, in each run."""
        return (self.arrived == NEVER).mean(axis=1)

    @property
    def traffic(self) -> NDArray[numpy.float64]:  # §1.4, traffic
        """m: rumours sent, for each site."""
        return self.sent / self.arrived.shape[1]

    @property
    def t_last(self) -> NDArray[numpy.int16]:  # §1.4, delay
        """The cycle of the last arrival."""
        return self.arrived.max(axis=1)

    @property
    def t_ave(self) -> NDArray[numpy.float64]:  # §1.4, delay
        """The mean of the cycles in which it arrived, its origin left out."""
        reached = numpy.maximum(1, (self.arrived > 0).sum(axis=1))
        return numpy.where(self.arrived > 0, self.arrived, 0).sum(axis=1) / reached

    @cached_property
    def known(self) -> NDArray[numpy.float64]:
        """`[cycle]`: which share of all sites has it by then, over all runs."""
        cycles = self.arrived[self.arrived != NEVER]
        return numpy.bincount(cycles).cumsum() / self.arrived.size


# ------------------------------------------------------------------------- the epidemic
def push(rule: Rule, generator: Generator, n: int, runs: int) -> Spread:  # §1.4, push
    """Who is infective tells another site in each cycle, until it loses interest."""
    arrived, infective = planted(n, runs)
    useless = numpy.zeros(arrived.size, numpy.int64)
    sent, cycle = numpy.zeros(runs, numpy.int64), 0
    while infective.size:
        cycle += 1
        run, place = numpy.divmod(infective, n)
        sent += numpy.bincount(run, minlength=runs)
        told = run * n + others(place, n, generator)
        needed = arrived[told] == NEVER
        useless[infective] = rule.counted(useless[infective], needed)
        lost = rule.lost(useless[infective], generator)
        arrived[told[needed]] = cycle
        infected = numpy.flatnonzero(arrived == cycle)  # each once
        infective = numpy.concatenate((infective[~lost], infected))
    return Spread(arrived.reshape(runs, n), sent)


def pull(rule: Rule, generator: Generator, n: int, runs: int) -> Spread:  # §1.4, pull
    """All ask another site in each cycle; who is infective answers.

    Of several who ask it in a cycle one that needs the rumour is enough.
    """
    arrived, origins = planted(n, runs)
    useless = numpy.zeros(arrived.size, numpy.int64)
    hot, useful, contacted = numpy.zeros((3, arrived.size), bool)
    hot[origins] = True
    place = numpy.arange(n)
    sent, cycle = numpy.zeros(runs, numpy.int64), 0
    while (going_on := numpy.flatnonzero(hot.reshape(runs, n).any(axis=1))).size:
        cycle += 1
        first = going_on[:, None] * n
        everybody = numpy.broadcast_to(place, (going_on.size, n))
        asked = first + others(everybody, n, generator)
        answered = hot[asked]
        sent[going_on] += answered.sum(axis=1)
        asking, asked = (first + place)[answered], asked[answered]
        needing = arrived[asking] == NEVER
        useful[asked[needing]] = contacted[asked] = True
        infective = numpy.flatnonzero(contacted)  # Table 3, several contacts
        useless[infective] = rule.counted(useless[infective], useful[infective])
        hot[infective] = ~rule.lost(useless[infective], generator)
        useful[infective] = contacted[infective] = False
        arrived[asking[needing]] = cycle
        hot[asking[needing]] = True
    return Spread(arrived.reshape(runs, n), sent)


def planted(n: int, runs: int) -> tuple[NDArray[numpy.int16], Sites]:
    """When the update arrived at each site, and where it is: at the first of each run.

    Raises `Misuse` for fewer than two sites.
    """
    if n < 2 or runs < 1:
        raise Misuse(f"n={n}, runs={runs}: take two sites or more, and a run or more.")
    arrived = numpy.full(n * runs, NEVER, numpy.int16)
    origins = numpy.arange(runs) * n
    arrived[origins] = 0
    return arrived, origins


def others(place: Sites, n: int, generator: Generator) -> NDArray[numpy.int32]:
    """For each place in a run of n sites another one, all of them equally likely."""
    chosen = generator.integers(n - 1, size=place.shape, dtype=numpy.int32)
    chosen += chosen >= place
    return chosen
