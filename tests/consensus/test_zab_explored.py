"""Every schedule of Zab within a bound: what an oracle may say, a crash, and no order.

Three replicas; the oracle is the layer above, so that no timer is needed. s1 is trusted
first; s2 and s3 may be told to trust s2, at any time and each for itself.
"""

import pytest
import zab_mutants as mutants
from zab_claims import CLAIMS, always_histories_are_in_order, remembering

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.networks import Network, Ordered, Unordered
from distlab.check.world import World
from distlab.consensus.zab import Zab
from distlab.node import Call

S2, S3 = Call("trust", ("s2",)), Call("trust", ("s3",))
WRITE = {"c1": (Call("write", ("x", 1)),)}
CHANGE = {**WRITE, "s2": (S2,), "s3": (S2,)}
RIVALS = {"s2": (S2,), "s3": (S2, S3), "s1": (S3,)}
CRASH = Budget(crashes=1, recoveries=1, of=("s3",))


def explored(
    protocol: type[Zab],
    workload: dict,
    budget: Budget = Budget(),  # noqa: B008 (a frozen value)
    network: Network = Ordered(),  # noqa: B008
    guards: tuple = (),
) -> Explored:
    return explore(
        remembering(protocol),
        servers=3,
        clients=2 if "c2" in workload else 1,
        timeout_ms=None,
        workload=workload,
        budget=budget,
        network=network,
        properties=(*CLAIMS, *guards),
    )


def epochs(world: World) -> set[int]:
    nodes = (node for node in world.nodes.values() if isinstance(node, Zab))
    return {epoch for node in nodes for epoch in node.led}


def sometimes_a_second_epoch_begins(world: World) -> bool:
    return len(epochs(world)) > 1


def sometimes_all_have_delivered(world: World) -> bool:
    nodes = (node for node in world.nodes.values() if isinstance(node, Zab))
    return all(node.delivered for node in nodes)


# ----------------------------------------------------------------------- what is right
def test_in_every_order_all_deliver_the_same():
    verdict = explored(Zab, WRITE, guards=(sometimes_all_have_delivered,))
    assert verdict.valid
    assert (verdict.states, verdict.transitions) == (932, 2_183)


@pytest.mark.parametrize(
    ("workload", "states", "transitions"),
    [(CHANGE, 25_872, 75_217), (RIVALS, 10_805, 32_193)],
    ids=["change", "rivals"],
)
def test_whatever_the_oracle_says_when_nothing_is_lost(workload, states, transitions):
    verdict = explored(Zab, workload, guards=(sometimes_a_second_epoch_begins,))
    assert verdict.valid
    assert (verdict.states, verdict.transitions) == (states, transitions)


@pytest.mark.soak
def test_whoever_crashes_in_between_nothing_is_lost():
    guards = sometimes_a_second_epoch_begins, sometimes_all_have_delivered
    verdict = explored(Zab, CHANGE, CRASH, guards=guards)
    assert verdict.valid
    assert (verdict.states, verdict.transitions) == (314_684, 1_061_316)


# ------------------------------------------------------------ what is taken for granted
TWO = {**WRITE, "c2": (Call("write", ("x", 2)),)}


@pytest.mark.soak
def test_links_that_keep_order_leave_no_gap():
    verdict = explored(Zab, TWO)
    assert verdict.valid
    assert (verdict.states, verdict.transitions) == (17_620, 54_936)


def test_links_that_do_not_keep_order_leave_one():
    """f.3.2: the second proposal comes first."""
    verdict = explored(Zab, TWO, network=Unordered())
    assert verdict.invalid
    assert (verdict.states, verdict.depth) == (870, 10)
    named = always_histories_are_in_order.__name__.replace("_", " ")
    assert named in verdict.reason


# ------------------------------------------------------------------------------ mutants
NOTHING = Budget()
# (what it forgets, what the oracle says, what goes wrong, in how many states it dies)
KILLED = [
    (mutants.NeedsOneTooFew, CHANGE, NOTHING, 46),
    (mutants.ForgetsWhoseHistoryItIs, CHANGE, NOTHING, 2_819),
    (mutants.ProposesTheSameEpoch, CHANGE, NOTHING, 4_887),
]
LATER = [
    (mutants.KeepsItsOwnHistory, CHANGE, NOTHING, 12_354),
    (mutants.TakesAnyHistoryOfTheLatestEpoch, CHANGE, NOTHING, 16_547),
    (mutants.ObeysAnybody, CHANGE, NOTHING, 11_502),
    (mutants.AnswersWithoutHaving, CHANGE, NOTHING, 11_590),
    (mutants.AcceptsAnEpochTwice, CHANGE, CRASH, 86_536),
    (mutants.AcceptsOldEpochs, CHANGE, CRASH, 87_748),
    (mutants.AcceptsBeforeItIsIn, CHANGE, CRASH, 144_482),
    (mutants.TakesHistoriesOfOtherEpochs, CHANGE, CRASH, 182_330),
    (mutants.SendsLateOnesTheBeginning, CHANGE, CRASH, 210_758),
]
COLUMNS = ("mutant", "workload", "budget", "states")


def named(of: object) -> str:
    return getattr(of, "__name__", "")


@pytest.mark.parametrize(COLUMNS, KILLED, ids=named)
def test_some_order_breaks_what_forgets_a_rule(mutant, workload, budget, states):
    verdict = explored(mutant, workload, budget)
    assert verdict.invalid
    assert verdict.states == states


@pytest.mark.soak
@pytest.mark.parametrize(COLUMNS, LATER, ids=named)
def test_some_later_order_breaks_what_forgets_a_rule(mutant, workload, budget, states):
    verdict = explored(mutant, workload, budget)
    assert verdict.invalid
    assert verdict.states == states
