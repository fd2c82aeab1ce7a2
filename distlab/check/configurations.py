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
    Korach). Three things keep them few:

    * What only looks happens as soon as it fits. It changes nothing, so it can be in
      nobody's way, and no order needs it later.
    * Of open operations that are the same, the one called first happens first: none of
      them ever ends, so they cannot be told apart.
    * A write of which nobody is told anything can hide: it may have happened directly
      before one that left nothing of it. So what may hide need not be tried.
    * Of two configurations with the same state and the same writers done, one that has
      looked more, has used fewer open operations and lets more writers hide can do all
      that the other can. To have *done* more writers is no such gain: one that is still
      to come can be needed later, when the state is another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

from distlab.check.limits import Meter
from distlab.errors import Misuse
from distlab.history import Operation
from distlab.machine import Machine, Step

ANY = object()  # in the place of a result that nobody was told
NEVER = object()  # in the place of a state: it cannot have gone like this
NO_STATE = -1  # the number of that
Path = tuple[Any, int] | None  # the way to a configuration: what happened last
FAR = 50  # states: to look farther ahead costs more than it saves
Idle = Literal["", "open", "blind"]  # nothing has come of the last: an open one?
Way = tuple[int, int, Path]  # writers done; the rest that is good to have; the way
Front = dict[tuple[int, int], list[Way]]


class Found(NamedTuple):
    """What a search has found out."""

    explained: bool | None  # None: a limit was reached before
    order: tuple[Operation, ...] = ()  # explains all, or all that had ended until then
    stuck: Operation | None = None  # has not happened in any way when it ends


class OutOfSteps(Exception):
    """A limit is reached."""


class Kind:
    """Equal calls with equal results: what they make of each state."""

    def __init__(self, machine: Machine, op: Operation, args: tuple[Any, ...]):
        self.machine, self.op, self.args = machine, op, args
        self.command = getattr(machine, op.f)
        unsaid = op.outcome != "ok" or not machine.tells(op.f, op.result)
        self.told = ANY if unsaid else op.result
        known = op.result if op.outcome == "ok" else ANY
        self.looks = machine.only_looks(op.f, known)
        self.open = op.outcome != "ok"
        self.blind = self.told is ANY and not self.open  # it fits everywhere
        self.hides = self.told is ANY and machine.overwrites(op.f, known)
        self.after: dict[int, int] = {}  # from states to states, by their numbers
        self.target: int | None = None  # the one state that an open one can leave

    def applied(self, state: Any) -> Any:
        """The state after it, or NEVER."""
        after, gave = self.step(state)
        return after if self.told is ANY or gave == self.told else NEVER

    def overwrites(self, state: Any) -> bool:
        """Whether what it leaves of a state is what it leaves of every one it changes."""
        return self.machine.overwrites(self.op.f, self.given(state))

    def given(self, state: Any) -> Any:
        """What it gives in a state."""
        return self.step(state)[1]

    def step(self, state: Any) -> Step:
        """What the machine does. Raises `Misuse` for arguments that do not fit."""
        try:
            step: Step = self.command(state, *self.args)
        except (TypeError, ValueError, AttributeError) as error:
            raise Misuse(
                f"{self.op}: {type(self.machine).__name__} cannot do this when its "
                f"state is {state!r} ({error}); judge it by another machine."
            ) from error
        return step


