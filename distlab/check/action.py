"""One transition of a world, and how it is told."""

from __future__ import annotations

from typing import Any

from distlab.check.networks import Lost
from distlab.node import Call, Crash, Deliver, Event, Fire, NodeId, Recover
from distlab.value import Value


class Action(Value):
    """One transition: what happened at a node, and what it chose."""

    node: NodeId
    event: Event
    choices: tuple[tuple[Any, ...], ...] = ()

    def __str__(self) -> str:
        chosen = f", choosing {self.choices}" if self.choices else ""
        return f"{told_event(self.node, self.event)}{chosen}"


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
