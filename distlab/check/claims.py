"""What is claimed about the states of a model: the first words of its name say how.

>>> def always_below_ten(state):
...     return None if state < 10 else f"it is {state}"
>>> claims([always_below_ten])[0][:2]
('always', 'always below ten')
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from distlab.errors import Misuse

ALWAYS, SOMETIMES, POSSIBLE = "always", "sometimes", "always possible"
KINDS = (POSSIBLE, SOMETIMES, ALWAYS)  # the longer name first


class Claim(NamedTuple):
    """One property of a model."""

    kind: str
    sentence: str
    of: Callable[[Any], Any]

    def broken_in(self, state: Any) -> str | None:
        """Why it does not hold in a state. Raises `Misuse` for an answer of yes or no.

        A bare False would be a counterexample that tells nothing; a bare True would
        pass for one.
        """
        reason = self.of(state)
        if reason is None or isinstance(reason, str):
            return reason
        raise Misuse(
            f"{self.sentence!r} gave {reason!r}: return None where it holds, and "
            f"elsewhere the sentence that says what is broken."
        )

    def told_of(self, state: Any) -> bool:
        """Whether it is broken in a state, or of another kind and true there."""
        if self.kind == ALWAYS:
            return self.broken_in(state) is not None
        return bool(self.of(state))


def claims(properties: Iterable[Callable[[Any], Any]]) -> tuple[Claim, ...]:
    """The properties with their kinds. Raises `Misuse` for a name that tells none."""
    return tuple(claim(property) for property in properties)


def claim(property: Callable[[Any], Any]) -> Claim:
    """One property with its kind."""
    name = getattr(property, "__name__", None)
    if not (callable(property) and name):
        raise Misuse(f"{property!r} is no property: give a function of a state.")
    sentence = name.replace("_", " ").strip()
    for kind in KINDS:
        if sentence.startswith(f"{kind} "):
            return Claim(kind, sentence, property)
    raise Misuse(
        f"the property `{name}` does not say when it is to hold: begin its name with "
        f"`always_`, `sometimes_` or `always_possible_`."
    )
