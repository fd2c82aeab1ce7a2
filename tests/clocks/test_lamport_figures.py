"""The figure that everybody draws: what the paper says of it."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from distlab.clocks.hybrid import HybridClock
from distlab.clocks.lamport import LamportClock
from distlab.clocks.lamport_figures import FIGURE_1, News
from distlab.clocks.vector import VectorClock
from distlab.errors import Misuse

CAUSALITY = FIGURE_1.trace.causality


def before(a: str, b: str) -> bool:
    return CAUSALITY.happened_before(FIGURE_1.number(a), FIGURE_1.number(b))


def test_there_are_four_seven_and_four_events():
    """Fig. 1."""
    names = [[e for e in FIGURE_1.events if e[0] == p] for p in "pqr"]
    assert names == [
        [f"{p}{i}" for i in range(1, n + 1)]
        for p, n in zip("pqr", (4, 7, 4), strict=True)
    ]


def test_one_can_go_from_p1_to_r4_forward_along_lines():
    """Fig. 1: p1, q2, q4, r3, r4."""
    way = ["p1", "q2", "q4", "r3", "r4"]
    assert all(before(a, b) for a, b in pairwise(way))
    assert before("p1", "r4")


def test_p3_and_q3_are_concurrent_though_one_is_drawn_higher():
    """Fig. 1: P cannot know of q3 before p4."""
    p3, q3 = FIGURE_1.number("p3"), FIGURE_1.number("q3")
    assert p3 > q3
    assert CAUSALITY.concurrent(p3, q3)
    assert before("q3", "p4")


def test_messages_may_arrive_out_of_order():
    """Fig. 1: q1 tells R before q4 does, and R hears it after."""
    assert before("q1", "q4")
    assert before("r3", "r4")
    assert dict(FIGURE_1.messages[2:4]) == {"q1": "r4", "q4": "r3"}


def test_each_event_is_a_step_that_comes_after_what_it_receives():
    """Fig. 1: and before what it sends."""
    trace = FIGURE_1.trace
    named = [step.what for step in trace.where("note")]
    assert named == list(FIGURE_1.events)
    places = {(step.kind, step.what): i for i, step in enumerate(trace)}
    for message in FIGURE_1.messages:
        sent, arrived = (places[kind, News(*message)] for kind in ("send", "deliver"))
        begin, end = map(FIGURE_1.number, message)
        assert CAUSALITY.happened_before(begin, sent)
        assert CAUSALITY.happened_before(sent, arrived)
        assert CAUSALITY.happened_before(arrived, end)


@pytest.mark.parametrize("clock", [LamportClock, VectorClock, HybridClock])
def test_each_clock_stamps_it_in_the_order_of_causes(clock):
    """Fig. 1."""
    stamps = FIGURE_1.stamps(clock)
    for a, b in product(FIGURE_1.events, FIGURE_1.events):
        assert not before(a, b) or stamps[a] < stamps[b]
        assert clock is not VectorClock or before(a, b) or not stamps[a] < stamps[b]


def test_the_numbers_are_those_that_one_counts_by_hand():
    """Fig. 1: as few ticks as there may be."""
    stamps = FIGURE_1.stamps(LamportClock)
    assert [stamps[e].clock for e in ("p1", "p2", "p3", "p4")] == [1, 2, 3, 6]
    assert [stamps[f"q{i}"].clock for i in range(1, 8)] == [1, 2, 3, 4, 5, 6, 7]
    assert [stamps[e].clock for e in ("r1", "r2", "r3", "r4")] == [1, 2, 5, 6]
    assert FIGURE_1.stamps(VectorClock)["r4"].counts == (1, 4, 4)


def test_an_event_that_is_not_there_is_refused():
    with pytest.raises(Misuse, match="no event 'p5': there are p1"):
        FIGURE_1.number("p5")
