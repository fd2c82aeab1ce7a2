"""Deliveries that commute with all that may come before them: each is taken alone.

    explore(Paxos, servers=5, retry_ms=None, workload=calls, commuting=True)

Where two events may happen in either order, a search goes both ways and meets again.
If a message is on its way, and whatever its receiver may meet before it comes to the
same before and after it, nothing is lost by delivering the message at once, and going
no other way from there. Whether that is so is asked of the receiver alone: of the
states that it could get into from here if all messages that were ever sent to it came
in all orders. A message that is sent for the first time later is held against each
answer, and worlds that were left too early are gone on from again.

Source
    Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996
    (persistent sets: here of one transition). Asking each node by itself: Guerraoui and
    Yabandeh, "Model Checking a Networked System Without the Network", NSDI 2011.

Guarantees
    Each history is reached, and whatever nodes can become leads on to something that is
    reached; not everything in between is. So a property has to be one that stays broken
    once it is: two have decided, a history has no order. The invariants of nodes are
    minded whether they stay broken or not.

Assumes
    That a message stays where it is until it is delivered. Where one may be lost, be
    doubled, find its receiver down or wait behind the receiver's words to itself
    (`prompt`), nothing is taken alone.

The way to what is broken need not be a shortest one.

Costs: for each state of a node and each message to it, steps in up to `MOST` states.
What is saved grows with the group: of Paxos with one proposer, a quarter of the worlds
is left with three servers, and one in 22 with five.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from distlab.check.claims import ALWAYS, claims
from distlab.check.local_states import BITS, Local
from distlab.check.local_steps import FREE, Outcome
from distlab.check.networks import Ordered
from distlab.check.world import World
from distlab.check.worlds import CELL, Move, Step, Worlds, carried_out
from distlab.errors import Misuse
from distlab.events import Deliver, Event, Message, NodeId
from distlab.model import Property

MOST = 50  # states of a node that one answer may look at


class Commuting(Worlds):
    """Worlds of which a search goes on in one way where that is enough."""

    receivers: tuple[Receiver, ...] = ()

    def __init__(self, *arguments: Any, **cluster: Any):
        super().__init__(*arguments, **cluster)
        self.receivers = tuple(Receiver(self, local) for local in self.locals)
        self.alone: dict[int, None] = {}  # worlds that were gone on from in one way
        for world in self.starts:
            for receiver in self.receivers:
                _, loop, letters = receiver.local.cells[receiver.cell(world)]
                receiver.may_get(loop + letters)

    def __str__(self) -> str:
        return f"{super().__str__()}; deliveries that commute taken alone"

    def enough(self, world: int) -> list[Step]:
        """One delivery that commutes with all else, or whatever may happen next.

        Not a delivery into a world that is gone on from in this way: in a ring of such
        worlds, of one or more, all others would be put off for ever.
        """
        for receiver in self.receivers:
            move = receiver[receiver.cell(world)]
            if move is not None:
                after = carried_out(move, world)
                if after != world and after not in self.alone:
                    self.alone[world] = None
                    return [(move[0], after)]
        return self.next(world)

    def again(self) -> list[int]:
        """The worlds of which one way was enough before some message was known."""
        reopened = [receiver for receiver in self.receivers if receiver.reopened]
        found = [
            world
            for world in (self.alone if reopened else ())
            if any(one.cell(world) in one.reopened for one in reopened)
        ]
        for world in found:
            del self.alone[world]
        for receiver in reopened:
            receiver.reopened.clear()
        return found

    def move(self, local: Local, cell: int, outcome: Outcome, after: int) -> Move:
        """What an outcome adds to a world; whoever it writes to may get that."""
        is_new = outcome.elsewhere is None
        move = super().move(local, cell, outcome, after)
        if is_new and self.receivers:
            self.receivers[local.at].may_get(outcome.loop)
            for shift, mail in move[2]:
                self.receivers[shift // BITS].may_get(mail.letters)
        return move

    def reading(self, property: Callable[[World], Any]) -> Callable[[int], Any]:
        """A property as one of numbers. Raises `Misuse` if it looks at messages."""

        def looked(world: World) -> Any:
            answer = property(world)
            if "messages" in world.read:
                raise Misuse(
                    f"`{looked.__name__}` looks at messages on their way, and those "
                    f"that commute do not wait: explore without `commuting`."
                )
            return answer

        looked.__name__ = getattr(property, "__name__", "")
        return super().reading(looked)


class Receiver(dict[int, "Move | None"]):
    """Of a node in each of its cells: the delivery that is taken alone, if any."""

    def __init__(self, worlds: Commuting, local: Local):
        self.worlds, self.local, self.shift = worlds, local, BITS * local.at
        network = worlds.rules.network
        may_fail = network.lossy or network.duplicating or local.crashes
        self.is_sure = not (may_fail or network.prompt)
        self.letters: dict[int, None] = {}  # that were ever sent to it
        self.reopened: set[int] = set()  # cells in which one delivery is not enough
        self._deliveries: dict[tuple[int, int], Delivery] = {}

    def cell(self, world: int) -> int:
        """The number of the node's cell in a world."""
        return world >> self.shift & CELL

    def __missing__(self, cell: int) -> Move | None:
        self[cell] = move = self._alone(cell) if self.is_sure else None
        return move

    def _alone(self, cell: int) -> Move | None:
        body = self.local.cells[cell][0]
        for outcome, after in self.local.moves(cell):
            event = outcome.action.event
            if isinstance(event, Deliver):
                delivery = self._delivery(body, self.local.letter(event.src, event.msg))
                if delivery.commutes:
                    move = self.worlds.move(self.local, cell, outcome, after)
                    if delivery.commutes:  # with what this itself may send here, too
                        delivery.cells.append(cell)
                        return move
        return None

    def _delivery(self, body: int, letter: int) -> Delivery:
        key = body, letter
        if key not in self._deliveries:
            self._deliveries[key] = Delivery(self, body, letter)
        return self._deliveries[key]

    def may_get(self, letters: Iterable[int]) -> None:
        """Hold letters that were never sent before against all that was found."""
        new = [letter for letter in letters if letter not in self.letters]
        self.letters.update(dict.fromkeys(new))
        for delivery in self._deliveries.values() if new else ():
            if delivery.commutes and not delivery.holds():
                delivery.commutes = False
                self.reopened.update(delivery.cells)
                for cell in delivery.cells:
                    self.pop(cell, None)


