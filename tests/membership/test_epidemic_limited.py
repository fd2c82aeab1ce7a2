"""Connection limits and hunting: one caller after the other, and what it does."""

from math import exp

import numpy
import pytest

from distlab.errors import Misuse
from distlab.membership import epidemic
from distlab.membership.epidemic import NEVER, Blind, Coin, Counter
from distlab.membership.epidemic_limited import Limit, calls, in_line, pull, push


def generator(seed=1):
    return numpy.random.default_rng(seed)


# ------------------------------------------------------- the twin: one call at a time
def twin(sites, limit, n, dice):
    """Who is answered by whom, with the same draws: each tries in its turn."""
    waiting = dice.permutation(len(sites)).tolist()
    answering, taken = {}, {}
    for _ in range(1 + limit.hunt):
        draws = dice.integers(n - 1, size=len(waiting), dtype=numpy.int32).tolist()
        refused = []
        for caller, draw in zip(waiting, draws, strict=True):
            first = sites[caller] - sites[caller] % n
            called = [first + i for i in range(n) if first + i != sites[caller]][draw]
            if taken.get(called, 0) < limit.connections:
                taken[called] = taken.get(called, 0) + 1
                answering[caller] = called
            else:
                refused.append(caller)
        waiting = refused
    return [(sites[caller], answering[caller]) for caller in sorted(answering)]


@pytest.mark.parametrize(
    "limit", [Limit(1), Limit(2), Limit(1, 1), Limit(2, 3)], ids=str
)
def test_arrays_say_what_one_call_at_a_time_says(limit):
    """§1.4, connections; §1.4, hunting: to the last call."""
    for seed in range(60):
        n, runs = 2 + seed % 9, 1 + seed % 3
        sites = numpy.flatnonzero(generator(seed).random(n * runs) < 0.7)
        ours = calls(sites, limit, n, runs, generator(seed))
        assert list(zip(*(side.tolist() for side in ours), strict=True)) == twin(
            sites.tolist(), limit, n, generator(seed)
        )


def test_those_before_it_in_line_are_those_that_call_the_same():
    """§1.4, connections."""
    assert in_line(numpy.array([5, 3, 5, 5, 3, 9])).tolist() == [0, 0, 1, 2, 1, 0]


@pytest.mark.parametrize("way", [push, pull])
def test_of_two_sites_the_other_one_hears_in_the_first_cycle(way):
    """§1.4, push; §1.4, pull: nobody else calls."""
    spread = way(Counter(1), Limit(1), generator(), 2, 3)
    assert spread.arrived.tolist() == [[0, 1]] * 3


@pytest.mark.parametrize("wrong", [Limit(0), Limit(1, -1)], ids=str)
def test_who_answers_nobody_is_refused(wrong):
    with pytest.raises(Misuse, match="one call or more"):
        push(Counter(1), wrong, generator(), 10, 1)


# ---------------------------------------------------------------- what the paper claims
RULES = [Counter(1), Counter(2), Coin(2), Blind(Counter(2))]
NONE, ONE, HUNTING = Limit(1000), Limit(1), Limit(1, hunt=4)


def means(way, rule, *limit, n=300, runs=30):
    spread = way(rule, *limit, generator(), n, runs)
    return float(spread.residue.mean()), float(spread.traffic.mean())


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_without_a_limit_it_is_the_same_epidemic(rule):
    """§1.4, connections: within 4 standard errors."""
    for ours, theirs in ((push, epidemic.push), (pull, epidemic.pull)):
        one = ours(rule, NONE, generator(), 300, 50)
        other = theirs(rule, generator(), 300, 400)
        for mine, same in ((one.residue, other.residue), (one.sent, other.sent)):
            error = (same.var() * (1 / len(mine) + 1 / len(same))) ** 0.5
            assert abs(mine.mean() - same.mean()) < 4 * error


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_with_a_limit_push_leaves_fewer_for_its_traffic(rule):
    """§1.4, push: between exp(-m), and exp(-λm) where everybody always pushes."""
    s, m = means(push, rule, ONE)
    best = 1 / (1 - exp(-1))  # λ: of n calls to n sites n / λ are answered
    assert exp(-best * m) < s < 0.9 * exp(-m)
    assert s < means(push, rule, NONE)[0]


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_with_a_limit_pull_leaves_many_more(rule):
    """§1.4, pull."""
    assert means(pull, rule, ONE)[0] > 1.8 * means(pull, rule, NONE)[0]


@pytest.mark.parametrize("way", [push, pull], ids=lambda way: way.__name__)
def test_hunting_helps_both(way):
    """§1.4, hunting."""
    for rule in (Counter(2), Counter(3)):
        assert means(way, rule, HUNTING)[0] < 0.8 * means(way, rule, ONE)[0]


def test_with_hunting_push_and_pull_are_nearly_the_same():
    """§1.4, hunting: in the limit each site calls one and is called by one."""
    for rule in (Counter(2), Coin(2)):
        far = means(push, rule, NONE)[0] / means(pull, rule, NONE)[0]
        near = means(push, rule, HUNTING)[0] / means(pull, rule, HUNTING)[0]
        assert far > 10
        assert 0.5 < near < 2


def test_a_refused_call_is_neither_traffic_nor_useless():
    """§1.4, connections: each who hears has k useless contacts, and some useful."""
    spread = push(Counter(2), ONE, generator(), 200, 50)
    heard = (spread.arrived != NEVER).sum(axis=1)
    assert (spread.sent >= 3 * heard - 1).all()


# ------------------------------------------------------------------------------ mutants
def answers_whoever_calls(sites, limit, n, dice):
    called = calls(sites, Limit(n), n, 3, dice)
    return list(zip(*(side.tolist() for side in called), strict=True))


def never_hunts(sites, limit, n, dice):
    called = calls(sites, Limit(limit.connections), n, 3, dice)
    return list(zip(*(side.tolist() for side in called), strict=True))


@pytest.mark.parametrize("mutant", [answers_whoever_calls, never_hunts])
def test_what_forgets_a_rule_differs_from_the_twin(mutant):
    """§1.4, connections; §1.4, hunting."""
    limit, sites = Limit(1, hunt=1), numpy.arange(30)
    assert mutant(sites, limit, 10, generator()) != twin(
        sites.tolist(), limit, 10, generator()
    )
