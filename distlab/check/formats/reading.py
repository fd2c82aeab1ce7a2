"""What was read from a log: its history, and what a reader of the verdict must know."""

from __future__ import annotations

from typing import NamedTuple

from distlab.history import History


class Reading(NamedTuple):
    """A history, the format it was written in, and what was left out or assumed."""

    history: History
    format: str
    notes: tuple[str, ...] = ()
    unit: str = "ms"  # a log without times has "line": the numbers of its lines
