"""What could have caused what, in any trace."""

from __future__ import annotations

import pytest

from distlab.errors import Misuse
from distlab.trace import Step, Trace

# a tells b, b tells c; meanwhile c tells a, twice; a message of a is lost.
STEPS = (
    Step(0, "send", "a", "b", "one", msg_id=1),  # 0
    Step(1, "send", "c", "a", "two", msg_id=2),  # 1
    Step(2, "deliver", "b", "a", "one", msg_id=1),  # 2
    Step(3, "send", "b", "c", "three", msg_id=3),  # 3
    Step(4, "deliver", "a", "c", "two", msg_id=2),  # 4
    Step(5, "deliver", "c", "b", "three", msg_id=3),  # 5
    Step(6, "send", "a", "b", "four", msg_id=4),  # 6
    Step(7, "drop", "b", "a", "four", "loss", 4),  # 7
    Step(8, "deliver", "a", "c", "two", msg_id=2),  # 8
    Step(9, "fault", "", what="cut"),  # 9
)
TRACE = Trace(STEPS, ("a", "b", "c"))


def test_what_a_node_does_happens_one_after_the_other():
    assert TRACE.happened_before(0, 4)
    assert not TRACE.happened_before(4, 0)


def test_a_message_is_sent_before_it_arrives_and_what_follows_follows():
    assert TRACE.happened_before(0, 2)
    assert TRACE.happened_before(0, 5)
    assert TRACE.happened_before(STEPS[1], STEPS[8])


def test_what_no_message_joins_is_concurrent():
    assert TRACE.causality.concurrent(0, 1)
    assert TRACE.causality.concurrent(2, 4)
    assert not TRACE.causality.concurrent(2, 2)


def test_a_lost_message_has_a_past_and_no_future():
    assert TRACE.causality.past(7) == (0, 1, 4, 6)
    assert TRACE.causality.future(7) == ()


def test_a_fault_of_the_network_is_apart():
    assert TRACE.causality.past(9) == TRACE.causality.future(9) == ()


def test_past_and_future():
    assert TRACE.causality.past(5) == (0, 1, 2, 3)
    assert TRACE.causality.future(1) == (4, 5, 6, 7, 8)


def test_a_cut_is_consistent_unless_a_message_comes_out_of_its_future():
    causality = TRACE.causality
    assert causality.is_consistent({"a": 1, "b": 2, "c": 1})
    assert causality.in_transit({"a": 1, "b": 2, "c": 1}) == ((1, 4), (3, 5), (1, 8))
    assert not causality.is_consistent({"a": 0, "b": 1, "c": 1})
    assert causality.orphans({"b": 1}) == ((0, 2),)


def test_the_cut_of_a_moment():
    assert TRACE.causality.cut_at(0.004) == {"a": 2, "b": 2, "c": 1}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda c: c.past(10), "there is no step 10: they have numbers from 0 to 9"),
        (lambda c: c.past(Step(0, "note", "a")), "is no step of this trace"),
        (lambda c: c.is_consistent({"d": 1}), "'d', which is no node"),
        (lambda c: c.is_consistent({"a": 9}), "9 steps of 'a': give 0 to 4"),
    ],
)
def test_what_is_not_in_the_trace_is_refused(wrong, sentence):
    with pytest.raises(Misuse, match=sentence):
        wrong(TRACE.causality)
