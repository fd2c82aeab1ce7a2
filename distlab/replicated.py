"""State machine replication: an order of commands, and a service that executes them.

What every replica does once the order is agreed, whoever agreed on it: it outputs
`Delivered` for each place of the order, and lets its `Service` execute the command (or
`Restored`, where a snapshot takes it there).

Source
    Schneider, "Implementing Fault-Tolerant Services Using the State Machine Approach",
    ACM Computing Surveys 22(4), 1990; each request once as in Liskov and Cowling,
    "Viewstamped Replication Revisited", 2012, section 4.1 (the client table).
"""

from __future__ import annotations

from typing import Any

from distlab.events import Call, NodeId
from distlab.machine import Machine
from distlab.state import Record
from distlab.value import Value


class Command(Value):
    """What a client asks of the service. `number` counts its own requests from 1."""

    client: NodeId
    number: int
    call: Call

    def __str__(self) -> str:
        return f"{self.client}#{self.number} {self.call}"


class Delivered(Value):
    """Total order broadcast: at this place of the order stands this command.

    None stands for a place that a protocol has filled with nothing.
    """

    index: int
    command: Command | None

    def __str__(self) -> str:
        return f"{self.index}: {self.command or 'nothing'}"


class Restored(Value):
    """The service goes on from a snapshot of what was delivered up to this place."""

    index: int


class Service(Record):
    """The state of a machine after some commands, and the last answer to each client.

    A request that was executed before is not executed again.
    """

    machine: Machine
    state: Any
    answers: dict[NodeId, tuple[int, Any]] = {}  # the number of a request, its result

    def execute(self, command: Command) -> None:
        """Execute a command, unless this client's request or a later one has been."""
        if self.last(command.client) < command.number:
            self.state, result = self.machine.apply(self.state, command.call)
            self.answers[command.client] = command.number, result

    def last(self, client: NodeId) -> int:
        """The number of this client's last request; 0 if it has made none."""
        return self.answers.get(client, (0, None))[0]

    def result(self, client: NodeId) -> Any:
        """What this client's last request came to."""
        return self.answers[client][1]

    def snapshot(self) -> Snapshot:
        """All of it as a value, to be kept on disk and sent."""
        return Snapshot(self.state, tuple(sorted(self.answers.items())))


class Snapshot(Value):
    """What a service has come to: its machine's state, and the answers by client."""

    state: Any
    answers: tuple[tuple[NodeId, tuple[int, Any]], ...] = ()


def new(machine: Machine, snapshot: Snapshot | None = None) -> Service:
    """A service that has executed nothing, or what led to a snapshot."""
    if snapshot is None:
        return Service(machine, machine.initial)
    return Service(machine, snapshot.state, dict(snapshot.answers))
