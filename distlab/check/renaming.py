"""Worlds that differ only by which of some nodes is which: one is kept of each kind.

    explore(AbdReplica, servers=3, clients=2, interchangeable="servers", …)

Of all worlds that come about by giving these nodes each other's names, everywhere in
states, messages and histories, the one with the least number is kept. That is right
only where a renamed node does the renamed thing: where names are compared, as in
ballots and stamps, it does not. So each step that was taken is compared with those of
the node under its other names, and a protocol that prefers a name is refused.

Source
    Ip and Dill, "Better Verification Through Symmetry", Formal Methods in System Design
    9, 1996.

A property has to be symmetric too; whether it is, is tried on samples.

Costs: k nodes have k! namings, all of which are tried for each transition; there are up
to k! times fewer worlds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from itertools import permutations
from typing import Any

from distlab.check.hygiene import what_of
from distlab.check.local_states import BITS, Local
from distlab.check.local_steps import Outcome, Raised
from distlab.check.world import World
from distlab.check.worlds import CELL, Shared, Worlds
from distlab.errors import Misuse
from distlab.node import Log, NodeId, Record, Signed, mint
from distlab.state import copied

Names = dict[NodeId, NodeId]
MOST = 5  # nodes; there are 120 namings of them


class Interchangeable(Worlds):
    """Worlds without who is who in a group, or among the nodes with these ids."""

    def __init__(
        self, *arguments: Any, interchangeable: str | tuple[NodeId, ...], **cluster: Any
    ):
        super().__init__(*arguments, **cluster)
        members = self.groups.members
        given = interchangeable
        alike = members.get(given, ()) if isinstance(given, str) else tuple(given)
        self._check(alike, given)
        names = {id: id for id in self.ids}
        self.namings = [
            Naming(self, {**names, **dict(zip(alike, order, strict=True))})
            for order in permutations(alike)
            if order != alike
        ]
        for local in self.locals:
            for naming in self.namings:
                if renamed(local.calls, naming.names) != local.calls:
                    raise Misuse(
                        f"{', '.join(alike)} are not interchangeable: the calls of "
                        f"{local.id} name one of them."
                    )

    def canonical(self, world: int) -> int:
        """Of the worlds that differ from this one by names alone, the least."""
        least = world
        for naming in self.namings:
            if (other := naming.of(world)) < least:
                least = other
        return least

    def reading(self, property: Callable[[World], Any]) -> Callable[[int], Any]:
        """A property as one of numbers; samples are looked at under all names."""
        asked, met = super().reading(property), 0

        def compared(world: int) -> Any:
            nonlocal met
            met, answer = met + 1, asked(world)
            for naming in self.namings if not met & (met - 1) else ():
                if bool(asked(naming.of(world))) != bool(answer):
                    raise Misuse(
                        f"`{asked.__name__}` is true or not by who is who: let it "
                        f"speak of all nodes alike, or explore without "
                        f"`interchangeable`."
                    )
            return answer

        compared.__name__ = asked.__name__
        return compared

    def once_more(self) -> None:
        """Compare all steps that were taken with those under other names."""
        super().once_more()
        for naming in self.namings:
            naming.check()

    def _check(self, alike: tuple[NodeId, ...], given: Any) -> None:
        """Raise `Misuse` for nodes that were not given the same."""
        if not 2 <= len(alike) <= MOST or not set(alike) <= set(self.ids):
            raise Misuse(
                f"interchangeable={given!r}: name a group, or ids of nodes, of 2 to "
                f"{MOST}: there are {', '.join(self.groups.members)}."
            )
        first, *rest = [one for one in self.locals if one.id in alike]
        for other in rest:
            same = first.nodes[0].__class__ is other.nodes[0].__class__
            calls = first.calls, other.calls
            if not same or any(calls) or first.crashes != other.crashes:
                raise Misuse(
                    f"{first.id} and {other.id} are not interchangeable: let them be "
                    f"of one class, with no calls of their own, and let both crash or "
                    f"none."
                )


class Naming:
    """Other names for some nodes, and what each cell is under these."""

    def __init__(self, worlds: Worlds, names: Names):
        self.worlds, self.names = worlds, names
        self.to = [worlds.ids.index(names[id]) for id in worlds.ids]
        self.cells: list[dict[int, int]] = [{} for _ in worlds.ids]
        self.places = [
            (BITS * at, BITS * to, known)
            for at, (to, known) in enumerate(zip(self.to, self.cells, strict=True))
        ]
        self.shared: dict[int, int] = {}
        self.bodies: dict[tuple[int, int], int] = {}
        self.letters: dict[tuple[int, int], int] = {}

    def of(self, world: int) -> int:
        """The same world, with these names."""
        number = world >> self.worlds.top
        if (shared := self.shared.get(number)) is None:
            shared = self.shared[number] = self.shared_of(number)
        renamed = shared << self.worlds.top
        for at, to, known in self.places:
            cell = world >> at & CELL
            if (other := known.get(cell)) is None:
                other = known[cell] = self.cell_of(at // BITS, cell)
            renamed += other << to
        return renamed

    def shared_of(self, number: int) -> int:
        """The same history, with these names."""
        left, past = self.worlds.shared[number]
        past = tuple(sorted(renamed(past, self.names)))
        past = tuple((process, tuple(map(ordered, ops))) for process, ops in past)
        order = renamed(self.worlds.orders[number], self.names)
        return self.worlds.share(Shared(left, past), order)

    def cell_of(self, at: int, cell: int) -> int:
        """The same cell at the node of that name."""
        local, other = self.worlds.locals[at], self.worlds.locals[self.to[at]]
        body, loop, letters = local.cells[cell]
        own = tuple(self.letter_of(local, other, letter) for letter in loop)
        theirs = tuple(self.letter_of(local, other, letter) for letter in letters)
        theirs = other.network.with_more((), theirs, other.senders.__getitem__)
        return other.cell(self.body_of(local, other, body), own, theirs)

    def letter_of(self, local: Local, other: Local, letter: int) -> int:
        """The same message on its way to the node of that name."""
        key = local.at, letter
        if key not in self.letters:
            src, msg = local.letters[letter]
            sent = renamed(msg, self.names)
            self.letters[key] = other.letter(self.names[src], sent)
        return self.letters[key]

    def body_of(self, local: Local, other: Local, number: int) -> int:
        """The same body of the node of that name."""
        key = local.at, number
        if key not in self.bodies:
            body, node = local.bodies[number], other.nodes[0].clone()
            state = local.nodes[number].state()
            node.load({name: renamed(held, self.names) for name, held in state.items()})
            changed = {
                name: renamed(getattr(body, name), self.names)
                for name in ("pending", "outputs", "unsynced")
            }
            if not isinstance(body.state, Raised):
                changed["state"] = node.fingerprint(other.rules.ghosts)
            self.bodies[key] = other.body(body._replace(**changed), node)
        return self.bodies[key]

    # ------------------------------------------------------------- whether it is right
    def check(self) -> None:
        """Take each step under these names. Raises `Misuse` if another thing comes."""
        for local, to in zip(self.worlds.locals, self.to, strict=True):
            other = self.worlds.locals[to]
            for (body, what), outcomes in local.taken():
                twin = self.body_of(local, other, body)
                if isinstance(what, int):
                    same = other.outcomes(twin, self.letter_of(local, other, what))
                else:
                    same = other.outcomes(twin, renamed(what, self.names))
                found = [plain(one) for one in same]
                for one in outcomes:
                    if (expected := self.told(local, other, one)) not in found:
                        raise self.prefers(local, one)
                    found.remove(expected)

    def told(self, local: Local, other: Local, outcome: Outcome) -> Any:
        """What should come of the same step under these names."""
        body = self.body_of(local, other, outcome.body)
        loop = tuple(self.letter_of(local, other, letter) for letter in outcome.loop)
        return plain(
            Outcome(
                renamed(outcome.action, self.names),
                body,
                loop,
                renamed(outcome.mail, self.names),
                renamed(outcome.charge, self.names),
                outcome.idle,
            )
        )

    def prefers(self, local: Local, outcome: Outcome) -> Misuse:
        """What to say of a protocol in which names count."""
        changed = ", ".join(f"{a} as {b}" for a, b in self.names.items() if a != b)
        return Misuse(
            f"these nodes are not interchangeable: {type(local.nodes[0]).__name__} "
            f"{local.id!r} does another thing at {what_of(outcome.action)} with other "
            f"names ({changed}). It compares names, as in a ballot or a stamp, or goes "
            f"by their order: explore without `interchangeable`."
        )


def plain(outcome: Outcome) -> Any:
    """An outcome without the order of those that it sends to, and of what it chose."""
    choices = tuple(map(frozenset, outcome.action.choices))
    mail = frozenset(outcome.mail)
    return outcome.body, choices, outcome.loop, mail, outcome.charge, outcome.idle


def ordered(operation: Any) -> Any:
    """An operation of the past, with what was over before it in the order of names."""
    return operation._replace(over_before=tuple(sorted(operation.over_before)))


def renamed(value: Any, names: Mapping[NodeId, NodeId]) -> Any:
    """The same value with other names of nodes in it, and those of later processes."""
    if isinstance(value, str):
        name, mark, life = value.partition("#")
        return names.get(value) or (
            names[name] + mark + life if name in names else value
        )
    if isinstance(value, Signed):
        return mint(names.get(value.signer, value.signer), renamed(value.msg, names))
    if isinstance(value, Log):
        return Log(*[renamed(item, names) for item in value])
    if isinstance(value, dict):
        pairs = value.items()
        return {renamed(key, names): renamed(item, names) for key, item in pairs}
    if isinstance(value, tuple):
        items = [renamed(item, names) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, (list, set, frozenset)):
        return type(value)(renamed(item, names) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return _fields_renamed(value, names)
    return value


def _fields_renamed(value: Any, names: Mapping[NodeId, NodeId]) -> Any:
    twin = object.__new__(type(value))
    for one in fields(value):
        item = renamed(getattr(value, one.name), names)
        item = copied(item) if isinstance(value, Record) else item
        object.__setattr__(twin, one.name, item)
    return twin
