"""Total order broadcast: every replica delivers the same commands in the same order.

Source
    Chandra and Toueg, "Unreliable Failure Detectors for Reliable Distributed Systems",
    JACM 43(2), 1996, section 9.1 (agreement, integrity, total order); Hadzilacos and
    Toueg, "A Modular Approach to Fault-Tolerant Broadcasts and Related Problems", 1994.
"""

from __future__ import annotations

from distlab.check.verdict import Verdict
from distlab.events import Call, NodeId
from distlab.replicated import Command, Delivered, Restored
from distlab.trace import Step, Trace

PROPERTY = "total order"


def total_order(trace: Trace) -> Verdict:
    """Judge what nodes delivered: one command a place, none left out, none made up.

    A node that recovers may deliver again what it had delivered, for a service lives in
    memory. Whether all nodes deliver everything depends on when they are looked at, and
    is not asked here.
    """
    delivered = trace.where("output", test=lambda step: type(step.what) is Delivered)
    strength = f"{len(delivered)} deliveries in one run"
    broken = two_at_one_place(delivered) or left_out(trace) or made_up(trace)
    if broken:
        reason, *evidence = broken
        return Verdict("invalid", PROPERTY, strength, reason, tuple(evidence))
    if not delivered:
        return Verdict("unknown", PROPERTY, strength, "Nobody has delivered anything.")
    reason = "All that was delivered at one place is the same, and was asked for."
    return Verdict("valid", PROPERTY, strength, reason)


def two_at_one_place(delivered: Trace) -> tuple[str, Step, Step] | None:
    """Two commands at one place of the order."""
    first: dict[int, Step] = {}
    for step in delivered:
        known = first.setdefault(step.what.index, step)
        if known.what.command != step.what.command:
            reason = (
                f"{known.node} delivered {known.what} at {known.at_ms:g} ms, and "
                f"{step.node} delivered {step.what} at {step.at_ms:g} ms."
            )
            return reason, known, step
    return None


def left_out(trace: Trace) -> tuple[str, Step] | None:
    """A place that a node has passed over, and no snapshot told it what stood there."""
    reached: dict[NodeId, int] = {}
    for step in trace.where("output"):
        before = reached.get(step.node, 0)
        if type(step.what) is Delivered and step.what.index > before + 1:
            reason = (
                f"{step.node} delivered {step.what} at {step.at_ms:g} ms, and had come "
                f"no further than {before} before."
            )
            return reason, step
        if type(step.what) in (Delivered, Restored):
            reached[step.node] = max(step.what.index, before)
    return None


def made_up(trace: Trace) -> tuple[str, Step] | None:
    """A command that no client has called, or not yet."""
    called: set[tuple[NodeId, Call]] = set()
    for step in trace.where("call", "output"):
        if step.kind == "call":
            called.add((step.node, step.what))
        elif type(step.what) is Delivered and isinstance(step.what.command, Command):
            command = step.what.command
            if (command.client, command.call) not in called:
                reason = f"{step.node} delivered {step.what}, which nobody had called."
                return reason, step
    return None
