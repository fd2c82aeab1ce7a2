"""The table of models: as printed, as quorums have it, and as protocols do."""

from importlib import import_module
from itertools import product

import pytest

from distlab.consensus.ben_or import BenOr
from distlab.consensus.paxos import Paxos
from distlab.errors import Misuse
from distlab.faults import Crash
from distlab.membership.heartbeat import HeartbeatDetector
from distlab.membership.increasing_timeout import IncreasingTimeout
from distlab.membership.system_models import (
    CONSENSUS,
    DETECTORS,
    FAILURES,
    TIMING,
    agree_after_recoveries,
    least_nodes,
    quorums_meet,
)
from distlab.node import Call
from distlab.quorum import AtLeast
from distlab.sim import Cluster

PRINTED = {
    "synchronous": ("t", "t", "t", "3t+1"),
    "partially synchronous": ("2t+1", "2t+1", "3t+1", "3t+1"),
    "asynchronous": ("∞", "∞", "∞", "∞"),
}


def test_the_table_is_as_printed():
    """Table I, synchronous; Table I, partially synchronous; Table I, asynchronous."""
    for timing, row in PRINTED.items():
        for failures, told in zip(FAILURES, row, strict=True):
            least = CONSENSUS[timing][failures]
            found = "∞" if least is None else f"{least.times}t+{least.more}"
            assert found.replace("1t", "t").removesuffix("+0") == told
    assert [least_nodes("synchronous", "crash", f) for f in (0, 1, 5)] == [2, 2, 5]


def test_less_synchrony_and_worse_failures_never_take_fewer_nodes():
    for f in (1, 2, 3):
        table = [
            [least_nodes(timing, failures, f) or 10**6 for failures in FAILURES]
            for timing in TIMING
        ]
        for row in table:
            assert row == sorted(row)
        for column in zip(*table, strict=True):
            assert list(column) == sorted(column)


def test_where_groups_of_those_that_answer_may_miss_each_other_there_is_no_way():
    """Theorem 4.3; Theorem 4.4: and where they cannot, the table has a protocol."""
    for n, f in product(range(2, 9), range(1, 5)):
        if f >= n:
            continue
        nodes = tuple(f"s{i}" for i in range(n))
        waits = AtLeast(nodes, n - f)
        assert quorums_meet(n, f) == waits.meets(waits)
        enough = least_nodes("partially synchronous", "crash", f)
        assert quorums_meet(n, f) == (n >= enough)
        enough = least_nodes("partially synchronous", "signed", f)
        assert quorums_meet(n, f, honest=f) == (n >= enough)


def decided(protocol: type, n: int, crashed: int, proposal, **settings) -> bool:
    """Whether all that are left decide, when so many of n have crashed."""
    left = [f"s{i + 1}" for i in range(n - crashed)]
    cluster = Cluster(
        protocol,
        servers=n,
        faults=tuple(Crash(f"s{n - i}", 0) for i in range(crashed)),
        workload={node: (Call("propose", (proposal(node),)),) for node in left},
        **settings,
    )
    history = cluster.run(until_ms=20_000).history
    return len(history.where(outcome="ok")) == len(left)


@pytest.mark.parametrize(("n", "f"), [(2, 1), (3, 1), (4, 2), (5, 2), (6, 3), (7, 3)])
def test_paxos_decides_with_so_many_nodes_and_not_with_one_fewer(n, f):
    """Table I, partially synchronous."""
    enough = least_nodes("partially synchronous", "crash", f)
    assert decided(Paxos, n, f, lambda node: f"from {node}") == (n >= enough)


@pytest.mark.parametrize(("n", "f"), [(3, 1), (5, 2)])
def test_coins_do_what_no_number_of_nodes_can(n, f):
    """Table I, asynchronous: of protocols that toss none."""
    assert least_nodes("asynchronous", "crash", f) is None
    assert decided(BenOr, n, f, lambda node: int(node[1:]) % 2, t=f)


def test_the_detectors_that_can_be_built_are_here():
    built = {
        HeartbeatDetector: "synchronous",
        IncreasingTimeout: "partially synchronous",
    }
    for detector, timing in built.items():
        named = DETECTORS[timing].because.split("`")[1]
        assert import_module(f"distlab.{named}").__name__ == detector.__module__
    assert DETECTORS.keys() == TIMING.keys()


def test_without_disks_those_that_never_crash_must_outnumber_the_bad():
    for n, always_up, bad in ((3, 2, 1), (5, 1, 2), (5, 3, 2), (4, 0, 1), (4, 2, 2)):
        assert agree_after_recoveries(n, always_up, bad, disks=True) == (2 * bad < n)
        assert agree_after_recoveries(n, always_up, bad, disks=False) == (
            always_up > bad
        )
    assert not agree_after_recoveries(4, 2, 2, disks=True)
    assert not agree_after_recoveries(5, 0, 0, disks=False)


def test_a_model_that_is_not_in_the_table_is_refused():
    for asked in (("late", "crash", 1), ("synchronous", "lies", 1)):
        with pytest.raises(Misuse, match="choose one of synchronous"):
            least_nodes(*asked)
