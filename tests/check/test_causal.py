"""Causal consistency in its three strengths, against twins that try every order."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest
from check import twins_weak as twins
from check.histories import read, write
from check.twins_weak import did

from distlab.check import causal, orders, patterns, pram, reads_from
from distlab.check.causal import (
    causal_memory,
    causally_consistent,
    causally_convergent,
)
from distlab.check.limits import Limits
from distlab.errors import Misuse
from distlab.history import History, Operation

TWINS = {
    causally_consistent: twins.consistent,
    causal_memory: twins.memory,
    causally_convergent: twins.convergent,
}
each = pytest.mark.parametrize("judge", TWINS, ids=lambda judge: judge.__name__)


# ------------------------------------------------------------------------ slow twins
@each
def test_each_judge_says_of_all_small_histories_what_its_definition_says(judge):
    """Bouajjani et al., table 3: what lacks a model's bad patterns is right."""
    small = (history for number in (1, 2, 3) for history in twins.every(number))
    differs = twins.first_difference(judge, TWINS[judge], small)
    assert differs is None, twins.disagreement(judge, differs)


@each
def test_each_judge_says_of_random_histories_what_its_definition_says(judge):
    random = (twins.drawn(seed) for seed in range(500))
    differs = twins.first_difference(judge, TWINS[judge], random)
    assert differs is None, twins.disagreement(judge, differs)


@pytest.mark.soak
@each
def test_each_judge_says_of_many_more_histories_what_its_definition_says(judge):
    random = (twins.drawn(seed) for seed in range(500, 10_500))
    for histories in (twins.every(4), random):
        differs = twins.first_difference(judge, TWINS[judge], histories)
        assert differs is None, twins.disagreement(judge, differs)


@each
def test_the_least_causal_order_is_as_good_as_any(judge):
    """Bouajjani et al.: of all causal orders, program order and reads-from will do."""
    for history in islice(twins.every(3), 0, None, 3):
        least = twins.twin(history, TWINS[judge])
        assert least == twins.twin(history, TWINS[judge], twins.every_causal_order)


def test_the_random_histories_tell_the_models_apart():
    outcomes = {
        (causal_memory(history).outcome, causally_convergent(history).outcome)
        for history in map(twins.drawn, range(500))
        if causally_consistent(history).valid
    }
    assert {(a, b) for a in ("valid", "invalid") for b in ("valid", "invalid")} <= (
        outcomes | {("invalid", "valid")}  # this one is too rare: see CCV_NOT_CM
    )


# -------------------------------------------------------------- the papers' histories
CM_NOT_CCV = did(a="w(x)1 r(x)2", b="w(x)2 r(x)1")
CCV_NOT_CM = did(a="w(z)1 w(x)1 w(y)1", b="w(x)2 r(z)0 r(y)1 r(x)2")
CC_ALONE = did(a="w(x)1", b="w(x)2 r(x)1 r(x)2")
ALL_BUT_SC = did(a="w(x)1 r(y)0 w(y)1 r(x)1", b="w(x)2 r(y)0 w(y)2 r(x)2")
NOT_EVEN_CC = did(a="w(x)1 w(y)1", b="r(y)1 w(x)2", c="r(x)2 r(x)1")
HISTORIES = {  # Bouajjani et al., figure 3: CC, CM, CCv
    "3a: causal memory, and no causal convergence": (CM_NOT_CCV, "valid", "invalid"),
    "3b: causal convergence, and no causal memory": (CCV_NOT_CM, "invalid", "valid"),
    "3c: causal consistency alone": (CC_ALONE, "invalid", "invalid"),
    "3d: all three": (ALL_BUT_SC, "valid", "valid"),
}


@pytest.mark.parametrize("figure", HISTORIES)
def test_the_three_are_told_apart_by_the_histories_of_the_paper(figure):
    """Bouajjani et al., figure 3."""
    history, memory, convergent = HISTORIES[figure]
    assert causally_consistent(history).valid
    assert causal_memory(history).outcome == memory
    assert causally_convergent(history).outcome == convergent
    for judge, definition in TWINS.items():
        assert judge(history).outcome == twins.twin(history, definition)


