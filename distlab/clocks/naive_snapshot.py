"""A naive snapshot: everybody is asked what it has, and money gets lost, or appears.

Source
    Chandy and Lamport, "Distributed Snapshots: Determining Global States of Distributed
    Systems", ACM Transactions on Computer Systems 3(1), 1985, section 3.1: what goes
    wrong when states are recorded without regard to each other.
Guarantees
    None: what is recorded may be no state that the system could ever have been in.
Assumes
    As `snapshot`: reliable FIFO links, no crashes. It does not help.
Costs
    n - 1 messages and one message delay.
Departs
    The paper's token is money.
"""

from __future__ import annotations

from distlab.clocks.snapshot import ChandyLamport, Marker, Recorded
from distlab.node import NodeId


class NaiveSnapshot(ChandyLamport):
    """`snapshot()` asks all others to record what they have, each when it is asked."""

    def snapshot(self):
        self.send(self.peers, Marker())
        self.record_alone()
        self.ok()

    def on_marker(self, src: NodeId, msg: Marker):
        self.record_alone()

    def record_alone(self):  # §3.1
        """What has left the sender before, and arrives after this, is in neither state.

        What leaves the sender after it has recorded, and arrives here before, is in
        both.
        """
        self.output(Recorded(self.balance, ()))
