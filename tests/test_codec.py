"""The codec: what is written is read back, equal, anywhere; strangers get nowhere."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import dataclass
from enum import Enum, IntEnum
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols.election import RaftElection, Role
from protocols.pingpong import Ping, PingPong

from distlab import codec, faults
from distlab.clocks import mutex
from distlab.codec import DEPTH_MAX, from_json, from_json_lines, size_bytes, to_json
from distlab.errors import Misuse
from distlab.history import Operation
from distlab.node import (
    Call,
    Deliver,
    DiskReport,
    End,
    Inner,
    Log,
    Message,
    Note,
    Record,
    Recover,
    Send,
    SetTimer,
    Signed,
    Timer,
    mint,
)
from distlab.trace import Step


class Request(Message):
    """Of the same name as the mutex's, on purpose."""

    ts: int


class Anything(Message):
    what: object
    more: tuple = ()


class Alarm(Timer):
    slot: int


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Ballot(NamedTuple):
    number: int
    node: str = ""


class Outer:
    class Place(NamedTuple):
        x: int

    class Mood(Enum):
        GOOD = 1


@dataclass(frozen=True)
class Point:
    x: float


class Pending(Record):
    op: str
    replies: dict = {}


# ------------------------------------------------------------------------- round trips
atoms = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.sampled_from([*Role, *Level, PingPong, Ping, Pending])
)
hashable = st.recursive(
    atoms,
    lambda x: (
        st.lists(x, max_size=3).map(tuple)
        | st.frozensets(x, max_size=3)
        | st.builds(Anything, x, st.lists(x, max_size=2).map(tuple))
        | st.builds(Ballot, x, x)
        | st.builds(Point, x)
        | st.lists(x, max_size=3).map(lambda entries: Log(*entries))
        | st.builds(mint, st.text(max_size=2), st.builds(Anything, x))
    ),
    max_leaves=6,
)
values = st.recursive(
    hashable,
    lambda x: (
        st.lists(x, max_size=3)
        | st.dictionaries(hashable, x, max_size=3)
        | st.dictionaries(st.text(max_size=3), x, max_size=3)
        | st.dictionaries(st.sampled_from(["$", "$list", "$$"]), x, max_size=2)
        | st.sets(hashable, max_size=3)
        | st.builds(Pending, st.text(max_size=2), st.dictionaries(hashable, x))
    ),
    max_leaves=6,
)


