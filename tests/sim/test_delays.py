"""Distributions of delays: their moments, their ends, and what they refuse."""

from itertools import islice
from math import inf

import pytest

from distlab.errors import Misuse
from distlab.sim import (
    Constant,
    Empirical,
    Exponential,
    Mixture,
    Network,
    Pareto,
    Uniform,
)
from distlab.sim.streams import Stream

N = 40_000


def drawn(distribution, seed=1, n=N):
    return list(islice(distribution.draws(Stream(seed, "test")), n))


def moments(distribution):
    sample = drawn(distribution)
    mean = sum(sample) / N
    return mean / 1000, (sum((x - mean) ** 2 for x in sample) / N) ** 0.5 / 1000


@pytest.mark.parametrize(
    ("distribution", "mean_ms", "deviation_ms"),
    [
        (Constant(3.5), 3.5, 0),
        (Uniform(1, 5), 3, 4 / 12**0.5),
        (Exponential(10), 10, 10),
        (Exponential(10, least_ms=4), 10, 6),
        (Pareto(2, shape=5), 2.5, 2 * (5 / (16 * 3)) ** 0.5),
        (Mixture(((3, Constant(1)), (1, Constant(9)))), 3, 8 * (3 / 16) ** 0.5),
        (Mixture(((0.5, Uniform(0, 2)), (0.5, Exponential(5)))), 3, None),
        (Empirical((1, 1, 4)), 2, 2**0.5),
    ],
    ids=repr,
)
def test_moments_are_those_of_the_textbook(distribution, mean_ms, deviation_ms):
    mean, deviation = moments(distribution)
    assert distribution.mean_ms == pytest.approx(mean_ms)
    assert mean == pytest.approx(mean_ms, rel=0.02)
    if deviation_ms is not None:
        assert deviation == pytest.approx(deviation_ms, rel=0.06)


@pytest.mark.parametrize(
    "distribution", [Uniform(1, 5), Exponential(3), Pareto(1, 1.5), Empirical((1.5, 2))]
)
def test_draws_are_whole_microseconds(distribution):
    assert all(type(delay) is int and delay >= 0 for delay in drawn(distribution, n=99))


def test_uniform_reaches_both_ends_and_nothing_else():
    assert set(drawn(Uniform(0.001, 0.003))) == {1, 2, 3}
    assert set(drawn(Uniform(2, 2), n=9)) == {2000}


def test_exponential_has_its_quantiles():
    sample = sorted(drawn(Exponential(10)))
    assert sample[N // 2] / 1000 == pytest.approx(6.93, rel=0.03)
    assert sample[N * 99 // 100] / 1000 == pytest.approx(46.05, rel=0.06)
    assert min(drawn(Exponential(10, least_ms=4))) >= 4000


def test_pareto_has_a_heavy_tail_and_perhaps_no_mean():
    sample = drawn(Pareto(1, shape=1.5))
    assert min(sample) >= 1000
    for times in (4, 16, 64):
        beyond = sum(delay > times * 1000 for delay in sample) / N
        assert beyond == pytest.approx(times**-1.5, rel=0.25)
    assert Pareto(1, shape=1).mean_ms == inf


def test_a_mixture_takes_each_part_by_its_weight():
    sample = drawn(Mixture(((99, Constant(1)), (1, Constant(100)))))
    assert set(sample) == {1000, 100_000}
    assert 0.008 < sample.count(100_000) / N < 0.012


def test_empirical_draws_what_was_measured():
    assert set(drawn(Empirical((0.5, 7)), n=99)) == {500, 7000}


def test_a_number_is_a_constant_delay():
    assert Network(latency=3).latency == Constant(3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(-1),
        lambda: Constant(inf),
        lambda: Constant("3"),
        lambda: Uniform(5, 1),
        lambda: Uniform(-1, 1),
        lambda: Exponential(3, least_ms=4),
        lambda: Pareto(1, shape=0),
        lambda: Mixture(()),
        lambda: Mixture(((0, Constant(1)),)),
        lambda: Empirical(()),
        lambda: Empirical((1, -2)),
        lambda: Network(latency="slow"),
        lambda: Network(per_link={("s1", "s2"): None}),
    ],
)
def test_what_is_no_delay_is_refused(make):
    with pytest.raises(Misuse):
        make()
