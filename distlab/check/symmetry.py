"""Who is who does not matter: of all states that differ only by that, one is kept.

    search(interchangeable(TwoPhaseCommit(managers=7), "managers"))

Source
    Clarke, Enders, Filkorn and Jha, "Exploiting Symmetry in Temporal Logic Model
    Checking", Formal Methods in System Design 9(1), 1996: the quotient by a group of
    permutations keeps what is true of a state, if that is symmetric too.

Members are put in order by all that each of them holds. States that differ only by who
is who come out the same, others never: so exactly one of each kind is kept.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from distlab.check.claims import claims
from distlab.errors import Misuse, did_you_mean
from distlab.model import Action, Model, State
from distlab.specification import Specification

TRIED = 200  # states on which it is tried whether members are alike


def interchangeable(model: Specification, group: str) -> Model:
    """The model without who is who in a group. Raises `Misuse` where that matters.

    In the first states that are reached any two neighbours change places: the same
    steps have to be possible then, and the model's properties true or not as before. A
    difference that shows only in states further away is not found.
    """
    sizes = {kind.of: len(getattr(model, kind.of)) for kind in model.kinds if kind.of}
    if group not in sizes:
        known = did_you_mean(group, sizes)
        raise Misuse(f"{type(model).__name__} has no group `{group}`.{known}")
    quotient = Quotient(model, group)
    for state in first_states(model):
        for one, other in pairwise(range(sizes[group])):
            quotient.check(state, one, other)
    return quotient


class Quotient(Model):
    """A specification in which the members of a group are interchangeable."""

    def __init__(self, model: Specification, group: str):
        self.model, self.group = model, group
        self.properties = model.properties
        self.columns = [i for i, kind in enumerate(model.kinds) if kind.of == group]
        self.places = [
            {value: i for i, value in enumerate(model.kinds[column].values)}
            for column in self.columns
        ]

    def initial(self) -> Iterable[State]:
        """As in the model."""
        return self.model.initial()

    def next(self, state: Any) -> Iterable[tuple[Action, State]]:
        """As in the model."""
        return self.model.next(state)

    def tell(self, action: Action) -> str:
        """As in the model."""
        return self.model.tell(action)

    def canonical(self, state: Any) -> State:
        """The state in which the members are in order."""
        held = zip(*(state[column] for column in self.columns), strict=True)
        return self._with(state, sorted(held, key=self._place))

    def _place(self, held: tuple[State, ...]) -> tuple[int, ...]:
        pairs = zip(self.places, held, strict=True)
        return tuple(places[value] for places, value in pairs)

    def _with(self, state: Any, held: Iterable[tuple[State, ...]]) -> Any:
        """The state in which the members hold this."""
        parts = list(state)
        for column, values in zip(self.columns, zip(*held, strict=True), strict=True):
            parts[column] = values
        return state._make(parts)

    def check(self, state: Any, one: int, other: int) -> None:
        """Whether two members may change places in a state."""

        def swapped(state: Any) -> Any:
            held = list(zip(*(state[column] for column in self.columns), strict=True))
            held[one], held[other] = held[other], held[one]
            return self._with(state, held)

        who = f"{self.group} {one} and {other} are not interchangeable in {state}"
        twin = swapped(state)
        here = Counter(swapped(after) for _, after in self.model.next(state))
        if here != Counter(after for _, after in self.model.next(twin)):
            raise Misuse(f"{who}: other steps are possible when they change places.")
        for claim in claims(self.properties):
            if claim.told_of(state) != claim.told_of(twin):
                raise Misuse(f"{who}: `{claim.sentence}` tells them apart.")


def first_states(model: Model) -> Iterator[State]:
    """The first states that are reached."""
    known = dict.fromkeys(model.initial())
    to_do = deque(known)
    while to_do and len(known) < TRIED:
        new = [after for _, after in model.next(to_do.popleft()) if after not in known]
        to_do.extend(new)
        known.update(dict.fromkeys(new))
    yield from known
