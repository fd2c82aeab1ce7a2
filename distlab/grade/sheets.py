"""`distlab sheets`: exercise sheets, made from the notebooks in solutions/.

A sheet is its solution without the parts between `### BEGIN SOLUTION` and `### END
SOLUTION`, without hidden tests, without the cells tagged `answer` (explanations), and
without outputs. Cells keep nbgrader's metadata, so that a school that runs nbgrader can
use them: `distlab sheets --nbgrader FOLDER` writes what it calls source notebooks.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

from distlab.errors import Misuse
from distlab.folders import course_folder
from distlab.grade import index
from distlab.grade.files import write_whole

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
ANSWER = "answer"  # the tag of a cell that explains a solution
HERE = "# YOUR CODE HERE"
KEYS = {"grade", "grade_id", "locked", "schema_version", "solution", "task"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `distlab sheets` can be told."""
    parser.add_argument(
        "--check",
        action="store_true",
        help="write nothing; exit with 1 if a sheet or the index is out of date",
    )
    parser.add_argument(
        "--nbgrader",
        type=Path,
        metavar="FOLDER",
        help="write the source notebooks of an nbgrader course to FOLDER/source",
    )


def run(arguments: argparse.Namespace) -> int:
    """Make the sheets and the index anew, where they differ."""
    course = course_folder()
    wanted = sheets(course) | {course / "notebooks/index.ipynb": index.made(course)}
    if arguments.nbgrader:
        wanted = sources(course, arguments.nbgrader)
    stale = [p for p, text in wanted.items() if not p.exists() or told(p) != text]
    for path in stale:
        if not arguments.check:
            write_whole(path, wanted[path])
        print(path)
    return 1 if arguments.check and stale else 0


def told(path: Path) -> str:
    """What a file says."""
    return path.read_text(encoding="utf-8")


def sheets(course: Path) -> dict[Path, str]:
    """Each sheet and its text, made from the solution of the same name."""
    solutions = sorted((course / "solutions").glob("*.ipynb"))
    return {course / "exercises" / path.name: sheet(path) for path in solutions}


def sources(course: Path, folder: Path) -> dict[Path, str]:
    """Nbgrader's source notebooks: the solutions without their explanations."""
    return {
        folder / "source" / path.stem / path.name: written(without_answers(read(path)))
        for path in sorted((course / "solutions").glob("*.ipynb"))
    }


def sheet(solution: Path) -> str:
    """The text of one sheet. Raises `Misuse` where the solution is malformed."""
    notebook = without_answers(read(solution))
    for number, cell in enumerate(notebook["cells"], 1):
        where = f"{solution.name}, cell {number}"
        check_metadata(cell, where)
        source = without_hidden("".join(cell["source"]), where)
        if solves(cell) and BEGIN not in source:
            raise Misuse(f"{where} is a solution without `{BEGIN}`: mark its answer.")
        cell["source"] = without_solution(source, where).splitlines(keepends=True)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    return written(notebook)


def read(path: Path) -> Any:
    """A notebook as JSON. Raises `Misuse` where it is none."""
    try:
        return json.loads(told(path))
    except ValueError as why:
        raise Misuse(f"{path} is not a notebook: {why}.") from None


def written(notebook: Any) -> str:
    """A notebook as Jupyter writes it: the same content, the same bytes."""
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def without_answers(notebook: Any) -> Any:
    """The notebook without the cells that explain the solutions."""
    cells = [
        c for c in notebook["cells"] if ANSWER not in c["metadata"].get("tags", ())
    ]
    return {**notebook, "cells": cells}


def solves(cell: Any) -> bool:
    """Whether nbgrader's metadata say that the learner answers here."""
    return bool(cell["metadata"].get("nbgrader", {}).get("solution"))


def check_metadata(cell: Any, where: str) -> None:
    """Refuse metadata that nbgrader would refuse."""
    told = cell["metadata"].get("nbgrader")
    if told is None:
        return
    missing = ({*KEYS, "points"} if told.get("grade") else KEYS) - told.keys()
    if missing or told["schema_version"] != 3:
        raise Misuse(
            f"{where}: nbgrader's metadata need schema_version 3 and "
            f"{', '.join(sorted(missing)) or 'nothing else'}."
        )


# ---------------------------------------------------------------------- what is cut out
def without_hidden(source: str, where: str) -> str:
    """The text without hidden tests."""
    return cut(source, *HIDDEN, where, lambda before, indent: [])


def without_solution(source: str, where: str) -> str:
    """The text with a hole where the solution was."""
    return cut(source, BEGIN, END, where, stub)


def cut(source: str, begin: str, end: str, where: str, filling: Any) -> str:
    """The text with `filling` in the place of the lines from `begin` to `end`."""
    kept: list[str] = []
    inside = False
    for line in source.split("\n"):
        if begin in line or end in line:
            if inside == (begin in line):
                raise Misuse(
                    f"{where}: `{line.strip()}` does not match what is before it."
                )
            inside = not inside
            if inside:
                kept += filling(kept, line[: len(line) - len(line.lstrip())])
        elif not inside:
            kept.append(line)
    if inside:
        raise Misuse(f"{where}: there is no `{end}` after `{begin}`.")
    return "\n".join(kept)


def stub(before: list[str], indent: str) -> list[str]:
    """What stands where the solution was: in a function, what is to be written."""
    for line in reversed(before):
        around = re.match(r"(\s*)(def|class)\s+(\w+)", line)
        if around and len(around[1]) < len(indent):
            hole = f'raise NotImplementedError("write {around[3]} first")'
            return [indent + HERE, indent + (hole if around[2] == "def" else "pass")]
    return [indent + HERE]
