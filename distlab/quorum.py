"""Quorums: sets of nodes of which any two that matter overlap, as pure values.

A quorum answers one question, `quorum.has(voters)`. Who has voted is kept by `Votes`,
and acting exactly once is the protocol's own guard.

Source
    Gifford, "Weighted Voting for Replicated Data", SOSP 1979; Maekawa, "A √N Algorithm
    for Mutual Exclusion in Decentralized Systems", TOCS 1985; Howard, Malkhi and
    Spiegelman, "Flexible Paxos: Quorum Intersection Revisited", OPODIS 2016; Ongaro and
    Ousterhout, "In Search of an Understandable Consensus Algorithm", 2014 (joint).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, product
from typing import Any

from distlab.errors import Misuse
from distlab.events import NodeId
from distlab.state import Record
from distlab.value import Value


class Quorum(Value):
    """Which sets of nodes are enough. More nodes than enough are enough too.

    What two shapes have in common and what each costs is counted, not told: `meets`,
    `fewest` and `survives` try all sets of members, 2 to the power of their number.
    """

    def has(self, voters: Iterable[NodeId]) -> bool:
        """Whether these nodes are enough; others than members do not count."""
        raise NotImplementedError

    def members(self) -> tuple[NodeId, ...]:
        """The nodes that count, each once."""
        raise NotImplementedError

    def meets(self, other: Quorum) -> bool:
        """Whether each set that this has overlaps each set that `other` has."""
        nodes = tuple(dict.fromkeys((*self.members(), *other.members())))
        for inside in product((False, True), repeat=len(nodes)):
            chosen = [n for n, taken in zip(nodes, inside, strict=True) if taken]
            rest = [n for n, taken in zip(nodes, inside, strict=True) if not taken]
            if self.has(chosen) and other.has(rest):
                return False
        return True

    def fewest(self) -> int:
        """How many nodes its smallest sets have.

        Raises `Misuse` where not even all nodes together are enough.
        """
        nodes = self.members()
        for count in range(len(nodes) + 1):
            if any(map(self.has, combinations(nodes, count))):
                return count
        raise Misuse(f"{self}: not even all of its nodes are enough: ask for fewer.")

    def survives(self) -> int:
        """How many nodes may be down, whichever they are, and the others are enough.

        Raises `Misuse` where not even all nodes together are enough.
        """
        nodes, up = self.members(), self.fewest()
        while not all(map(self.has, combinations(nodes, up))):
            up += 1
        return len(nodes) - up


class Majority(Quorum):
    """More than half of the nodes: any two overlap, with the fewest nodes each."""

    nodes: tuple[NodeId, ...]

    def has(self, voters: Iterable[NodeId]) -> bool:
        """Whether more than half of the members are among these."""
        return 2 * len(set(voters).intersection(self.nodes)) > len(self.nodes)

    def members(self) -> tuple[NodeId, ...]:
        """The nodes that count."""
        return self.nodes


class AtLeast(Quorum):
    """Any `count` of the nodes: Dynamo's r and w out of n, PBFT's 2f + 1 of 3f + 1.

    `AtLeast(nodes, r)` meets `AtLeast(nodes, w)` when r + w > n.
    """

    nodes: tuple[NodeId, ...]
    count: int

    def has(self, voters: Iterable[NodeId]) -> bool:
        """Whether `count` of the members are among these."""
        return len(set(voters).intersection(self.nodes)) >= self.count

    def members(self) -> tuple[NodeId, ...]:
        """The nodes that count."""
        return self.nodes


class Weighted(Quorum):
    """Nodes with votes of different weight: more than half of them, or `enough`."""

    votes: tuple[tuple[NodeId, int], ...]
    enough: int | None = None

    def has(self, voters: Iterable[NodeId]) -> bool:
        """Whether the members among these have votes enough."""
        voters = set(voters)
        got = sum(weight for node, weight in self.votes if node in voters)
        if self.enough is not None:
            return got >= self.enough
        return 2 * got > sum(weight for _, weight in self.votes)

    def members(self) -> tuple[NodeId, ...]:
        """The nodes that have votes."""
        return tuple(node for node, _ in self.votes)


class WholeLine(Quorum):
    """All nodes of one of several lines, such as the rows of a grid."""

    lines: tuple[tuple[NodeId, ...], ...]

    def has(self, voters: Iterable[NodeId]) -> bool:
        """Whether a whole line is among these."""
        voters = set(voters)
        return any(voters.issuperset(line) for line in self.lines)

    def members(self) -> tuple[NodeId, ...]:
        """The nodes of all lines, line by line."""
        return tuple(dict.fromkeys(node for line in self.lines for node in line))


class Joint(Quorum):
    """Both of two quorums: what decides while a configuration gives way to another."""

    old: Quorum
    new: Quorum

    def has(self, voters: Iterable[NodeId]) -> bool:
        """Whether both are content with these."""
        voters = set(voters)
        return self.old.has(voters) and self.new.has(voters)

    def members(self) -> tuple[NodeId, ...]:
        """The nodes of both, each once."""
        return tuple(dict.fromkeys((*self.old.members(), *self.new.members())))


Rows = tuple[tuple[NodeId, ...], ...]


def row(rows: Rows) -> WholeLine:
    """A whole row of a grid of nodes: meets every column, and no other row."""
    return WholeLine(rows)


def column(rows: Rows) -> WholeLine:
    """A whole column of a grid of nodes: meets every row, and no other column.

    Raises `Misuse` if the rows are not of one length.
    """
    if len({len(line) for line in rows}) > 1:
        raise Misuse(f"the rows {rows} are of several lengths: make them a grid.")
    return WholeLine(tuple(zip(*rows, strict=True)))


def grid(rows: Rows) -> Joint:
    """A whole row and a whole column of a grid: about 2√n nodes, and any two meet."""
    return Joint(row(rows), column(rows))


# ----------------------------------------------------------------------- who said what
class Votes(Record):
    """Who said what, in the order of arrival, apart by key: a slot, a ballot, a view.

    A node that speaks again on the same key does not count twice: its first message
    stays, and `add` tells that this one was not new.
    """

    said: dict[Any, dict[NodeId, Any]] = {}

    def add(self, voter: NodeId, msg: Any = None, key: Any = None) -> bool:
        """Keep what a node said; whether it is the first from it on this key."""
        ballot = self.said.setdefault(key, {})
        if voter in ballot:
            return False
        ballot[voter] = msg
        return True

    def by(self, key: Any = None) -> tuple[NodeId, ...]:
        """Who spoke on this key: `quorum.has(votes.by(slot))`."""
        return tuple(self.said.get(key, ()))

    def messages(self, key: Any = None) -> tuple[Any, ...]:
        """What they said."""
        return tuple(self.said.get(key, {}).values())

    def forget(self, key: Any = None) -> None:
        """Drop what was said on this key."""
        self.said.pop(key, None)
