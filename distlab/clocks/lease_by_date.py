"""A lease that ends at a time of day, which is another on every clock.

Source
    Kleppmann, "Designing Data-Intensive Applications", O'Reilly 2017, chapter 8,
    "Process Pauses": the lease that is compared with the local clock.
Guarantees
    With `Storage`, effects happen in the order of tokens, as in `lease`. With
    `TrustingStorage`, only while all clocks show the same, and nobody is slow.
Assumes
    As `lease`; and that the holder's clock is not behind the server's.
Costs
    As `lease`.
Departs
    The book's holder asks for another lease ten seconds before its own ends.
"""

from __future__ import annotations

from distlab.clocks.lease import Ask, Granted, Holder, LeaseServer, Storage
from distlab.node import NodeId, volatile


class GrantedUntil(Granted):
    """You have it until this time."""

    until_ms: float


class HolderByDate(Holder):
    """Has the lease until its own clock shows the time when it ends."""

    until_ms: float = volatile(0)

    def try_to_write(self):  # Process Pauses, expiry time
        if self.token is not None and self.now_ms + self.act_ms > self.until_ms:
            self.token = None
        super().try_to_write()

    def on_granted_until(self, src: NodeId, msg: GrantedUntil):
        self.until_ms = msg.until_ms
        self.on_granted(src, msg)

    def on_expires(self, timer):
        """It does not count the time: it looks at the clock."""


class ServerByDate(LeaseServer):
    """Says when the lease ends, by its own clock."""

    client = HolderByDate

    def grant(self, src: NodeId, msg: Ask):
        until_ms = self.now_ms + self.term_ms
        self.send(src, GrantedUntil(msg.number, self.token, until_ms))


# Who runs together when `distlab run` is told nothing else.
CLUSTER = {
    "servers": (ServerByDate, 1),
    "storage": (Storage, 1),
    "clients": (HolderByDate, 2),
}
