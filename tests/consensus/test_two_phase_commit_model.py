"""Two-phase commit as rules: what it promises, in all that can happen."""

import pytest

from distlab.check import Limits
from distlab.check.search import search
from distlab.consensus.two_phase_commit_model import TwoPhaseCommit

# As TLC and Stateright count them; a transition less, for TLC counts the beginning.
COUNTS = {3: (288, 1_145), 5: (8_832, 58_145), 7: (296_448, 2_744_705)}


@pytest.mark.parametrize("managers", COUNTS)
def test_no_manager_commits_while_another_aborts(managers):
    """Consistency, and the numbers of states that other checkers count."""
    verdict = search(TwoPhaseCommit(managers=managers))
    assert verdict.valid
    assert (verdict.states, verdict.transitions) == COUNTS[managers]
    assert verdict.depth == 3 * managers + 1


# ------------------------------------------------------------------------- rule by rule
MODEL = TwoPhaseCommit(managers=2)
(WORKING,) = MODEL.initial()
PREPARED = WORKING._replace(manager=("prepared",) * 2, has_sent=(True, True))
COMMITTED = PREPARED._replace(
    is_heard=(True, True), coordinator="committed", decision="commit"
)
ABORTED = PREPARED._replace(coordinator="aborted", decision="abort")


def may(state):
    """What may happen in a state, and the state after it."""
    return {MODEL.tell(action): after for action, after in MODEL.next(state)}


def test_a_manager_that_works_may_prepare_and_then_has_said_so():
    """RMPrepare"""
    after = may(WORKING)["manager prepares 1"]
    assert (after.manager[1], after.has_sent[1]) == ("prepared", True)
    assert "manager prepares 1" not in may(PREPARED)


def test_a_manager_may_abort_by_itself_only_while_it_works():
    """RMChooseToAbort"""
    assert may(WORKING)["manager aborts 0"].manager == ("aborted", "working")
    assert "manager aborts 0" not in may(PREPARED)


def test_the_coordinator_hears_what_was_said_until_it_has_decided():
    """TMRcvPrepared"""
    assert may(PREPARED)["coordinator hears 0"].is_heard == (True, False)
    assert "coordinator hears 0" not in may(WORKING)
    assert "coordinator hears 0" not in may(ABORTED)


def test_the_coordinator_commits_when_it_has_heard_of_all():
    """TMCommit"""
    heard = PREPARED._replace(is_heard=(True, True))
    assert may(heard)["coordinator commits"] == COMMITTED
    assert "coordinator commits" not in may(PREPARED._replace(is_heard=(True, False)))
    assert "coordinator commits" not in may(COMMITTED)


def test_the_coordinator_may_abort_until_it_has_decided():
    """TMAbort"""
    assert may(WORKING)["coordinator aborts"].decision == "abort"
    assert may(PREPARED)["coordinator aborts"] == ABORTED
    assert "coordinator aborts" not in may(COMMITTED)


def test_a_manager_that_hears_of_the_decision_follows_it():
    """RMRcvCommitMsg, RMRcvAbortMsg: messages never leave, so it may hear it again."""
    for state, told, end in (
        (COMMITTED, "manager hears commit 0", "committed"),
        (ABORTED, "manager hears abort 0", "aborted"),
    ):
        after = may(state)[told]
        assert after.manager == (end, "prepared")
        assert may(after)[told] == after
        assert told not in may(PREPARED)


# -------------------------------------------------------------------------- all of them
@pytest.mark.soak
def test_ten_million_states_of_nine_managers():
    verdict = search(TwoPhaseCommit(managers=9), limits=Limits(20_000_000, 600, 4000))
    assert verdict.valid
    assert verdict.states == 10_340_352


def test_a_manager_that_has_prepared_may_wait_for_ever():
    """RMPrepare: it may no longer abort by itself, and nobody need ever tell it."""

    def always_possible_each_manager_decides_alone(s):
        return "prepared" not in s.manager

    class NoCoordinator(TwoPhaseCommit):
        """The coordinator has crashed before it said anything."""

        def coordinator_aborts(self, s):
            pass

        def coordinator_commits(self, s):
            pass

    model = NoCoordinator(managers=2)
    verdict = search(model, [always_possible_each_manager_decides_alone])
    assert verdict.invalid
    assert [action for action, _ in verdict.path[1:]] == [("manager_prepares", 0)]


def test_with_a_coordinator_each_manager_may_still_decide():
    """TMAbort, TMCommit: nobody is caught for ever while the coordinator lives."""

    def always_possible_all_decide(s):
        return all(manager in ("committed", "aborted") for manager in s.manager)

    assert search(TwoPhaseCommit(managers=3), [always_possible_all_decide]).valid


# ------------------------------------------------------------------------------ mutants
class AsksNobody(TwoPhaseCommit):
    """The coordinator commits before all have prepared."""

    def coordinator_commits(self, s):
        if s.coordinator == "undecided" and any(s.is_heard):
            s.coordinator = "committed"
            s.decision = "commit"


class DecidesTwice(TwoPhaseCommit):
    """The coordinator may abort after it has committed."""

    def coordinator_aborts(self, s):
        s.coordinator = "aborted"
        s.decision = "abort"


class AbortsPrepared(TwoPhaseCommit):
    """A manager may abort by itself after it has said that it is prepared."""

    def manager_aborts(self, s, manager):
        if s.manager[manager] in ("working", "prepared"):
            s.manager[manager] = "aborted"


class SaysPreparedUnprepared(TwoPhaseCommit):
    """A manager says that it is prepared and goes on working."""

    def manager_prepares(self, s, manager):
        if s.manager[manager] == "working":
            s.has_sent[manager] = True


class CommitsAlone(TwoPhaseCommit):
    """A manager that has prepared commits without being told."""

    def manager_hears_commit(self, s, manager):
        if s.manager[manager] == "prepared":
            s.manager[manager] = "committed"


class HearsTheUnsaid(TwoPhaseCommit):
    """The coordinator takes a manager that works for one that has prepared."""

    def coordinator_hears(self, s, manager):
        if s.coordinator == "undecided":
            s.is_heard[manager] = True


class AbortsAtCommit(TwoPhaseCommit):
    """A manager that hears of a commit aborts."""

    def manager_hears_abort(self, s, manager):
        if s.decision != "unsent":
            s.manager[manager] = "aborted"


STEPS = {
    AsksNobody: 5,
    DecidesTwice: 8,
    AbortsPrepared: 7,
    SaysPreparedUnprepared: 7,
    CommitsAlone: 3,
    HearsTheUnsaid: 5,
    AbortsAtCommit: 7,
}


@pytest.mark.parametrize("mutant", STEPS, ids=lambda mutant: mutant.__name__)
def test_what_breaks_a_rule_is_found_by_a_shortest_way(mutant):
    verdict = search(mutant(managers=2))
    assert verdict.invalid
    assert "always consistent" in verdict.reason
    assert len(verdict.path) - 1 == STEPS[mutant]
