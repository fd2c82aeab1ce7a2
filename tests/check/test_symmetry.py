"""Who is who is forgotten, and nothing else."""

import re
from itertools import permutations

import pytest
from check.models import Commit, Increment, always_as_many_as_are_done

from distlab.check import symmetry
from distlab.check.search import search
from distlab.check.symmetry import Quotient, interchangeable
from distlab.consensus.two_phase_commit_model import TwoPhaseCommit
from distlab.errors import Misuse
from distlab.specification import Specification, variable

ORBITS = {3: 80, 5: 314, 7: 920}


@pytest.mark.parametrize("managers", ORBITS)
def test_two_phase_commit_has_as_many_states_as_its_managers_have_kinds(managers):
    verdict = search(interchangeable(TwoPhaseCommit(managers=managers), "managers"))
    assert verdict.valid
    assert verdict.states == ORBITS[managers]
    assert verdict.depth == 3 * managers + 1


def test_two_threads_that_count_have_eight_states():
    """Stateright's documentation; the update that is lost is found in them, too."""
    quotient = interchangeable(Increment(threads=2), "threads")
    assert search(quotient).states == 8
    verdict = search(quotient, [always_as_many_as_are_done])
    assert "2 have counted up to 1" in verdict.reason
    assert [action for action, _ in verdict.path[1:]] == [
        ("reads", 0),
        ("reads", 1),
        ("writes", 0),
        ("writes", 1),
    ]


@pytest.mark.parametrize("kind", [Commit, TwoPhaseCommit])
def test_one_of_each_orbit_is_kept(kind):
    model = kind(managers=3)
    quotient = Quotient(model, "managers")
    kept = {}
    for state in symmetry.first_states(model):
        held = list(zip(*(state[i] for i in quotient.columns), strict=True))
        orbit = {quotient._with(state, order) for order in permutations(held)}
        kept.setdefault(frozenset(orbit), set()).add(quotient.canonical(state))
    assert all(len(one) == 1 for one in kept.values())
    assert len(set.union(*kept.values())) == len(kept)


def always_nobody_commits(s):
    return "somebody has" if "committed" in s.manager else None


def test_the_way_to_what_is_broken_is_one_of_real_steps():
    model = TwoPhaseCommit(managers=2)
    verdict = search(interchangeable(model, "managers"), [always_nobody_commits])
    assert verdict.invalid
    states = [state for _, state in verdict.path]
    for before, (action, after) in zip(states, verdict.path[1:], strict=False):
        assert (action, after) in list(model.next(before))
    assert len(states) == len(search(model, [always_nobody_commits]).path)


class Queue(Specification):
    """Whoever has the lower number goes first: it matters who is who."""

    inside = variable(False, True, of="people")

    def rules(self):
        for person in self.people:
            yield self.enters, person

    def enters(self, s, person):
        if all(s.inside[other] for other in range(person)):
            s.inside[person] = True


def always_the_first_is_out(s):
    return "it is in" if s.is_in[0] else None


class Room(Specification):
    """Anybody may go in, and only one of them is asked about."""

    properties = (always_the_first_is_out,)
    is_in = variable(False, True, of="people")

    def rules(self):
        for person in self.people:
            yield self.enters, person

    def enters(self, s, person):
        s.is_in[person] = True


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: interchangeable(Queue(people=3), "people"),
            "people 0 and 1 are not interchangeable",
        ),
        (
            lambda: interchangeable(Room(people=2), "people"),
            "`always the first is out` tells them apart",
        ),
        (
            lambda: interchangeable(Room(people=2), "peoples"),
            "Room has no group `peoples`. Did you mean `people`?",
        ),
    ],
)
def test_where_it_matters_who_is_who_nobody_is_interchangeable(call, sentence):
    with pytest.raises(Misuse, match=re.escape(sentence)):
        call()


# ------------------------------------------------------------------------------ mutants
class SortsEachColumn(Quotient):
    """Puts each variable in order by itself: takes different states for one."""

    def canonical(self, state):
        parts = list(state)
        for column in self.columns:
            parts[column] = tuple(sorted(state[column]))
        return state._make(parts)


class LooksAtOneColumn(Quotient):
    """Leaves members that agree in one variable as they stand: keeps too many."""

    def _place(self, held):
        return super()._place(held)[:1]


class TrustsTheRules(Quotient):
    def check(self, state, one, other):
        pass


KILLED = {
    SortsEachColumn: lambda: test_one_of_each_orbit_is_kept(TwoPhaseCommit),
    LooksAtOneColumn: lambda: test_one_of_each_orbit_is_kept(TwoPhaseCommit),
    TrustsTheRules: lambda: test_where_it_matters_who_is_who_nobody_is_interchangeable(
        lambda: interchangeable(Queue(people=3), "people"), "people 0 and 1"
    ),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_is_found(mutant, monkeypatch):
    monkeypatch.setattr(symmetry, "Quotient", mutant)
    monkeypatch.setitem(globals(), "Quotient", mutant)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        KILLED[mutant]()
