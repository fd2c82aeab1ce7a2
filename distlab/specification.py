"""A model written as rules over variables, each of which has a few values.

    class Alarm(Specification):
        is_on = variable(False, True)
        heard = variable(False, True, of="people")

        def rings(self, s):
            if not s.is_on:
                s.is_on = True

        def hears(self, s, person):
            if s.is_on:
                s.heard[person] = True

        def rules(self):
            yield self.rings,
            for person in self.people:
                yield self.hears, person

    Alarm(people=3)

It begins with the first value of each variable. A rule reads what it wants and assigns
what changes, all at once; one that assigns nothing does not happen. What a rule has
read tells where it may be used again without asking it: so `check` can run a
specification on whole arrays of states. Its variables are also all states that there
could be, reached or not, for inductive invariants.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple

from distlab.errors import Misuse, did_you_mean
from distlab.model import Action, Model, State, in_words

Rule = tuple[Any, ...]  # a method, and the members that it is about
Writes = tuple[tuple[int, State], ...]  # slots and what they hold then


class Variable(NamedTuple):
    """What a variable may be; one for each member of a group if it is `of` one."""

    values: tuple[State, ...]
    of: str = ""


class Slot(NamedTuple):
    """A variable of one member, or one that belongs to nobody."""

    variable: str
    member: int | None
    values: tuple[State, ...]

    def __str__(self) -> str:
        member = "" if self.member is None else f"[{self.member}]"
        return f"{self.variable}{member}"


def variable(*values: State, of: str = "") -> Any:
    """A variable with these values, the first to begin with; `of` each of a group."""
    if len(values) < 2 or len(set(values)) < len(values):
        raise Misuse(f"variable{values!r}: give two values or more, all different.")
    return Variable(values, of)


class Specification(Model):
    """Variables, rules, and how many members each group has: `Alarm(people=3)`."""

    _variables: ClassVar[dict[str, Variable]] = {}

    def __init_subclass__(cls) -> None:
        own = {n: v for n, v in vars(cls).items() if isinstance(v, Variable)}
        cls._variables = {**cls._variables, **own}

    def __init__(self, **sizes: int):
        self.kinds = tuple(self._variables.values())
        groups = self.groups()
        if set(sizes) != set(groups):
            given = ", ".join(f"{group}=3" for group in groups)
            name = type(self).__name__
            raise Misuse(f"{name} is made by {name}({given}): say how many.")
        for group, size in sizes.items():
            if not isinstance(size, int) or size < 1:
                raise Misuse(f"{group}={size!r}: give a whole number, 1 or more.")
        self.slots: list[Slot] = []
        self.places: dict[str, int | range] = {}  # of each variable among the slots
        for group, size in sizes.items():
            setattr(self, group, range(size))
        for name, (values, of) in self._variables.items():
            at = len(self.slots)
            members = range(sizes[of]) if of else (None,)
            self.slots += [Slot(name, member, values) for member in members]
            self.places[name] = range(at, len(self.slots)) if of else at
        self._state: Any = namedtuple(type(self).__name__, self._variables)  # type: ignore[misc]
        self.remembered = [Remembered(self, *rule) for rule in self.rules()]

    @classmethod
    def groups(cls) -> tuple[str, ...]:
        """Who has variables of their own, in the order of these."""
        return tuple(dict.fromkeys(v.of for v in cls._variables.values() if v.of))

    def rules(self) -> Iterable[Rule]:
        """Each rule that there is, with the members that it is about."""
        raise NotImplementedError(f"{type(self).__name__}.rules: give the rules.")

    def initial(self) -> Iterable[State]:
        """One state: the first value of each variable."""
        return [self.state([slot.values[0] for slot in self.slots])]

    def next(self, state: Any) -> Iterator[tuple[Action, State]]:
        """What each rule makes of a state, if it happens."""
        values = self.values(state)
        for rule in self.remembered:
            if writes := rule.writes(values):
                after = list(values)
                for at, value in writes:
                    after[at] = value
                yield rule.action, self.state(after)

    def tell(self, action: Action) -> str:
        """`manager_prepares 2`, as words."""
        name, *members = action
        return " ".join([name.replace("_", " "), *map(str, members)])

    def label(self, state: Any) -> str:
        """What each variable is: `coordinator undecided, manager working prepared`."""
        return ", ".join(
            f"{name} {' '.join(map(plainly, value if kind.of else (value,)))}"
            for (name, kind), value in zip(self._variables.items(), state, strict=True)
        )

    def every_state(self) -> Iterator[State]:
        """All that the variables could be, reached or not."""
        return map(self.state, product(*(slot.values for slot in self.slots)))

    # ----------------------------------------------------------------- states and slots
    def state(self, values: Sequence[State]) -> State:
        """The state in which the slots have these values."""
        parts = (
            tuple(values[at.start : at.stop]) if isinstance(at, range) else values[at]
            for at in self.places.values()
        )
        return self._state._make(parts)

    def values(self, state: Any) -> list[State]:
        """What the slots hold in a state."""
        values: list[State] = []
        for value, at in zip(state, self.places.values(), strict=True):
            values += value if isinstance(at, range) else (value,)
        return values


def plainly(value: State) -> str:
    """A value of a variable in words: yes and no instead of True and False."""
    return ("no", "yes")[value] if isinstance(value, bool) else in_words(value)


class Remembered:
    """A function of a draft, asked once for all states that agree on what it reads."""

    def __init__(self, of: Specification, function: Any, *members: int):
        self.of, self.function, self.members = of, function, members
        self.action = (function.__name__, *members)
        self.reads: tuple[int, ...] = ()  # slots
        self.key: Any = lambda values: ()
        self.known: dict[Any, Writes] = {}

    def writes(self, values: Sequence[State]) -> Writes:
        """What it assigns where the slots have these values."""
        writes = self.known.get(self.key(values))
        if writes is None:
            draft, _ = self.asked(values)
            writes = tuple((at, draft._values[at]) for at in draft._written)
            self.known[self.key(values)] = writes
        return writes

    def asked(self, values: Sequence[State]) -> tuple[Draft, Any]:
        """The draft that the function has left, and what it returned.

        If it has read what it never read before, what is remembered is not told apart
        by that, and is forgotten.
        """
        draft = Draft(self.of, list(values))
        returned = self.function(draft, *self.members)
        if new := [at for at in draft._read if at not in self.reads]:
            self.reads = (*self.reads, *new)
            self.key = itemgetter(*self.reads)
            self.known.clear()
        return draft, returned


class Draft:
    """A state that a rule reads and changes; it knows what was read and written."""

    __slots__ = ("_of", "_read", "_values", "_written")
    _of: Specification
    _values: list[State]  # of the slots, also those that were written
    _read: dict[int, None]  # slots, in the order in which they were read first
    _written: dict[int, None]

    def __init__(self, of: Specification, values: list[State]):
        set_field = super().__setattr__
        set_field("_of", of)
        set_field("_values", values)
        set_field("_read", {})
        set_field("_written", {})

    def _place(self, name: str) -> int | range:
        if (at := self._of.places.get(name)) is None:
            known = did_you_mean(name, self._of.places)
            raise Misuse(f"{type(self._of).__name__} has no variable `{name}`.{known}")
        return at

    def __getattr__(self, name: str) -> Any:
        at = self._place(name)
        return Column(self, at) if isinstance(at, range) else self._value(at)

    def __getitem__(self, at: int) -> Any:
        """A variable by its place, as in the named tuple that a state is."""
        return getattr(self, list(self._of.places)[at])

    def __setattr__(self, name: str, value: State) -> None:
        at = self._place(name)
        if isinstance(at, range):
            raise Misuse(f"`{name}` is one of each of {len(at)}: assign `{name}[0]` …")
        self._assign(at, value)

    def _value(self, at: int) -> State:
        self._read[at] = None
        return self._values[at]

    def _assign(self, at: int, value: State) -> None:
        slot = self._of.slots[at]
        if value not in slot.values:
            those = ", ".join(map(repr, slot.values))
            raise Misuse(f"`{slot}` cannot be {value!r}: it is one of {those}.")
        self._values[at] = value
        self._written[at] = None


class Column(Sequence[Any]):
    """A variable that each member of a group has, inside a draft."""

    def __init__(self, draft: Draft, at: range):
        self._draft, self._at = draft, at

    def __len__(self) -> int:
        return len(self._at)

    def __getitem__(self, member: Any) -> Any:
        at = self._at[member]
        if isinstance(at, range):
            return tuple(self._draft._value(one) for one in at)
        return self._draft._value(at)

    def __eq__(self, other: object) -> bool:
        return tuple(self) == other

    def __setitem__(self, member: int, value: State) -> None:
        self._draft._assign(self._at[member], value)
