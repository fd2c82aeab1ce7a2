"""Everything that can happen is looked at once, and what is said of it is sure."""

import os
import re
import subprocess
import sys
from contextlib import nullcontext
from itertools import pairwise

import pytest
from check.models import (
    Commit,
    EightPuzzle,
    Graph,
    Increment,
    Jugs,
    PingPong,
    always_not_four_gallons,
    random_graph,
    random_specification,
)

from distlab.check import Limits, limits, search_in_arrays
from distlab.check import search as engine
from distlab.check.possible import Edges
from distlab.check.search import search
from distlab.consensus.two_phase_commit_model import TwoPhaseCommit
from distlab.errors import Misuse
from distlab.model import Model
from distlab.specification import Remembered

ORDERS = ("breadth", "depth")
SEEDS = range(150)
FEW = Limits(5000)  # states: what goes round in circles is to end


def always_below_nine(state):
    return None if state < 9 else f"it is {state}"


def sometimes_three(state):
    return state == 3


def always_possible_one_or_two(state):
    return state in (1, 2)


# ------------------------------------------------------------------- a slow, plain twin
def distances(graph):
    """The steps to each state, found by going along all edges until nothing changes."""
    far = {state: 0 for state in graph.begin if graph.within(state)}
    while True:
        nearer = {
            after: far[state] + 1
            for state in sorted(far)
            for after in graph.edges[state]
            if graph.within(after) and far.get(after, 99) > far[state] + 1
        }
        if not nearer:
            return far
        far.update(nearer)


def led_to(graph, good):
    """All states from which a way within the bound leads to a good one."""
    good = set(good)
    while True:
        more = {s for s in distances(graph) if good & {*graph.edges[s]}} - good
        if not more:
            return good
        good |= more


# ------------------------------------------------------------------------- known counts
@pytest.mark.parametrize(
    ("model", "states", "transitions", "depth"),
    [
        (Jugs(), 16, 96, 7),  # the TLA+ examples' DieHard: TLC counts 97, 16, 8
        (Commit(managers=3), 34, 93, 6),  # TCommit: TLC counts 94, 34, 7
        (Increment(threads=2), 13, 14, 4),  # Stateright's documentation
        (PingPong(5, is_lossy=False), 11, 10, 10),
        (PingPong(5, is_lossy=True), 4_094, 21_504, 21),  # Stateright's test
    ],
    ids=["DieHard", "TCommit", "increment", "ping-pong", "ping-pong, lossy"],
)
def test_states_are_counted_as_other_checkers_count_them(
    model, states, transitions, depth
):
    verdict = search(model)
    assert verdict.valid
    assert verdict.exhausted
    assert (verdict.states, verdict.transitions, verdict.depth) == (
        states,
        transitions,
        depth,
    )


@pytest.mark.soak
def test_half_of_all_eight_puzzles_can_be_reached_and_none_takes_more_than_31_moves():
    """Reinefeld, IJCAI 1993: 9!/2 states."""
    verdict = search(EightPuzzle())
    assert (verdict.states, verdict.depth) == (181_440, 31)


def test_of_a_lossy_network_each_message_that_was_sent_is_there_or_not():
    """After k answers k + 1 messages were sent: two to the power of that, summed up."""
    for most in range(4):
        verdict = search(PingPong(most, is_lossy=True))
        assert verdict.states == sum(2 ** (k + 1) for k in range(2 * most + 1))


# --------------------------------------------------------------------------- the orders
@pytest.mark.parametrize("order", ORDERS)
def test_all_states_are_reached_and_none_is_counted_twice(order):
    for seed in SEEDS:
        graph = random_graph(seed)
        if not (far := distances(graph)):
            continue
        verdict = search(graph, order=order)
        kept = [a for s in far for a in graph.edges[s] if graph.within(a)]
        assert verdict.valid, seed
        assert verdict.states == len(far), seed
        assert verdict.transitions == len(kept), seed
        if order == "breadth":
            assert verdict.depth == max(far.values()), seed


@pytest.mark.parametrize("order", [*ORDERS, "random"])
def test_what_is_broken_is_found_with_a_way_that_leads_there(order):
    for seed in SEEDS:
        graph = random_graph(seed)
        if not (far := distances(graph)):
            continue
        verdict = search(graph, [always_below_nine], order=order, limits=Limits(1500))
        broken = [far[state] for state in far if state >= 9]
        assert verdict.invalid == bool(broken), seed
        if order != "random":
            assert verdict.valid == (not broken), seed
        if broken:
            way = [state for _, state in verdict.path]
            assert way[0] in graph.begin
            assert way[-1] >= 9
            assert all(b in graph.edges[a] for a, b in pairwise(way))
            if order == "breadth":
                assert len(way) - 1 == min(broken), seed


