"""TrueTime: a clock that says how far off it may be, and waits until a moment is past.

Source
    Corbett et al., "Spanner: Google's Globally-Distributed Database", OSDI 2012,
    section 3, its Table 1, and section 4.2.1: the wait.
Guarantees
    The true time is in what `tt_now` gives. What is sent by `send_when_past` leaves
    when the moment is past for everybody, wherever they are.
Assumes
    No clock is off by more than `epsilon_ms`. By how much it is, nobody has to know.
Costs
    Who waits for the end of what `tt_now` gives waits for 2 ε. No messages.
Departs
    ε is a constant: Google's grows from 1 to 7 ms between two polls. How clocks are
    kept that close is another matter (`ntp`). Times are whole microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from distlab.node import (
    Assumes,
    Call,
    Message,
    Node,
    NodeId,
    Timer,
    Value,
    setting,
    volatile,
)


class TTInterval(Value):
    """The time is somewhere in here, both ends included."""

    earliest_us: int
    latest_us: int


class Past(Timer):
    """This moment ought to be past."""

    at_us: int


class TrueTime(Node):
    """A node whose clock knows how far off it may be."""

    assumes = Assumes(clock="bounded skew")

    epsilon_ms: float = setting(7)  # paper: ε

    waiting: dict[int, tuple[tuple[NodeId, Message], ...]] = volatile({})  # by moment

    def tt_now(self) -> TTInterval:  # Table 1, TT.now
        shown_us, epsilon_us = round(self.now_ms * 1000), round(self.epsilon_ms * 1000)
        return TTInterval(shown_us - epsilon_us, shown_us + epsilon_us)

    def tt_after(self, at_us: int) -> bool:  # Table 1, TT.after
        """Whether this moment is past for certain."""
        return self.tt_now().earliest_us > at_us

    def tt_before(self, at_us: int) -> bool:  # Table 1, TT.before
        """Whether this moment has not come yet for certain."""
        return self.tt_now().latest_us < at_us

    def read_clock(self):
        self.ok(self.tt_now())

    def send_when_past(self, at_us: int, dst: NodeId, msg: Message):  # Commit Wait
        if self.tt_after(at_us):
            return self.send(dst, msg)
        self.waiting[at_us] = (*self.waiting.get(at_us, ()), (dst, msg))
        self.wait(at_us)

    def wait(self, at_us: int):
        left_us = at_us - self.tt_now().earliest_us + 1
        self.set_timer(Past(at_us), left_us / 1000)

    def on_past(self, timer: Past):
        if not self.tt_after(timer.at_us):
            return self.wait(timer.at_us)  # the clock has been set back meanwhile
        for dst, msg in self.waiting.pop(timer.at_us, ()):
            self.send(dst, msg)

    @staticmethod
    def workload(node: NodeId, choose: Callable) -> Iterator[Call]:
        """What a node does when a run says nothing else."""
        yield Call("read_clock")
