"""An answer that is data: read from the syntax, never executed.

An adversary's schedule looks like a program, `(Crash("s1", at_ms=500), Heal(900))`, and
is only a value. Faults and calls are made here from a fixed list of classes.
"""

from __future__ import annotations

import ast
import inspect
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from distlab import faults
from distlab.errors import DistlabError, did_you_mean
from distlab.events import Call
from distlab.grade.collect import Sheet

# Of the syntax tree, each constant as often as it is named: some hundred faults.
NODES_MAX = 5_000
INTEGER_MAX = 10**12
ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
CONTAINERS: dict[type, type] = {ast.Tuple: tuple, ast.List: list, ast.Set: frozenset}
MAKERS: dict[str, type] = {
    "Call": Call,
    **{
        name: kind
        for name, kind in vars(faults).items()
        if inspect.isclass(kind)
        and issubclass(kind, faults.Fault)
        and kind.__annotations__
        and kind is not faults.Byzantine  # its liar is a class, and a class is code
    },
}


class NotLiteral(DistlabError):
    """An answer that should be data and is not."""


def literal(sheet: Sheet, name: str) -> Any:
    """The value of a constant of the sheet. Raises `NotLiteral` with the reason."""
    return Reader(sheet).named(name, ())


class Reader:
    """Turns syntax into a value, by a fixed list of what may stand there."""

    def __init__(self, sheet: Sheet):
        self.sheet = sheet
        self.read = 0  # nodes of the syntax tree

    def named(self, name: str, above: tuple[str, ...]) -> Any:
        """The value of another constant; `above` are those that wait for it."""
        found = self.sheet.last(name)
        if found is None or name in above:
            known = (*MAKERS, *self.sheet.names)
            raise NotLiteral(f"`{name}` is not a constant.{did_you_mean(name, known)}")
        value = getattr(found.node, "value", None)
        targets = getattr(found.node, "targets", [getattr(found.node, "target", None)])
        if value is None or not all(isinstance(t, ast.Name) for t in targets):
            raise NotLiteral(
                f"`{name}` is not set to a plain value: write `{name} = …`."
            )
        self.read += sum(1 for _ in ast.walk(value))
        if self.read > NODES_MAX:
            raise NotLiteral(f"`{name}` is too long to be read: make it smaller.")
        try:
            return self.value(value, (*above, name))
        except NotLiteral as why:
            raise NotLiteral(f"{found.cell}, `{name}`: {why}") from None
        except RecursionError:
            raise NotLiteral(f"`{name}` is nested too deeply to be read.") from None

    def value(self, node: ast.expr, above: tuple[str, ...]) -> Any:
        """The value that an expression stands for."""
        match node:
            case ast.Constant(value=value):
                return checked(value)
            case ast.Name(id=name):
                return self.named(name, above)
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
                return made(
                    CONTAINERS[type(node)], [self.value(p, above) for p in parts]
                )
            case ast.Dict(keys=keys, values=values):
                return self.mapping(keys, values, above)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                number = self.number(operand, above)
                return -number if isinstance(node.op, ast.USub) else number
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                pair = self.number(left, above), self.number(right, above)
                return checked(made(ARITHMETIC[type(op)], *pair))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords):
                return self.call(name, args, keywords, above)
        raise NotLiteral(f"line {node.lineno} computes something: write plain values.")

    def number(self, node: ast.expr, above: tuple[str, ...]) -> Any:
        """A number, to calculate with."""
        value = self.value(node, above)
        if type(value) not in (int, float):
            raise NotLiteral(f"line {node.lineno} calculates with {value!r}.")
        return value

    def mapping(self, keys: list[Any], values: list[Any], above: tuple) -> Any:
        """A dict; `**other` may not stand in it."""
        if None in keys:
            raise NotLiteral("`**` may not stand in it: write the pairs themselves.")
        pairs = zip(keys, values, strict=True)
        return made(
            dict, [(self.value(k, above), self.value(v, above)) for k, v in pairs]
        )

    def call(self, name: str, args: list, keywords: list, above: tuple) -> Any:
        """A fault or a call, made from its arguments."""
        if name not in MAKERS:
            raise NotLiteral(f"`{name}(…)` is not a fault.{did_you_mean(name, MAKERS)}")
        given = [self.value(argument, above) for argument in args]
        named: Mapping = {k.arg: self.value(k.value, above) for k in keywords if k.arg}
        return made(MAKERS[name], *given, **named)


def made(maker: Callable, *given: Any, **named: Any) -> Any:
    """What `maker` makes of it, or the sentence that says why it makes nothing."""
    try:
        return maker(*given, **named)
    except (TypeError, ValueError, ArithmeticError) as why:
        raise NotLiteral(str(why)) from None


def checked(value: Any) -> Any:
    """Refuse numbers that only serve to be large."""
    if isinstance(value, int) and abs(value) > INTEGER_MAX:
        raise NotLiteral(f"a number is above {INTEGER_MAX}.")
    if isinstance(value, (float, complex)) and not math.isfinite(abs(value)):
        raise NotLiteral("a number is not finite.")
    return value
