"""The timers of one node: drawn from their range, run by its own oscillator."""

from __future__ import annotations

from distlab.node import Timer
from distlab.sim.clock import Clock
from distlab.sim.delays import us
from distlab.sim.engine import Door, Engine, Entry
from distlab.sim.replay import Tape


class Timers:
    """What is set, and when it runs out. An equal timer is restarted."""

    __slots__ = ("armed", "clock", "door", "engine", "numbers", "tape")

    def __init__(self, engine: Engine, clock: Clock, door: Door, tape: Tape):
        self.engine, self.clock, self.door, self.tape = engine, clock, door, tape
        self.numbers: dict[Timer, int] = {}  # of each timer that is set
        self.armed: set[int] = set()  # the same numbers: what else comes was cancelled

    def set(self, timer: Timer, low_ms: float, high_ms: float) -> None:
        """Draw a delay and plan the timer, in the place of an equal one."""
        engine, delay_us = self.engine, us(low_ms)
        if high_ms != low_ms:
            delay_us = self.tape.between(delay_us, us(high_ms))
        self.armed.discard(self.numbers.get(timer, 0))
        tie, now_us = engine.number(), engine.now_us
        at_us = now_us + self.clock.true_us(delay_us)
        entry = (at_us, tie, self.door, "", timer, now_us)
        self.numbers[timer] = tie
        self.armed.add(tie)
        engine.raw.append(entry)
        engine.put(entry)

    def cancel(self, timer: Timer) -> None:
        """Forget a timer; its entry stays on the agenda and finds itself forgotten."""
        if timer in self.numbers:
            self.armed.discard(self.numbers.pop(timer))
            self.engine.tell("cancel", self.door.node, timer)

    def runs_out(self, entry: Entry) -> bool:
        """Whether this timer fires now: not if it was cancelled or set again."""
        if entry[1] not in self.armed:
            return False
        self.armed.discard(entry[1])
        del self.numbers[entry[4]]
        self.engine.raw.append(entry)
        return True

    def clear(self) -> None:
        """Forget them all."""
        self.numbers.clear()
        self.armed.clear()
