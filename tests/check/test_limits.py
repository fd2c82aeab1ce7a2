"""A checker stops at its limits and says which one it was."""

from __future__ import annotations

import pytest

from distlab.check import Limits, limits
from distlab.errors import Misuse


def steps_taken(meter, most=100_000):
    return next(i for i in range(most) if not meter.step())


def test_steps_are_counted_exactly():
    meter = Limits(steps=1000).meter()
    assert steps_taken(meter) == 1000
    assert meter.exceeded == "1,000 steps"


def test_time_ends_a_search():
    meter = Limits(time_s=1e-9).meter()
    assert steps_taken(meter) < 2 * limits.LOOK_EVERY
    assert meter.exceeded == "1e-09 s"


def test_memory_ends_a_search():
    meter, held = Limits(memory_mb=20).meter(), []
    while meter.step():
        held.append(bytes(100_000))
    assert meter.exceeded == "20 MB"
    assert len(held) < 2000, "ten times as much was taken"


@pytest.mark.parametrize("limit", ["steps", "time_s", "memory_mb"])
def test_a_limit_of_nothing_is_refused(limit):
    with pytest.raises(Misuse, match=f"Limits: {limit} is 0; give more"):
        Limits(**{limit: 0})
