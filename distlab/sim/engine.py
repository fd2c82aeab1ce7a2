"""The agenda of a run: what happens next, and what has happened.

An entry of the agenda is a tuple, and the same tuple is kept as the record of what
happened; nothing else is made for a message that is sent and arrives:

    at_us, tie, door, peer, what, since_us

`tie` numbers what happens in the order in which it was planned; `door` is what the
entry goes through at its time, `door.open(entry)`. An entry is noted down when it is
made (a message is sent, a timer is set) and again when it happens. What happens at once
is noted as a remark, a longer tuple without a door.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any

from distlab.errors import DistlabError, Violation, undeclared
from distlab.node import NodeId
from distlab.sim.replay import Script, Tape
from distlab.sim.streams import Stream
from distlab.trace import Step, Trace

if TYPE_CHECKING:
    from distlab.sim.host import Host

Entry = tuple[int, int, Any, NodeId, Any, int]
SPAN_BITS = 13  # a span has so many bits of microseconds: 8 ms
STREAMS = {"timers": "timers", "choices": "choose", "syncs": "disk"}


class Door:
    """Where what is planned comes in: messages to a node, its timers, faults …"""

    __slots__ = ("kind", "node", "open", "usual")

    def __init__(self, kind: str, node: NodeId, usual: Callable[[Entry], None]):
        self.kind, self.node = kind, node
        self.usual = self.open = usual  # `open` is another while the node stands still


class Detour:
    """A way to a door under another number: a copy of a message, a word to oneself."""

    __slots__ = ("door", "kind", "node", "number")

    def __init__(self, door: Door, number: int):
        self.door, self.number = door, number
        self.kind, self.node = door.kind, door.node

    def open(self, entry: Entry) -> None:
        """Go there."""
        at_us, _, _, peer, what, since_us = entry
        self.door.open((at_us, self.number, self.door, peer, what, since_us))


class Engine:
    """Time, the agenda and the record of one run."""

    def __init__(self, seed: int, script: Script | None = None):
        self.seed, self.script = seed, script
        self.now_us = 0
        self.agenda: list[Entry] = []  # a heap of what happens before the horizon
        self.horizon_us = 0
        self.later: dict[int, list[Entry]] = {}  # the rest by its span, in no order
        self.spans: list[int] = []  # a heap of these
        self.raw: list[Any] = []
        self.hosts: dict[NodeId, Host] = {}
        self.number = count(1).__next__
        self.aside: dict[int, Any] = {}  # messages that were lost or doubled
        self.resumed: Entry | None = None  # what has waited and happens now
        self.before_all = count(-(2**62)).__next__  # ties that come before all others

    def tape(self, node: NodeId, of: str) -> Tape:
        """What a node draws from for `timers`, `choices` or `syncs`."""
        recorded = getattr(self.script, of)[node] if self.script else None
        return Tape(Stream(self.seed, node, STREAMS[of]), recorded)

    # ------------------------------------------------------------- what is to happen
    def plan(self, at_us: int, door: Door | Detour, what: Any = None) -> None:
        """Let something happen at a time, after all that is planned for it already."""
        self.put((at_us, self.number(), door, "", what, 0))

    def plan_first(self, at_us: int, door: Door, what: Any) -> None:
        """Let something happen at a time before all else."""
        self.put((at_us, self.before_all(), door, "", what, 0))

    def put(self, entry: Entry) -> None:
        """Take an entry into the agenda."""
        if entry[0] < self.horizon_us:
            heappush(self.agenda, entry)
        else:
            self.put_off(entry)

    def put_off(self, entry: Entry) -> None:
        """Keep what is beyond the horizon: it is put in order when its time comes.

        So the heap stays as small as what is near, however many nodes have timers.
        """
        span = entry[0] >> SPAN_BITS
        if span in self.later:
            self.later[span].append(entry)
        else:
            self.later[span] = [entry]
            heappush(self.spans, span)

    def look_ahead(self) -> None:
        """Move the horizon behind the next span in which something happens."""
        span = heappop(self.spans)
        self.agenda += self.later.pop(span)
        heapify(self.agenda)
        self.horizon_us = span + 1 << SPAN_BITS

    def tell(
        self,
        kind: str,
        node: NodeId,
        what: Any = None,
        why: str = "",
        peer: NodeId = "",
        number: int = 0,
    ) -> None:
        """Note down what happens now; `number` is that of the message."""
        self.raw.append((self.now_us, 0, None, kind, node, peer, what, why, number))

    # ----------------------------------------------------------------- making it happen
    def run(self, until_us: int, max_steps: int) -> None:
        """Let everything up to this time happen, in order.

        The cyclic garbage collector rests meanwhile: it would go through the growing
        record again and again, for nothing. Raises what a node raises, with seed, time,
        node and event in front, and `Violation` after `max_steps`.
        """
        agenda, entry, begun_us = self.agenda, None, self.now_us
        collecting = gc.isenabled()
        gc.disable()
        try:
            for _ in range(max_steps):
                if not agenda and self.spans:
                    self.look_ahead()
                if not agenda:
                    self.now_us = max(begun_us, self.raw[-1][0] if self.raw else 0)
                    return  # cancelled timers at the end are no time that passed
                if agenda[0][0] > until_us:
                    self.now_us = until_us
                    return
                entry = heappop(agenda)
                self.now_us = entry[0]
                entry[2].open(entry)
        except Exception as error:
            raise self.stopped(error, self.resumed or entry) from error
        finally:
            if collecting:
                gc.enable()
        raise self.endless(max_steps, entry)

    def stopped(self, error: Exception, entry: Entry | None) -> DistlabError:
        """The same error, with the seed, the time, the node and the event in front."""
        where = self.where(entry)
        if isinstance(error, AttributeError) and entry and entry[2].node in self.hosts:
            error = undeclared(self.hosts[entry[2].node].node, error)
        if isinstance(error, (Violation, AssertionError)):
            what = f"{error}" or "an assertion failed"
            return Violation(f"{where}: {what}", seed=self.seed, trace=self.trace())
        if isinstance(error, DistlabError):
            return type(error)(f"{where}: {error}")
        return DistlabError(f"{where}: {type(error).__name__}: {error}")

    def endless(self, max_steps: int, entry: Entry | None) -> Violation:
        """What to say when the budget of steps is used up."""
        recent = self.raw[-1000:]
        hint = "shorten `until_ms`, or allow more with `max_steps`"
        if recent and recent[0][0] == self.now_us:
            hint = "time stands still, so something goes round with a delay of 0 ms"
        return Violation(
            f"{self.where(entry)}: the run does not end within {max_steps:,} steps; "
            f"{hint}.",
            seed=self.seed,
            trace=self.trace(),
        )

    def where(self, entry: Entry | None) -> str:
        """`seed 83, 12.5 ms, s2, deliver Ping(n=3) from s1`."""
        where = f"seed {self.seed}, {self.now_us / 1000:g} ms"
        if entry is None:
            return where
        _, _, door, peer, what, _ = entry
        event = door.kind if what is None else f"{door.kind} {what}"
        where = f"{where}, {door.node or 'network'}, {event}"
        return f"{where} from {peer}" if peer else where

    def happen(self, entry: Entry) -> None:
        """Let what has waited happen now, as a part of what ended the waiting."""
        self.resumed = entry
        entry[2].usual(entry)
        self.resumed = None

    # --------------------------------------------------------------- what has happened
    def trace(self) -> Trace:
        """The record so far, as steps."""
        return Trace(steps(self.raw), self.hosts, self.seed)


def steps(raw: list[Any]) -> Iterator[Step]:
    """The record as steps; an entry that is met for the first time is being made."""
    newest = 0
    msg_ids: dict[int, int] = {}  # messages are counted without what else is planned
    for record in raw:
        at_us, tie, door = record[:3]
        if door is None:
            kind, node, peer, what, why, number = record[3:]
            if kind == "send":
                newest, msg_ids[number] = number, len(msg_ids) + 1
            yield Step(at_us, kind, node, peer, what, why, msg_ids.get(number, 0))
            continue
        peer, what, since_us = record[3:]
        if tie <= newest:
            msg_id = msg_ids.get(tie, 0)
            yield Step(at_us, door.kind, door.node, peer, what, "", msg_id)
        elif door.kind == "deliver":
            newest, msg_ids[tie] = tie, len(msg_ids) + 1
            yield Step(since_us, "send", peer, door.node, what, "", msg_ids[tie])
        else:
            newest, delay = tie, f"{(at_us - since_us) / 1000:g} ms"
            yield Step(since_us, "set", door.node, "", what, delay)
