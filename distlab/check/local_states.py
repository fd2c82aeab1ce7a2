"""One node of a world, in every state in which it was ever met.

A step is a pure function of a state and an event. So equal states are held once, as
small numbers, and what came of a step is remembered: however many worlds there are in
which a node takes this step, it is taken once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from itertools import combinations
from typing import Any, NamedTuple

from distlab.check.hygiene import Hygiene
from distlab.check.networks import Choice, Letters, Lost, Network
from distlab.check.past import Ended, Invoked, Told
from distlab.errors import Misuse
from distlab.node import (
    Call,
    CancelTimer,
    ChoiceNeeded,
    Crash,
    Deliver,
    DiskReport,
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

Pending = tuple[tuple[Timer, float, float], ...]  # in the order they were set


@dataclass(frozen=True)
class Budget:
    """How much may go wrong, in all: what is not named does not happen.

    `of` are the nodes that may crash; empty for all of them. `unsynced`: so many of a
    node's last records a crash may find not yet on disk, though what their steps sent
    has left (a disk that syncs in time keeps what it sends back, and a crash then looks
    as if the step had not been taken). Timers run out without a limit unless `timers`
    sets one, and so are messages lost on a network that is `lossy`.

    Raises `Misuse` for what is no number of times, and for `of` that is no tuple.
    """

    crashes: int = 0
    recoveries: int = 0
    unsynced: int = 0
    timers: int | None = None
    losses: int | None = None
    of: tuple[NodeId, ...] = ()

    def __post_init__(self) -> None:
        unlimited = ("timers", "losses")
        for name in ("crashes", "recoveries", "unsynced", *unlimited):
            most = getattr(self, name)
            if not ((most is None and name in unlimited) or is_count(most)):
                raise Misuse(
                    f"Budget({name}={most!r}): give a whole number, 0 or more"
                    f"{', or None for no limit' * (name in unlimited)}."
                )
        if not isinstance(self.of, tuple):
            raise Misuse(f'Budget(of={self.of!r}): give a tuple of ids, `of=("s1",)`.')

    def without(self, name: str) -> Budget | None:
        """What is left after spending one; None if there is none to spend."""
        left = getattr(self, name) if name else None
        if left is None:
            return self
        told = {f.name: getattr(self, f.name) for f in fields(self)}
        return Budget(**{**told, name: left - 1}) if left else None

    def told(self) -> str:
        """What may go wrong."""
        limits = (
            (self.crashes, "crash", "crashes"),
            (self.recoveries, "recovery", "recoveries"),
            (self.timers, "timeout", "timeouts"),
            (self.losses, "loss", "losses"),
        )
        told = [
            f"at most {most} {one if most == 1 else many}" if most else f"no {one}"
            for most, one, many in limits
            if most is not None
        ]
        return ", ".join(told)


def is_count(value: Any) -> bool:
    """Whether this says how often something happens."""
    return isinstance(value, int) and value >= 0


class Action(Value):
    """One transition: what happened at a node, and what it chose."""

    node: NodeId
    event: Event
    choices: tuple[tuple[Any, ...], ...] = ()

    def __str__(self) -> str:
        chosen = f", choosing {self.choices}" if self.choices else ""
        return f"{told_event(self.node, self.event)}{chosen}"


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


BITS = 40  # of the number of a cell
LETTER_BITS = 20  # of these, for what is on its way; the others are the body's
MOST = 2**LETTER_BITS


class Local:
    """One node: its bodies, the letters to it, and what may happen next.

    A cell is a body and what is on its way to it: numbers of letters in its own loop,
    which loses nothing and keeps the order, and of letters from others.
    """

    def __init__(self, node: Node, at: int, calls: tuple[Call, ...], rules: Rules):
        self.id, self.at, self.calls, self.rules = node.id, at, calls, rules
        self.network, self.budget = rules.network, rules.budget
        may_crash = rules.budget.of or rules.ids
        self.crashes = rules.budget.crashes > 0 and node.id in may_crash
        self.bodies: list[Body] = []
        self.nodes: list[Node] = []  # one for each body
        self.letters: list[tuple[NodeId, Message]] = []
        self.senders: list[int] = []
        self.cells: dict[int, tuple[int, Letters, Letters]] = {}
        self.boxes: list[int] = []  # for each body, how many different ones it has met
        self._bodies: dict[Body, int] = {}
        self._letters: dict[tuple[NodeId, Message], int] = {}
        self._cells: dict[tuple[int, Letters, Letters], int] = {}
        self._known: dict[tuple[int, int | Event], list[Outcome]] = {}
        not_started = Body(node.fingerprint(rules.ghosts), up=False)
        self.first = self.cell(self.body(not_started, node))

    # ------------------------------------------------------- everything is held once
    def body(self, body: Body, node: Node) -> int:
        """The number of this body; `node` is in its state."""
        number = self._bodies.setdefault(body, len(self.bodies))
        if number == len(self.bodies):
            self.bodies.append(body)
            self.nodes.append(node)
            self.boxes.append(0)
            if body.up and not isinstance(body.state, Raised):
                self._check_invariants(number)
        return number

    def _check_invariants(self, number: int) -> None:
        """Ask a node that runs; one that is down has yet to read its disk."""
        node = self.nodes[number]
        for one in (node, *node.parts()):
            if told := one.invariant():
                sentence = f"{type(one).__name__} {one.id!r}: {told}"
                self.rules.broken[self.at, number] = sentence

    def letter(self, src: NodeId, msg: Message) -> int:
        """The number of this message from this node."""
        number = self._letters.setdefault((src, msg), len(self.letters))
        if number == len(self.letters):
            self.letters.append((src, msg))
            self.senders.append(self.rules.ids.index(src))
        return number

    def cell(self, body: int, loop: Letters = (), letters: Letters = ()) -> int:
        """The number of this body with this on its way to it."""
        key = body, loop, letters
        if (known := self._cells.get(key)) is not None:
            return known
        self._cells[key] = number = body << LETTER_BITS | self.boxes[body]
        self.cells[number] = key
        self.boxes[body] += 1
        if max(body, self.boxes[body]) >= MOST:
            raise Misuse(
                f"{self.id!r} has more than {MOST:,} different states, or messages on "
                f"their way to it: explore less, `within=…`."
            )
        return number

    def receives(self, cell: int, more: Letters) -> int:
        """The cell when these are on their way to it too."""
        body, loop, letters = self.cells[cell]
        return self.cell(
            body, loop, self.network.with_more(letters, more, self._sender)
        )

    # ----------------------------------------------------------- what may happen next
    def moves(self, cell: int) -> Iterator[tuple[Outcome, int]]:
        """Each outcome of each event that may happen to this node, and its cell."""
        number, loop, letters = self.cells[cell]
        body = self.bodies[number]
        if isinstance(body.state, Raised):
            return
        busy = bool(self.network.prompt and loop)  # with what it has sent to itself
        if body.up:
            yield from self._from_itself(number, loop, letters)
            if not busy:
                yield from self._from_others(number, loop, letters)
        for event in self._own(body, self.nodes[number], busy):
            keeps = () if isinstance(event, Crash) else loop
            for outcome in self.outcomes(number, event):
                yield outcome, self.cell(outcome.body, keeps + outcome.loop, letters)
        for lost, rest in self._losses(body, letters):
            spends = Charge("losses" if lost.why == "lost" else "")
            outcome = Outcome(Action(self.id, lost), number, (), (), spends, False)
            yield outcome, self.cell(number, loop, rest)

    def _from_itself(
        self, body: int, loop: Letters, letters: Letters
    ) -> Iterator[tuple[Outcome, int]]:
        for letter in loop[:1]:
            for outcome in self.outcomes(body, letter):
                yield outcome, self.cell(outcome.body, loop[1:] + outcome.loop, letters)

    def _from_others(
        self, body: int, loop: Letters, letters: Letters
    ) -> Iterator[tuple[Outcome, int]]:
        for letter, rest in self.network.next(letters, self._sender):
            for outcome in self.outcomes(body, letter):
                if not outcome.idle or self.network.idle:
                    yield outcome, self.cell(outcome.body, loop + outcome.loop, rest)

    def _own(self, body: Body, node: Node, busy: bool) -> Iterator[Event]:
        """What may happen to a node without the network."""
        if not body.up:
            if self.budget.recoveries:
                yield Recover(DiskReport(body.lost))
            return
        if not busy:
            for timer in ripe(body.pending):
                yield Fire(timer)
            if body.called < len(self.calls) and node.operation is None:
                yield self.calls[body.called]
        if self.crashes:
            yield Crash()
            for saved in dict.fromkeys(body.unsynced):
                yield Crash(saved)

    def _losses(self, body: Body, letters: Letters) -> Iterator[tuple[Lost, Letters]]:
        ways: list[tuple[str, Iterator[Choice]]] = []
        if self.network.lossy:
            ways.append(("lost", self.network.losses(letters, self._sender)))
        if not body.up:
            why = f"{self.id} is down"
            ways.append((why, self.network.missed(letters, self._sender)))
        for why, choices in ways:
            for letter, rest in choices:
                yield Lost(*self.letters[letter], why), rest

    def _sender(self, letter: int) -> int:
        return self.senders[letter]

    def outcomes(self, number: int, what: int | Event) -> list[Outcome]:
        """What may come of a letter or another event in this body: taken once."""
        key = number, what
        if key not in self._known:
            event = Deliver(*self.letters[what]) if isinstance(what, int) else what
            self._known[key] = list(self._taken(number, event))
        return self._known[key]

    def taken(self) -> list[tuple[tuple[int, int | Event], list[Outcome]]]:
        """Every step so far: the body, the letter or other event, and what came."""
        return list(self._known.items())

    # ------------------------------------------------------------------------ one step
    def _taken(self, number: int, event: Event) -> Iterator[Outcome]:
        before, node = self.bodies[number], self.nodes[number]
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
            yield self._outcome(number, before, action, twin, effects)

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
        node = self.nodes[number]
        sentence = f"{type(node).__name__} {self.id!r}: {kind}{told}"
        ended = self.bodies[number]._replace(state=Raised(sentence))
        body = self.body(ended, node)
        self.rules.broken[self.at, body] = sentence
        return Outcome(action, body, (), (), self._charge(action.event, []), False)

    def _outcome(
        self,
        number: int,
        before: Body,
        action: Action,
        node: Node,
        effects: list[Effect],
    ) -> Outcome:
        event = action.event
        told: list[Invoked | Ended] = []
        process = self.id if before.life == 1 else f"{self.id}#{before.life}"
        operation = self.nodes[number].operation
        if isinstance(event, Call):
            told.append(Invoked(process, event))
        if isinstance(event, Crash) and operation is not None:
            told.append(Ended(process, "info", f"{self.id} crashed"))
        told += [Ended(process, e.outcome, e.value) for e in effects if type(e) is End]
        loop, mail = self._sent(effects)
        after = self.body(self._body_after(before, event, node, effects), node)
        speaks = any(isinstance(effect, (Send, Output, End)) for effect in effects)
        idle = after == number and not speaks
        return Outcome(action, after, loop, mail, self._charge(event, told), idle)

    def _body_after(
        self, before: Body, event: Event, node: Node, effects: list[Effect]
    ) -> Body:
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
        return after._replace(unsynced=self._unsynced(before, node))

    def _unsynced(self, before: Body, node: Node) -> tuple[Any, ...]:
        """What a crash may find on disk instead of what the last steps have saved."""
        if not self.budget.unsynced or not self.crashes:
            return ()
        saved = self.nodes[self._bodies[before]].saved()
        if saved == node.saved():
            return before.unsynced
        return (*before.unsynced, saved)[-self.budget.unsynced :]

    def _sent(self, effects: list[Effect]) -> tuple[Letters, Any]:
        loop: list[int] = []
        mail: dict[NodeId, list[Message]] = {}
        for effect in effects:
            if not isinstance(effect, Send):
                continue
            if effect.dst == self.id:
                loop.append(self.letter(self.id, effect.msg))
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


def told_event(node: NodeId, event: Event) -> str:
    """What happens to a node, in words."""
    match event:
        case Deliver(src, msg):
            return f"{node} receives {msg} from {src}"
        case Lost(src, msg, why):
            return f"{msg} from {src} never reaches {node}: {why}"
        case Fire(timer):
            return f"{timer} of {node} runs out"
        case Call():
            return f"{node} is called to {event}"
        case Crash(saved):
            unsynced = ", its last records not yet on disk" if saved is not None else ""
            return f"{node} crashes{unsynced}"
        case Recover():
            return f"{node} recovers"
    return f"{node}: {event}"
