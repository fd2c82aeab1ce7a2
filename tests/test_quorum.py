"""Quorums against slow twins: every subset of the nodes is tried."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.errors import Misuse
from distlab.quorum import (
    AtLeast,
    Joint,
    Majority,
    Quorum,
    Votes,
    Weighted,
    WholeLine,
    column,
    grid,
    row,
)
from distlab.state import copied, frozen

GRID = (("a", "b", "c"), ("d", "e", "f"))


def subsets(nodes):
    for k in range(len(nodes) + 1):
        yield from map(set, combinations(nodes, k))


def smallest(quorum: Quorum) -> list[set]:
    """The sets that are enough and none of whose parts is: a slow twin's view."""
    enough = [s for s in subsets(quorum.members()) if quorum.has(s)]
    return [s for s in enough if not any(other < s for other in enough)]


def always_meet(one: Quorum, other: Quorum) -> bool:
    """A slow twin of `meets`: all pairs of smallest quorums."""
    return all(a & b for a in smallest(one) for b in smallest(other))


QUORUMS = [
    *(Majority("abcde"[:n]) for n in range(1, 6)),
    *(AtLeast("abcd", count) for count in range(1, 5)),
    Weighted((("a", 3), ("b", 1), ("c", 1))),
    Weighted((("a", 2), ("b", 1), ("c", 1), ("d", 1))),
    Weighted((("a", 1), ("b", 1), ("c", 2)), enough=3),
    WholeLine((("a", "b"), ("b", "c"))),
    row(GRID),
    column(GRID),
    grid(GRID),
    Joint(Majority("abc"), Majority("bcd")),
    Joint(Majority("abc"), Majority("defgh")),
]


@pytest.mark.parametrize("quorum", QUORUMS, ids=repr)
def test_more_than_enough_is_enough_and_nobody_is_not(quorum):
    assert quorum.has(quorum.members())
    assert not quorum.has(())
    for one in subsets(quorum.members()):
        for node in quorum.members():
            assert not quorum.has(one) or quorum.has(one | {node})


@pytest.mark.parametrize("quorum", QUORUMS, ids=repr)
def test_strangers_and_repetitions_do_not_count(quorum):
    for one in subsets(quorum.members()):
        assert quorum.has([*one, *one, "zoe", "yves", "xena"]) == quorum.has(one)
        assert quorum.has(iter([*one])) == quorum.has(one)


@pytest.mark.parametrize("n", range(1, 7))
def test_a_majority_is_more_than_half(n):
    nodes = tuple("abcdef"[:n])
    for one in subsets(nodes):
        assert Majority(nodes).has(one) == (len(one) > n / 2)
    assert always_meet(Majority(nodes), Majority(nodes))


@pytest.mark.parametrize(("r", "w"), [*product(range(1, 6), repeat=2)])
def test_reads_meet_writes_when_r_and_w_are_more_than_n(r, w):
    reads, writes = AtLeast("abcde", r), AtLeast("abcde", w)
    assert reads.meets(writes) == (r + w > 5)


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=5),
    st.none() | st.integers(1, 10),
    st.sets(st.sampled_from("abcde")),
)
def test_weights_are_summed(weights, enough, voters):
    votes = tuple(zip("abcde", weights, strict=False))
    got = sum(weight for node, weight in votes if node in voters)
    least = sum(weights) / 2 if enough is None else enough - 0.5
    assert Weighted(votes, enough).has(voters) == (got > least)


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("rows", [1, 2, 3])
def test_every_row_meets_every_column(rows, columns):
    names = iter("abcdefghi")
    nodes = tuple(tuple(next(names) for _ in range(columns)) for _ in range(rows))
    assert row(nodes).meets(column(nodes))
    assert row(nodes).meets(row(nodes)) == (rows == 1)
    assert column(nodes).meets(column(nodes)) == (columns == 1)
    assert grid(nodes).meets(grid(nodes))
    assert {len(q) for q in smallest(grid(nodes))} == {rows + columns - 1}


def test_rows_of_several_lengths_are_no_grid():
    with pytest.raises(Misuse, match="are of several lengths: make them a grid"):
        column((("a", "b"), ("c",)))


@pytest.mark.parametrize(
    ("old", "new"),
    [("abc", "abd"), ("abc", "def"), ("abcde", "ab"), ("a", "bcd")],
)
def test_a_joint_quorum_meets_both_configurations(old, new):
    joint = Joint(Majority(old), Majority(new))
    assert joint.meets(Majority(old))
    assert joint.meets(Majority(new))


def test_without_it_two_configurations_can_decide_apart():
    assert not Majority("abc").meets(Majority("cde"))


