"""The space-time diagram of Lamport's paper, as a trace and with stamps of any clock.

    at, causality = FIGURE_1.number, FIGURE_1.trace.causality
    causality.concurrent(at("p3"), at("q3"))
    FIGURE_1.stamps(LamportClock)["r4"]

Source
    Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System", CACM
    21(7), 1978: Figure 1, p. 559; with ticks in Figure 2, p. 560, and pulled straight
    in Figure 3, p. 561.
Guarantees
    The processes, events and messages of the figure, in an order in which it may be
    read from below.
Assumes
    A clock whose nodes `act` and `tell`, and output what has happened and when. No
    event sends that receives.
Costs
    A step of the trace for each event, and one for each end of a message.
Departs
    Events are drawn at equal distances: the figure's heights mean nothing but order.
    Ticks are not there: which ones are between two events is up to the clock.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.node import Call, Deliver, Message, Node, Output, Send
from distlab.trace import Step, Trace


class News(Message):
    """What one event sends and another receives."""

    begin: str
    end: str

    def __str__(self) -> str:
        return f"{self.begin} → {self.end}"


class Figure(NamedTuple):
    """Events by name, "p1" being the first of process P; and messages between them."""

    events: tuple[str, ...]  # from below
    messages: tuple[tuple[str, str], ...]

    @property
    def processes(self) -> tuple[str, ...]:
        """Their names, from left to right."""
        return tuple(sorted({process(event) for event in self.events}))

    def sends(self, event: str) -> list[str]:
        """The events at which its messages arrive."""
        return [end for begin, end in self.messages if begin == event]

    def receives(self, event: str) -> str | None:
        """The event that sent what arrives at this one."""
        return next((begin for begin, end in self.messages if end == event), None)

    @property
    def trace(self) -> Trace:
        """The figure as a run: a millisecond from each event to the next."""
        steps: list[Step] = []
        for i, event in enumerate(self.events):
            at_us, begin = i * 1000, self.receives(event)
            if begin:
                steps.append(self._end("deliver", at_us, (begin, event)))
            steps.append(Step(at_us, "note", process(event), what=event))
            sends = ((event, end) for end in self.sends(event))
            steps += [self._end("send", at_us, message) for message in sends]
        return Trace(steps, self.processes)

    def _end(self, kind: str, at_us: int, message: tuple[str, str]) -> Step:
        """One end of a message: where it is sent, or where it arrives."""
        here, peer = map(process, message if kind == "send" else message[::-1])
        number = 1 + self.messages.index(message)
        return Step(at_us, kind, here, peer, News(*message), "", number)

    def number(self, event: str) -> int:
        """Where an event stands in the trace. Raises `Misuse` for none."""
        found = (i for i, step in enumerate(self.trace) if step.what == event)
        number = next(found, None)
        if number is None:
            raise Misuse(f"no event {event!r}: there are {', '.join(self.events)}.")
        return number

    def stamps(self, clock: type[Node]) -> dict[str, Any]:
        """When each event happened, by the clocks of such processes."""
        nodes = {name: clock(name, self.processes) for name in self.processes}
        sent: dict[tuple[str, str], Any] = {}  # by its event and where it goes
        stamps = {}
        for i, event in enumerate(self.events):
            begin, ends = self.receives(event), self.sends(event)
            call: Call | Deliver = Call("act", (event,))
            if begin:
                call = Deliver(process(begin), sent[begin, process(event)])
            elif ends:
                call = Call("tell", (event, tuple(map(process, ends))))
            for effect in nodes[process(event)].step(call, now_ms=i):
                if isinstance(effect, Output):
                    stamps[event] = effect.value.ts
                elif isinstance(effect, Send):
                    sent[event, effect.dst] = effect.msg
        return stamps


def process(event: str) -> str:
    """Whose event it is."""
    return event[0].upper()


FIGURE_1 = Figure(  # Fig. 1
    tuple("p1 q1 r1 q2 p2 q3 r2 q4 p3 q5 r3 q6 p4 q7 r4".split()),
    (
        ("p1", "q2"),
        ("q1", "p2"),
        ("q1", "r4"),
        ("q4", "r3"),
        ("q5", "p4"),
        ("r2", "q7"),
    ),
)
