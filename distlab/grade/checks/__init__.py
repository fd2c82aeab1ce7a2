"""The exercises of the course: one module for each sheet."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from distlab.grade.exercise import Course, Exercise


@cache
def course() -> Course:
    """All exercises, in the order in which the modules of this folder define them."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    found = (value for module in modules for value in vars(module).values())
    exercises = {id(e): e for e in found if isinstance(e, Exercise)}.values()
    return Course(
        sorted(exercises, key=lambda e: [int(n) for n in e.number.split(".")])
    )
