"""Rumours both ways, and of two who both know one only the less weary counts it.

Source
    Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987,
    section 1.4: push-pull, minimization.
Guarantees
    Those of `rumours`. For the same k no other variant leaves so few sites: see
    `epidemic_minimized`.
Assumes
    As `rumours`.
Costs
    As `rumours` by push and by pull together: each site asks in each cycle, for ever,
    and two that are both infective tell each other. Counters travel with the answers.
Departs
    As `rumours`. What the two tell each other and answer are messages of their own.
"""

from __future__ import annotations

from distlab.membership.anti_entropy import Stamp
from distlab.membership.rumours import Feedback, Pull, Push
from distlab.node import Message, NodeId


class Counters(Message):
    """Of these rumours, whether they were new to me; if not, how weary of them I am.

    None is for one in which all interest is lost.
    """

    needed: tuple[tuple[Stamp, bool], ...]
    useless: tuple[int | None, ...]


class PushPull(Push, Pull):
    """In each cycle a site tells another one what is hot, and asks it."""

    def contact(self, peer: NodeId):  # §1.4, push-pull
        Push.contact(self, peer)
        Pull.contact(self, peer)


class Minimized(PushPull):
    """A contact is useless to whoever has had fewer useless ones; to both if equal."""

    def answer(self, src: NodeId, needed: tuple[tuple[Stamp, bool], ...]):
        hot = (self.hot.get(stamp) for stamp, _ in needed)
        counters = tuple(None if one is None else one.useless for one in hot)
        self.send(src, Counters(needed, counters))

    def on_counters(self, src: NodeId, msg: Counters):
        counted = (
            (stamp, needed)
            for (stamp, needed), theirs in zip(msg.needed, msg.useless, strict=True)
            if needed or self.rises(stamp, theirs)
        )
        self.on_feedback(src, Feedback(tuple(counted)))

    def rises(self, stamp: Stamp, theirs: int | None) -> bool:  # §1.4, minimization
        """Whether this site's counter does; if theirs is smaller, theirs alone does."""
        if theirs is None or stamp not in self.hot:
            return True
        return self.hot[stamp].useless <= theirs


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (Minimized, 5)}
