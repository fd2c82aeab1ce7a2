"""What the exercises of lesson 6 judge by."""

from random import Random
from statistics import median

import pytest
from sheets_that_run import solved

from distlab.consensus.ben_or import BenOr, Proposal, Report
from distlab.consensus.raft import Role
from distlab.consensus.viewstamped import DoViewChange, Viewstamped
from distlab.events import Deliver, Start
from distlab.grade.checks.compared.duel import BY_CHANCE, GOAL, SERVERS, Game
from distlab.grade.checks.compared.exhibits import EXHIBITS
from distlab.grade.checks.compared.rounds import said_by
from distlab.grade.checks.compared.statements import SAYINGS, SHOWS
from distlab.grade.checks.compared.views import (
    COMMITTED,
    ONE_VIEW,
    STORIES,
    TWO_VIEWS,
    lost,
    report,
    run,
)
from distlab.grade.exercise import Case
from distlab.node import Call, Log
from distlab.replicated import Command

CASES = [Case(i, i) for i in range(1, 6)]


# --------------------------------------------------------------------------------- 6.1
def begun(heard):
    """What the library's replica begins a view with, as exercise 6.1 puts it."""
    names = [f"s{i}" for i in range(1, 2 * len(heard))]
    leader = names[-1]
    node = Viewstamped(leader, tuple(names))
    node.step(Start())
    view = (10 * len(names)) - 1  # later than all, and its own
    for src, (last, log, committed) in zip(names, heard, strict=False):
        told = Log()
        for letter in log:
            told = told.append(Command("c1", ord(letter), Call("write", ("x", letter))))
        node.step(Deliver(src, DoViewChange(view, told, last, committed)))
    return tuple(command.call.args[1] for command in node.log), node.commit_number


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize(
    "situation", [*ONE_VIEW, *TWO_VIEWS, *COMMITTED], ids=lambda one: one.title
)
def test_a_replica_begins_its_view_with_what_exercise_6_1_expects(situation, case):
    _, *wanted = report(f"0:{situation.wanted}")
    assert begun(situation.heard(case)) == tuple(wanted)


@pytest.mark.parametrize(
    ("story", "wrong"),
    [
        (STORIES[0], lambda heard: (heard[0][1], 0)),
        (STORIES[1], lambda heard: (max((r[1] for r in heard), key=len), 0)),
    ],
    ids=lambda value: getattr(value, "title", ""),
)
def test_each_story_loses_a_command_to_its_own_mistake_alone(story, wrong):
    scope, _ = solved("06_consensus_compared")
    assert lost(run(wrong, story))[0]
    assert not lost(run(scope["begin_view"], story))[0]
    (other,) = {*STORIES} - {story}
    assert not lost(run(wrong, other))[0]


# --------------------------------------------------------------------------------- 6.2
@pytest.mark.parametrize("t", [0, 1, 2])
@pytest.mark.parametrize("named", range(6))
@pytest.mark.parametrize("bit", [0, 1])
def test_ben_or_ends_its_round_as_exercise_6_2_expects(bit, named, t):
    """Five nodes; what each of them names comes to s1 in this order."""
    scope, _ = solved("06_consensus_compared")
    heard = ((bit,) * named + (None,) * 5)[: 5 - t]
    names = ("s1", "s2", "s3", "s4", "s5")
    node = BenOr("s1", names, t=t)
    node.step(Call("propose", (1 - bit,)))
    for src in names[t:]:
        node.step(Deliver(src, Report(1, bit)))
    for i, value in enumerate(heard, 1):
        tosses = i == len(heard) and set(heard) == {None}
        coin = [(1 - bit,)] if tosses else []
        node.step(Deliver(names[i - 1], Proposal(1, value)), choices=coin)
    what, value = said_by(scope["end_of_round"], heard, t)
    assert (node.decision == bit) is (what == "decide")
    assert node.x == (1 - bit if what == "toss" else value)
    assert node.round == 2


# --------------------------------------------------------------------------------- 6.3
def told(run):
    return [(op.f, op.outcome, op.result) for op in run.history]


