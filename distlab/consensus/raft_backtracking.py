"""Raft that goes back a whole term for each refusal, instead of one entry.

Source
    Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm", USENIX
    ATC 2014, the end of section 5.3.
Guarantees
    As Raft. A log that does not fit is refused once for each of its terms that do not
    fit, and once if it is too short, however many entries that are.
Assumes
    As Raft.
Costs
    As Raft, with fewer refusals after an election. Entries that would have fitted may
    be sent again, since a whole term is gone back.
Departs
    Of the conflicting entry only the first index of its term is told, not the term: the
    leader has no use for it.
"""

from __future__ import annotations

from distlab.consensus.raft import AppendEntries, Raft
from distlab.node import NodeId


class RaftBacktracking(Raft):
    """Raft with a follower that says from where on its log may be another's."""

    def on_append_entries(self, src: NodeId, msg: AppendEntries):  # §5.3, refusal
        prev, term = msg.prev_log_index, msg.prev_log_term
        if msg.term == self.current_term and self.term_at(prev) != term:
            msg = AppendEntries(msg.term, self.conflict_index(prev), term, (), 0)
        super().on_append_entries(src, msg)  # which refuses it all the same

    def conflict_index(self, prev: int) -> int:  # §5.3, first index
        if prev > self.log.last_index:
            return self.log.last_index + 1
        index = prev
        while self.term_at(index - 1) == self.term_at(prev):
            index -= 1
        return index
