"""Anti-entropy: replicas compare their rows in the background, and mend what differs.

Source
    Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987,
    section 1.3; with Merkle trees: DeCandia et al., "Dynamo: Amazon's Highly Available
    Key-value Store", SOSP 2007, section 4.7.
Guarantees
    Those of `quorum`; and once faults stop, all replicas become equal, whether or not
    anybody reads. Only rows that differ travel.
Assumes
    As `quorum`. All replicas have trees of one shape.
Costs
    A message a round where nothing differs. For a row that does, d + 1 messages down a
    tree of depth d, each with the b hashes below a place, then the hashes of one bucket
    of keys, and the row: one way, or both. `merkle` says what a write pays.
Departs
    Dynamo has a tree for each range of keys that two nodes share; here all replicas
    have all keys. Nothing is remembered of a comparison: each message is answered from
    the tree as it is now, so loss only costs the round.
"""

from __future__ import annotations

from distlab.errors import Misuse
from distlab.node import Message, NodeId, Timer, setting, volatile
from distlab.replication.merkle import MerkleTree
from distlab.replication.quorum import CLUSTER as QUORUM
from distlab.replication.quorum import Replica
from distlab.replication.siblings import Siblings


class Compare(Message):
    """These places of my tree have these hashes: are yours the same?"""

    hashes: tuple[tuple[int, str], ...]


class CompareKeys(Message):
    """In these buckets I have just these keys, and their rows have these hashes."""

    buckets: tuple[int, ...]
    hashes: tuple[tuple[str, str], ...]


class Exchange(Message):
    """Rows that you have otherwise or not at all; and keys of which I want yours."""

    rows: tuple[tuple[str, Siblings], ...]
    wanted: tuple[str, ...] = ()


class Round(Timer):
    """Time to compare with another replica."""


class AntiEntropy(Replica):
    """A replica that compares its rows with those of another, each time at random."""

    round_ms: float = setting(100)
    branching: int = setting(16)
    depth: int = setting(3)

    tree: MerkleTree = volatile(MerkleTree())  # of `rows`
    written: dict[str, None] = volatile({})  # the keys that it has yet to take over

    def on_start(self):
        if self.branching < 2 or self.depth < 0:
            raise Misuse(
                f"a tree of branching {self.branching} and depth {self.depth}: choose "
                f"2 or more, and 0 or more."
            )
        self.begin_rounds()

    def begin_rounds(self):
        self.tree = MerkleTree(self.branching, self.depth)
        self.tree.update(self.rows)
        if self.peers:
            self.set_timer(Round(), self.round_ms / 2, self.round_ms * 3 / 2)

    def keep(self, key: str, siblings: Siblings):
        super().keep(key, siblings)
        self.written[key] = None

    def after_event(self):
        if self.written:  # all at once: rows that arrive together share their buckets
            self.tree.update({key: self.rows.get(key, ()) for key in self.written})
            self.written = {}

    def on_round(self, timer: Round):  # §4.7, root
        self.set_timer(timer, self.round_ms / 2, self.round_ms * 3 / 2)
        self.send(self.choose(1, self.peers), Compare(((0, self.tree.hash()),)))

    def on_compare(self, src: NodeId, msg: Compare):  # §4.7, traversal
        differing = [p for p, hash in msg.hashes if self.tree.hash(p) != hash]
        buckets = [place for place in differing if self.tree.is_bucket(place)]
        places = [place for place in differing if place not in buckets]
        if places:
            below = (pair for place in places for pair in self.tree.below(place))
            self.send(src, Compare(tuple(below)))
        if buckets:
            self.compare_keys(src, tuple(buckets))

    def compare_keys(self, src: NodeId, buckets: tuple[int, ...]):  # §4.7, traversal
        hashes = (pair for bucket in buckets for pair in self.tree.keys(bucket))
        self.send(src, CompareKeys(buckets, tuple(hashes)))

    def on_compare_keys(self, src: NodeId, msg: CompareKeys):  # Demers §1.3, push-pull
        theirs = dict(msg.hashes)
        mine = {k: hash for b in msg.buckets for k, hash in self.tree.keys(b)}
        rows = tuple((k, self.rows[k]) for k in mine if mine[k] != theirs.get(k))
        wanted = tuple(key for key in theirs if theirs[key] != mine.get(key))
        if rows or wanted:
            self.send(src, Exchange(rows, wanted))

    def on_exchange(self, src: NodeId, msg: Exchange):
        for key, siblings in msg.rows:
            self.keep(key, siblings)
        sent = dict(msg.rows)
        wanted = ((k, self.rows[k]) for k in msg.wanted if k in self.rows)
        if rows := tuple((k, row) for k, row in wanted if row != sent.get(k)):
            self.send(src, Exchange(rows))

    def on_recover(self, report):
        super().on_recover(report)
        self.begin_rounds()


class WholeBuckets(AntiEntropy):
    """Sends all rows of a bucket in which some differ: at depth 0, everything."""

    def compare_keys(self, src: NodeId, buckets: tuple[int, ...]):
        keys = (key for bucket in buckets for key, _ in self.tree.keys(bucket))
        self.send(src, Exchange(tuple((key, self.rows[key]) for key in keys)))


# Who runs together when `distlab run` is told nothing else.


CLUSTER = {**QUORUM, "servers": (AntiEntropy, 3)}
