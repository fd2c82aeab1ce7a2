"""Gossip: rumours bring what is new to almost all sites, anti-entropy to the rest.

Source
    Demers et al., "Epidemic Algorithms for Replicated Database Maintenance", PODC 1987,
    section 1.5; its parts are `rumours` and `anti_entropy`.
Guarantees
    Those of `anti_entropy`: once faults stop, all sites become equal. And most updates
    reach most sites as fast as rumours do.
Assumes
    As `anti_entropy`.
Costs
    Those of `rumours`; those of `anti_entropy` in one cycle of `backup`, at random.
Departs
    Nowhere.
"""

from __future__ import annotations

from distlab.membership import rumours
from distlab.membership.anti_entropy import AntiEntropy
from distlab.node import NodeId, setting


class Gossip(AntiEntropy, rumours.Push):  # §1.5, redistribution
    """What anti-entropy finds out is a hot rumour again: others may have missed it."""

    backup: int = setting(10)

    def contact(self, peer: NodeId):  # §1.5, backup
        """In one cycle of `backup` it compares everything."""
        rumours.Push.contact(self, peer)
        if self.choose(1, range(self.backup)) == (0,):
            AntiEntropy.contact(self, peer)


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {"servers": (Gossip, 5)}
