"""The course of a history: what is in progress when each of its operations ends.

Every operation in progress has a bit. One that ends leaves it to those after it; an
open one never ends, and keeps its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from distlab.check.frontier import Config, Frontier, Spare
from distlab.check.kinds import Kind, called_at_once, events, in_a_crowd
from distlab.history import Operation


class Pending(NamedTuple):
    """An operation in progress."""

    i: int
    bit: int
    kind: Kind
    first: int  # the bit of what has to happen before; 0: nothing has


class Course:
    """The ends of the operations of one object, in the order of time."""

    def __init__(self, ops: Sequence[Operation], kinds: list[Kind], spare: Spare):
        self.kinds, self.spare = kinds, spare
        self.chained = called_at_once(ops)
        for i in in_a_crowd(ops, self.chained):
            kinds[i] = kinds[i].in_sight()
        self.bits = 0  # how many there are
        self.free_bits: list[int] = []
        self.lookers: dict[int, Pending] = {}
        self.writers: dict[int, Pending] = {}  # that end, or wait for another
        self.open: list[Pending] = []  # writers that never end, and wait for nothing
        self.equal: dict[int, int] = {}  # the last of these, for each kind
        self.earlier = [0] * len(ops)  # the open one of the same kind that goes first
        self.blind = 0  # the bits of writers that can hide
        self.choosy = 0  # the bits of what has to happen and does not fit everywhere
        self.waiting = 0  # the bits of what waits for another
        self.opened = 0  # the bits of open ones that were called since the last end
        self.called: list[Pending] = []  # lookers that may happen since the last end
        self.ends: list[End] = []
        for _, ends, i in events(ops):
            if ends:
                self.end(i)
            else:
                self.call(i)

    def call(self, i: int) -> None:
        """One more is in progress."""
        kind = self.kinds[i]
        first = self.chained.get(i, -1)
        if first >= 0:
            first = (self.lookers.get(first) or self.writers[first]).bit
        one = Pending(i, self.bit_for(kind), kind, max(first, 0))
        if one.first:
            self.waiting |= one.bit
        if kind.open:
            self.opened |= one.bit
            self.spare.take(one.bit, kind)
        elif kind.looks or not kind.blind:
            self.choosy |= one.bit
        if kind.looks:
            self.lookers[i] = one
            self.called.append(one)
        elif one.first:
            self.writers[i] = one
        else:
            self.may_happen(one)

    def bit_for(self, kind: Kind) -> int:
        """A bit that nothing in progress has."""
        if self.free_bits and not kind.open:
            return self.free_bits.pop()
        self.bits += 1
        return 1 << (self.bits - 1)

    def may_happen(self, one: Pending) -> None:
        """Nothing has to happen before this writer."""
        if one.kind.open:
            self.open.append(one)
            self.earlier[one.i] = self.equal.get(id(one.kind), 0)
            self.equal[id(one.kind)] = one.bit
            return
        self.writers[one.i] = one
        if one.kind.blind:
            self.blind |= one.bit

    def end(self, i: int) -> None:
        """One is no longer in progress."""
        pending = self.lookers if i in self.lookers else self.writers
        self.ends.append(End(self, pending[i]))
        bit = pending.pop(i).bit
        self.blind &= ~bit
        self.choosy &= ~bit
        self.free_bits.append(bit)
        self.opened, self.called = 0, []
        if self.waiting:
            self.release(bit)

    def release(self, bit: int) -> None:
        """What its process called in the microsecond of its end may happen now."""
        pending = [*self.lookers.values(), *self.writers.values()]
        for one in [one._replace(first=0) for one in pending if one.first == bit]:
            self.waiting &= ~one.bit
            if one.kind.looks:
                self.lookers[one.i] = one
                self.called.append(one)
            else:
                del self.writers[one.i]
                self.may_happen(one)


class End:
    """The end of one operation, and all that is in progress then."""

    __slots__ = (
        *("ending", "bit", "hides", "leaves", "opened", "called", "lookers", "writers"),
        *("open", "blind", "choosy", "waiting", "seen", "leading"),
    )

    def __init__(self, course: Course, one: Pending):
        self.ending, self.bit = one.i, one.bit
        self.hides = one.bit & course.blind
        # If the one that ends leaves something of a state, it finds all of it.
        self.leaves = 0 if one.kind.hides else one.bit
        self.opened, self.called = course.opened, course.called
        self.lookers = tuple(course.lookers.values())
        self.writers = tuple(course.writers.values())  # but for the open ones,
        self.open = len(course.open)  # of which there are so many
        self.blind, self.choosy = course.blind, course.choosy
        self.waiting = course.waiting
        self.seen = Frontier(course.spare)
        self.leading: dict[tuple[int, int], bool] = {}  # what `Ahead` has found out

    def happened(self, done: int, rest: int) -> int:
        """All that has happened; what may hide might still happen later."""
        return done | rest & ~self.blind

    def over(self, config: Config) -> Config:
        """After this end; the operation has happened before."""
        state, done, rest, path = config
        return Config(state, done & ~self.bit, rest & ~self.bit, path)

    def hidden(self, config: Config) -> Config:
        """After this end; the operation has happened before one that hides it."""
        state, done, rest, path = config
        return Config(state, done, rest & ~self.bit, (path, ~self.ending))
