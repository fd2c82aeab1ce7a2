"""Deterministic state machines to replicate: the same commands, the same states.

A machine is a set of pure functions, one for each command, from a state and arguments
to a new state and a result. States are values: they can be compared, hashed and sent.
The same machines are replicated by consensus and judge histories: a command is a
`Call`, and so is an operation of a history.

    >>> register = Register()
    >>> register.run(Call("write", (1,)), Call("cas", (1, 2)), Call("read"))
    (None, True, 2)

Source
    Schneider, "Implementing Fault-Tolerant Services Using the State Machine Approach",
    ACM Computing Surveys 22(4), 1990, section 2.
"""

# ruff: noqa: D102 – what the commands do is told once, by their machine
from __future__ import annotations

from bisect import bisect_left
from typing import Any, ClassVar

from distlab.errors import Misuse, did_you_mean
from distlab.events import Call
from distlab.state import Log
from distlab.value import Value

State = Any
Step = tuple[State, Any]  # the state after a command, and its result


class Machine(Value):
    """A deterministic state machine; its public methods are its commands.

    Subclass it: give `initial` and write `name(self, state, *arguments)` for each
    command, which returns the new state and the result, and leaves `state` as it was.
    What else a judge can use has a safe default: `part`, `overwrites`, `only_looks`,
    `tells`, `item`.
    """

    commands: ClassVar[frozenset[str]] = frozenset()
    part: ClassVar[Machine | None] = None
    """Of a machine made of parts, of which a command's first argument names one and
    touches no other: the machine of one part, whose commands take the other arguments.
    A command that this one lacks touches them all."""

    def __init_subclass__(cls) -> None:
        own = {n for n in vars(cls) if not (n.startswith("_") or hasattr(Machine, n))}
        cls.commands = cls.commands | own - set(cls.__annotations__)

    @property
    def initial(self) -> State:
        """The state before any command."""
        return None

    def apply(self, state: State, command: Call) -> Step:
        """The state after one command, and its result.

        Raises `Misuse` for a command that the machine does not have.
        """
        if command.name not in self.commands:
            raise Misuse(
                f"{type(self).__name__} has no command `{command.name}`."
                f"{did_you_mean(command.name, self.commands)}"
            )
        step: Step = getattr(self, command.name)(state, *command.args)
        return step

    def only_looks(self, name: str, result: Any) -> bool:
        """Whether a command that gives this result leaves every state as it was."""
        return False

    def overwrites(self, name: str, result: Any) -> bool:
        """Whether one that gives this result leaves nothing of the state before it."""
        return False

    def tells(self, name: str, result: Any) -> bool:
        """Whether this result is one that the machine gives.

        A store may acknowledge a write with a position, of which no register knows.
        """
        return True

    def item(self, command: Call, result: Any) -> Any:
        """Of a container: the item that went in or out, or that was looked for."""
        return None

    def run(self, *commands: Call) -> tuple[Any, ...]:
        """The results of commands from the initial state on."""
        state, results = self.initial, []
        for command in commands:
            state, result = self.apply(state, command)
            results.append(result)
        return tuple(results)


class Register(Machine):
    """One cell: `read`, `write`, and `cas`, which writes only over what it expects."""

    def read(self, state: State) -> Step:
        return state, state

    def write(self, state: State, value: Any) -> Step:
        return value, None

    def cas(self, state: State, expected: Any, value: Any) -> Step:
        return (value, True) if state == expected else (state, False)

    def only_looks(self, name: str, result: Any) -> bool:
        return name == "read" or (name == "cas" and result is False)

    def overwrites(self, name: str, result: Any) -> bool:
        return name == "write" or (name == "cas" and result is True)

    def tells(self, name: str, result: Any) -> bool:
        return name != "write"


class Cell(Register):
    """One cell of a `KeyValue`: a register, with `delete`, and `append` to a tuple."""

    def delete(self, state: State) -> Step:
        return None, None

    def append(self, state: State, item: Any) -> Step:
        items = (*(state or ()), item)
        return items, items

    def overwrites(self, name: str, result: Any) -> bool:
        return name == "delete" or super().overwrites(name, result)

    def tells(self, name: str, result: Any) -> bool:
        return name not in ("write", "delete")


