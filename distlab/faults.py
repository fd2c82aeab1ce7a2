"""What goes wrong, as data: every fault is a frozen value with a time.

A schedule is a tuple of faults. It can be hashed, drawn, minimised, pasted into a cell
and replayed. Times are in milliseconds of simulated time. A fault with an `until_ms`
lasts from `at_ms` to then (None: to the end); the others happen once, at `at_ms`.

    schedule = (Isolate("s3", at_ms=500), Crash("s1", at_ms=700), Heal(at_ms=900))

No protocol survives them all, and none should: `Assumes` says what one admits.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from distlab.errors import Misuse
from distlab.value import Value


class Fault(Value):
    """Something that goes wrong at a time."""


# ------------------------------------------------------------------------------- links
class LinkFault(Fault):
    """A fault of some links: from `src` to `dst`, `"*"` for every node.

    `messages` restricts it to message classes by name; empty for all of them.
    """


class Loss(LinkFault):
    """Each message is lost with this probability."""

    rate: float
    at_ms: float = 0
    until_ms: float | None = None
    src: str = "*"
    dst: str = "*"
    messages: tuple[str, ...] = ()


class Duplication(LinkFault):
    """Each message arrives a second time with this probability."""

    rate: float
    at_ms: float = 0
    until_ms: float | None = None
    src: str = "*"
    dst: str = "*"
    messages: tuple[str, ...] = ()


class Reordering(LinkFault):
    """With this probability a message is held back for up to `within_ms`."""

    rate: float
    within_ms: float
    at_ms: float = 0
    until_ms: float | None = None
    src: str = "*"
    dst: str = "*"
    messages: tuple[str, ...] = ()


class Delay(LinkFault):
    """Each message takes this much longer."""

    extra_ms: float
    at_ms: float = 0
    until_ms: float | None = None
    src: str = "*"
    dst: str = "*"
    messages: tuple[str, ...] = ()


class SlowLink(LinkFault):
    """Each message takes this many times as long."""

    factor: float
    at_ms: float = 0
    until_ms: float | None = None
    src: str = "*"
    dst: str = "*"
    messages: tuple[str, ...] = ()


class Cut(LinkFault):
    """Nothing passes from `src` to `dst`; the other way still works."""

    src: str
    dst: str
    at_ms: float = 0
    until_ms: float | None = None


class Split(LinkFault):
    """The network falls into groups that cannot reach each other.

    Nodes that no group names can reach everyone. A later split replaces this one.
    """

    groups: tuple[tuple[str, ...], ...]
    at_ms: float = 0
    until_ms: float | None = None


class Isolate(LinkFault):
    """One node is cut off from every other, both ways."""

    node: str
    at_ms: float = 0
    until_ms: float | None = None


class Heal(LinkFault):
    """Every cut, split and isolation ends; if `all`, every other link fault too."""

    at_ms: float
    all: bool = False


# ------------------------------------------------------------------------------- nodes
class NodeFault(Fault):
    """A fault of one node."""


class Crash(NodeFault):
    """The node stops and loses what is in memory, and writes not yet synced."""

    node: str
    at_ms: float


class Recover(NodeFault):
    """A crashed node comes back with what its disk has kept."""

    node: str
    at_ms: float


class Pause(NodeFault):
    """The node stands still (garbage collection, a busy host) and knows nothing of it.

    What arrives meanwhile waits; timers that ran out fire when it wakes up.
    """

    node: str
    at_ms: float
    until_ms: float | None = None


class Resume(NodeFault):
    """A paused node goes on."""

    node: str
    at_ms: float


class Byzantine(NodeFault):
    """A lying node takes this one's place: `liar` is a subclass of its class."""

    node: str
    liar: type
    at_ms: float = 0


# ------------------------------------------------------------------------------ clocks
class ClockFault(Fault):
    """A fault of one node's clock. Nodes that never read it do not notice."""


class ClockSkew(ClockFault):
    """The clock is off by this much; negative: it is behind."""

    node: str
    offset_ms: float
    at_ms: float = 0


class ClockDrift(ClockFault):
    """The clock runs fast by this many parts per million; negative: slow.

    Timers run on the same oscillator: their delays shrink and grow with it.
    """

    node: str
    ppm: float
    at_ms: float = 0


class ClockJump(ClockFault):
    """The clock is set forward by this much at once; negative: back."""

    node: str
    by_ms: float
    at_ms: float


# ------------------------------------------------------------------------------- disks
class DiskFault(Fault):
    """A fault of one node's disk; found out when the node recovers from a crash."""


class LostWrites(DiskFault):
    """The disk says "synced" and forgets: a crash loses the last `records` written."""

    node: str
    at_ms: float
    records: int = 1


class TornWrite(DiskFault):
    """The record being written at the next crash is kept in part: a prefix of it."""

    node: str
    at_ms: float


