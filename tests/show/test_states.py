"""The state graph of a small space: all states and steps, and the way it was found."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import combinations

import pytest
from check.models import (
    Commit,
    EightPuzzle,
    Graph,
    Jugs,
    PingPong,
    always_not_four_gallons,
)

from distlab.check import Limits, Verdict
from distlab.check.explored import Explored, Space
from distlab.check.inductive import inductive
from distlab.check.search import search
from distlab.consensus.two_phase_commit_model import TwoPhaseCommit, always_consistent
from distlab.errors import Misuse
from distlab.show import states
from distlab.show.states import StateGraph, columns, steps_of

SVG = "{http://www.w3.org/2000/svg}"
FOUND = search(Jugs(), [always_not_four_gallons])
ALL = search(TwoPhaseCommit(managers=3))


def drawn(svg, name):
    """The groups that carry a mark of this name."""
    return [g for g in ET.fromstring(svg).iter(f"{SVG}g") if g.get(name) is not None]


def test_the_graph_in_words(golden):
    golden("states.txt", states(FOUND).text + "\n")


def test_the_bytes_of_the_graph(golden):
    golden("states.svg", states(FOUND).svg + "\n")


@pytest.mark.parametrize("verdict", [FOUND, ALL], ids=["jugs", "two-phase commit"])
def test_each_state_and_each_step_is_drawn_once(verdict):
    svg = states(verdict).svg
    assert len(drawn(svg, "data-state")) == verdict.states
    ends = [(g.get("data-from"), g.get("data-to")) for g in drawn(svg, "data-from")]
    assert len(ends) == len(set(ends)) == len(steps_of(verdict.space))


def test_every_step_is_told_by_its_actions():
    (group,) = [
        g
        for g in drawn(states(FOUND).svg, "data-from")
        if (g.get("data-from"), g.get("data-to")) == ("0", "2")
    ]
    assert group.find(f"{SVG}title").text == "fill the big jug"


def test_the_way_is_marked_step_by_step():
    svg = states(FOUND).svg
    marked = drawn(svg, "data-way")
    assert [g.get("data-way") for g in marked] == list("123456")
    assert [g.get("data-from") for g in marked] == list(map(str, (0, 2, 5, 7, 9, 11)))
    assert all("dl-way-bad" in ET.tostring(g, "unicode") for g in marked)


def test_the_way_to_a_goal_is_no_bad_one():
    svg = states(search(Jugs(), goal=lambda jugs: jugs == (3, 2))).svg
    assert all(
        "dl-way-good" in ET.tostring(g, "unicode") for g in drawn(svg, "data-way")
    )


@pytest.mark.parametrize(
    "verdict",
    [
        FOUND,
        ALL,
        search(Commit(managers=4)),
        search(PingPong(3, is_lossy=True)),
        search(Graph({0: range(1, 290)})),
    ],
    ids=["jugs", "two-phase commit", "commit", "ping-pong", "a full column"],
)
def test_no_state_touches_another_and_all_are_on_the_paper(verdict):
    graph = StateGraph(verdict.space, verdict)
    for (x, y), (u, v) in combinations(graph.middle.values(), 2):
        assert (x - u) ** 2 + (y - v) ** 2 > (2 * graph.radius) ** 2
    for x, y in graph.middle.values():
        assert 10 < x < graph.drawing.width - 10
        assert 45 < y < graph.bottom - 10


def test_a_state_stands_as_many_columns_to_the_right_as_it_takes_steps():
    found = columns(ALL.space)
    assert [len(column) for column in found] == [
        ALL.space.depths.count(depth) for depth in range(11)
    ]
    for depth, column in enumerate(found):
        assert {ALL.space.depths[state] for state in column} == {depth}


def test_depth_first_too_a_state_stands_where_its_shortest_way_ends():
    one, other = search(Jugs()), search(Jugs(), order="depth")
    depths = [
        dict(zip(v.space.labels, v.space.depths, strict=True)) for v in (one, other)
    ]
    assert depths[0] == depths[1]


def crossings(space, found):
    """How many pairs of lines between neighbouring columns cross: each with each."""
    place = {state: i for column in found for i, state in enumerate(column)}
    depth = space.depths
    lines = [(a, b) for a, b in steps_of(space) if depth[b] == depth[a] + 1]
    return sum(
        (place[a] - place[c]) * (place[b] - place[d]) < 0
        for (a, b), (c, d) in combinations(lines, 2)
        if depth[a] == depth[c]
    )


def test_the_order_in_the_columns_lets_fewer_lines_cross():
    plain = [
        [s for s, at in enumerate(ALL.space.depths) if at == depth]
        for depth in range(11)
    ]
    assert crossings(ALL.space, columns(ALL.space)) < 0.8 * crossings(ALL.space, plain)


def test_it_is_said_how_many_states_are_left_out():
    picture = states(search(EightPuzzle(), limits=Limits(2000)))
    left = re.search(r"Left out: ([\d,]+) of ([\d,]+) states", picture.text)
    count = int(left[2].replace(",", ""))
    assert count > 2000
    assert int(left[1].replace(",", "")) == count - 300
    assert "after 2 steps: 4 states" in picture.text


def test_the_step_that_breaks_an_invariant_is_drawn():
    picture = states(inductive(TwoPhaseCommit(managers=2), always_consistent))
    assert len(drawn(picture.svg, "data-state")) == 2
    assert "1.  manager aborts 0:  coordinator undecided" in picture.text


def test_a_caption_and_a_sentence():
    picture = states(FOUND, caption="Why water is hard")
    assert "Why water is hard" in picture.svg
    assert picture.alt == (
        "A graph of 14 states. Invalid: always not four gallons (14 states, 72 "
        "transitions, depth 6)."
    )


def test_a_space_of_one_state_is_a_point():
    space = Space(("here",), (0,), ((0, "stay", 0),))
    verdict = Explored("valid", "all", "1 state", "So it is.", states=1, space=space)
    assert len(drawn(states(verdict).svg, "data-state")) == 1
    assert "Not drawn: 1 step that changes nothing." in states(verdict).text


def test_a_verdict_of_another_kind_has_no_states():
    with pytest.raises(Misuse, match="a Verdict has no states: give what `explore`"):
        states(Verdict("valid", "all", "1 state", "So it is."))


def test_the_graph_is_the_same_in_every_process():
    code = (
        "import hashlib; from check.models import *\n"
        "from distlab.check.search import search; from distlab.show import states\n"
        "picture = states(search(PingPong(3, is_lossy=True)))\n"
        "print(hashlib.sha256((picture.svg + picture.text).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "tests"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


# ------------------------------------------------------------------------------ mutants
class ForgetsTheWay(StateGraph):
    def _step(self, src, dst, marked=0):
        super()._step(src, dst)


class ForgetsStepsBack(StateGraph):
    def _step(self, src, dst, marked=0):
        if self.middle[src][0] < self.middle[dst][0]:
            super()._step(src, dst, marked)


class PutsAllInOneRow(StateGraph):
    def _places(self):
        for state, (x, _) in super()._places():
            yield state, (x, 100.0)


class CallsAllWaysBad(StateGraph):
    def __init__(self, space, verdict, caption=""):
        bad = Explored("invalid", "", "", "", space=space, path=verdict.path)
        super().__init__(space, bad, caption)


KILLED = {
    ForgetsTheWay: test_the_way_is_marked_step_by_step,
    ForgetsStepsBack: lambda: test_each_state_and_each_step_is_drawn_once(FOUND),
    PutsAllInOneRow: lambda: test_no_state_touches_another_and_all_are_on_the_paper(
        FOUND
    ),
    CallsAllWaysBad: test_the_way_to_a_goal_is_no_bad_one,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_is_found(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "StateGraph", mutant)
    monkeypatch.setattr(sys.modules["distlab.show.states"], "StateGraph", mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
