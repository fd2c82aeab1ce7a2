"""The way to a world, told as a trace: what the simulator would have written down.

An explorer knows an order and no times, so each action takes place one millisecond
after the one before. The steps are taken again by nodes of their own; what comes of
them is compared with the worlds on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from distlab.check.action import Action
from distlab.check.local_steps import without
from distlab.check.networks import Lost
from distlab.check.timing import Alarm, Flight
from distlab.errors import Misuse
from distlab.events import Outcome
from distlab.history import History, Operation
from distlab.node import (
    Call,
    CancelTimer,
    Crash,
    Deliver,
    Effect,
    End,
    Fire,
    Message,
    Node,
    NodeId,
    Note,
    Output,
    Recover,
    Send,
    SetTimer,
    Start,
    Timer,
)
from distlab.state import copied
from distlab.trace import Step, Trace

if TYPE_CHECKING:
    from distlab.check.worlds import Worlds

STEP_US = 1000


class Retelling:
    """Nodes that take the steps of a way once more, and the trace of it."""

    def __init__(self, worlds: Worlds):
        self.worlds = worlds
        self.nodes: dict[NodeId, Node] = {
            local.id: local.nodes[0].clone() for local in worlds.locals
        }
        self.pending: dict[NodeId, Any] = dict.fromkeys(self.nodes, ())
        self.in_flight: list[tuple[NodeId, NodeId, Message, int]] = []
        self.actions: list[Action] = [Action("", Start())]
        self.flights: list[Flight] = []
        self.numbers: list[int] = []  # of the flights, in a trace
        self.alarms: list[Alarm] = []
        self.running: dict[tuple[NodeId, Timer], Alarm] = {}
        self.sent = 0
        self.at_us = 0
        self.steps: list[Step] = []
        self.operations: list[Operation] = []
        self.lives = dict.fromkeys(self.nodes, 1)
        self.shown: dict[NodeId, dict[str, Any]] = {id: {} for id in self.nodes}

    def trace(self) -> Trace:
        """What has happened so far."""
        return Trace(self.steps, self.nodes)

    def history(self) -> History:
        """What the clients have seen so far."""
        return History(self.operations)

    def tell(self, kind: str, node: NodeId, what: Any = None, **more: Any) -> None:
        """Write down a step."""
        self.steps.append(Step(self.at_us, kind, node, what=what, **more))

    @property
    def moment(self) -> int:
        """How many actions have happened; 0 when all nodes start."""
        return len(self.actions) - 1

    def start(self, action: Action) -> None:
        """Let a node start."""
        self.tell("start", action.node)
        self.actions[0] = Action("", Start(), self.actions[0].choices + action.choices)
        self.step(action)

    def happen(self, action: Action) -> None:
        """Let an action happen, one millisecond after the one before."""
        self.actions.append(action)
        self.at_us = self.moment * STEP_US
        node, event = action.node, action.event
        match event:
            case Deliver(src, msg):
                number = self.arrived(src, node, msg)
                self.tell("deliver", node, msg, peer=src, msg_id=number)
            case Lost(src, msg, why):
                number = self.arrived(src, node, msg, lost=why == "lost")
                self.tell("drop", node, msg, peer=src, why=why, msg_id=number)
                return
            case Fire(timer):
                self.pending[node] = without(self.pending[node], timer)
                self.stop(node, timer, ran_out=True)
                self.tell("fire", node, timer)
            case Call(name, args):
                self.tell("call", node, event)
                life = self.lives[node]
                process = node if life == 1 else f"{node}#{life}"
                self.operations.append(Operation(process, name, args, self.at_us))
            case Crash():
                self.crash(node)
            case Recover(report):
                self.lives[node] += 1
                self.tell("recover", node, report)
        self.step(action)

    def step(self, action: Action) -> None:
        """Take the step, and write down what comes of it."""
        node = action.node
        for chosen in action.choices:
            self.tell("choose", node, chosen)
        for effect in self.nodes[node].step(action.event, action.choices):
            self.come_of(node, effect)
        state, shown = self.nodes[node].state(), self.shown[node]
        news = {k: v for k, v in state.items() if k not in shown or shown[k] != v}
        if news:
            shown.update(copied(news))
            self.tell("state", node, tuple(copied(news).items()))

    def come_of(self, node: NodeId, effect: Effect) -> None:
        """What a step does outside."""
        match effect:
            case Send(dst, msg):
                self.send(node, dst, msg)
            case SetTimer(timer, (low_ms, high_ms)):
                self.stop(node, timer)
                low_us, high_us = round(low_ms * 1000), round(high_ms * 1000)
                alarm = Alarm(node, self.moment, low_us, high_us)
                self.running[node, timer] = alarm
                self.alarms.append(alarm)
                others = without(self.pending[node], timer)
                self.pending[node] = (*others, (timer, low_ms, high_ms))
                to = f" to {high_ms:g}" * (high_ms != low_ms)
                self.tell("set", node, timer, why=f"{low_ms:g}{to} ms")
            case CancelTimer(timer):
                others = without(self.pending[node], timer)
                if others != self.pending[node]:
                    self.stop(node, timer)
                    self.pending[node] = others
                    self.tell("cancel", node, timer)
            case Output(value):
                self.tell("output", node, value)
            case End(_, outcome, value):
                self.end(node, outcome, value)
            case Note(text, dropped):
                told = {"why": text} if dropped else {"what": text}
                self.tell("ignore" if dropped else "note", node, **told)

    def send(self, node: NodeId, dst: NodeId, msg: Message) -> None:
        """Put a message on its way; one to itself is not counted, as in a run."""
        self.sent += node != dst
        number = self.sent if node != dst else 0
        self.flights.append(Flight(node, dst, self.moment))
        self.in_flight.append((node, dst, msg, len(self.flights) - 1))
        self.numbers.append(number)
        if number:
            self.tell("send", node, msg, peer=dst, msg_id=number)

    def stop(self, node: NodeId, timer: Timer, ran_out: bool = False) -> None:
        """A timer ends, if it runs."""
        if alarm := self.running.pop((node, timer), None):
            alarm.ended, alarm.ran_out = self.moment, ran_out

    def crash(self, node: NodeId) -> None:
        """Timers, and words to itself, are gone; nobody knows of what was called."""
        for timer, _, _ in self.pending[node]:
            self.stop(node, timer)
        self.pending[node] = ()
        self.in_flight = [m for m in self.in_flight if m[:2] != (node, node)]
        self.tell("crash", node)
        if self.nodes[node].operation is not None:
            self.end(node, "info", f"{node} crashed")

    def end(self, node: NodeId, outcome: Outcome, value: Any) -> None:
        """The operation of a node ends."""
        self.tell(outcome, node, value)
        last = max(
            at
            for at, operation in enumerate(self.operations)
            if operation.process.split("#")[0] == node
        )
        self.operations[last] = self.operations[last]._replace(
            outcome=outcome, result=value, ended_us=self.at_us
        )

    def arrived(
        self, src: NodeId, dst: NodeId, msg: Message, lost: bool = False
    ) -> int:
        """The number of one that arrives, or is lost: of equal ones, the first."""
        for at, (*sent, flight) in enumerate(self.in_flight):
            if sent == [src, dst, msg]:
                if lost or src == dst or not self.worlds.rules.network.duplicating:
                    del self.in_flight[at]
                if lost:
                    self.flights[flight].lost = True
                else:
                    self.flights[flight].arrived.append(self.moment)
                return self.numbers[flight]
        raise Misuse(f"{msg} from {src!r} to {dst!r} was never sent: no such way.")

    def is_in(self, world: int) -> bool:
        """Whether this is where the search says it is."""
        bodies = zip(self.worlds.locals, self.worlds.bodies(world), strict=True)
        ghosts = self.worlds.rules.ghosts
        return all(
            self.nodes[local.id].fingerprint(ghosts) == local.bodies[body].state
            and self.pending[local.id] == local.bodies[body].pending
            for local, body in bodies
        )


def retold(worlds: Worlds, path: Iterable[tuple[Any, int]]) -> Retelling:
    """A way through worlds, taken again.

    Raises `Misuse` where its nodes come to another world than the search did.
    """
    telling = Retelling(worlds)
    (_, begin), *rest = path
    for start in worlds.starts[begin]:
        telling.start(start)
    for action, world in rest:
        if raised := worlds.raised_in(world):
            with suppress(Exception):
                telling.happen(action)
            telling.tell("note", action.node, raised)
            break
        telling.happen(action)
        if not telling.is_in(world):
            raise Misuse(
                f"{action}, told again, leads elsewhere than in the search: "
                f"{type(telling.nodes[action.node]).__name__} keeps state outside its "
                f"fields."
            )
    return telling