class Search:
    """One search through the operations of one object, in the order of their calls.

    `keyed`: the first argument of each is the object, and no argument of the command.
    """

    def __init__(
        self, ops: Sequence[Operation], machine: Machine, meter: Meter, keyed: bool
    ):
        self.ops, self.meter = ops, meter
        self.numbers: dict[Any, int] = {machine.initial: 0}
        self.states = [machine.initial]
        self.kinds = kinds_of(ops, machine, keyed)
        self.bits = [0] * len(ops)  # of those in progress; an open one keeps its own
        self.free: list[int] = []
        self.used = 0
        self.lookers: dict[int, int] = {}  # in progress, and their bits
        self.writers: dict[int, int] = {}
        self.blind = 0  # the bits of writers that can hide
        self.first = [0] * len(ops)  # bits of what has to happen before, if in progress
        self.equal: dict[int, int] = {}  # the last open operation of each kind
        self.earlier = [0] * len(ops)  # the open one of the same kind that goes first
        self.open: dict[int, Kind] = {}  # by their bits
        self.writes: dict[
            int, int
        ] = {}  # bits of open ones that leave a state for sure
        # By state and the writers done that cannot hide. The rest is good to have:
        # lookers that have happened, open operations that have not, writers that may
        # hide, since something has been written over them.
        self.front: Front = {(0, 0): [(0, 0, None)]}

    def run(self) -> Found:
        """Go through all calls and ends."""
        chained = called_at_once(self.ops)
        followers = {before: later for later, before in chained.items()}
        try:
            for _, ends, i in events(self.ops):
                if not ends:
                    self.call(i, chained.get(i))
                elif not self.end(i):
                    return Found(False, self.order(), self.ops[i])
                elif i in followers:
                    self.release(i, chained)
        except OutOfSteps:
            return Found(None)
        return Found(True, self.order())

    def order(self) -> tuple[Operation, ...]:
        """The operations in one order that is possible so far."""
        (_, _, path), *_ = next(iter(self.front.values()))
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

    def call(self, i: int, before: int | None) -> None:
        """One more is in progress; `before`: its process has just ended that one."""
        if not self.free:
            self.free.append(1 << self.used)
            self.used += 1
        bit, kind = self.free.pop(), self.kinds[i]
        self.bits[i] = bit
        (self.lookers if kind.looks else self.writers)[i] = bit
        if kind.open:
            self.open[bit] = kind
            for ways in self.front.values():
                ways[:] = [(done, rest | bit, path) for done, rest, path in ways]
        if before is not None:
            self.first[i] = self.bits[before]
        if kind.looks:
            self.looks(i)
        elif not self.first[i]:
            self.may_happen(i)

    def may_happen(self, i: int) -> None:
        """Nothing has to happen before this writer any more."""
        kind, bit = self.kinds[i], self.bits[i]
        if kind.blind:
            self.blind |= bit
        if kind.open:
            self.earlier[i] = self.equal.get(id(kind), 0)
            self.equal[id(kind)] = bit
            if kind.hides:
                target = kind.target = self.after(kind, 0)
                self.writes[target] = self.writes.get(target, 0) | bit

    def looks(self, i: int) -> None:
        """It happens wherever it may and fits."""
        bit, first = self.bits[i], self.first[i]
        for (state, _), ways in self.front.items():
            if self.after(self.kinds[i], state) == NO_STATE:
                continue
            for n, (done, rest, path) in enumerate(ways):
                if not (rest & bit or first & ~self.happened(done, rest)):
                    ways[n] = done, rest | bit, (path, i)

    def happened(self, done: int, rest: int) -> int:
        """All that has happened; what may hide might still happen later."""
        return done | rest & ~self.blind

    def release(self, i: int, chained: dict[int, int]) -> None:
        """What its process called in the microsecond of its end may happen now."""
        for later, before in chained.items():
            if before == i and self.bits[later]:
                self.first[later] = 0
                if later in self.lookers:
                    self.looks(later)
                else:
                    self.may_happen(later)

    def end(self, i: int) -> bool:
        """One has ended: whether it can have happened."""
        bit, after, todo = self.bits[i], Front(), []
        blind = bit & self.blind
        for (state, solid), ways in self.front.items():
            for done, rest, path in ways:
                if done & bit or (rest & bit and not blind):
                    self.add(after, state, solid & ~bit, done & ~bit, rest & ~bit, path)
                    continue
                if rest & bit:  # it hides, or happens now
                    self.add(after, state, solid, done, rest & ~bit, (path, ~i))
                todo.append((state, done, rest, path, ""))
        if todo:
            self.go_on(todo, i, after)
        if not after:
            return False
        self.front = after
        self.free.append(bit)
        self.blind &= ~bit
        (self.lookers if i in self.lookers else self.writers).pop(i)
        return True

    def go_on(
        self, todo: list[tuple[int, int, int, Path, Idle]], ending: int, after: Front
    ) -> None:
        """Let writers happen, in every order, until the one that ends has."""
        seen, bit = Front(), self.bits[ending]
        blind = bit & self.blind
        ahead = Ahead(self, ending)
        for state, done, rest, path, idle in todo:
            for i, to in self.next_writers(state, done, rest, idle):
                if i != ending and not ahead.needs(i, to, done, rest):
                    continue
                if not self.meter.step():
                    raise OutOfSteps
                now, left, way = self.written(i, to, done, rest, path)
                solid = now & ~self.blind
                if now & bit or (left & bit and not blind):
                    self.add(after, to, solid & ~bit, now & ~bit, left & ~bit, way)
                    continue
                if left & bit:
                    self.add(after, to, solid, now, left & ~bit, (way, ~ending))
                if self.add(seen, to, solid, now, left, way):
                    looked = way is None or way[1] != i
                    todo.append((to, now, left, way, self.idle(i, idle, looked)))

    def idle(self, i: int, before: Idle, looked: bool) -> Idle:
        """Whether what has happened would be lost if it were written over now."""
        kind = self.kinds[i]
        if looked or not (kind.open or kind.blind):
            return ""
        if kind.hides:
            return "open" if kind.open else "blind"
        return before or "blind"

    def next_writers(
        self, state: int, done: int, rest: int, idle: Idle
    ) -> Iterator[tuple[int, int]]:
        """The writers that may happen now, and the states after them.

        To write over what is idle is of no use: it might as well not have happened. To
        go on from an open write that is idle is of no use either if another open write
        leads to the same state at once.
        """
        for i, bit in self.writers.items():
            kind = self.kinds[i]
            if kind.open:
                if not rest & bit or rest & self.earlier[i]:
                    continue
            elif done & bit:
                continue
            if self.first[i]:
                if self.first[i] & ~self.happened(done, rest):
                    continue
            elif idle and kind.hides:
                continue
            to = self.after(kind, state)
            if to == NO_STATE or (kind.open and to == state):
                continue
            if idle != "open" or not kind.open or not rest & self.writes.get(to, 0):
                yield i, to

    def written(self, i: int, state: int, done: int, rest: int, path: Path) -> Way:
        """After a writer, and after everything has looked that may and fits."""
        kind, bit = self.kinds[i], self.bits[i]
        rest, path = rest & ~bit, (path, i)
        if not kind.open:
            done |= bit
        if kind.hides:
            rest |= self.blind & ~done
        for looker, its in self.lookers.items():
            if rest & its or self.first[looker] & ~self.happened(done, rest):
                continue
            if self.after(self.kinds[looker], state) != NO_STATE:
                rest, path = rest | its, (path, looker)
        return done, rest, path

    def after(self, kind: Kind, state: int) -> int:
        """The number of the state after an operation of this kind."""
        found = kind.after.get(state)
        if found is None:
            after = kind.applied(self.states[state])
            found = NO_STATE if after is NEVER else self.number(after)
            kind.after[state] = found
            if kind.open and found != state and kind.overwrites(self.states[state]):
                kind.target = found
        return found

    def number(self, state: Any) -> int:
        """States are compared once, and known by number from then on."""
        found = self.numbers.setdefault(state, len(self.states))
        if found == len(self.states):
            self.states.append(state)
        return found

    def add(
        self, front: Front, state: int, solid: int, done: int, rest: int, path: Path
    ) -> bool:
        """Keep a configuration, unless another is as good; drop those that are not."""
        ways = front.get((state, solid))
        if ways is None:
            front[state, solid] = [(done, rest, path)]
            return True
        for other, more, _ in ways:
            if self.covers(more, rest, done ^ other):
                return False
        ways[:] = [w for w in ways if not self.covers(rest, w[1], done ^ w[0])]
        ways.append((done, rest, path))
        return True

    def covers(self, more: int, less: int, differ: int) -> bool:
        """Whether what one has to spare does for all that another has.

        An open write does for any open operation that can leave the same state alone.
        """
        lacking = (less | differ) & ~more
        spare = more & ~less
        while lacking:
            kind = self.open.get(lacking & -lacking)
            if kind is None or kind.target is None:
                return False
            instead = spare & self.writes.get(kind.target, 0)
            if not instead:
                return False
            spare ^= instead & -instead
            lacking &= lacking - 1
        return True