@each
def test_a_read_of_what_was_replaced_before_its_causes_breaks_all_three(judge):
    """Bouajjani et al., figure 3e."""
    verdict = judge(NOT_EVEN_CC)
    assert verdict.invalid
    assert verdict.reason == (
        "c read x = 1 (10 to 15 ms), knowing of x = 2, which comes after x = 1: a "
        "wrote x = 1 (0 to 5 ms), then a wrote y = 1 (10 to 15 ms), then b read y = 1 "
        "(0 to 5 ms), then b wrote x = 2 (10 to 15 ms), then c read x = 2 (0 to 5 ms), "
        "then c read x = 1 (10 to 15 ms) (WriteCORead)."
    )


TOLD = {
    "ThinAirRead": (
        did(a="w(x)1", b="r(x)2"),
        causally_consistent,
        "b read x = 2 (0 to 5 ms), which nobody wrote (ThinAirRead).",
        "",
    ),
    "CyclicCO": (
        did(a="r(x)1 w(y)1", b="r(y)1 w(x)1"),
        causally_consistent,
        (
            "a read x = 1 (0 to 5 ms), then a wrote y = 1 (10 to 15 ms), then b read y "
            "= 1 (0 to 5 ms), then b wrote x = 1 (10 to 15 ms), then a read x = 1 (0 "
            "to 5 ms). No order allows all this (CyclicCO)."
        ),
        "process wr process wr",
    ),
    "WriteCOInitRead": (
        did(a="w(x)1", b="r(x)1 w(y)1", c="r(y)1 r(x)0"),
        causally_consistent,
        (
            "c read x and found nothing (10 to 15 ms), knowing of x = 1: a wrote x = 1 "
            "(0 to 5 ms), then b read x = 1 (0 to 5 ms), then b wrote y = 1 (10 to 15 "
            "ms), then c read y = 1 (0 to 5 ms), then c read x and found nothing (10 "
            "to 15 ms) (WriteCOInitRead)."
        ),
        "rw wr process wr process",
    ),
    "WriteCORead": (
        did(a="w(x)1 w(x)2", b="r(x)2 r(x)1"),
        causally_consistent,
        (
            "b read x = 1 (10 to 15 ms), knowing of x = 2, which comes after x = 1: a "
            "wrote x = 1 (0 to 5 ms), then a wrote x = 2 (10 to 15 ms), then b read x "
            "= 2 (0 to 5 ms), then b read x = 1 (10 to 15 ms) (WriteCORead)."
        ),
        "rw wr process",
    ),
    "CyclicCF": (
        CM_NOT_CCV,
        causally_convergent,
        (
            "a wrote x = 1 (0 to 5 ms), then a read x = 2 (10 to 15 ms). So x = 1 "
            "comes before x = 2. b wrote x = 2 (0 to 5 ms), then b read x = 1 (10 to "
            "15 ms). So x = 2 comes before x = 1. No order allows all this (CyclicCF)."
        ),
        "ww ww",
    ),
    "CyclicHB": (
        did(a="w(x)1", b="w(x)2", c="r(x)1 r(x)2 r(x)1"),
        causal_memory,
        (
            "As c sees it: a wrote x = 1 (0 to 5 ms), then c read x = 1 (0 to 5 ms), "
            "then c read x = 2 (10 to 15 ms). So x = 1 comes before x = 2. b wrote x = "
            "2 (0 to 5 ms), then c read x = 2 (10 to 15 ms), then c read x = 1 (20 to "
            "25 ms). So x = 2 comes before x = 1. No order allows all this (CyclicHB)."
        ),
        "ww ww",
    ),
    "WriteHBInitRead": (
        CCV_NOT_CM,
        causal_memory,
        (
            "As b sees it: a wrote x = 1 (10 to 15 ms), then a wrote y = 1 (20 to 25 "
            "ms), then b read y = 1 (20 to 25 ms), then b read x = 2 (30 to 35 ms). So "
            "x = 1 comes before x = 2. b read z and found nothing (10 to 15 ms), "
            "knowing of z = 1: a wrote z = 1 (0 to 5 ms), then a wrote x = 1 (10 to 15 "
            "ms), then b wrote x = 2 (0 to 5 ms), then b read z and found nothing (10 "
            "to 15 ms) (WriteHBInitRead)."
        ),
        "rw process ww process",
    ),
}


