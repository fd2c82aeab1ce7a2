"""A regular register: r + w > n alone. A read answers with the newest that it finds.

Source
    Lamport, "On Interprocess Communication", Distributed Computing 1(2), 1986, part II:
    regular. Shao, Welch, Pierce and Lee, "Multiwriter Consistency Conditions for Shared
    Memory Registers", SIAM J. Comput. 40(1), 2011: for several writers.
Guarantees
    A read returns the last write that ended before it began, or one that overlaps it.
    With several writers, any one read is linearizable together with all the writes. Two
    reads are not: the later may return the older value, while a write is under way or
    after its client has crashed.
Assumes
    As `abd`.
Costs
    A read takes one round trip and 2n messages: half of `abd`. A write as there.
Departs
    Lamport's register has one writer, who need not ask before writing; ours may have
    many.
"""

from __future__ import annotations

from distlab.replication.abd import AbdClient, AbdReplica, Row


class RegularClient(AbdClient):
    """Reads without writing back."""

    def start_write_back(self, newest: Row):  # Regular
        self.finish(newest)


class RegularReplica(AbdReplica):
    """The replica of `abd`: only clients differ."""

    client = RegularClient


# Who runs together when `distlab run` is told nothing else.


CLUSTER = {"servers": (RegularReplica, 3), "clients": (RegularClient, 2)}
