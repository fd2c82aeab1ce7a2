"""PRAM, against a twin that tries every order of each process."""

from __future__ import annotations

import pytest
from check import twins_weak as twins
from check.histories import read, write
from check.twins_weak import did

from distlab.check import pram as module
from distlab.check import reads_from
from distlab.check.causal import causally_consistent
from distlab.check.limits import Limits
from distlab.check.orders import Order
from distlab.check.pram import View, pram
from distlab.history import History


# ------------------------------------------------------------------------ slow twins
def test_the_judge_says_of_all_small_histories_what_its_definition_says():
    """Lipton and Sandberg 1988."""
    small = (history for number in (1, 2, 3) for history in twins.every(number))
    differs = twins.first_difference(pram, twins.pipelined, small)
    assert differs is None, twins.disagreement(pram, differs)


def test_it_says_of_random_histories_what_its_definition_says():
    random = map(twins.drawn, range(500))
    differs = twins.first_difference(pram, twins.pipelined, random)
    assert differs is None, twins.disagreement(pram, differs)


@pytest.mark.soak
def test_it_says_of_many_more_histories_what_its_definition_says():
    for histories in (twins.every(4), map(twins.drawn, range(500, 10_500))):
        differs = twins.first_difference(pram, twins.pipelined, histories)
        assert differs is None, twins.disagreement(pram, differs)


# ---------------------------------------------------------------------- known histories
ANSWER_FIRST = did(a="w(x)1", b="r(x)1 w(y)1", c="r(y)1 r(x)0")
BACKWARDS = did(a="w(x)1 w(x)2", b="r(x)2 r(x)1")
APART = did(a="w(x)1", b="w(x)2", c="r(x)1 r(x)2", d="r(x)2 r(x)1")


def test_nobody_has_to_know_what_a_writer_had_read():
    """An answer may come before its question: so PRAM is less than causality."""
    verdict = pram(ANSWER_FIRST)
    assert verdict.valid
    assert causally_consistent(ANSWER_FIRST).invalid
    assert list(map(str, verdict.order)) == [
        "b: x = 1, then read x = 1, then y = 1",
        "c: y = 1, then read y = 1, then read x = None, then x = 1",
    ]


def test_two_processes_may_see_two_writes_in_opposite_orders():
    """Lipton and Sandberg 1988: each pipeline has a delay of its own."""
    verdict = pram(APART)
    assert verdict.valid
    assert list(map(str, verdict.order)) == [
        "c: x = 1, then read x = 1, then x = 2, then read x = 2",
        "d: x = 2, then read x = 2, then x = 1, then read x = 1",
    ]


def test_the_writes_of_one_process_are_seen_in_the_order_in_which_it_made_them():
    """Lipton and Sandberg 1988: pipelines are first in, first out."""
    verdict = pram(BACKWARDS)
    assert verdict.reason == (
        "As b sees it: a wrote x = 2 (10 to 15 ms), then b read x = 2 (0 to 5 ms), "
        "then b read x = 1 (10 to 15 ms). So x = 2 comes before x = 1. a wrote x = 1 "
        "(0 to 5 ms), then a wrote x = 2 (10 to 15 ms). No order allows all this "
        "(CyclicHB)."
    )


def test_a_process_sees_its_own_writes_at_once():
    """Lipton and Sandberg 1988: a write goes to the own memory first."""
    verdict = pram(did(a="w(x)1 r(x)0"))
    assert verdict.reason == (
        "As a sees it: a read x and found nothing (10 to 15 ms), knowing of x = 1: a "
        "wrote x = 1 (0 to 5 ms), then a read x and found nothing (10 to 15 ms) "
        "(WriteHBInitRead)."
    )


