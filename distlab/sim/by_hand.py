"""Some nodes that no clock moves: a message lies there until somebody delivers it.

    table = ByHand(Raft, ("s1", "s2", "s3"))
    table.step("s1", Fire(ElectionTimeout()))
    table.deliver(("s1", "s2"))                # all that goes on between these two

For the figures of papers, which say exactly what arrives and what does not. Timers are
fired by hand too: what a node asks for is not remembered.
"""

from __future__ import annotations

from collections.abc import Iterable

from distlab.events import DiskReport
from distlab.node import (
    Crash,
    Deliver,
    End,
    Event,
    Message,
    Node,
    NodeId,
    Output,
    Recover,
    Send,
    Start,
)


class ByHand:
    """A group of nodes of one class, and the messages that lie between them.

    What is sent to others than these, such as clients, is kept among `told`, with what
    nodes output and how their operations end.
    """

    def __init__(self, kind: type[Node], ids: Iterable[NodeId]):
        self.nodes = {id: kind(id, tuple(ids)) for id in ids}
        self.on_its_way: list[tuple[NodeId, NodeId, Message]] = []
        self.told: dict[NodeId, list[Output | End | Send]] = {id: [] for id in ids}
        for id in ids:
            self.step(id, Start())

    def __getitem__(self, id: NodeId) -> Node:
        return self.nodes[id]

    def step(self, id: NodeId, event: Event) -> None:
        """Let something happen to a node."""
        for effect in self.nodes[id].step(event):
            if isinstance(effect, Send) and effect.dst in self.nodes:
                self.on_its_way.append((id, effect.dst, effect.msg))
            elif isinstance(effect, (Output, End, Send)):
                self.told[id].append(effect)

    def deliver(self, among: Iterable[NodeId]) -> int:
        """Everything that goes on among these, until nothing is left; how many."""
        count, together = 0, set(among)
        while ready := [m for m in self.on_its_way if {m[0], m[1]} <= together]:
            src, dst, msg = ready[0]
            self.on_its_way.remove(ready[0])
            self.step(dst, Deliver(src, msg))
            count += 1
        return count

    def lose_the_rest(self) -> None:
        """What still lies there never arrives."""
        self.on_its_way.clear()

    def crash(self, id: NodeId) -> None:
        """A node crashes, and is back with its disk at once."""
        self.step(id, Crash())
        self.step(id, Recover(DiskReport()))
