"""One step of one node of a world: what comes of it, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from distlab.check.action import Action
from distlab.check.budget import Budget
from distlab.check.hygiene import Hygiene
from distlab.check.networks import Letters, Network
from distlab.check.past import Ended, Invoked, Told
from distlab.errors import Misuse
from distlab.node import (
    Call,
    CancelTimer,
    ChoiceNeeded,
    Crash,
    Effect,
    End,
    Event,
    Fire,
    Message,
    Node,
    NodeId,
    Output,
    Recover,
    Send,
    SetTimer,
    Start,
    Timer,
)
from distlab.runtime import ClockNeeded
from distlab.value import Value

if TYPE_CHECKING:
    from distlab.check.local_states import Local

Pending = tuple[tuple[Timer, float, float], ...]  # in the order they were set


class Body(NamedTuple):
    """What a node is, without the messages on their way to it."""

    state: Any  # its fingerprint; of one whose handler raised: `Raised`
    pending: Pending = ()
    called: int = 0  # how many calls of its workload were made
    up: bool = True
    life: int = 1  # a client that recovers is a new process
    outputs: tuple[Any, ...] = ()  # if a property asks for them
    unsynced: tuple[Any, ...] = ()  # what was saved before each of the last records
    lost: int = 0  # records, in the crash that it has not recovered from


class Raised(Value):
    """A handler raised: here the world ends."""

    sentence: str


class Charge(Value):
    """What a transition takes from the budget, and adds to the history."""

    spends: str = ""  # a field of `Budget`
    told: Told = ()


FREE = Charge()


@dataclass
class Rules:
    """What holds for all nodes of an exploration, and what is known of them."""

    ids: tuple[NodeId, ...]
    network: Network
    budget: Budget
    history: bool
    outputs: bool
    ghosts: bool
    hygiene: Hygiene = field(default_factory=Hygiene)
    broken: dict[tuple[int, int], str] = field(default_factory=dict)
    """Why no property holds any more, by the place of a node and its body."""


@dataclass(slots=True)
class Outcome:
    """What comes of an event in one state of one node."""

    action: Action
    body: int
    loop: Letters  # to itself
    mail: tuple[tuple[NodeId, tuple[Message, ...]], ...]
    charge: Charge
    idle: bool  # it changed nothing and told nobody
    elsewhere: Any = None  # the same for all worlds: worked out on first use


class Stepping:
    """Takes the steps of a node, and holds what they come to in its `Local`."""

    def __init__(self, local: Local):
        self.local, self.id, self.rules = local, local.id, local.rules

    def taken(self, number: int, event: Event) -> Iterator[Outcome]:
        """Whatever may come of this event in this body: one for each choice."""
        node = self.local.nodes[number]
        asked: list[tuple[Any, ...]] = [()]
        while asked:
            choices, twin = asked.pop(), node.clone()
            try:
                effects = twin.step(event, choices)
                self._check_sends(effects)
            except ChoiceNeeded as needed:
                ways = list(combinations(needed.options, needed.k))
                asked += [(*choices, way) for way in reversed(ways)]
                continue
            except ClockNeeded:
                raise Misuse(
                    f"{type(node).__name__} {self.id!r} reads its clock, and in an "
                    f"explorer there is an order and no time: explore a variant that "
                    f"sets a timer instead, or run it with `sim.Cluster`."
                ) from None
            except Exception as error:
                if isinstance(event, Start):  # so it was made wrongly: nothing happened
                    raise
                yield self._raised(number, Action(self.id, event, choices), error)
                continue
            action = Action(self.id, event, choices)
            for effect in effects:
                if isinstance(effect, Send):
                    self.rules.hygiene.look_into(self.id, effect.msg)
            self.rules.hygiene.look_at(node, action, twin, effects)
            yield self._outcome(number, action, twin, effects)

    def _check_sends(self, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send) and effect.dst not in self.rules.ids:
                raise Misuse(
                    f"{self.id!r} sends to {effect.dst!r}, and there is no such node: "
                    f"there are {', '.join(self.rules.ids)}."
                )

    def _raised(self, number: int, action: Action, error: Exception) -> Outcome:
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        told = str(error).rstrip(".") or "an assertion failed"
        node = self.local.nodes[number]
        sentence = f"{type(node).__name__} {self.id!r}: {kind}{told}"
        ended = self.local.bodies[number]._replace(state=Raised(sentence))
        body = self.local.body(ended, node)
        self.rules.broken[self.local.at, body] = sentence
        return Outcome(action, body, (), (), self._charge(action.event, []), False)

    def _outcome(
        self,
        number: int,
        action: Action,
        node: Node,
        effects: list[Effect],
    ) -> Outcome:
        event, before = action.event, self.local.bodies[number]
        told: list[Invoked | Ended] = []
        process = self.id if before.life == 1 else f"{self.id}#{before.life}"
        operation = self.local.nodes[number].operation
        if isinstance(event, Call):
            told.append(Invoked(process, event))
        if isinstance(event, Crash) and operation is not None:
            told.append(Ended(process, "info", f"{self.id} crashed"))
        told += [Ended(process, e.outcome, e.value) for e in effects if type(e) is End]
        loop, mail = self._sent(effects)
        body = self._body_after(number, event, node, effects)
        after = self.local.body(body, node)
        speaks = any(isinstance(effect, (Send, Output, End)) for effect in effects)
        idle = after == number and not speaks
        return Outcome(action, after, loop, mail, self._charge(event, told), idle)

    def _body_after(
        self, number: int, event: Event, node: Node, effects: list[Effect]
    ) -> Body:
        before = self.local.bodies[number]
        state, pending = node.fingerprint(self.rules.ghosts), before.pending
        if isinstance(event, Fire):
            pending = without(pending, event.timer)
        outputs = before.outputs
        for effect in effects:
            if isinstance(effect, SetTimer):
                timer = effect.timer, *effect.after_ms
                pending = (*without(pending, effect.timer), timer)
            elif isinstance(effect, CancelTimer):
                pending = without(pending, effect.timer)
            elif isinstance(effect, Output) and self.rules.outputs:
                outputs = (*outputs, effect.value)
        after = before._replace(state=state, pending=pending, outputs=outputs)
        match event:
            case Start():
                after = after._replace(up=True)
            case Call():
                return after._replace(called=before.called + 1)
            case Crash(saved):
                at = before.unsynced.index(saved) if saved is not None else None
                lost = 0 if at is None else len(before.unsynced) - at
                return after._replace(pending=(), up=False, unsynced=(), lost=lost)
            case Recover():
                life = before.life + 1 if self.rules.history else 1
                after = after._replace(up=True, lost=0, life=life)
        return after._replace(unsynced=self._unsynced(number, node))

    def _unsynced(self, number: int, node: Node) -> tuple[Any, ...]:
        """What a crash may find on disk instead of what the last steps have saved."""
        if not self.rules.budget.unsynced or not self.local.crashes:
            return ()
        unsynced = self.local.bodies[number].unsynced
        saved = self.local.nodes[number].saved()
        if saved == node.saved():
            return unsynced
        return (*unsynced, saved)[-self.rules.budget.unsynced :]

    def _sent(self, effects: list[Effect]) -> tuple[Letters, Any]:
        loop: list[int] = []
        mail: dict[NodeId, list[Message]] = {}
        for effect in effects:
            if not isinstance(effect, Send):
                continue
            if effect.dst == self.id:
                loop.append(self.local.letter(self.id, effect.msg))
            else:
                mail.setdefault(effect.dst, []).append(effect.msg)
        return tuple(loop), tuple((dst, tuple(sent)) for dst, sent in mail.items())

    def _charge(self, event: Event, told: list[Invoked | Ended]) -> Charge:
        spends = ""
        if isinstance(event, Crash):
            spends = "crashes"
        elif isinstance(event, Recover):
            spends = "recoveries"
        elif isinstance(event, Fire):
            spends = "timers"
        return Charge(spends, tuple(told) if self.rules.history else ())


def ripe(pending: Pending) -> Iterator[Timer]:
    """Those that may run out now.

    Not one before which an earlier-set one must run out: one whose latest time is not
    after the other's earliest.
    """
    soonest_ms = float("inf")  # the latest time of some timer that was set before
    for timer, low_ms, high_ms in pending:
        if low_ms < soonest_ms:
            yield timer
        soonest_ms = min(soonest_ms, high_ms)


def without(pending: Pending, timer: Timer) -> Pending:
    """The timers that are pending when this one is not."""
    return tuple([one for one in pending if one[0] != timer])
