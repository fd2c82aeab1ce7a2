"""Who takes part, as one of ten thousand sees it: what all share, and who has gone.

    members = Members(("s1", "s2", "s3", "s4")).without("s2")
    len(members), members[1], "s2" in members          # 3, "s3", False

Source
    Driscoll, Sarnak, Sleator and Tarjan, "Making Data Structures Persistent", Journal
    of Computer and System Sciences 38(1), 1989, section 1: what changes is a new
    version, and an old one stays as it is.
Guarantees
    A value: it never changes, and whoever keeps it keeps a snapshot. Members are
    numbered from 0, in the order of the group, without those that have gone.
Assumes
    Few have gone: it is their places that are kept, and copied when one more goes.
Costs
    Of g that have gone: to look somebody up, by name or by number, O(log g); to be
    without one more, and to compare, O(g). Memory O(g), beside the group's own.
Departs
    The paper's versions share parts of a tree. Here all versions share one table of
    places, and the small rest is copied.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from functools import lru_cache

from distlab.errors import Misuse
from distlab.node import NodeId, Value


class Table:
    """Where each of a group stands."""

    __slots__ = ("places",)

    places: dict[object, int]


class Members(Table, Value):
    """Some of a group, in its order."""

    group: tuple[NodeId, ...] = ()
    gone: tuple[int, ...] = ()  # the places of those who have gone, ascending

    def __init__(self, group: tuple[NodeId, ...] = (), gone: tuple[int, ...] = ()):
        fill(self, group, gone, places(group))

    def without(self, id: NodeId) -> Members:  # §1, persistence
        """All of these but one. Raises `Misuse` for one that the group never had."""
        place = self.places.get(id)
        if place is None:
            raise Misuse(f"{id!r} is not of this group, and so cannot go.")
        if id not in self:
            return self
        gone = list(self.gone)
        insort(gone, place)
        fewer = object.__new__(Members)
        fill(fewer, self.group, tuple(gone), self.places)
        return fewer

    def __len__(self) -> int:
        return len(self.group) - len(self.gone)

    def __getitem__(self, number: int) -> NodeId:
        if not 0 <= number < len(self):
            raise IndexError(f"there is no member {number}: there are {len(self)}.")
        gone = self.gone  # before the place of a member are so many of these:
        skipped = bisect_right(range(len(gone)), number, key=lambda i: gone[i] - i)
        return self.group[number + skipped]

    def __contains__(self, id: object) -> bool:
        place = self.places.get(id)
        if place is None:
            return False
        nearest = bisect_left(self.gone, place)
        return self.gone[nearest : nearest + 1] != (place,)

    def __iter__(self) -> Iterator[NodeId]:
        start = 0
        for end in (*self.gone, len(self.group)):
            yield from self.group[start:end]
            start = end + 1

    def __repr__(self) -> str:
        return f"Members({', '.join(self)})"


@lru_cache(maxsize=8)
def places(group: tuple[NodeId, ...]) -> dict[object, int]:
    """One table for all who look at the same group."""
    return {id: place for place, id in enumerate(group)}


def fill(
    members: Members,
    group: tuple[NodeId, ...],
    gone: tuple[int, ...],
    places: dict[object, int],
) -> None:
    """Give a new version what will never change."""
    for name, value in (("group", group), ("gone", gone), ("places", places)):
        object.__setattr__(members, name, value)
