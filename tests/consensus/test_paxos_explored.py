"""Paxos in every schedule of a few proposals; what may be forgotten, found by search.

A change of a number here is a change of the protocol.
"""

import paxos_mutants as mutants
import pytest
from paxos_claims import (
    LASTING,
    SAFETY,
    chosen,
    sometimes_a_vote_comes_to_nothing,
    sometimes_two_ballots_are_chosen,
)

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.networks import Unordered
from distlab.check.worlds import Worlds
from distlab.consensus.flexible_paxos import FlexiblePaxos
from distlab.consensus.paxos import Paxos
from distlab.node import Call, NodeId
from distlab.quorum import column, row

CRASH = Budget(crashes=1, recoveries=1)
ACCEPTOR_CRASHES = Budget(crashes=1, recoveries=1, of=("s2",))
PROPOSER_CRASHES = Budget(crashes=1, recoveries=1, of=("s1",))


def propose(**values: str) -> dict[NodeId, tuple[Call, ...]]:
    """`s1="tea"` proposes that once, `s1="tea milk"` one after the other."""
    return {
        node: tuple(Call("propose", (value,)) for value in told.split())
        for node, told in values.items()
    }


ONE, TWO = propose(s1="tea"), propose(s1="tea", s3="milk")
ALL = propose(s1="tea", s2="coffee", s3="milk")


# ---------------------------------------------------------------------- all that can be
@pytest.mark.parametrize(
    ("servers", "workload", "more", "states"),
    [
        (2, propose(s1="tea", s2="milk"), {}, 754),
        (2, propose(s1="tea", s2="milk"), {"budget": CRASH}, 3_264),
        (2, propose(s1="tea", s2="milk"), {"network": Unordered(True)}, 2_040),
        (3, ONE, {}, 381),
        (3, ONE, {"budget": CRASH}, 2_305),
    ],
)
def test_whatever_happens_one_value_is_chosen(servers, workload, more, states):
    """§2.1: messages in any order, lost or doubled; a node crashes and comes back."""
    properties = [*SAFETY]
    if servers == 2:
        properties.append(sometimes_two_ballots_are_chosen)
    verdict = explore(
        Paxos,
        servers=servers,
        workload=workload,
        retry_ms=None,
        properties=properties,
        **more,
    )
    assert verdict.valid, verdict
    assert verdict.exhausted
    assert verdict.states == states


def all_of_two_proposers(more: dict) -> Explored:
    """Two proposers and three acceptors: here a vote may come to nothing."""
    return explore(
        Paxos,
        servers=3,
        workload=TWO,
        retry_ms=None,
        properties=[
            *SAFETY,
            sometimes_two_ballots_are_chosen,
            sometimes_a_vote_comes_to_nothing,
        ],
        **more,
    )


def test_so_it_is_with_two_proposers_and_three_acceptors():
    """§2.1: where words to oneself come before all else."""
    verdict = all_of_two_proposers({"network": Unordered(prompt=True)})
    assert verdict.valid, verdict
    assert (verdict.states, verdict.transitions) == (41_651, 130_483)


@pytest.mark.parametrize(
    ("servers", "workload", "whole", "states"),
    [(5, ONE, 64_093, 2_899), (3, TWO, 487_649, 146_149)],
)
def test_so_it_is_where_deliveries_that_commute_are_taken_alone(
    servers, workload, whole, states
):
    """Of all orders, those that may come to something else."""
    cluster = {"servers": servers, "workload": workload, "retry_ms": None}
    verdict = explore(Paxos, properties=LASTING, commuting=True, **cluster)
    assert verdict.valid, verdict
    assert verdict.states == states < whole


@pytest.mark.soak
@pytest.mark.parametrize(
    ("more", "states"),
    [
        ({}, 487_649),
        ({"network": Unordered(duplicating=True, prompt=True)}, 79_271),
        (
            {"network": Unordered(prompt=True), "budget": ACCEPTOR_CRASHES},
            140_055,
        ),
    ],
)
def test_and_whatever_else_happens_to_them(more, states):
    """§2.1: words to oneself late, messages doubled, an acceptor that crashes."""
    verdict = all_of_two_proposers(more)
    assert verdict.valid, verdict
    assert verdict.states == states


