"""Which write each read saw: the ground on which the weaker models stand.

Source
    Bouajjani, Enea, Guerraoui and Hamza, "On Verifying Causal Consistency", POPL 2017:
    program order and reads-from, where each value is written once.

The weaker models know no real time: an operation follows those that its process did
before it, and a read follows the write that it saw. A write of which nobody knows
whether it happened did if somebody saw it. It then followed what its process had done
before; what that process did later need not follow it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, NamedTuple

from distlab.check.processes import one_at_a_time
from distlab.check.versions import Versions, told
from distlab.errors import Misuse
from distlab.history import History, Operation


class Nowhere(NamedTuple):
    """A read that no write explains."""

    reason: str
    evidence: tuple[Operation, ...]


class Link(NamedTuple):
    """One operation comes before another."""

    source: int
    kind: str  # "process", "wr": was seen, "ww", "rw": saw what that replaces
    target: int
    read: int = -1  # the read that demands it
    round: int = 0  # links of earlier rounds, and they alone, led to it

    @property
    def given(self) -> bool:
        """Whether the history itself says so."""
        return self.kind in ("process", "wr")


class Writers(NamedTuple):
    """The writes of one key in one lane."""

    lane: int
    places: list[int]
    writes: list[int]


class ReadsFrom:
    """The reads and writes that happened, in lanes: each keeps the order of a process.

    Operations are told by their number. Raises `Misuse` for other calls than reads and
    writes, for a value that is written to a key twice, and for a process that calls
    again before its last operation has ended.
    """

    def __init__(self, history: History):
        versions = Versions(tuple(one_at_a_time(registers_alone(history))))
        reads = history.where("read", outcome="ok")
        strange = (seen_from_nowhere(read, versions) for read in reads)
        self.nowhere = next(filter(None, strange), None)
        seen = {(*op.args, op.result) for op in reads}
        self.ops = tuple(
            op
            for op in history
            if op.outcome == "ok" or (op.outcome == "info" and op.args in seen)
        )
        self.lanes: list[list[int]] = []
        self.lane: list[int] = []  # of each operation
        self.place: list[int] = []  # of each operation in its lane
        self.fork: dict[int, int] = {}  # what an unsure write alone follows
        self._into_lanes()
        write_of = {op.args: i for i, op in enumerate(self.ops) if op.f == "write"}
        self.reads = [i for i, op in enumerate(self.ops) if op.f == "read"]
        self.source = {
            i: write_of.get((*self.ops[i].args, self.ops[i].result)) for i in self.reads
        }
        self.seen = [
            Link(write, "wr", read, read)
            for read, write in self.source.items()
            if write is not None
        ]
        self.writers = self._by_key()

    def _into_lanes(self) -> None:
        own: dict[str, int] = {}
        for i, op in enumerate(self.ops):
            lane = own.get(op.process)
            if op.outcome == "info" or lane is None:
                if lane is not None:
                    self.fork[i] = self.lanes[lane][-1]
                lane = len(self.lanes)
                self.lanes.append([])
                if op.outcome == "ok":
                    own[op.process] = lane
            self.lane.append(lane)
            self.place.append(len(self.lanes[lane]))
            self.lanes[lane].append(i)

    def _by_key(self) -> dict[Any, list[Writers]]:
        found: dict[Any, dict[int, Writers]] = defaultdict(dict)
        for i, op in enumerate(self.ops):
            if op.f == "write":
                lane = self.lane[i]
                writers = found[op.args[0]].setdefault(lane, Writers(lane, [], []))
                writers.places.append(self.place[i])
                writers.writes.append(i)
        return {key: list(lanes.values()) for key, lanes in found.items()}

    def later(self, i: int) -> list[int]:
        """What comes next in the lane of an operation, if anything does."""
        at = self.place[i] + 1
        return self.lanes[self.lane[i]][at : at + 1]

    def key(self, i: int) -> Any:
        """The key of an operation."""
        return self.ops[i].args[0]


def registers_alone(history: History) -> History:
    """The same history. Raises `Misuse` for other calls than reads and writes."""
    for op in history:
        if op.f not in ("read", "write"):
            raise Misuse(
                f"{op.process} called `{op.f}`, and this check knows `read` and "
                f'`write` alone: choose them, `history.where("read", "write")`.'
            )
    return history


def seen_from_nowhere(read: Operation, versions: Versions) -> Nowhere | None:
    """Why no write explains what a read returned; None if one does."""
    if read.result is None:
        return None
    write = versions.writes[read.args[0]].get(read.result)
    if write is None:
        return Nowhere(f"{told(read)}, which nobody wrote", (read,))
    if write.outcome == "fail":
        why = f"{told(read)}, but {told(write)} and was told that it had failed"
        return Nowhere(why, (write, read))
    return None
