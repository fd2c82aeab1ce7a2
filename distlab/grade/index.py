"""The page on which the course opens, notebooks/index.ipynb, made from the lessons.

Each lesson says what it needs and takes in its first cell, in the words

    **You should know** what a log is. **It takes** about two hours.

and the index repeats it in a table. What the learner has solved is shown by the last
cell when it is run; the stored output is that of somebody who has not begun.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.grade import progress
from distlab.grade.checks import course as exercises_of_the_course

NEEDS, TAKES = "You should know", "It takes"
METADATA = {
    "kernelspec": {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}
WELCOME = """\
# Distributed systems that run

Each lesson is a notebook: read a little, *predict*, run the cell (Shift + Enter),
and see what happened and why. The code that you run is the library itself: `distlab`
holds each protocol once, as in its paper; lessons break it, draw it and check it.

After a lesson comes its sheet of exercises. Running a cell of the sheet checks your
answer; `distlab grade` marks the sheet, and `distlab reset` gives you a fresh one.

Everything works without a network. Nothing here can break: change what you like.
"""
SOLVED = """\
## What you have solved

It is kept on this machine, in your own folder (`distlab progress --where`), and stays
when the course is updated.
"""


class Lesson(NamedTuple):
    """A lesson as its first cell describes it."""

    file: str
    title: str
    needs: str
    takes: str


def lessons(course: Path) -> list[Lesson]:
    """The lessons of the course, in the order of their numbers."""
    files = sorted((course / "notebooks").glob("[0-9]*.ipynb"))
    return [lesson(path) for path in files]


def lesson(path: Path) -> Lesson:
    """One lesson. Raises `Misuse` where its first cell does not say what it should."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    first = "".join(cells[0]["source"]) if cells else ""
    title = re.search(r"^# +(.+)$", first, re.M)
    needs, takes = told(NEEDS, first), told(TAKES, first)
    if not (title and needs and takes):
        raise Misuse(
            f"{path.name} has to begin with a cell that has a title (`# …`) and the "
            f"words `**{NEEDS}** …` and `**{TAKES}** …`."
        )
    return Lesson(path.name, title[1], needs, takes)


def told(label: str, text: str) -> str:
    """What stands behind a label in bold, up to the next or the end of its block."""
    found = re.search(rf"\*\*{label}\*\*(.+?)(?=\*\*|\n\n|\Z)", text, re.S)
    return " ".join(found[1].split()) if found else ""


def table(course: Path) -> str:
    """The map of the course: one line for each lesson."""
    head = f"| Lesson | {NEEDS} | {TAKES} | Exercises |"
    rows = ["## The lessons\n", head, "|:--|:--|:--|:--|"]
    for found in lessons(course):
        sheet = f"[sheet](../exercises/{found.file})"
        count = len(exercises_of_the_course().of(found.file.removesuffix(".ipynb")))
        rows.append(
            f"| [{found.title}]({found.file}) | {found.needs} | {found.takes} | "
            f"{f'{sheet}, {count} of them' if count else 'none'} |"
        )
    return "\n".join(rows)


def made(course: Path) -> str:
    """The text of the index."""
    nothing = progress.Progress([], exercises_of_the_course())
    run = {
        "cell_type": "code",
        "execution_count": 1,
        "id": "solved-here",
        "metadata": {},
        "outputs": [
            {
                "data": {"text/plain": lines(repr(nothing))},
                "execution_count": 1,
                "metadata": {},
                "output_type": "execute_result",
            }
        ],
        "source": lines("from distlab.grade import progress\n\nprogress.here()"),
    }
    notebook: dict[str, Any] = {
        "cells": [
            text("welcome", WELCOME),
            text("map", table(course)),
            text("solved", SOLVED),
            run,
        ],
        "metadata": METADATA,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def text(name: str, source: str) -> dict[str, Any]:
    """A cell of text."""
    return {
        "cell_type": "markdown",
        "id": name,
        "metadata": {},
        "source": lines(source.rstrip("\n")),
    }


def lines(source: str) -> list[str]:
    """A text as notebooks keep it."""
    return source.splitlines(keepends=True)
