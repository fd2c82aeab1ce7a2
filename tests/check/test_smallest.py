"""The smallest part that is still wrong, by delta debugging."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from distlab.check.smallest import smallest

ops = st.integers(1, 12).map(lambda n: tuple(range(n)))


@given(ops, st.data())
def test_without_any_of_what_is_left_nothing_is_wrong(every, data):
    """Zeller and Hildebrandt, Definition 8: it is 1-minimal."""
    bad = data.draw(st.lists(st.frozensets(st.sampled_from(every)), min_size=1))

    def wrong(some: tuple) -> bool:
        return any(cause and cause <= set(some) for cause in bad)

    least = smallest(every, wrong)
    if wrong(every):
        assert wrong(least)
        assert not any(wrong(rest) for rest in without_one(least))
    else:
        assert least == every


def without_one(some: tuple) -> Iterator[tuple]:
    return (some[:i] + some[i + 1 :] for i in range(len(some)))


def test_what_makes_no_sense_without_another_goes_with_it():
    """Each number needs the one before it: 3 cannot stay without 2."""

    def dependants(gone: tuple, left: tuple) -> tuple:
        return tuple(n for n in left if n - 1 in gone)

    seen: list[tuple] = []

    def wrong(some: tuple) -> bool:
        seen.append(some)
        return 2 in some

    assert smallest(tuple(range(6)), wrong, dependants) == (0, 1, 2)
    assert all(some == tuple(range(len(some))) for some in seen)


def test_the_order_is_kept():
    assert smallest((3, 1, 2, 5), lambda some: {1, 5} <= set(some)) == (1, 5)


def test_after_its_time_it_shows_what_it_has():
    asked = []

    def wrong(some: tuple) -> bool:
        asked.append(some)
        return True

    least = smallest(tuple(range(64)), wrong, time_s=0)
    assert len(asked) == 1
    assert len(least) == 32
