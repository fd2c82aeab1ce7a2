"""Which part of a trace is drawn: what fits on one page, and what is left out."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from distlab.errors import Misuse, did_you_mean
from distlab.trace import Step, Trace

STEPS_A_MESSAGE = 12  # a page holds this many steps for each message it may hold


@dataclass(frozen=True, slots=True)
class Window:
    """The steps from one time to another, both included, among some nodes."""

    trace: Trace
    nodes: tuple[str, ...]
    from_us: int
    to_us: int
    steps: tuple[tuple[int, Step], ...]  # numbered as in the trace

    @property
    def messages(self) -> int:
        """How many messages were sent in the window."""
        return sum(step.kind == "send" for _, step in self.steps)

    @property
    def left_out(self) -> int:
        """How many steps of the trace are not in the window."""
        return len(self.trace) - len(self.steps)

    def sentence(self) -> str:
        """What is shown of the trace, and what is not."""
        times = f"{self.from_us / 1000:g} to {self.to_us / 1000:g}"
        if not self.left_out:
            if self.messages == 1:
                return f"{times} ms, the only message"
            return f"{times} ms, all {self.messages} messages"
        sent = sum(step.kind == "send" for step in self.trace)
        end = f"{self.trace.end_us / 1000:g} ms"
        return (
            f"{times} ms of {end}, {self.messages} of {sent} messages; "
            f"{self.left_out} of {len(self.trace)} steps are left out"
        )


def window(
    trace: Trace,
    from_ms: float | None,
    to_ms: float | None,
    nodes: Iterable[str] | None,
    max_messages: int,
    marked: Collection[int],
) -> Window:
    """The part asked for, cut where it holds more than `max_messages`.

    Without `from_ms` and `to_ms` it begins at the start of the trace; with marked steps
    that would not be on the page, it ends with the last of them.
    """
    shown = _nodes(trace, nodes)
    steps = [
        (i, step)
        for i, step in enumerate(trace)
        if step.node in ("", *shown) and step.peer in ("", *shown)
    ]
    low = 0 if from_ms is None else round(from_ms * 1000)
    high = trace.end_us if to_ms is None else round(to_ms * 1000)
    if low > high:
        raise Misuse(
            f"a picture from {low / 1000:g} to {high / 1000:g} ms shows nothing: "
            f"give `from_ms` before `to_ms`, within 0 and {trace.end_us / 1000:g} ms."
        )
    times = [trace[i].at_us for i in marked if low <= trace[i].at_us <= high]
    inside = [(i, step) for i, step in steps if low <= step.at_us <= high]
    page = _page(inside, max_messages)
    if from_ms is None and times and page and max(times) > page[-1][1].at_us:
        until = [(i, step) for i, step in inside if step.at_us <= max(times)]
        page = _page(until[::-1], max_messages)[::-1]
        low = page[0][1].at_us
    if len(page) < len(inside) and page:
        high = page[-1][1].at_us
    return Window(trace, shown, low, max(high, low + 1), tuple(page))


def _page(steps: list[tuple[int, Step]], max_messages: int) -> list[tuple[int, Step]]:
    """The first steps that fit on one page; what happens at one time stays together."""
    messages = 0
    for place, (_, step) in enumerate(steps):
        messages += step.kind == "send"
        if messages > max_messages or place >= STEPS_A_MESSAGE * max_messages:
            whole = [pair for pair in steps[:place] if pair[1].at_us != step.at_us]
            return whole or steps[:place]
    return steps


def _nodes(trace: Trace, nodes: Iterable[str] | None) -> tuple[str, ...]:
    """The lanes: those asked for, or all, in the order of the trace."""
    names = (name for step in trace for name in (step.node, step.peer) if name)
    known = tuple(dict.fromkeys((*trace.nodes, *names)))
    if nodes is None:
        return known
    asked = tuple(nodes)
    for node in asked:
        if node not in known:
            hint = did_you_mean(node, known) or f" It has {', '.join(known)}."
            raise Misuse(f"no node of this trace is called {node!r}.{hint}")
    return asked
