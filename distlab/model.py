"""A specification that is not made of nodes: states, steps, and what must be true.

    class Counter(Model):
        def initial(self):
            return [0]

        def next(self, state):
            return [("add 1", (state + 1) % 10), ("add 3", (state + 3) % 10)]

    def always_below_ten(state):
        return None if state < 10 else f"it is {state}"

States and actions are values: compared, hashed, never changed. `check.search` goes
through all states that can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

State = Hashable
Action = Any
Property = Callable[[Any], Any]


class Model:
    """What can happen, one step at a time. Write `initial` and `next`.

    A property is a function of a state. The first words of its name say its kind:

    * `always_…` gives None, or the sentence that tells what is broken;
    * `sometimes_…` is true of some state: where it never is, the search has not met
      the case that the other properties are about;
    * `always_possible_…` is true of a goal: from every state that can be reached, some
      way leads to a state where it is.
    """

    properties: tuple[Property, ...] = ()  # that each search looks at

    def initial(self) -> Iterable[State]:
        """The states in which it may begin."""
        raise NotImplementedError(f"{type(self).__name__}.initial: give the states.")

    def next(self, state: Any) -> Iterable[tuple[Action, State]]:
        """What may happen in a state, and the state after it; always in one order."""
        raise NotImplementedError(f"{type(self).__name__}.next: give the steps.")

    def enough(self, state: Any) -> Iterable[tuple[Action, State]]:
        """Of what may happen, as much as a search has to go through: all of it."""
        return self.next(state)

    def again(self) -> Iterable[State]:
        """States for which it was not enough, as one knows by now: none."""
        return ()

    def within(self, state: Any) -> bool:
        """The boundary: a state outside is neither counted nor gone on from."""
        return True

    def canonical(self, state: Any) -> State:
        """Of all states that differ only by who is who, the one that is kept."""
        return state

    def tell(self, action: Action) -> str:
        """An action in words."""
        return in_words(action)

    def label(self, state: Any) -> str:
        """A state in words."""
        return in_words(state)


def in_words(value: Any) -> str:
    """A value as it is printed, but a set in one order on any machine.

    >>> in_words((frozenset({"b", "a"}), 3))
    '({a, b}, 3)'
    """
    if isinstance(value, frozenset):
        return f"{{{', '.join(sorted(map(in_words, value)))}}}"
    if isinstance(value, tuple):
        names = getattr(value, "_fields", [""] * len(value))
        parts = zip(names, map(in_words, value), strict=True)
        return (
            f"({', '.join(f'{name}={part}' if name else part for name, part in parts)})"
        )
    return value if isinstance(value, str) else repr(value)
