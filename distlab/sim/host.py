"""A host: one node and what surrounds it, its mailbox, timers, clock, disk and caller.

It is the node's runtime: what the node does comes here, and what happens to the node
comes from here, by doors. When the node stands still everything waits outside; when it
is down messages are missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from distlab.errors import Violation
from distlab.faults import Pause
from distlab.node import Crash, DiskReport, Node, Recover, Signed, Start, mint
from distlab.reactions import Rule
from distlab.sim.clock import Clock
from distlab.sim.disk import Disk, Journal
from distlab.sim.engine import Door, Engine, Entry
from distlab.sim.mailbox import Mailbox
from distlab.sim.network import Links
from distlab.sim.timers import Timers
from distlab.sim.workload import Caller
from distlab.state import copied


class Host:
    """One node of a run."""

    def __init__(
        self,
        node: Node,
        settings: Mapping[str, Any],
        engine: Engine,
        links: Links,
        disk: Disk,
        states: bool,
    ):
        self.id, self.settings, self.engine, self.disk = node.id, settings, engine, disk
        self.up = True
        self.paused: Pause | None = None  # what makes the node stand still
        self.waiting: list[Entry] = []  # what has come meanwhile
        self.clock = Clock()
        self.choices = engine.tape(node.id, "choices")
        self.syncs = engine.tape(node.id, "syncs")
        self.birth = Door("start", node.id, self.start)
        self.alarm = Door("fire", node.id, self.fire)
        timers = engine.tape(node.id, "timers")
        self.timers = Timers(engine, self.clock, self.alarm, timers)
        self.mailbox = Mailbox(node.id, engine, links)
        self.caller = Caller(self)
        self.states = states
        self.shown: dict[str, Any] = {}  # with `states`: what the trace has told
        self.embody(node)

    def embody(self, node: Node) -> None:
        """Let this node live here, in the place of the one before."""
        self.node = node
        node._runtime = self
        self.journal = (
            Journal(node, self.disk, self.engine, self.syncs)
            if node._durable()
            else None
        )
        self.checked = [
            one
            for one in (node, *node.parts())
            if type(one).invariant is not Node.invariant
        ]
        after_sync = self.journal.after_sync if self.journal else at_once
        after_step = self.journal.after_step if self.journal else at_once
        self.send = after_sync(self.mailbox.sender())
        self.output = after_sync(self.tell_output)
        self.end = after_sync(self.caller.end)
        self.set_timer = after_step(self.timers.set)
        self.cancel_timer = after_step(self.timers.cancel)
        self.note = after_step(self.tell_note)
        self.rewire()

    def rewire(self) -> None:
        """Put behind each door what the node's condition and the links ask for."""
        mailbox, plain = self.mailbox, not (self.journal or self.checked or self.states)
        mailbox.routes.clear()
        if self.up:
            mailbox.open_for(self.node, self.step, plain)
        else:
            mailbox.door.usual = mailbox.miss
        doors = [mailbox.door, self.alarm, self.birth, *self.caller.doors]
        for door in [*doors, self.journal.door] if self.journal else doors:
            door.open = self.waiting.append if self.paused else door.usual
        mailbox.door.open = mailbox.if_reached(mailbox.door.open)

    # ------------------------------------------------------------------ what it answers
    def step(self, rule: Rule, *event: Any) -> None:
        """Let the node answer one event, and see that all is as it must be."""
        if self.journal:
            self.journal.step(rule, *event)
        else:
            rule(self.node, *event)
        if self.states:
            self.tell_state()
        for one in self.checked:
            if broken := one.invariant():
                raise Violation(broken)

    def start(self, entry: Entry) -> None:
        """The node comes to life, unless it has crashed before it could."""
        if self.up and self.caller.lives == 1:
            self.engine.tell("start", self.id)
            self.step(Node.react, Start())

    def fire(self, entry: Entry) -> None:
        """A timer runs out, if nobody has cancelled it."""
        if self.timers.runs_out(entry):
            timer = entry[4]
            self.step(self.node._reactions[timer.__class__], timer)

    # --------------------------------------------------------------------- what it asks
    def tell_output(self, value: Any) -> None:
        """What the layer above is told."""
        self.engine.tell("output", self.id, value)

    def tell_note(self, text: str, dropped: bool) -> None:
        """A remark, or why the node drops what arrived."""
        if dropped:
            self.engine.tell("ignore", self.id, why=text)
        else:
            self.engine.tell("note", self.id, text)

    def tell_state(self) -> None:
        """Write down the fields that have changed."""
        state, shown = self.node.state(), self.shown
        news = {k: v for k, v in state.items() if k not in shown or shown[k] != v}
        if news:
            shown.update(copied(news))
            self.engine.tell("state", self.id, tuple(copied(news).items()))

    def choose(self, k: int, options: Sequence[Any]) -> tuple[Any, ...]:
        """`k` of these, in the order drawn."""
        chosen = self.choices.sample(k, options)
        self.engine.tell("choose", self.id, chosen)
        return chosen

    def sign(self, msg: Any) -> Signed:
        """Its own signature, and no other."""
        return mint(self.id, msg)

    def now_ms(self) -> float:
        """What the node's own clock shows."""
        return self.clock.shows_us(self.engine.now_us) / 1000

    # ------------------------------------------------------------------ what befalls it
    def crash(self) -> None:
        """Stop: memory, timers, and what waited for the disk are gone."""
        self.up, self.paused = False, None
        self.timers.clear()
        self.engine.tell("crash", self.id)
        self.caller.crash()
        if self.journal:
            self.journal.crash()
        self.forget()
        self.rewire()
        missed, self.waiting = self.waiting, []
        for entry in missed:
            entry[2].usual(entry)

    def forget(self) -> None:
        """Put the node into the state that its disk has kept."""
        self.node.react(Crash(self.journal.saved() if self.journal else None))
        if self.states:
            self.tell_state()

    def recover(self) -> None:
        """Come back with what the disk has kept."""
        self.up = True
        self.rewire()
        report = self.journal.records.recover() if self.journal else DiskReport()
        self.forget()  # once more, since a record may have been damaged meanwhile
        self.engine.tell("recover", self.id, report)
        self.step(Node.react, Recover(report))
        self.caller.recover()

    def pause(self, fault: Pause) -> None:
        """Stand still: all that comes waits."""
        self.paused = fault
        self.engine.tell("pause", self.id)
        self.rewire()

    def resume(self) -> None:
        """Go on: what has waited happens now, in the order in which it came."""
        self.paused = None
        self.engine.tell("resume", self.id)
        self.rewire()
        waited, self.waiting = self.waiting, []
        for entry in waited:
            self.engine.happen((self.engine.now_us, *entry[1:]))

    def replace(self, liar: type[Node]) -> None:
        """Let a lying node go on in this one's place, with its state and settings."""
        old = self.node
        new = liar(old.id, old.nodes, **self.settings)
        new.load(old.state())
        self.embody(new)


def at_once(effect: Callable[..., None]) -> Callable[..., None]:
    """An effect that waits for no disk."""
    return effect
