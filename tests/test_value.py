"""Values: frozen, compared by their fields, and nothing in them can change."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from enum import Enum
from typing import ClassVar

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distlab.errors import Misuse
from distlab.node import Log, Message, mint
from distlab.value import Value


class Colour(Enum):
    RED = 1


@dataclasses.dataclass(frozen=True)
class Point:
    x: int


@dataclasses.dataclass
class Loose:
    x: int


class Pair(Value):
    left: object
    right: object = None


class Append(Message):
    term: int


class Longer(Append):
    entries: tuple = ()


def test_equal_fields_are_equal_values_with_equal_hashes():
    assert Pair(1, "x") == Pair(1, "x")
    assert hash(Pair(1, "x")) == hash(Pair(1, "x"))
    assert Pair(1, "x") != Pair(1, "y")


def test_values_of_two_classes_are_never_equal():
    class Other(Value):
        left: object
        right: object = None

    assert Pair(1, 2) != Other(1, 2)
    assert Append(1) != Longer(1)


def test_a_value_prints_as_it_is_written():
    assert repr(Pair(1, right="x")) == "Pair(left=1, right='x')"


def test_a_value_matches_a_pattern_by_position():
    match Pair(1, 2):
        case Pair(left, right):
            assert (left, right) == (1, 2)


def test_no_field_can_be_set_and_no_attribute_added():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Pair(1).left = 2
    with pytest.raises(AttributeError):
        Pair(1).other = 2


@pytest.mark.parametrize(
    ("changeable", "sentence"),
    [
        ([1], "holds a list, and a value never changes: use a tuple."),
        ({1: 2}, "holds a dict, .* use a tuple of pairs."),
        ({1}, "holds a set, .* use a frozenset."),
        (bytearray(b"x"), "holds a bytearray, .* use bytes."),
        (Loose(1), "holds a Loose, which may change: use numbers, text, tuples"),
        (object(), "holds a object, which may change"),
        (numpy.int64(1), r"holds a numpy int64: use the plain number, `x.item\(\)`."),
        (numpy.float64(1), r"holds a numpy float64: use the plain number"),
        (numpy.zeros(2), r"holds a numpy ndarray: .* `tuple\(x.tolist\(\)\)`."),
        (lambda: 0, "holds a function, which may change"),
    ],
)
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (1, (x,))])
def test_what_may_change_is_refused_at_any_depth(changeable, sentence, wrap):
    with pytest.raises(Misuse, match=f"^Pair.left {sentence}"):
        Pair(wrap(changeable))


@pytest.mark.parametrize(
    "fixed",
    [
        1,
        "x",
        b"x",
        1.5,
        True,
        None,
        (1, ("x",)),
        frozenset({1, (2, 3)}),
        Colour.RED,
        Point(1),
        Append(3),
        Log(1, 2),
        Append,
        mint("a", Append(1)),
    ],
    ids=repr,
)
def test_what_cannot_change_is_taken(fixed):
    assert Pair(fixed).left == fixed


def test_a_default_that_may_change_is_refused_when_the_class_is_written():
    with pytest.raises(Misuse, match=r"Bad.xs holds a list"):

        class Bad(Value):
            xs: list = []


def test_a_field_without_a_default_after_one_with_one_is_refused():
    with pytest.raises(Misuse, match=r"Bad.b has no default and follows a field that"):

        class Bad(Value):
            a: int = 0
            b: int


def test_a_subclass_has_the_fields_of_its_base_first():
    assert Longer(3, (1,)) == Longer(term=3, entries=(1,))
    assert Longer(3).entries == ()


def test_a_subclass_may_give_a_field_another_default():
    class Later(Append):
        term: int = 7

    assert Later().term == 7


def test_a_class_variable_is_no_field():
    class Counted(Value):
        kinds: ClassVar[int] = 3
        n: int

    assert Counted(1) == Counted(n=1)
    assert Counted.kinds == 3


def test_annotations_need_not_be_text():
    namespace = {"Value": Value, "ClassVar": ClassVar, "__name__": __name__}
    exec("class V(Value):\n n: int\n kinds: ClassVar[int] = 3", namespace)
    assert namespace["V"](1).n == 1


def test_a_wrong_call_names_the_class():
    with pytest.raises(TypeError, match=r"Append.__init__\(\) missing 1 .* 'term'"):
        Append()


def test_a_value_may_check_its_own_fields():
    class Even(Value):
        n: int

        def __init__(self, n):
            object.__setattr__(self, "n", n - n % 2)

    assert Even(3).n == 2


@given(st.integers(), st.tuples(st.text(), st.floats(allow_nan=False)))
def test_values_survive_pickling_copying_and_replacing(left, right):
    pair = Pair(left, right)
    assert pickle.loads(pickle.dumps(pair)) == pair
    assert copy.deepcopy(pair) == pair
    assert dataclasses.replace(pair, left=0) == Pair(0, right)
