"""The published figures, remade; and the counting with which that is done."""

import math
import random
import statistics
from functools import partial

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.errors import Misuse
from distlab.replication.staleness import Mixture
from distlab.replication.staleness_figures import (
    FITS,
    PUBLISHED_AT_ONCE,
    PUBLISHED_MS,
    SHARE,
    Row,
    Tally,
    compared,
    measured,
    stepped_ms,
)
from distlab.sim import sweep

TRIALS = 2_000_000
WITHIN = {"read, ms": 0.04, "write, ms": 0.04, "P(consistent), t = 0": 0.007}
MANY = range(1, 11)  # seeds, of 4,000,000 trials each


@pytest.fixture(scope="module")
def pool():
    with sweep.processes(2) as executor:
        yield executor


@pytest.fixture(scope="module")
def found(pool):
    """Each fit, measured once for all tests."""
    return {
        fit: sweep.trials(
            partial(measured, model), TRIALS, seed=1, name=fit, executor=pool
        )
        for fit, model in FITS.items()
    }


def too_far(row):
    """Whether a row is not within its bar."""
    bar = WITHIN[row.figure]
    if row.figure.startswith("P"):
        return abs(row.ours - row.published) > bar
    # Printed as 10.83, 10.73 and 10.79 for one quantity: itself not exact to 4 %.
    if (row.fit, row.w, row.figure) == ("YMMR", 1, "write, ms"):
        bar = 0.06
    return abs(row.difference) > bar


# ------------------------------------------------------------------------- the figures
@pytest.mark.parametrize("fit", FITS)
def test_operation_latencies_and_consistency_at_once_are_the_published_ones(fit, found):
    """Table 3; Table 4: within 4 % (YMMR's writes at w = 1: 6 %), P within 0.007."""
    rows = [row for row in compared(fit, found[fit]) if row.figure in WITHIN]
    assert len(rows) == 13
    assert [row for row in rows if too_far(row)] == []


@pytest.mark.soak
@pytest.mark.parametrize("fit", FITS)
def test_they_are_so_over_forty_million_trials_and_t_visibility_is_not(fit, pool):
    """Table 4: all of the paper's t-visibilities above 0 lie below our interval."""
    counted = [
        sweep.trials(
            partial(measured, FITS[fit]), 4_000_000, seed=seed, name=fit, executor=pool
        )
        for seed in MANY
    ]
    rows = list(compared(fit, sum(counted[1:], counted[0])))
    assert [row for row in rows if row.figure in WITHIN and too_far(row)] == []
    visible = [row for row in rows if row.figure not in WITHIN and row.published]
    assert visible
    assert [row for row in visible if not row.published < row.low] == []


@pytest.mark.parametrize("fit", FITS)
def test_t_visibility_is_0_where_the_paper_says_so_and_later_elsewhere(fit, found):
    """Table 4: the paper's lie low."""
    rows = [r for r in compared(fit, found[fit]) if r.figure == "t-visibility, ms"]
    assert len(rows) == 6
    for row in rows:
        if row.published == 0:
            assert row.ours == row.high == row.difference == 0
        else:
            assert row.published < row.ours < 1.16 * row.published


@pytest.mark.parametrize("fit", FITS)
def test_trying_t_in_steps_explains_why_the_published_ones_lie_low(fit, found):
    """Table 4: the paper's are what 50,000 new trials at each t find.

    In steps of 1/300 of t, up to the first that passes.
    """
    generator = sweep.generator(1, fit, "steps")
    for (r, w), (_, _, published) in PUBLISHED_MS[fit].items():
        if published:
            fresh = found[fit].fresh[r, w]
            tried = [stepped_ms(fresh, generator, published / 300) for _ in range(40)]
            middle, spread = statistics.mean(tried), statistics.stdev(tried)
            assert middle < fresh.quantile(SHARE).value
            assert abs(published - middle) < 3 * spread


def test_steps_that_lead_nowhere_are_refused():
    with pytest.raises(Misuse, match="take longer ones"):
        stepped_ms(Tally.of(numpy.array([9e9])), sweep.generator(1), 1e-9, count=1)


def test_each_fit_shares_out_all_messages():
    """Table 3."""
    for model in FITS.values():
        for delay in (model.w, model.a, model.r, model.s):
            assert isinstance(delay, Mixture)
            assert sum(share for share, _ in delay.parts) == pytest.approx(1)
    assert [fit for fit, model in FITS.items() if model.remote_ms] == ["WAN"]
    assert FITS.keys() == PUBLISHED_MS.keys() == PUBLISHED_AT_ONCE.keys()


