"""Viewstamped replication told by a few runs; and what its recovery, as printed, loses.

`pytest tests/consensus/test_viewstamped_stories.py --update-golden` writes the texts.
"""

import pytest
from killed import broken
from told import told
from viewstamped_claims import always_later_views_begin_with_what_is_committed
from viewstamped_mutants import ForgetsItsView, GoesBackBehindItsWord
from viewstamped_runs import PROMISES, clients_see_one_service
from viewstamped_stories import forgotten

from distlab.consensus.viewstamped import Viewstamped
from distlab.consensus.viewstamped_recovery import ViewstampedRecovery
from distlab.faults import CorruptRecord, LostWrites
from distlab.node import Call
from distlab.sim import Cluster, Network

LATER = always_later_views_begin_with_what_is_committed


@pytest.mark.parametrize("protocol", [ForgetsItsView, GoesBackBehindItsWord])
def test_recovery_as_printed_loses_what_is_committed(protocol):
    """§4.3, 3: Michael et al. 2017: a replica goes back behind its DoViewChange."""
    cluster = forgotten(protocol)
    lost = broken(cluster, *PROMISES)
    assert lost.keys() >= {LATER.__name__, clients_see_one_service.__name__}
    assert [op.result for op in cluster.history] == [None, None]


def test_who_goes_on_with_the_change_loses_nothing():
    """§4.3, 3: the same faults at the same times."""
    cluster = forgotten(ViewstampedRecovery, until_ms=4000)
    assert broken(cluster, *PROMISES) == {}
    assert cluster.saw("recovers, and had promised to join a later view")


@pytest.mark.parametrize("kind", [LostWrites, CorruptRecord])
def test_the_number_of_the_view_must_not_get_lost_on_the_disk(kind):
    """All that the disk is for: without it this is the protocol as printed."""
    assert kind not in ViewstampedRecovery.assumes.kinds()
    harm = kind("s2", at_ms=349), kind("s3", at_ms=549)
    assert LATER(forgotten(ViewstampedRecovery, harm))


def primary_dies() -> Cluster:
    cluster = Cluster(
        Viewstamped,
        servers=3,
        clients=1,
        seed=7,
        network=Network(fifo=True),
        workload={"c1": tuple(Call("write", ("x", i)) for i in range(3))},
    )
    cluster.at(20).crash("s1")
    return cluster.run(until_ms=320)


STORIES = {
    "viewstamped": primary_dies,
    "viewstamped_forgotten": lambda: forgotten(ForgetsItsView, until_ms=720),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_run_reads_as_it_is_written_down(story, golden):
    golden(f"{story}.txt", told(STORIES[story]().trace))
