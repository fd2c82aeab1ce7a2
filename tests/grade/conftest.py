"""What the tests of the grader share: notebooks from sources, and one library copy."""

import json
from pathlib import Path

import pytest
from exercises_for_toys import COURSE
from toy_answers import code

from distlab.grade.library import Library
from distlab.grade.marks import Marker


@pytest.fixture
def notebook(tmp_path):
    """`notebook(source, …)` writes a notebook of these cells and gives its path."""

    def write(*cells: str | dict, name: str = "ann.ipynb") -> Path:
        made = [cell if isinstance(cell, dict) else code(cell) for cell in cells]
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def library():
    with Library() as library:
        yield library


@pytest.fixture(scope="session")
def marker():
    with Marker(COURSE) as marker:
        yield marker


@pytest.fixture
def mark(marker, notebook):
    """`mark(source, …)` marks a notebook of these cells; a dict by exercise number."""

    def marks(*cells, **changes):
        found = marker.mark(notebook(*cells), "ann")
        return {marked.exercise.number: marked for marked in found.exercises}

    return marks