@pytest.mark.parametrize("pattern", TOLD)
def test_each_bad_pattern_is_found_and_told(pattern):
    """Bouajjani et al., table 2."""
    history, judge, reason, kinds = TOLD[pattern]
    verdict = judge(history)
    assert (verdict.outcome, verdict.reason) == ("invalid", reason)
    assert [edge.kind for edge in verdict.cycle] == kinds.split()


def test_who_sees_the_answer_sees_the_question():
    """The example of every lesson: lost without causal consistency."""
    verdict = causally_consistent(
        History(
            (
                write("ann", "question", "why?", 0, 5),
                read("bob", "question", "why?", 6, 7),
                write("bob", "answer", "because", 8, 9),
                read("eve", "answer", "because", 10, 11),
                read("eve", "question", None, 12, 13),
            )
        )
    )
    assert "(WriteCOInitRead)" in verdict.reason
    assert len(verdict.evidence) == 5


# ------------------------------------------------------------------------- the argument
RANDOM = range(800)


@each
def test_the_evidence_alone_is_wrong_and_nothing_of_it_can_be_spared(judge):
    for history in map(twins.drawn, RANDOM):
        verdict = judge(history)
        if verdict.invalid:
            least = History(verdict.evidence)
            assert all(op in history for op in least)
            assert twins.twin(least, TWINS[judge]) == "invalid"
            for op in least:
                gone = [op, *(o for o in least if (*o.args, o.result) == op.args)]
                rest = least.where(test=lambda o, gone=gone: o not in gone)
                assert twins.twin(rest, TWINS[judge]) != "invalid", least.text()


@each
def test_a_cycle_leads_back_to_where_it_began_and_all_of_it_is_in_the_evidence(judge):
    found = 0
    for history in map(twins.drawn, RANDOM):
        cycle = judge(history).cycle
        for edge, following in pairwise((*cycle, *cycle[:1])):
            assert edge.target == following.source
            assert {edge.source, edge.target} <= set(judge(history).evidence)
        found += len(cycle) > 2
    assert found > 15


def places(ops: tuple[Operation, ...]) -> twins.Pairs:
    return next(twins.least_causal_order(ops, twins.program_order(ops)))


def test_the_order_of_a_valid_verdict_keeps_causes_first():
    for history in map(twins.drawn, RANDOM):
        if (verdict := causally_consistent(history)).valid:
            assert all(i < j for i, j in places(verdict.order))


def test_the_order_of_a_convergent_history_explains_each_read_by_what_it_depends_on():
    for history in map(twins.drawn, RANDOM):
        if (verdict := causally_convergent(history)).valid:
            ops, order = verdict.order, places(verdict.order)
            for i in range(len(ops)):
                known = tuple(sorted(twins.past(i, order)))
                assert twins.explains(known, frozenset({i}), ops)


def test_the_views_of_causal_memory_explain_what_each_process_read_and_keep_causes():
    for history in map(twins.drawn, RANDOM):
        if (verdict := causal_memory(history)).valid:
            order = causally_consistent(history).order
            causes = {(order[i], order[j]) for i, j in places(order)}
            for view in verdict.order:
                ops = view.order
                every = range(len(ops))
                assert twins.explains(tuple(every), frozenset(every), ops)
                assert not any(
                    (ops[j], ops[i]) in causes for j in every for i in range(j)
                )


