"""Merkle trees: what their hashes say of the rows below, and what a change costs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.replication import merkle
from distlab.replication.merkle import NOTHING, MerkleTree

ROWS = {f"key {i}": (f"value {i}",) for i in range(40)}
SHAPES = [(2, 0), (2, 1), (2, 5), (3, 2), (16, 1), (16, 3)]
rows = st.dictionaries(st.text(max_size=3), st.tuples(st.integers(0, 2)), max_size=12)


def tree_of(rows: dict, branching: int = 3, depth: int = 2) -> MerkleTree:
    tree = MerkleTree(branching, depth)
    tree.update(rows)
    return tree


def differing(one: MerkleTree, other: MerkleTree, place: int = 0) -> list[str]:
    """The keys whose rows differ, found from the root down."""
    if one.hash(place) == other.hash(place):
        return []
    if one.is_bucket(place):
        pairs = set(one.keys(place)) ^ set(other.keys(place))
        return sorted({key for key, _ in pairs})
    return sorted(k for p, _ in one.below(place) for k in differing(one, other, p))


# ----------------------------------------------------------------------- what it is for
@pytest.mark.parametrize(("branching", "depth"), SHAPES)
def test_every_key_is_in_one_bucket_with_the_hash_of_its_row(branching, depth):
    """§4.7, leaves."""
    tree = tree_of(ROWS, branching, depth)
    places = range(tree.first_bucket, tree.first_bucket + branching**depth)
    found = [pair for place in places for pair in tree.keys(place)]
    assert sorted(found) == sorted((k, merkle.digest(row)) for k, row in ROWS.items())


def test_a_place_above_has_the_hash_of_the_hashes_below():
    """§4.7, parents."""
    tree = tree_of(ROWS)
    for place in range(tree.first_bucket):
        below = tuple(tree.hash(p) for p in range(3 * place + 1, 3 * place + 4))
        assert tree.hash(place) == merkle.digest(below) != NOTHING
        assert tuple(hash for _, hash in tree.below(place)) == below


def test_the_places_below_all_others_are_each_below_one():
    tree = tree_of({}, 3, 2)
    below = [p for place in range(tree.first_bucket) for p, _ in tree.below(place)]
    assert below == list(range(1, 1 + 3 + 9))
    assert [tree.is_bucket(place) for place in range(13)] == [False] * 4 + [True] * 9


@pytest.mark.parametrize(("branching", "depth"), SHAPES)
@given(one=rows, other=rows)
def test_two_trees_lead_to_the_keys_that_differ_and_to_no_others(
    branching, depth, one, other
):
    truly = sorted(k for k in {**one, **other} if one.get(k) != other.get(k))
    trees = (tree_of(rows, branching, depth) for rows in (one, other))
    assert differing(*trees) == truly


@given(rows, rows)
def test_equal_rows_have_equal_trees_whatever_they_were_before(before, after):
    """Nothing is left of a row that has been overwritten or is gone."""
    tree = tree_of(before)
    tree.update(dict.fromkeys(before, ()) | after)
    fresh = tree_of(after)
    places = range(fresh.first_bucket + 9)
    assert [tree.hash(p) for p in places] == [fresh.hash(p) for p in places]


def test_the_order_of_the_rows_does_not_matter():
    backwards = dict(reversed(ROWS.items()))
    one_by_one = tree_of({})
    for key, row in backwards.items():
        one_by_one.update({key: row})
    assert one_by_one.hashes == tree_of(backwards).hashes == tree_of(ROWS).hashes


def test_a_row_that_moves_to_another_key_is_a_difference():
    """§4.7, leaves: a hash says whose row it is of."""
    moved = {"key 1": ROWS["key 2"]}, {"key 2": ROWS["key 2"]}
    trees = (tree_of(rows, depth=0) for rows in moved)
    assert differing(*trees) == ["key 1", "key 2"]


def test_no_rows_have_no_hash():
    assert tree_of({}).hash() == tree_of({"x": ()}).hash() == NOTHING


def test_a_tree_is_the_same_on_every_machine():
    assert tree_of(ROWS).hash() == "5fa91be39b8fa39d550613e60ee118cb"


# ------------------------------------------------------------------------ what it costs
@pytest.mark.parametrize(("branching", "depth"), SHAPES)
def test_a_write_hashes_its_row_its_bucket_and_what_is_above(
    branching, depth, monkeypatch
):
    tree, hashed = tree_of(ROWS, branching, depth), []
    digest = merkle.digest
    monkeypatch.setattr(merkle, "digest", lambda v: hashed.append(v) or digest(v))
    tree.update({"key 7": ("new",)})
    row_and_bucket = [("key 7",), ("new",)]  # the first says which bucket it is
    assert hashed[:2] == row_and_bucket
    assert len(hashed[2:]) == depth + 1
    assert [len(inside) for inside in hashed[3:]] == [branching] * depth


# ------------------------------------------------------------------------------ mutants
class HashesKeysAlone(MerkleTree):
    def update(self, rows):
        super().update({key: row and (key,) for key, row in rows.items()})


class KeepsRowsThatAreGone(MerkleTree):
    def update(self, rows):
        super().update({key: row or ("nothing",) for key, row in rows.items()})


class HashesTheBucketAlone(MerkleTree):
    def rehash(self, places):
        for place in places:
            self.hashes[place] = merkle.digest(self.inside(place))


class RehashesOnePlaceAlone(MerkleTree):
    def rehash(self, places):
        super().rehash(list(places)[:1])


class HashesInOrderOfArrival(MerkleTree):
    def keys(self, bucket):
        return tuple(self.buckets.get(bucket, {}).items())


class HashesRowsWithoutKeys(MerkleTree):
    def inside(self, place):
        inside = super().inside(place)
        return tuple(h for _, h in inside) if self.is_bucket(place) else inside


KILLED = {
    HashesKeysAlone: lambda: test_every_key_is_in_one_bucket_with_the_hash_of_its_row(
        3, 2
    ),
    KeepsRowsThatAreGone: test_no_rows_have_no_hash,
    HashesTheBucketAlone: test_a_place_above_has_the_hash_of_the_hashes_below,
    RehashesOnePlaceAlone: test_a_place_above_has_the_hash_of_the_hashes_below,
    HashesInOrderOfArrival: test_the_order_of_the_rows_does_not_matter,
    HashesRowsWithoutKeys: test_a_row_that_moves_to_another_key_is_a_difference,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_hashes_wrongly(mutant, monkeypatch):
    KILLED[mutant]()
    monkeypatch.setitem(globals(), "MerkleTree", mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
