"""The disk of a node: a log of records, of which a crash keeps the synced prefix.

Each step that changes durable fields appends one record: the fields it changed and
their new values. What the step sends, outputs and answers waits until that record is
synced; so does what later steps send, for it may tell of the same change. The node
itself goes on.

Source
    The contract is that of etcd's raft `Ready` (save, then send). Faults as in Pillai
    et al., "All File Systems Are Not Created Equal", OSDI 2014 (lost and torn writes),
    and Alagappan et al., "Protocol-Aware Recovery", FAST 2018 (corruption that is
    told).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from distlab.node import DiskReport, Node
from distlab.sim.delays import Distribution, as_distribution
from distlab.value import check_frozen

Change = tuple[str, Any]  # a durable field, "part.field" in a part, and its new value


class Disk:
    """What syncing costs, and whether a node waits for it.

    `sync_ms` is a distribution or a number. With `batch`, a sync takes along all
    records that were written before it began (group commit); without, each record has
    its own. With `send_before_sync` nothing waits: faster, and wrong as soon as a node
    crashes.
    """

    def __init__(
        self,
        sync_ms: Distribution | float = 0,
        batch: bool = True,
        send_before_sync: bool = False,
    ):
        self.sync = as_distribution(sync_ms)
        self.batch, self.send_before_sync = batch, send_before_sync

    def __repr__(self) -> str:
        return (
            f"Disk(sync_ms={self.sync}, batch={self.batch}, "
            f"send_before_sync={self.send_before_sync})"
        )


class Records:
    """What one node has written, how much of it is synced, and what went wrong."""

    def __init__(self, node: Node):
        self.names = type(node)._durable()
        self.initial = self.read(node)
        self.written: list[tuple[Change, ...]] = []
        self.synced = 0  # how many of them
        self.corrupted: set[int] = set()  # positions in `written`
        self.forgets = 0  # how many synced ones a lying disk will lose in a crash
        self.tears = False  # whether the next crash leaves a part of a record
        self.report = DiskReport()

    def read(self, node: Node) -> tuple[Any, ...]:
        """The durable fields as they are now, those of parts included."""
        values = type(node)._saved(node)  # type: ignore[misc]
        return values if len(self.names) > 1 else (values,)

    def write(self, node: Node, before: tuple[Any, ...]) -> bool:
        """Append a record of what differs from `before`; False if nothing does."""
        fields = zip(self.names, before, self.read(node), strict=True)
        record = tuple(
            (name, now) for name, was, now in fields if was is not now and was != now
        )
        for name, value in record:
            check_frozen(value, type(node), name)
        if record:
            self.written.append(record)
        return bool(record)

    def crash(self, between: Callable[[int, int], int]) -> None:
        """Keep the synced prefix, or what the disk's faults leave of it."""
        waiting = self.written[self.synced :]
        kept = self.written[: self.synced]
        del kept[max(0, len(kept) - self.forgets) :]
        self.report = DiskReport(len(waiting), torn=bool(waiting) and self.tears)
        if self.report.torn and (part := between(0, len(waiting[0]) - 1)):
            kept.append(waiting[0][:part])
        self.written, self.synced = kept, len(kept)
        self.corrupted = {place for place in self.corrupted if place < len(kept)}
        self.forgets, self.tears = 0, False

    def corrupt(self, record: int) -> bool:
        """Damage a record, 1 being the last one written; False if there is none."""
        place = len(self.written) - record
        if place >= 0:
            self.corrupted.add(place)
        return place >= 0

    def recover(self) -> DiskReport:
        """What the node is told: what was lost unsynced, and which checksums failed.

        What a lying disk forgot is not told: nothing on the disk tells of it.
        """
        broken = {name for place in self.corrupted for name, _ in self.written[place]}
        report = DiskReport(self.report.lost, self.report.torn, tuple(sorted(broken)))
        good = set(range(len(self.written))) - self.corrupted
        self.written = [self.written[place] for place in sorted(good)]
        self.synced, self.corrupted, self.report = len(good), set(), DiskReport()
        return report

    def contents(self) -> dict[str, Any]:
        """Each field's latest value."""
        values = dict(zip(self.names, self.initial, strict=True))
        for record in self.written:
            values.update(record)
        return values


def saved(node: Node, contents: dict[str, Any], path: str = "") -> tuple[Any, ...]:
    """The contents of a disk in the form of `Node.saved()`, which `Crash` takes."""
    own = tuple(contents[path + name] for name in node.of_kind("durable"))
    parts = node.of_kind("part")
    inside = (saved(getattr(node, p), contents, f"{path}{p}.") for p in parts)
    return own, tuple(inside)