@pytest.mark.parametrize("one", QUORUMS[:12], ids=repr)
@pytest.mark.parametrize("other", QUORUMS, ids=repr)
def test_whether_two_meet_is_what_the_slow_twin_says(one, other):
    assert one.meets(other) == always_meet(one, other) == other.meets(one)


# --------------------------------------------------------- what a shape costs and bears
def hit_by(quorum: Quorum) -> int:
    """The fewest crashes that leave no quorum: one in each smallest set."""
    nodes, sets = quorum.members(), smallest(quorum)
    return min(len(down) for down in subsets(nodes) if all(down & s for s in sets))


@pytest.mark.parametrize("quorum", QUORUMS, ids=repr)
def test_the_fewest_nodes_and_the_most_crashes_are_what_the_slow_twin_counts(quorum):
    assert quorum.fewest() == min(map(len, smallest(quorum)))
    assert quorum.survives() == hit_by(quorum) - 1


NINE = tuple(f"s{i}" for i in range(1, 10))
SQUARE = NINE[:3], NINE[3:6], NINE[6:]
HEAVY = Weighted((("s1", 3), ("s2", 3), *((node, 1) for node in NINE[2:])))
# Reads and writes of nine nodes: whether they meet, whether two writes do, and of each
# the fewest nodes and the crashes that it survives
MAP = {
    "one, all": (AtLeast(NINE, 1), AtLeast(NINE, 9), True, True, (1, 8), (9, 0)),
    "majorities": (Majority(NINE), Majority(NINE), True, True, (5, 4), (5, 4)),
    "r + w = n": (AtLeast(NINE, 4), AtLeast(NINE, 5), False, True, (4, 5), (5, 4)),
    "r + w > n": (AtLeast(NINE, 7), AtLeast(NINE, 3), True, False, (7, 2), (3, 6)),
    "row, column": (row(SQUARE), column(SQUARE), True, False, (3, 2), (3, 2)),
    "row, row": (row(SQUARE), row(SQUARE), False, False, (3, 2), (3, 2)),
    "row, cross": (row(SQUARE), grid(SQUARE), True, True, (3, 2), (5, 2)),
    "weights": (HEAVY, HEAVY, True, True, (3, 2), (3, 2)),
    "majority, column": (
        AtLeast(NINE, 5),
        column(SQUARE),
        False,
        False,
        (5, 4),
        (3, 2),
    ),
}


@pytest.mark.parametrize("shape", MAP)
def test_the_map_of_nine_nodes(shape):
    """Gifford; Maekawa: which shapes overlap, what they need and what they survive."""
    reads, writes, meet, writes_meet, of_read, of_write = MAP[shape]
    assert (reads.meets(writes), writes.meets(writes)) == (meet, writes_meet)
    assert (reads.fewest(), reads.survives()) == of_read
    assert (writes.fewest(), writes.survives()) == of_write


def test_what_can_never_be_reached_costs_nothing_that_could_be_told():
    never = AtLeast(("a", "b"), 3)
    for count in (never.fewest, never.survives):
        with pytest.raises(Misuse, match="not even all of its nodes are enough"):
            count()


def test_a_quorum_is_a_value():
    assert Majority(("a", "b")) == Majority(("a", "b"))
    assert len({Majority(("a",)), Majority(("a",)), AtLeast(("a",), 1)}) == 2


# ------------------------------------------------------------------------ who has voted
def test_a_vote_is_counted_once():
    votes = Votes()
    assert votes.add("b", "yes")
    assert not votes.add("b", "yes")
    assert not votes.add("b", "no")  # the first word stands
    assert (votes.by(), votes.messages()) == (("b",), ("yes",))


def test_votes_are_kept_apart_by_key_and_in_the_order_of_arrival():
    votes = Votes()
    for voter in "cab":
        votes.add(voter, f"from {voter}", key=(1, "digest"))
    votes.add("a", key=2)
    assert votes.by((1, "digest")) == ("c", "a", "b")
    assert votes.messages((1, "digest")) == ("from c", "from a", "from b")
    assert votes.by(2) == ("a",)
    assert votes.by(3) == votes.messages(3) == ()


def test_votes_are_forgotten_by_key():
    votes = Votes()
    votes.add("a", key=1)
    votes.add("a", key=2)
    votes.forget(1)
    votes.forget(7)
    assert (votes.by(1), votes.by(2)) == ((), ("a",))


def test_votes_are_state_copied_and_compared():
    votes = Votes()
    votes.add("a", "yes", key=1)
    twin = copied(votes)
    assert frozen(twin) == frozen(votes)
    twin.add("b", "no", key=1)
    assert votes.by(1) == ("a",)
    assert frozen(twin) != frozen(votes)
