"""Total order broadcast: what a run may and may not deliver."""

import pytest

from distlab.check import total_order as judging
from distlab.check.total_order import total_order
from distlab.node import Call
from distlab.replicated import Command, Delivered, Restored
from distlab.trace import Step, Trace

A, B = (Command(c, 1, Call("write", ("x", c))) for c in ("c1", "c2"))
CALLS = tuple(Step(0, "call", c.client, what=c.call) for c in (A, B))


def run(*outputs: tuple[str, Delivered | Restored], calls=CALLS) -> Trace:
    told = [
        Step(1000 * i, "output", node, what=what)
        for i, (node, what) in enumerate(outputs)
    ]
    return Trace((*calls, *told), ("s1", "s2", "c1", "c2"))


GOOD = (
    ("s1", Delivered(1, A)),
    ("s2", Delivered(1, A)),
    ("s2", Delivered(2, None)),
    ("s2", Delivered(3, B)),
)


def test_replicas_may_be_at_different_places_of_one_order():
    verdict = total_order(run(*GOOD))
    assert verdict.valid
    assert verdict.strength == "4 deliveries in one run"


def test_who_recovers_may_deliver_again():
    assert total_order(
        run(*GOOD, ("s2", Delivered(1, A)), ("s2", Delivered(2, None)))
    ).valid


def test_a_snapshot_stands_for_what_it_holds():
    later = ("s1", Delivered(3, B))
    assert total_order(run(*GOOD, ("s1", Restored(2)), later)).valid
    assert total_order(run(*GOOD, later)).invalid


def test_who_delivers_nothing_has_proved_nothing():
    assert total_order(run()).unknown


BAD = {
    "two at one place": (
        (("s1", Delivered(1, A)), ("s2", Delivered(1, B))),
        (
            "s1 delivered 1: c1#1 write('x', 'c1') at 0 ms, and s2 delivered "
            "1: c2#1 write('x', 'c2') at 1 ms."
        ),
    ),
    "something and nothing": (
        (("s1", Delivered(1, A)), ("s2", Delivered(1, None))),
        (
            "s1 delivered 1: c1#1 write('x', 'c1') at 0 ms, and s2 delivered "
            "1: nothing at 1 ms."
        ),
    ),
    "left out": (
        (("s1", Delivered(1, A)), ("s1", Delivered(3, B))),
        (
            "s1 delivered 3: c2#1 write('x', 'c2') at 1 ms, and had come no further "
            "than 1 before."
        ),
    ),
    "made up": (
        (("s1", Delivered(1, Command("c3", 1, Call("read", ("x",))))),),
        ("s1 delivered 1: c3#1 read('x'), which nobody had called."),
    ),
}


@pytest.mark.parametrize("wrong", BAD)
def test_what_is_wrong_is_told_with_who_and_when(wrong):
    outputs, reason = BAD[wrong]
    verdict = total_order(run(*outputs))
    assert verdict.invalid
    assert verdict.reason == reason


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("two_at_one_place", "two at one place"),
        ("left_out", "left out"),
        ("made_up", "made up"),
    ],
)
def test_a_judge_that_forgets_a_rule_lets_something_pass(monkeypatch, rule, wrong):
    monkeypatch.setattr(judging, rule, lambda trace: None)
    assert total_order(run(*BAD[wrong][0])).valid