class Ahead:
    """What may come of a state before it is written over, for all that is known.

    An open writer, or one that can hide, is of use now only if what comes after it and
    has to happen finds something of it. It is enough that some way leads there, whether
    or not its operations are still to be had.
    """

    def __init__(self, search: Search, ending: int):
        self.search = search
        self.finds = search.lookers | {
            i: bit
            for i, bit in search.writers.items()
            if not self.free(i) or (i == ending and not self.hides(i))
        }
        self.on = [i for i in search.writers if self.free(i) and not self.hides(i)]
        self.known: dict[tuple[int, int], bool] = {}
        pending = (*search.lookers, *search.writers)
        self.any = any(search.first[i] for i in pending)  # one waits for another

    def free(self, i: int) -> bool:
        """Whether a writer need not happen, or can hide."""
        kind = self.search.kinds[i]
        return kind.open or kind.blind

    def hides(self, i: int) -> bool:
        """Whether it writes over all."""
        return self.search.kinds[i].hides

    def needs(self, i: int, state: int, done: int, rest: int) -> bool:
        """Whether a writer may be of use that leaves this state."""
        if self.any or not self.free(i):
            return True
        wanted = 0
        for bit in self.finds.values():
            wanted |= bit & ~(done | rest)
        found = self.known.get((state, wanted))
        if found is None:
            found = self.known[state, wanted] = bool(wanted) and self.leads(
                state, wanted
            )
        return found

    def leads(self, state: int, wanted: int) -> bool:
        """Whether some of the wanted ones fit a state that may come of this one."""
        search = self.search
        fits = [search.kinds[i] for i, bit in self.finds.items() if bit & wanted]
        states = {state: None}
        for state in (todo := [state]):
            if any(search.after(kind, state) != NO_STATE for kind in fits):
                return True
            for i in self.on:
                to = search.after(search.kinds[i], state)
                if to != NO_STATE and to not in states:
                    states[to] = None
                    todo.append(to)
            if len(todo) > FAR:
                return True
        return False