@pytest.mark.parametrize(("fit", "other"), [("LNKD-SSD", "LNKD-DISK"), ("YMMR", "WAN")])
def test_the_figures_of_another_fit_are_found_to_be_too_far(fit, other, found):
    """Table 4: the bars can fail."""
    rows = [row for row in compared(fit, found[other]) if row.figure in WITHIN]
    assert sum(map(too_far, rows)) > len(rows) / 2


def test_a_difference_is_a_part_of_the_published_figure():
    row = Row("LNKD-SSD", 1, 1, "read, ms", 2.0, 1.9, 1.8, 2.0)
    assert row.difference == pytest.approx(-0.05)
    assert row._replace(published=0).difference == math.inf
    assert row._replace(published=0, ours=0).difference == 0


# ------------------------------------------------------------------------- the counting
TIMES = st.lists(
    st.floats(-1e6, 1e6) | st.floats(0.001, 1e4) | st.just(math.inf), min_size=1
)


@given(TIMES, st.floats(0.001, 1))
def test_a_quantile_is_the_one_of_the_sorted_times_to_a_part_in_a_thousand(
    times, share
):
    exact = max(0, sorted(times)[math.ceil(len(times) * share) - 1])
    told = Tally.of(numpy.array(times)).quantile(share)
    assert told.value == pytest.approx(exact, rel=0.001, abs=0.001)
    assert told.low <= told.value <= told.high


@given(TIMES, st.floats(0.001, 1e4))
def test_a_share_is_that_of_the_times_to_the_width_of_a_bin(times, ms):
    told = Tally.of(numpy.array(times)).share(ms).value
    least, most = (
        sum(time <= bound for time in times) / len(times)
        for bound in (ms, ms * 1.002 + 0.001)
    )
    assert least <= told <= most
    assert 0 <= told <= 1


@given(TIMES)
def test_a_share_at_0_is_exact(times):
    told = Tally.of(numpy.array(times)).share(0).value
    assert told == sum(time <= 0 for time in times) / len(times)


@given(st.lists(TIMES, min_size=1, max_size=5), st.randoms())
def test_tallies_add_up_to_the_same_in_any_order(parts, dice):
    whole = Tally.of(numpy.array([time for part in parts for time in part]))
    tallies = [Tally.of(numpy.array(part)) for part in parts]
    dice.shuffle(tallies)
    assert (sum(tallies[1:], tallies[0]).counts == whole.counts).all()


def test_what_is_not_a_number_does_not_count():
    tally = Tally.of(numpy.array([1.0, math.nan, 3.0]))
    assert tally.share(2).value == 0.5


def test_intervals_hold_the_true_figure_as_often_as_they_say():
    """Of 600 samples of an exponential distribution at 90 %: 540, give or take 25."""
    generator = sweep.generator(5, "intervals")
    median, share = math.log(2), 1 - math.exp(-1)
    quantiles = shares = 0
    for _ in range(600):
        tally = Tally.of(generator.standard_exponential(2000))
        _, low, high = tally.quantile(0.5, confidence=0.9)
        quantiles += low <= median <= high
        _, low, high = tally.share(1.0, confidence=0.9)
        shares += low <= share <= high
    assert 515 < shares < 565
    assert 515 < quantiles < 590  # a little more often: bins widen it


def test_an_interval_of_what_never_happened_does_not_end_at_0():
    none, all_ = (Tally.of(numpy.full(1000, ms)).share(0) for ms in (1.0, 0.0))
    assert none.low == none.value == 0 < none.high < 0.02
    assert all_.high == all_.value == 1 > all_.low > 0.98


def test_measuring_is_the_same_in_blocks_as_at_once():
    """Whatever the number of workers: counts are whole numbers."""
    model = partial(measured, FITS["YMMR"])
    count = 2 * sweep.BLOCK + 77
    summed = sweep.trials(model, count, seed=3, workers=1)
    blocks = [
        model(sweep.generator(3, "", block), size)
        for block, size in enumerate([sweep.BLOCK, sweep.BLOCK, 77])
    ]
    random.Random(1).shuffle(blocks)
    again = sum(blocks[1:], blocks[0])
    for r in (1, 2, 3):
        assert (again.read[r - 1].counts == summed.read[r - 1].counts).all()
        for w in (1, 2, 3):
            assert (again.fresh[r, w].counts == summed.fresh[r, w].counts).all()
            assert summed.fresh[r, w].counts.sum() == count
