"""A scenario as prose: `cluster.at(500).crash("s1").at(900).recover("s1")`.

Each verb adds one fault of `distlab.faults` to the cluster's schedule, at that moment,
and gives the moment back, so that more can happen then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from distlab import faults
from distlab.node import Call, NodeId

if TYPE_CHECKING:
    from distlab.sim.cluster import Cluster


class Moment:
    """A time in a scenario, in milliseconds. Raises `Misuse` for what cannot be."""

    def __init__(self, cluster: Cluster, at_ms: float):
        self.cluster, self.at_ms = cluster, at_ms

    def __repr__(self) -> str:
        return f"at {self.at_ms:g} ms of {self.cluster!r}"

    def at(self, at_ms: float) -> Moment:
        """Another moment of the same scenario."""
        return self.cluster.at(at_ms)

    def happens(self, fault: faults.Fault) -> Self:
        """Any fault of the menu."""
        self.cluster.add_fault(fault)
        return self

    # ------------------------------------------------------------------------ the nodes
    def crash(self, *nodes: NodeId) -> Self:
        """These nodes stop."""
        for node in nodes:
            self.happens(faults.Crash(node, self.at_ms))
        return self

    def recover(self, *nodes: NodeId) -> Self:
        """These nodes come back with what their disks have kept."""
        for node in nodes:
            self.happens(faults.Recover(node, self.at_ms))
        return self

    def pause(self, *nodes: NodeId, until_ms: float | None = None) -> Self:
        """These nodes stand still."""
        for node in nodes:
            self.happens(faults.Pause(node, self.at_ms, until_ms))
        return self

    def resume(self, *nodes: NodeId) -> Self:
        """These nodes go on."""
        for node in nodes:
            self.happens(faults.Resume(node, self.at_ms))
        return self

    def replace(self, node: NodeId, liar: type) -> Self:
        """A lying node takes this one's place."""
        return self.happens(faults.Byzantine(node, liar, self.at_ms))

    def call(self, node: NodeId, name: str, *args: Any) -> Self:
        """The layer above calls a method of this node."""
        self.cluster.add_call(self.at_ms, node, Call(name, args))
        return self

    # ------------------------------------------------------------------------ the links
    def split(self, *groups: tuple[NodeId, ...], until_ms: float | None = None) -> Self:
        """The network falls into these groups: `split(("s1", "s2"), ("s3",))`."""
        return self.happens(faults.Split(groups, self.at_ms, until_ms))

    def isolate(self, *nodes: NodeId, until_ms: float | None = None) -> Self:
        """Each of these nodes is cut off from every other."""
        for node in nodes:
            self.happens(faults.Isolate(node, self.at_ms, until_ms))
        return self

    def cut(self, src: NodeId, dst: NodeId, until_ms: float | None = None) -> Self:
        """Nothing passes from `src` to `dst`; the other way still works."""
        return self.happens(faults.Cut(src, dst, self.at_ms, until_ms))

    def heal(self, all: bool = False) -> Self:
        """Every cut, split and isolation ends; with `all`, what slows and loses too."""
        return self.happens(faults.Heal(self.at_ms, all))

    def loss(self, rate: float, **where: Any) -> Self:
        """Messages are lost; `src`, `dst`, `messages`, `until_ms` say which."""
        return self.happens(faults.Loss(rate, at_ms=self.at_ms, **where))

    def duplicate(self, rate: float, **where: Any) -> Self:
        """Messages arrive twice; `src`, `dst`, `messages`, `until_ms` as for `loss`."""
        return self.happens(faults.Duplication(rate, at_ms=self.at_ms, **where))

    def reorder(self, rate: float, within_ms: float, **where: Any) -> Self:
        """Messages are held back; `src`, `dst`, … as for `loss`."""
        return self.happens(
            faults.Reordering(rate, within_ms, at_ms=self.at_ms, **where)
        )

    def delay(self, extra_ms: float, **where: Any) -> Self:
        """Messages take longer; `src`, `dst`, `messages`, `until_ms` as for `loss`."""
        return self.happens(faults.Delay(extra_ms, at_ms=self.at_ms, **where))

    def slow(self, factor: float, **where: Any) -> Self:
        """Messages take so many times as long; `src`, `dst`, … as for `loss`."""
        return self.happens(faults.SlowLink(factor, at_ms=self.at_ms, **where))

    # ------------------------------------------------------------- the clocks and disks
    def skew(self, node: NodeId, offset_ms: float) -> Self:
        """The node's clock is off by this much."""
        return self.happens(faults.ClockSkew(node, offset_ms, self.at_ms))

    def drift(self, node: NodeId, ppm: float) -> Self:
        """The node's clock runs fast by this many parts per million."""
        return self.happens(faults.ClockDrift(node, ppm, self.at_ms))

    def jump(self, node: NodeId, by_ms: float) -> Self:
        """The node's clock is set forward by this much."""
        return self.happens(faults.ClockJump(node, by_ms, self.at_ms))

    def lose_writes(self, node: NodeId, records: int = 1) -> Self:
        """The disk says "synced" and forgets its last records at the next crash."""
        return self.happens(faults.LostWrites(node, self.at_ms, records))

    def tear_write(self, node: NodeId) -> Self:
        """The next crash keeps a part of the record that is being written."""
        return self.happens(faults.TornWrite(node, self.at_ms))

    def corrupt(self, node: NodeId, record: int = 1) -> Self:
        """A record on disk changes; 1 is the last one written."""
        return self.happens(faults.CorruptRecord(node, self.at_ms, record))
