"""Version vectors and their merge: by example, by the laws, and against plain sets."""

import random
from itertools import permutations

import pytest

from distlab.replication.siblings import Tombstone, Vector, Version, context, merge


def vector(**counts: int) -> Vector:
    return Vector(tuple(sorted(counts.items())))


def version(value: object, **counts: int) -> Version:
    return Version(value, vector(**counts))


# -------------------------------------------------------------------------- by example
def test_a_vector_covers_what_it_stands_on():
    """§4.4, syntactic reconciliation: as much of every writer, or more."""
    assert vector(a=2, b=1).covers(vector(a=1))
    assert vector(a=2).covers(vector(a=2))
    assert vector(a=1).covers(Vector())
    assert not vector(a=2).covers(vector(a=1, b=1))
    assert not Vector().covers(vector(a=1))


def test_a_join_is_the_least_that_covers_both():
    """§4.4, context."""
    one, other = vector(a=2, b=1), vector(b=3, c=1)
    assert one.join(other) == other.join(one) == vector(a=2, b=3, c=1)


def test_a_write_stands_on_what_its_writer_knew_and_on_itself():
    assert vector(a=2).then("b", 5) == vector(a=2, b=5)
    assert vector(a=2).then("a", 5) == vector(a=5)


def test_a_version_replaces_those_that_it_covers():
    """§4.4, syntactic reconciliation."""
    old, new = version("old", a=1), version("new", a=1, b=1)
    assert merge((old,), (new,)) == merge((new,), (old,)) == (new,)


def test_versions_that_knew_nothing_of_each_other_are_both_kept():
    """§4.4, syntactic reconciliation, in the order of their vectors."""
    milk, eggs = version("milk", a=1), version("eggs", b=1)
    assert merge((eggs,), (milk,)) == (milk, eggs)


def test_one_version_may_replace_several():
    """§4.4: whoever has read siblings writes one version for all of them."""
    siblings = version("milk", a=1), version("eggs", b=1)
    both = Version("both", context(siblings).then("c", 1))
    assert merge(siblings, (both,)) == (both,)


def test_who_has_read_siblings_knows_of_all_that_they_stand_on():
    """§4.4, context."""
    assert context((version(1, a=2, b=1), version(2, a=1, c=1))) == vector(
        a=2, b=1, c=1
    )
    assert context(()) == Vector()


def test_equal_values_of_several_writers_are_several_versions():
    assert len(merge((version("same", a=1),), (version("same", b=1),))) == 2


def test_a_deletion_replaces_as_a_write_does():
    gone = version(Tombstone(), a=1, b=1)
    assert merge((version("old", a=1),), (gone,)) == (gone,)
    assert merge((gone,), (version("old", a=1),)) == (gone,)


def test_what_is_held_stays_if_it_comes_again():
    """Also a value that does not equal itself: nothing changes, nothing is saved."""
    held = (version(float("nan"), a=1),)
    assert merge(held, (version(float("nan"), a=1),)) == held


def test_what_nobody_has_written_merges_to_nothing():
    assert merge() == merge((), ()) == ()


def test_a_version_can_be_read():
    assert repr(version("milk", c1=2, c2=1)) == "'milk' [c1:2 c2:1]"
    assert repr(version(Tombstone(), c1=3)) == "deleted [c1:3]"


# --------------------------------------------------------------------------- at random
def drawn(seed: int) -> list[Version]:
    """Versions as clients make them: each has seen some of those before it."""
    rng = random.Random(seed)
    made: list[Version] = []
    numbers = dict.fromkeys("abc", 0)
    last = dict.fromkeys("abc", Vector())  # of each writer: a later write stands on it
    for _ in range(rng.randint(1, 7)):
        writer = rng.choice("abc")
        numbers[writer] += 1
        seen = context(tuple(rng.sample(made, rng.randint(0, min(2, len(made))))))
        last[writer] = last[writer].join(seen).then(writer, numbers[writer])
        made.append(Version(len(made), last[writer]))
    return made


def known(one: Version) -> set:
    """The slow twin of a vector: the writes themselves."""
    return {(w, i) for w, count in one.vector.counts for i in range(1, count + 1)}


@pytest.mark.parametrize("seed", range(300))
def test_merge_keeps_just_what_no_other_version_stands_on(seed):
    versions = drawn(seed)
    kept = [v for v in versions if not any(known(v) < known(o) for o in versions)]
    assert sorted(merge(tuple(versions)), key=lambda v: v.value) == kept


@pytest.mark.parametrize("seed", range(100))
def test_it_does_not_matter_in_which_order_or_how_often_versions_are_merged(seed):
    versions = drawn(seed)[:5]
    merged = merge(tuple(versions))
    for order in permutations(versions):
        one_by_one = ()
        for one in order:
            one_by_one = merge(one_by_one, (one,), one_by_one)
        assert one_by_one == merged
    cut = seed % (len(versions) + 1)
    halves = merge(tuple(versions[:cut])), merge(tuple(versions[cut:]))
    assert merge(*halves) == merge(*reversed(halves)) == merge(merged, merged) == merged


@pytest.mark.parametrize("seed", range(100))
def test_a_join_is_the_union_of_what_both_know(seed):
    one, other = (drawn(seed) * 2)[:2]
    joined = Version(None, one.vector.join(other.vector))
    assert known(joined) == known(one) | known(other)
    assert one.vector.covers(other.vector) == (known(one) >= known(other))


# ------------------------------------------------------------------------------ mutants
class CoversByTheirSum(Vector):
    def covers(self, other):
        return sum(n for _, n in self.counts) >= sum(n for _, n in other.counts)


class CoversByOneWriter(Vector):
    def covers(self, other):
        return any(self[writer] >= number for writer, number in other.counts)


class CoversNoEqual(Vector):
    def covers(self, other):
        return self != other and super().covers(other)


class JoinsToTheLast(Vector):
    def join(self, other):
        return vector(**{**dict(self.counts), **dict(other.counts)})


class ForgetsWhoIsMissing(Vector):
    def join(self, other):
        return vector(**{w: max(n, other[w]) for w, n in self.counts})


class CountsOnFromWhatIsKnown(Vector):
    """A writer's next number is one more than what it has read, not than its last."""

    def then(self, writer, number):
        return self.join(vector(**{writer: self[writer] + 1}))


KILLED = {
    CoversByTheirSum: test_a_vector_covers_what_it_stands_on,
    CoversByOneWriter: test_a_vector_covers_what_it_stands_on,
    CoversNoEqual: test_a_vector_covers_what_it_stands_on,
    JoinsToTheLast: test_a_join_is_the_least_that_covers_both,
    ForgetsWhoIsMissing: test_a_join_is_the_least_that_covers_both,
    CountsOnFromWhatIsKnown: test_a_write_stands_on_what_its_writer_knew_and_on_itself,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_says_what_is_not_so(mutant, monkeypatch):
    monkeypatch.setitem(globals(), "Vector", mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
