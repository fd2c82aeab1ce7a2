"""A class that hands in, and `distlab grade` over what it handed in."""

import json
from contextlib import contextmanager
from pathlib import Path

from exercises_for_workers import COURSE
from toy_answers import code

from distlab.grade.gradebook import opened
from distlab.grade.marking import Run
from distlab.grade.settings import Settings


def hand_in(folder: Path, **answers: object) -> Path:
    """Each learner's answer to exercise 98.1, as a notebook of one cell."""
    for student, what in answers.items():
        put(folder / f"{student}.ipynb", f"WHAT = {what!r}")
    return folder


def put(path: Path, *cells: str) -> Path:
    """A notebook of these cells."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": [code(source) for source in cells]}))
    return path


@contextmanager
def a_run(place: Path, *, key=None, settings=None, of=COURSE, regrade=False):
    """A run over a folder that has not marked anything yet, and its jobs."""
    with opened(place.parent / "gradebook.jsonl") as book:
        run = Run(of, key, settings or Settings(), book)
        yield run, list(run.jobs(place, regrade))


def graded(place: Path, *, workers=1, limit_s=60, pages=None, regrade=False, **how):
    """Mark a folder; the files go beside it."""
    with opened(place.parent / "gradebook.jsonl") as book:
        settings = how.pop("settings", None) or Settings()
        run = Run(how.pop("of", COURSE), how.pop("key", None), settings, book)
        run.mark(place, regrade, workers, limit_s)
        run.write(place.parent / "grades.csv", pages)
    return run