# ------------------------------------------------------------------------------ mutants
DOUBLED = {"network": Unordered(duplicating=True)}
REUSED = {"budget": PROPOSER_CRASHES, "workload": propose(s1="tea milk")}
LEARNED, HIGHER, ONE_VALUE = (
    "always what is learned was chosen",
    "always higher proposals have the chosen value",
    "always one value in a ballot",
)
# What it forgets, what may happen, the property that breaks first, after how many steps
KILLED = [
    (mutants.AsksTooFew, {}, LEARNED, 5),
    (mutants.ProposesAfterTooFewPromises, {}, HIGHER, 8),
    (mutants.LearnsFromTooFew, {}, LEARNED, 7),
    (mutants.TakesAnswersOfAnyPhase, {}, LEARNED, 9),
    (mutants.LearnsWhatItWished, {}, HIGHER, 14),
    (mutants.ProposesItsOwnValue, {}, HIGHER, 12),
    (mutants.TellsNothingOfItsVote, {}, HIGHER, 12),
    (mutants.PromisesAnything, {}, HIGHER, 12),
    (mutants.AcceptsAnything, {}, HIGHER, 12),
    (mutants.CountsAPromiseTwice, DOUBLED, HIGHER, 10),
    (mutants.CountsAVoteTwice, DOUBLED, LEARNED, 8),
    (mutants.ForgetsItsPromise, {"budget": ACCEPTOR_CRASHES}, HIGHER, 14),
    (mutants.ForgetsItsVote, {"budget": ACCEPTOR_CRASHES}, HIGHER, 14),
    (mutants.UsesANumberTwice, REUSED, ONE_VALUE, 14),
]


@pytest.mark.parametrize(
    ("mutant", "more", "broken", "steps"),
    KILLED,
    ids=lambda of: getattr(of, "__name__", ""),
)
def test_what_forgets_a_rule_breaks_a_property(mutant, more, broken, steps):
    """In some schedule; the shortest one is told as a trace."""
    verdict = explore(
        mutant,
        servers=3,
        properties=SAFETY,
        retry_ms=None,
        **{"workload": TWO, **more},
    )
    assert verdict.invalid
    assert f"Broken after {steps} steps, {broken}" in verdict.reason
    assert verdict.trace


CHOOSE_TWICE = [
    mutants.AsksTooFew,
    mutants.ProposesAfterTooFewPromises,
    mutants.ProposesItsOwnValue,
    mutants.TellsNothingOfItsVote,
    mutants.PromisesAnything,
    mutants.AcceptsAnything,
]


@pytest.mark.parametrize("mutant", CHOOSE_TWICE)
def test_what_chooses_twice_does_so_where_deliveries_are_taken_alone(mutant):
    cluster = {"servers": 3, "workload": TWO, "retry_ms": None}
    verdict = explore(mutant, properties=LASTING, commuting=True, **cluster)
    assert verdict.invalid
    assert "always one value is chosen" in verdict.reason
    assert verdict.trace


# What it takes to come near: another search goes on from there
def two_values_are_held(world) -> bool:
    """One of them is chosen."""
    held = {n.accepted.value for n in world.nodes.values() if n.accepted}
    return len(held) == 2 and bool(chosen(world))


def a_lower_ballot_is_accepted_later(world) -> bool:
    return any(
        proposal.ballot > node.accepted.ballot
        for node in world.nodes.values()
        for proposal in node.voted
    )


@pytest.mark.parametrize(
    ("mutant", "goal"),
    [
        (mutants.TakesTheLastReported, two_values_are_held),
        (mutants.TakesTheLowestReported, two_values_are_held),
        (mutants.PromisesNothingWithItsVote, a_lower_ballot_is_accepted_later),
    ],
    ids=lambda of: of.__name__,
)
def test_what_takes_three_ballots_is_found_in_two_stages(mutant, goal):
    """§2.2, P2c: first two ballots, to a state that matters, and then the third."""
    worlds = Worlds(mutant, servers=3, workload=ALL, retry_ms=None)
    near = explore(worlds, goal=goal, within=lambda world: world.calls_left["s3"] == 1)
    assert near.path
    verdict = explore(worlds, start=near, properties=SAFETY)
    assert verdict.invalid
    assert HIGHER in verdict.reason


# ------------------------------------------------------------------- quorums of a phase
GRID = (("s1", "s2"), ("s3", "s4"))


def test_phases_that_do_not_meet_choose_twice_in_some_schedule():
    """Flexible Paxos, Q1; Q2: two rows of a grid."""
    verdict = explore(
        FlexiblePaxos,
        servers=4,
        workload=TWO,
        retry_ms=None,
        phase_1=row(GRID),
        phase_2=row(GRID),
        properties=SAFETY,
    )
    assert verdict.invalid
    assert HIGHER in verdict.reason


def test_a_row_and_a_column_meet():
    """Flexible Paxos, Q1; Q2: one proposal in all schedules, with a crash."""
    verdict = explore(
        FlexiblePaxos,
        servers=4,
        workload=ONE,
        retry_ms=None,
        phase_1=row(GRID),
        phase_2=column(GRID),
        properties=SAFETY,
        budget=CRASH,
    )
    assert verdict.valid
    assert verdict.states == 30_877
