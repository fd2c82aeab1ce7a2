"""The search for an order that explains a history: all configurations, event by event.

A configuration is what may be the case at one moment: the state, and which of the
operations in progress have happened. The calls and ends of a history are gone through
in the order of time, with all configurations that are possible so far. When an
operation ends, those in which it has not happened go on until it has; if none can, no
order explains the history, and what was passed so far is the longest good prefix.

Source
    Wing and Gong, "Testing and Verifying Concurrent Objects", J. Parallel Distrib.
    Comput. 17, 1993; Lowe, "Testing for Linearizability", CCPE 29(4), 2017: sections 3
    and 5, just-in-time linearization.

Costs
    The configurations of one moment: with k operations in progress, up to 2^k for each
    state. Nothing is known that is always fast: the problem is NP-complete (Gibbons and
    Korach). Five things keep them few, none of which the papers have:

    * What only looks happens as soon as it fits. It changes nothing, so it can be in
      nobody's way, and no order needs it later.
    * Of open operations that are the same, the one called first happens first: none of
      them ever ends, so they cannot be told apart.
    * A write of which nobody is told anything can hide: it may have happened directly
      before one that left nothing of it. So what may hide need not be tried.
    * What is open or may hide happens only where something comes of it
      (`check.ahead`).
    * A configuration goes if another can do all that it can (`check.frontier`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from distlab.check.ahead import Ahead
from distlab.check.frontier import Config, Frontier, Spare
from distlab.check.kinds import (
    NEVER,
    NO_STATE,
    Kind,
    called_at_once,
    events,
    in_a_crowd,
    kinds_of,
)
from distlab.check.limits import Meter
from distlab.errors import Misuse
from distlab.history import Operation
from distlab.machine import Machine

MANY = 20  # states, if all of them have to be known


class Found(NamedTuple):
    """What a search has found out."""

    explained: bool | None  # None: a limit was reached before
    order: tuple[Operation, ...] = ()  # explains all, or all that had ended until then
    stuck: Operation | None = None  # has not happened in any way when it ends


class OutOfSteps(Exception):
    """A limit is reached."""


class Search:
    """One search through the operations of one object, in the order of their calls.

    `keyed`: the first argument of each is the object, and no argument of the command.
    """

    def __init__(
        self, ops: Sequence[Operation], machine: Machine, meter: Meter, keyed: bool
    ):
        self.ops, self.meter = ops, meter
        self.kinds = kinds_of(ops, machine, keyed)
        self.numbers: dict[Any, int] = {machine.initial: 0}
        self.states = [machine.initial]
        self.chained = called_at_once(ops)
        for i in in_a_crowd(ops, self.chained):
            self.kinds[i] = self.kinds[i].in_sight()
        self.first: dict[int, int] = {}  # the bit of what has to happen before
        self.bits = [0] * len(ops)  # of those in progress; an open one keeps its own
        self.free_bits: list[int] = []
        self.lookers: dict[int, int] = {}  # in progress, and their bits
        self.writers: dict[int, int] = {}
        self.blind = 0  # the bits of writers that can hide
        self.choosy = 0  # the bits of what has to happen and does not fit everywhere
        self.equal: dict[int, int] = {}  # the last open operation of each kind
        self.earlier = [0] * len(ops)  # the open one of the same kind that goes first
        self.few: bool | None = None  # states; None: nobody has asked
        self.spare = Spare(self.all_states)
        self.front = Frontier(self.spare)
        self.front.add(Config(0, 0, 0, None), 0)

    def run(self) -> Found:
        """Go through all calls and ends."""
        try:
            for _, ends, i in events(self.ops):
                if not ends:
                    self.call(i)
                elif not self.end(i):
                    return Found(False, self.order(), self.ops[i])
        except OutOfSteps:
            return Found(None)
        return Found(True, self.order())

    def order(self) -> tuple[Operation, ...]:
        """The operations in one order that is possible so far."""
        path = next(iter(self.front)).path
        found: list[int] = []
        hidden: list[int] = []
        while path:
            path, i = path
            if i < 0:
                hidden.append(~i)
                continue
            found.append(i)
            if self.kinds[i].hides:
                found += hidden
                hidden = []
        return tuple(self.ops[i] for i in reversed(found))

    # ------------------------------------------------------------------ calls and ends
    def call(self, i: int) -> None:
        """One more is in progress."""
        kind = self.kinds[i]
        bit = self.free_bits.pop() if self.free_bits else 1 << self.used()
        self.bits[i] = bit
        (self.lookers if kind.looks else self.writers)[i] = bit
        if kind.open:
            self.spare.kinds[bit] = kind
            self.spare.open |= bit
            for group in self.front.groups.values():
                group[:] = [c._replace(rest=c.rest | bit) for c in group]
        elif not kind.blind:
            self.choosy |= bit
        if i in self.chained:
            self.first[i] = self.bits[self.chained[i]]
        if kind.looks:
            self.look(i)
        elif i not in self.first:
            self.may_happen(i)

    def used(self) -> int:
        """How many bits are taken, when none is free."""
        return len(self.lookers) + len(self.writers)

    def may_happen(self, i: int) -> None:
        """Nothing has to happen before this writer any more."""
        kind, bit = self.kinds[i], self.bits[i]
        if kind.blind:
            self.blind |= bit
        if kind.open:
            self.earlier[i] = self.equal.get(id(kind), 0)
            self.equal[id(kind)] = bit
            self.spare.usable |= bit

    def look(self, i: int) -> None:
        """It happens wherever it may and fits."""
        bit, kind, first = self.bits[i], self.kinds[i], self.first.get(i, 0)
        for (state, _), group in self.front.groups.items():
            if self.after(kind, state) == NO_STATE:
                continue
            for n, (_, done, rest, path) in enumerate(group):
                if not (rest & bit or first & ~self.happened(done, rest)):
                    group[n] = Config(state, done, rest | bit, (path, i))

    def happened(self, done: int, rest: int) -> int:
        """All that has happened; what may hide might still happen later."""
        return done | rest & ~self.blind

    def end(self, i: int) -> bool:
        """One has ended: whether it can have happened."""
        bit, after, todo = self.bits[i], Frontier(self.spare), []
        blind = bit & self.blind
        for config in self.front:
            state, done, rest, path = config
            if done & bit or (rest & bit and not blind):
                over = Config(state, done & ~bit, rest & ~bit, path)
                after.add(over, self.blind)
                continue
            if rest & bit:  # it hides, or happens now
                after.add(Config(state, done, rest & ~bit, (path, ~i)), self.blind)
            todo.append(config)
        if todo:
            self.go_on(todo, i, after)
        if not after:
            return False
        self.front = after
        self.blind &= ~bit
        self.choosy &= ~bit
        self.free_bits.append(bit)
        (self.lookers if i in self.lookers else self.writers).pop(i)
        self.release(i)
        return True

    def release(self, i: int) -> None:
        """What its process called in the microsecond of its end may happen now."""
        bit = self.bits[i]
        for later in [later for later, first in self.first.items() if first == bit]:
            del self.first[later]
            if later in self.lookers:
                self.look(later)
            else:
                self.may_happen(later)

    # ------------------------------------------------------ what happens before an end
    def go_on(self, todo: list[Config], ending: int, after: Frontier) -> None:
        """Let writers happen, in every order, until the one that ends has."""
        seen, bit = Frontier(self.spare), self.bits[ending]
        blind = bit & self.blind
        ahead = Ahead(self, ending)
        ways = [(config, False) for config in todo]
        for config, idle in ways:
            for i, to in self.next_writers(config, idle, ahead):
                if not self.meter.step():
                    raise OutOfSteps
                then = self.written(i, to, config)
                _, done, rest, path = then
                if done & bit or (rest & bit and not blind):
                    over = Config(to, done & ~bit, rest & ~bit, path)
                    after.add(over, self.blind)
                    continue
                if rest & bit:
                    hidden = Config(to, done, rest & ~bit, (path, ~ending))
                    after.add(hidden, self.blind)
                if seen.add(then, self.blind):
                    ways.append((then, self.idle(i, then)))

    def next_writers(
        self, config: Config, idle: bool, ahead: Ahead
    ) -> Iterator[tuple[int, int]]:
        """The writers that may happen now, and the states after them.

        To write over what is idle is of no use: it might as well not have happened.
        """
        state, done, rest, _ = config
        wanted = ahead.choosy & ~(done | rest) | ahead.leaves & ~done
        first, earlier = self.first, self.earlier
        for i, bit, kind in ahead.writers:
            if kind.free and not (wanted or first) and i != ahead.ending:
                continue
            if rest & earlier[i] or not rest & bit if kind.open else done & bit:
                continue
            if i in first:
                if first[i] & ~self.happened(done, rest):
                    continue
            elif idle and kind.hides:
                continue
            to = kind.after.get(state)
            if to is None:
                to = self.after(kind, state)
            if to == NO_STATE or (kind.open and to == state):
                continue
            if i == ahead.ending or not kind.free or ahead.leads(to, wanted):
                yield i, to

    def written(self, i: int, state: int, config: Config) -> Config:
        """After a writer, and after everything has looked that may and fits."""
        kind, bit = self.kinds[i], self.bits[i]
        done, rest, path = config.done, config.rest & ~bit, (config.path, i)
        if not kind.open:
            done |= bit
        if kind.hides:
            rest |= self.blind & ~done
        for looker, its in self.lookers.items():
            if rest & its or self.after(self.kinds[looker], state) == NO_STATE:
                continue
            if not self.first.get(looker, 0) & ~self.happened(done, rest):
                rest, path = rest | its, (path, looker)
        return Config(state, done, rest, path)

    def idle(self, i: int, then: Config) -> bool:
        """Whether nothing would be lost if what has just happened were written over."""
        looked = then.path is None or then.path[1] != i
        return self.kinds[i].free and not looked

    def after(self, kind: Kind, state: int) -> int:
        """The number of the state after an operation of this kind."""
        found = kind.after.get(state)
        if found is None:
            after = kind.applied(self.states[state])
            found = NO_STATE if after is NEVER else self.number(after)
            kind.after[state] = found
        return found

    def all_states(self) -> bool:
        """Whether all states are known that can ever be, since they are few."""
        if self.few is None:
            writers = [kind for kind in dict.fromkeys(self.kinds) if not kind.looks]
            try:
                for state, _ in enumerate(self.states):
                    for kind in writers if state < MANY else ():
                        self.after(kind, state)
            except Misuse:  # what no order would have led to
                self.few = False
            else:
                self.few = len(self.states) <= MANY
        return self.few

    def number(self, state: Any) -> int:
        """States are compared once, and known by number from then on."""
        found = self.numbers.setdefault(state, len(self.states))
        if found == len(self.states):
            self.states.append(state)
        return found
