"""Which checks gave a mark: digests of their source, and of the library below them.

A mark is to be given again when what gave it has changed. For an exercise that is the
text of the modules that hold its judges, and of every module of the library that these
and the marking itself import, pictures aside.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from distlab.grade.exercise import Claim, Course, Exercise

MARKING = ("distlab.grade.marks", "distlab.grade.server")  # here, and in the child
CHECKS = "distlab.grade.checks"
# What only shows a mark.
PICTURES = ("distlab.show", "distlab.grade.page", "distlab.grade.document")


class Version(NamedTuple):
    """What gave a mark, as two digests."""

    checks: str
    library: str


def versions(course: Course) -> dict[str, Version]:
    """The current version of each exercise, by its number."""
    return {number: version(e) for number, e in course.exercises.items()}


def version(exercise: Exercise) -> Version:
    """The version of one exercise."""
    own = {module for claim in exercise.claims for module in homes(claim)}
    needed = reached((*sorted(own), *MARKING))
    checks = [name for name in needed if name in own or within(name, CHECKS)]
    claims = [(c.text, c.points, c.public, c.hidden) for c in exercise.claims]
    return Version(
        digest([repr(claims), *map(source, checks)]),
        digest([source(name) for name in needed if name not in checks]),
    )


def homes(claim: Claim) -> Iterator[str]:
    """The modules of its judge, and of what makes its scenarios."""
    yield claim.judge.__module__
    if claim.scenario is not None:
        yield claim.scenario.__module__


def reached(modules: Iterable[str]) -> list[str]:
    """These modules and all of the library that they import, sorted."""
    found: dict[str, None] = {}
    left = list(modules)
    while left:
        name = left.pop()
        if name not in found and not any(within(name, shown) for shown in PICTURES):
            found[name] = None
            left += imported(name)
    return sorted(found)


def within(module: str, package: str) -> bool:
    """Whether a module is this package, or inside of it."""
    return f"{module}.".startswith(f"{package}.")


@cache
def imported(module: str) -> tuple[str, ...]:
    """The modules of the library that this one imports, anywhere in its text."""
    names: list[str] = []
    for node in ast.walk(ast.parse(source(module))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            names += [name if is_module(name) else node.module for name in inside]
    return tuple(dict.fromkeys(name for name in names if within(name, "distlab")))


@cache
def is_module(name: str) -> bool:
    """Whether this is a module of the library, not a name inside one."""
    if not within(name, "distlab"):
        return False
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is no package
        return False


@cache
def source(module: str) -> str:
    """The text of a module."""
    spec = importlib.util.find_spec(module)
    with open(str(spec and spec.origin), encoding="utf-8") as file:
        return file.read()


def digest(texts: Iterable[str]) -> str:
    """A short name for these texts."""
    whole = hashlib.sha256()
    for text in texts:
        whole.update(len(text).to_bytes(8) + text.encode())
    return whole.hexdigest()[:12]
