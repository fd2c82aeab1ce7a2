"""How long is a Raft cluster without a leader? Elections as arrays, a trial a column.

    downtime_ms(Elections(150, 300), generator, count=16_000)       # one for each trial
    PUBLISHED_MS[150, 300]                             # median, mean, 99 %, maximum

Source
    Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX
    ATC 2014, section 9.3, and its figure of the time without a leader.
Guarantees
    The distribution of the time from a leader's crash to the election of the next, as
    the rules of Figure 2 have it: by drawing.
Assumes
    Nothing is lost, and every message takes the same time. The last heartbeat reached
    all at once; the crash comes at any moment before the next.
Costs
    Two draws of timeouts for each election, in arrays; a split vote costs one more.
Departs
    The paper does not say how its time for one broadcast is made up. `FITTED` was found
    by trying; `ASSUMED` takes the 15 ms as a round trip and disks as free.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy
from numpy.random import Generator
from numpy.typing import NDArray

from distlab.errors import Misuse
from distlab.value import Value

Times = NDArray[numpy.float64]  # milliseconds
MAX_EVENTS = 100_000  # of one trial: equal timeouts split the vote for ever


class Broadcast(Value):
    """How long a message takes, and how long a voter writes before it answers."""

    one_way_ms: float
    disk_ms: float


ASSUMED = Broadcast(one_way_ms=7.5, disk_ms=0)
FITTED = Broadcast(one_way_ms=2.5, disk_ms=10)


class Elections(Value):
    """A cluster of `len(ranks) + 1` servers whose leader crashes.

    A timeout is drawn from `low_ms` to `high_ms`; a heartbeat comes each half `low_ms`.
    `ranks` says whose log is how far: nobody votes for one whose log is behind its own.
    """

    low_ms: float
    high_ms: float
    broadcast: Broadcast = FITTED
    ranks: tuple[int, ...] = (0, 1, 2, 2)

    @property
    def majority(self) -> int:
        """So many votes elect, the candidate's own one included."""
        return (len(self.ranks) + 1) // 2 + 1


class Figures(NamedTuple):
    """What the paper prints of one range of timeouts, in milliseconds."""

    median: float
    mean: float
    percent_99: float
    most: float


PUBLISHED_MS: dict[tuple[int, int], Figures] = {
    (150, 150): Figures(41128, 54600, 528414, 528414),
    (150, 151): Figures(1199, 1537, 6015, 8235),
    (150, 155): Figures(287, 345, 1243, 2144),
    (150, 175): Figures(141, 164, 467, 610),
    (150, 200): Figures(146, 156, 352, 513),
    (150, 300): Figures(171, 181, 415, 603),
    (100, 200): Figures(120, 125, 277, 335),
    (50, 100): Figures(67, 71, 169, 253),
    (25, 50): Figures(43, 48, 119, 276),
    (12, 24): Figures(30, 35, 87, 152),
}


def downtime_ms(elections: Elections, generator: Generator, count: int) -> Times:
    """From the crash to the next leader, for so many trials.

    Raises `Misuse` for a range that is none, or of one moment alone: then all become
    candidates at once, again and again, and nobody is ever elected.
    """
    low, high = elections.low_ms, elections.high_ms
    if not 0 < low < high:
        raise Misuse(
            f"timeouts from {low:g} to {high:g} ms: give a range that is wide."
        )
    voters = Voters(elections, generator, count)
    running = numpy.arange(count)
    for _ in range(MAX_EVENTS):
        elected = voters.next_event(running)
        running = running[~elected]
        if not len(running):
            return voters.now_ms - generator.uniform(0, low / 2, count)  # §9.3, crash
    raise Misuse(f"{len(running)} trials elect nobody within {MAX_EVENTS:,} events.")


class Voters:
    """The servers that are left, of all trials: arrays `[trial, server]`.

    A request reaches all the others at one time, and all their votes come back at one
    time. So there are three things that can come next for each server: its timeout, the
    arrival of its requests, and the return of the votes.
    """

    def __init__(self, elections: Elections, generator: Generator, count: int):
        self.elections, self.generator = elections, generator
        shape = count, len(elections.ranks)
        self.ranks = numpy.array(elections.ranks)
        self.term = numpy.zeros(shape, int)
        self.voted = numpy.zeros(shape, int)  # the last term in which it has voted
        self.votes = numpy.ones(shape, int)  # that are on their way to this candidate
        self.now_ms = numpy.zeros(count)
        never = numpy.full(shape, numpy.inf)
        self.coming_ms = numpy.stack([self.timeouts(shape), never, never], axis=1)

    def timeouts(self, shape: tuple[int, ...]) -> Times:
        """Timeouts, drawn anew."""
        return self.generator.uniform(
            self.elections.low_ms, self.elections.high_ms, shape
        )

    def next_event(self, running: NDArray[numpy.int_]) -> NDArray[numpy.bool_]:
        """Let what comes next happen in each of these trials; whether it elects."""
        coming_ms = self.coming_ms[running]
        kind, server = divmod(
            coming_ms.reshape(len(running), -1).argmin(axis=1), len(self.ranks)
        )
        now_ms = coming_ms[numpy.arange(len(running)), kind, server]
        self.now_ms[running] = now_ms
        for what, happens in enumerate((self.times_out, self.is_asked)):
            chosen = kind == what
            happens(running[chosen], server[chosen], now_ms[chosen])
        counted = kind == 2
        self.coming_ms[running[counted], 2, server[counted]] = numpy.inf
        return counted & (self.votes[running, server] >= self.elections.majority)

    def times_out(self, trial: NDArray, server: NDArray, now_ms: Times) -> None:
        """A follower or candidate becomes a candidate of the next term."""
        one_way_ms = self.elections.broadcast.one_way_ms
        self.term[trial, server] += 1
        self.voted[trial, server] = self.term[trial, server]
        self.coming_ms[trial, 0, server] = now_ms + self.timeouts(trial.shape)
        self.coming_ms[trial, 1, server] = now_ms + one_way_ms
        self.coming_ms[trial, 2, server] = numpy.inf  # an earlier election of its own

    def is_asked(self, trial: NDArray, candidate: NDArray, now_ms: Times) -> None:
        """All the others are asked for their vote at once."""
        self.coming_ms[trial, 1, candidate] = numpy.inf
        term = self.term[trial, candidate][:, None]
        others = numpy.arange(len(self.ranks)) != candidate[:, None]
        theirs = self.term[trial]
        behind = others & (theirs < term)
        self.coming_ms[trial, 2] = numpy.where(
            behind, numpy.inf, self.coming_ms[trial, 2]
        )
        self.term[trial] = numpy.maximum(theirs, numpy.where(others, term, 0))
        free = others & (self.voted[trial] < term) & (theirs <= term)
        granted = free & (self.ranks <= self.ranks[candidate][:, None])  # §9.3, logs
        self.voted[trial] = numpy.where(granted, term, self.voted[trial])
        fresh = now_ms[:, None] + self.timeouts(granted.shape)
        self.coming_ms[trial, 0] = numpy.where(granted, fresh, self.coming_ms[trial, 0])
        self.votes[trial, candidate] = 1 + granted.sum(axis=1)
        broadcast = self.elections.broadcast
        answered_ms = now_ms + broadcast.disk_ms + broadcast.one_way_ms
        self.coming_ms[trial, 2, candidate] = answered_ms
