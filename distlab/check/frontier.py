"""The configurations that are possible at one moment, without those that are no use.

Of two with the same state and the same writers done, one can do all that the other can
if it has more of the rest: lookers that have happened, open operations that have not,
writers that may hide. To have *done* more writers is no such gain: one that is still to
come can be needed later, when the state is another.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.check.kinds import Kind

Path = tuple[Any, int] | None  # what has happened, the last first


class Config(NamedTuple):
    """One configuration; writers, lookers and open operations are bits."""

    state: int
    done: int  # writers
    rest: int  # what is good to have
    path: Path


class Spare:
    """Open operations, and what can stand in for them.

    An open write does for any open operation that can leave the same state alone: it
    may happen wherever that one may, and also elsewhere.
    """

    def __init__(self) -> None:
        self.kinds: dict[int, Kind] = {}  # by their bits
        self.writes: dict[int, int] = {}  # the bits of those that always leave a state

    def covers(self, more: int, less: int, differ: int) -> bool:
        """Whether what one configuration has does for all that another has."""
        lacking, spare = (less | differ) & ~more, more & ~less
        while lacking:
            kind = self.kinds.get(lacking & -lacking)
            if kind is None or kind.target is None:
                return False
            instead = spare & self.writes.get(kind.target, 0)
            if not instead:
                return False
            spare ^= instead & -instead
            lacking &= lacking - 1
        return True


class Frontier:
    """Configurations that none of the others can stand in for."""

    def __init__(self, spare: Spare):
        self.spare = spare
        self.groups: dict[tuple[int, int], list[Config]] = {}

    def __iter__(self) -> Iterator[Config]:
        for group in self.groups.values():
            yield from group

    def __bool__(self) -> bool:
        return bool(self.groups)

    def add(self, config: Config, blind: int) -> bool:
        """Keep a configuration, unless another is as good; drop those that are not.

        Writers that can hide, with the bits of `blind`, need not have been the same.
        """
        state, done, rest, _ = config
        key = state, done & ~blind
        group = self.groups.get(key)
        if group is None:
            self.groups[key] = [config]
            return True
        covers = self.spare.covers
        for _, others, more, _ in group:
            if covers(more, rest, done ^ others):
                return False
        group[:] = [c for c in group if not covers(rest, c[2], done ^ c[1])]
        group.append(config)
        return True
