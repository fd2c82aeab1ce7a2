"""Where operations touch: a process that calls at once has done one after the other.

Herlihy and Wing, section 2.3: real time orders what had ended before another began.
"""

import random

import pytest
from check.brute_force import Operations, explained

from distlab.check import course
from distlab.check.configurations import Search
from distlab.check.limits import Limits
from distlab.grade.checks.models.notation import history
from distlab.history import Operation
from distlab.machine import Register

REGISTER = Register()


def without_keys(text: str) -> Operations:
    return tuple(op._replace(args=op.args[1:]) for op in history(text))


def touching(seed: int) -> Operations:
    """Three processes on a clock so coarse that calls and ends fall together."""
    rng = random.Random(seed)
    free = dict.fromkeys(("a", "b", "c"), 0)
    ops = []
    for _ in range(rng.randint(3, 6)):
        process = rng.choice("abc")
        called = free[process] + rng.choice((0, 0, 1))
        free[process] = called + rng.randint(1, 2)
        value = rng.choice((None, 1, 2))
        op = Operation(process, "read", (), called, "ok", value, free[process])
        if rng.random() < 0.6:
            op = op._replace(f="write", args=(value or 1,), result=None)
        ops.append(op)
    return tuple(sorted(ops, key=lambda op: op.invoked_us))


def says(ops: Operations) -> bool | None:
    return Search(ops, REGISTER, Limits().meter(), keyed=False).run().explained


@pytest.mark.parametrize(
    "text",
    [
        "c2 0-2 x=1\nc3 0-2 x=2\nc3 2-3 x=2\nc1 5-7 x?1",
        "b 0-2 x=1\na 1-2 x=1\nc 1-2 x?-\na 2-3 x=2\nb 2-3 x=2\nb 3-5 x?1",
        "b 0-1 x=2\na 1-3 x=2\nc 1-3 x=1\nc 3-4 x=1\nc 4-5 x?2",
    ],
)
def test_what_ends_in_that_moment_may_come_after_both(text):
    """Section 2.3: they overlap, though one of the two comes before the other."""
    ops = without_keys(text)
    assert explained(ops, REGISTER)
    assert says(ops)


def differences(seeds: range) -> list[int]:
    found = ((seed, touching(seed)) for seed in seeds)
    return [seed for seed, ops in found if says(ops) != explained(ops, REGISTER)]


def test_the_search_says_what_all_orders_say_where_operations_touch():
    """Section 2.3."""
    assert differences(range(500)) == []


def test_a_search_that_lets_them_hide_is_told_from_its_twin(monkeypatch):
    """Its process waits for what has happened, and what hides may not have."""
    monkeypatch.setattr(course, "in_a_crowd", lambda ops, chained: ())
    assert differences(range(2_000))


@pytest.mark.soak
def test_the_search_says_so_of_many():
    """Section 2.3."""
    assert differences(range(10_000)) == []