# ---------------------------------------------------------- what is known, and what not
@each
def test_a_write_of_which_nobody_knows_need_not_have_happened(judge):
    open_write = write("a", "x", 1, 0, None)
    assert judge(History([open_write, read("b", "x", None, 6, 7)])).valid


@each
def test_one_that_was_seen_has_happened_but_not_before_what_its_process_did_next(judge):
    unsure = write("a", "x", 1, 0, 5, outcome="info")
    later = write("a", "x", 2, 6, 9)
    seen = read("b", "x", 2, 10, 12), read("b", "x", 1, 13, 14)
    assert judge(History([unsure, later, *seen])).valid
    earlier = write("a", "x", 0, -3, -1)
    stale = read("b", "x", 1, 10, 12), read("b", "x", 0, 13, 14)
    assert judge(History([earlier, unsure, *stale])).invalid


@each
def test_a_read_of_what_failed_is_told(judge):
    failed = write("a", "x", 1, 0, 5, outcome="fail")
    verdict = judge(History([failed, read("b", "x", 1, 6, 7)]))
    assert verdict.reason == (
        "b read x = 1 (6 to 7 ms), but a wrote x = 1 (0 to 5 ms) and was told that it "
        "had failed (ThinAirRead)."
    )
    assert len(verdict.evidence) == 2


@each
def test_without_a_read_nothing_is_known(judge):
    for history in (History(), History([write("a", "x", 1, 0, 5)])):
        assert judge(history).unknown
        assert judge(history).reason == "No read has told anything."


@each
def test_what_costs_too_much_is_unknown(judge):
    verdict = judge(CC_ALONE, Limits(steps=3))
    assert verdict.unknown
    assert verdict.reason == "The check gave up after 3 steps: raise `limits`."


@each
def test_histories_that_cannot_be_judged_are_refused(judge):
    with pytest.raises(Misuse, match="b writes x = 1 again: this check needs values"):
        judge(did(a="w(x)1", b="w(x)1"))
    with pytest.raises(Misuse, match="c1 called `cas`, and this check knows `read`"):
        judge(History([Operation("c1", "cas", ("x", 1, 2), 0, "ok", True, 5)]))
    with pytest.raises(Misuse, match="c1 calls `read` at 1 ms before its last"):
        judge(History([write("c1", "x", 1, 0, 2), read("c1", "x", 1, 1, 3)]))


def test_of_a_long_history_only_what_is_wrong_is_told():
    """Two hundred writes that everybody sees, and one reader who goes back."""
    writes = [write("a", "x", i, 10 * i, 10 * i + 5) for i in range(200)]
    reads = [read("b", "x", i, 10 * i + 6, 10 * i + 7) for i in range(200)]
    late = read("c", "x", 150, 3000, 3001), read("c", "x", 50, 3002, 3003)
    for judge in TWINS:
        verdict = judge(History([*writes, *reads, *late]))
        assert verdict.evidence == (writes[50], writes[150], *late)


# --------------------------------------------------------------- mutants of the judges
def forgets_what_a_process_did_before(patch):
    def into_lanes(self):
        self.lane = list(range(len(self.ops)))
        self.place = [0] * len(self.ops)
        self.lanes = [[i] for i in self.lane]

    patch.setattr(reads_from.ReadsFrom, "_into_lanes", into_lanes)


def forgets_who_read_from_whom(patch):
    original = orders.Order.__init__

    def init(self, shown, links, meter):
        links = [link for link in links if link.kind != "wr"]
        original(self, shown, links, meter)

    patch.setattr(orders.Order, "__init__", init)


def with_outcomes(change):
    """Judges that take some outcomes for others."""

    def mutant(patch):
        original = reads_from.ReadsFrom.__init__

        def init(self, history):
            original(self, History(op for op in map(change, history) if op))

        patch.setattr(reads_from.ReadsFrom, "__init__", init)

    mutant.__name__ = change.__name__
    return mutant


