"""One world of an exploration, as properties see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distlab.check.past import as_history
from distlab.errors import Misuse
from distlab.history import History
from distlab.node import Message, Node, NodeId, Timer

if TYPE_CHECKING:
    from distlab.check.budget import Budget
    from distlab.check.local_steps import Body
    from distlab.check.worlds import Worlds

Sent = tuple[NodeId, NodeId, Message]  # from, to, what


class Untold(Misuse):
    """A property asks for a part of worlds that they were made without: `what`."""

    def __init__(self, what: str):
        super().__init__(
            f"a property reads `world.{what}`, and these worlds are without: make them "
            f"with `{what}=True`."
        )
        self.what = what


class World:
    """The nodes, what is on its way among them, and what they have told. Read only."""

    __slots__ = ("_history", "_number", "_worlds", "read")

    def __init__(self, worlds: Worlds, number: int, history: History | None = None):
        self._worlds, self._number = worlds, number
        self._history = history  # one with the times of a trace, if there is one
        self.read: set[str] = set()  # what was asked for

    def _bodies(self) -> list[Body]:
        self.read.add("nodes")
        bodies = self._worlds.bodies(self._number)
        locals = self._worlds.locals
        return [one.bodies[b] for one, b in zip(locals, bodies, strict=True)]

    @property
    def nodes(self) -> dict[NodeId, Node]:
        """Every node by its id; of one that is down what its disk has kept."""
        self.read.add("nodes")
        bodies = self._worlds.bodies(self._number)
        locals = self._worlds.locals
        return {one.id: one.nodes[b] for one, b in zip(locals, bodies, strict=True)}

    @property
    def down(self) -> tuple[NodeId, ...]:
        """The nodes that have crashed and are not back."""
        pairs = zip(self._worlds.ids, self._bodies(), strict=True)
        return tuple(id for id, body in pairs if not body.up)

    @property
    def timers(self) -> dict[NodeId, tuple[Timer, ...]]:
        """The timers of each node that are set, in the order in which they were."""
        pairs = zip(self._worlds.ids, self._bodies(), strict=True)
        return {id: tuple(one[0] for one in body.pending) for id, body in pairs}

    @property
    def outputs(self) -> dict[NodeId, tuple[Any, ...]]:
        """What each node has told the layer above, in order."""
        if not self._worlds.rules.outputs:
            raise Untold("outputs")
        pairs = zip(self._worlds.ids, self._bodies(), strict=True)
        return {id: body.outputs for id, body in pairs}

    @property
    def calls_left(self) -> dict[NodeId, int]:
        """How many calls of its workload each node has not been asked for yet."""
        pairs = zip(self._worlds.locals, self._bodies(), strict=True)
        return {local.id: len(local.calls) - body.called for local, body in pairs}

    @property
    def messages(self) -> tuple[Sent, ...]:
        """What is on its way, by the node it goes to, in the order of a link if any."""
        self.read.add("messages")
        sent: list[Sent] = []
        for local, cell in zip(*self._worlds.cells(self._number), strict=True):
            _, loop, letters = local.cells[cell]
            for letter in (*loop, *letters):
                src, msg = local.letters[letter]
                sent.append((src, local.id, msg))
        return tuple(sent)

    @property
    def history(self) -> History:
        """The operations so far; of the orders that come to the same, one."""
        if not self._worlds.rules.history:
            raise Untold("history")
        self.read.add("history")
        if self._history is None:
            self._history = as_history(self._worlds.order(self._number))
        return self._history

    @property
    def left(self) -> Budget:
        """What may still go wrong."""
        self.read.add("history")
        return self._worlds.left(self._number)

    def __str__(self) -> str:
        down = self.down
        told = [f"{x!r}{' is down' * (id in down)}" for id, x in self.nodes.items()]
        told += [f"{msg} from {src} to {dst}" for src, dst, msg in self.messages]
        return "; ".join(told)
