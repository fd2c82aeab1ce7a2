"""The configurations that were met at one moment, without those that are no use.

Of two with the same state and the same writers done, one can do all that the other can
if it has more of the rest: lookers that have happened, open operations that have not,
writers that may hide. To have *done* more writers is no such gain: one that is still to
come can be needed later, when the state is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from distlab.check.kinds import Kind, States
from distlab.errors import Misuse

MANY = 20  # states, if all of them have to be known
CROWD = 30  # configurations: to compare more with each other takes too long
Path = tuple[Any, int] | None  # what has happened, the last first


class Config(NamedTuple):
    """One configuration; writers, lookers and open operations are bits."""

    state: int
    done: int  # writers
    rest: int  # what is good to have
    path: Path


class Spare:
    """Open operations, and what can stand in for them.

    What one of them makes of a state, several others may make of it one after the
    other. That is known only where all states are: there must be few.
    """

    def __init__(self, states: States, writers: Sequence[Kind]):
        self.states, self.writers = states, writers  # of all kinds
        self.few: bool | None = None  # states; None: nobody has asked
        self.kinds: dict[int, Kind] = {}  # of open operations, by their bits
        self.open = 0  # all their bits
        self.known: dict[tuple[int, int], bool] = {}

    def take(self, bit: int, kind: Kind) -> None:
        """One more operation is open."""
        self.kinds[bit] = kind
        self.open |= bit

    def covers(self, more: int, less: int, differ: int) -> bool:
        """Whether what one configuration has does for all that another has."""
        lacking = (less | differ) & ~more
        if not lacking:
            return True
        spare = more & ~less & self.open
        if lacking & ~self.open or lacking.bit_count() > spare.bit_count():
            return False
        found = self.known.get((lacking, spare))
        if found is None:
            found = self.all_states() and self.stand_in(spare, lacking)
            self.known[lacking, spare] = found
        return found

    def all_states(self) -> bool:
        """Whether all states are known that can ever be, since they are few."""
        if self.few is None:
            try:
                for state, _ in enumerate(self.states.met):
                    for kind in self.writers if state < MANY else ():
                        kind.after[state]
            except Misuse:  # what no order would have led to
                self.few = False
            else:
                self.few = len(self.states.met) <= MANY
        return self.few

    def stand_in(self, spare: int, lacking: int) -> bool:
        """Whether the spare ones do for all that are lacking."""
        for bit in bits(lacking):
            used = 0
            for here, there in self.kinds[bit].after.items():
                way = 0 if here == there else self.way(here, there, spare)
                if way is None:
                    return False
                used |= way
            spare &= ~used
        return True

    def way(self, here: int, there: int, spare: int) -> int | None:
        """The bits of those that lead from one state to another, if they do."""
        ways = {here: 0}
        for state in (todo := [here]):
            for bit in bits(spare & ~ways[state]):
                to = self.kinds[bit].after[state]
                if to not in ways:
                    ways[to] = ways[state] | bit
                    todo.append(to)
        return ways.get(there)


def bits(many: int) -> Iterator[int]:
    """Each bit by itself."""
    while many:
        yield many & -many
        many &= many - 1


class Frontier:
    """Configurations that none of the others can stand in for."""

    def __init__(self, spare: Spare):
        self.spare = spare
        self.groups: dict[tuple[int, int], list[Config]] = {}
        self.seen: set[tuple[int, int, int]] = set()

    def add(self, config: Config, blind: int) -> bool:
        """Keep a configuration, unless another is as good; drop those that are not.

        Writers that can hide, with the bits of `blind`, need not have been the same.
        """
        state, done, rest, _ = config
        if (same := (state, done, rest)) in self.seen:
            return False
        self.seen.add(same)
        group = self.groups.setdefault((state, done & ~blind), [])
        if len(group) <= CROWD:
            covers = self.spare.covers
            for _, others, more, _ in group:
                if covers(more, rest, done ^ others):
                    return False
            group[:] = [c for c in group if not covers(rest, c[2], done ^ c[1])]
        group.append(config)
        return True