@with_outcomes
def takes_what_nobody_knows_for_certain(op):
    return op._replace(outcome="ok") if op.outcome == "info" else op


@with_outcomes
def takes_what_nobody_knows_for_never(op):
    return op if op.outcome != "info" else None


@with_outcomes
def believes_what_failed(op):
    return op._replace(outcome="info") if op.outcome == "fail" else op


def forgets_what_comes_before_a_write_that_nobody_knows(patch):
    original = reads_from.ReadsFrom._into_lanes

    def into_lanes(self):
        original(self)
        self.fork = {}

    patch.setattr(reads_from.ReadsFrom, "_into_lanes", into_lanes)


def finds_no_circles(patch):
    patch.setattr(orders.Order, "circular", False)
    original = orders.Order._sort

    def sort(self, meter):
        original(self, meter)
        for i in range(len(self.shown.ops)):
            if i not in self.past:
                self.past[i] = [0] * len(self.shown.lanes)
                self.sequence.append(i)

    patch.setattr(orders.Order, "_sort", sort)


def looks_at_one_write_alone(patch):
    original = orders.Order.last_writes
    patch.setattr(
        orders.Order,
        "last_writes",
        lambda self, read: islice(original(self, read), 1),
    )


def forgets_what_was_there_at_first(patch):
    original = orders.Order.last_writes

    def last_writes(self, read):
        return () if self.shown.source[read] is None else original(self, read)

    patch.setattr(orders.Order, "last_writes", last_writes)


def asks_no_writer(patch):
    patch.setattr(reads_from, "seen_from_nowhere", lambda read, versions: None)


def lets_what_was_replaced_be_read(patch):
    """CC without WriteCORead: it only knows what was there at first."""

    def dependencies(shown, meter):
        order = orders.Order(shown, shown.seen, meter)
        circle = order.circle() if order.circular else None
        return patterns.Pattern("CyclicCO", order, circle) if circle else order

    patch.setattr(causal, "dependencies", dependencies)


def follows_its_own_process_alone(patch):
    """Causal memory that is only PRAM, beside CC."""
    original = causal.views

    def views(shown, known, meter):
        order = orders.Order(shown, [], meter)
        return original(shown, lambda process: order, meter)

    patch.setattr(causal, "views", views)


def adds_what_follows_once(patch):
    patch.setattr(pram, "count", lambda start: [start])
    original = pram.saturated

    def saturated(shown, reads, order, meter):
        try:
            return original(shown, reads, order, meter)
        except AssertionError:
            return order

    patch.setattr(pram, "saturated", saturated)


def adds_nothing(patch):
    patch.setattr(
        pram,
        "saturated",
        lambda shown, reads, order, meter: order,
    )


def orders_no_conflicts(patch):
    patch.setattr(causal, "one_order", causal.dependencies)


MUTANTS = {
    forgets_what_a_process_did_before: causally_consistent,
    forgets_who_read_from_whom: causally_consistent,
    takes_what_nobody_knows_for_certain: causally_consistent,
    takes_what_nobody_knows_for_never: causally_consistent,
    believes_what_failed: causally_consistent,
    forgets_what_comes_before_a_write_that_nobody_knows: causally_consistent,
    finds_no_circles: causally_consistent,
    looks_at_one_write_alone: causally_consistent,
    forgets_what_was_there_at_first: causally_consistent,
    asks_no_writer: causally_consistent,
    lets_what_was_replaced_be_read: causally_consistent,
    follows_its_own_process_alone: causal_memory,
    adds_what_follows_once: causal_memory,
    adds_nothing: causal_memory,
    orders_no_conflicts: causally_convergent,
}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_judge_that_forgets_something_is_told_from_its_definition(
    mutant, monkeypatch
):
    mutant(monkeypatch)
    judge = MUTANTS[mutant]
    known = [history for history, *_ in (*HISTORIES.values(), *TOLD.values())]
    some = (*known, *map(twins.drawn, range(500)))
    assert twins.first_difference(judge, TWINS[judge], some) is not None
