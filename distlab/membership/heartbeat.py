"""Heartbeats: each node says that it is alive, and whoever falls silent is suspected.

Source
    Chandra and Toueg, "Unreliable Failure Detectors for Reliable Distributed Systems",
    Journal of the ACM 43(2), 1996, section 2 and Figure 10, tasks 1 to 3.
Guarantees
    Strong completeness: whoever crashes is in the end suspected by all that are up, and
    stays so. Strong accuracy: nobody is suspected who is up; one that is just back is
    until it is heard of. This is a perfect detector as long as the timing below holds.
Assumes
    Time: of what a node that is up sends, `timeout_ms` never pass between one arrival
    and the next. A period, the slowest message and the longest pause together are
    enough. Nothing is lost. Any number of nodes may crash, and come back with nothing.
Costs
    n(n - 1) messages for each `period_ms`. A crash is noticed after `timeout_ms` and a
    message's delay at the latest, a period sooner at best. No disk is used.
Departs
    The timeout is the same for ever: `increasing_timeout` learns a longer one. A timer
    for each node stands in for looking at the clock again and again. Who comes back
    from a crash begins anew.
"""

from __future__ import annotations

from distlab.node import Assumes, Message, Node, NodeId, Timer, Value, setting, volatile


class IsAlive(Message):
    """I am alive."""


class Beat(Timer):
    """Time to say so."""


class Overdue(Timer):
    """Nothing has come from this node for as long as one waits."""

    node: NodeId


class Suspect(Value):
    """This node takes that one for crashed."""

    node: NodeId


class Restore(Value):
    """It does no longer: it was wrong, or that one is back."""

    node: NodeId


class HeartbeatDetector(Node):
    """Outputs whom it suspects and whom it does no longer; all watch all."""

    assumes = Assumes(links="at least once", disk="loses writes")

    period_ms: float = setting(50)
    timeout_ms: float = setting(150)

    suspected: tuple[NodeId, ...] = volatile(())  # paper: output, at this node

    def on_start(self):
        for node in self.peers:
            self.wait_for(node)
        self.on_beat(Beat())

    def on_recover(self, report):
        self.on_start()

    def on_beat(self, timer: Beat):  # Task 1
        self.send(self.peers, IsAlive())
        self.set_timer(timer, self.period_ms)

    def wait_for(self, node: NodeId):
        self.set_timer(Overdue(node), self.patience_ms(node))

    def patience_ms(self, node: NodeId) -> float:
        return self.timeout_ms

    def on_overdue(self, timer: Overdue):  # Task 2
        self.suspected = (*self.suspected, timer.node)
        self.output(Suspect(timer.node))

    def on_is_alive(self, src: NodeId, msg: IsAlive):  # Task 3
        if src in self.suspected:
            self.restore(src)
        self.wait_for(src)

    def restore(self, node: NodeId):  # Task 3, 1
        self.suspected = tuple(other for other in self.suspected if other != node)
        self.output(Restore(node))
