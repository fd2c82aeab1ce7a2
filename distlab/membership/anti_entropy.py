"""Anti-entropy: each site compares all that it has with another one, again and again.

Source
    Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987,
    sections 1 and 1.3.
Guarantees
    Of two values for a key all sites keep the one with the larger timestamp. Every
    update reaches all sites with probability 1: once faults stop, all become equal.
    Of n sites, one update reaches the last after about log2 n cycles by pull, and
    log2 n + ln n by push: see `epidemic_simple`.
Assumes
    Every site knows all others. Messages may be lost, doubled and reordered, networks
    split. A site may crash and recover; what it had synced it still has.
Costs
    n comparisons a cycle, for ever, each of them with a timestamp for every key. An
    update travels only to whom it is new.
Departs
    Timestamps are those of Lamport, not of a clock: a new one is larger than all that
    its site has seen. The timestamps are compared first, then what differs is sent;
    the paper has checksums for this. Nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from distlab.node import (
    Assumes,
    Call,
    Log,
    Message,
    Node,
    NodeId,
    Timer,
    Value,
    durable,
    setting,
    volatile,
)


class Stamp(NamedTuple):
    """When an update was made; equal for no two."""

    number: int
    site: NodeId


class Entry(Value):
    """A key, and the value that it had at this time."""

    key: str
    stamp: Stamp
    value: Any


class Compare(Message):
    """These are my keys, and how new my values are."""

    stamps: tuple[tuple[str, Stamp], ...]


class Entries(Message):
    """Values that are newer than yours; and keys of which yours is newer."""

    entries: tuple[Entry, ...]
    wanted: tuple[str, ...] = ()


class Cycle(Timer):
    """Time to contact another site."""


class Site(Node):
    """A copy of the database. `update` and `read` end at once and ask nobody."""

    assumes = Assumes(disk="torn writes")

    cycle_ms: float = setting(100)

    log: Log[Entry] = durable(Log())  # what was accepted, in that order
    database: dict[str, Entry] = volatile({})  # the newest of it, by key

    def on_start(self):
        self.set_timer(Cycle(), self.cycle_ms)

    def on_cycle(self, timer: Cycle):  # §1.3, cycle
        self.set_timer(timer, self.cycle_ms)
        if self.peers:
            (peer,) = self.choose(1, self.peers)
            self.contact(peer)

    def contact(self, peer: NodeId):
        """What a site does in each cycle."""
        raise NotImplementedError

    # -------------------------------------------------------------------- its database
    def update(self, key: str, value: Any):  # §1, Now
        """Ends with the timestamp of the update."""
        newest = max((e.stamp.number for e in self.database.values()), default=0)
        entry = Entry(key, Stamp(newest + 1, self.id), value)
        self.accept(entry)
        self.ok(entry.stamp)

    def read(self, key: str):
        """Ends with the value that this site has; None if it has none."""
        self.ok(self.database[key].value if key in self.database else None)

    def supersedes(self, stamp: Stamp, key: str) -> bool:
        """Whether this is newer than what the site has of the key."""
        return key not in self.database or stamp > self.database[key].stamp

    def accept(self, entry: Entry) -> bool:  # §1, supersede
        """Take over what is newer; whether it was."""
        if not self.supersedes(entry.stamp, entry.key):
            return False
        self.database[entry.key] = entry
        self.log = self.log.append(entry)
        if len(self.log) > 2 * len(self.database) + 100:
            self.log = Log(*self.database.values())
        return True

    def on_recover(self, report):
        self.database = {entry.key: entry for entry in self.log}
        self.on_start()

    @staticmethod
    def workload(site: NodeId, choose: Callable) -> Iterator[Call]:
        """What is called when a run says nothing else: each site updates three keys."""
        for i in range(3):
            (key,) = choose(1, "xyz")
            yield Call("update", (key, f"{site}.{i}"))


class AntiEntropy(Site):
    """Push-pull: after a comparison both sites have the newer value of every key."""

    def contact(self, peer: NodeId):
        stamps = tuple((key, entry.stamp) for key, entry in self.database.items())
        self.send(peer, Compare(stamps))

    def on_compare(self, src: NodeId, msg: Compare):
        theirs = dict(msg.stamps)
        entries = tuple(
            entry
            for key, entry in self.database.items()
            if key not in theirs or entry.stamp > theirs[key]
        )
        wanted = tuple(k for k, stamp in msg.stamps if self.supersedes(stamp, k))
        self.resolve_difference(src, entries, wanted)

    def resolve_difference(
        self, src: NodeId, entries: tuple[Entry, ...], wanted: tuple[str, ...]
    ):  # §1.3, push-pull
        """Who began has `wanted`, and we have `entries`, in newer versions."""
        if entries or wanted:
            self.send(src, Entries(entries, wanted))

    def on_entries(self, src: NodeId, msg: Entries):
        for entry in msg.entries:
            self.accept(entry)
        if newer := tuple(self.database[k] for k in msg.wanted if k in self.database):
            self.send(src, Entries(newer))


class Push(AntiEntropy):
    """Only who is asked learns: what the other has in a newer version."""

    def resolve_difference(
        self, src: NodeId, entries: tuple[Entry, ...], wanted: tuple[str, ...]
    ):  # §1.3, push
        super().resolve_difference(src, (), wanted)


class Pull(AntiEntropy):
    """Only who asks learns: what the other has in a newer version."""

    def resolve_difference(
        self, src: NodeId, entries: tuple[Entry, ...], wanted: tuple[str, ...]
    ):  # §1.3, pull
        super().resolve_difference(src, entries, ())


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (AntiEntropy, 5)}
