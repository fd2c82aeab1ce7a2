"""Marzullo's intersection: what it promises, beside a slow twin."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.clocks import marzullo
from distlab.clocks.marzullo import (
    ANY_TIME,
    Agreement,
    Interval,
    most_agreed,
    tolerating,
)
from distlab.errors import Misuse

RIGHT = SimpleNamespace(**vars(marzullo))  # what mutants are made of
THREE = (Interval(8, 12), Interval(11, 13), Interval(10, 12))
ends = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(sorted)
intervals = st.lists(ends.map(lambda pair: Interval(*pair)), min_size=1, max_size=7)


# ------------------------------------------------------------------------ the slow twin
def moments(said: list[Interval]) -> list[float]:
    """All ends, and a moment between each two: nothing changes anywhere else."""
    ends = sorted({end for one in said for end in (one.low_ms, one.high_ms)})
    between = [(a + b) / 2 for a, b in pairwise(ends)]
    return sorted([*ends, *between])


def allow(said: list[Interval], at_ms: float) -> int:
    return sum(at_ms in one for one in said)


@given(intervals)
def test_no_other_moment_has_more_sources_than_what_is_most_agreed_on(said):
    """Marzullo 1984: the twin asks every moment."""
    interval, sources = most_agreed(said)
    assert sources == max(allow(said, at_ms) for at_ms in moments(said))
    inside = [at_ms for at_ms in moments(said) if at_ms in interval]
    assert {allow(said, at_ms) for at_ms in inside} == {sources}


@given(intervals)
def test_of_the_intervals_with_most_sources_the_narrowest_is_taken(said):
    """Marzullo 1984: smallest."""
    interval, sources = most_agreed(said)
    runs, open_ms = [], None
    for at_ms in moments(said):
        if allow(said, at_ms) == sources:
            open_ms = at_ms if open_ms is None else open_ms
            last_ms = at_ms
        elif open_ms is not None:
            runs.append(Interval(open_ms, last_ms))
            open_ms = None
    if open_ms is not None:
        runs.append(Interval(open_ms, last_ms))
    assert interval == min(runs, key=lambda one: one.error_ms)


@given(intervals, st.integers(0, 6))
def test_what_all_but_a_few_allow_is_found_from_its_first_to_its_last_moment(
    said, faulty
):
    """Marzullo 1990: the twin asks every moment."""
    if faulty >= len(said):
        return
    enough = [t for t in moments(said) if allow(said, t) >= len(said) - faulty]
    found = Interval(enough[0], enough[-1]) if enough else None
    assert tolerating(said, faulty) == found


# ------------------------------------------------------------------------- the promises
def right(truth: int, said: list[Interval]) -> list[Interval]:
    return [one for one in said if truth in one]


@given(intervals, st.integers(0, 12))
def test_the_truth_is_inside_if_no_more_are_wrong_than_was_said(said, truth):
    """Marzullo 1990."""
    wrong = len(said) - len(right(truth, said))
    for faulty in range(wrong, len(said)):
        assert truth in tolerating(said, faulty)


@given(intervals, st.integers(0, 12))
def test_a_minority_cannot_stretch_it_beyond_what_right_ones_allow(said, truth):
    """Marzullo 1990: falsetickers are outvoted."""
    honest = right(truth, said)
    wrong = len(said) - len(honest)
    if 2 * wrong >= len(said):
        return
    found = tolerating(said, wrong)
    assert min(one.low_ms for one in honest) <= found.low_ms
    assert found.high_ms <= max(one.high_ms for one in honest)


def test_two_of_three_that_lie_alike_are_believed():
    """Marzullo 1990: a majority has to be right."""
    said = (Interval(10, 12), Interval(110, 112), Interval(111, 113))
    assert tolerating(said, 1) == Interval(111, 112)


def test_what_most_agree_on_may_leave_out_the_truth_where_the_other_does_not():
    """One of three is wrong, at 9, and still overlaps with what is right."""
    said = (Interval(8, 12), Interval(9, 13), Interval(11, 14))
    assert most_agreed(said) == Agreement(Interval(11, 12), 3)
    assert 9.5 in tolerating(said, 1)


def test_an_interval_is_its_middle_give_or_take_an_error():
    one = Interval(8, 12)
    assert (one.middle_ms, one.error_ms) == (10, 2)
    assert one.wider(1) == Interval(7, 13)


def test_who_only_touches_agrees():
    """Marzullo 1984, edges."""
    said = (Interval(1, 2), Interval(2, 3))
    assert most_agreed(said) == Agreement(Interval(2, 2), 2)


def test_who_says_nothing_contradicts_nobody():
    assert tolerating((ANY_TIME, ANY_TIME, Interval(1, 2)), 1) == ANY_TIME
    assert tolerating((ANY_TIME, Interval(0, 3), Interval(1, 2)), 1) == Interval(0, 3)


def test_what_nobody_means_is_refused():
    with pytest.raises(Misuse, match="no interval at all"):
        most_agreed(())
    with pytest.raises(Misuse, match="3 faulty of 3"):
        tolerating(THREE, 3)
    with pytest.raises(Misuse, match="5 to 3 ms allows no time at all"):
        most_agreed((*THREE, Interval(5, 3)))


# ------------------------------------------------------------------------------ mutants
def ends_before_beginnings(said):
    """Marzullo 1984, edges: who only touches does not agree."""
    return RIGHT.pieces(
        Interval(one.low_ms + 1e-9, one.high_ms) if one.low_ms < one.high_ms else one
        for one in said
    )


def forgets_where_it_ends(said):
    """Marzullo 1984, edges: counts beginnings only."""
    edges = sorted(end for one in said for end in (one.low_ms, one.high_ms))
    for count, (low, high) in enumerate(pairwise(edges), 1):
        yield Agreement(Interval(low, high), count)


def takes_the_first(said):
    """Marzullo 1984: smallest."""
    return max(RIGHT.pieces(said), key=lambda piece: piece.sources)


def keeps_the_best_part_alone(said, faulty):
    """Marzullo 1990: forgets that another agreement may be the right one."""
    found = RIGHT.most_agreed(said)
    return found.interval if found.sources >= len(said) - faulty else None


MUTANTS = [
    ("pieces", ends_before_beginnings, test_who_only_touches_agrees),
    (
        "pieces",
        forgets_where_it_ends,
        test_no_other_moment_has_more_sources_than_what_is_most_agreed_on,
    ),
    (
        "most_agreed",
        takes_the_first,
        test_of_the_intervals_with_most_sources_the_narrowest_is_taken,
    ),
    (
        "tolerating",
        keeps_the_best_part_alone,
        test_the_truth_is_inside_if_no_more_are_wrong_than_was_said,
    ),
]


@pytest.mark.parametrize(("name", "mutant", "killer"), MUTANTS)
def test_what_forgets_a_part_is_found(name, mutant, killer, monkeypatch):
    monkeypatch.setattr(marzullo, name, mutant)
    monkeypatch.setitem(globals(), name, mutant)
    with pytest.raises(AssertionError):
        killer()
