"""All states of a specification, layer by layer, each state one whole number.

A state is written down as the places of its values among those of each slot, a few
bits for each. What a rule does depends on the slots that it has read, so it is asked
once for each of their values, and the answers are a table: bits that it keeps and bits
that it sets. Then it is applied to a layer of states in a few operations on arrays.

Costs: 16 bytes a state, and while a layer is made 8 bytes for each of its transitions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distlab.model import State
from distlab.specification import Remembered, Specification

if TYPE_CHECKING:
    from distlab.check.search import Search

BITS = 62  # of a state
KEY_BITS = 20  # of what one rule or property reads: its table has a row for each value
NOWHERE = -1  # the number of the state before an initial one
FIRST = 1000  # states that are reached one by one before arrays pay
Codes = np.ndarray[Any, np.dtype[np.int64]]


class TooWide(Exception):
    """A state does not fit into one number, or what a rule reads into a table."""


class Coding:
    """How a state is written as a number."""

    def __init__(self, model: Specification):
        self.places = [
            {value: i for i, value in enumerate(slot.values)} for slot in model.slots
        ]
        self.slots = model.slots
        self.widths = [(len(slot.values) - 1).bit_length() for slot in model.slots]
        self.shifts = [sum(self.widths[:at]) for at in range(len(self.widths))]
        if sum(self.widths) > BITS:
            raise TooWide

    def code(self, values: Sequence[State]) -> int:
        """The number of a state."""
        return sum(self.bits(at, value) for at, value in enumerate(values))

    def bits(self, at: int, value: State) -> int:
        """What a slot adds to the number."""
        return self.places[at][value] << self.shifts[at]

    def ones(self, at: int) -> int:
        """All bits of a slot."""
        return (1 << self.widths[at]) - 1 << self.shifts[at]

    def values(self, code: int) -> list[State]:
        """What the slots hold in the state of this number."""
        return [
            slot.values[(code & self.ones(at)) >> self.shifts[at]]
            for at, slot in enumerate(self.slots)
        ]


class Table:
    """What a function of a draft answers, for each value of what it reads."""

    def __init__(self, coding: Coding, remembered: Remembered):
        self.coding, self.remembered = coding, remembered
        self._begin()

    def _begin(self) -> None:
        """Forget all: more is read than was known."""
        self.reads = self.remembered.reads
        bits = sum(self.coding.widths[at] for at in self.reads)
        if bits > KEY_BITS:
            raise TooWide
        self.known = np.zeros(1 << bits, dtype=bool)
        self.answers = np.zeros((2, 1 << bits), dtype=np.int64)

    def rows(self, codes: Codes) -> Codes:
        """The row of each state; what the table lacks is asked first."""
        while True:
            rows, at = np.zeros(len(codes), dtype=np.int64), 0
            for slot in self.reads:
                width, shift = self.coding.widths[slot], self.coding.shifts[slot]
                rows |= (codes >> shift & (1 << width) - 1) << at
                at += width
            lacking = ~self.known[rows]
            if not lacking.any():
                return rows
            asked, first = np.unique(rows[lacking], return_index=True)
            for row, code in zip(asked, codes[lacking][first], strict=True):
                answer = self.asked(self.coding.values(int(code)))
                if self.remembered.reads != self.reads:
                    self._begin()
                    break
                self.known[row], self.answers[:, row] = True, answer

    def asked(self, values: list[State]) -> tuple[int, int]:
        """The answer for a state, as two numbers."""
        raise NotImplementedError


class Rule(Table):
    """A rule: the bits that it keeps, and those that it sets."""

    def asked(self, values: list[State]) -> tuple[int, int]:  # noqa: D102
        writes = self.remembered.writes(values)
        keeps, sets = (1 << BITS) - 1, 0
        for at, value in writes:
            keeps &= ~self.coding.ones(at)
            sets |= self.coding.bits(at, value)
        return (keeps, sets) if writes else (-1, 0)

    def after(self, codes: Codes) -> tuple[Codes, Codes]:
        """The states in which it happens, and those after it."""
        rows = self.rows(codes)  # which may make the table anew
        keeps, sets = self.answers[0, rows], self.answers[1, rows]
        happens = keeps >= 0
        before = codes[happens]
        return before, before & keeps[happens] | sets[happens]


class Yes(Table):
    """A function that answers yes or no."""

    def asked(self, values: list[State]) -> tuple[int, int]:  # noqa: D102
        _, answer = self.remembered.asked(values)
        return int(answer), 0

    def first(self, codes: Codes) -> int | None:
        """The first state of which it says yes."""
        rows = self.rows(codes)
        told = self.answers[0, rows]
        return int(codes[told.argmax()]) if told.any() else None


class Layers:
    """All that was reached, layer by layer."""

    def __init__(self, model: Specification):
        self.model, self.coding = model, Coding(model)
        self.rules = [Rule(self.coding, rule) for rule in model.remembered]
        begin = [self.coding.code(model.values(state)) for state in model.initial()]
        self.layers: list[Codes] = []
        self.runs: list[Codes] = []  # sorted, each at least twice as long as the next
        self.count = self.transitions = 0
        self.add(np.unique(np.array(begin, dtype=np.int64)))

    def yes(self, function: Callable[[Any], bool]) -> Yes:
        """A function of a state, to be asked of layers."""
        return Yes(self.coding, Remembered(self.model, function))

    def add(self, layer: Codes) -> None:
        """One layer more, sorted, of states that are in none before."""
        self.layers.append(layer)
        self.count += len(layer)
        self.runs.append(layer)
        while len(self.runs) > 1 and len(self.runs[-2]) < 2 * len(self.runs[-1]):
            both = np.concatenate([self.runs.pop(), self.runs.pop()])
            both.sort(kind="stable")  # two sorted runs: they are merged
            self.runs.append(both)

    def next(self) -> Codes:
        """The states one step from the last layer that are in none before."""
        last = self.layers[-1]
        reached = [rule.after(last)[1] for rule in self.rules]
        self.transitions += sum(len(after) for after in reached)
        new = distinct(np.concatenate(reached))
        for run in self.runs:
            new = new[~is_in(run, new)]
        return new

    def way_to(self, code: int) -> list[State]:
        """A shortest way to a state of the last layer."""
        way = [code]
        for layer in self.layers[-2::-1]:
            for rule in self.rules:
                before, after = rule.after(layer)
                if len(hits := np.flatnonzero(after == way[-1])):
                    way.append(int(before[hits[0]]))
                    break
        return [self.model.state(self.coding.values(code)) for code in way[::-1]]


def distinct(codes: Codes) -> Codes:
    """The different ones, sorted."""
    codes.sort()
    return codes[np.concatenate([[True], codes[1:] != codes[:-1]])[: len(codes)]]


def is_in(run: Codes, codes: Codes) -> np.ndarray:
    """Whether each is in a sorted run."""
    at = np.searchsorted(run, codes)
    at[at == len(run)] = 0
    return run[at] == codes


def fits(found: Search) -> bool:
    """Whether a search is one that arrays can do: of all states, once each."""
    model, kind = found.model, type(found.model)
    plain = not (found.possible or found.goal or found.bound or found.canonical)
    return (
        isinstance(model, Specification)
        and kind.next is Specification.next
        and kind.within is Specification.within
        and plain
    )


def go_in_arrays(found: Search, shown: Any) -> None:
    """Go through a space again, from its beginning. Raises `TooWide`."""
    assert isinstance(found.model, Specification)
    layers, most = Layers(found.model), found.limits.steps
    always = [layers.yes(claim.told_of) for claim in found.always]
    unseen = [(claim, layers.yes(claim.told_of)) for claim in found.unseen]
    while True:
        layer = layers.layers[-1]
        unseen = [one for one in unseen if one[1].first(layer) is None]
        broken = [c for claim in always if (c := claim.first(layer)) is not None]
        shown.update(layers.count - shown.n)
        if layers.count > most:
            found.meter.exceeded = f"{most:,} states"
        if broken or found.meter.exceeded or not found.meter.look():
            break
        if not len(new := layers.next()):
            found.exhausted = True
            break
        layers.add(new)
    found.count, found.transitions = layers.count, layers.transitions
    found.depth, found.left = len(layers.layers) - 1, len(layer) * (not found.exhausted)
    found.unseen = [claim for claim, _ in unseen]
    at = NOWHERE
    for state in layers.way_to(broken[0]) if broken else ():
        known = found.numbers.get(state)
        at = found.reach(state, at) if known is None else known
