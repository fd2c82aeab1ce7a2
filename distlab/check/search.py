"""All that can happen: every state that a model can reach is looked at, once.

States are kept by value, so no two are ever taken for one. A known state is a number;
each remembers the number of the state that it was first reached from, and the actions
on a way are found again by going it once more: a transition costs no memory.

Costs: each state is asked once for its steps, and each property once for each state. A
state takes some 100 bytes beside its own (a million whole numbers, 134 MB). Breadth
first, the way to what is broken is a shortest one.
"""

from __future__ import annotations

import gc
import random
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Literal

from distlab.check.claims import ALWAYS, POSSIBLE, SOMETIMES, Claim, claims
from distlab.check.explored import Explored
from distlab.check.limits import LOOK_EVERY, Limits
from distlab.check.outcome import explored
from distlab.check.possible import Edges
from distlab.check.search_in_arrays import FIRST, NOWHERE, TooWide, fits, go_in_arrays
from distlab.errors import Misuse
from distlab.model import Model, Property, State

ORDERS = ("breadth", "depth", "random")
Order = Literal["breadth", "depth", "random"]
USUAL = Limits(steps=1_000_000, time_s=600, memory_mb=4000)
LONGEST = 1000  # steps of one random walk


def search(
    model: Model,
    properties: Iterable[Property] = (),
    *,
    order: Order = "breadth",
    limits: Limits = USUAL,
    seed: int = 0,
    start: Explored | Iterable[State] | None = None,
    goal: Callable[[Any], bool] | None = None,
    within: Callable[[Any], bool] | None = None,
    progress: bool = True,
) -> Explored:
    """Whether the properties, and those of the model, hold in all that can happen.

    `limits.steps` is the most states, or of random walks the most steps; past a limit
    the verdict is unknown. In stages: stop at a `goal`, stay `within` a bound, then
    go on from there: `start` takes the verdict on the stage before, or states.
    `progress` shows how far it has come, on a terminal, after a second. All states of a
    specification, breadth first, are searched in arrays: the verdict is the same.
    """
    if order not in ORDERS:
        raise Misuse(f"order={order!r}: there are {', '.join(ORDERS)}.")
    check_model(model)
    check_asked(properties, limits, goal=goal, within=within)
    if not (start is None or isinstance(start, Explored)):
        start = tuple(start)
    found = Search(model, claims((*model.properties, *properties)), limits)
    found.goal, found.bound = goal, within
    with undisturbed(), bar(progress) as shown:
        found.begin(start)
        if order == "random":
            found.walk(random.Random(seed), shown)
        elif order == "breadth" and limits.steps > FIRST and fits(found):
            found.go_fast(shown)
        else:
            found.go(order, shown, limits.steps)
    return explored(found, order, start)


def check_model(model: Any) -> None:
    """Raise `Misuse` for what is no model, or not yet."""
    if isinstance(model, type) and issubclass(model, Model):
        name = model.__name__
        raise Misuse(f"{name} is a class, not a model yet: make one, `{name}(…)`.")
    if not isinstance(model, Model):
        raise Misuse(f"{model!r} is no model: nodes are for `explore`.")


def check_asked(properties: Any, limits: Any, **functions: Any) -> None:
    """Raise `Misuse` for what asks nothing."""
    if callable(properties):
        raise Misuse(f"properties={properties!r}: give a list, `properties=[…]`.")
    if not isinstance(limits, Limits):
        raise Misuse(f"limits={limits!r}: say of what, `Limits(steps=100_000)`.")
    for name, function in functions.items():
        if not (function is None or callable(function)):
            raise Misuse(f"{name}={function!r}: give a function of a state.")


