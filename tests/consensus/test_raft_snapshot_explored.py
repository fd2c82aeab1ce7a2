"""Every schedule in which snapshots are taken and installed, within a bound."""

import pytest
from raft_claims import replicas
from raft_snapshot_mutants import BeginsAnew, KeepsItsMachine

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.consensus.raft import Role
from distlab.consensus.raft_snapshot import RaftSnapshot
from distlab.node import Call

CRASH = {"crashes": 1, "recoveries": 1}


def always_equal_places_have_equal_states(world) -> str | None:
    """State machine safety, where a snapshot has taken the place of entries."""
    known = {}
    for node in replicas(world):
        if node.service:  # of one that is down nothing is left
            state = node.service.snapshot()
            other, there = known.setdefault(node.last_applied, (node.id, state))
            if there != state:
                return f"{other} and {node.id} differ at {node.last_applied}"
    return None


def sometimes_a_follower_has_nothing_but_a_snapshot(world) -> bool:
    logs = [n.log for n in replicas(world) if n.role is Role.FOLLOWER]
    return any(log.index and not log.behind for log in logs)


def s1_alone_stands(world) -> bool:
    nodes = world.nodes
    return all(nodes[id].role is Role.FOLLOWER for id in ("s2", "s3"))


def explored(kind: type[RaftSnapshot], calls: tuple[Call, ...], **more) -> Explored:
    return explore(
        kind,
        servers=3,
        clients=1,
        timeout_ms=None,
        per_node={"c1": {"servers": ("s1",)}},
        workload={"c1": calls},
        properties=(
            always_equal_places_have_equal_states,
            sometimes_a_follower_has_nothing_but_a_snapshot,
        ),
        progress=False,
        **more,
    )


WRITE = (Call("write", ("x", 1)),)


def test_a_write_and_a_snapshot_at_each_place():
    """§7, snapshot; InstallSnapshot 8: every entry that is applied is thrown away."""
    bound = {"budget": Budget(timers=2), "within": s1_alone_stands, "log_kept": 1}
    verdict = explored(RaftSnapshot, WRITE, **bound)
    assert verdict.valid and verdict.states == 31_788


@pytest.mark.soak
def test_whoever_stands():
    """InstallSnapshot 1; InstallSnapshot 5: two elections, in any order of messages."""
    verdict = explored(RaftSnapshot, (), budget=Budget(timers=2), log_kept=1)
    assert verdict.valid and verdict.states == 48_694


@pytest.mark.parametrize("mutant", [BeginsAnew, KeepsItsMachine])
def test_a_machine_that_does_not_go_on_from_the_snapshot_is_found(mutant):
    bound = {"budget": Budget(timers=2, **CRASH), "within": s1_alone_stands}
    verdict = explored(mutant, WRITE, log_kept=1, **bound)
    assert verdict.invalid and "differ at" in verdict.reason
