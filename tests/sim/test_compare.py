"""What a command costs: counted on protocols whose costs are known."""

import pytest

from distlab.consensus.multi_paxos import MultiPaxos
from distlab.consensus.raft import Raft
from distlab.consensus.viewstamped import Viewstamped
from distlab.consensus.zab import Zab
from distlab.consensus.zab_election import ZabElection
from distlab.errors import Misuse
from distlab.faults import Crash, Pause
from distlab.node import Call
from distlab.replication.single_leader import SingleLeader
from distlab.sim.compare import BEGIN_MS, compare

FOUR = (MultiPaxos, Raft, Viewstamped, Zab)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_messages_are_counted_with_the_request_and_the_answer(n):
    """2(n - 1) among the replicas: nothing is sent but for commands."""
    (row,) = compare((SingleLeader,), servers=n)
    assert (row.messages, row.idle_messages_per_s) == (2 * (n - 1) + 2, 0)
    told = f"1 Write, {n - 1} Append, 1 WriteReply, {n - 1} Appended"
    assert row.kinds == told
    assert (row.answered, row.unanswered) == (20, 0)


@pytest.mark.parametrize(
    ("sync_followers", "delays", "syncs"), [(0, 2, 1), (1, 4, 3), (2, 4, 3)]
)
def test_what_an_answer_waits_for_is_read_off_its_time(sync_followers, delays, syncs):
    """A leader that waits for a follower syncs once more: that it is safe."""
    own = {"SingleLeader": {"sync_followers": sync_followers}}
    (row,) = compare((SingleLeader,), settings=own)
    assert (row.delays_in_a_row, row.syncs_in_a_row) == (delays, syncs)
    assert row.median_ms == delays + (syncs + 1) * 0.01  # and one of the client


def test_how_long_a_message_takes_changes_the_time_and_nothing_else():
    (fast,), (slow,) = (compare((SingleLeader,), message_ms=m) for m in (1, 7))
    assert slow.median_ms == pytest.approx(7 * fast.median_ms)
    assert slow.delays_in_a_row == fast.delays_in_a_row
    assert (slow.messages, slow.syncs) == (fast.messages, fast.syncs)


def test_all_four_take_four_delays_of_which_two_are_between_replicas():
    table = compare(FOUR)
    assert [row.delays_in_a_row for row in table] == [4, 4, 4, 4]
    assert [row.syncs for row in table] == [3, 3, 0, 3]
    assert [row.syncs_in_a_row for row in table] == [1, 2, 0, 2]


def test_a_schedule_may_be_about_the_leader_whoever_that_is():
    """And then the longest wait is what its loss costs."""
    four = (*FOUR[:3], ZabElection)
    calm = compare(four)
    after = compare(four, faults=lambda leader: (Crash(leader, BEGIN_MS + 10),))
    for before, row in zip(calm, after, strict=True):
        assert before.longest_ms < 5 and row.longest_ms > 100
        assert row.unanswered == 0


def test_what_is_not_answered_is_said():
    pause = lambda leader: (Pause(leader, BEGIN_MS + 10),)  # noqa: E731
    (row,) = compare((SingleLeader,), faults=pause)
    assert 0 < row.answered < 20
    assert row.answered + row.unanswered < 21


def test_the_table_has_a_row_for_each_protocol():
    table = compare((SingleLeader, Viewstamped)).to_pandas()
    assert list(table.index) == ["SingleLeader", "Viewstamped"]
    assert table.loc["SingleLeader", "messages"] == 6


def test_the_runs_can_be_looked_at():
    table = compare((SingleLeader, Viewstamped))
    assert list(table.runs) == ["SingleLeader", "Viewstamped"]
    for run in table.runs.values():
        assert len(run.history) == 21
        assert run.trace.between(BEGIN_MS, BEGIN_MS + 5).where("send")


def test_equal_arguments_equal_figures():
    assert repr(compare((Raft,), seed=3)) == repr(compare((Raft,), seed=3))


WRITE = Call("write", ("x", 1))


@pytest.mark.parametrize(
    ("said", "more", "told"),
    [
        (Raft, {}, r"compare\(Raft\): give a tuple, even of one, `\(Raft,\)`"),
        (["raft"], {}, "'raft' is no class of nodes, as `Raft` is"),
        ("raft", {}, "'r' is no class of nodes"),
        ((Raft,), {"faults": Crash("s1", 9)}, r"Crash.*: give a tuple, even of one\."),
        ((Raft,), {"faults": lambda it: Crash(it, 9)}, "give a tuple, even of one"),
        ((), {}, r"compare\(\(\)\): give one protocol or more"),
        ((Raft,), {"settings": {"Rat": {}}}, "'Rat': …}: the protocols here are Raft"),
        ((Raft,), {"servers": 0}, "servers=0, clients=1: give one or more of each"),
        ((Raft,), {"clients": 0}, "servers=3, clients=0: give one or more of each"),
        ((Raft,), {"message_ms": 0}, "message_ms=0: a message takes more than no time"),
        ((Raft,), {"until_ms": 1000}, "what is counted begins at 1000 ms"),
        ((Raft,), {"calls": (WRITE,)}, "give two or more, for the first, which finds"),
        ((Raft,), {"calls": WRITE}, "give two or more, for the first, which finds"),
    ],
)
def test_what_cannot_be_compared_is_refused(said, more, told):
    with pytest.raises(Misuse, match=told):
        compare(said, **more)


def test_without_a_leader_nobody_can_be_made_to_fail():
    with pytest.raises(Misuse, match="nobody has answered, so nobody leads"):
        compare(
            (Raft,), faults=lambda _: (), settings={"Raft": {"election_ms": (9e5, 9e5)}}
        )