def test_the_shortest_way_to_four_gallons_takes_six_steps():
    verdict = search(Jugs(), [always_not_four_gallons])
    assert verdict.reason == (
        "Broken after 6 steps, always not four gallons: 4 gallons are in the big jug."
    )
    assert verdict.evidence == (
        "  1  fill the big jug",
        "  2  pour big into small",
        "  3  empty the small jug",
        "  4  pour big into small",
        "  5  fill the big jug",
        "  6  pour big into small",
    )


def test_what_is_broken_at_the_beginning_is_found_there():
    assert search(Graph({}, [9]), [always_below_nine]).path == ((None, 9),)


def test_walks_depend_on_their_seed_alone():
    def states(seed):
        limits = Limits(300)
        return search(EightPuzzle(), order="random", seed=seed, limits=limits).states

    assert states(1) == states(1)
    assert len({states(seed) for seed in range(5)}) > 1


def test_walks_never_say_valid():
    verdict = search(Jugs(), order="random", limits=Limits(2000))
    assert verdict.unknown
    assert verdict.strength == f"1,999 steps of random walks, {verdict.states} states"


# --------------------------------------------------------------------------- properties
def test_what_is_never_seen_leaves_the_verdict_unknown():
    verdict = search(Graph({0: [1]}), [always_below_nine, sometimes_three])
    assert verdict.unknown
    assert verdict.never_seen == ("sometimes three",)
    assert verdict.reason.startswith("Never seen: sometimes three.")
    assert search(Graph({0: [3]}), [always_below_nine, sometimes_three]).valid


def test_a_trap_is_a_state_from_which_no_way_leads_to_the_goal():
    for seed in SEEDS:
        graph = random_graph(seed)
        far = distances(graph)
        if not far:
            continue
        out = {s for s in far if any(not graph.within(a) for a in graph.edges[s])}
        verdict = search(graph, [always_possible_one_or_two])
        sure = led_to(graph, {1, 2} & far.keys())
        hoped = led_to(graph, out | ({1, 2} & far.keys()))
        traps = [far[state] for state in far if state not in hoped]
        if traps:
            assert verdict.invalid, seed
            assert verdict.path[-1][1] not in hoped
            assert len(verdict.path) - 1 == min(traps)
        else:
            assert verdict.outcome == ("valid" if sure >= far.keys() else "unknown")


def test_what_only_the_boundary_hides_is_no_trap():
    verdict = search(Graph({0: [3], 3: [1]}, bound=3), [always_possible_one_or_two])
    assert verdict.unknown
    assert "only ways over the boundary" in verdict.reason


# ---------------------------------------------------------------------------- in stages
def test_a_search_goes_on_from_the_goal_of_another():
    def big_jug_is_full(jugs):
        return jugs[1] == 5

    first = search(Jugs(), goal=big_jug_is_full)
    assert first.valid
    assert first.property == "reaches big jug is full"
    verdict = search(Jugs(), [always_not_four_gallons], start=first)
    assert verdict.path[: len(first.path)] == first.path
    assert len(verdict.path) - 1 == 6


def test_a_stage_stays_within_its_bound():
    def small_jug_is_empty(jugs):
        return jugs[0] == 0

    verdict = search(Jugs(), within=small_jug_is_empty)
    assert verdict.states == 2
    assert verdict.strength == (
        "all 2 states within the boundary, 9 transitions, depth 1"
    )


def test_a_goal_that_nothing_reaches_is_no_success():
    assert search(Jugs(), goal=lambda jugs: jugs[1] == 6).invalid


def test_states_may_be_given_to_begin_with():
    assert search(Graph({0: [1], 5: [6, 7]}), start=[5]).states == 3


# ------------------------------------------------------------------------------- limits
@pytest.mark.parametrize("order", ORDERS)
def test_past_its_limits_a_search_knows_nothing(order):
    verdict = search(EightPuzzle(), order=order, limits=Limits(500))
    assert verdict.unknown
    assert not verdict.exhausted
    assert 500 < verdict.states < 510
    assert verdict.reason.startswith("Gave up after 500 states, with ")


def test_a_space_that_just_fits_is_exhausted():
    assert search(Jugs(), limits=Limits(16)).valid
    assert search(Jugs(), limits=Limits(15)).unknown


def test_time_ends_a_search():
    verdict = search(EightPuzzle(), limits=Limits(10**9, time_s=1e-9))
    assert verdict.unknown
    assert "Gave up after 1e-09 s" in verdict.reason


