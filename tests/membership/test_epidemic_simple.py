"""Anti-entropy in arrays: recurrences, logarithms, and one contact at a time."""

from math import exp, log2

import numpy
import pytest

from distlab.membership.epidemic import NEVER
from distlab.membership.epidemic_simple import (
    after_pull,
    after_push,
    contacts,
    exchanged,
    pull,
    pull_cycles,
    pulled,
    push,
    push_cycles,
    push_pull,
    pushed,
)

SIZES = (10, 100, 1000, 10_000)


def generator(seed=1):
    return numpy.random.default_rng(seed)


# ------------------------------------------------------ the twin: one contact at a time
def twin(cycle, known, n, dice):
    """Who is sent the update in a cycle, in order, as often as it is."""
    who = {
        pushed: [site for site, has in enumerate(known) if has],
        pulled: [site for site, has in enumerate(known) if not has],
        exchanged: list(range(len(known))),
    }[cycle]
    draws = dice.integers(n - 1, size=len(who), dtype=numpy.int32).tolist()
    reached = []
    for site, draw in zip(who, draws, strict=True):
        first = site - site % n
        other = [s for s in range(first, first + n) if s != site][draw]
        if cycle is not pulled and known[site] and not known[other]:
            reached.append(other)
        if cycle is not pushed and known[other] and not known[site]:
            reached.append(site)
    return sorted(reached)


def differing(cycle, right=None):
    """The first seed at which the arrays and the twin do not say the same."""
    for seed in range(100):
        n, runs = 2 + seed % 9, 1 + seed % 3
        known = generator(seed).random(n * runs) < 0.4
        ours = sorted(cycle(known, n, generator(seed)).tolist())
        if ours != twin(right or cycle, known.tolist(), n, generator(seed)):
            return seed
    return None


@pytest.mark.parametrize("cycle", [pushed, pulled, exchanged], ids=lambda c: c.__name__)
def test_arrays_say_what_one_contact_at_a_time_says(cycle):
    """§1.3, push; §1.3, pull; §1.3, push-pull: to the last site."""
    assert differing(cycle) is None


def sends_it_to_all(known, n, dice):
    return contacts(numpy.flatnonzero(known), n, dice)


def asks_who_has_it_not(known, n, dice):
    asking = numpy.flatnonzero(~known)
    return asking[~known[contacts(asking, n, dice)]]


def only_asks(known, n, dice):
    everybody = numpy.arange(known.size)
    return everybody[~known & known[contacts(everybody, n, dice)]]


WRONG = {sends_it_to_all: pushed, asks_who_has_it_not: pulled, only_asks: exchanged}


@pytest.mark.parametrize("mutant", WRONG, ids=lambda wrong: wrong.__name__)
def test_another_rule_differs_from_the_twin(mutant):
    """§1.3, push; §1.3, pull; §1.3, push-pull."""
    assert differing(mutant, WRONG[mutant]) is not None


# ---------------------------------------------------------------- what the paper claims
@pytest.mark.parametrize("way", [push, pull, push_pull], ids=lambda way: way.__name__)
def test_everybody_is_reached_in_every_run(way):
    """§1.3, push; §1.3, pull; §1.3, push-pull: there is no residue."""
    spread = way(generator(), 100, 50)
    assert not (spread.arrived == NEVER).any()
    assert (spread.sent >= 99).all()


def share_left(cycle, p, n=1_000_000):
    """Which share of one great run has not got it after a cycle."""
    known = numpy.arange(n) >= n * p
    reached = cycle(known, n, generator())
    return 1 - (known.sum() + numpy.unique(reached).size) / n


@pytest.mark.parametrize("p", [0.9, 0.5, 0.1, 0.01])
def test_a_cycle_of_pull_squares_what_is_left(p):
    """§1.3, p by pull."""
    expected = after_pull(p)
    assert abs(share_left(pulled, p) - expected) < 5 * (expected / 1e6) ** 0.5


@pytest.mark.parametrize("p", [0.9, 0.5, 0.1, 0.01])
def test_a_cycle_of_push_leaves_one_in_e_of_the_last(p):
    """§1.3, p by push."""
    expected = after_push(p, 1_000_000)
    assert abs(share_left(pushed, p) - expected) < 5 * (expected / 1e6) ** 0.5
    if p <= 0.01:
        assert abs(expected / p - exp(-1)) < 0.004


def test_what_is_rare_vanishes_sooner_by_pull_than_by_push():
    """§1.3, p by pull; §1.3, p by push: so anti-entropy as a backup pulls.

    While almost nobody has it, one is as good as the other.
    """
    assert after_pull(0.001) < after_push(0.001, 1000) / 300
    assert abs(after_pull(0.9) - after_push(0.9, 1000)) < 0.005


def cycles(way, n):
    return float(way(generator(), n, max(20, min(400, 200_000 // n))).t_last.mean())


@pytest.mark.parametrize("n", SIZES)
def test_push_takes_log2_n_and_ln_n_cycles(n):
    """§1.3, Pittel: give or take a constant."""
    assert 0 < cycles(push, n) - push_cycles(n) < 2


@pytest.mark.parametrize("n", SIZES)
def test_pull_takes_log2_n_cycles_and_few_more(n):
    """§1.3, p by pull."""
    assert 0 < cycles(pull, n) - pull_cycles(n) < 2


@pytest.mark.parametrize("n", SIZES)
def test_both_ways_together_are_faster_than_either(n):
    """§1.3, push-pull: a share that is small grows threefold, not twofold."""
    both = cycles(push_pull, n)
    assert both < min(cycles(push, n), cycles(pull, n))
    assert 0 < both - log2(n) / log2(3) < 3.5


@pytest.mark.soak
def test_a_hundred_thousand_sites_take_as_many_cycles_more():
    """§1.3, Pittel; §1.3, p by pull: ten times the sites, 5.6 cycles more, and 3.6."""
    assert 0 < cycles(push, 100_000) - push_cycles(100_000) < 2
    assert 0 < cycles(pull, 100_000) - pull_cycles(100_000) < 2
