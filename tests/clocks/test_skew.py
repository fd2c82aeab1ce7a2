"""What clocks that are off cost: lost writes, and commits that wait or are late."""

from math import exp, sqrt

import pytest
from spanner_mutants import SpannerTellsAtOnce, SpannerWaitsHalf

from distlab.clocks.spanner import Spanner
from distlab.errors import Misuse
from distlab.replication.last_write_wins import LastWriteWins
from distlab.replication.quorum import Replica
from distlab.sim import Exponential
from distlab.sim.off_clocks import CommitWaits, LostWrites, commit_waits, lost_writes
from distlab.sim.streams import Stream


def test_while_clocks_show_the_same_no_later_write_is_lost():
    assert lost_writes(LastWriteWins, 0) == LostWrites(acknowledged=60, lost=0)


@pytest.mark.parametrize("skew_ms", [-200, -50, 10, 50, 100, 300])
def test_a_write_is_lost_if_it_comes_sooner_than_the_other_clock_is_ahead(skew_ms):
    """The twin compares stamps: of each key, who was first and how long before."""
    gaps = Exponential(100).draws(Stream(0, "gaps"))
    lost = 0
    for i in range(30):
        ahead_ms = skew_ms if i % 2 == 0 else -skew_ms  # the first writer's clock
        lost += ahead_ms > 2 + next(gaps) / 1000
    assert lost_writes(LastWriteWins, skew_ms) == LostWrites(60, lost)
    assert lost > 0


def test_the_share_that_is_lost_grows_with_the_skew_as_chance_says():
    """Half of the pairs have the fast clock first; of these 1 - exp(-skew / gap)."""
    pairs, skew_ms = 600, 80
    found = lost_writes(LastWriteWins, skew_ms, pairs=pairs, gap_ms=100)
    p = 1 - exp(-(skew_ms - 2) / 100)
    assert abs(found.lost - p * pairs / 2) < 3 * sqrt(p * (1 - p) * pairs / 2)


def test_where_versions_know_what_they_supersede_no_clock_loses_a_write():
    assert lost_writes(Replica, 300).lost == 0


def test_a_run_whose_writes_fail_is_refused():
    with pytest.raises(Misuse, match="0 of 60 writes were ok"):
        lost_writes(Deaf, 0)


class Deaf(LastWriteWins):
    def on_store(self, src, msg):
        pass


# ------------------------------------------------------------------------------ commits
@pytest.mark.parametrize("epsilon_ms", [0, 1, 4, 7, 20])
def test_a_commit_takes_twice_epsilon_and_its_messages(epsilon_ms):
    """Commit Wait: with messages of 1 ms, and a microsecond to be past."""
    found = commit_waits(Spanner, epsilon_ms)
    assert (round(found.mean_ms - 2 * epsilon_ms, 6), found.out_of_order) == (2.001, 0)


@pytest.mark.parametrize(("epsilon_ms", "skew_ms"), [(7, 14), (10, 14), (7, 3)])
def test_nothing_is_out_of_order_while_no_clock_is_off_by_more_than_epsilon(
    epsilon_ms, skew_ms
):
    """§4.1.2, Start; §4.1.2, Commit Wait: here by half the skew, either way."""
    assert commit_waits(Spanner, epsilon_ms, skew_ms).out_of_order == 0


def test_with_an_epsilon_that_is_too_small_timestamps_come_out_of_order():
    """§4.1.2, Commit Wait: one of three commits follows one at the fast clock."""
    assert commit_waits(Spanner, epsilon_ms=2, skew_ms=14).out_of_order == 10


def test_who_waits_less_is_quicker_and_out_of_order():
    """§4.1.2, Commit Wait."""
    at_once = commit_waits(SpannerTellsAtOnce, epsilon_ms=7, skew_ms=14)
    assert at_once == CommitWaits(mean_ms=2, out_of_order=10)
    half = commit_waits(SpannerWaitsHalf, epsilon_ms=7, skew_ms=14)
    assert (round(half.mean_ms, 3), half.out_of_order) == (9.001, 10)
