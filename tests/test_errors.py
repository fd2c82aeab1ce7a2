"""Errors are sentences, and of four kinds."""

from __future__ import annotations

import pytest

from distlab.errors import (
    DistlabError,
    Exercise,
    Misuse,
    UnhandledMessage,
    Violation,
    did_you_mean,
)


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (Misuse, TypeError),
        (UnhandledMessage, TypeError),
        (Violation, AssertionError),
        (Exercise, NotImplementedError),
    ],
)
def test_each_kind_can_be_caught_as_ours_and_as_pythons(kind, also):
    with pytest.raises(DistlabError, match="a sentence"):
        raise kind("a sentence")
    with pytest.raises(also):
        raise kind("a sentence")


def test_a_violation_carries_what_replays_it():
    broken = Violation("two leaders", seed=7, trace=("step",))
    assert (str(broken), broken.seed, broken.trace) == ("two leaders", 7, ("step",))
    assert Violation("two leaders").seed is None


def test_the_nearest_name_is_offered():
    assert did_you_mean("on_requst", ["on_request", "on_reply"]) == (
        " Did you mean `on_request`?"
    )


def test_a_name_that_is_near_to_none_gets_no_offer():
    assert did_you_mean("xyz", ["on_request"]) == ""
