"""Every schedule of one change; and the counter-example of 2015, found by search."""

import pytest
from raft_claims import CLAIMS, remembering
from raft_membership_mutants import ChangesBeforeItCommits
from test_raft_membership import FIVE

from distlab.check import Budget
from distlab.check.explore import explore
from distlab.check.explored import Explored
from distlab.check.worlds import Worlds
from distlab.consensus.raft import Entry, Role
from distlab.consensus.raft_membership import RaftMembership, Reconfiguration
from distlab.consensus.raft_single_server import RaftSingleServer
from distlab.node import Call, Log, NodeId
from distlab.quorum import Majority

FOUR = FIVE[:4]
REMOVE_S1 = Call("change_members", (FIVE[1:4],))
FIRST = Reconfiguration("c0", 1, Call("change_members", (FOUR,)), Majority(FOUR))
ADDED = Reconfiguration("c0", 2, Call("change_members", (FIVE,)), Majority(FIVE))


def beginning(kind: type[RaftSingleServer]) -> type[RaftSingleServer]:
    """Four servers; s1 has led term 1, and has added s5: those two know of it."""

    class Beginning(kind):
        def on_start(self):
            super().on_start()
            news = (FIRST, ADDED) if self.id in ("s1", "s5") else (FIRST,)
            self.log = Log(*(Entry(1, command) for command in news))
            self.current_term = self.commit_index = self.last_applied = 1

    return remembering(Beginning)


def s2_leads_and_s1_hears_nothing(world) -> bool:
    nodes = world.nodes
    others = (nodes[id].role is Role.FOLLOWER for id in ("s3", "s4"))
    away = (nodes[id].current_term == 1 for id in ("s1", "s5"))
    return all(others) and all(away) and nodes["s2"].current_term <= 2


def s2_has_removed_s1(world) -> bool:
    s2 = world.nodes["s2"]
    return s2.commit_index == s2.log.last_index == 3


def s1_stands_and_s2_and_s3_hear_nothing(world) -> bool:
    nodes = world.nodes
    others = (nodes[id].role is Role.FOLLOWER for id in ("s3", "s4", "s5"))
    away = (nodes[id].current_term == 2 for id in ("s2", "s3"))
    return all(others) and all(away) and nodes["s1"].current_term <= 3


def hunt(kind: type[RaftSingleServer]) -> tuple[Explored, Explored]:
    """First s2 has to remove s1; then s1 comes back, by the servers that it knows."""
    worlds = Worlds(
        beginning(kind),
        servers=5,
        clients=1,
        workload={"c1": (REMOVE_S1,)},
        per_node={"c1": {"servers": ("s2",)}},
        timeout_ms=None,
        budget=Budget(timers=3),
    )
    removed = explore(
        worlds,
        properties=CLAIMS,
        within=s2_leads_and_s1_hears_nothing,
        goal=s2_has_removed_s1,
        progress=False,
    )
    back = explore(
        worlds,
        properties=CLAIMS,
        within=s1_stands_and_s2_and_s3_hear_nothing,
        start=removed,
        progress=False,
    )
    return removed, back


def test_a_search_finds_what_was_wrong_for_a_year():
    """2015: s1 leads without what s2 has committed."""
    removed, back = hunt(ChangesBeforeItCommits)
    assert (removed.states, back.states) == (152, 5436)
    assert back.invalid
    assert back.reason.endswith(
        "s2 has committed 3 entries in term 2, and s1 leads term 3 without them."
    )


def test_it_finds_nothing_when_leaders_commit_first():
    """2015: then s4 has an entry of term 2 too, and s1 is not elected."""
    removed, back = hunt(RaftSingleServer)
    assert removed.path and back.valid
    assert (removed.states, back.states) == (671, 11_312)


# ------------------------------------------------------------------- one change, alone
def one_change(kind: type[RaftMembership], members: tuple[NodeId, ...]) -> Explored:
    """s1 is elected by two of three, and then asked for a change."""
    return explore(
        remembering(kind),
        servers=4,
        clients=1,
        timeout_ms=None,
        first=FIVE[:3],
        per_node={"c1": {"servers": ("s1",)}},
        workload={"c1": (Call("change_members", (members,)),)},
        budget=Budget(timers=1),
        within=s1_alone_stands,
        properties=(*CLAIMS, sometimes_all_know_of_the_change),
        progress=False,
    )


def s1_alone_stands(world) -> bool:
    nodes = world.nodes
    return all(nodes[id].role is Role.FOLLOWER for id in ("s2", "s3", "s4"))


def sometimes_all_know_of_the_change(world) -> bool:
    servers = [node for id, node in world.nodes.items() if id[0] == "s"]
    return all(node.configured_at for node in servers)


def test_a_server_is_added_in_any_order_of_messages():
    """§4.1, one server."""
    verdict = one_change(RaftSingleServer, FOUR)
    assert verdict.valid and verdict.states == 2646


@pytest.mark.soak
def test_servers_are_exchanged_in_any_order_of_messages():
    """§6, C old,new; §6, C new."""
    verdict = one_change(RaftMembership, ("s1", "s2", "s4"))
    assert verdict.valid and verdict.states == 33_078