def test_memory_ends_a_search(monkeypatch):
    held = iter(range(0, 10**6, 5))
    monkeypatch.setattr(limits, "resident_mb", lambda: next(held))
    verdict = search(EightPuzzle(), limits=Limits(memory_mb=20))
    assert verdict.unknown
    assert verdict.reason.startswith("Gave up after 20 MB, with ")


def test_it_is_shown_how_far_a_long_search_has_come(monkeypatch):
    class Shown:
        n, told = 0, ()

        def update(self, more):
            self.n += more

        def set_postfix_str(self, text, refresh):
            self.told = (*self.told, text)

    shown = Shown()
    monkeypatch.setattr(engine, "bar", lambda progress: nullcontext(shown))
    verdict = search(EightPuzzle(), limits=Limits(3000))
    assert verdict.states - 700 < shown.n <= verdict.states
    assert re.fullmatch(r"[\d,]+ to go on from", shown.told[-1])


# ------------------------------------------------------------------------------- arrays
def plainly(specification, *properties):
    """The same search, one state at a time."""
    return search(specification, properties, within=lambda s: True, limits=FEW)


def in_arrays(specification, *properties):
    """The same search, in arrays from the second state on."""
    search_in_arrays.FIRST, usual = 1, search_in_arrays.FIRST
    engine.FIRST = 1
    try:
        return search(specification, properties, limits=FEW)
    finally:
        search_in_arrays.FIRST = engine.FIRST = usual


def always_less(s):
    return f"a is {s.a} and b {s.b}" if s.a == 1 and s.b == 1 else None


def sometimes_both(s):
    return s.a > 0 and s[1] > 0


def test_arrays_find_what_a_search_of_single_states_finds():
    for seed in SEEDS:
        specification = random_specification(seed)
        for properties in ((), (sometimes_both,), (always_less,)):
            one = plainly(specification, *properties)
            other = in_arrays(specification, *properties)
            assert one.outcome == other.outcome, seed
            assert one.never_seen == other.never_seen, seed
            assert len(one.path) == len(other.path), seed
            if not one.invalid:
                assert one.strength == other.strength, seed


def test_past_their_limits_arrays_know_nothing():
    verdict = search(TwoPhaseCommit(managers=5), limits=Limits(2000))
    assert verdict.unknown
    assert not verdict.exhausted
    assert 2000 < verdict.states < 8832
    assert re.match(r"Gave up after 2,000 states, with [\d,]+ states", verdict.reason)
    verdict = search(TwoPhaseCommit(managers=5), limits=Limits(10**9, time_s=1e-9))
    assert verdict.unknown
    assert "Gave up after 1e-09 s" in verdict.reason


@pytest.mark.parametrize(("width", "bits"), [("KEY_BITS", 4), ("BITS", 5)])
def test_what_is_too_wide_for_arrays_is_searched_all_the_same(width, bits, monkeypatch):
    monkeypatch.setattr(search_in_arrays, width, bits)
    with pytest.raises(search_in_arrays.TooWide):
        layers = search_in_arrays.Layers(Commit(managers=3))
        layers.next()
    assert (
        in_arrays(Commit(managers=3)).strength == plainly(Commit(managers=3)).strength
    )


# -------------------------------------------------------------------------- wrong calls
@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: search(Jugs(), order="best"), "there are breadth, depth, random"),
        (lambda: search(Jugs(), [len]), "begin its name with"),
        (lambda: search(Jugs(), [3]), "3 is no property"),
        (lambda: search(Jugs(), always_false), "give a list, `properties=[…]`"),
        (lambda: search(Jugs), "Jugs is a class, not a model yet: make one, `Jugs("),
        (lambda: search(3), "3 is no model: nodes are for `explore`"),
        (lambda: search(Jugs(), start=[]), "Jugs has no state to begin with"),
        (lambda: search(Graph({}, [0]), [always_false]), "'always false' gave False"),
        (lambda: search(Model()), "Model.initial: give the states"),
        (lambda: search(Moody(), [always_below_nine]), "Moody: no step leads to 9"),
    ],
)
def test_a_wrong_call_gets_a_sentence(call, sentence):
    with pytest.raises((Misuse, NotImplementedError), match=re.escape(sentence)):
        call()


def always_false(state):
    return False


class Moody(Graph):
    """Gives other steps when it is asked again."""

    def __init__(self):
        super().__init__({})
        self.asked = 0

    def next(self, state):
        self.asked += 1
        return [("on", 9)] if self.asked == 1 else []


