"""FIFO order: what one node broadcasts is delivered everywhere in that order.

Source
    Hadzilacos and Toueg, "A Modular Approach to Fault-Tolerant Broadcasts and Related
    Problems", Cornell TR 94-1425, 1994: integrity and FIFO order.
"""

from __future__ import annotations

from distlab.check.total_order import made_up
from distlab.check.verdict import Verdict
from distlab.events import NodeId
from distlab.replicated import Command, Delivered
from distlab.trace import Step, Trace

PROPERTY = "FIFO order"


def fifo_order(trace: Trace) -> Verdict:
    """Judge what nodes delivered: of each sender in its order, once, and nothing else.

    Whether all nodes deliver everything depends on when they are looked at, and is not
    asked here. Takes time in proportion to the trace.
    """
    delivered = deliveries(trace)
    strength = f"{len(delivered)} deliveries in one run"
    broken = out_of_turn(delivered) or twice(delivered) or made_up(trace)
    if broken:
        reason, *evidence = broken
        return Verdict("invalid", PROPERTY, strength, reason, tuple(evidence))
    if not any(step.what.command.number > 1 for step in delivered):
        reason = "Nobody's second broadcast was delivered: no order could be wrong."
        return Verdict("unknown", PROPERTY, strength, reason)
    reason = "Of each sender all was delivered in its order, once, and was broadcast."
    return Verdict("valid", PROPERTY, strength, reason)


def deliveries(trace: Trace) -> Trace:
    """What nodes delivered, without the places that stand for nothing."""
    return trace.where(
        "output",
        test=lambda step: type(step.what) is Delivered and bool(step.what.command),
    )


def out_of_turn(delivered: Trace) -> tuple[str, Step] | None:
    """A broadcast that was delivered before an earlier one of the same sender."""
    reached: dict[tuple[NodeId, NodeId], int] = {}
    for step in delivered:
        sender, number = step.what.command.client, step.what.command.number
        before = reached.get((step.node, sender), 0)
        if number > before + 1:
            reason = (
                f"{step.node} delivered {step.what.command} at {step.at_ms:g} ms, and "
                f"had delivered {before or 'nothing'} of {sender} before."
            )
            return reason, step
        reached[step.node, sender] = max(before, number)
    return None


def twice(delivered: Trace) -> tuple[str, Step, Step] | None:
    """A broadcast that one node has delivered two times."""
    first: dict[tuple[NodeId, Command], Step] = {}
    for step in delivered:
        known = first.setdefault((step.node, step.what.command), step)
        if known is not step:
            reason = (
                f"{step.node} delivered {step.what.command} at {known.at_ms:g} ms and "
                f"again at {step.at_ms:g} ms."
            )
            return reason, known, step
    return None
