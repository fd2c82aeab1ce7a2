"""Suspicion as a number that grows with silence: how unlikely is it that one is alive?

Source
    Hayashibara, Défago, Yared and Katayama, "The φ Accrual Failure Detector", SRDS
    2004.
Guarantees
    φ of a node that has crashed grows without bound: whoever suspects at a threshold is
    complete. Where gaps are independent and normal, and the window is large, a silence
    of a living node reaches φ with a probability of 10^-φ.
Assumes
    That gaps to come are as those in the window. Real delays are not normal, and then
    the odds are but a name for the scale: at a threshold of 8, which is 5.6 deviations,
    a long gap is taken for a crash each time if it is rarer than one in 1 + 5.6², and
    never if it is not. A bound on delays and pauses, enough for a timeout that grows,
    is not enough to be accurate in the end. Nothing lies.
Costs
    n(n - 1) messages for each `period_ms`, and a window of gaps for each node watched.
Departs
    The window begins with a guess, `period_ms` give or take a quarter, as in Akka, so
    that a node that never speaks is suspected too. The deviation is never less than
    `least_std_ms`: else a microsecond would lie between 0 and infinity. When φ will
    reach the threshold is computed, not looked for.
"""

from __future__ import annotations

from math import erfc, log, log10, pi, sqrt
from statistics import NormalDist

from distlab.errors import Misuse
from distlab.membership.heartbeat import Beat, IsAlive, Overdue, Restore, Suspect
from distlab.node import Assumes, Node, NodeId, Value, setting, volatile
from distlab.state import Record

FAR = 30  # deviations; at 39 `erfc` is 0, of which there is no logarithm
HIGHEST = 300  # level to suspect at; at 324 its probability is 0


class Normal(Value):
    """How long gaps are taken to be, from what is known of those that were."""

    mean_ms: float
    std_ms: float

    def phi(self, silent_ms: float) -> float:  # φ
        """-log10 of the probability that a gap is longer than this silence."""
        z = (silent_ms - self.mean_ms) / self.std_ms
        if z < FAR:
            return -log10(erfc(z / sqrt(2)) / 2)  # P_later
        series = 1 - 1 / z**2 + 3 / z**4  # the next term is 15 / z^6: 2e-8 at most
        return z**2 / 2 / log(10) + log10(z * sqrt(2 * pi)) - log10(series)

    def silence_ms(self, level: float) -> float:
        """How long a silence it takes for φ to be this high.

        Raises `Misuse` for a level that none reaches, or of which nothing is left.
        """
        if not 0 < level <= HIGHEST:
            raise Misuse(f"φ = {level:g}: choose a level above 0, and up to {HIGHEST}.")
        return self.mean_ms - self.std_ms * NormalDist().inv_cdf(10**-level)


class Arrivals(Record):
    """When a node was last heard, and the last gaps between its heartbeats.

    In microseconds: the sums of whole numbers stay exact, however long they are kept.
    """

    last_us: int
    gaps_us: list[int] = []
    total_us: int = 0
    squares: int = 0  # of gaps in microseconds

    def add(self, gap_us: int, most: int) -> None:  # Sampling
        """Keep one more gap, and no more than so many."""
        self.count(gap_us, 1)
        self.gaps_us.append(gap_us)
        if len(self.gaps_us) > most:
            self.count(self.gaps_us.pop(0), -1)

    def count(self, gap_us: int, times: int) -> None:
        """Let a gap be part of the sums, or no longer."""
        self.total_us += times * gap_us
        self.squares += times * gap_us**2

    @property
    def mean_ms(self) -> float:  # Estimation
        """The mean of the gaps."""
        return self.total_us / len(self.gaps_us) / 1000

    @property
    def std_ms(self) -> float:  # Estimation
        """Their standard deviation."""
        n = len(self.gaps_us)
        return sqrt(n * self.squares - self.total_us**2) / n / 1000


class PhiAccrualDetector(Node):
    """Outputs whom it suspects at `threshold`; `suspicion(node)` answers φ itself."""

    assumes = Assumes(disk="loses writes")

    period_ms: float = setting(50)
    window: int = setting(1000)
    threshold: float = setting(8)
    least_std_ms: float = setting(5)

    arrivals: dict[NodeId, Arrivals] = volatile({})
    suspected: tuple[NodeId, ...] = volatile(())

    def on_start(self):
        if self.window < 1 or self.least_std_ms <= 0:
            raise Misuse(
                f"window={self.window}, least_std_ms={self.least_std_ms:g}: keep one "
                f"gap or more, and let the deviation be above 0."
            )
        for node in self.peers:
            self.arrivals[node] = Arrivals(self.now_us)
            for factor in (0.75, 1.25):
                gap_us = round(factor * self.period_ms * 1000)
                self.arrivals[node].add(gap_us, self.window)
            self.wait_for(node)
        self.on_beat(Beat())

    def on_recover(self, report):
        self.on_start()

    @property
    def now_us(self) -> int:
        return round(self.now_ms * 1000)

    # ----------------------------------------------------------------------- monitoring
    def on_beat(self, timer: Beat):
        self.send(self.peers, IsAlive())
        self.set_timer(timer, self.period_ms)

    def on_is_alive(self, src: NodeId, msg: IsAlive):  # Sampling
        heard = self.arrivals[src]
        heard.add(self.now_us - heard.last_us, self.window)
        heard.last_us = self.now_us
        if src in self.suspected:
            self.restore(src)
        self.wait_for(src)

    def estimate(self, node: NodeId) -> Normal:  # Estimation
        heard = self.arrivals[node]
        return Normal(heard.mean_ms, max(heard.std_ms, self.least_std_ms))

    def phi(self, node: NodeId) -> float:  # φ
        silent_us = self.now_us - self.arrivals[node].last_us
        return self.estimate(node).phi(silent_us / 1000)

    def suspicion(self, node: NodeId):
        if node not in self.arrivals:
            raise Misuse(f"{self.id!r} watches {self.peers}, and not {node!r}.")
        self.ok(round(self.phi(node), 3))  # further digits depend on the machine

    # ------------------------------------------------------------------- interpretation
    def wait_for(self, node: NodeId):  # Threshold
        silent_ms = self.estimate(node).silence_ms(self.threshold)
        self.set_timer(Overdue(node), max(0, silent_ms))

    def on_overdue(self, timer: Overdue):  # Threshold
        self.suspected = (*self.suspected, timer.node)
        self.output(Suspect(timer.node))

    def restore(self, node: NodeId):
        self.suspected = tuple(other for other in self.suspected if other != node)
        self.output(Restore(node))
