"""What a follower says when its log does not fit, and that it does no harm."""

import pytest
from killed import broken
from raft_runs import promises, run
from test_raft import replica

from distlab.consensus.raft import AppendEntries, AppendEntriesResponse, Raft
from distlab.consensus.raft_backtracking import RaftBacktracking
from distlab.node import Deliver, NodeId, Send


class GoesBackTooFar(RaftBacktracking):
    """§5.3, first index: to the last entry of the term before."""

    def conflict_index(self, prev: int) -> int:
        return super().conflict_index(prev) - 1


class GoesBackOne(RaftBacktracking):
    """§5.3, first index: as the paper's figure does."""

    def conflict_index(self, prev: int) -> int:
        return prev


class RefusesNobody(RaftBacktracking):
    """§5.3, refusal: asks about a place where every log fits."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):
        prev, term = msg.prev_log_index, msg.prev_log_term
        if msg.term == self.current_term and self.term_at(prev) != term:
            msg = AppendEntries(msg.term, 0, 0, (), 0)
        Raft.on_append_entries(self, src, msg)


def test_a_follower_says_where_the_trouble_may_begin(kind=RaftBacktracking):
    """§5.3, refusal; §5.3, first index: of the term there, or where its log ends."""
    for log, prev, first in (
        ((1, 1, 2, 2, 2), 5, 3),
        ((1, 1, 2, 2, 2), 4, 3),
        ((1, 1, 2, 2, 2), 6, 6),
        ((2, 2, 2), 3, 1),
        ((), 4, 1),
    ):
        s1 = replica(kind, *log, term=8)
        msg = AppendEntries(8, prev, 7, (), 0)
        answer = AppendEntriesResponse(8, False, first)
        assert Send("s2", answer) in s1.step(Deliver("s2", msg))


def test_an_old_leader_is_refused_as_ever():
    """§5.3, refusal: its message says nothing about the leader's log."""
    s1 = replica(RaftBacktracking, 1, 2, term=8)
    msg = AppendEntries(7, 2, 7, (), 0)
    answer = AppendEntriesResponse(8, False, 2)
    assert s1.step(Deliver("s2", msg)) == [Send("s2", answer)]


@pytest.mark.parametrize("mutant", [GoesBackTooFar, GoesBackOne, RefusesNobody])
def test_what_says_another_place_is_caught(mutant):
    with pytest.raises(AssertionError):
        test_a_follower_says_where_the_trouble_may_begin(mutant)


@pytest.mark.parametrize("shape", ["stormy", "lopsided"])
@pytest.mark.parametrize("seed", range(6))
def test_what_raft_promises_is_kept(seed, shape):
    assert broken(run(RaftBacktracking, seed, shape), *promises(shape)) == {}
