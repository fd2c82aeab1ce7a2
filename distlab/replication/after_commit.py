"""After-commit: the leader shows a write before any follower has it, and then answers.

Source
    MySQL 8.0 Reference Manual, "Semisynchronous Replication": AFTER_COMMIT, the only
    order until version 5.7 brought AFTER_SYNC, which is `failover`.
Guarantees
    To whoever wrote, those of `failover`: an answered write survives the leader. To
    whoever read, none: what was read at the leader may be gone with it.
Assumes
    As `failover`.
Costs
    As `failover`.
Departs
    Nowhere.
"""

from __future__ import annotations

from distlab.replication.failover import Failover


class AfterCommit(Failover):
    """A replica whose readers need not wait for the followers, as its writers do."""

    @property
    def visible(self) -> int:  # AFTER_COMMIT
        return self.last_index