def up(run):
    gone = [step.node for step in run.trace.where("crash")]
    back = [step.node for step in run.trace.where("recover")]
    return [id for id in run.nodes if gone.count(id) == back.count(id)]


def test_e1_has_two_leaders_and_an_old_answer():
    run = EXHIBITS["E1"]()
    leaders = [id for id in ("s1", "s2", "s3") if run.nodes[id].role is Role.LEADER]
    assert leaders == ["s1", "s2"]
    assert told(run)[1:] == [("write", "ok", None), ("read", "ok", "tea")]
    assert run.history[1].ended_ms < run.history[2].invoked_ms


def test_e2_is_undecided_though_nothing_is_lost_and_all_are_up():
    game = EXHIBITS["E2"]()
    assert (game.ended, game.steps) == ("undecided", 30)
    assert not game.trace.where("crash", "drop")


def test_e3_executes_what_has_no_answer():
    assert told(EXHIBITS["E3"]()) == [
        ("write", "info", "no answer"),
        ("read", "ok", "tea"),
    ]


def test_e4_has_half_of_its_servers_and_answers_nothing():
    run = EXHIBITS["E4"]()
    assert [id for id in up(run) if id.startswith("s")] == ["s1", "s2"]
    assert told(run) == [("write", "info", "no answer")]


def test_e5_has_a_majority_up_that_does_not_decide():
    run = EXHIBITS["E5"]()
    assert up(run) == ["p1", "p2", "p3"]
    assert all(run.nodes[id].uncertain for id in up(run))


def test_e6_has_fewer_messages_that_take_no_less_time():
    more, fewer = EXHIBITS["E6"]()
    assert fewer.messages < more.messages
    assert fewer.median_ms >= more.median_ms


def test_e7_knows_the_command_after_each_replica_has_crashed():
    run = EXHIBITS["E7"]()
    crashed = run.trace.where("crash")
    assert sorted(step.node for step in crashed) == ["s1", "s2", "s3"]
    assert told(run) == [("write", "ok", None), ("read", "ok", "tea")]


def test_each_exhibit_is_told_and_refutes_something():
    assert set(SHOWS) == set(EXHIBITS) == set(SAYINGS.false.values())


# --------------------------------------------------------------------------------- 6.4
def possible(game):
    """The moves that may be made, each once."""
    if game.overdue:
        return [game.overdue]
    arrive = dict.fromkeys((src, dst) for src, dst, _ in game.table.on_its_way)
    return [*filter(game.refused, SERVERS), *arrive]


def by_chance(draw, goal):
    """How many moves it takes until somebody decides, or up to a goal."""
    game = Game()
    while not game.decided and game.moves < goal:
        game.play(draw.choice(possible(game)))
    return game.moves + (not game.decided)


def test_about_one_game_in_ten_is_undecided_by_chance():
    draw = Random("chance")
    lengths = [by_chance(draw, GOAL) for _ in range(400)]
    assert median(lengths) == pytest.approx(BY_CHANCE, abs=1)
    assert 0.05 < sum(n > GOAL for n in lengths) / 400 < 0.15


def test_there_is_always_a_move_while_nobody_has_decided():
    draw = Random("moves")
    assert all(by_chance(draw, 60) > 3 for _ in range(50))


def test_in_the_solution_no_proposal_has_two_votes():
    scope, _ = solved("06_consensus_compared")
    game = Game()
    for move in scope["MOVES"]:
        game.play(move)
    votes = [vote for id in SERVERS for vote in game.node(id).voted]
    assert len(votes) == len(set(votes)) > 1
    assert {vote.value for vote in votes} == {"milk"}


def test_the_duel_goes_on_for_longer_than_it_has_to():
    """From the solution, chance finds ways on: nothing ends with the last move."""
    scope, _ = solved("06_consensus_compared")
    draw, longest = Random("on"), 0
    for _ in range(30):
        game = Game()
        for move in scope["MOVES"]:
            game.play(move)
        while not game.decided and game.moves < 2 * GOAL:
            game.play(draw.choice(possible(game)))
        longest = max(longest, game.moves)
    assert longest > GOAL + 6
