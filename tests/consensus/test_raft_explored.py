"""Every schedule of three replicas within a bound, and what breaks in one of them."""

import pytest
import raft_mutants as mutants
from raft_claims import (
    CLAIMS,
    always_leaders_have_what_is_committed,
    always_leaders_only_append,
    always_one_entry_is_executed_at_each_index,
    always_one_leader_a_term,
    remembering,
    replicas,
)

from distlab.check import Budget
from distlab.check.explore import always, explore
from distlab.check.explored import Explored
from distlab.check.linearizable import linearizable
from distlab.consensus.raft import Entry, Raft, Role
from distlab.consensus.raft_reads import RaftReads
from distlab.machine import KeyValue
from distlab.node import Call, Log, NodeId

CRASH = {"crashes": 1, "recoveries": 1}


def explored(kind: type[Raft], *properties, **budget: int) -> Explored:
    return explore(
        remembering(kind),
        servers=3,
        budget=Budget(**budget),
        properties=(*CLAIMS, *properties),
        progress=False,
    )


def sometimes_two_stand_at_once(world) -> bool:
    return [node.role for node in replicas(world)].count(Role.CANDIDATE) > 1


def sometimes_one_leads_and_has_been_replaced(world) -> bool:
    return [node.role for node in replicas(world)].count(Role.LEADER) > 1


def sometimes_all_have_executed_something(world) -> bool:
    return all(node.last_applied for node in replicas(world))


SEEN = (
    sometimes_two_stand_at_once,
    sometimes_one_leads_and_has_been_replaced,
    sometimes_all_have_executed_something,
)


def test_with_one_timeout_one_is_elected():
    """Candidates 1; Candidates 2: and commits its no-op, in all 157 states."""
    verdict = explored(Raft, timers=1)
    assert verdict.valid and verdict.states == 157


def test_whoever_stands_all_is_well():
    """Figure 3: two elections, or one and a heartbeat, in any order of messages."""
    verdict = explored(Raft, *SEEN, timers=2)
    assert verdict.valid and verdict.states == 46_606


@pytest.mark.soak
def test_a_crash_does_no_harm():
    """Figure 3: at any moment of that, and with a recovery at any moment after."""
    verdict = explored(Raft, *SEEN, timers=2, **CRASH)
    assert verdict.valid and verdict.states == 415_463


# (what it forgets, what may happen, the property that breaks, within so many states)
KILLED = [
    (mutants.ElectedByHalf, {"timers": 2}, always_one_leader_a_term, 8),
    (mutants.BeginsItsTermAgain, {"timers": 2}, always_one_leader_a_term, 550),
    (mutants.VotesTwice, {"timers": 2}, always_one_leader_a_term, 562),
    (mutants.CountsRefusals, {"timers": 2}, always_one_leader_a_term, 563),
    (mutants.VotesForItselfToo, {"timers": 2}, always_one_leader_a_term, 592),
    (mutants.ForgetsItsVote, {"timers": 2, **CRASH}, always_one_leader_a_term, 8147),
    (mutants.ForgetsItsTerm, {"timers": 2, **CRASH}, always_one_leader_a_term, 8762),
    (mutants.ClearsItsLog, {"timers": 2}, always_leaders_only_append, 1144),
    (
        mutants.VotesForAnyLog,
        {"timers": 2},
        always_leaders_have_what_is_committed,
        2308,
    ),
    (mutants.CommitsByHalf, {"timers": 2}, always_leaders_have_what_is_committed, 505),
    (mutants.CommitsAtOnce, {"timers": 2}, always_leaders_have_what_is_committed, 505),
    (
        mutants.ExecutesWhatIsNotCommitted,
        {"timers": 2},
        always_one_entry_is_executed_at_each_index,
        485,
    ),
]


@pytest.mark.parametrize(("mutant", "budget", "broken", "states"), KILLED)
def test_what_forgets_a_rule_breaks_in_some_schedule(mutant, budget, broken, states):
    verdict = explored(mutant, **budget)
    assert verdict.invalid and verdict.states == states
    assert broken.__name__.replace("_", " ") in verdict.reason


# ----------------------------------------------------------------------------- Figure 8
def beginning(kind: type[Raft], term: int, **logs: tuple[int, ...]) -> type[Raft]:
    """The same protocol, from a term and from logs of these terms on."""

    class Beginning(kind):
        def on_start(self):
            entries = (Entry(term, None) for term in logs[self.id])
            self.current_term, self.log = term, Log(*entries)
            super().on_start()

    return Beginning


@pytest.mark.soak
def test_a_search_finds_figure_8():
    """Leaders 4: of three are enough, after (b): s1 has an entry of term 2, s3 of 3."""
    after_b: dict[NodeId, tuple[int, ...]] = {"s1": (2,), "s2": (), "s3": (3,)}
    wrong = beginning(mutants.CommitsOldTermWithoutANoOp, 3, **after_b)
    verdict = explored(wrong, timers=3)
    assert verdict.invalid and verdict.states == 86_196
    assert verdict.reason.endswith(
        "s1 has committed 1 entries in term 4, and s3 leads term 5 without them."
    )
    assert len(verdict.path) == 12


# ------------------------------------------------------------------------------ clients
def served(kind: type[Raft], reads_at: NodeId, timers: int) -> Explored:
    """One client writes at s1, another reads: what they are told, in every schedule."""
    return explore(
        kind,
        servers=3,
        clients=2,
        timeout_ms=None,
        per_node={"c1": {"servers": ("s1",)}, "c2": {"servers": (reads_at,)}},
        workload={"c1": (Call("write", ("x", 1)),), "c2": (Call("read", ("x",)),)},
        budget=Budget(timers=timers),
        within=s3_does_not_stand,
        properties=[always(linearizable, KeyValue())],
        progress=False,
    )


def s3_does_not_stand(world) -> bool:
    return world.nodes["s3"].role is Role.FOLLOWER


@pytest.mark.soak
@pytest.mark.parametrize(("kind", "states"), [(Raft, 185_671), (RaftReads, 147_522)])
def test_a_leader_tells_nothing_old(kind, states):
    """Leaders 2: it has itself elected, and then serves both."""
    verdict = served(kind, "s1", timers=1)
    assert verdict.valid and verdict.states == states


@pytest.mark.soak
def test_a_search_finds_a_read_at_a_leader_that_was_replaced():
    """Leaders 2: s2 leads term 1, s1 term 2; s2 has not heard of it."""
    verdict = served(mutants.ReadsWithoutTheLog, "s2", timers=2)
    assert verdict.invalid and verdict.states == 261_574
    assert "c2 read x and found nothing" in verdict.reason