class Search:
    """What has been reached so far, and what was found there."""

    def __init__(self, model: Model, claimed: tuple[Claim, ...], limits: Limits):
        self.model, self.claims, self.limits = model, claimed, limits
        self.goal: Callable[[Any], bool] | None = None
        self.bound: Callable[[Any], bool] | None = None
        self.always = [claim for claim in claimed if claim.kind == ALWAYS]
        self.unseen = [claim for claim in claimed if claim.kind == SOMETIMES]
        self.possible = [claim for claim in claimed if claim.kind == POSSIBLE]
        self.edges = Edges()  # kept only if it is asked what stays possible
        # A method that the model leaves as it is need not be asked.
        kind = type(model)
        self.canonical = None if kind.canonical is Model.canonical else model.canonical
        self.is_bounded = kind.within is not Model.within
        self.steps = model.next if kind.enough is Model.enough else model.enough
        self.numbers: dict[State, int] = {}  # of the states, as they were reached
        self.parents = array("q")
        self.depths = array("i")
        self.to_do: deque[State] = deque()  # reached, and not gone on from
        self.count = self.transitions = self.depth = self.left = 0
        self.meter = limits.meter()
        self.exhausted = False
        self.is_cut = False  # whether a boundary has left something out
        self.ended_at: int | None = None  # the state that ends it, and why
        self.broken: tuple[Claim, str] | None = None

    # ----------------------------------------------------------------------- the orders
    def begin(self, start: Explored | Iterable[State] | None) -> None:
        """Reach the states to begin with. Raises `Misuse` if there are none."""
        if start is None:
            start = self.model.initial()
        elif isinstance(start, Explored):
            start = [state for _, state in start.path[-1:]]
        for state in start:
            kept = self.canonical(state) if self.canonical else state
            if kept not in self.numbers and self.is_within(kept):
                self.reach(kept, NOWHERE)
                self.to_do.append(kept)
        if not self.numbers:
            raise Misuse(
                f"{type(self.model).__name__} has no state to begin with: give some "
                f"within the boundary, or as `start` a verdict that has a path."
            )

    def go_fast(self, shown: Any) -> None:
        """Reach a thousand states one by one, and if there are more, all in arrays."""
        self.go("breadth", shown, FIRST)
        if self.meter.exceeded is not None and not self.meter.late:
            self.meter.exceeded = None
            try:
                go_in_arrays(self, shown)
            except TooWide:
                self.go("breadth", shown, self.limits.steps)

    def go(self, order: Order, shown: Any, most: int) -> None:
        """Reach all that can be reached, the nearest or the newest state first."""
        numbers, to_do, done = self.numbers, self.to_do, 0
        take = to_do.popleft if order == "breadth" else to_do.pop
        while self.ended_at is None and (to_do or self.again()):
            if len(numbers) > most:
                self.meter.exceeded = f"{most:,} states"
                break
            done += 1
            if not done % LOOK_EVERY:
                shown.update(len(numbers) - shown.n)
                shown.set_postfix_str(f"{len(to_do):,} to go on from", refresh=False)
                if not self.meter.look():
                    break
            state = take()
            to_do.extend(self.after(state, numbers[state]))
        self.count, self.depth, self.left = len(numbers), max(self.depths), len(to_do)
        self.exhausted = self.ended_at is None and self.meter.exceeded is None

    def again(self) -> bool:
        """Whether there are states that have to be gone on from once more."""
        self.to_do.extend(self.model.again())
        return bool(self.to_do)

    def walk(self, drawn: random.Random, shown: Any) -> None:
        """Go from an initial state wherever chance leads, again and again."""
        begin = list(self.numbers)
        state, length = drawn.choice(begin), 0
        while self.ended_at is None and self.meter.step():
            if not self.meter.steps % LOOK_EVERY:
                shown.update(len(self.numbers) - shown.n)
            ways = self.ways(state)
            if not ways or length == LONGEST:
                state, length = drawn.choice(begin), 0
                continue
            before, state = state, drawn.choice(ways)
            length += 1
            self.transitions += 1
            if state not in self.numbers:
                self.reach(state, self.numbers[before])
        self.count, self.depth = len(self.numbers), max(self.depths)

    def ways(self, state: State) -> list[State]:
        """The states one step later, known or not."""
        after = [after for _, after in self.model.next(state)]
        if self.canonical is not None:
            after = [self.canonical(one) for one in after]
        return [one for one in after if one in self.numbers or self.is_within(one)]

    # ------------------------------------------------------------------------- one step
    def after(self, state: State, at: int) -> list[State]:
        """The states one step later that nobody had reached before."""
        numbers, canonical = self.numbers, self.canonical
        edges = self.edges if self.possible else None
        bounded = self.is_bounded or self.bound is not None
        new: list[State] = []
        seen = 0
        for _, after in self.steps(state):
            if canonical is not None:
                after = canonical(after)
            known = numbers.get(after)
            if known is None:
                if bounded and not self.is_within(after):
                    if edges is not None:
                        edges.out(at)
                    continue
                known = self.reach(after, at)
                new.append(after)
            seen += 1
            if edges is not None:
                edges.add(at, known)
            if self.ended_at is not None:
                break
        self.transitions += seen
        return new

    def is_within(self, state: State) -> bool:
        """Whether a state is inside the model's boundary and that of the stage."""
        inside = not self.is_bounded or self.model.within(state)
        if inside and (self.bound is None or self.bound(state)):
            return True
        self.is_cut = True
        return False

    def reach(self, state: State, parent: int) -> int:
        """A new state gets its number, and is held against the properties."""
        at = len(self.numbers)
        self.numbers[state] = at
        self.parents.append(parent)
        self.depths.append(0 if parent < 0 else self.depths[parent] + 1)
        for claim in self.always:
            if (reason := claim.broken_in(state)) is not None:
                self.ended_at, self.broken = at, (claim, reason)
                return at
        if self.unseen:
            self.unseen = [claim for claim in self.unseen if not claim.of(state)]
        if self.goal is not None and self.goal(state):
            self.ended_at = at
        return at


@contextmanager
def undisturbed() -> Iterator[None]:
    """Pause Python's cyclic collector, which would walk all states again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def bar(progress: bool) -> Any:
    """How far it has come, on a terminal; what a notebook stores never changes."""
    from tqdm import tqdm

    disable = None if progress else True
    return tqdm(unit=" states", delay=1, disable=disable, leave=False)
