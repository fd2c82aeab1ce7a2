"""Causal order: nobody delivers a broadcast before one that happened before it.

Source
    Hadzilacos and Toueg, "A Modular Approach to Fault-Tolerant Broadcasts and Related
    Problems", Cornell TR 94-1425, 1994: integrity and causal order.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from distlab.check.fifo_order import deliveries, twice
from distlab.check.total_order import made_up
from distlab.check.verdict import Verdict
from distlab.events import Call, NodeId
from distlab.replicated import Command, Delivered
from distlab.trace import Step, Trace

PROPERTY = "causal order"


def causal_order(trace: Trace) -> Verdict:
    """Judge what nodes delivered: after all that it may be an answer to.

    m happened before m' if the sender of m' had broadcast or delivered m when it
    broadcast m', or if something between them links them so. Whether all nodes deliver
    everything is not asked here. Takes a bit for each pair of broadcasts.
    """
    delivered = deliveries(trace)
    strength = f"{len(delivered)} deliveries in one run"
    past = Pasts(trace)
    broken = past.broken or twice(delivered) or made_up(trace)
    if broken:
        reason, *evidence = broken
        return Verdict("invalid", PROPERTY, strength, reason, tuple(evidence))
    if not any(past.of.values()):
        reason = "No broadcast happened before another: no order could be wrong."
        return Verdict("unknown", PROPERTY, strength, reason)
    reason = "All was delivered after what had happened before it, once."
    return Verdict("valid", PROPERTY, strength, reason)


class Pasts:
    """What happened before each broadcast, and the first delivery that comes too early.

    Sets of broadcasts are whole numbers: bit i stands for the i-th of the trace.
    """

    def __init__(self, trace: Trace):
        self.calls: list[Step] = []  # of each broadcast
        self.places: dict[Command, int] = {}  # which bit stands for it
        self.of: dict[Command, int] = {}  # the broadcasts that happened before it
        self.made: Counter[NodeId] = Counter()  # how many broadcasts of each node
        self.known: defaultdict[NodeId, int] = defaultdict(int)  # with their pasts
        self.delivered: defaultdict[NodeId, int] = defaultdict(int)
        self.broken: tuple[str, Step, Step] | None = None
        for step in trace.where("call", "output"):
            if step.kind == "call" and step.what.name == "broadcast":
                self.broadcast(step)
            elif type(step.what) is Delivered and step.what.command in self.places:
                self.deliver(step)

    def broadcast(self, step: Step) -> None:
        """All that its sender knows of happened before it."""
        self.made[step.node] += 1
        command = Command(step.node, self.made[step.node], step.what)
        self.places[command] = len(self.calls)
        self.of[command] = self.known[step.node]
        self.known[step.node] |= 1 << len(self.calls)
        self.calls.append(step)

    def deliver(self, step: Step) -> None:
        """From now on its node knows of it and of all before it."""
        command = step.what.command
        missing = self.of[command] & ~self.delivered[step.node]
        if missing and not self.broken:
            first = self.calls[(missing & -missing).bit_length() - 1]
            reason = (
                f"{step.node} delivered {command} at {step.at_ms:g} ms and not yet "
                f"{told(first)}, which happened before it."
            )
            self.broken = reason, first, step
        itself = 1 << self.places[command]
        self.delivered[step.node] |= itself
        self.known[step.node] |= self.of[command] | itself


def told(call: Step) -> str:
    """`broadcast('hello') of s1 at 3 ms`."""
    what: Call = call.what
    return f"{what} of {call.node} at {call.at_ms:g} ms"
