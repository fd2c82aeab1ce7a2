"""State machines: pure, deterministic, and beside ordinary mutable twins."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distlab.codec import from_json, to_json
from distlab.errors import Misuse
from distlab.history import Operation
from distlab.machine import (
    Bank,
    Counter,
    KeyValue,
    Lock,
    LogMachine,
    Machine,
    Queue,
    Register,
    Set,
    Stack,
    Text,
    Texts,
)
from distlab.node import Call

values = st.integers(0, 3)
keys = st.sampled_from(["b", "a", "", "z"])
names = st.sampled_from(["alice", "bob", "eve"])
accounts = (("bob", 5), ("alice", 10))


def calls(**commands):
    """Lists of calls of these commands with arguments from these strategies."""
    one = [
        st.tuples(*arguments).map(lambda args, name=name: Call(name, args))
        for name, arguments in commands.items()
    ]
    return st.lists(st.one_of(one), max_size=12)


class RegisterTwin:
    value = None

    def read(self):
        return self.value

    def write(self, value):
        self.value = value

    def cas(self, expected, value):
        if self.value != expected:
            return False
        self.value = value
        return True


class CounterTwin:
    value = 0

    def read(self):
        return self.value

    def add(self, amount):
        self.value += amount

    def next(self):
        self.value += 1
        return self.value


class KeyValueTwin(dict):
    def read(self, key):
        return self.get(key)

    def write(self, key, value):
        self[key] = value

    def delete(self, key):
        self.pop(key, None)

    def cas(self, key, expected, value):
        if self.get(key) != expected:
            return False
        self[key] = value
        return True


class Lists(dict):
    def read(self, key):
        return tuple(self[key]) if key in self else None

    def append(self, key, item):
        self.setdefault(key, []).append(item)
        return tuple(self[key])


class BankTwin(dict):
    def __init__(self):
        super().__init__(accounts)

    def read(self, account):
        return self.get(account)

    def transfer(self, src, dst, amount):
        if src == dst or src not in self or dst not in self:
            return False
        if amount < 0 or self[src] < amount:
            return False
        self[src] -= amount
        self[dst] += amount
        return True

    def total(self):
        return sum(self.values())


class QueueTwin(list):
    def enqueue(self, item):
        super().append(item)

    def dequeue(self):
        return self.pop(0) if self else None


class LogTwin(list):
    def append(self, entry):
        super().append(entry)
        return len(self)

    def read(self):
        return tuple(self)


class StackTwin(list):
    def push(self, item):
        super().append(item)

    def pop(self):
        return super().pop() if self else None


class TextTwin:
    text = ""

    def get(self):
        return self.text

    def put(self, text):
        self.text = text

    def append(self, text):
        self.text += text


class TextsTwin(dict):
    def get(self, key):
        return super().get(key, "")

    def put(self, key, text):
        self[key] = text

    def append(self, key, text):
        self[key] = self.get(key) + text


class SetTwin(set):
    def add(self, item):
        new = item not in self
        super().add(item)
        return new

    def remove(self, item):
        there = item in self
        self.discard(item)
        return there

    def contains(self, item):
        return item in self

    def read(self):
        return frozenset(self)


class LockTwin:
    last, holder = 0, None

    def acquire(self):
        if self.holder is not None:
            return None
        self.last += 1
        self.holder = self.last
        return self.holder

    def release(self, token):
        held = self.holds(token)
        if held:
            self.holder = None
        return held

    def holds(self, token):
        return self.holder == token


texts = st.sampled_from(["", "a", "bc"])
CASES = [
    (Register(), RegisterTwin, calls(read=(), write=(values,), cas=(values, values))),
    (Counter(), CounterTwin, calls(read=(), add=(st.integers(-3, 3),), next=())),
    (
        KeyValue(),
        KeyValueTwin,
        calls(
            read=(keys,),
            write=(keys, values),
            delete=(keys,),
            cas=(keys, values | st.none(), values),
        ),
    ),
    (KeyValue(), Lists, calls(read=(keys,), append=(keys, values))),
    (
        Bank(accounts),
        BankTwin,
        calls(read=(names,), transfer=(names, names, st.integers(-1, 8)), total=()),
    ),
    (Queue(), QueueTwin, calls(enqueue=(values,), dequeue=())),
    (LogMachine(), LogTwin, calls(append=(values,), read=())),
    (Stack(), StackTwin, calls(push=(values,), pop=())),
    (Text(), TextTwin, calls(get=(), put=(texts,), append=(texts,))),
    (
        Texts(),
        TextsTwin,
        calls(get=(keys,), put=(keys, texts), append=(keys, texts)),
    ),
    (
        Set(),
        SetTwin,
        calls(add=(values,), remove=(values,), contains=(values,), read=()),
    ),
    (Lock(), LockTwin, calls(acquire=(), release=(values,), holds=(values,))),
]
IDS = [f"{machine!r} {twin.__name__}" for machine, twin, _ in CASES]


@pytest.mark.parametrize(("machine", "twin", "commands"), CASES, ids=IDS)
@given(data=st.data())
def test_a_machine_does_what_its_mutable_twin_does(machine, twin, commands, data):
    twin, run = twin(), data.draw(commands)
    assert machine.run(*run) == tuple(getattr(twin, c.name)(*c.args) for c in run)


@pytest.mark.parametrize(("machine", "twin", "commands"), CASES, ids=IDS)
@given(data=st.data())
def test_a_command_leaves_the_state_that_it_is_given(machine, twin, commands, data):
    state = machine.initial
    for command in data.draw(commands):
        before = to_json(state)
        after, result = machine.apply(state, command)
        assert to_json(state) == before
        assert machine.apply(state, command) == (after, result)
        hash(after)
        assert from_json(to_json(after)) == after
        state = after


@given(st.permutations([("a", 1), ("b", 2), ("c", 3)]))
def test_equal_contents_are_equal_states(writes):
    machine, state = KeyValue(), ()
    for key, value in writes:
        state, _ = machine.apply(state, Call("write", (key, value)))
    assert state == (("a", 1), ("b", 2), ("c", 3))


@given(data=st.data())
def test_no_transfer_changes_the_total_or_overdraws(data):
    machine, _, commands = CASES[4]
    state = machine.initial
    for command in data.draw(commands):
        state, _ = machine.apply(state, command)
        assert sum(balance for _, balance in state) == 15
        assert all(balance >= 0 for _, balance in state)


# --------------------------------------------------------------- what judges are told
@pytest.mark.parametrize(("machine", "twin", "commands"), CASES, ids=IDS)
@settings(max_examples=30)
@given(data=st.data())
def test_what_only_looks_leaves_the_state(machine, twin, commands, data):
    state = machine.initial
    for command in data.draw(commands):
        after, result = machine.apply(state, command)
        assert after == state or not machine.only_looks(command.name, result)
        state = after


@pytest.mark.parametrize(("machine", "twin", "commands"), CASES, ids=IDS)
@settings(max_examples=30)
@given(data=st.data())
def test_what_overwrites_leaves_nothing_of_the_state_before(
    machine, twin, commands, data
):
    """The same command leaves the same, whatever was there."""
    state, left = machine.initial, {}
    for command in data.draw(commands):
        state, result = machine.apply(state, command)
        if machine.overwrites(command.name, result):
            assert left.setdefault(command, state) == state


@pytest.mark.parametrize("machine", [KeyValue(), Texts(), Set()])
@settings(max_examples=30)
@given(data=st.data())
def test_a_part_does_what_the_whole_does(machine, data):
    """A command of the part is the whole's without the key."""
    part = machine.part
    commands = next(c for m, _, c in CASES if type(m) is type(machine))
    state, parts = machine.initial, {}
    for command in data.draw(commands):
        state, result = machine.apply(state, command)
        if command.name in part.commands:
            key, *others = command.args
            known = parts.get(key, part.initial)
            parts[key], same = part.apply(known, Call(command.name, tuple(others)))
            assert same == result


def test_an_operation_of_a_history_is_a_command():
    op = Operation("c1", "write", ("x", 1), 0)
    assert KeyValue().apply((), Call(op.f, op.args)) == ((("x", 1),), None)


@pytest.mark.parametrize("name", ["wrte", "apply", "initial", "run", "_x", "commands"])
def test_only_its_commands_can_be_applied(name):
    with pytest.raises(Misuse, match=f"Register has no command `{name}`"):
        Register().apply(None, Call(name))


def test_the_command_that_was_meant_is_named():
    with pytest.raises(Misuse, match="Did you mean `write`"):
        Register().apply(None, Call("wrte", (1,)))


def test_a_machine_knows_its_commands_and_those_of_its_base():
    class Doubling(Counter):
        def double(self, state):
            return 2 * state, None

    assert Doubling.commands == {"read", "add", "next", "double"}
    assert Bank.commands == {"read", "transfer", "total"}
    assert Counter.commands == {"read", "add", "next"}
    assert Doubling().run(Call("add", (3,)), Call("double"), Call("read"))[-1] == 6


def test_machines_are_values():
    assert Bank(accounts) == Bank(accounts) != Bank(())
    assert Register() == Register()
    assert isinstance(Register(), Machine)
