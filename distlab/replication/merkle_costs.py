"""What it costs two replicas to find the rows in which they differ, and to mend them.

Source
    DeCandia et al., "Dynamo: Amazon's Highly Available Key-value Store", SOSP 2007,
    section 4.7; that whole buckets travel, "overstreaming", is Apache Cassandra's way.
Guarantees
    The messages of `anti_entropy` when nothing is lost, each as long as the real one.
Assumes
    Two replicas with the same keys; of some of them the second has newer rows.
Costs
    Nothing is hashed but the keys, once: who says what follows from where they fall.
Departs
    In the place of each hash stands a text of its length, which is all that counts.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from functools import cache
from typing import NamedTuple

from distlab.codec import size_bytes
from distlab.node import Message
from distlab.replication.anti_entropy import Compare, CompareKeys, Exchange
from distlab.replication.merkle import HASH_BYTES, NOTHING, MerkleTree, position
from distlab.replication.siblings import Siblings, Vector, Version

Rows = tuple[tuple[str, Siblings], ...]
HASH = "0" * 2 * HASH_BYTES
OLD = Vector((("c1", 1),))
NEW = OLD.then("c2", 1)


class Cost(NamedTuple):
    """How many messages, one after another, and how many bytes they have together."""

    messages: int
    size_bytes: int


def cost(conversation: Iterable[Message]) -> Cost:
    """What a conversation costs."""
    sizes = [size_bytes(message) for message in conversation]
    return Cost(len(sizes), sum(sizes))


class Pair(NamedTuple):
    """Two replicas of `keys` rows, of which the second has `differing` newer ones."""

    keys: int = 100_000
    differing: int = 1
    branching: int = 16
    depth: int = 3
    value_bytes: int = 100

    def conversation(self) -> Iterator[Message]:  # §4.7, transfer
        """What they say until they are equal; the first begins, and they take turns."""
        yield from self.compares()
        apart, changed = self.apart(), self.changed()
        hashes = tuple((name(i), HASH) for i in self.inside(apart))
        yield CompareKeys(apart, hashes)
        wanted = tuple(map(name, changed))
        if self.depth % 2 == 0:  # the first is asked, and does not know that it is old
            yield Exchange(self.rows(changed, newer=()), wanted)
            wanted = ()
        yield Exchange(self.rows(changed, newer=changed), wanted)

    def whole_buckets(self) -> Iterator[Message]:
        """The same if the second sends all rows of the buckets in which some differ."""
        yield from self.compares()
        yield Exchange(self.rows(self.inside(self.apart()), newer=self.changed()))

    def compares(self) -> Iterator[Compare]:
        """The hashes that they compare, from the root down."""
        tree = MerkleTree(self.branching, self.depth)
        filled = self.levels(self.buckets())
        yield Compare(((0, HASH),))
        for parents, there in zip(self.levels(self.apart()), filled[1:], strict=False):
            below = (place for parent in parents for place, _ in tree.below(parent))
            yield Compare(tuple((p, HASH if p in there else NOTHING) for p in below))

    def levels(self, buckets: Iterable[int]) -> list[dict[int, None]]:
        """The places on the ways from the root to these buckets, level by level."""
        levels = [dict.fromkeys(buckets)]
        for _ in range(self.depth):
            up = dict.fromkeys((place - 1) // self.branching for place in levels[0])
            levels.insert(0, up)
        return levels

    # ------------------------------------------------------------------ where keys fall
    def buckets(self) -> tuple[int, ...]:
        """The bucket of each key."""
        return fallen(self.keys, self.branching, self.depth)

    def changed(self) -> range:
        """The keys that differ: evenly spread."""
        return range(0, self.keys, self.keys // self.differing)[: self.differing]

    def apart(self) -> tuple[int, ...]:
        """The buckets in which some key differs, in their order."""
        buckets = self.buckets()
        return tuple(sorted({buckets[i] for i in self.changed()}))

    def inside(self, apart: tuple[int, ...]) -> list[int]:
        """The keys in these buckets."""
        wanted = set(apart)
        return [i for i, bucket in enumerate(self.buckets()) if bucket in wanted]

    # ------------------------------------------------------------------------- the rows
    def rows(self, keys: Iterable[int], newer: Container[int]) -> Rows:
        """Some rows, of which some are the newer ones."""
        old, new = (self.row(vector) for vector in (OLD, NEW))
        return tuple((name(i), new if i in newer else old) for i in keys)

    def row(self, vector: Vector) -> Siblings:
        """What a write has left."""
        return (Version("v" * self.value_bytes, vector),)


def name(i: int) -> str:
    """A key, as long as any other."""
    return f"key {i:07}"


@cache
def fallen(keys: int, branching: int, depth: int) -> tuple[int, ...]:
    """The bucket of each key in a tree of this shape."""
    first = MerkleTree(branching, depth).first_bucket
    return tuple(first + at % branching**depth for at in positions(keys))


@cache
def positions(keys: int) -> tuple[int, ...]:
    """Where the keys fall, whatever the shape."""
    return tuple(position(name(i)) for i in range(keys))
