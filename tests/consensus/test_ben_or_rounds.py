"""How many rounds Ben-Or's consensus takes: formula, arrays, the protocol itself."""

from itertools import product
from statistics import mean

import numpy
import pytest
from test_ben_or_runs import run

from distlab.consensus.ben_or import BenOr
from distlab.consensus.ben_or_rounds import (
    chance_to_settle,
    expected_rounds,
    heard,
    one_round,
    rounds,
)
from distlab.errors import Misuse


def drawn(n: int, t: int, count: int = 20_000):
    return rounds(n, t, numpy.random.default_rng(7), count)


# ------------------------------------------------------------------ the worst of delays
@pytest.mark.parametrize("n", [3, 5, 7, 9])
def test_where_almost_half_may_stop_all_tosses_have_to_be_equal(n):
    """Expected rounds, in general: 2 to the power of n - 1, and the first."""
    assert expected_rounds(n, (n - 1) // 2) == 1 + 2 ** (n - 1)


def test_where_as_many_as_the_root_of_n_may_stop_rounds_do_not_grow():
    """Expected rounds, in general: a fixed share of all tosses is lopsided enough."""
    expected = [expected_rounds(k * k, k // 2) for k in (4, 6, 10, 16, 30)]
    assert expected == sorted(expected, reverse=True) and expected[0] < 6
    assert expected_rounds(100, 49) > 1e27


def shown(n: int, t: int, ones: int) -> bool:
    """The slow twin: whether some n - t reports have no majority of all nodes."""
    ways = product(range(ones + 1), range(n - ones + 1))
    return any(a + b == n - t and 2 * a <= n and 2 * b <= n for a, b in ways)


@pytest.mark.parametrize("n", range(2, 9))
def test_the_slow_twin_counts_the_same_tosses(n):
    for t in range((n + 1) // 2):
        tosses = [sum(bits) for bits in product((0, 1), repeat=n)]
        settled = sum(not shown(n, t, ones) for ones in tosses)
        assert chance_to_settle(n, t) == settled / 2**n


def test_who_sees_everybody_decides_at_once_unless_there_is_a_tie():
    assert [expected_rounds(n, 0) for n in (1, 3, 5)] == [1, 1, 1]
    assert expected_rounds(2, 0) == 3
    assert expected_rounds(4, 0) == pytest.approx(2.6)


def test_half_of_the_nodes_or_more_may_not_stop():
    with pytest.raises(Misuse, match="choose from 0 to 2"):
        chance_to_settle(5, 3)


# ----------------------------------------------------------------------- left to chance
def test_where_none_may_stop_there_is_nothing_to_choose():
    """The network can do nothing: chance and the worst of delays come to the same."""
    for n in (2, 4, 6):
        found = drawn(n, 0)
        deviation = found.std() / len(found) ** 0.5
        assert abs(found.mean() - expected_rounds(n, 0)) < 3 * deviation


@pytest.mark.parametrize("n", [3, 5, 7, 9])
def test_chance_is_kinder_than_the_worst_of_delays(n):
    assert 1 < drawn(n, (n - 1) // 2).mean() < expected_rounds(n, (n - 1) // 2) / 1.5


def test_what_is_heard_is_its_own_and_some_of_the_others():
    said = numpy.array([[1, 0, 0], [1, 1, 1]])
    for seed in range(50):
        ones = heard(said, 1, numpy.random.default_rng(seed))
        assert ones[0, 0] == 1 and set(ones[0, 1:]) <= {0, 1}
        assert list(ones[1]) == [2, 2, 2]


def test_of_one_mind_all_decide_in_the_first_round():
    values = numpy.ones((10, 5), dtype=numpy.int64)
    after, decided = one_round(values, 2, numpy.random.default_rng(7))
    assert decided.all() and (after == 1).all()


@pytest.mark.parametrize("n", [3, 5])
def test_the_protocol_takes_about_as_many_rounds(n):
    """Its nodes do not go through a round together: who is late may hear of more."""
    seeds = range(150)
    protocol = [first_round(run(BenOr, seed, "symmetric", (), n)) for seed in seeds]
    assert mean(protocol) == pytest.approx(drawn(n, (n - 1) // 2).mean(), rel=0.3)


def first_round(cluster) -> int:
    """In which round somebody decides first: the one before that it then begins."""
    decided = cluster.trace.where("output")[0]
    after = cluster.trace[cluster.trace.steps.index(decided) :]
    begins = after.where("send", node=decided.node)[0]
    return begins.what.round - 1
