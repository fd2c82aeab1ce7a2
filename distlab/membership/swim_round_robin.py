"""SWIM in rounds: a member pings all others in turn, then again in another order.

Source
    Das, Gupta and Motivala, "SWIM: Scalable Weakly-consistent Infection-style Process
    Group Membership Protocol", DSN 2002, section 4.3.
Guarantees
    As SWIM; and each member pings each of its n members at least every 2n - 1 periods,
    so that a crash is found by each of them within that time, whatever chance does.
Assumes
    As SWIM.
Costs
    As SWIM: the first finds a crash as soon on average, and never late.
Departs
    The paper shuffles a list of all members. Here an order is a walk around the group
    with a drawn stride: two numbers in place of ten thousand. Where a member stands in
    it is as random as in a shuffled list; how two of them stand to each other is not.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd

from distlab.membership.swim_suspicion import SuspicionSwim
from distlab.node import NodeId, volatile


class RoundRobinSwim(SuspicionSwim):
    """Outputs what it takes for true of a member, whenever that changes."""

    start: int = volatile(0)  # the place in the group where the round begins
    stride: int = volatile(0)  # from one place to the next, around; 0: no round yet
    turn: int = volatile(0)  # how many places of this round are behind it

    def next_target(self) -> NodeId | None:  # §4.3, traversal
        while self.members:
            if self.turn == 0:
                self.start_round()
            place = (self.start + self.turn * self.stride) % len(self.nodes)
            self.turn = (self.turn + 1) % len(self.nodes)
            if self.nodes[place] in self.members:
                return self.nodes[place]
        return None

    def start_round(self):  # §4.3, reordering
        around = strides(len(self.nodes))
        (self.start,) = self.choose(1, range(len(self.nodes)))
        (number,) = self.choose(1, range(len(around)))
        self.stride = around[number]


@lru_cache(maxsize=8)
def strides(n: int) -> tuple[int, ...]:
    """The strides by which one comes around to every one of n places."""
    return tuple(stride for stride in range(1, n + 1) if gcd(stride, n) == 1)
