"""A sheet of the course as its tests need it: run as a learner would, and marked."""

import ast
import inspect
import json
import re
from functools import cache
from pathlib import Path

from distlab.grade import practice
from distlab.grade.checks import course
from distlab.grade.exercise import Exercise, Literal, Method
from distlab.grade.marks import Marked, Marker

ROOT = Path(__file__).parents[2]


def cells(room: str, name: str) -> list[dict]:
    return json.loads((ROOT / room / f"{name}.ipynb").read_text())["cells"]


def codes(room: str, name: str) -> list[str]:
    code = [c for c in cells(room, name) if c["cell_type"] == "code"]
    return ["".join(c["source"]) for c in code]


def run(room: str, name: str) -> tuple[dict, list[practice.Checked]]:
    """Run a sheet from top to bottom: what it defines, and what its checks say."""
    scope: dict = {}
    said = []
    for source in codes(room, name):
        *before, last = ast.parse(source).body
        if isinstance(last, ast.Expr):
            exec(compile(ast.Module(before, []), "cell", "exec"), scope)
            said.append(
                eval(compile(ast.Expression(last.value), "cell", "eval"), scope)
            )
        else:
            exec(source, scope)
    return scope, [value for value in said if isinstance(value, practice.Checked)]


@cache
def solved(name: str) -> tuple[dict, list[practice.Checked]]:
    """The solved sheet, run once."""
    return run("solutions", name)


def points_told(name: str) -> list[tuple[str, float]]:
    """The exercises that cells check, and what these cells are worth."""
    return [
        (re.search(r'check\("([\d.]+)"', "".join(c["source"]))[1], grade["points"])
        for c in cells("solutions", name)
        if (grade := c["metadata"].get("nbgrader", {})).get("grade")
    ]


def marks_of(sources: list[str], folder: Path) -> tuple[Marked, ...]:
    """The marks of a sheet with these cells."""
    path = folder / "ann.ipynb"
    made = [{"cell_type": "code", "metadata": {}, "source": text} for text in sources]
    path.write_text(json.dumps({"cells": made, "nbformat": 4}))
    with Marker(course()) as marker:
        return marker.mark(path, "ann").exercises


def as_source(exercise: Exercise, answer) -> str:
    """An answer as it stands in a sheet, under the name that is asked for."""
    if isinstance(exercise.answer, Literal):
        return f"{exercise.answer.name} = {answer!r}"
    kind = "class" if isinstance(exercise.answer, Method) else "def"
    source = inspect.getsource(answer)
    return source.replace(f"{kind} {answer.__name__}", f"{kind} {exercise.answer.name}")
