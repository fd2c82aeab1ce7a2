"""Figures 7 and 8: which logs can occur, how they are repaired, what is committed."""

import pytest
from raft_figures import FOLLOWERS, LEADER, figure_8, log, repair, terms
from raft_mutants import CommitsOldTerm

from distlab.consensus.raft import Raft, RequestVote, Role
from distlab.consensus.raft_backtracking import RaftBacktracking
from distlab.node import Deliver

# by follower: refusals when one entry is gone back for each, and when a term is
REFUSALS = {
    "a": (1, 1),
    "b": (6, 1),
    "c": (0, 0),
    "d": (0, 0),
    "e": (5, 2),
    "f": (7, 2),
}


@pytest.mark.parametrize("name", FOLLOWERS)
def test_the_leader_makes_each_log_of_figure_7_like_its_own(name):
    """Leaders 3: one entry back for each refusal. §5.3, first index: a term each."""
    for kind, refusals in zip((Raft, RaftBacktracking), REFUSALS[name], strict=True):
        assert repair(kind, name) == (refusals, (*LEADER, 8))


def test_who_of_figure_7_may_vote_for_whom():
    """RequestVote 2: c and d are ahead of the leader, and the others are not."""
    refuse = []
    for name, entries in FOLLOWERS.items():
        node = Raft(name, (name, "leader", "third"))
        node.load({"log": log(*entries), "current_term": 7})
        node.step(Deliver("leader", RequestVote(8, len(LEADER), LEADER[-1])))
        if node.voted_for is None:
            refuse.append(name)
    assert refuse == ["c", "d"]


def test_an_entry_of_an_older_term_may_be_on_a_majority_and_be_lost():
    """Leaders 4: (d) of Figure 8, so it was not committed."""
    table = figure_8(Raft)
    assert all(terms(table.nodes[s])[:2] == (1, 3) for s in ("s2", "s3", "s4", "s5"))
    executed = {output for said in map(table.delivered, table.nodes) for output in said}
    assert [d.index for d in executed if d.command and d.index == 2] == []


def test_who_counts_its_copies_executes_what_is_lost():
    """Leaders 4: s1 executes the entry of term 2, the others that of term 3."""
    table = figure_8(CommitsOldTerm)
    assert all(terms(table.nodes[s])[:2] == (1, 3) for s in ("s2", "s3", "s4", "s5"))
    places = {output.index for output in table.delivered("s1")}
    assert places == {1, 2}, "place 2 was committed"


def test_an_entry_of_its_own_term_commits_those_before_it():
    """Leaders 4: (e) of Figure 8; s5 is not elected any more."""
    table = figure_8(Raft, stops_at="e")
    assert table.nodes["s5"].role is Role.CANDIDATE
    assert [output.index for output in table.delivered("s1")] == [1, 2, 3]
