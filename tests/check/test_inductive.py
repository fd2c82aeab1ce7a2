"""What is kept by every step, from every state in which it holds, is true for ever."""

import re

import pytest
from check.models import Commit, Graph

from distlab.check import Limits, inductive
from distlab.check.inductive import Induction
from distlab.check.search import search
from distlab.consensus.two_phase_commit_model import (
    INDUCTIVE,
    TwoPhaseCommit,
    always_consistent,
)
from distlab.errors import Misuse

MODEL = TwoPhaseCommit(managers=2)


@pytest.mark.parametrize(("managers", "holds"), [(1, 18), (2, 110), (3, 684)])
def test_the_invariant_of_two_phase_commit_is_inductive(managers, holds):
    """All states that there could be are looked at, 4 of a manager, 2 of a message."""
    model = TwoPhaseCommit(managers=managers)
    verdict = inductive.inductive(model, *INDUCTIVE)
    assert verdict.valid
    assert verdict.states == 9 * 16**managers
    assert verdict.strength.startswith(f"{verdict.states:,} states, {holds} in which")


def test_what_is_inductive_holds_in_all_states_that_can_be_reached():
    assert search(MODEL, INDUCTIVE).valid


def test_consistency_alone_is_true_and_not_inductive():
    """It breaks from a state in which a manager has committed that nobody told."""
    assert search(MODEL, [always_consistent]).valid
    verdict = inductive.inductive(MODEL, always_consistent)
    assert verdict.invalid
    (_, before), (action, after) = verdict.path
    assert always_consistent(before) is None
    assert always_consistent(after) is not None
    assert (action, after) in list(MODEL.next(before))
    assert verdict.reason.startswith("It holds, and one step later, always consistent:")


@pytest.mark.parametrize("missing", INDUCTIVE, ids=lambda claim: claim.__name__)
def test_nothing_of_the_invariant_can_be_missed(missing):
    rest = [claim for claim in INDUCTIVE if claim is not missing]
    verdict = inductive.inductive(MODEL, *rest)
    assert verdict.invalid or missing is always_consistent


def test_a_step_that_breaks_it_begins_where_nothing_leads():
    verdict = inductive.inductive(MODEL, always_consistent)
    (_, before), _ = verdict.path

    def is_there(state):
        return state == before

    assert search(MODEL, goal=is_there).invalid


def always_small(state):
    return None if state < 5 else f"it is {state}"


def test_the_beginning_is_looked_at_first():
    verdict = inductive.inductive(Graph({}, [7]), always_small, states=[1])
    assert verdict.reason == "At the beginning, always small: it is 7."


def test_any_model_is_judged_on_the_states_that_it_is_given():
    graph = Graph({0: [1], 1: [0], 3: [7]})
    assert inductive.inductive(graph, always_small, states=[0, 1, 7]).valid
    assert inductive.inductive(graph, always_small, states=[0, 1, 3]).invalid


def test_past_its_limits_it_knows_nothing():
    verdict = inductive.inductive(MODEL, *INDUCTIVE, limits=Limits(100))
    assert verdict.unknown
    assert verdict.reason == "Gave up after 100 steps."


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: inductive.inductive(MODEL), "give invariants"),
        (lambda: inductive.inductive(MODEL, sometimes_x), "give invariants"),
        (lambda: inductive.inductive(Graph({}), always_small), "Graph does not say"),
    ],
)
def test_a_wrong_call_gets_a_sentence(call, sentence):
    with pytest.raises(Misuse, match=re.escape(sentence)):
        call()


def sometimes_x(state):
    return True


def test_a_commit_needs_no_protocol_to_be_inductive():
    """Without messages consistency is kept by each step: all look at all."""
    assert inductive.inductive(Commit(managers=3), always_consistent).valid


# ------------------------------------------------------------------------------ mutants
class LooksNoStepFurther(Induction):
    def told(self, states):
        self.model = Graph({}, self.model.initial())
        return super().told(states if states is not None else MODEL.every_state())


class BelievesTheBeginning(Induction):
    def told(self, states):
        model, self.model = self.model, Graph(self.model.edges, [])
        return super().told(states) if model else None


class BeginsAnywhere(Induction):
    """Steps from states, too, in which it does not hold."""

    def broken(self, state):
        found = super().broken(state)
        self.asked = getattr(self, "asked", 0) + 1
        return None if found and self.asked % 2 else found


class KeepsTheFirstAlone(Induction):
    def broken(self, state):
        whole, self.claims = self.claims, self.claims[:1]
        found = super().broken(state)
        self.claims = whole
        return found


KILLED = {
    LooksNoStepFurther: test_consistency_alone_is_true_and_not_inductive,
    BelievesTheBeginning: test_the_beginning_is_looked_at_first,
    BeginsAnywhere: test_any_model_is_judged_on_the_states_that_it_is_given,
    KeepsTheFirstAlone: lambda: test_the_invariant_of_two_phase_commit_is_inductive(
        2, 110
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_is_found(mutant, monkeypatch):
    monkeypatch.setattr(inductive, "Induction", mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
