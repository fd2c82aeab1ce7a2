"""What the exercises of lesson 8 judge by."""

from itertools import combinations

import numpy
import pytest
from sheets_that_run import solved

from distlab.faults import Cut, Loss, Pause
from distlab.grade.checks.failure_detection.adversary import (
    BEATS,
    PINGS,
    RUMOURS,
    accused,
    lossy,
    lost,
    without,
)
from distlab.grade.checks.failure_detection.claims import TIMES, run
from distlab.grade.checks.failure_detection.exhibits import EXHIBITS
from distlab.grade.checks.failure_detection.interest import (
    ERRORS,
    KS,
    Learned,
    measured,
    table_of,
)
from distlab.grade.checks.failure_detection.statements import SAYINGS
from distlab.grade.checks.failure_detection.timeouts import heard
from distlab.grade.exercise import Case
from distlab.membership import epidemic
from distlab.membership.gossip import Gossip
from distlab.membership.heartbeat import HeartbeatDetector, Suspect
from distlab.membership.rumours import Push
from distlab.membership.swim import Failed, Swim
from distlab.membership.swim_suspicion import SuspicionSwim
from distlab.sim import Cluster, Network

SHEET = "08_failure_detection"
CASES = [Case(i, i) for i in range(1, 6)]


def solution(name: str):
    scope, _ = solved(SHEET)
    return scope[name]


# --------------------------------------------------------------------------------- 8.1
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_timeout_that_is_shorter_than_the_best_errs_too_often(case):
    found = heard(case)
    assert (
        found.errors(found.best_ms) <= found.allowed < found.errors(found.best_ms - 1)
    )


def test_the_cases_of_8_1_differ_in_what_a_good_timeout_is():
    """In one, two periods are too short; in another, they are far too long."""
    best = [heard(case).best_ms for case in CASES]
    assert min(best) < 1500 < 2000 < max(best)
    assert 0 in [heard(case).allowed for case in CASES]


# --------------------------------------------------------------------------------- 8.2
def test_with_the_right_order_of_claims_the_runs_are_those_of_swim():
    pause = Pause("s2", 1000, 1700)
    ours = Cluster(
        SuspicionSwim,
        servers=5,
        seed=1,
        network=Network(latency=2),
        faults=(pause,),
        **TIMES,
    ).run(until_ms=8000)
    theirs = run(solution("takes_its_place"), Case(1), pause)
    assert theirs.trace.text() == ours.trace.text()
    assert theirs.saw("objects")


# --------------------------------------------------------------------------------- 8.3
@pytest.mark.parametrize("k", KS)
def test_an_answer_that_was_asked_once_spreads_as_the_rule_itself(k):
    table = table_of(solution("after_contact"), k)
    learned, rule = (
        epidemic.push(each, numpy.random.default_rng(k), 200, 10)
        for each in (Learned(table), epidemic.Counter(k))
    )
    assert (learned.arrived == rule.arrived).all()
    assert (learned.sent == rule.sent).all()


def test_chance_refuses_no_right_answer():
    """Of 80 figures none is even four standard errors away, where five are allowed."""
    rows = [
        row
        for k in KS
        for seed in range(8)
        for row in measured(table_of(solution("after_contact"), k), k, Case(seed, 9))
    ]
    assert len(rows) == 80
    assert all(row.near(ERRORS - 1) for row in rows)


# --------------------------------------------------------------------------------- 8.4
def losing(*steps) -> tuple[Loss, ...]:
    """Just these messages."""
    return tuple(Loss(1, s.at_ms, s.at_ms + 0.001, s.node, s.peer) for s in steps)


def test_two_lost_heartbeats_accuse_nobody():
    sent = [
        step
        for step in lossy(HeartbeatDetector).trace.where("send", node="s2")
        if step.peer == "s1" and step.at_ms < 300
    ]
    for pair in combinations(sent, 2):
        assert not accused(lossy(HeartbeatDetector, losing(*pair)), Suspect)


def test_no_part_of_the_four_messages_is_enough_to_deceive_swim():
    """A ping and all who are asked in its place: if one arrives, it lives."""
    whole = lossy(Swim, solution("LOSSES")[PINGS])
    dropped = whole.trace.where("drop")
    assert len(accused(whole, Failed)) >= 1
    assert len(dropped) == 1 + whole["s1"].k
    for left_out in range(4):
        kept = [step for i, step in enumerate(dropped) if i != left_out]
        part = tuple(Loss(1, s.at_ms, s.at_ms + 0.001, s.peer, s.node) for s in kept)
        assert not accused(lossy(Swim, part), Failed)


def test_a_link_that_stays_down_does_swim_no_harm():
    assert not accused(lossy(Swim, (Cut("s2", "s1"),)), Failed)
    assert accused(lossy(HeartbeatDetector, (Cut("s2", "s1"),)), Suspect)


def test_whichever_message_is_lost_of_a_rumour_one_alone_hides_it_from_nobody():
    for step in lossy(Push).trace.where("send"):
        assert without(lossy(Push, losing(step))) == []


def test_each_goal_of_the_adversary_takes_as_few_messages_as_are_asked_for():
    losses = solution("LOSSES")
    assert lost(lossy(HeartbeatDetector, losses[BEATS])) == 3
    assert lost(lossy(Swim, losses[PINGS])) == 4
    hidden = lossy(Push, losses[RUMOURS])
    assert (lost(hidden), without(hidden)) == (2, ["s5"])
    assert without(lossy(Gossip, losses[RUMOURS])) == []


# --------------------------------------------------------------------------------- 8.5
def lines(name: str) -> list[str]:
    return EXHIBITS[name]().splitlines()


def test_e1_shows_one_view_of_four_runs_one_of_which_has_executed_the_command():
    seen, *runs = lines("E1")
    assert seen.endswith("1 text")
    assert [run.split()[-1] for run in runs] == ["nothing"] * 3 + ["x"]
    assert sum("s1 is up" in run for run in runs) == 3


def test_e2_has_errors_at_a_threshold_of_8():
    (line,) = lines("E2")
    assert int(line.split()[-2]) > 1000


def test_e3_hardly_grows_with_the_group():
    first, *_, last = (float(line.split()[-1]) for line in lines("E3"))
    assert first < last < 1.05 * first


def test_e4_loses_no_message_and_leaves_a_site_out():
    (line,) = lines("E4")
    assert "0 messages lost" in line
    assert line.count("False") == 1


def test_e5_is_as_fast_at_first_and_not_at_last():
    (half, push), (other, pull) = (
        (line.split(",")[0].split()[-1], float(line.split()[-1]))
        for line in lines("E5")
    )
    assert half == other
    assert push > pull + 3


def test_e6_has_a_member_that_lives_and_that_all_others_have_dropped():
    crashes, *members = lines("E6")
    assert crashes.startswith("0 crashes")
    assert [line[:2] for line in members if "s2" in line[3:]] == []


def test_e7_errs_again_after_a_minute():
    errors = [line for line in lines("E7") if "suspects" in line]
    assert [line.split()[0] for line in errors] == ["602", "60,152"]


def test_each_exhibit_of_8_5_is_told_and_refutes_something():
    assert set(SAYINGS.shows) == set(EXHIBITS) == set(SAYINGS.false.values())
