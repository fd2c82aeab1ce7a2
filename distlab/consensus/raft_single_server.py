"""Raft whose servers change one at a time, so that old and new majorities overlap.

Source
    Ongaro, "Consensus: Bridging Theory and Practice", dissertation, Stanford 2014,
    section 4.1; and his message "Bug in single-server membership changes" to the
    raft-dev list, 10 July 2015, which adds a condition.
Guarantees
    As Raft, while servers come and go, one at a time.
Assumes
    As Raft. Of the servers that are in the log a majority is up.
Costs
    As Raft. A change takes one entry.
Departs
    A new server is not brought up to date before it counts. A change of more than one
    server is answered with False.
"""

from __future__ import annotations

from distlab.consensus.client import Reply, Request
from distlab.consensus.raft_membership import RaftMembership, Reconfiguration
from distlab.node import NodeId
from distlab.quorum import Majority


class RaftSingleServer(RaftMembership):
    """Raft, and a leader that adds a server, or removes one, by one entry."""

    def change(self, src: NodeId, msg: Request):  # §4.1, one server
        (members,) = msg.call.args
        if len({*members}.symmetric_difference(self.members)) > 1:
            return self.send(src, Reply(msg.number, False))
        if not self.may_change():
            return self.ignore("nothing of this term is committed yet")
        news = Reconfiguration(src, msg.number, msg.call, Majority(members))
        self.append(news)

    def may_change(self) -> bool:  # 2015
        """Or changes of two leaders may have majorities that are apart."""
        return self.term_at(self.commit_index) == self.current_term
