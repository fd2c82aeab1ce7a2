"""Every order in which messages may arrive, while one writes and others read.

The writer is that of the first paper: the only one, it need not ask before it writes. A
message that never arrives is one of these orders that has not gone further. The counts
are higher than those of orders in which the reads follow one another: here they also
overlap, and the writer hears that its value is stored.
"""

import pytest

from distlab.check import Budget
from distlab.check.explore import always, explore
from distlab.check.limits import Limits
from distlab.check.linearizable import linearizable
from distlab.node import Call
from distlab.quorum import AtLeast
from distlab.replication.abd import AbdClient, AbdReplica, Row
from distlab.replication.regular_register import RegularClient

READ = (Call("read", ("x",)),)
WRITE = (Call("write", ("x", "new")),)
TWO_READERS = {"c1": WRITE, "c2": READ, "c3": READ}
ONE_READER = {"c1": WRITE, "c2": READ + READ}
ENOUGH = Limits(steps=2_000_000, time_s=600, memory_mb=3000)


class OneWriter(AbdClient):
    """Knows the last stamp, since nobody else gives any."""

    def write(self, key, value):
        self.number += 1
        self.start_write(Row(key), key, value)


def explored(client, n, r, w, workload=TWO_READERS):
    servers = tuple(f"s{i + 1}" for i in range(n))
    return explore(
        AbdReplica,
        servers=n,
        clients=(OneWriter, *[client] * (len(workload) - 1)),
        read_quorum=AtLeast(servers, r),
        write_quorum=AtLeast(servers, w),
        workload=workload,
        budget=Budget(timers=0),
        properties=[always(linearizable)],
        limits=ENOUGH,
    )


SIZES = [(2, 1, 2, 132_326), (2, 2, 1, 25_488), (2, 2, 2, 15_446)]


@pytest.mark.parametrize(("n", "r", "w", "worlds"), SIZES)
def test_in_whatever_order_messages_arrive_no_read_goes_back(n, r, w, worlds):
    verdict = explored(AbdClient, n, r, w)
    assert verdict.valid
    assert verdict.states == worlds


@pytest.mark.soak
def test_so_it_is_with_majorities_of_three():
    verdict = explored(AbdClient, 3, 2, 2, ONE_READER)
    assert verdict.valid
    assert verdict.states == 1_767_877


@pytest.mark.parametrize(("n", "r", "w", "steps"), [(2, 1, 2, 8), (3, 2, 2, 12)])
def test_without_the_write_back_some_order_inverts_two_reads(n, r, w, steps):
    verdict = explored(RegularClient, n, r, w)
    assert verdict.invalid
    assert "c3 read x and found nothing" in verdict.reason
    assert "but c2 read x = 'new'" in verdict.reason
    assert verdict.depth == steps


def test_where_reads_and_writes_need_not_meet_some_order_goes_back():
    verdict = explored(AbdClient, 2, 1, 1)
    assert verdict.invalid
    assert "but c1 wrote x = 'new'" in verdict.reason
