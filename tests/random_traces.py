"""Traces of nodes that do anything, and a slow twin that tells what is before what."""

from __future__ import annotations

import random
from collections.abc import Iterable

from distlab.trace import Step, Trace

Choice = tuple[int, int, int]  # a node, what it does, and a number to choose by
KINDS = (
    "note",
    "send",
    "send",
    "deliver",
    "deliver",
    "again",
    "drop",
    "crash",
    "fault",
)


def trace_of(choices: Iterable[Choice], nodes: int, far: int | None = None) -> Trace:
    """What these nodes do, one thing after the other, each as far as it can.

    Messages go no further than `far` nodes along the ring. A message may arrive twice,
    late or never.
    """
    steps: list[Step] = []
    under_way: list[tuple[int, str, str]] = []
    arrived: list[tuple[int, str, str]] = []
    for at_us, (who, kind, pick) in enumerate(choices):
        node, what = f"n{who % nodes}", KINDS[kind % len(KINDS)]
        if what == "send":
            other = f"n{(who + 1 + pick % min(far or nodes, nodes)) % nodes}"
            under_way.append((len(steps) + 1, node, other))
            steps.append(Step(at_us, "send", node, other, msg_id=len(steps) + 1))
        elif what in ("deliver", "drop") and under_way:
            msg_id, src, dst = message = under_way.pop(pick % len(under_way))
            arrived.append(message)
            steps.append(Step(at_us, what, dst, src, msg_id=msg_id))
        elif what == "again" and arrived:
            msg_id, src, dst = arrived[pick % len(arrived)]
            steps.append(Step(at_us, "deliver", dst, src, msg_id=msg_id))
        elif what == "fault":
            steps.append(Step(at_us, "fault", "", what="of the network"))
        else:
            steps.append(Step(at_us, "crash" if what == "crash" else "note", node))
    return Trace(steps, [f"n{i}" for i in range(nodes)])


def random_trace(
    seed: int, nodes: int, length: int = 10_000, far: int | None = None
) -> Trace:
    """A long one."""
    draw = random.Random(f"trace {seed}")
    choices = (
        (draw.randrange(nodes), draw.randrange(len(KINDS)), draw.randrange(1 << 30))
        for _ in range(length)
    )
    return trace_of(choices, nodes, far)


def pasts(trace: Trace) -> list[int]:
    """For each step, what happened before it: a number with a bit for each step.

    By the definition of →: what is before on the same line, the sending of what
    arrives, and whatever is before these.
    """
    found: list[int] = []
    last: dict[str, int] = {}
    sent: dict[int, int] = {}
    for i, step in enumerate(trace):
        before = []
        if step.kind == "send":
            sent[step.msg_id] = i
        elif step.msg_id in sent:
            before.append(sent[step.msg_id])
        if step.kind != "drop" and step.node:
            before += [last[step.node]] if step.node in last else []
            last[step.node] = i
        found.append(0)
        for j in before:
            found[i] |= found[j] | 1 << j
    return found
