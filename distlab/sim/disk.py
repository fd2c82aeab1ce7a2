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

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from distlab.node import DiskReport, Node
from distlab.reactions import Rule
from distlab.sim.delays import Constant, Distribution, as_distribution
from distlab.sim.engine import Door, Engine, Entry
from distlab.sim.replay import Tape
from distlab.value import check_frozen

Effect = Callable[..., None]
Arguments = tuple[Any, ...]
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
        self.names = node._durable()
        self.fields = attrgetter(*self.names)
        self.initial = self.fields(node)
        self.written: list[tuple[Change, ...]] = []
        self.synced = 0  # how many of them
        self.corrupted: set[int] = set()  # positions in `written`
        self.forgets = 0  # how many synced ones a lying disk will lose in a crash
        self.tears = False  # whether the next crash leaves a part of a record
        self.report = DiskReport()

    def by_name(self, values: Any) -> dict[str, Any]:
        """What `fields` gave, by the names of the fields."""
        one = len(self.names) == 1
        return dict(zip(self.names, (values,) if one else values, strict=True))

    def append(self, owner: type[Node], before: Any, after: Any) -> None:
        """Write a record of the fields that differ."""
        was, record = self.by_name(before), []
        for name, now in self.by_name(after).items():
            if now is not was[name] and now != was[name]:
                check_frozen(now, owner, name)
                record.append((name, now))
        self.written.append(tuple(record))

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
        values = self.by_name(self.initial)
        for record in self.written:
            values.update(record)
        return values


def saved(node: Node, contents: dict[str, Any], path: str = "") -> tuple[Any, ...]:
    """The contents of a disk in the form of `Node.saved()`, which `Crash` takes."""
    own = tuple(contents[path + name] for name in node.of_kind("durable"))
    parts = node.of_kind("part")
    inside = (saved(getattr(node, p), contents, f"{path}{p}.") for p in parts)
    return own, tuple(inside)


class Journal:
    """Runs the steps of a node with a disk: what they send waits for what they wrote.

    The node goes on while a sync is under way. What a later step sends waits for the
    earlier records too, for it may tell of what they hold.
    """

    def __init__(self, node: Node, disk: Disk, engine: Engine, tape: Tape):
        self.node, self.disk, self.engine = node, disk, engine
        self.records = Records(node)
        self.door = Door("sync", node.id, self.synced)
        self.stream = tape.stream
        self.sync_us: Iterator[int] = disk.sync.draws(self.stream)
        if not isinstance(disk.sync, Constant):
            self.sync_us = tape.lengths(self.sync_us)
        self.syncing = False
        self.outbox: list[tuple[bool, Effect, Arguments]] = []  # of this step; waits?
        self.held: list[tuple[int, Effect, Arguments]] = []  # for so many records

    def step(self, rule: Rule, *event: Any) -> None:
        """Let the node answer, write down what changed, and let the effects out."""
        node, records = self.node, self.records
        before = records.fields(node)
        rule(node, *event)
        after = records.fields(node)
        if before is not after and before != after:
            records.append(type(node), before, after)
            self.sync()
        upto = len(records.written)
        for waits, effect, arguments in self.outbox:
            if waits and records.synced < upto:
                self.held.append((upto, effect, arguments))
            else:
                effect(*arguments)
        self.outbox.clear()

    def after_sync(self, effect: Effect) -> Effect:
        """The same effect, put off until what its step wrote is on disk."""
        return self.put_off(effect, waits=not self.disk.send_before_sync)

    def after_step(self, effect: Effect) -> Effect:
        """The same effect, put off to the end of its step, in order with the others."""
        return self.put_off(effect, waits=False)

    def put_off(self, effect: Effect, waits: bool) -> Effect:
        """The same effect, into the outbox."""
        append = self.outbox.append
        return lambda *arguments: append((waits, effect, arguments))

    def sync(self) -> None:
        """Begin to sync what is written; what takes no time is done at once."""
        records = self.records
        while not self.syncing and records.synced < len(records.written):
            upto = len(records.written) if self.disk.batch else records.synced + 1
            if delay_us := next(self.sync_us):
                self.engine.plan(self.engine.now_us + delay_us, self.door, upto)
                self.syncing = True
            else:
                records.synced = upto

    def synced(self, entry: Entry) -> None:
        """The disk has come so far: what waited for it goes out."""
        self.records.synced, self.syncing = entry[4], False
        self.engine.tell("sync", self.node.id)
        self.sync()
        while self.held and self.held[0][0] <= self.records.synced:
            _, effect, arguments = self.held.pop(0)
            effect(*arguments)

    def crash(self) -> None:
        """What was not synced is gone, with all that waited for it."""
        self.held.clear()
        self.records.crash(self.stream.between)
        self.door.usual = self.door.open = forgotten
        self.door = Door("sync", self.node.id, self.synced)
        self.syncing = False

    def saved(self) -> tuple[Any, ...]:
        """What a node finds on this disk, as `Crash` takes it."""
        return saved(self.node, self.records.contents())


def forgotten(entry: Entry) -> None:
    """A sync that was under way when its node crashed ends nowhere."""
