"""The way to a world, told as a trace: what the simulator would have written down.

An explorer knows an order and no times, so each action takes place one millisecond
after the one before. The steps are taken again by nodes of their own; what comes of
them is compared with the worlds on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from distlab.check.local_states import Action, without
from distlab.check.networks import Lost
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
)
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
        self.sent = 0
        self.at_us = 0
        self.steps: list[Step] = []
        self.operations: list[Operation] = []
        self.lives = dict.fromkeys(self.nodes, 1)

    def trace(self) -> Trace:
        """What has happened so far."""
        return Trace(self.steps, self.nodes)

    def history(self) -> History:
        """What the clients have seen so far."""
        return History(self.operations)

    def tell(self, kind: str, node: NodeId, what: Any = None, **more: Any) -> None:
        """Write down a step."""
        self.steps.append(Step(self.at_us, kind, node, what=what, **more))

    def happen(self, action: Action) -> None:
        """Let an action happen, one millisecond after the one before."""
        self.at_us += STEP_US
        node, event = action.node, action.event
        match event:
            case Start():
                self.at_us = 0
                self.tell("start", node)
            case Deliver(src, msg):
                number = self.arrived(src, node, msg)
                self.tell("deliver", node, msg, peer=src, msg_id=number)
            case Lost(src, msg, why):
                number = self.arrived(src, node, msg)
                self.tell("drop", node, msg, peer=src, why=why, msg_id=number)
                return
            case Fire(timer):
                self.pending[node] = without(self.pending[node], timer)
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
        self.tell_all(node, action)

    def tell_all(self, node: NodeId, action: Action) -> None:
        """Take the step, and write down what comes of it."""
        for chosen in action.choices:
            self.tell("choose", node, chosen)
        for effect in self.nodes[node].step(action.event, action.choices):
            self.come_of(node, effect)

    def come_of(self, node: NodeId, effect: Effect) -> None:
        """What a step does outside."""
        match effect:
            case Send(dst, msg) if dst == node:
                self.in_flight.append((node, dst, msg, 0))  # not counted, as in a run
            case Send(dst, msg):
                self.sent += 1
                self.in_flight.append((node, dst, msg, self.sent))
                self.tell("send", node, msg, peer=dst, msg_id=self.sent)
            case SetTimer(timer, (low_ms, high_ms)):
                others = without(self.pending[node], timer)
                self.pending[node] = (*others, (timer, low_ms, high_ms))
                to = f" to {high_ms:g}" * (high_ms != low_ms)
                self.tell("set", node, timer, why=f"{low_ms:g}{to} ms")
            case CancelTimer(timer):
                others = without(self.pending[node], timer)
                if others != self.pending[node]:
                    self.pending[node] = others
                    self.tell("cancel", node, timer)
            case Output(value):
                self.tell("output", node, value)
            case End(_, outcome, value):
                self.end(node, outcome, value)
            case Note(text, dropped):
                told = {"why": text} if dropped else {"what": text}
                self.tell("ignore" if dropped else "note", node, **told)

    def crash(self, node: NodeId) -> None:
        """Timers, and words to itself, are gone; nobody knows of what was called."""
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

    def arrived(self, src: NodeId, dst: NodeId, msg: Message) -> int:
        """The number of a message that arrives: of equal ones, the first."""
        for at, (*sent, number) in enumerate(self.in_flight):
            if sent == [src, dst, msg]:
                if not self.worlds.rules.network.duplicating or src == dst:
                    del self.in_flight[at]
                return number
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
        telling.happen(start)
    for action, world in rest:
        if raised := worlds.raised_in(world):
            telling.at_us += STEP_US
            telling.tell("note", action.node, f"{action}: {raised}")
            break
        telling.happen(action)
        if not telling.is_in(world):
            raise Misuse(
                f"{action}, told again, leads elsewhere than in the search: "
                f"{type(telling.nodes[action.node]).__name__} keeps state outside its "
                f"fields."
            )
    return telling
