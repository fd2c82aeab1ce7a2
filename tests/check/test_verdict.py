"""A verdict has three outcomes, says how strong it is, and reads as an argument."""

from __future__ import annotations

import pytest
from check.histories import write

from distlab.check import Verdict
from distlab.codec import from_json, to_json
from distlab.errors import Misuse

LOST = Verdict(
    "invalid",
    "acknowledged writes are still there",
    "1 write on 2 replicas",
    "c1 wrote x = 1, and nobody has it.",
    (write("c1", "x", 1, 0, 5),),
)


@pytest.mark.parametrize("outcome", ["valid", "invalid", "unknown"])
def test_exactly_one_of_three_holds(outcome):
    verdict = Verdict(outcome, "p", "s", "r")
    asked = {o: getattr(verdict, o) for o in ("valid", "invalid", "unknown")}
    assert asked == {o: o == outcome for o in asked}


def test_a_verdict_is_not_a_yes_or_no():
    with pytest.raises(Misuse, match="has three outcomes, this one is invalid: ask"):
        bool(LOST)


def test_a_verdict_prints_its_argument_and_evidence():
    assert repr(LOST) == (
        "INVALID  acknowledged writes are still there  (1 write on 2 replicas)\n"
        "c1 wrote x = 1, and nobody has it.\n"
        "    c1        0.000 to    5.000 ms  write('x', 1) → ok"
    )


def test_a_verdict_is_a_sentence_too():
    assert str(LOST) == (
        "invalid: acknowledged writes are still there (1 write on 2 replicas). c1 "
        "wrote x = 1, and nobody has it."
    )


def test_a_verdict_is_a_value_that_can_be_kept():
    assert from_json(to_json(LOST)) == LOST
    assert len({LOST, from_json(to_json(LOST))}) == 1
