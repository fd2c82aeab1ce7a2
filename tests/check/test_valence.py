"""What may yet be decided: against a slow twin, and on two protocols."""

import random

import pytest

from distlab.check import Budget, Limits
from distlab.check.valence import Valences
from distlab.check.worlds import Worlds
from distlab.consensus.paxos import Paxos
from distlab.consensus.two_phase_commit import Coordinator, Participant
from distlab.errors import Misuse
from distlab.model import Model
from distlab.node import Call

AB = frozenset("ab")


class Graph(Model):
    """A few states, the steps between them, and what is decided in some."""

    def __init__(self, steps: dict[int, tuple[int, ...]], decided: dict[int, str]):
        self.steps, self.decided = steps, decided

    def initial(self):
        return [0]

    def next(self, state):
        return [(f"to {after}", after) for after in self.steps.get(state, ())]


def valences(graph: Graph, **more) -> Valences:
    return Valences(graph, lambda state: graph.decided.get(state, ""), **more)


def test_what_is_no_model_has_no_valences():
    with pytest.raises(Misuse, match=r"Paxos'> is no model: make one, .* `Worlds"):
        Valences(Paxos, lambda world: ())


# 0 is open; 1 is where it is settled, by one step or the other; 4 leads nowhere
FORK = Graph({0: (0, 1, 4), 1: (2, 3)}, {2: "a", 3: "b"})


def test_a_state_is_bivalent_if_two_decisions_are_ahead():
    found = valences(FORK)
    assert found.of == {0: AB, 1: AB, 2: {"a"}, 3: {"b"}, 4: frozenset()}
    assert found.initial == (AB,)
    assert found.all_bivalent() == (0, 1)
    assert found.counts() == {"a, b": 2, "a": 1, "b": 1, "": 1}


def test_it_is_critical_if_whatever_comes_next_settles_it():
    """Lemma 3: what FLP shows not to be in a protocol that survives a crash."""
    assert valences(FORK).critical() == (1,)


def test_it_reads_as_a_sentence():
    told = "5 states: 2 may decide a, b; 1 may decide a; 1 may decide b; 1 never decide"
    assert repr(valences(FORK)) == told


def test_a_space_that_is_not_seen_whole_is_refused():
    with pytest.raises(Misuse, match="more than 4 states"):
        valences(FORK, limits=Limits(steps=4))
    assert len(valences(FORK, limits=Limits(steps=5))) == 5


def ahead(graph: Graph, state: int) -> frozenset[str]:
    """The slow twin: go everywhere from here."""
    seen, todo = {state}, [state]
    while todo:
        for _, after in graph.next(todo.pop()):
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return frozenset(graph.decided[s] for s in seen if s in graph.decided)


@pytest.mark.parametrize("seed", range(100))
def test_the_slow_twin_says_the_same(seed):
    draw = random.Random(seed)
    n = draw.randint(1, 12)
    steps = {
        s: tuple(draw.sample(range(n), draw.randint(0, min(n, 3)))) for s in range(n)
    }
    decided = {s: draw.choice("abc") for s in range(n) if draw.random() < 0.3}
    graph = Graph(steps, decided)
    found = valences(graph)
    assert found.of == {state: ahead(graph, state) for state in found.of}
    assert set(found.of) == reached(graph)


def reached(graph: Graph) -> set[int]:
    seen, todo = {0}, [0]
    while todo:
        for _, after in graph.next(todo.pop()):
            if after not in seen:
                seen.add(after)
                todo.append(after)
    return seen


class GoesBackOneStep(Valences):
    """Tells only those states that come just before a decision."""

    def go_back(self):
        own = dict(self.of)
        for state, steps in self.steps.items():
            self.of[state] = own[state].union(*(own[after] for _, after in steps))


class ForgetsWhatIsDecided(Valences):
    """Looks at what comes after alone."""

    def go_back(self):
        super().go_back()
        for state, steps in self.steps.items():
            self.of[state] = frozenset().union(*(self.of[after] for _, after in steps))


class TellsEachStateOnce(Valences):
    """Does not go back again with the second decision that a state is told."""

    def go_back(self):
        told = {state for state, decisions in self.of.items() if decisions}
        news = list(told)
        while news:
            after = news.pop()
            for state, steps in self.steps.items():
                if state not in told and after in (one for _, one in steps):
                    self.of[state] |= self.of[after]
                    told.add(state)
                    news.append(state)


MUTANTS = (GoesBackOneStep, ForgetsWhatIsDecided, TellsEachStateOnce)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda kind: kind.__name__)
def test_what_forgets_something_differs_from_the_twin(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "Valences", mutant)
    with pytest.raises(AssertionError):
        for seed in range(100):
            test_the_slow_twin_says_the_same(seed)


# ----------------------------------------------------------------------------- of nodes
def chosen(world):
    return {n.decided.value for n in world.nodes.values() if n.decided}


def outcome(world):
    return {n.decision.value for n in world.nodes.values() if n.decision}


def paxos(timers: int, *proposals: str) -> Valences:
    """Two nodes that propose; so many ballots are begun anew."""
    calls = {f"s{i + 1}": (Call("propose", (v,)),) for i, v in enumerate(proposals)}
    budget = Budget(timers=timers)
    worlds = Worlds(Paxos, servers=2, ghosts=False, budget=budget, workload=calls)
    return Valences(worlds, chosen)


def two_phase(n: int, timers: int, **per_node) -> Valences:
    worlds = Worlds(
        Coordinator,
        coordinator=(Coordinator, 1),
        participants=(Participant, n),
        ghosts=False,
        budget=Budget(timers=timers),
        workload={"c1": (Call("commit"),)},
        per_node=per_node,
    )
    return Valences(worlds, outcome)


def test_with_two_proposals_everything_is_open_in_the_beginning():
    """Lemma 2; with one, or with two of the same, nothing is."""
    assert paxos(0, "a", "b").initial == (AB,)
    assert paxos(0, "a", "a").initial == ({"a"},)
    assert paxos(1, "a").initial == ({"a"},)


@pytest.mark.parametrize("timers", [0, pytest.param(1, marks=pytest.mark.soak)])
def test_as_long_as_a_ballot_is_left_paxos_need_not_decide(timers):
    """Lemma 3: from a bivalent state some step leads to another."""
    found = paxos(timers, "a", "b")
    left = {found.model.left(state).timers for state in found.critical()}
    assert left == {0}


def test_a_participant_that_cannot_commit_settles_it_before_it_begins():
    """Without a bivalent state there is nothing to agree on."""
    assert two_phase(2, 1, p2={"able": False}).initial == ({"abort"},)
    assert two_phase(2, 1).initial == ({"abort", "commit"},)


@pytest.mark.parametrize(("n", "timers", "states"), [(1, 1, 19), (2, 1, 164)])
def test_what_two_phase_commit_comes_to_is_up_to_a_single_node(n, timers, states):
    """Lemma 3, case of one node: if it crashes then, nobody can tell what it did.

    The last vote and the timeout wait for the same coordinator, or the request and the
    timeout for the same participant.
    """
    found = two_phase(n, timers)
    assert len(found) == states
    for state in found.critical():
        hand = {frozenset({"abort"}): set(), frozenset({"commit"}): set()}
        for action, after in found.steps[state]:
            hand[found.of[after]].add(action.node)
        (alone,) = hand[frozenset({"abort"})]
        assert alone in hand[frozenset({"commit"})]
