"""Clocks that are set, clocks that only count, and a second too many."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.clocks import physical
from distlab.clocks.physical import (
    DAY_MS,
    LeapSecond,
    Monotonic,
    Setting,
    TimeOfDay,
    drifted_ms,
    measured_ms,
    smeared_ms,
    stepped_ms,
)
from distlab.errors import Misuse

RIGHT = SimpleNamespace(**vars(physical))  # what mutants are made of
rates = st.integers(-500, 500)
times = st.integers(0, 3000)
LEAP = LeapSecond(at_ms=2 * DAY_MS)


@given(rates, times, times)
def test_a_monotonic_clock_never_goes_back(ppm, one, other):
    """Monotonic clocks."""
    early, late = sorted((one, other))
    assert measured_ms(Monotonic(ppm), early, late) >= 0


@given(rates, times, times, times)
def test_what_a_monotonic_clock_measures_is_wrong_by_its_drift_alone(
    ppm, began, one, other
):
    """Monotonic clocks; Drift."""
    early, late = sorted((one, other))
    measured = measured_ms(Monotonic(ppm, began), early, late)
    assert abs(measured - (late - early)) <= drifted_ms(ppm, late - early) + 1e-6


def test_what_one_monotonic_clock_shows_means_nothing_to_another():
    """Monotonic clocks."""
    one, other = Monotonic(), Monotonic(began_ms=5000)
    assert one.shows_ms(8000) - other.shows_ms(8000) == 5000
    assert measured_ms(one, 8000, 9000) == measured_ms(other, 8000, 9000) == 1000


def test_by_the_time_of_day_something_may_end_before_it_began():
    """Time-of-day clocks: it is set back meanwhile."""
    clock = TimeOfDay(settings=(Setting(at_ms=1000, by_ms=-400),))
    assert measured_ms(clock, 900, 1200) == -100
    assert measured_ms(clock, 1100, 1200) == 100


def test_all_that_a_clock_was_set_to_adds_up():
    """Time-of-day clocks."""
    clock = TimeOfDay(ppm=100, settings=(Setting(10, 50), Setting(20, -30)))
    assert [clock.shows_ms(t) for t in (0, 10, 20_000)] == [0, 60.001, 20_022]


def test_google_takes_servers_to_drift_17_seconds_a_day():
    """Drift: 200 parts per million; 6 ms in 30 seconds."""
    assert round(drifted_ms(200, DAY_MS) / 1000) == 17
    assert drifted_ms(-200, 30_000) == 6


def test_a_clock_without_a_61st_second_shows_one_twice():
    """Leap seconds."""
    shown = [stepped_ms(LEAP.at_ms + ms, LEAP) - LEAP.at_ms for ms in (-700, 300)]
    assert shown == [-700, -700]
    assert stepped_ms(LEAP.at_ms, LEAP) < stepped_ms(LEAP.at_ms - 1, LEAP)


@given(st.integers(0, 4 * DAY_MS), st.integers(0, 4 * DAY_MS))
def test_a_smeared_clock_never_goes_back_and_loses_the_second_in_a_day(one, other):
    """Leap seconds, smeared."""
    early, late = sorted((one, other))
    assert smeared_ms(early, LEAP) <= smeared_ms(late, LEAP)
    assert abs(smeared_ms(one, LEAP) - stepped_ms(one, LEAP)) <= 500 + 1e-6
    if abs(one - LEAP.at_ms) >= DAY_MS / 2:
        assert smeared_ms(one, LEAP) == stepped_ms(one, LEAP)


def test_a_smeared_clock_is_half_a_second_off_when_the_leap_comes():
    """Leap seconds, smeared: late before it, and early after it."""
    moments = (LEAP.at_ms - 1, LEAP.at_ms)
    off = [smeared_ms(at_ms, LEAP) - stepped_ms(at_ms, LEAP) for at_ms in moments]
    assert [round(ms) for ms in off] == [-500, 500]


def test_a_smeared_second_is_slower_by_12_parts_in_a_million():
    """Leap seconds, smeared: by 1 in 86,400."""
    hour_ms = 3_600_000
    took = smeared_ms(LEAP.at_ms + hour_ms, LEAP) - smeared_ms(LEAP.at_ms, LEAP)
    assert round((hour_ms - took) / hour_ms * 1e6, 2) == 11.57


def test_no_smear_is_shorter_than_its_leap():
    with pytest.raises(Misuse, match="would have to go back"):
        smeared_ms(0, LEAP, window_ms=999)


# ------------------------------------------------------------------------------ mutants
class FollowsTheTimeOfDay(Monotonic):
    def shows_ms(self, true_ms):
        return super().shows_ms(true_ms) - 400 * (true_ms >= 1000)


class ForgetsItsSettings(TimeOfDay):
    def shows_ms(self, true_ms):
        return true_ms * (1 + self.ppm / 1e6)


def drifts_only_forward(ppm, elapsed_ms):
    return ppm * elapsed_ms / 1e6


def never_leaps(true_ms, leap):
    return true_ms


def leaps_at_once(true_ms, leap, window_ms=DAY_MS):
    return stepped_ms(true_ms, leap)


def leaps_the_day_after(true_ms, leap, window_ms=DAY_MS):
    return RIGHT.smeared_ms(true_ms - window_ms / 2, leap, window_ms) + window_ms / 2


KILLED = [
    ("Monotonic", FollowsTheTimeOfDay, test_a_monotonic_clock_never_goes_back),
    (
        "TimeOfDay",
        ForgetsItsSettings,
        test_by_the_time_of_day_something_may_end_before_it_began,
    ),
    (
        "drifted_ms",
        drifts_only_forward,
        test_google_takes_servers_to_drift_17_seconds_a_day,
    ),
    (
        "stepped_ms",
        never_leaps,
        test_a_clock_without_a_61st_second_shows_one_twice,
    ),
    (
        "smeared_ms",
        leaps_at_once,
        test_a_smeared_second_is_slower_by_12_parts_in_a_million,
    ),
    (
        "smeared_ms",
        leaps_the_day_after,
        test_a_smeared_clock_is_half_a_second_off_when_the_leap_comes,
    ),
]


@pytest.mark.parametrize(("name", "mutant", "killer"), KILLED)
def test_what_forgets_a_part_is_found(name, mutant, killer, monkeypatch):
    monkeypatch.setitem(globals(), name, mutant)
    with pytest.raises(AssertionError):
        killer()
