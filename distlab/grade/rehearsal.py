"""What marks would not take: practice refuses it, in their words.

Marks read an answer that is data and run nothing of the sheet; a function they run
where our judges, checks and pictures are not. In a notebook both would go well.
"""

from __future__ import annotations

import dis
import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Any

from distlab.grade.cells import Cell
from distlab.grade.collect import Sheet, add_code
from distlab.grade.exercise import Exercise, Function, Literal, Method
from distlab.grade.library import UNNEEDED
from distlab.grade.literal import NotLiteral, literal

MISSING = tuple(f"distlab.{name}" for name in UNNEEDED if name.isidentifier())


def refused(exercise: Exercise, answer: Any) -> str | None:
    """Why marks would not take this answer, or None."""
    asked = exercise.answer
    if isinstance(asked, Literal):
        scope, cells = notebook()
        handed_in = asked.name in scope and scope[asked.name] is answer
        return unread(asked, answer, cells) if handed_in else None
    if isinstance(asked, Function):
        return next(missing([answer], asked.ours), None)
    return next(missing(methods(asked, answer)), None)


# ----------------------------------------------------------------------------- of data
def notebook() -> tuple[dict[str, Any], list[str]]:
    """The names of the notebook that is running, and the cells as they were run."""
    if "IPython" not in sys.modules:
        return {}, []
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None or shell.history_manager is None:
        return {}, []
    cells = [cell for cell in shell.history_manager.input_hist_raw if cell]
    return (shell.user_ns, cells) if cells else ({}, [])  # it may keep no history


def unread(asked: Literal, answer: Any, cells: Iterable[str]) -> str | None:
    """Why an answer is not what stands in the cells that have been run, or None."""
    name, sheet = asked.name, Sheet()
    for number, source in enumerate(cells):
        add_code(sheet, Cell(f"cell [{number}]", "code", source))
    if sheet.last(name) is None:
        return f"there is no `{name}` in this sheet. {IN_ONE_PIECE}"
    try:
        found = literal(sheet, name)
    except NotLiteral as why:
        return f"{why} {IN_ONE_PIECE}"
    if found == answer:
        return None
    stands = "as the sheet has it" if found == asked.stub else repr(found)
    return f"`{name}` is {stands}. {IN_ONE_PIECE}"


IN_ONE_PIECE = "Marks read and run nothing: it has to stand there in one piece."


# ------------------------------------------------------------------------ of functions
def methods(asked: Method, answer: type) -> list[Any]:
    """What marks take of a class: what is asked for, and what is new."""
    return [
        method
        for kind in answer.__mro__[: answer.__mro__.index(asked.base)]
        for name, method in vars(kind).items()
        if asked.asked is None or name in asked.asked or not hasattr(asked.base, name)
    ]


def missing(answer: Iterable[Any], ours: tuple[Any, ...] = ()) -> Iterator[str]:
    """What functions, and those of the sheet that they call, ask for in vain."""
    called = list(answer)
    for function in called:  # which grows meanwhile
        for code in codes(getattr(function, "__code__", None)):
            for name in names(code):
                value = function.__globals__.get(name)
                if name.startswith(MISSING) or home(value).startswith(MISSING):
                    yield NOT_THERE.format(name)
                elif any(one in ours for one in (value, *attributes(value, code))):
                    yield OURS.format(name)
                elif isinstance(value, FunctionType) and value not in called:
                    called += [value] if home(value) == home(function) else []


def codes(code: Any) -> Iterator[CodeType]:
    """The code of a function, and of those inside it."""
    if isinstance(code, CodeType):
        yield code
        for constant in code.co_consts:
            yield from codes(constant)


def names(code: CodeType) -> Iterator[str]:
    """What this code looks up in the sheet, or imports."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME", "IMPORT_NAME"):
            yield step.argval


def attributes(value: Any, code: CodeType) -> Iterator[Any]:
    """What the code may take out of a module."""
    if isinstance(value, ModuleType):
        yield from (vars(value).get(name) for name in code.co_names)


def home(value: Any) -> str:
    """The module that something comes from."""
    if isinstance(value, ModuleType):
        return value.__name__
    return str(getattr(value, "__module__", type(value).__module__))


NOT_THERE = (
    "NameError: name '{0}' is not defined, when sheets are marked: `{0}` is not among "
    "what an answer may import"
)
OURS = "it asks for our `{}`, and marks do not have it"
