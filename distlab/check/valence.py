"""What may yet be decided: bivalent states, in which that is still open.

The valence of a state is the set of decisions that some way from it leads to. Where it
has two, nothing that has happened so far settles the matter.

Source
    Fischer, Lynch and Paterson, "Impossibility of Distributed Consensus with One Faulty
    Process", JACM 32(2), 1985: section 3, for all states of a bounded space.
Costs
    Each state is asked once for its steps; some 400 bytes for a state and its steps.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from distlab.check.limits import Limits
from distlab.check.worlds import Worlds
from distlab.errors import Misuse
from distlab.model import Action, Model, State

Decisions = frozenset[Hashable]
Decided = Callable[[Any], Iterable[Hashable]]  # in a state, or a `World`
USUAL = Limits(steps=300_000)


class Valences:
    """All states of a model, the steps between them, and the valence of each."""

    def __init__(self, model: Model, decided: Decided, limits: Limits = USUAL):
        if not isinstance(model, Model):
            raise Misuse(f"{model!r} is no model: make one, such as `Worlds(…)`.")
        self.model = model
        read: Decided = decided
        if isinstance(model, Worlds):
            read = model.reading(decided)
        self.begin = tuple(map(model.canonical, model.initial()))
        self.steps: dict[State, list[tuple[Action, State]]] = {}
        self.go_through(limits)
        self.of: dict[State, Decisions] = {s: frozenset(read(s)) for s in self.steps}
        self.go_back()

    def go_through(self, limits: Limits) -> None:
        """Find all states. Raises `Misuse` past the limit: a way might be missing."""
        new = list(dict.fromkeys(self.begin))
        while new:
            state = new.pop()
            if state in self.steps:
                continue
            if len(self.steps) == limits.steps:
                raise Misuse(
                    f"more than {limits.steps:,} states, and what is not seen may lead "
                    f"to any decision: make the space smaller, or the limit greater."
                )
            self.steps[state] = [
                (action, self.model.canonical(after))
                for action, after in self.model.next(state)
                if self.model.within(after)
            ]
            new += [after for _, after in self.steps[state]]

    def go_back(self) -> None:
        """Tell each state what the states after it may decide, until nothing is new."""
        before: dict[State, list[State]] = {state: [] for state in self.steps}
        for state, steps in self.steps.items():
            for _, after in steps:
                before[after].append(state)
        news = [state for state, decisions in self.of.items() if decisions]
        while news:
            state = news.pop()
            for earlier in before[state]:
                if not self.of[state] <= self.of[earlier]:
                    self.of[earlier] |= self.of[state]
                    news.append(earlier)

    # ------------------------------------------------------------------ what is to know
    def __len__(self) -> int:
        return len(self.steps)

    @property
    def initial(self) -> tuple[Decisions, ...]:
        """The valences of the states in which it may begin."""
        return tuple(self.of[state] for state in self.begin)

    def bivalent(self, state: State) -> bool:
        """Whether the decision is open."""
        return len(self.of[state]) > 1

    def all_bivalent(self) -> tuple[State, ...]:
        """The states in which it is."""
        return tuple(filter(self.bivalent, self.steps))

    def critical(self) -> tuple[State, ...]:
        """Bivalent states in which whatever happens next settles it.

        Lemma 3 says that a protocol which survives a crash has none; a space that was
        bounded has them where the bound leaves nothing else to happen.
        """
        return tuple(
            state
            for state in self.all_bivalent()
            if not any(self.bivalent(after) for _, after in self.steps[state])
        )

    def counts(self) -> dict[str, int]:
        """How many states there are of each valence: `{"a, b": 5, "a": 3, "": 1}`."""
        found: dict[str, int] = {}
        for decisions in self.of.values():
            name = ", ".join(sorted(map(str, decisions)))
            found[name] = found.get(name, 0) + 1
        return dict(sorted(found.items(), key=lambda pair: (-len(pair[0]), pair[0])))

    def __repr__(self) -> str:
        told = [
            f"{count:,} {f'may decide {name}' if name else 'never decide'}"
            for name, count in self.counts().items()
        ]
        return f"{len(self):,} states: {'; '.join(told)}"
