"""How soon a crash is noticed, and how often there was none: the protocol, measured.

What a model says of a failure detector is so asked of the detector itself, with the
same delays, losses and pauses:

    run = partial(watched, HeartbeatDetector, Suspect, YAMMER, timeout_ms=250)
    watches = sweep.seeds(run, range(200))
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from distlab.errors import Misuse
from distlab.faults import Crash, Fault, Loss, Pause
from distlab.node import Node
from distlab.sim.after_write import as_simulated
from distlab.sim.cluster import Cluster
from distlab.sim.network import Network
from distlab.sim.streams import Stream

LONG_MS = 10_000  # by then all that was on its way has arrived, and is missed


class Watch(NamedTuple):
    """What s1 said of s2, which crashed."""

    noticed_ms: float  # from the crash to the last suspicion; 0 if that came before
    errors: int  # suspicions while it was up
    up_ms: float


def watched(
    protocol: type[Node],
    suspect: type,
    delay: Any,
    seed: int,
    *,
    period_ms: float = 100,
    beats: int = 200,
    loss: float = 0,
    pause: Any = None,
    pausing: float = 0,
    **settings: Any,
) -> Watch:
    """Two nodes, one of which crashes in the period after so many heartbeats.

    `suspect` is the class of what a detector puts out; `delay` and `pause` are a
    model's distributions; a pause begins in a period with the probability `pausing`.
    Raises `Misuse` if ten seconds are not enough to notice the crash.
    """
    drawn = Stream(seed, "crash").fraction
    faults: tuple[Fault, ...] = (Loss(loss),) if loss else ()
    if pause:
        faults += tuple(pauses(seed, pause, pausing, period_ms, beats))
    crash_ms = (beats - 1 + drawn()) * period_ms
    cluster = Cluster(
        protocol,
        servers=2,
        seed=seed,
        network=Network(as_simulated(delay)),
        faults=(*faults, Crash("s2", crash_ms)),
        period_ms=period_ms,
        **settings,
    )
    cluster.run(crash_ms + LONG_MS)
    said = cluster.trace.where("output", node="s1")
    if not (said and isinstance(said[-1].what, suspect)):
        raise Misuse(f"{LONG_MS} ms after it crashed s1 trusts s2: suspect it earlier.")
    times_ms = [step.at_ms for step in said if isinstance(step.what, suspect)]
    errors = [at_ms for at_ms in times_ms if at_ms <= crash_ms]
    return Watch(max(0, times_ms[-1] - crash_ms), len(errors), crash_ms)


def pauses(
    seed: int, pause: Any, pausing: float, period_ms: float, beats: int
) -> Iterator[Pause]:
    """From one heartbeat of s2 to when the next is due at most one, at any moment."""
    stream = Stream(seed, "pauses")
    lengths_us = as_simulated(pause).draws(stream)
    sent_ms = 0.0
    for _ in range(beats):
        due_ms = sent_ms + period_ms
        begin_ms = sent_ms + stream.fraction() * period_ms
        if stream.fraction() < pausing:
            end_ms = begin_ms + next(lengths_us) / 1000
            yield Pause("s2", begin_ms, end_ms)
            due_ms = max(due_ms, end_ms)
        sent_ms = due_ms
