"""Answers that are data are read; nothing in them is executed."""

import pytest

from distlab.events import Call
from distlab.faults import Crash, Heal, Loss, Split
from distlab.grade.collect import collect
from distlab.grade.literal import NotLiteral, literal


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('(Crash("s1", at_ms=500), Heal(900))', (Crash("s1", 500), Heal(900))),
        (
            '(Split((("s1",), ("s2", "s3")), at_ms=5),)',
            (Split((("s1",), ("s2", "s3")), 5),),
        ),
        ("(Loss(rate=2 / 10),)", (Loss(0.2),)),
        ('{"c1": (Call("read", ("x",)),)}', {"c1": (Call("read", ("x",)),)}),
        ("[1, 2.5, -3, 'x', None, True]", [1, 2.5, -3, "x", None, True]),
        ("{1, 2}", frozenset({1, 2})),
    ],
)
def test_what_looks_like_a_call_is_read_as_a_value(notebook, source, value):
    assert literal(collect(notebook(f"X = {source}")), "X") == value


def test_a_constant_may_stand_on_other_constants(notebook):
    sheet = collect(notebook("T = 100", "X = (Crash('s1', at_ms=T + 5),)"))
    assert literal(sheet, "X") == (Crash("s1", 105),)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("X = [Exit() for _ in (1,)]", "computes something"),
        ("X = (Exit(0),)", "`Exit(…)` is not a fault"),
        ("X = (Crsh('s1', at_ms=3),)", "Did you mean `Crash`?"),
        ("X = (Crash('s1'),)", "at_ms"),
        ("X = (Crash('s1', at_ms=3, why=4),)", "why"),
        ("X = Byzantine('s1', object)", "not a fault"),
        ("X = Y", "`Y` is not a constant"),
        ("X = X", "`X` is not a constant"),
        ("X = Y\nY = X", "is not a constant"),
        ("X = 10 ** 10", "computes something"),
        ("X = 999999999 * 999999999", "a number is above"),
        ("X = 1 / 0", "division by zero"),
        ("X = 1e400", "not finite"),
        ("X = 'a' * 5", "calculates with 'a'"),
        ("X = {**{}}", "may not stand in it"),
        ("X = {[]: 1} if 1 else 2", "computes something"),
        ("X = f'{1}'", "computes something"),
        ("X = (lambda: 1)", "computes something"),
        ("X, Z = 1, 2", "not set to a plain value"),
        ("def X(): pass", "not set to a plain value"),
        ("X = (" + "1," * 6_000 + ")", "too long"),
        ("X = " + "(" * 90 + "1" + ",)" * 90, ""),
    ],
)
def test_what_is_no_plain_value_gets_a_sentence(notebook, source, said):
    sheet = collect(notebook(source))
    if said == "":  # deep, and still plain
        assert literal(sheet, "X")
        return
    with pytest.raises(NotLiteral) as refused:
        literal(sheet, "X")
    assert said in str(refused.value)


def test_what_a_literal_calls_is_never_executed(notebook):
    sheet = collect(
        notebook("def Crash(*a, **k): 1 / 0", "X = (Crash('s1', at_ms=1),)")
    )
    assert literal(sheet, "X") == (Crash("s1", 1),)