class Delivery:
    """A message to a node in one state: does it commute with all that may come before?

    The states that the node may be in by then are looked at one after the other, each
    with all that may happen to it.
    """

    def __init__(self, receiver: Receiver, body: int, letter: int):
        self.receiver, self.local, self.letter = receiver, receiver.local, letter
        self.sender = self.local.senders[letter]
        to_itself = self.sender == self.local.at
        self.in_order = to_itself or isinstance(self.local.network, Ordered)
        self.cells: list[int] = []  # in which it is taken alone
        self.held: dict[int, int | None] = {body: None}
        """Against how many letters it was held, in each state that was looked at."""
        self.commutes = self.holds()

    def holds(self) -> bool:
        """Whether it commutes with all that is known by now.

        Not if that cannot be told: a step that never happens may read a clock.
        """
        try:
            return self._is_held_against_all()
        except Misuse:
            return False

    def _is_held_against_all(self) -> bool:
        letters = list(self.receiver.letters)
        to_do = list(self.held)
        while to_do and len(self.held) <= MOST:
            body = to_do.pop()
            first = self._arrival(body)
            if first is None:
                return False
            for event in self._not_yet(body, letters):
                for outcome in self._come_of(body, event):
                    if not self._commutes_with(event, outcome, first):
                        return False
                    if outcome.body not in self.held:
                        self.held[outcome.body] = None
                        to_do.append(outcome.body)
        return not to_do

    def _not_yet(self, body: int, letters: list[int]) -> Iterator[int | Event]:
        """What may happen in this state, and was not looked at before."""
        known, self.held[body] = self.held[body], len(letters)
        if known is None:
            yield from self.local.own(body)
        for letter in letters[known or 0 :]:
            behind = self.in_order and self.local.senders[letter] == self.sender
            if letter != self.letter and not behind:
                yield letter

    def _come_of(self, body: int, event: int | Event) -> list[Outcome]:
        """What may come of an event; nothing, where it would be no transition."""
        if isinstance(event, Event):
            return self.local.outcomes(body, event)
        return self.local.arrivals(body, event)

    def _commutes_with(
        self, event: int | Event, outcome: Outcome, first: Outcome
    ) -> bool:
        """Whether the message comes to the same before this and after it."""
        then = self._arrival(outcome.body)
        if then is None:
            return False
        if isinstance(event, Event) and event not in self.local.own(first.body):
            return False
        after = self._both(outcome, then)
        return any(
            after == self._both(first, other)
            for other in self.local.outcomes(first.body, event)
            if other.action.choices == outcome.action.choices
        )

    def _arrival(self, body: int) -> Outcome | None:
        """What comes of it in this state, if just one thing that no client sees."""
        broken = self.receiver.worlds.rules.broken
        if (self.local.at, body) in broken:
            return None
        outcome, *others = self.local.outcomes(body, self.letter)
        after = self.local.at, outcome.body
        return None if others or outcome.charge != FREE or after in broken else outcome

    def _both(self, one: Outcome, then: Outcome) -> Any:
        """What comes of one step and another: the state, and what was sent and told."""
        sent: dict[NodeId, list[Message]] = {}
        for dst, messages in one.mail + then.mail:
            sent.setdefault(dst, []).extend(messages)
        kept: Any = list if isinstance(self.local.network, Ordered) else Counter
        mail = {dst: kept(messages) for dst, messages in sent.items()}
        return then.body, one.loop + then.loop, mail, one.charge.told + then.charge.told


def check_lasting(properties: Iterable[Property], order: str, **stages: Any) -> None:
    """Raise `Misuse` for what is asked of each world, and not of what comes of it."""
    for claim in claims(properties):
        if claim.kind != ALWAYS:
            raise Misuse(
                f"`{claim.sentence}` may be so only in worlds between those that are "
                f"reached when deliveries are taken alone: explore without `commuting`."
            )
    for name, given in stages.items():
        if given is not None:
            raise Misuse(
                f"{name}: a stage ends in the middle of things, and deliveries that "
                f"are taken alone leave middles out: explore without `commuting`."
            )
    if order == "random":
        raise Misuse("commuting: random walks go one way at a time: leave it out.")