def kinds_of(ops: Sequence[Operation], machine: Machine, keyed: bool) -> list[Kind]:
    """The kind of each operation: equal ones share what they make of states."""
    known: dict[Any, Kind] = {}
    kinds = []
    for op in ops:
        ok = op.outcome == "ok"
        same = op.f, op.args, ok, op.result if ok else None
        kind = known.get(same)
        if kind is None:
            kind = known[same] = Kind(machine, op, op.args[keyed:])
        kinds.append(kind)
    return kinds


def events(ops: Sequence[Operation]) -> list[tuple[int, bool, int]]:
    """Calls and ends by time; at one moment all calls come first, for what ends there
    overlaps with what is called there.
    """
    calls = [(op.invoked_us, False, i) for i, op in enumerate(ops)]
    ends = [(op.ended_us, True, i) for i, op in enumerate(ops) if op.outcome == "ok"]
    return sorted(calls + ends)  # type: ignore[operator]


def called_at_once(ops: Sequence[Operation]) -> dict[int, int]:
    """What its process called in the microsecond in which its last operation ended."""
    last: dict[str, int] = {}
    chained = {}
    for i, op in enumerate(ops):
        before = last.get(op.process)
        if before is not None and ops[before].ended_us == op.invoked_us:
            chained[i] = before
        if op.outcome == "ok":
            last[op.process] = i
    return chained
