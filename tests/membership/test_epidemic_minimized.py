"""Rumours told both ways, in arrays: one contact at a time, and minimization."""

import numpy
import pytest

from distlab.errors import Misuse
from distlab.membership import epidemic_minimized
from distlab.membership.epidemic import NEVER, Counter, pull, push
from distlab.membership.epidemic_minimized import minimized, push_pull


def generator(seed=1):
    return numpy.random.default_rng(seed)


# ------------------------------------------------------ the twin: one contact at a time
def twin(way, k, dice, n, runs):
    """Arrivals and rumours sent, with the same draws: one for each site and cycle."""
    arrived = [NEVER] * (n * runs)
    counter: dict[int, int] = {}  # of who is infective
    for run in range(runs):
        arrived[run * n], counter[run * n] = 0, 0
    sent, cycle = [0] * runs, 0
    while counter:
        cycle += 1
        draws = dice.integers(n - 1, size=n * runs, dtype=numpy.int32).tolist()
        useful, useless, new = set(), set(), set()
        for site, draw in enumerate(draws):
            first = site - site % n
            called = [first + i for i in range(n) if first + i != site][draw]
            for one, other in ((site, called), (called, site)):
                if one not in counter:
                    continue
                sent[one // n] += 1
                if arrived[other] == NEVER:
                    useful.add(one)
                    new.add(other)
                elif way is push_pull or counter[one] <= counter.get(other, k):
                    useless.add(one)
        for one in list(counter):
            counter[one] += one in useless
            if one in useful:
                counter[one] = 0
            if counter[one] == k:
                del counter[one]
        for site in new:
            arrived[site], counter[site] = cycle, 0
    rows = [arrived[run * n : run * n + n] for run in range(runs)]
    return rows, sent


def differing(way, right=None):
    """The first seed at which the arrays and the twin do not say the same."""
    for seed in range(60):
        n, runs, k = 2 + seed % 11, 1 + seed % 3, 1 + seed % 4
        ours = way(k, generator(seed), n, runs)
        theirs = twin(right or way, k, generator(seed), n, runs)
        if (ours.arrived.tolist(), ours.sent.tolist()) != theirs:
            return seed
    return None


@pytest.mark.parametrize("way", [push_pull, minimized], ids=lambda way: way.__name__)
def test_arrays_say_what_one_contact_at_a_time_says(way):
    """§1.4, push-pull; §1.4, minimization: to the last number."""
    assert differing(way) is None


def test_whose_other_counter_rises_differs_from_the_twin(monkeypatch):
    """§1.4, minimization: only the smaller rises, and both if they are equal."""
    assert differing(push_pull, minimized) is not None
    monkeypatch.setattr(epidemic_minimized, "if_smaller", lambda a, b: a <= b + 1)
    assert differing(minimized) is not None


# ---------------------------------------------------------------- what the paper claims
def test_it_leaves_the_fewest_sites_of_all_variants_with_the_same_k():
    """§1.4, minimization; §1.4, push-pull: for k = 2."""
    left = [
        float(spread.residue.mean())
        for spread in (
            push(Counter(2), generator(), 1000, 20),
            pull(Counter(2), generator(), 1000, 200),
            push_pull(2, generator(), 1000, 400),
            minimized(2, generator(), 1000, 400),
        )
    ]
    for fewer, more in zip(left[1:], left, strict=False):
        assert 0 < fewer < more / 2


def test_it_pays_with_traffic():
    """§1.4, minimization: counters rise more slowly."""
    for k in (2, 3):
        one, other = (way(k, generator(), 500, 50) for way in (minimized, push_pull))
        assert one.traffic.mean() > 1.05 * other.traffic.mean()


def test_with_k_1_there_is_nothing_to_compare():
    """§1.4, minimization: all counters of the infective are 0, and so equal."""
    one, other = (way(1, generator(), 100, 20) for way in (minimized, push_pull))
    assert (one.arrived == other.arrived).all()
    assert (one.sent == other.sent).all()


@pytest.mark.parametrize("way", [push_pull, minimized])
def test_to_lose_interest_before_the_first_contact_is_refused(way):
    with pytest.raises(Misuse, match="after 1 useless contact, or later"):
        way(0, generator(), 100, 20)