class CorruptRecord(DiskFault):
    """A record on disk changes; its checksum tells at the next recovery.

    Counted from the last one written: 1 is the last.
    """

    node: str
    at_ms: float
    record: int = 1


Schedule = tuple[Fault, ...]

# --------------------------------------------------------------- what a protocol admits
LINKS: dict[str, tuple[type[Fault], ...]] = {
    "reliable FIFO": (Delay, SlowLink),
    "reliable": (Delay, SlowLink, Reordering),
    "at least once": (Delay, SlowLink, Reordering, Duplication),
    "fair loss": (Delay, SlowLink, Reordering, Loss, Duplication, Cut, Split, Isolate),
}
FAILURES: dict[str, tuple[type[Fault], ...]] = {
    "none": (),
    "pause": (Pause,),
    "crash-stop": (Pause, Crash),
    "crash-recovery": (Pause, Crash, Recover),
    "byzantine": (Pause, Crash, Recover, Byzantine),
}
DISK: dict[str, tuple[type[Fault], ...]] = {
    "intact": (),
    "torn writes": (TornWrite,),
    "corruption told": (TornWrite, CorruptRecord),
    "loses writes": (TornWrite, CorruptRecord, LostWrites),
}
CLOCK: dict[str, tuple[type[Fault], ...]] = {
    "exact": (),
    "bounded skew": (ClockSkew,),
    "bounded drift": (ClockSkew, ClockDrift),
    "unused": (ClockSkew, ClockDrift, ClockJump),
}


class Assumes(Value):
    """What a protocol takes for granted, in a form that tests read.

    `f` is how many nodes may be faulty at once: a number, or "minority", "less than a
    third", "all but one", "any"; `losers`, how many disks may lose over the whole run
    what they had said was synced: a number, "fewer than w" or "any". The promise holds
    on every fault that this admits; for each that it excludes, a test shows a seed
    where the promise breaks.
    """

    links: Literal["reliable FIFO", "reliable", "at least once", "fair loss"] = (
        "fair loss"
    )
    failures: Literal["none", "pause", "crash-stop", "crash-recovery", "byzantine"] = (
        "crash-recovery"
    )
    disk: Literal["intact", "torn writes", "corruption told", "loses writes"] = "intact"
    clock: Literal["exact", "bounded skew", "bounded drift", "unused"] = "unused"
    f: int | str = "any"
    losers: int | str = "any"

    def kinds(self) -> tuple[type[Fault], ...]:
        """The classes of fault that the promise survives."""
        return (
            *LINKS[_known(self.links, LINKS)],
            *FAILURES[_known(self.failures, FAILURES)],
            *DISK[_known(self.disk, DISK)],
            *CLOCK[_known(self.clock, CLOCK)],
            Heal,
            Resume,
        )

    @property
    def fifo(self) -> bool:
        """Whether messages of a link have to arrive in the order they were sent in."""
        return self.links == "reliable FIFO"

    def check(self) -> None:
        """Raise `Misuse` for a word that is not known."""
        self.kinds()
        self.most(1)
        self.most_losers(1, w=1)

    def admits(self, schedule: Iterable[Fault], n: int, w: int | None = None) -> bool:
        """Whether the promise holds on this schedule, in a group of `n` nodes."""
        kinds, most, faulty = self.kinds(), self.most(n), set[str]()
        most_losers, losers = self.most_losers(n, w), set[str]()
        for fault in sorted(schedule, key=_at_ms):
            if isinstance(fault, (Crash, Byzantine)):
                faulty.add(fault.node)
            elif isinstance(fault, Recover):
                faulty.discard(fault.node)
            elif isinstance(fault, (LostWrites, CorruptRecord)):
                losers.add(fault.node)
            if type(fault) not in kinds:
                return False
            if len(faulty) > most or len(losers) > most_losers:
                return False
        return True

    def most(self, n: int) -> int:
        """How many of `n` nodes may be faulty at once."""
        words = {
            "minority": (n - 1) // 2,
            "less than a third": (n - 1) // 3,
            "all but one": n - 1,
            "any": n,
        }
        return self.f if isinstance(self.f, int) else words[_known(self.f, words)]

    def most_losers(self, n: int, w: int | None = None) -> int:
        """How many of `n` disks may lose what was synced, where `w` have each write."""
        if self.losers == "fewer than w" and w is None:
            raise Misuse("how many disks are fewer than w: say how many w are, `w=2`.")
        words = {"any": n, "fewer than w": (w or n) - 1}
        if isinstance(self.losers, int):
            return self.losers
        return words[_known(self.losers, words)]


def _at_ms(fault: Any) -> float:
    at_ms: float = fault.at_ms
    return at_ms


def _known(word: str, words: dict[str, Any]) -> str:
    if word not in words:
        raise Misuse(f"Assumes knows no {word!r}: choose one of {', '.join(words)}.")
    return word
