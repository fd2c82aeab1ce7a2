"""The search for an order that explains a history: from configuration to configuration.

A configuration is what may be the case at one moment: the state, and which of the
operations in progress have happened. From one, the calls and ends of a history are gone
through in the order of time. Where an operation ends that has not happened, each way
leads on in which it has, tried one after the other. If one of them comes to the end of
the history it is an order that explains all of it; if none does there is no order, and
the way that came farthest is the longest good prefix.

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
    * Nothing is tried from a configuration if another that was met at the same moment
      can do all that it can (`check.frontier`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from distlab.check.ahead import Ahead
from distlab.check.course import Course, End, Pending
from distlab.check.frontier import Config, Path, Spare
from distlab.check.kinds import NO_STATE, States, kinds_of
from distlab.check.limits import LOOK_EVERY, Meter
from distlab.history import Operation
from distlab.machine import Machine

AT_FIRST = Config(0, 0, 0, None)


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
        states, kinds = States(machine.initial), [*dict.fromkeys(self.kinds)]
        for kind in kinds:
            kind.numbered(states)
        spare = Spare(states, [kind for kind in kinds if not kind.looks])
        self.course = Course(ops, self.kinds, spare)
        self.ends = self.course.ends
        self.farthest = -1  # of the ends that some way has come to
        self.path: Path = None  # what has happened on that way

    def run(self) -> Found:
        """Go from one configuration to the next, and back where none goes on."""
        ways = [iter([(0, AT_FIRST)])]
        try:
            while ways:
                way = next(ways[-1], None)
                if way is None:
                    ways.pop()
                    continue
                at, config = self.passed(*way)
                if at == len(self.ends):
                    return Found(True, self.order(config.path))
                self.came_to(at, config)
                ways.append(self.ways_past(at, config))
        except OutOfSteps:
            return Found(None)
        stuck = self.ops[self.ends[self.farthest].ending]
        return Found(False, self.order(self.path), stuck)

    def came_to(self, at: int, config: Config) -> None:
        """Remember the way that came farthest."""
        if at > self.farthest:
            self.farthest, self.path = at, config.path

    def order(self, path: Path) -> tuple[Operation, ...]:
        """The operations in the order in which they have happened."""
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

    def passed(self, at: int, config: Config) -> tuple[int, Config]:
        """On to the first end of an operation that has not happened, or to the last."""
        state, done, rest, path = config
        while at < len(self.ends):
            end = self.ends[at]
            rest |= end.opened
            for i, bit, kind, first in end.called:  # it happens if it may and fits
                if rest & bit or kind.after[state] == NO_STATE:
                    continue
                if not first & ~end.happened(done, rest):
                    rest, path = rest | bit, (path, i)
            if not (done & end.bit or (rest & end.bit and not end.hides)):
                return at, Config(state, done, rest, path)
            at, done, rest = at + 1, done & ~end.bit, rest & ~end.bit
            if not at % LOOK_EVERY and not self.meter.look():
                raise OutOfSteps
        return at, Config(state, done, rest, path)

    # ------------------------------------------------------ what happens before an end
    def ways_past(self, at: int, config: Config) -> Iterator[tuple[int, Config]]:
        """Let writers happen, in every order, until the one that ends has."""
        end = self.ends[at]
        if not end.seen.add(config, end.blind):
            return
        if config.rest & end.bit:  # it hides, or happens now
            yield at + 1, end.hidden(config)
        ahead = Ahead(self.course, end)
        todo = [(config, False)]
        for before, idle in todo:
            for one, to in self.next_writers(before, idle, end, ahead):
                if not self.meter.step():
                    raise OutOfSteps
                then = written(one, to, before, end)
                if then.done & end.bit or (then.rest & end.bit and not end.hides):
                    yield at + 1, end.over(then)
                    continue
                if then.rest & end.bit:
                    yield at + 1, end.hidden(then)
                if end.seen.add(then, end.blind):
                    todo.append((then, is_idle(one, then)))

    def next_writers(
        self, config: Config, idle: bool, end: End, ahead: Ahead
    ) -> Iterator[tuple[Pending, int]]:
        """The writers that may happen now, and the states after them.

        To write over what is idle is of no use: it might as well not have happened.
        """
        state, done, rest, _ = config
        wanted = ahead.choosy & ~(done | rest) | ahead.leaves & ~done
        earlier = self.course.earlier
        for one in ahead.writers:
            i, bit, kind, first = one
            if kind.free and not (wanted or end.waiting) and i != end.ending:
                continue
            if rest & earlier[i] or not rest & bit if kind.open else done & bit:
                continue
            if first:
                if first & ~end.happened(done, rest):
                    continue
            elif idle and kind.hides:
                continue
            to = kind.after[state]
            if to == NO_STATE or (kind.open and to == state):
                continue
            if i == end.ending or not kind.free or ahead.leads(to, wanted):
                yield one, to


def written(one: Pending, state: int, config: Config, end: End) -> Config:
    """After a writer, and after everything has looked that may and fits."""
    i, bit, kind, _ = one
    done, rest, path = config.done, config.rest & ~bit, (config.path, i)
    if not kind.open:
        done |= bit
    if kind.hides:
        rest |= end.blind & ~done
    for looker, its, looks, first in end.lookers:
        if rest & its or looks.after[state] == NO_STATE:
            continue
        if not first & ~end.happened(done, rest):
            rest, path = rest | its, (path, looker)
    return Config(state, done, rest, path)


def is_idle(one: Pending, then: Config) -> bool:
    """Whether nothing would be lost if what has just happened were written over."""
    looked = then.path is None or then.path[1] != one.i
    return one.kind.free and not looked
