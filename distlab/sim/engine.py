"""The agenda of a run: what happens next, and what has happened.

An entry of the agenda is a tuple, and the same tuple is kept as the record of what
happened; nothing else is made for a message that is sent and arrives. Its fields are

    at_us, tie, door, kind, node, peer, what, since_us, number

`tie` orders what happens in the same microsecond; `door` is what the entry goes through
at its time: `door.open(entry)`. An entry is noted down when it is made (a message is
sent, a timer is set) and again when it happens. What happens at once is noted in the
same form with tie 0, no door, and the reason in the place of `since_us`.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any

from distlab.errors import DistlabError, Violation, undeclared
from distlab.node import NodeId
from distlab.trace import Step, Trace

if TYPE_CHECKING:
    from distlab.sim.host import Host

Entry = tuple[int, int, Any, str, NodeId, NodeId, Any, Any, int]


class Door:
    """Where entries of one kind come in; a node that is down has another one."""

    __slots__ = ("open",)

    open: Callable[[Entry], None]


class Engine:
    """Time, the agenda and the record of one run."""

    __slots__ = ("agenda", "before_all", "hosts", "now_us", "number", "raw", "seed")

    def __init__(self, seed: int):
        self.seed = seed
        self.now_us = 0
        self.agenda: list[Entry] = []
        self.raw: list[Entry] = []
        self.hosts: dict[NodeId, Host] = {}
        self.number = count(1).__next__
        self.before_all = count(-(2**62)).__next__  # ties that come before all others

    # -------------------------------------------------------------- what is to happen
    def plan(
        self, at_us: int, door: Door, kind: str, node: NodeId, what: Any = None
    ) -> None:
        """Let something happen at a time, after all that is planned for it already."""
        entry = (at_us, self.number(), door, kind, node, "", what, "", 0)
        heappush(self.agenda, entry)

    def plan_first(
        self, at_us: int, door: Door, kind: str, node: NodeId, what: Any = None
    ) -> None:
        """Let something happen at a time before all else: faults and what they wake."""
        entry = (at_us, self.before_all(), door, kind, node, "", what, "", 0)
        heappush(self.agenda, entry)

    def plan_again(self, entry: Entry) -> None:
        """Let what has waited happen now, before all else."""
        heappush(self.agenda, (self.now_us, self.before_all(), *entry[2:]))

    def tell(
        self,
        kind: str,
        node: NodeId,
        what: Any = None,
        why: str = "",
        peer: NodeId = "",
        number: int = 0,
    ) -> None:
        """Note down what happens now."""
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
            raise self.stopped(error, entry) from error
        finally:
            if collecting:
                gc.enable()
        raise self.endless(max_steps, entry)

    def stopped(self, error: Exception, entry: Entry | None) -> DistlabError:
        """The same error, with the seed, the time, the node and the event in front."""
        if isinstance(error, AttributeError) and entry and entry[4] in self.hosts:
            error = undeclared(self.hosts[entry[4]].node, error)
        where = f"seed {self.seed}, {self.now_us / 1000:g} ms"
        if entry is not None:
            where += f", {told(entry)}"
        if isinstance(error, (Violation, AssertionError)):
            what = f"{error}" or "an assertion failed"
            return Violation(f"{where}: {what}", seed=self.seed, trace=self.trace())
        if isinstance(error, DistlabError):
            return type(error)(f"{where}: {error}")
        return DistlabError(f"{where}: {type(error).__name__}: {error}")

    def endless(self, max_steps: int, entry: Entry | None) -> Violation:
        """What to say when the budget of steps is used up."""
        recent = self.raw[-1000:]
        stuck = bool(recent) and recent[0][0] == self.now_us
        what = told(entry) if entry else "nothing"
        hint = (
            "time stands still, so something goes round with a delay of 0 ms"
            if stuck
            else "shorten `until_ms`, or allow more with `max_steps`"
        )
        return Violation(
            f"seed {self.seed}, {self.now_us / 1000:g} ms, {what}: the run does not "
            f"end within {max_steps:,} steps; {hint}.",
            seed=self.seed,
            trace=self.trace(),
        )

    # ---------------------------------------------------------------- what has happened
    def trace(self) -> Trace:
        """The record so far, as steps."""
        return Trace(steps(self.raw), self.hosts, self.seed)


def steps(raw: list[Entry]) -> Iterator[Step]:
    """Entries as steps; one that is met for the first time is being made."""
    newest, sent = 0, 0
    msg_ids: dict[int, int] = {}
    for at_us, tie, door, kind, node, peer, what, since, number in raw:
        if door is None:
            if kind == "send":
                msg_ids[number] = sent = sent + 1
            yield Step(at_us, kind, node, peer, what, since, msg_ids.get(number, 0))
        elif newest < tie == number:
            newest = tie
            if kind == "deliver":
                msg_ids[number] = sent = sent + 1
                yield Step(since, "send", peer, node, what, "", sent)
            else:
                delay = f"{(at_us - since) / 1000:g} ms"
                yield Step(since, "set", node, "", what, delay)
        else:
            yield Step(at_us, kind, node, peer, what, "", msg_ids.get(number, 0))


def told(entry: Entry) -> str:
    """`s1, deliver Ping(3) from s2`."""
    _, _, _, kind, node, peer, what, _, _ = entry
    event = kind if what is None else f"{kind} {what}"
    return f"{node or 'network'}, {event}" + (f" from {peer}" if peer else "")
