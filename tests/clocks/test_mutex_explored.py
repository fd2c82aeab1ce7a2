"""Lamport's mutex: in no order of messages two are inside, if links keep order.

A changed count is a changed protocol.
"""

import mutex_mutants as mutants
import pytest
from mutex_claims import (
    always_one_inside,
    always_possible_that_all_have_left,
    explored,
    sometimes_one_waits_for_another,
)

from distlab.check import Budget
from distlab.check.networks import Ordered, Unordered
from distlab.clocks.mutex import LamportMutex
from distlab.node import Call, Deliver

ALL = (
    always_one_inside,
    sometimes_one_waits_for_another,
    always_possible_that_all_have_left,
)


SIZES = [(1, 3), (2, 73), pytest.param(3, 156_713, marks=pytest.mark.soak)]


@pytest.mark.parametrize(("servers", "worlds"), SIZES)
def test_no_two_are_ever_inside(servers, worlds):
    """The 73 of two nodes are those that an explorer in 60 lines counts."""
    verdict = explored(LamportMutex, servers, Ordered())
    assert verdict.valid
    assert verdict.states == worlds


def test_whatever_has_happened_all_may_still_enter_and_leave():
    assert explored(LamportMutex, 2, Ordered(), ALL).valid


def test_the_mutex_needs_links_that_keep_order():
    """An acknowledgement overtakes the request that was sent before it."""
    verdict = explored(LamportMutex, 2, Unordered())
    assert verdict.invalid
    assert "s1 and s2 are inside" in verdict.reason
    events = [type(action.event) for action, _ in verdict.path[1:]]
    assert events == [Call, Call, Deliver, Deliver]


def test_one_crash_stops_everybody():
    verdict = explored(
        LamportMutex,
        2,
        Ordered(),
        properties=(always_possible_that_all_have_left,),
        budget=Budget(crashes=1, of=("s2",)),
    )
    assert verdict.invalid
    assert len(verdict.path) == 2  # the crash is enough


# What it forgets of Rule 5, and after how many steps two are inside
MUTANTS = [
    (mutants.SkipsClauseI, 5),
    (mutants.SkipsClauseII, 2),
    (mutants.ComparesClocksOnly, 5),
    (mutants.DoesNotQueueTheRequest, 5),
]


@pytest.mark.parametrize(("mutant", "steps"), MUTANTS)
def test_what_forgets_who_is_first_lets_two_in(mutant, steps):
    verdict = explored(mutant, 2, Ordered())
    assert verdict.invalid
    assert "s1 and s2 are inside" in verdict.reason
    assert len(verdict.path) == steps + 1
