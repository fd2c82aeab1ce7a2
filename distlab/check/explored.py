"""What an exploration found: how much was looked at, and the way to what is broken."""

from __future__ import annotations

from typing import Any

from distlab.check.verdict import Verdict
from distlab.recording import Recording
from distlab.trace import Trace
from distlab.value import Value


class Space(Value):
    """A part of the state graph, to be drawn: its states are numbered from 0."""

    labels: tuple[str, ...]  # of the states, in words
    depths: tuple[int, ...]  # steps from the nearest initial state
    edges: tuple[tuple[int, str, int], ...]  # from a state, by an action, to a state
    marked: tuple[int, ...] = ()  # the way to what is broken or looked for
    left_out: int = 0  # states that were reached and are not here


class Explored(Verdict):
    """One judgement of all that can happen."""

    states: int = 0  # that were reached, within the boundary
    transitions: int = 0  # steps between them, also those back to known states
    depth: int = 0  # steps to the farthest state, as the search went
    exhausted: bool = False  # whether there is no state more
    path: tuple[tuple[Any, Any], ...] = ()  # (None, a state), then (action, state), …
    never_seen: tuple[str, ...] = ()  # what is sometimes true, but was in no state
    space: Space | None = None
    trace: Trace | None = None  # of nodes: what happened on the way
    recording: Recording | None = None  # with which the simulator goes the same way

    __repr__, __str__ = Verdict.__repr__, Verdict.__str__
