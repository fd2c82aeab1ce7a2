"""The operations of one object as a search sees them: their kinds, calls and ends.

Operations that were called and have returned the same are of one kind: what one of them
makes of a state, any of them does, so it is found out once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import Any

from distlab.errors import Misuse
from distlab.history import Operation
from distlab.machine import Machine, Step

ANY = object()  # in the place of a result that nobody was told
NEVER = object()  # in the place of a state: it cannot have gone like this
NO_STATE = -1  # the number of that, where states are numbered


class Kind:
    """Equal calls with equal results."""

    def __init__(self, machine: Machine, op: Operation, args: tuple[Any, ...]):
        self.machine, self.op, self.args = machine, op, args
        self.command = getattr(machine, op.f)
        self.open = op.outcome != "ok"  # it may happen at any time, or never
        known = ANY if self.open else op.result
        self.told = known if machine.tells(op.f, known) else ANY
        self.looks = machine.only_looks(op.f, known)
        self.blind = not self.open and self.told is ANY  # it has to, and fits anywhere
        self.hides = self.told is ANY and machine.overwrites(op.f, known)
        self.free = self.open or self.blind
        self.after: dict[int, int] = {}  # from states to states, by their numbers

    def numbered(self, states: States) -> None:
        """From now on `after` has the state after it for every state there is."""
        self.after = After(self, states)

    def in_sight(self) -> Kind:
        """The same, but it may not hide: what its process did next waits for it."""
        if self.open:
            return self
        plain = copy(self)
        plain.blind = plain.hides = plain.free = False
        return plain

    def applied(self, state: Any) -> Any:
        """The state after it, or NEVER."""
        after, gave = self.step(state)
        return after if self.told is ANY or gave == self.told else NEVER

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


class States:
    """The states that were met: compared once, and known by number from then on."""

    def __init__(self, initial: Any):
        self.numbers: dict[Any, int] = {initial: 0}
        self.met = [initial]

    def number(self, state: Any) -> int:
        """The number of a state, a new one if it was never met."""
        found = self.numbers.setdefault(state, len(self.met))
        if found == len(self.met):
            self.met.append(state)
        return found


class After(dict[int, int]):
    """The states after operations of one kind, each found out when it is asked for."""

    def __init__(self, kind: Kind, states: States):
        self.kind, self.states = kind, states

    def __missing__(self, state: int) -> int:
        after = self.kind.applied(self.states.met[state])
        found = NO_STATE if after is NEVER else self.states.number(after)
        self[state] = found
        return found


def kinds_of(ops: Sequence[Operation], machine: Machine, keyed: bool) -> list[Kind]:
    """The kind of each operation; `keyed`: its first argument is the object."""
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
    """Calls (False) and ends (True) by time.

    At one moment all calls come first: what ends then overlaps with what begins.
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


def in_a_crowd(ops: Sequence[Operation], chained: Mapping[int, int]) -> Iterator[int]:
    """Those called at once, and before these, when another operation ended too.

    That one may happen after them, at the moment at which all of them meet.
    """
    if not chained:
        return
    ends = Counter(op.ended_us for op in ops if op.outcome == "ok")
    for i, before in chained.items():
        if ends[ops[i].invoked_us] > 1:
            yield from (before, i)
