"""A game: who only says what comes next keeps a protocol from ever deciding.

    worlds = Worlds(Paxos, servers=3, workload={"s1": (Call("propose", ("a",)),),
                                                "s2": (Call("propose", ("b",)),)})
    game = keep_undecided(worlds, decided, steps=100)
    game.trace

The adversary loses no message and stops no node. It delivers what has been on its way
for longest, unless that would settle the matter; if all would, a timer runs out before.
That the decision is still open is shown each time: were all others silent from now on,
these nodes would agree on one value, and those on another.

There are two ways out. Tosses are not the adversary's to make: `seed` makes them. And
it may be bound to time: what has waited `hold` steps has to be delivered.

Source
    Fischer, Lynch and Paterson, "Impossibility of Distributed Consensus with One Faulty
    Process", JACM 32(2), 1985: theorem 1, played on nodes.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from distlab.check.action import Action
from distlab.check.budget import is_count
from distlab.check.retelling import retold
from distlab.check.valence import Decided
from distlab.check.worlds import Worlds
from distlab.errors import Misuse
from distlab.node import Call, Deliver, Event, NodeId
from distlab.trace import Trace

ALONE = 60  # steps that some nodes are given to agree among themselves
NEVER = 3  # whose turn it is not as long as others are alone
Group = tuple[NodeId, ...]
Open = dict[Hashable, Group]  # a decision, and who would come to it alone
What = tuple[NodeId, Event]  # something that may happen to a node
Outcomes = list[tuple[Action, int]]  # one for each toss, and the world after it


@dataclass(frozen=True)
class Game:
    """How it went: what came, and what was still open at the end."""

    worlds: Worlds
    path: tuple[tuple[Action | None, int], ...]
    open: Open  # two decisions; where it was settled, that one
    ended: str  # "undecided", "cornered", "a toss"
    held_back: int  # how often what had waited longest would have settled it
    longest_wait: int  # of a message, in steps

    @cached_property
    def trace(self) -> Trace:
        """The run as a trace, a millisecond a step."""
        return retold(self.worlds, self.path).trace()

    @property
    def steps(self) -> int:
        """How many steps were played."""
        return len(self.path) - 1

    def __str__(self) -> str:
        alone = (f"{', '.join(who)} alone: {what}" for what, who in self.open.items())
        return (
            f"{self.ended} after {self.steps} steps ({'; '.join(alone)}); held back "
            f"{self.held_back} times, no message longer than {self.longest_wait} steps"
        )


def keep_undecided(
    worlds: Worlds,
    decided: Decided,
    steps: int = 100,
    *,
    hold: int | None = None,
    seed: int = 0,
) -> Game:
    """Play so many steps, and keep the decision open as long as that can be.

    `decided` tells of a `World` what has been decided in it. Raises `Misuse` if it is
    no game, or nothing is open to begin with.
    """
    world = beginning(worlds, steps, hold)
    player, tosses = Adversary(worlds, decided), random.Random(seed)
    still_open = player.open(world)
    if len(still_open) < 2:
        raise Misuse(f"nothing is open to begin with, but for {list(still_open)}.")
    path: list[tuple[Action | None, int]] = [(None, world)]
    since: dict[What, int] = {}  # the step from which on it could have come
    ended, held_back, longest = "undecided", 0, 0
    for step in range(steps):
        moves = player.moves(world)  # as long as it is open, there are some
        since = {what: since.get(what, step) for what in moves}
        order = sorted(moves, key=lambda what: (begins(what), since[what]))
        waited = 0 if begins(order[0]) else step - since[order[0]]
        longest = max(longest, waited)
        allowed = order if hold is None or waited < hold else order[:1]
        chosen = next((w for w in allowed if player.may_stay_open(moves[w])), order[0])
        held_back += chosen != order[0]
        action, world = tosses.choice(moves[chosen])
        path.append((action, world))
        del since[chosen]
        still_open = player.open(world)
        if len(still_open) < 2:
            ended = "a toss" if player.may_stay_open(moves[chosen]) else "cornered"
            break
    return Game(worlds, tuple(path), still_open, ended, held_back, longest)


def beginning(worlds: Any, steps: int, hold: int | None) -> int:
    """The world in which a game begins. Raises `Misuse` for what is no game."""
    if not isinstance(worlds, Worlds):
        name = getattr(worlds, "__name__", repr(worlds))
        raise Misuse(
            f"{name} has no worlds to play in: make them, `Worlds({name}, servers=3, "
            f"workload=…)`."
        )
    if not is_count(steps) or not steps:
        raise Misuse(f"steps={steps!r}: a game takes one step or more.")
    if not (hold is None or is_count(hold)):
        raise Misuse(
            f"hold={hold!r}: say how many steps a message may wait, 0 or more, or None "
            f"for no limit."
        )
    first: int = worlds.initial()[0]
    return first


def begins(what: What) -> bool:
    """Whether a node begins something: it is called, or a timer runs out."""
    return not isinstance(what[1], Deliver)


class Adversary:
    """Knows whether a decision is open: by letting some nodes be alone in the world."""

    def __init__(self, worlds: Worlds, decided: Decided):
        self.worlds, self.decided = worlds, worlds.reading(decided)
        ids = worlds.ids
        sizes = range(len(ids) // 2 + 1, len(ids) + 1)
        self.opened: dict[int, Open] = {}
        self.groups = [group for size in sizes for group in combinations(ids, size)]

    def moves(self, world: int) -> dict[What, Outcomes]:
        """What may come next, and what may come of it."""
        found: dict[What, Outcomes] = {}
        for action, after in self.worlds.next(world):
            found.setdefault((action.node, action.event), []).append((action, after))
        return found

    def may_stay_open(self, outcomes: Outcomes) -> bool:
        """Whether the decision is open after one of these at least."""
        return any(len(self.open(after)) > 1 for _, after in outcomes)

    def open(self, world: int) -> Open:
        """Two decisions that some nodes would come to alone; one, where it is made."""
        if world not in self.opened:
            found: Open = {}
            for decision, group in self.alone(world):
                found.setdefault(decision, group)
                if len(found) > 1:
                    break
            self.opened[world] = found
        return self.opened[world]

    def alone(self, world: int) -> Iterator[tuple[Hashable, Group]]:
        """What each group would decide, if one of it led and its tosses were such."""
        if settled := self.decided(world):
            yield next(iter(settled)), self.worlds.ids
            return
        for group in self.groups:
            for leader in group:
                decisions, tossed = self.agreed(world, leader, group, luck=0)
                if tossed:
                    decisions += self.agreed(world, leader, group, luck=-1)[0]
                yield from ((decision, group) for decision in decisions)

    def agreed(
        self, world: int, leader: NodeId, group: Group, luck: int
    ) -> tuple[tuple[Hashable, ...], bool]:
        """What these decide if nobody else takes a step; whether they tossed for it.

        `luck` says how all of their tosses come out.
        """
        tossed = False
        for _ in range(ALONE):
            if settled := self.decided(world):
                return tuple(settled)[:1], tossed
            if not (outcomes := self.following(world, leader, group)):
                break
            tossed |= len(outcomes) > 1
            world = outcomes[luck]
        return (), tossed

    def following(self, world: int, leader: NodeId, group: Group) -> list[int]:
        """What may come of what comes next while these are alone; nothing, if none."""
        moves = self.worlds.next(world)
        turns = [turn(action, leader, group) for action, _ in moves]
        soonest = min(turns, default=NEVER)
        if soonest == NEVER:
            return []
        action, after = moves[turns.index(soonest)]
        if not action.choices:
            return [after]
        what = action.node, action.event
        return [after for one, after in moves if (one.node, one.event) == what]


def turn(action: Action, leader: NodeId, group: Group) -> int:
    """How soon it comes while some nodes are alone: messages come before all else.

    Then the one that leads begins something, and then others are called.
    """
    node, event = action.node, action.event
    if isinstance(event, Deliver):
        return 0 if node in group and event.src in group else NEVER
    if node == leader:
        return 1
    return 2 if isinstance(event, Call) and node in group else NEVER
