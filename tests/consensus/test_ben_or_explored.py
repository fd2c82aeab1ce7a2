"""Ben-Or's consensus in every order, with every toss: two nodes, and three for a round.

A changed count is a changed protocol.
"""

import ben_or_mutants as mutants
import pytest
from ben_or_claims import (
    always_one_decision,
    always_one_value_proposed_a_round,
    always_what_somebody_proposed,
    sometimes_a_toss,
)

from distlab.check import Budget, Limits
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.networks import Unordered
from distlab.consensus.ben_or import BenOr
from distlab.node import Call

SAFE = (
    always_one_decision,
    always_what_somebody_proposed,
    always_one_value_proposed_a_round,
)


def explored(
    bits: tuple[int, ...],
    rounds: int,
    protocol: type[BenOr] = BenOr,
    properties: tuple = SAFE,
    **how,
) -> Explored:
    """All schedules and tosses, up to a round."""
    return explore(
        protocol,
        servers=len(bits),
        workload={f"s{i + 1}": (Call("propose", (x,)),) for i, x in enumerate(bits)},
        network=Unordered(prompt=True),
        within=lambda world: all(n.round <= rounds for n in world.nodes.values()),
        properties=properties,
        **how,
    )


@pytest.mark.parametrize(("rounds", "states"), [(2, 201), (3, 503)])
def test_two_nodes_agree_whatever_the_tosses_are(rounds, states):
    verdict = explored((0, 1), rounds, properties=(*SAFE, sometimes_a_toss))
    assert (verdict.valid, verdict.states) == (True, states)


@pytest.mark.soak
def test_three_nodes_agree_in_the_first_round_whoever_is_heard():
    assert explored((0, 1, 0), 1).states == 6728
    crash = Budget(crashes=1)
    assert explored((0, 1, 0), 1, budget=crash).valid


# What it forgets, what is proposed, and in how many rounds it goes wrong
KILLED = {
    mutants.ProposesItsOwn: ((0, 1), 1),
    mutants.ProposesWhatHalfReport: ((0, 0, 1, 1), 1),
    mutants.TossesAlways: ((0, 1, 0), 3),
    mutants.CountsEveryRoundAsThis: ((0, 1, 0), 3),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda kind: kind.__name__)
def test_what_forgets_a_rule_goes_wrong_in_some_order(mutant):
    """Random walks find it sooner than all orders one by one."""
    bits, rounds = KILLED[mutant]
    verdict = explored(bits, rounds, mutant, order="random", limits=Limits(steps=9000))
    print(verdict)
    assert verdict.invalid
