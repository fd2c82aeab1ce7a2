"""What if a site has time for one caller in a cycle? Rumours, and some calls that fail.

    push(Counter(2), Limit(connections=1, hunt=4), generator, n=1000, runs=100)

Source
    Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987,
    section 1.4: connection limit, hunting.
Guarantees
    As `epidemic`, by drawing. By push fewer are left than by as much traffic without a
    limit: of several who tell the same site, only one does. By pull many more are.
Assumes
    As `epidemic`; and in each cycle a site answers `connections` of those that call it,
    whoever comes first. Those that are refused try another one, `hunt` times.
Costs
    As `epidemic`; and the calls of each cycle are sorted once for each attempt.
Departs
    A call that is refused counts for nothing, neither as traffic nor as useless.
"""

from __future__ import annotations

import numpy
from numpy.random import Generator

from distlab.errors import Misuse
from distlab.membership.epidemic import NEVER, Counts, Rule, Sites, Spread, planted
from distlab.membership.epidemic_simple import contacts
from distlab.value import Value


class Limit(Value):
    """How many callers a site answers in a cycle, and how often one may try again."""

    connections: int = 1
    hunt: int = 0


def push(
    rule: Rule, limit: Limit, generator: Generator, n: int, runs: int
) -> Spread:  # §1.4, push
    """Who is infective tells the site that answers it."""
    arrived, infective = planted(n, runs)
    useless = numpy.zeros(arrived.size, numpy.int64)
    sent, cycle = numpy.zeros(runs, numpy.int64), 0
    while infective.size:
        cycle += 1
        telling, told = calls(infective, limit, n, runs, generator)
        sent += numpy.bincount(telling // n, minlength=runs)
        needed = arrived[told] == NEVER
        useless[telling] = rule.counted(useless[telling], needed)
        lost = telling[rule.lost(useless[telling], generator)]
        arrived[told[needed]] = cycle
        infected = numpy.flatnonzero(arrived == cycle)
        infective = numpy.concatenate((numpy.setdiff1d(infective, lost), infected))
    return Spread(arrived.reshape(runs, n), sent)


def pull(
    rule: Rule, limit: Limit, generator: Generator, n: int, runs: int
) -> Spread:  # §1.4, pull
    """All call another site; who is infective and answers tells it."""
    arrived, origins = planted(n, runs)
    useless = numpy.zeros(arrived.size, numpy.int64)
    hot, useful, contacted = numpy.zeros((3, arrived.size), bool)
    hot[origins] = True
    sent, cycle = numpy.zeros(runs, numpy.int64), 0
    while (going_on := numpy.flatnonzero(hot.reshape(runs, n).any(axis=1))).size:
        cycle += 1
        everybody = (going_on[:, None] * n + numpy.arange(n)).ravel()
        asking, asked = calls(everybody, limit, n, runs, generator)
        answered = hot[asked]
        asking, asked = asking[answered], asked[answered]
        sent += numpy.bincount(asked // n, minlength=runs)
        needing = arrived[asking] == NEVER
        useful[asked[needing]] = contacted[asked] = True
        infective = numpy.flatnonzero(contacted)
        useless[infective] = rule.counted(useless[infective], useful[infective])
        hot[infective] = ~rule.lost(useless[infective], generator)
        useful[infective] = contacted[infective] = False
        arrived[asking[needing]] = cycle
        hot[asking[needing]] = True
    return Spread(arrived.reshape(runs, n), sent)


def calls(
    sites: Sites, limit: Limit, n: int, runs: int, generator: Generator
) -> tuple[Sites, Sites]:
    """Who is answered, and by whom: the sites call at once, in a random order."""
    if limit.connections < 1 or limit.hunt < 0:
        raise Misuse(f"{limit}: a site answers one call or more, and hunt is from 0.")
    answering = numpy.full(sites.size, NEVER)
    taken = numpy.zeros(n * runs, numpy.int64)
    waiting = generator.permutation(sites.size)
    for _ in range(1 + limit.hunt):  # §1.4, hunting
        called = contacts(sites[waiting], n, generator)
        free = taken[called] + in_line(called) < limit.connections  # §1.4, connections
        answering[waiting[free]] = called[free]
        taken += numpy.bincount(called[free], minlength=n * runs)
        waiting = waiting[~free]
    answered = answering != NEVER
    return sites[answered], answering[answered]


def in_line(called: Sites) -> Counts:
    """For each call, how many before it are to the same site."""
    order = called.argsort(kind="stable")
    sorted_calls = called[order]
    places = numpy.empty_like(called)
    places[order] = numpy.arange(called.size) - sorted_calls.searchsorted(sorted_calls)
    return places
