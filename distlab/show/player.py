"""A run that can be played: `player(cluster)` moves through the space-time diagram.

The drawing, the states of the nodes and the words are given to the browser once; from
then on `widgets/player.js` answers alone, without the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from distlab.errors import Misuse
from distlab.show.account import happenings, message
from distlab.show.layout import Layout
from distlab.show.naming import fields_of, kind_of, told
from distlab.show.picture import Picture
from distlab.show.spacetime import Spacetime
from distlab.trace import Trace

__all__ = ["Player", "player"]

WIDGETS = Path(__file__).parent / "widgets"
NO_STATES = (
    "The states are not in this trace: run `Cluster(…, states=True)` to see them."
)


def player(cluster: Any, **options: Any) -> Player:
    """Play a run: a cluster, or its trace. Takes the options of `spacetime`.

    The states of the nodes are shown if the cluster has written them down, which
    `Cluster(…, states=True)` does.
    """
    trace = cluster if isinstance(cluster, Trace) else getattr(cluster, "trace", None)
    if not isinstance(trace, Trace):
        raise Misuse(
            f"`player` plays a cluster or its trace, not a {type(cluster).__name__}."
        )
    return Player(Spacetime(trace, **options))


class Player(anywidget.AnyWidget):
    """A space-time diagram with a slider, play and step, and each node's state."""

    _esm = WIDGETS / "player.js"
    _css = WIDGETS / "player.css"
    run = traitlets.Dict().tag(sync=True)

    def __init__(self, drawn: Spacetime):
        self._still = drawn.picture
        super().__init__(run=as_data(drawn))

    def static(self) -> Picture:
        """The whole diagram, for pages without a kernel."""
        return self._still

    def __repr__(self) -> str:
        return f"Player: {self._still.alt}\n{self._still.text}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        live, metadata = super()._repr_mimebundle_(**kwargs) or ({}, {})
        still = {"image/svg+xml": self._still.svg, "text/plain": repr(self)}
        return {**live, **still}, metadata


def as_data(drawn: Spacetime) -> dict[str, Any]:
    """All that the browser needs, as short lists."""
    layout, events = drawn.layout, list(happenings(drawn.window.steps))
    states = {node: [*_states(drawn, node, events)] for node in layout.lane}
    return {
        "svg": drawn.picture.svg,
        "alt": drawn.picture.alt,
        "anchors": layout.scale.anchors,
        "from": [layout.left, layout.top],
        "to": [layout.width, layout.bottom],
        "events": [(e.at_us, e.node, e.words or e.changes, e.steps) for e in events],
        "nodes": list(layout.lane),
        "states": states if any(states.values()) else {},
        "missing": NO_STATES,
        "messages": dict(_messages(layout)),
    }


def _states(drawn: Spacetime, node: str, events: list) -> Iterator[tuple[int, dict]]:
    """What changed in a node, each with the number of its event; -1: before them."""
    place_of = {i: place for place, event in enumerate(events) for i in event.steps}
    before: dict[str, str] = {}
    changes: dict[int, dict[str, str]] = {}
    for i, step in enumerate(drawn.window.trace):
        if step.kind == "state" and step.node == node:
            news = {name: told(value) for name, value in step.what}
            if i in place_of:
                changes.setdefault(place_of[i], {}).update(news)
            elif step.at_us < drawn.window.from_us:
                before.update(news)
    if before:
        yield -1, before
    yield from changes.items()


def _messages(layout: Layout) -> Iterator[tuple[str, tuple]]:
    """Each message by the numbers of its steps: its type, its fields, its way."""
    for arrow in layout.arrows:
        key = " ".join(map(str, arrow.steps))
        yield key, (kind_of(arrow.what), fields_of(arrow.what), message(arrow))