# ------------------------------------------------------------------------- the argument
def test_each_view_explains_what_its_process_read_and_keeps_the_order_of_each():
    views = 0
    for history in map(twins.drawn, range(500)):
        verdict = pram(history)
        for view in verdict.order if verdict.valid else ():
            ops, every = view.order, range(len(view.order))
            own = {
                op for op in history if op.process == view.process and op.f == "read"
            }
            assert own <= set(ops)
            assert twins.explains(tuple(every), frozenset(every), ops)
            order = tuple(op for op in history if op in ops)
            place = [ops.index(op) for op in order]
            assert all(place[i] < place[j] for i, j in twins.program_order(order))
            views += 1
    assert views > 300


def test_the_evidence_alone_is_wrong_and_nothing_of_it_can_be_spared():
    for history in map(twins.drawn, range(500)):
        verdict = pram(history)
        if verdict.invalid:
            least = History(verdict.evidence)
            assert twins.twin(least, twins.pipelined) == "invalid"
            for op in least:
                gone = [op, *(o for o in least if (*o.args, o.result) == op.args)]
                rest = least.where(test=lambda o, gone=gone: o not in gone)
                assert twins.twin(rest, twins.pipelined) != "invalid"


def test_only_the_reads_of_one_process_are_in_the_evidence():
    for history in map(twins.drawn, range(500)):
        reads = [op for op in pram(history).evidence if op.f == "read"]
        assert len({op.process for op in reads}) <= 1


def test_what_costs_too_much_is_unknown():
    assert pram(APART, Limits(steps=5)).unknown


def test_without_a_read_nothing_is_known():
    assert pram(did(a="w(x)1")).unknown


def test_a_write_that_nobody_knows_does_not_hold_up_what_its_process_did_next():
    unsure = write("a", "x", 1, 0, 5, outcome="info")
    later = write("a", "x", 2, 6, 9)
    seen = read("b", "x", 2, 10, 12), read("b", "x", 1, 13, 14)
    assert pram(History([unsure, later, *seen])).valid


# --------------------------------------------------------------- mutants of the judge
def judges_causal_memory(patch):
    """It respects what other processes have read, too."""
    patch.setattr(
        module,
        "pipelined",
        lambda shown, meter: module.views(
            shown, lambda process: Order(shown, shown.seen, meter), meter
        ),
    )


def forgets_what_a_process_did_before(patch):
    def into_lanes(self):
        self.lane = list(range(len(self.ops)))
        self.place = [0] * len(self.ops)
        self.lanes = [[i] for i in self.lane]

    patch.setattr(reads_from.ReadsFrom, "_into_lanes", into_lanes)


def puts_one_order_before_all(patch):
    """All processes share one view."""

    def views(shown, known, meter):
        order = Order(shown, shown.seen, meter)
        order = module.saturated(shown, shown.reads, order, meter)
        return order if isinstance(order, module.Pattern) else ()

    patch.setattr(module, "views", views)


def adds_nothing(patch):
    patch.setattr(
        module,
        "saturated",
        lambda shown, reads, order, meter: order,
    )


def judges_the_first_process_alone(patch):
    original = module.saturated
    judged = []

    def saturated(shown, reads, order, meter):
        judged.append(shown)
        first = len(judged) == 1 or judged[-1] is not judged[-2]
        return original(shown, reads if first else [], order, meter)

    patch.setattr(module, "saturated", saturated)


MUTANTS = [
    judges_causal_memory,
    forgets_what_a_process_did_before,
    puts_one_order_before_all,
    adds_nothing,
    judges_the_first_process_alone,
]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_judge_that_forgets_something_is_told_from_its_definition(
    mutant, monkeypatch
):
    mutant(monkeypatch)
    some = (ANSWER_FIRST, BACKWARDS, APART, *map(twins.drawn, range(300)))
    assert twins.first_difference(pram, twins.pipelined, some) is not None


def test_a_view_reads_as_a_line():
    view = View("c", (write("a", "x", 1, 0, 1), read("c", "x", 1, 2, 3)))
    assert str(view) == "c: x = 1, then read x = 1"