def test_a_verdict_is_the_same_in_every_process():
    code = (
        "from check.models import *\n"
        "from distlab.check import Limits\n"
        "from distlab.check.search import search\n"
        "for order in ('breadth', 'depth', 'random'):\n"
        "    v = search(PingPong(3, is_lossy=True), order=order, limits=Limits(999))\n"
        "    print(v, v.states, v.transitions, v.depth, v.space)\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": "tests"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


# ------------------------------------------------------------------------------ mutants
class ForgetsTheBoundary(engine.Search):
    def is_within(self, state):
        return True


class CountsTwice(engine.Search):
    """Takes what was reached in one layer for new if it is reached again."""

    def after(self, state, at):
        known = len(self.numbers)
        new = super().after(state, at)
        self.transitions -= len(self.numbers) - known
        return new


class SkipsTheLast(engine.Search):
    """Does not go on from the state that was reached last."""

    def go(self, order, shown, most):
        super().go(order, shown, most)
        self.count -= self.count > 1


class TakesGivingUpForAllOfIt(engine.Search):
    def go(self, order, shown, most):
        super().go(order, shown, most)
        self.meter.exceeded, self.exhausted = None, True


class NewestFirst(engine.Search):
    """Depth first where breadth was asked for: its ways are not the shortest."""

    def go(self, order, shown, most):
        super().go("depth", shown, most)


class BelievesTheBeginning(engine.Search):
    def begin(self, start):
        always, self.always = self.always, []
        super().begin(start)
        self.always = always


class NeedsNoCase(engine.Search):
    def __init__(self, model, claimed, limits):
        super().__init__(model, claimed, limits)
        self.unseen = []


class ForgetsStartsBefore(engine.Search):
    def begin(self, start):
        super().begin(None)


class IgnoresTheStage(engine.Search):
    def is_within(self, state):
        return self.model.within(state)


class MistakesBoundsForWalls(Edges):
    def out(self, source):
        pass


class LooksOneStepBack(Edges):
    def _led_to(self, good):
        import numpy as np

        good = good.copy()
        good[np.array(self.sources)[good[np.array(self.targets)]]] = True
        return good


class AsksOnce(Remembered):
    """Believes that what it read the first time is all that it ever reads."""

    def asked(self, values):
        reads = self.reads
        draft, returned = super().asked(values)
        if reads:
            self.reads = reads
        return draft, returned


class ForgetsOldLayers(search_in_arrays.Layers):
    """Takes a state of an earlier layer for new."""

    def next(self):
        self.runs = self.runs[-1:]
        return super().next()


class SetsTheFirstValue(search_in_arrays.Rule):
    """Takes the old value away and puts none in its place."""

    def asked(self, values):
        keeps, _ = super().asked(values)
        return keeps, 0


class LooksAtLastLayersAlone(search_in_arrays.Yes):
    """Is not asked of the state that it all begins with."""

    def first(self, codes):
        return super().first(codes) if len(codes) > 1 else None


class GoesOnDisabled(search_in_arrays.Rule):
    """A rule that does not happen is a step that changes nothing."""

    def asked(self, values):
        keeps, sets = super().asked(values)
        return (keeps if keeps >= 0 else (1 << search_in_arrays.BITS) - 1), sets


def both_orders(test):
    return lambda: [test(order) for order in ORDERS]


KILLED = {
    ForgetsTheBoundary: both_orders(
        test_all_states_are_reached_and_none_is_counted_twice
    ),
    CountsTwice: both_orders(test_all_states_are_reached_and_none_is_counted_twice),
    SkipsTheLast: both_orders(test_all_states_are_reached_and_none_is_counted_twice),
    TakesGivingUpForAllOfIt: both_orders(test_past_its_limits_a_search_knows_nothing),
    NewestFirst: both_orders(test_all_states_are_reached_and_none_is_counted_twice),
    BelievesTheBeginning: test_what_is_broken_at_the_beginning_is_found_there,
    NeedsNoCase: test_what_is_never_seen_leaves_the_verdict_unknown,
    ForgetsStartsBefore: test_states_may_be_given_to_begin_with,
    IgnoresTheStage: test_a_stage_stays_within_its_bound,
    MistakesBoundsForWalls: test_what_only_the_boundary_hides_is_no_trap,
    LooksOneStepBack: test_a_trap_is_a_state_from_which_no_way_leads_to_the_goal,
    AsksOnce: test_arrays_find_what_a_search_of_single_states_finds,
    ForgetsOldLayers: test_arrays_find_what_a_search_of_single_states_finds,
    SetsTheFirstValue: test_arrays_find_what_a_search_of_single_states_finds,
    LooksAtLastLayersAlone: test_arrays_find_what_a_search_of_single_states_finds,
    GoesOnDisabled: test_arrays_find_what_a_search_of_single_states_finds,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_is_found(mutant, monkeypatch):
    for module in (engine, search_in_arrays):
        if hasattr(module, mutant.__base__.__name__):
            monkeypatch.setattr(module, mutant.__base__.__name__, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
