"""One node of a world, in every state in which it was ever met.

A step is a pure function of a state and an event. So equal states are held once, as
small numbers, and what came of a step is remembered: however many worlds there are in
which a node takes this step, it is taken once.
"""

from __future__ import annotations

from collections.abc import Iterator

from distlab.check.action import Action
from distlab.check.local_steps import (
    Body,
    Charge,
    Outcome,
    Raised,
    Rules,
    Stepping,
    ripe,
)
from distlab.check.networks import Choice, Letters, Lost
from distlab.errors import Misuse
from distlab.node import (
    Call,
    Crash,
    Deliver,
    DiskReport,
    Event,
    Fire,
    Message,
    Node,
    NodeId,
    Recover,
)

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
        self.stepping = Stepping(self)
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
        for event in self.own(number, busy):
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
            for outcome in self.arrivals(body, letter):
                yield outcome, self.cell(outcome.body, loop[1:] + outcome.loop, letters)

    def _from_others(
        self, body: int, loop: Letters, letters: Letters
    ) -> Iterator[tuple[Outcome, int]]:
        for letter, rest in self.network.next(letters, self._sender):
            for outcome in self.arrivals(body, letter):
                yield outcome, self.cell(outcome.body, loop + outcome.loop, rest)

    def arrivals(self, number: int, letter: int) -> list[Outcome]:
        """What may come of a letter, where it is a transition.

        One that comes to nothing is none, unless others stand behind it in a queue.
        """
        queued = self.network.idle or self.senders[letter] == self.at
        found = self.outcomes(number, letter)
        return found if queued else [one for one in found if not one.idle]

    def own(self, number: int, busy: bool = False) -> Iterator[Event]:
        """What may happen to a node without the network."""
        body, node = self.bodies[number], self.nodes[number]
        if not body.up:
            if self.budget.recoveries:
                yield Recover(DiskReport(body.lost))
            return
        if not busy:
            for timer in ripe(body.pending) if self.budget.timers != 0 else ():
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
            self._known[key] = list(self.stepping.taken(number, event))
        return self._known[key]

    def taken(self) -> list[tuple[tuple[int, int | Event], list[Outcome]]]:
        """Every step so far: the body, the letter or other event, and what came."""
        return list(self._known.items())
