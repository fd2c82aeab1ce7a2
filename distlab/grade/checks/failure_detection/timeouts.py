"""Exercise 8.1: the timeout that errs no more often than one can bear."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from reprlib import repr as shortened
from typing import Any, NamedTuple

from distlab.check.versions import counted
from distlab.errors import Misuse
from distlab.grade.exercise import (
    Case,
    Exercise,
    Function,
    Outcome,
    broken,
    kept,
    partly,
)

Answer = Callable[[tuple[int, ...], float], Any]
PERIOD_MS = 1000
DAY_MS = 24 * 3_600_000

timeouts = Exercise(
    "8.1", "How long to wait", "08_failure_detection", Function("timeout_for")
)


# ------------------------------------------------------------------------ what is heard
class Heartbeats(NamedTuple):
    """When they arrived, and how often a day one may be wrong."""

    arrivals_ms: tuple[int, ...]
    errors_per_day: float

    @property
    def gaps_ms(self) -> list[int]:
        """From each to the next."""
        pairs = zip(self.arrivals_ms, self.arrivals_ms[1:], strict=False)
        return [later - sooner for sooner, later in pairs]

    @property
    def allowed(self) -> int:
        """So many errors in all this time."""
        watched_ms = self.arrivals_ms[-1] - self.arrivals_ms[0]
        return int(self.errors_per_day * watched_ms / DAY_MS)

    @property
    def best_ms(self) -> int:
        """The shortest timeout that is exceeded no more often."""
        return sorted(self.gaps_ms, reverse=True)[self.allowed]

    def errors(self, timeout_ms: float) -> int:
        """How often somebody that lives is suspected."""
        return sum(gap > timeout_ms for gap in self.gaps_ms)

    def __str__(self) -> str:
        gaps = sorted(self.gaps_ms, reverse=True)
        longest = ", ".join(map(str, gaps[: self.allowed + 2]))
        watched = (self.arrivals_ms[-1] - self.arrivals_ms[0]) / DAY_MS * 24
        return (
            f"{len(gaps) + 1} heartbeats in {watched:.2f} hours, and "
            f"{self.errors_per_day:g} errors a day are allowed\n"
            f"the longest gaps: {longest} … ms"
        )


@lru_cache(maxsize=16)
def heard(case: Case) -> Heartbeats:
    """Heartbeats of one second, on links that delay and lose, of nodes that pause."""
    import numpy

    from distlab.membership.detection import heartbeats
    from distlab.replication.staleness import Exponential, drawn
    from distlab.replication.staleness_figures import YAMMER

    draw = case.random("heartbeats")
    sent = heartbeats(
        numpy.random.default_rng(draw.getrandbits(64)),
        2000 + 500 * case.size,
        PERIOD_MS,
        partial(drawn, YAMMER),
        loss=draw.choice((0.0, 0.003, 0.01)),
        pauses=partial(drawn, Exponential(draw.choice((300.0, 900.0)))),
        pausing=0.01,
    )
    arrived = numpy.sort(sent.arrived[numpy.isfinite(sent.arrived)])
    rate = (900.0, 150.0, 400.0, 0.0)[case.seed % 4]
    return Heartbeats(tuple(numpy.rint(arrived).astype(int).tolist()), rate)


def timeout_of(answer: Answer, found: Heartbeats) -> float:
    """What was answered. Raises `Misuse` for what is no time."""
    said = answer(*found)
    if type(said) not in (int, float) or not 0 <= said < DAY_MS:
        raise Misuse(f"it returns {shortened(said)}: return a number of milliseconds.")
    return float(said)


# ---------------------------------------------------------------------- what is claimed
@timeouts.claim("it errs no more often than is allowed", points=3, public=3, hidden=3)
def accurate(answer: Answer, case: Case) -> Outcome:
    """Of the heartbeats that it was shown."""
    found = heard(case)
    timeout_ms = timeout_of(answer, found)
    errors, allowed = found.errors(timeout_ms), found.allowed
    came = f"with {timeout_ms:g} ms there are {counted(errors, 'error')}, "
    came += f"and {allowed} are allowed in this time"
    if errors <= allowed:
        return kept(came)
    return broken(came, str(found), advice=why_wrong(found, timeout_ms, errors))


def why_wrong(found: Heartbeats, timeout_ms: float, errors: int) -> str:
    """What to think of."""
    if timeout_ms <= PERIOD_MS:
        return UNIT
    if timeout_ms < found.best_ms and errors <= found.allowed + 2:
        return BY_ONE
    if timeout_ms <= 2 * PERIOD_MS:
        return LOST
    return TAIL


UNIT = "The heart beats once a second: within a period nobody is late yet."
BY_ONE = "Count the gaps that are longer than this: it is a little too short."
LOST = "A heartbeat that is lost, or a pause, makes a gap of two periods and more."
TAIL = "Count the gaps that are longer, and for how long it was watched: not a day."


@timeouts.claim("and it waits no longer than that takes", points=2, public=3, hidden=3)
def fast(answer: Answer, case: Case) -> Outcome:
    """Scored by how close it is to the shortest that does."""
    found = heard(case)
    timeout_ms, best_ms = timeout_of(answer, found), found.best_ms
    if found.errors(timeout_ms) > found.allowed:
        came = f"{timeout_ms:g} ms is fast, and wrong too often"
        return broken(came, str(found), advice=FIRST)
    came = f"it waits {timeout_ms:g} ms; {best_ms} ms would do"
    if timeout_ms <= best_ms + 1:
        return kept(came)
    advice = NONE if not found.allowed else ALLOWED
    if found.allowed and not found.errors(timeout_ms):
        advice = SAFE
    return partly(best_ms / timeout_ms, came, str(found), advice=advice)


FIRST = "To be fast alone is easy: a timeout of 0 is."
SAFE = "It would never have erred. What may be wrong sometimes need not wait so long."
NONE = "No error at all is allowed, and there was none: with less there is none either."
ALLOWED = "More errors than these are allowed: which gap may be the longest to bear?"
