"""The time without a leader: the model, the published figures, the protocol itself."""

from functools import partial

import numpy
import pytest

from distlab.consensus.raft import Entry, Raft
from distlab.consensus.raft_downtime import (
    ASSUMED,
    FITTED,
    PUBLISHED_MS,
    Broadcast,
    Elections,
    downtime_ms,
)
from distlab.errors import Misuse
from distlab.node import Log
from distlab.sim.without_leader import without_leader_ms

WIDE = [r for r in PUBLISHED_MS if r[1] - r[0] >= 50]
KINDS = ("RequestVote", "RequestVoteResponse")
STATES = tuple(
    {"log": Log(*[Entry(1, None)] * rank), "current_term": 1} for rank in (0, 1, 2, 2)
)


def times_ms(*range_ms, broadcast=FITTED, count=16_000, **more):
    elections = Elections(*range_ms, broadcast, **more)
    return downtime_ms(elections, numpy.random.default_rng(1), count)


@pytest.mark.parametrize("range_ms", WIDE)
def test_medians_of_wide_ranges_are_the_published_ones(range_ms):
    """Within 10 % with what was fitted; they come within 3 %."""
    median = numpy.median(times_ms(*range_ms))
    assert median == pytest.approx(PUBLISHED_MS[range_ms].median, rel=0.04)


@pytest.mark.parametrize("range_ms", [(150, 155), (150, 175), *WIDE, (25, 50)])
def test_a_plain_round_trip_of_15_ms_is_too_slow(range_ms):
    """What the paper calls the broadcast time is not all that a vote takes."""
    assumed, fitted = (times_ms(*range_ms, broadcast=b) for b in (ASSUMED, FITTED))
    assert numpy.median(assumed) > 1.01 * numpy.median(fitted)


def test_narrow_ranges_split_votes_and_wide_ones_wait_longer():
    """§9.3: a little randomness is enough, and more of it costs detection."""
    narrow, enough, wide = (
        numpy.median(times_ms(150, high)) for high in (155, 175, 300)
    )
    assert narrow > 1.5 * enough
    assert wide > enough


def test_the_crash_comes_at_any_moment_after_a_heartbeat():
    """§9.3, crash: with logs all alike, the least of four timeouts less half of it."""
    quick = times_ms(100, 200, broadcast=Broadcast(0.001, 0), ranks=(0, 0, 0, 0))
    mean = 100 + 100 / 5 - 100 / 4  # the least of four uniform ones, less the crash
    assert quick.mean() == pytest.approx(mean, abs=0.5)


def test_two_of_the_four_cannot_be_elected():
    """§9.3, logs: with all of them electable it is faster."""
    alike = times_ms(150, 300, ranks=(2, 2, 2, 2))
    assert numpy.median(alike) < numpy.median(times_ms(150, 300)) - 5


@pytest.mark.parametrize("broadcast", [ASSUMED, FITTED])
@pytest.mark.parametrize("range_ms", [(150, 300), (12, 24), (150, 160)])
def test_the_protocol_says_what_the_model_says(range_ms, broadcast):
    """Raft itself, from the crash on: medians and spread over 300 seeds."""
    run = partial(
        without_leader_ms, Raft, KINDS, Elections(*range_ms, broadcast), STATES
    )
    simulated = numpy.array([run(seed) for seed in range(300)])
    drawn = times_ms(*range_ms, broadcast=broadcast)
    for percent in (25, 50, 75):
        low, high = numpy.percentile(drawn, (percent - 10, percent + 10))
        assert low < numpy.percentile(simulated, percent) < high


def test_equal_seeds_equal_times():
    assert (times_ms(150, 300, count=100) == times_ms(150, 300, count=100)).all()


@pytest.mark.parametrize("range_ms", [(150, 150), (0, 10), (20, 10)])
def test_a_range_that_is_none_is_refused(range_ms):
    with pytest.raises(Misuse, match="give a range that is wide"):
        times_ms(*range_ms)