def alike(one, other) -> bool:
    """A slow, strict twin of equality: 1 is not True, 1.0 not 1, a tuple not a list."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        pairs = zip(one.items(), other.items(), strict=True)
        return len(one) == len(other) and all(
            alike(a, c) and alike(b, d) for (a, b), (c, d) in pairs
        )
    if isinstance(one, (set, frozenset)):
        return one == other
    if isinstance(one, (list, tuple, Log)):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, float):
        return repr(one) == repr(other)
    return one == other


@given(values)
def test_what_is_written_is_read_back(value):
    assert alike(from_json(to_json(value)), value)


@given(values)
def test_writing_what_was_read_gives_the_same_text(value):
    text = to_json(value)
    assert to_json(from_json(text)) == text
    assert "\n" not in text
    assert text.isascii()


@given(st.sets(hashable, max_size=5), st.randoms())
def test_the_members_of_a_set_are_written_in_one_order(members, rng):
    shuffled = list(members)
    rng.shuffle(shuffled)
    assert to_json(set(shuffled)) == to_json(members)


def test_a_dict_keeps_its_order():
    assert list(from_json(to_json({"b": 1, "a": 2}))) == ["b", "a"]
    assert list(from_json(to_json({3: 1, 1: 2}))) == [3, 1]


def test_not_a_number_is_read_back():
    assert math.isnan(from_json(to_json(float("nan"))))


EACH = [
    Send("b", Ping(1)),
    SetTimer(Alarm(3), (1.5, 2)),
    End(Call("write", ("x", 1)), "info", None),
    Note("split vote", dropped=True),
    Deliver("a", Inner("election", mint("c", Ping(1)))),
    Recover(DiskReport(lost=1, corrupted=("log",))),
    Call("cas", ("x", None, 2)),
    faults.Split((("a",), ("b", "c")), at_ms=1.5),
    faults.Byzantine("a", PingPong),
    faults.Assumes(f="minority"),
    Step(5, "send", "a", "b", Ping(1), "", 3),
    Operation("c1", "read", ("x",), 3, "ok", 4, 5),
    mutex.Request(mutex.Stamp(7, "a")),
]


@pytest.mark.parametrize("value", EACH, ids=lambda v: type(v).__name__)
def test_all_of_the_vocabulary_can_be_written(value):
    assert alike(from_json(to_json(value)), value)


def test_the_state_of_a_node_can_be_written_and_loaded():
    node, twin = RaftElection("a", "abc"), RaftElection("a", "abc")
    node.votes.add("b")
    node.role = Role.CANDIDATE
    twin.load(from_json(to_json(node.state())))
    assert twin.fingerprint() == node.fingerprint()


def test_two_protocols_may_have_messages_of_one_name():
    ours, theirs = Request(1), mutex.Request(mutex.Stamp(1, "a"))
    assert to_json(ours) != to_json(theirs)
    assert type(from_json(to_json(ours))) is Request
    assert type(from_json(to_json(theirs))) is mutex.Request


def test_the_text_can_be_read_by_people():
    assert to_json(Send("b", mutex.Request(mutex.Stamp(7, "a")))) == (
        '{"$":"events.Send","dst":"b","msg":{"$":"clocks.mutex.Request",'
        '"ts":{"$":"clocks.mutex.Stamp","clock":7,"node":"a"}}}'
    )


@given(st.text())
def test_the_size_of_a_message_is_that_of_its_text(text):
    message = Anything(text)
    assert size_bytes(message) == len(to_json(message).encode())


def test_a_field_that_came_later_has_its_default():
    text = to_json(Anything(1)).replace(',"more":[]', "")
    assert from_json(text) == Anything(1)


# ------------------------------------------------------------ the same text everywhere
SCRIPT = """
from distlab.codec import to_json
from distlab.faults import Crash, Loss
from distlab.history import History, Operation
from distlab.node import Message, Value
from distlab.trace import Step, Trace
class M(Message):
    names: object
