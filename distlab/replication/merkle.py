"""Merkle trees: two replicas find the rows in which they differ by comparing hashes.

Source
    Merkle, "A Digital Signature Based on a Conventional Encryption Function", CRYPTO
    1987; as replicas use it: DeCandia et al., "Dynamo: Amazon's Highly Available
    Key-value Store", SOSP 2007, section 4.7.
Guarantees
    Equal rows have equal trees, in whatever order and however often they were written.
    Where the hashes of two places are equal, so are all rows below. Where rows differ,
    so do the hashes of all places above, up to the root.
Assumes
    No two different texts have the same hash. Both trees have one shape.
Costs
    With k keys, branching b and depth d, k / b^d keys fall into a bucket. A write
    hashes its bucket, and then d times b hashes; the tree holds a hash for each row and
    each place.
Departs
    Keys are spread over the buckets by their hashes, so that the shape is the same at
    all replicas and for any keys. A hash has 16 bytes: against accidents, not against
    those who look for two equal ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from distlab.codec import to_json
from distlab.node import Record

HASH_BYTES = 16
NOTHING = ""  # the hash of a place with no rows below


def digest(value: Any) -> str:
    """The hash of a value, equal on all machines; of nothing it is `NOTHING`."""
    if not value:
        return NOTHING
    return hashlib.blake2b(to_json(value).encode(), digest_size=HASH_BYTES).hexdigest()


def position(key: str) -> int:
    """Where a key falls, as a great number: keys are spread evenly."""
    return int(digest((key,)), 16)


class MerkleTree(Record):
    """The hashes of rows, of the buckets that they fall into, and of all places above.

    Places are numbered as in a heap: the root is 0, below p are p·b + 1 to p·b + b.
    """

    branching: int = 16
    depth: int = 3  # of the buckets; at 0 the root is the only one
    hashes: dict[int, str] = {}  # by place
    buckets: dict[int, dict[str, str]] = {}  # a place's keys, and rows' hashes

    def update(self, rows: Mapping[str, tuple[Any, ...]]) -> None:  # §4.7, leaves
        """Take over these rows; an empty one is gone."""
        places = {key: self.bucket(key) for key in rows}
        for key, row in rows.items():
            bucket = self.buckets.setdefault(places[key], {})
            bucket[key] = digest(row)
            if not row:
                del bucket[key]
        self.rehash(dict.fromkeys(places.values()))

    def rehash(self, places: Iterable[int]) -> None:  # §4.7, parents
        """Compute these places anew, and all that are above them."""
        for place in places:
            self.hashes[place] = digest(self.inside(place))
        above = dict.fromkeys((p - 1) // self.branching for p in places if p)
        if above:
            self.rehash(above)

    def inside(self, place: int) -> tuple[Any, ...]:
        """What the hash of a place is made of: rows in their order, or hashes."""
        if self.is_bucket(place):
            return self.keys(place)
        hashes = tuple(hash for _, hash in self.below(place))
        return hashes if any(hashes) else ()

    def hash(self, place: int = 0) -> str:
        """The hash of a place: equal where all rows below are equal."""
        return self.hashes.get(place, NOTHING)

    def below(self, place: int) -> tuple[tuple[int, str], ...]:
        """The places just below one, with their hashes."""
        first = place * self.branching + 1
        return tuple((p, self.hash(p)) for p in range(first, first + self.branching))

    def keys(self, bucket: int) -> tuple[tuple[str, str], ...]:
        """The keys of a bucket in their order, with the hashes of their rows."""
        return tuple(sorted(self.buckets.get(bucket, {}).items()))

    @property
    def first_bucket(self) -> int:
        """The buckets are the last places: so many come before them."""
        return sum(self.branching**level for level in range(self.depth))

    def is_bucket(self, place: int) -> bool:
        """Whether keys are just below, and no more places."""
        return place >= self.first_bucket

    def bucket(self, key: str) -> int:
        """The place of the bucket that a key falls into."""
        return self.first_bucket + position(key) % self.branching**self.depth
