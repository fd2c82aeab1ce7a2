"""Multi-Paxos in every schedule of a few steps; its mutants, found in two stages.

Words to oneself come before all else here, as they do in the simulator.
"""

import multi_paxos_mutants as mutants
import pytest
from multi_paxos_claims import CLAIMS, chosen, replicas

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.networks import Unordered
from distlab.check.worlds import Worlds
from distlab.consensus.multi_paxos import MultiPaxos, Role
from distlab.node import Call

NETWORK = Unordered(prompt=True)
TWO_LEAD = Budget(timers=2)
AND_A_CRASH = Budget(timers=2, crashes=1, recoveries=1, of=("s2", "s3"))


def worlds(kind: type, budget: Budget) -> Worlds:
    """Three replicas, and two clients that write once."""
    return Worlds(
        kind,
        servers=3,
        clients=2,
        workload={c: (Call("write", ("x", c)),) for c in ("c1", "c2")},
        network=NETWORK,
        timeout_ms=None,
        budget=budget,
    )


def sometimes_one_is_chosen(world) -> bool:
    return bool(chosen(world))


def sometimes_one_is_chosen_twice(world) -> bool:
    """By a second leader, who had to look for it."""
    return len(chosen(world)) > 1


@pytest.mark.parametrize(
    ("servers", "timers", "states"), [(2, 1, 79), (2, 2, 1_065), (3, 1, 2_301)]
)
def test_whatever_happens_one_command_is_chosen_in_a_slot(servers, timers, states):
    """§3, in order: one client; so many timers run out."""
    seen = sometimes_one_is_chosen
    verdict = explore(
        MultiPaxos,
        servers=servers,
        clients=1,
        workload={"c1": (Call("write", ("x", 1)),)},
        network=NETWORK,
        timeout_ms=None,
        budget=Budget(timers=timers),
        properties=[
            *CLAIMS,
            sometimes_one_is_chosen_twice if timers > 1 else seen,
        ],
    )
    assert verdict.valid, verdict
    assert verdict.exhausted
    assert verdict.states == states


# --------------------------------------------------------------------------- in stages
def two_lead(world) -> bool:
    """The first has proposed something, and has not heard of the second."""
    leaders = [node for node in replicas(world) if node.role is Role.LEADER]
    return len(leaders) > 1 and any(leader.proposed for leader in leaders)


def near(space: Worlds, goal):
    """The nearest state of interest; the second client has not asked yet."""
    return explore(space, goal=goal, within=lambda world: world.calls_left["c2"] == 1)


def test_two_leaders_at_a_time_are_no_danger():
    """§3, leader: all that can follow on two of them."""
    space = worlds(MultiPaxos, TWO_LEAD)
    verdict = explore(space, start=near(space, two_lead), properties=CLAIMS)
    assert verdict.valid
    assert verdict.exhausted
    assert verdict.states == 898


# What it forgets, what goes wrong, where the second stage begins, how many steps in all
KILLED = [
    (mutants.LeadsWithTooFewPromises, TWO_LEAD, sometimes_one_is_chosen, 14),
    (mutants.ProposesNothingThatItFound, TWO_LEAD, sometimes_one_is_chosen, 14),
    (mutants.StartsWhereItHasExecuted, TWO_LEAD, sometimes_one_is_chosen, 19),
    (mutants.TellsOnlyWhatItHasNotExecuted, TWO_LEAD, sometimes_one_is_chosen, 20),
    (mutants.AcceptsAnything, TWO_LEAD, two_lead, 20),
    (mutants.PromisesAnything, TWO_LEAD, two_lead, 21),
    (mutants.FollowsAnything, TWO_LEAD, two_lead, 21),
    (mutants.ForgetsItsPromise, AND_A_CRASH, two_lead, 22),
]


@pytest.mark.parametrize(
    ("mutant", "budget", "goal", "steps"),
    KILLED,
    ids=lambda of: getattr(of, "__name__", ""),
)
def test_what_forgets_a_rule_lets_a_later_leader_propose_another(
    mutant, budget, goal, steps
):
    """§3, constrained: than the command that is chosen."""
    space = worlds(mutant, budget)
    verdict = explore(space, start=near(space, goal), properties=CLAIMS)
    assert verdict.invalid
    assert "always later leaders propose what is chosen" in verdict.reason
    assert len(verdict.path) - 1 == steps
    assert verdict.trace
