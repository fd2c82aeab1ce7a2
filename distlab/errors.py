"""The four ways in which this library says no.

Every message is one sentence in three parts: what is wrong, where, and what to do.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any


class DistlabError(Exception):
    """Anything this library raises on purpose."""


class Misuse(DistlabError, TypeError):
    """A call that cannot be meant: raised at the call, before anything has changed."""


class UnhandledMessage(DistlabError, TypeError):
    """A node received a message or timer that it has no handler for."""


class Violation(DistlabError, AssertionError):
    """A property broke. The first line names it; `seed` and `trace` replay it."""

    def __init__(self, sentence: str, *, seed: int | None = None, trace: Any = None):
        super().__init__(sentence)
        self.seed = seed
        self.trace = trace


class Exercise(DistlabError, NotImplementedError):
    """A hole that the learner has not filled yet."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean x?` for the nearest known name, or nothing."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f" Did you mean `{near[0]}`?" if near else ""


def undeclared(node: Any, error: AttributeError) -> Exception:
    """Python's complaint about a node's attribute, as a sentence that says what to do.

    An error about anything else comes back as it is.
    """
    told = re.match(r"'(\w+)' object (has no )?attribute '(\w+)'", str(error))
    owners = {type(owner).__name__: owner for owner in (node, *node.parts())}
    if told is None or told[1] not in owners:
        return error
    owner, name = owners[told[1]], told[3]
    known = [n for n in dir(type(owner)) if not n.startswith("_") and n != name]
    return Misuse(
        f"{told[1]} {owner.id!r} has no field `{name}`: declare it in the class body, "
        f"`{name}: … = volatile(…)`.{did_you_mean(name, known)}"
    )
