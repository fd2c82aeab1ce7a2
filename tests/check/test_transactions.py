"""Levels of isolation, against twins that try every order."""

from __future__ import annotations

import pytest
from check import twins_transactions as twins
from check.transaction_histories import drawn

from distlab.check import transactions

EXACT = {
    "serializable": twins.serializable,
    "strong session serializable": twins.session_serializable,
    "strict serializable": twins.strict_serializable,
}


def first_difference(seeds=range(500), **kind) -> int | None:
    """The seed of the first history on which a verdict and its twin differ."""
    for seed in seeds:
        history = drawn(seed, **kind)
        verdicts = transactions.placed(history)
        for level, twin in EXACT.items():
            if not verdicts[level].unknown and verdicts[level].valid != twin(history):
                return seed
    return None


def test_lists_are_judged_as_if_every_order_had_been_tried():
    seed = first_difference()
    assert seed is None, f"seed {seed}: {drawn(seed).text()}"
