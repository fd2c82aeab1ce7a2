"""A host: one node and what surrounds it, its mailbox, timers, clock and disk.

It is the node's runtime: what the node does comes here, and what happens to the node
comes from here. Entries come in by doors, one for each kind; what is behind a door is
exchanged when the node is down (nothing gets in) or stands still (everything waits).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappush
from typing import Any

from distlab.errors import Misuse, Violation
from distlab.faults import Pause
from distlab.node import (
    Crash,
    DiskReport,
    Message,
    Node,
    NodeId,
    Recover,
    Signed,
    Start,
    Timer,
    mint,
)
from distlab.reactions import Rule
from distlab.sim.clock import Clock
from distlab.sim.delays import us
from distlab.sim.disk import Disk, Records, saved
from distlab.sim.engine import Door, Engine, Entry
from distlab.sim.network import Links, Transit
from distlab.sim.streams import Stream
from distlab.sim.workload import Caller
from distlab.state import copied

PutOff = tuple[bool, Callable[..., None], tuple[Any, ...]]  # whether it waits for sync


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
        self.id, self.engine, self.links, self.disk = node.id, engine, links, disk
        self.settings, self.states = settings, states
        self.up = True
        self.paused: Pause | None = None  # what holds the node up
        self.waiting: list[Entry] = []  # what has come while the node stands still
        self.clock = Clock()
        self.timers: dict[Timer, int] = {}  # the number of each timer that is set
        self.armed: set[int] = set()  # these numbers: what else comes was cancelled
        self.routes: dict[NodeId, tuple[Door, Transit]] = {}  # made on first use
        self.held: list[tuple[int, PutOff]] = []  # what waits for so many records
        self.outbox: list[PutOff] = []  # what the step now running does
        self.syncing = False
        self.shown: dict[str, Any] = {}  # with `states`: what the trace has told
        self.timer_stream = Stream(engine.seed, self.id, "timers")
        self.choices = Stream(engine.seed, self.id, "choose")
        self.disk_stream = Stream(engine.seed, self.id, "disk")
        self.sync_us = disk.sync.draws(self.disk_stream)
        self.caller = Caller(self)
        self.inbox, self.alarm, self.platter = Door(), Door(), Door()
        self.birth, self.arrivals, self.calls, self.turns = (Door() for _ in range(4))
        self.embody(node)

    def embody(self, node: Node) -> None:
        """Let this node live here, in the place of the one before."""
        self.node = node
        node._runtime = self
        self.records = Records(node) if type(node)._saved else None
        self.stop_syncing()
        self.checked = [
            one
            for one in (node, *node.parts())
            if type(one).invariant is not Node.invariant
        ]
        self.send = self.after_sync(self.dispatch())
        self.output = self.after_sync(self.tell_output)
        self.end = self.after_sync(self.caller.end)
        self.set_timer = self.after_step(self.begin_timer)
        self.cancel_timer = self.after_step(self.end_timer)
        self.note = self.after_step(self.tell_note)
        self.rewire()

    def rewire(self) -> None:
        """Put behind each door what the node's condition asks for."""
        self.routes.clear()
        behind: dict[Door, Callable[[Entry], None]] = {
            self.alarm: self.fire,
            self.platter: self.synced,
            self.birth: self.start,
            self.arrivals: self.caller.arrive,
            self.calls: self.caller.called,
            self.turns: self.caller.go_on,
            self.inbox: self.receive() if self.up else self.miss,
        }
        for door, usual in behind.items():
            door.open = self.waiting.append if self.paused else usual

    # ------------------------------------------------------------------ one step a time
    def step(self, rule: Rule, *event: Any) -> None:
        """Let the node answer one event; what it sends waits for what it wrote."""
        node, records = self.node, self.records
        if records is None:
            rule(node, *event)
        else:
            before = records.read(node)
            rule(node, *event)
            if records.write(node, before) and not self.syncing:
                self.sync(records)
            self.release(records)
        if self.states:
            self.tell_state()
        for inside in self.checked:
            if broken := inside.invariant():
                raise Violation(broken)

    def tell_state(self) -> None:
        """Write down the fields that have changed."""
        state, shown = self.node.state(), self.shown
        news = {k: v for k, v in state.items() if k not in shown or shown[k] != v}
        if news:
            self.shown.update(copied(news))
            self.engine.tell("state", self.id, tuple(copied(news).items()))

    def start(self, entry: Entry) -> None:
        """The node comes to life."""
        if self.up:
            self.engine.tell("start", self.id)
            self.step(Node.react, Start())

    # ------------------------------------------------------------- messages come and go
    def dispatch(self) -> Callable[[NodeId, Message], None]:
        """The node's `send`: a closure, for speed."""
        engine, routes, route, src = self.engine, self.routes, self.route, self.id
        agenda, number, note_down = engine.agenda, engine.number, engine.raw.append

        def send(dst: NodeId, msg: Message) -> None:
            try:
                door, transit = routes[dst]
            except KeyError:
                door, transit = route(dst)
            delay_us = transit(msg)
            if delay_us.__class__ is int:
                now_us, tie = engine.now_us, number()
                at_us = now_us + delay_us
                entry = (at_us, tie, door, "deliver", dst, src, msg, now_us, tie)
                note_down(entry)
                heappush(agenda, entry)
            else:
                self.astray(dst, door, msg, delay_us)

        return send

    def route(self, dst: NodeId) -> tuple[Door, Transit]:
        """The door at the other end, and what the link does to a message."""
        hosts = self.engine.hosts
        if dst not in hosts:
            raise Misuse(
                f"{self.id!r} sends to {dst!r}, and there is no such node: there are "
                f"{', '.join(hosts)}."
            )
        loop = dst == self.id
        transit = (lambda msg: None) if loop else self.links.transit(self.id, dst)
        self.routes[dst] = door, transit = hosts[dst].inbox, transit
        return door, transit

    def astray(self, dst: NodeId, door: Door, msg: Message, outcome: Any) -> None:
        """What is sent and does not arrive just once: lost, doubled, or to oneself."""
        engine, now_us = self.engine, self.engine.now_us
        number = 0 if outcome is None else engine.number()
        if outcome is not None:
            engine.tell("send", self.id, msg, peer=dst, number=number)
        if isinstance(outcome, str):
            engine.tell("drop", dst, msg, outcome, peer=self.id, number=number)
            return
        for delay_us in (0,) if outcome is None else outcome:
            at_us, tie = now_us + delay_us, engine.number()
            entry = (at_us, tie, door, "deliver", dst, self.id, msg, now_us, number)
            heappush(engine.agenda, entry)

    def receive(self) -> Callable[[Entry], None]:
        """What is behind the door of the mailbox: a closure, for speed."""
        node, reactions, step = self.node, type(self.node)._reactions, self.step
        note_down = self.engine.raw.append

        def deliver(entry: Entry) -> None:
            note_down(entry)
            msg = entry[6]
            reactions[msg.__class__](node, entry[5], msg)

        def deliver_with_care(entry: Entry) -> None:
            note_down(entry)
            step(reactions[entry[6].__class__], entry[5], entry[6])

        def deliver_if_reached(entry: Entry) -> None:
            if self.links.is_cut(entry[5], self.id):
                self.refuse(entry, "cut")
            else:
                deliver_with_care(entry)

        if self.links.any_cut():
            return deliver_if_reached
        careful = self.records or self.checked or self.states
        return deliver_with_care if careful else deliver

    def miss(self, entry: Entry) -> None:
        """Nobody is there."""
        self.refuse(entry, f"{self.id} is down")

    def refuse(self, entry: Entry, why: str) -> None:
        """Write down that a message did not get in."""
        src, msg, number = entry[5], entry[6], entry[8]
        self.engine.tell("drop", self.id, msg, why, peer=src, number=number)

    # --------------------------------------------------------------------------- timers
    def begin_timer(self, timer: Timer, low_ms: float, high_ms: float) -> None:
        """Draw a delay and plan the timer, in the place of an equal one."""
        engine, low_us = self.engine, us(low_ms)
        if high_ms != low_ms:
            low_us = self.timer_stream.between(low_us, us(high_ms))
        self.armed.discard(self.timers.get(timer, 0))
        tie, now_us = engine.number(), engine.now_us
        at_us = now_us + self.clock.true_us(low_us)
        entry = (at_us, tie, self.alarm, "fire", self.id, "", timer, now_us, tie)
        self.timers[timer] = tie
        self.armed.add(tie)
        engine.raw.append(entry)
        heappush(engine.agenda, entry)

    def end_timer(self, timer: Timer) -> None:
        """Forget a timer; its entry stays on the agenda and finds itself forgotten."""
        if timer in self.timers:
            self.armed.discard(self.timers.pop(timer))
            self.engine.tell("cancel", self.id, timer)

    def fire(self, entry: Entry) -> None:
        """A timer runs out, unless it was cancelled or set again."""
        timer, number = entry[6], entry[8]
        if number in self.armed:
            self.armed.discard(number)
            del self.timers[timer]
            self.engine.raw.append(entry)
            self.step(type(self.node)._reactions[timer.__class__], timer)

    # --------------------------------------------------------- what else a node may ask
    def tell_output(self, value: Any) -> None:
        """What the layer above is told."""
        self.engine.tell("output", self.id, value)

    def tell_note(self, text: str, dropped: bool) -> None:
        """A remark, or why the node drops what arrived."""
        if dropped:
            self.engine.tell("ignore", self.id, why=text)
        else:
            self.engine.tell("note", self.id, text)

    def choose(self, k: int, options: tuple[Any, ...]) -> tuple[Any, ...]:
        """`k` of these, in the order drawn."""
        chosen = self.choices.sample(k, options)
        self.engine.tell("choose", self.id, chosen)
        return chosen

    def sign(self, msg: Message) -> Signed:
        """Its own signature, and no other."""
        return mint(self.id, msg)

    def now_ms(self) -> float:
        """What the node's own clock shows."""
        return self.clock.shows_us(self.engine.now_us) / 1000

    # ------------------------------------------------------------------------- the disk
    def after_sync(self, effect: Callable[..., None]) -> Callable[..., None]:
        """The same effect, which waits until what its step wrote is on disk."""
        if self.records is None or self.disk.send_before_sync:
            return effect
        put_off = self.outbox.append
        return lambda *arguments: put_off((True, effect, arguments))

    def after_step(self, effect: Callable[..., None]) -> Callable[..., None]:
        """The same effect, in its order among those that wait for the disk."""
        if self.records is None or self.disk.send_before_sync:
            return effect
        put_off = self.outbox.append
        return lambda *arguments: put_off((False, effect, arguments))

    def release(self, records: Records) -> None:
        """Let the effects of a step happen, those that wait when all is synced."""
        due, self.outbox[:] = list(self.outbox), []
        if records.synced < len(records.written):
            self.held += [(len(records.written), e) for e in due if e[0]]
            due = [effect for effect in due if not effect[0]]
        for _, effect, arguments in due:
            effect(*arguments)

    def sync(self, records: Records) -> None:
        """Begin to sync what is written; what takes no time is done at once."""
        upto = len(records.written) if self.disk.batch else records.synced + 1
        delay_us = next(self.sync_us)
        if delay_us:
            at_us = self.engine.now_us + delay_us
            self.engine.plan(at_us, self.platter, "sync", self.id, upto)
        else:
            records.synced = upto
        self.syncing = delay_us > 0

    def synced(self, entry: Entry) -> None:
        """The disk has come so far: what waited for it goes out."""
        records, upto = self.records, entry[6]
        if records is None:
            return
        records.synced = upto
        self.engine.tell("sync", self.id)
        if upto < len(records.written):
            self.sync(records)
        else:
            self.syncing = False
        while self.held and self.held[0][0] <= upto:
            _, (_, effect, arguments) = self.held.pop(0)
            effect(*arguments)

    def stop_syncing(self) -> None:
        """What is under way ends nowhere."""
        self.platter.open = forgotten
        self.platter, self.syncing = Door(), False

    # ------------------------------------------------------------ what befalls the node
    def crash(self) -> None:
        """Stop: memory, timers, and what waited for the disk are gone."""
        self.up, self.paused = False, None
        self.timers.clear()
        self.armed.clear()
        self.held.clear()
        self.engine.tell("crash", self.id)
        self.caller.crash()
        if self.records:
            self.records.crash(self.disk_stream.between)
        self.forget()
        missed, self.waiting = self.waiting, []
        self.stop_syncing()
        self.rewire()
        for entry in missed:
            entry[2].open(entry)

    def forget(self) -> None:
        """Put the node into the state that its disk has kept."""
        records = self.records
        kept = saved(self.node, records.contents()) if records else None
        self.node.react(Crash(kept))
        if self.states:
            self.tell_state()

    def recover(self) -> None:
        """Come back with what the disk has kept."""
        self.up = True
        self.rewire()
        report = self.records.recover() if self.records else DiskReport()
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
        """Go on: what has waited comes first, in the order in which it came."""
        self.paused = None
        self.engine.tell("resume", self.id)
        self.rewire()
        waited, self.waiting = self.waiting, []
        for entry in waited:
            self.engine.plan_again(entry)

    def replace(self, liar: type[Node]) -> None:
        """Let a lying node go on in this one's place, with its state and settings."""
        old = self.node
        new = liar(old.id, old.nodes, **self.settings)
        new.load(old.state())
        for _, (_, effect, arguments) in self.held:
            effect(*arguments)
        self.held.clear()
        self.embody(new)


def forgotten(entry: Entry) -> None:
    """What is behind a door that nobody watches any more."""
