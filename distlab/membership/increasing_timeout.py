"""A detector that learns: whoever was suspected and lives gets more time from then on.

Source
    Chandra and Toueg, "Unreliable Failure Detectors for Reliable Distributed Systems",
    Journal of the ACM 43(2), 1996, Figure 10, task 3; also Cachin, Guerraoui and
    Rodrigues, "Introduction to Reliable and Secure Distributed Programming", Springer
    2011, Algorithm 2.7, "Increasing Timeout".
Guarantees
    Strong completeness, as with a timeout that stays. Eventual strong accuracy: from
    some moment on nobody is suspected who is up. When it has come, nobody can tell.
Assumes
    Partial synchrony: messages and pauses have some bound from some moment on. Neither
    is known. Until then anything may be lost or late. Nothing lies.
Costs
    n(n - 1) messages for each `period_ms`. A crash is noticed after a timeout which,
    once it has grown, is longer than the longest gap so far by `step_ms` at most. No
    disk is used.
Departs
    A timeout that has grown is forgotten in a crash.
"""

from __future__ import annotations

from distlab.membership.heartbeat import HeartbeatDetector
from distlab.node import Assumes, NodeId, setting, volatile


class IncreasingTimeout(HeartbeatDetector):
    """As a `HeartbeatDetector`, with a timeout for each node that only grows."""

    assumes = Assumes(disk="loses writes")

    step_ms: float = setting(50)

    errors: dict[NodeId, int] = volatile({})  # how often each was suspected and lived

    def patience_ms(self, node: NodeId) -> float:  # Increasing
        return self.timeout_ms + self.step_ms * self.errors.get(node, 0)

    def restore(self, node: NodeId):  # Task 3, 2
        super().restore(node)
        self.errors[node] = self.errors.get(node, 0) + 1
