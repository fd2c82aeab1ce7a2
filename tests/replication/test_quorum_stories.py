"""Each limit of quorums as a story of a few calls and faults, told to the judges."""

import pytest
import quorum_stories as stories
from quorum_stories import Story, tell

from distlab.check import freshness, siblings
from distlab.faults import Crash, Isolate, LostWrites
from distlab.replication.coordinator import Coordinator
from distlab.replication.last_write_wins import LastWriteWins
from distlab.replication.quorum import Replica
from distlab.sim import Cluster

EVERY = {name: s for name, s in vars(stories).items() if isinstance(s, Story)}


def rows(cluster: Cluster) -> dict[str, dict]:
    return {server: cluster[server].rows for server in ("s1", "s2", "s3")}


def seen(cluster: Cluster) -> list[list[object]]:
    """What each read returned, in order."""
    reads = cluster.history.where("read")
    return [[version.value for version in read.result] for read in reads]


def verdicts(cluster: Cluster) -> dict[str, str]:
    """What is broken, and by which operations."""
    said = {
        "lost": siblings.acknowledged_writes(cluster.history, rows(cluster)),
        "stale": freshness.fresh_reads(cluster.history),
        "inverted": freshness.no_inversion(cluster.history),
        "apart": siblings.convergence(rows(cluster)),
    }
    return {name: verdict for name, verdict in said.items() if verdict.invalid}


def test_of_two_concurrent_writes_both_stay():
    cluster = tell(stories.CONCURRENT_WRITES)
    assert seen(cluster) == [["milk", "eggs"]]
    assert verdicts(cluster) == {}


def test_a_write_that_failed_is_seen_and_not_seen_and_seen_again():
    cluster = tell(stories.FAILED_WRITE_LINGERS)
    assert cluster.history[0].outcome == "info"
    assert seen(cluster) == [["ghost"], [], ["ghost"], ["ghost"]]
    assert verdicts(cluster).keys() == {"inverted"}


def test_of_two_reads_during_a_write_the_later_may_be_the_older():
    cluster = tell(stories.READ_DURING_A_WRITE)
    assert seen(cluster) == [["new"], []]
    write, first, second = cluster.history
    assert first.before(second)
    assert write.outcome == "ok"
    assert not write.before(first)
    assert verdicts(cluster).keys() == {"inverted"}


def test_a_replica_from_an_old_backup_makes_a_read_stale_and_nothing_is_lost():
    cluster = tell(stories.OLD_BACKUP)
    assert seen(cluster) == [[], ["paid"]]
    assert verdicts(cluster).keys() == {"stale"}
    servers = [f for f in stories.OLD_BACKUP.faults if getattr(f, "node", "")[0] != "c"]
    assert Replica.assumes.admits(servers, n=3, w=2)


def test_two_replicas_from_old_backups_lose_a_write_that_two_had_confirmed():
    cluster = tell(stories.TOO_MANY_BACKUPS)
    assert seen(cluster) == [[]]
    assert verdicts(cluster).keys() == {"lost", "stale"}
    assert not Replica.assumes.admits(stories.TOO_MANY_BACKUPS.faults, n=3, w=2)


def test_quorums_that_do_not_overlap_miss_each_other():
    cluster = tell(stories.TOO_FEW)
    assert seen(cluster) == [[], ["new"]]
    assert verdicts(cluster).keys() == {"stale"}
    overlapping = tell(stories.TOO_FEW._replace(r=2, w=2))
    assert seen(overlapping)[-1] == ["new"]
    assert verdicts(overlapping) == {}


def test_a_client_that_forgets_its_number_overwrites_nothing_and_is_told_it_has():
    cluster = tell(stories.FORGOTTEN_NUMBER)
    assert [op.outcome for op in cluster.history] == ["ok"] * 3
    assert seen(cluster) == [["first"]]
    assert verdicts(cluster).keys() == {"lost"}


# ---------------------------------------------------------------------- last write wins
def test_where_the_last_write_wins_one_of_two_concurrent_writes_is_lost():
    cluster = tell(stories.CONCURRENT_WRITES, LastWriteWins)
    assert seen(cluster) == [["eggs"]]
    lost = verdicts(cluster)["lost"]
    assert [op.args for op in lost.evidence] == [("x", "milk")]


def test_where_the_last_write_wins_a_slow_clock_loses_the_later_one():
    """c1 had read what it overwrites; its stamp is older all the same."""
    cluster = tell(stories.SLOW_CLOCK, LastWriteWins)
    assert seen(cluster) == [["old"], ["old"]]
    lost = verdicts(cluster)["lost"]
    assert [op.args for op in lost.evidence] == [("x", "new")]
    assert not LastWriteWins.assumes.admits(stories.SLOW_CLOCK.faults, n=3, w=2)


def test_siblings_and_clocks_that_are_right_lose_neither():
    assert verdicts(tell(stories.SLOW_CLOCK)) == {}
    in_time = stories.SLOW_CLOCK._replace(faults=())
    assert verdicts(tell(in_time, LastWriteWins)) == {}


# ------------------------------------------------------------------------ what it costs
@pytest.mark.parametrize(("protocol", "delays_ms"), [(Replica, 4), (Coordinator, 8)])
@pytest.mark.parametrize("call", [stories.write("milk"), stories.READ])
def test_a_request_takes_2n_messages_and_the_delays_that_are_said(
    protocol, delays_ms, call
):
    """A message takes 2 ms; what a coordinator sends to itself costs none."""
    cluster = tell(Story(((10, "c1", call),)), protocol)
    assert len(cluster.trace.where("send")) == 2 * 3
    assert cluster.history[0].latency_ms == delays_ms


def test_a_replica_that_is_behind_costs_a_read_one_message_more():
    story = stories.CONCURRENT_WRITES._replace(faults=(Isolate("s3", until_ms=40),))
    sent = tell(story).trace.where("send").between(50, 1000)
    kinds = [type(step.what).__name__ for step in sent]
    assert kinds == ["Fetch"] * 3 + ["Fetched"] * 3 + ["Repair"]


# ---------------------------------------------------------------------------- all alike
@pytest.mark.parametrize("name", EVERY)
def test_a_story_is_short_and_tells_the_same_each_time(name):
    story = EVERY[name]
    assert len(story.faults) <= 7
    assert len(story.calls) <= 5
    assert tell(story).history.digest() == tell(story).history.digest()


@pytest.mark.parametrize("name", ["OLD_BACKUP", "TOO_MANY_BACKUPS", "FORGOTTEN_NUMBER"])
def test_without_the_loss_no_story_of_a_loss_goes_wrong(name):
    """What does the harm is the disk, not the crash."""
    story = EVERY[name]
    faults = tuple(f for f in story.faults if not isinstance(f, LostWrites))
    assert any(isinstance(fault, Crash) for fault in faults)
    assert verdicts(tell(story._replace(faults=faults))) == {}
