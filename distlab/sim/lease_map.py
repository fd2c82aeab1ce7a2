"""Where a lease is safe: a map over what clocks do, and how long its holder pauses.

    slow = {percent: (ClockDrift("c1", -10_000 * percent),) for percent in range(21)}
    lease_map(CLUSTER, slow, range(0, 101, 5))

Each cell is a run of the protocol itself, at its worst moment: the holder looks at its
lease when it may do so for the last time, and then stands still.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from itertools import pairwise
from typing import Any, Literal, TypeVar

from distlab.errors import Misuse
from distlab.faults import Pause, Schedule
from distlab.node import Call, Node
from distlab.sim.cluster import Cluster
from distlab.sim.network import Network

Outcome = Literal["in order", "refused", "out of order"]
Column = TypeVar("Column", bound=Hashable)
Groups = Mapping[str, tuple[type[Node], int]]

STEPS = 10  # of a bisection: to a thousandth of what it begins with
MOMENT_MS = 0.001


def lease_map(
    groups: Groups,
    clocks: Mapping[Column, Schedule],
    pauses_ms: Iterable[float],
    **settings: Any,
) -> dict[tuple[Column, float], Outcome]:
    """What becomes of the holder's effect, for each schedule of clocks and each pause.

    `groups` are `servers`, `storage` and `clients`, whose calls are `write`; `settings`
    are theirs. "refused" is what would have been out of order. Raises `Misuse` where a
    term is too short to write in.
    """
    found = {}
    pauses_ms = tuple(pauses_ms)
    for column, schedule in clocks.items():
        scene = Scene(groups, schedule, settings)
        look_ms = scene.last_look_ms()
        for pause_ms in pauses_ms:
            found[column, pause_ms] = scene.outcome(look_ms, pause_ms)
    return found


class Scene:
    """c1 gets the lease and writes; c2 waits for it from then on."""

    def __init__(self, groups: Groups, schedule: Schedule, settings: Mapping[str, Any]):
        self.groups, self.schedule, self.settings = groups, schedule, settings
        self.term_ms = settings.get("term_ms", 200)

    def run(self, look_ms: float, pauses: Schedule = ()) -> Cluster:
        """c1 wants to write a second time at `look_ms`."""
        cluster = Cluster(
            self.groups["servers"][0],
            network=Network(1),
            faults=(*self.schedule, *pauses),
            **{**self.groups, **self.settings},
        )
        cluster.add_call(0, "c1", Call("write", ("first",)))
        cluster.add_call(look_ms, "c1", Call("write", ("late",)))
        cluster.add_call(5, "c2", Call("write", ("other",)))
        return cluster.run(5 * self.term_ms)

    def looks(self, at_ms: float) -> bool:
        """Whether c1, called then, still acts on its first lease."""
        effects = self.run(at_ms).trace.where("send", test=is_late)
        return bool(effects) and effects[0].what.token == 1

    def last_look_ms(self) -> float:
        """The last time, or nearly: between one when it does and one when it does not.

        Not before the end of its first write, nor after three terms.
        """
        ended = self.run(0).trace.where("ok")
        if not ended:
            raise Misuse(f"term_ms={self.term_ms:g}: c1 cannot write within a term.")
        low_ms, high_ms = ended[0].at_ms, 3 * self.term_ms
        if self.looks(high_ms):
            return high_ms
        for _ in range(STEPS):
            middle_ms = (low_ms + high_ms) / 2
            if self.looks(middle_ms):
                low_ms = middle_ms
            else:
                high_ms = middle_ms
        return low_ms

    def outcome(self, look_ms: float, pause_ms: float) -> Outcome:
        """c1 looks, stands still, and goes on."""
        at_ms = look_ms + MOMENT_MS
        pause = (Pause("c1", at_ms, at_ms + pause_ms),) if pause_ms else ()
        cluster = self.run(look_ms, pause)
        storage: Any = cluster["storage1"]
        if any(later.token < one.token for one, later in pairwise(storage.effects)):
            return "out of order"
        return "refused" if cluster.history.where(outcome="fail") else "in order"


def is_late(step: Any) -> bool:
    """Whether this is the effect of the second write."""
    return getattr(step.what, "value", None) == "late"