words = [f"word{i}" for i in range(50)]
print(to_json([set(words), frozenset(words), M(frozenset(map(tuple, words)))]))
print(to_json({frozenset(words[:9]): {Crash, Loss}, M(1): {M(i) for i in range(9)}}))
told = M(frozenset(words))
print(Trace([Step(1, "state", "a", what=(("seen", set(words)),))], ["a"], 7).digest())
print(History([Operation("c1", "write", ("x", told), 0, "ok", {told, 1}, 5)]).digest())
"""


def test_the_text_does_not_depend_on_the_hash_seed():
    texts = set()
    for seed in ("1", "2", "3"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(codec.__file__).parent.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        texts.add(run.stdout)
    (text,) = texts
    assert text.count("\n") == 4


# -------------------------------------------------------------- what cannot be written
class Loose:
    pass


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (Loose(), "a Loose cannot be written as JSON: use numbers, text, tuples"),
        ([1, (Loose(),)], "a Loose cannot be written"),
        (lambda: 0, "a function cannot be written"),
        (PingPong("a"), "of a node, its `state"),
        (int, "the class builtins.int cannot be found by its name"),
        (10**5000, "cannot be written as JSON"),
    ],
    ids=["object", "inside", "function", "node", "class", "number"],
)
def test_what_is_not_known_is_refused(value, sentence):
    with pytest.raises(Misuse, match=sentence):
        to_json(value)


def test_what_holds_itself_is_refused():
    circle: list = []
    circle.append(circle)
    with pytest.raises(Misuse, match="holds itself or is too deep"):
        to_json(circle)


def test_a_named_tuple_or_enum_that_nobody_could_find_again_is_refused():
    class Here(NamedTuple):
        x: int

    class Mood(Enum):
        GOOD = 1

    for value in (Here(1), Mood.GOOD):
        with pytest.raises(Misuse, match="cannot be found by its name: derive it from"):
            to_json(value)


def test_a_named_tuple_or_enum_inside_a_class_is_found():
    for value in (Outer.Place(1), Outer.Mood.GOOD):
        assert alike(from_json(to_json(value)), value)


def test_a_value_defined_in_a_function_can_be_found():
    class Here(Message):
        x: int

    assert from_json(to_json(Here(1))) == Here(1)


def test_the_newest_class_of_a_name_is_found():
    """A learner runs a cell again: the class is another one of the same name."""

    def define():
        class Cell(Message):
            x: int

        return Cell

    old, new = define(), define()
    assert from_json(to_json(old(1))) == new(1) != old(1)


# ---------------------------------------------------------------------- hostile readers
HOSTILE = [
    ('{"$":"os.stat_result"}', "no class of a protocol has the name 'os.stat_result'"),
    ('{"$":"subprocess.Popen","args":"ls"}', "no class of a protocol"),
    ('{"$":"builtins.eval"}', "no class of a protocol"),
    ('{"$":"distlab.errors.Misuse"}', "no class of a protocol"),
    ('{"$":"errors.Misuse"}', "no class of a protocol"),
    ('{"$enum":["socket.AddressFamily","AF_INET"]}', "no class of a protocol"),
    ('{"$enum":["dataclasses._FIELD_BASE","x"]}', "no class of a protocol"),
    ('{"$enum":["faults.Crash","node"]}', "faults.Crash has no member 'node'"),
    ('{"$enum":["protocols.election.Role","__class__"]}', "has no member '__class__'"),
    ('{"$enum":["protocols.election.Role"]}', "cannot be read"),
    ('{"$class":"builtins.int"}', "no class of a protocol"),
    ('{"$class":"os"}', "no class of a protocol"),
    ('{"$class":["faults.Crash"]}', "needs text"),
    ('{"$":"node.Node"}', "node.Node has no fields"),
    ('{"$":"protocols.pingpong.PingPong","id":"a"}', "has no fields"),
    ('{"$":"protocols.pingpong.Ping"}', "Ping cannot be made: .* missing 1 required"),
    ('{"$":"protocols.pingpong.Ping","m":1}', "unexpected keyword argument 'm'"),
    ('{"$":"protocols.pingpong.Ping","n":{"$list":[]}}', "Ping.n holds a list"),
    ('{"$":"protocols.pingpong.Ping","n":{"x":1}}', "Ping.n holds a dict"),
    ('{"$":"protocols.pingpong.Ping","n":1,"n":2}', "a key occurs twice"),
    ('{"$":["x"]}', "no class of a protocol"),
    ('{"$":{"$":"x"}}', "no class of a protocol"),
    ('{"$":"' + "a." * 500 + '"}', "no class of a protocol"),
    ('{"$":"events.Signed","signer":"a"}', "Signed cannot be made"),
    ('{"$":"events.Signed","signer":1,"msg":2}', "a signature has the name of a node"),
    ('{"$":"state.Log"}', "no class of a protocol has the name"),
    ('{"$log":[{"$list":[]}]}', "Log.entry holds a list"),
    ('{"$list":3}', "needs an array"),
    ('{"$list":[],"$set":[]}', "nothing is written as"),
    ('{"$lisst":[]}', r"nothing is written as '\$lisst': it is \$list"),
    ('{"$set":[{"$list":[]}]}', "unhashable"),
    ('{"$dict":[[{"$list":[]},1]]}', "unhashable"),
    ('{"$dict":["ab"]}', "holds pairs"),
    ('{"$dict":[[1,2,3]]}', "holds pairs"),
    ('{"$bytes":"xyz"}', "cannot be read"),
    ('{"$float":"1e5"}', "cannot be read"),
    ("NaN", "this is not JSON"),
    ("[1,2", "this is not JSON"),
    ("", "this is not JSON"),
    ("9" * 5000, "this is not JSON"),
    ("[" * 100_000, "too deep"),
    ("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1), "too deep"),
    ('{"a":' * 100 + "1" + "}" * 100, "too deep"),
    ('{"$list":[' * 100 + "]}" * 100, "too deep"),
]


@pytest.mark.parametrize(("text", "sentence"), HOSTILE, ids=lambda x: x[:40])
def test_hostile_text_gets_a_sentence(text, sentence):
    with pytest.raises(Misuse, match=sentence):
        from_json(text)


def test_what_is_just_deep_enough_is_read():
    assert from_json("[" * DEPTH_MAX + "]" * DEPTH_MAX) is not None


def test_too_much_text_is_not_even_looked_at():
    with pytest.raises(Misuse, match="11 bytes are too many: at most 10 are read"):
        from_json(" " * 11, size_max=10)
    assert from_json(" " * 9 + "1", size_max=10) == 1


ALIKE = ",".join(str(k * (2**61 - 1)) for k in range(1, 1000))  # one hash for all


@pytest.mark.parametrize(
    "text",
    [
        f'{{"$set":[{ALIKE}]}}',
        f'{{"$frozenset":[[{ALIKE.replace(",", "],[")}]]}}',
        f'{{"$dict":[[{ALIKE.replace(",", ",0],[")},0]]}}',
    ],
    ids=["numbers", "tuples", "keys"],
)
def test_members_made_to_collide_are_refused(text):
    """Half a megabyte of them would keep the reader busy for eight seconds."""
    with pytest.raises(Misuse, match="999 members of a set or dict have the same hash"):
        from_json(text)


def test_large_sets_are_read():
    large = set(range(5000)), {(str(i), i): i for i in range(5000)}
    assert from_json(to_json(large)) == large


def test_reading_imports_nothing():
    name = "antigravity"
    assert name not in sys.modules
    with pytest.raises(Misuse):
        from_json(f'{{"$":"{name}.Fly"}}')
    assert name not in sys.modules


def test_a_reader_decides_which_signatures_it_believes():
    text = to_json(mint("b", Ping(1)))
    assert from_json(text) == mint("b", Ping(1))
    seen = {mint("b", Ping(2))}

    def believe(signer: str, msg: Message) -> Signed:
        if mint(signer, msg) not in seen:
            raise Misuse(f"{signer} never signed {msg}.")
        return mint(signer, msg)

    with pytest.raises(Misuse, match=r"b never signed Ping\(n=1\)"):
        from_json(text, sign=believe)
    assert from_json(to_json([mint("b", Ping(2))]), sign=believe) == [*seen]


tokens = st.sampled_from([*(t for t, _ in HOSTILE if len(t) < 99), "1", '"x"', "[]"])


@given(st.recursive(tokens, lambda x: st.lists(x, max_size=3).map(lambda v: f"[{v}]")))
def test_whatever_comes_is_a_value_or_a_misuse(text):
    try:
        value = from_json(text)
    except Misuse:
        return
    assert alike(from_json(to_json(value)), value)


@given(values, st.data())
def test_damaged_text_is_a_value_or_a_misuse(value, data):
    text = to_json(value)
    at = data.draw(st.integers(0, len(text)))
    put = data.draw(st.sampled_from(["", '"', "{", "]", "$", "1", ":", "\\", "null"]))
    try:
        read = from_json(text[:at] + put + text[at + 1 :])
    except Misuse:
        return
    json.loads(to_json(read))


def test_a_wrong_line_is_named():
    assert from_json_lines("1\n\n[2]\n") == [1, (2,)]
    with pytest.raises(Misuse, match="line 3: this is not JSON"):
        from_json_lines("1\n2\n{\n4")


def test_text_with_odd_line_ends_is_one_line():
    value = "a\u2028b\r\n\x0b"
    assert from_json_lines(to_json(value) + "\n" + to_json(value)) == [value, value]
