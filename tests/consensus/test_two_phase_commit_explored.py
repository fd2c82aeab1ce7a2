"""Two-phase commit in every order: all schedules of two participants and a few faults.

A changed count is a changed protocol.
"""

import pytest
import two_phase_commit_mutants as mutants
from two_phase_commit_claims import (
    always_a_commit_by_all,
    always_one_decision,
    sometimes_a_commit,
    sometimes_all_are_uncertain,
    sometimes_an_abort,
)

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.networks import Unordered
from distlab.consensus.two_phase_commit import Coordinator, Participant
from distlab.node import Call

SAFE = (always_one_decision, always_a_commit_by_all)
MET = (sometimes_a_commit, sometimes_an_abort, sometimes_all_are_uncertain)
FAULTS = Budget(timers=3, crashes=1, recoveries=1)


def explored(
    n: int = 2,
    coordinator: type[Coordinator] = Coordinator,
    participant: type[Participant] = Participant,
    able: bool = True,
    **how,
) -> Explored:
    """All schedules of one transaction; the last participant may be unable."""
    return explore(
        coordinator,
        coordinator=(coordinator, 1),
        participants=(participant, n),
        per_node={f"p{n}": {"able": able}},
        workload={"c1": (Call("commit"),)},
        ghosts=False,
        **how,
    )


SPACES = [
    (2, Budget(timers=2), Unordered(), 722),
    (2, Budget(timers=2), Unordered(duplicating=True), 281),
    (2, FAULTS, Unordered(), 18_602),
]


@pytest.mark.parametrize(("n", "budget", "network", "states"), SPACES)
def test_in_whatever_order_things_happen_all_decide_the_same(
    n, budget, network, states
):
    """AC1, AC3."""
    verdict = explored(n, budget=budget, network=network, properties=(*SAFE, *MET))
    assert (verdict.valid, verdict.states) == (True, states)


@pytest.mark.soak
def test_so_it_is_with_three_participants():
    """AC1, AC3."""
    faults = Budget(timers=2, crashes=1, recoveries=1)
    assert explored(3, budget=faults, properties=(*SAFE, *MET)).valid


def always_possible_who_is_up_decides(world):
    nodes = world.nodes.items()
    return all(node.decision for id, node in nodes if id not in world.down)


def test_if_the_coordinator_is_gone_there_is_no_way_on():
    """Termination, 3: the explorer finds the shortest way into the trap.

    With messages that stay on their way, and as many timeouts as anybody likes.
    """
    gone = Budget(crashes=1, of=("c1",))
    verdict = blocked(gone)
    assert verdict.invalid
    assert [str(action) for action, _ in verdict.path[1:]] == [
        "c1 is called to commit()",
        "c1 crashes",
        "p1 receives VoteReq() from c1",
        "p2 receives VoteReq() from c1",
    ]


def test_if_it_comes_back_there_is_always_a_way():
    """AC5."""
    verdict = blocked(Budget(crashes=1, recoveries=1, of=("c1",)))
    assert (verdict.valid, verdict.states) == (True, 629)


def blocked(budget: Budget) -> Explored:
    return explored(
        budget=budget,
        network=Unordered(duplicating=True),
        properties=(always_possible_who_is_up_decides,),
    )


# What it forgets, and among how many states a broken promise is found
KILLED = {
    mutants.CommitsWithWhatItHas: 8,
    mutants.CommitsAfterACrash: 35,
    mutants.CommitsWithoutTheLast: 40,
    mutants.CommitsWhenUncertain: 41,
    mutants.VotesYesAlways: 260,
    mutants.AbortsWhenUncertain: 549,
    mutants.VotesAfterItHasAborted: 663,
    mutants.TakesCommitForAbort: 706,
    mutants.TakesNoForYes: 713,
    mutants.ForgetsItsVote: 714,
    mutants.ChangesItsMind: 1116,
    mutants.AbortsAfterACrash: 1451,
    mutants.TellsAbortAndForgetsIt: 2656,
    mutants.ForgetsItsDecision: 2725,
    mutants.GuessesForOthers: 2804,
    mutants.AnswersBeforeItHasDecided: 2894,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_goes_wrong_in_some_order(mutant):
    role = "coordinator" if issubclass(mutant, Coordinator) else "participant"
    able = mutant is not mutants.VotesYesAlways
    verdict = explored(able=able, budget=FAULTS, properties=SAFE, **{role: mutant})
    assert (verdict.invalid, verdict.states) == (True, KILLED[mutant])
