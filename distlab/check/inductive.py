"""Is it kept by every step, from every state in which it holds, reached or not?

    inductive(model, always_consistent)                     # invalid: a step breaks it
    inductive(model, always_consistent, always_committed_as_told, …)            # valid

What is true at the beginning and kept by every step is true for ever, however long a
run is: no search is needed. Most invariants are not kept so. The step that breaks one
begins in a state that cannot be reached, and *why* it cannot is what is to be added.

Source
    Lamport, "Specifying Systems", Addison-Wesley 2002, section 5.8: an invariant is
    proved by a stronger one that is inductive.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from distlab.check.claims import ALWAYS, Claim, claims
from distlab.check.explored import Explored, Space
from distlab.check.limits import Limits
from distlab.check.search import USUAL
from distlab.errors import Misuse
from distlab.model import Model, Property, State
from distlab.specification import Specification


def inductive(
    model: Model,
    *invariants: Property,
    states: Iterable[State] | None = None,
    limits: Limits = USUAL,
) -> Explored:
    """Whether the invariants hold in the beginning and each step keeps them all.

    `states` are all that there could be; a specification has them from its variables.
    Each invariant gives None, or the sentence that says what is broken.
    """
    claimed = claims(invariants)
    if not claimed or any(claim.kind != ALWAYS for claim in claimed):
        raise Misuse("inductive: give invariants, functions named `always_…`.")
    if states is None and not isinstance(model, Specification):
        raise Misuse(
            f"{type(model).__name__} does not say which states there could be: give "
            f"them, `states=…`."
        )
    return Induction(model, claimed, limits).told(states)


class Induction:
    """Looks at each state in which the invariants hold, and one step further."""

    def __init__(self, model: Model, claimed: tuple[Claim, ...], limits: Limits):
        self.model, self.claims, self.meter = model, claimed, limits.meter()
        self.holds = self.steps = 0  # states in which all hold, and steps from them

    def broken(self, state: Any) -> tuple[Claim, str] | None:
        """The first invariant that does not hold in a state, and why."""
        for claim in self.claims:
            if (reason := claim.broken_in(state)) is not None:
                return claim, reason
        return None

    def told(self, states: Iterable[State] | None) -> Explored:
        """The verdict."""
        for state in self.model.initial():
            if found := self.broken(state):
                return self._invalid("At the beginning", found, ((None, state),))
        if states is None:
            assert isinstance(self.model, Specification)
            states = self.model.every_state()
        for state in states:
            if not self.meter.step():
                return self._verdict("unknown", f"Gave up after {self.meter.exceeded}.")
            if self.broken(state):
                continue
            self.holds += 1
            for action, after in self.model.next(state):
                self.steps += 1
                if found := self.broken(after):
                    way = ((None, state), (action, after))
                    return self._invalid("It holds, and one step later", found, way)
        return self._verdict("valid", "It holds at first, and every step keeps it.")

    def _invalid(
        self, when: str, found: tuple[Claim, str], way: tuple[tuple[Any, Any], ...]
    ) -> Explored:
        claim, reason = found
        return self._verdict("invalid", f"{when}, {claim.sentence}: {reason}.", way)

    def _verdict(
        self, outcome: Any, reason: str, way: tuple[tuple[Any, Any], ...] = ()
    ) -> Explored:
        """What was found; the step that shows it can be drawn."""
        labels = tuple(self.model.label(state) for _, state in way)
        told = tuple(self.model.tell(action) for action, _ in way[1:])
        lines = [*labels[:1], *told, *labels[1:]]
        much = f"{self.meter.steps:,} states, {self.holds:,} in which it holds"
        return Explored(
            outcome,
            property="; ".join(claim.sentence for claim in self.claims),
            strength=f"{much}, {self.steps:,} steps from those",
            reason=reason,
            evidence=tuple(lines),
            states=self.meter.steps,
            transitions=self.steps,
            depth=len(way) - 1 if way else 1,
            exhausted=outcome == "valid",
            path=way,
            space=Space(
                labels=labels,
                depths=tuple(range(len(labels))),
                edges=tuple((i, action, i + 1) for i, action in enumerate(told)),
                marked=tuple(range(len(labels))),
            ),
        )