class Counter(Machine):
    """A number: `read`, `add`, and `next`, which adds 1 and gives the new number."""

    @property
    def initial(self) -> State:
        return 0

    def read(self, state: State) -> Step:
        return state, state

    def add(self, state: State, amount: int) -> Step:
        return state + amount, None

    def next(self, state: State) -> Step:
        return state + 1, state + 1

    def only_looks(self, name: str, result: Any) -> bool:
        return name == "read"

    def tells(self, name: str, result: Any) -> bool:
        return name != "add"


class KeyValue(Machine):
    """Cells by key: `read`, `write`, `delete`, `cas`, and `append` to a tuple.

    The state is a tuple of pairs in the order of the keys: equal content, equal states.
    """

    part = Cell()

    @property
    def initial(self) -> State:
        return ()

    def read(self, state: State, key: str) -> Step:
        return state, _get(state, key)

    def write(self, state: State, key: str, value: Any) -> Step:
        return _put(state, key, value), None

    def delete(self, state: State, key: str) -> Step:
        return tuple(pair for pair in state if pair[0] != key), None

    def cas(self, state: State, key: str, expected: Any, value: Any) -> Step:
        if _get(state, key) != expected:
            return state, False
        return _put(state, key, value), True

    def append(self, state: State, key: str, item: Any) -> Step:
        items = (*(_get(state, key) or ()), item)
        return _put(state, key, items), items

    def only_looks(self, name: str, result: Any) -> bool:
        return self.part.only_looks(name, result)

    def tells(self, name: str, result: Any) -> bool:
        return self.part.tells(name, result)


class Text(Machine):
    """One text: `get` it, `put` another in its place, `append` to its end."""

    @property
    def initial(self) -> State:
        return ""

    def get(self, state: State) -> Step:
        return state, state

    def put(self, state: State, text: str) -> Step:
        return text, None

    def append(self, state: State, text: str) -> Step:
        return state + text, None

    def only_looks(self, name: str, result: Any) -> bool:
        return name == "get"

    def overwrites(self, name: str, result: Any) -> bool:
        return name == "put"

    def tells(self, name: str, result: Any) -> bool:
        return name == "get"


class Texts(Machine):
    """Texts by key: `get`, `put`, and `append`; each of them is empty at first."""

    part = Text()

    @property
    def initial(self) -> State:
        return ()

    def get(self, state: State, key: str) -> Step:
        return state, _get(state, key) or ""

    def put(self, state: State, key: str, text: str) -> Step:
        return _put(state, key, text), None

    def append(self, state: State, key: str, text: str) -> Step:
        return _put(state, key, (_get(state, key) or "") + text), None

    def only_looks(self, name: str, result: Any) -> bool:
        return self.part.only_looks(name, result)

    def tells(self, name: str, result: Any) -> bool:
        return self.part.tells(name, result)


class Bank(Machine):
    """Accounts: `read` a balance, `transfer` what is there, sum up the `total`.

    A transfer that would overdraw an account, or that an account lacks, is refused; so
    the total never changes.
    """

    accounts: tuple[tuple[str, int], ...]

    @property
    def initial(self) -> State:
        return tuple(sorted(self.accounts))

    def read(self, state: State, account: str) -> Step:
        return state, _get(state, account)

    def transfer(self, state: State, src: str, dst: str, amount: int) -> Step:
        there, after = _get(state, src), _get(state, dst)
        if there is None or after is None or not 0 <= amount <= there or src == dst:
            return state, False
        return _put(_put(state, src, there - amount), dst, after + amount), True

    def total(self, state: State) -> Step:
        return state, sum(balance for _, balance in state)

    def only_looks(self, name: str, result: Any) -> bool:
        return name != "transfer" or result is False


class Queue(Machine):
    """First in, first out: `enqueue`, and `dequeue`, None from an empty one."""

    @property
    def initial(self) -> State:
        return ()

    def enqueue(self, state: State, item: Any) -> Step:
        return (*state, item), None

    def dequeue(self, state: State) -> Step:
        return (state[1:], state[0]) if state else (state, None)

    def only_looks(self, name: str, result: Any) -> bool:
        return name == "dequeue" and result is None

    def tells(self, name: str, result: Any) -> bool:
        return name == "dequeue"

    def item(self, command: Call, result: Any) -> Any:
        return command.args[0] if command.name == "enqueue" else result


