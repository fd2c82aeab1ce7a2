"""Ben-Or's consensus, step by step: one sentence of the paper, one test."""

import pytest

from distlab.consensus.ben_or import BenOr, Decided, Phase, Proposal, Report
from distlab.errors import Misuse
from distlab.node import Call, Deliver, End, Note, Output, Send, Start

FIVE = ("s1", "s2", "s3", "s4", "s5")
LATE = [Note("of a round that is over", dropped=True)]


def node(value: int, **settings) -> BenOr:
    """The first of five nodes, two of which may stop; it has proposed this."""
    s1 = BenOr("s1", FIVE, **settings)
    s1.step(Call("propose", (value,)))
    return s1


def hears(s1: BenOr, kind: type, *values, round: int = 1, choices=()) -> list:
    """What it does when the first nodes, one after the other, have told it this."""
    *before, last = [
        Deliver(src, kind(round, value))
        for src, value in zip(FIVE, values, strict=False)
    ]
    effects = [effect for event in before for effect in s1.step(event)]
    return effects + s1.step(last, choices)


def to_all(msg) -> list[Send]:
    return [Send(dst, msg) for dst in FIVE]


def test_a_node_begins_with_what_it_proposes_and_reports_it_to_all():
    """Step 0; Step 1."""
    s1 = BenOr("s1", FIVE)
    assert s1.step(Call("propose", (1,))) == to_all(Report(1, 1))


def test_it_waits_for_all_reports_but_t():
    """Step 2, wait."""
    s1 = node(0)
    assert hears(s1, Report, 0, 0) == []
    assert hears(s1, Report, 0, 0, 0) == to_all(Proposal(1, 0))


def test_it_proposes_what_more_than_half_of_all_report():
    """Step 2."""
    assert hears(node(0, t=1), Report, 0, 1, 1, 1) == to_all(Proposal(1, 1))


def test_without_a_majority_it_proposes_a_question_mark():
    """Step 2: two of the three that it has heard are not more than half of five."""
    assert hears(node(0), Report, 0, 1, 1) == to_all(Proposal(1, None))


def test_it_waits_for_all_proposals_but_t():
    """Step 3, wait."""
    s1 = node(0)
    hears(s1, Report, 0, 0, 0)
    assert hears(s1, Proposal, 0, 0) == []
    assert s1.phase is Phase.PROPOSALS


def test_one_that_speaks_twice_is_one():
    """Step 2, wait; Step 3, wait."""
    s1 = node(0)
    for _ in range(9):
        assert s1.step(Deliver("s2", Report(1, 0))) == []
    hears(s1, Report, 0, 0, 0)
    for _ in range(9):
        assert s1.step(Deliver("s2", Proposal(1, 0))) == []


def test_more_than_t_proposals_of_a_value_decide_it():
    """Step 3 (b); Step 4."""
    s1 = node(0)
    hears(s1, Report, 0, 1, 1)
    assert hears(s1, Proposal, 1, 1, 1) == [
        Output(Decided(1)),
        End(Call("propose", (0,)), "ok", 1),
        *to_all(Report(2, 1)),
    ]


def test_a_single_proposal_of_a_value_is_taken_over_and_decides_nothing():
    """Step 3 (a); Step 4: as many as t may be all that anybody hears of it."""
    for proposals in ((None, 1, None), (1, 1, None)):
        s1 = node(0)
        hears(s1, Report, 0, 1, 1)
        assert hears(s1, Proposal, *proposals) == to_all(Report(2, 1))
        assert s1.decision is None


@pytest.mark.parametrize("toss", [0, 1])
def test_questions_alone_are_answered_by_the_toss_of_a_coin(toss):
    """Step 3 (c); Step 4."""
    s1 = node(0)
    hears(s1, Report, 0, 1, 1)
    effects = hears(s1, Proposal, None, None, None, choices=[(toss,)])
    assert effects == [Note("a toss"), *to_all(Report(2, toss))]


def test_what_comes_early_is_kept_for_its_round():
    """Step 2, wait: the others may be faster by a round."""
    s1 = node(0)
    early = [Deliver(src, Report(2, 1)) for src in ("s2", "s3")]
    assert [s1.step(event) for event in early] == [[], []]
    hears(s1, Report, 0, 1, 1)
    hears(s1, Proposal, 1, None, None)
    assert s1.step(Deliver("s1", Report(2, 1))) == to_all(Proposal(2, 1))


def test_what_comes_late_is_dropped():
    s1 = node(0)
    hears(s1, Report, 0, 1, 1)
    hears(s1, Proposal, 1, None, None)
    assert s1.step(Deliver("s4", Report(1, 0))) == LATE
    assert s1.step(Deliver("s4", Proposal(1, None))) == LATE


def test_who_has_decided_helps_for_one_more_round_and_stops():
    """Step 4: the paper's goes on for ever."""
    s1 = node(1)
    hears(s1, Report, 1, 1, 1)
    hears(s1, Proposal, 1, 1, 1)
    assert hears(s1, Report, 1, 1, 1, round=2) == to_all(Proposal(2, 1))
    assert hears(s1, Proposal, 1, 1, 1, round=2) == []
    assert s1.phase is Phase.STOPPED
    assert s1.step(Deliver("s4", Report(3, 1))) == LATE


@pytest.mark.parametrize(("n", "t"), [(1, 1), (2, 1), (3, 2), (4, 2)])
def test_where_no_majority_need_be_left_it_refuses_to_begin(n, t):
    s1 = BenOr("s1", FIVE[:n], t=t)
    with pytest.raises(Misuse, match="are no majority, and none would ever decide"):
        s1.step(Start())
    assert BenOr("s1", FIVE[:n], t=t - 1).step(Start()) == []


def test_only_a_bit_can_be_proposed():
    with pytest.raises(Misuse, match="this is about one bit"):
        BenOr("s1", FIVE).step(Call("propose", ("x",)))