class Stack(Machine):
    """Last in, first out: `push`, and `pop`, None from an empty one."""

    @property
    def initial(self) -> State:
        return ()

    def push(self, state: State, item: Any) -> Step:
        return (*state, item), None

    def pop(self, state: State) -> Step:
        return (state[:-1], state[-1]) if state else (state, None)

    def only_looks(self, name: str, result: Any) -> bool:
        return name == "pop" and result is None

    def tells(self, name: str, result: Any) -> bool:
        return name == "pop"

    def item(self, command: Call, result: Any) -> Any:
        return command.args[0] if command.name == "push" else result


class Membership(Machine):
    """Whether one item is in a set: `add` it, `remove` it, ask for it: `contains`."""

    @property
    def initial(self) -> State:
        return False

    def add(self, state: State) -> Step:
        return True, not state

    def remove(self, state: State) -> Step:
        return False, state

    def contains(self, state: State) -> Step:
        return state, state

    def only_looks(self, name: str, result: Any) -> bool:
        return name == "contains" or result is False

    def overwrites(self, name: str, result: Any) -> bool:
        return name in ("add", "remove")

    def tells(self, name: str, result: Any) -> bool:
        return result is not None


class Set(Machine):
    """A set: `add` tells whether it was new, `remove` whether it was there.

    `contains` asks for one item, `read` gives all of them. Where a history does not
    tell what was answered (None), any answer will do.
    """

    part = Membership()

    @property
    def initial(self) -> State:
        return frozenset()

    def add(self, state: State, item: Any) -> Step:
        return state | {item}, item not in state

    def remove(self, state: State, item: Any) -> Step:
        return state - {item}, item in state

    def contains(self, state: State, item: Any) -> Step:
        return state, item in state

    def read(self, state: State) -> Step:
        return state, state

    def only_looks(self, name: str, result: Any) -> bool:
        return name == "read" or self.part.only_looks(name, result)

    def tells(self, name: str, result: Any) -> bool:
        return self.part.tells(name, result)


class Lock(Machine):
    """A lock with fencing tokens: `acquire` gives one, greater than all before it.

    It gives None while the lock is held. `release` takes the token and tells whether it
    was the holder's; `holds` asks just that. The state is the last token, negative when
    the lock is free.
    """

    @property
    def initial(self) -> State:
        return 0

    def acquire(self, state: State) -> Step:
        return (state, None) if state > 0 else (1 - state, 1 - state)

    def release(self, state: State, token: int) -> Step:
        return (-state, True) if 0 < state == token else (state, False)

    def holds(self, state: State, token: int) -> Step:
        return state, 0 < state == token

    def only_looks(self, name: str, result: Any) -> bool:
        return name == "holds" or result is (None if name == "acquire" else False)


class Mutex(Machine):
    """A lock without tokens: `acquire` and `release` tell whether they did so.

    Anybody may release it: it does not know its holder. That is what tokens are for.
    """

    @property
    def initial(self) -> State:
        return False

    def acquire(self, state: State) -> Step:
        return True, not state

    def release(self, state: State) -> Step:
        return False, state

    def only_looks(self, name: str, result: Any) -> bool:
        return result is False


class LogMachine(Machine):
    """A log: `append` gives the index of the new entry, from 1; `read` all entries."""

    @property
    def initial(self) -> State:
        return Log()

    def append(self, state: State, entry: Any) -> Step:
        state = state.append(entry)
        return state, state.last_index

    def read(self, state: State) -> Step:
        return state, tuple(state)

    def only_looks(self, name: str, result: Any) -> bool:
        return name == "read"


# ----------------------------------------------------- a map as a tuple of sorted pairs
def _get(state: State, key: str) -> Any:
    at = bisect_left(state, key, key=_key)
    return state[at][1] if at < len(state) and state[at][0] == key else None


def _put(state: State, key: str, value: Any) -> State:
    at = bisect_left(state, key, key=_key)
    there = at < len(state) and state[at][0] == key
    return (*state[:at], (key, value), *state[at + there :])


def _key(pair: tuple[str, Any]) -> str:
    return pair[0]
