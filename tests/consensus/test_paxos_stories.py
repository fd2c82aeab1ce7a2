"""What Paxos promises and what takes it away, told by a few calls and faults.

`pytest tests/consensus/test_paxos_stories.py --update-golden` writes the texts anew.
"""

import paxos_stories as stories
import pytest
from killed import broken
from paxos_claims import SAFETY, chosen
from paxos_mutants import ForgetsItsPromise
from paxos_stories import Story, tell
from told import told

from distlab.consensus.paxos import Paxos, Prepare
from distlab.faults import Crash, LostWrites
from distlab.node import Call
from distlab.sim import Cluster, Disk, Network

EVERY = {name: s for name, s in vars(stories).items() if isinstance(s, Story)}
HARM = ["FORGOTTEN_PROMISE", "FORGOTTEN_VOTE", "FORGOTTEN_NUMBER"]


def values(cluster: Cluster) -> set[str]:
    return {proposal.value for proposal in chosen(cluster)}


def test_what_is_chosen_is_found_though_nobody_knows_that_it_is():
    """§2.2, P2c."""
    cluster = tell(stories.FINDS_WHAT_WAS_CHOSEN)
    assert cluster.saw("proposes what it has found")
    assert [op.result for op in cluster.history] == ["s1 crashed", "tea"]
    assert values(cluster) == {"tea"}


def test_two_proposers_may_outbid_each_other_for_ever():
    """§2.4, progress."""
    cluster = tell(stories.DUEL, until_ms=3000)
    assert values(cluster) == set()
    assert {op.ended_us for op in cluster.history} == {None}
    sent = [step.what for step in cluster.trace.where("send")]
    ballots = {msg.ballot for msg in sent if isinstance(msg, Prepare)}
    assert len(ballots) == pytest.approx(2 * 3000 / 6, abs=1)


def test_whoever_waits_for_a_time_of_its_own_ends_the_duel():
    """§2.4, progress: with every seed, some sooner than others."""
    for seed in range(30):
        cluster = tell(stories.DUEL_BY_LOT, seed=seed)
        assert [op.outcome for op in cluster.history] == ["ok", "ok"]
        assert len(values(cluster)) == 1


@pytest.mark.parametrize("name", HARM)
def test_two_values_are_chosen_when_a_disk_forgets(name):
    """§2.2, Phase 1 (b); §2.2, Phase 2 (b); §2.2, Phase 1 (a): what is on the disk."""
    story = EVERY[name]
    assert values(tell(story)) == {"tea", "milk"}
    kept = tuple(f for f in story.faults if not isinstance(f, LostWrites))
    assert any(isinstance(fault, Crash) for fault in kept)
    cluster = tell(story._replace(faults=kept))
    assert broken(cluster, *SAFETY) == {}
    assert not Paxos.assumes.admits(story.faults, n=3)
    assert Paxos.assumes.admits(kept, n=3)


def test_a_promise_in_memory_alone_is_a_forgotten_promise():
    """§2.2, Phase 1 (b): no disk has to fail for it, a crash is enough."""
    story = stories.FORGOTTEN_PROMISE
    kept = tuple(f for f in story.faults if not isinstance(f, LostWrites))
    crashed = story._replace(faults=kept)
    assert values(tell(crashed, ForgetsItsPromise)) == {"tea", "milk"}


@pytest.mark.parametrize("name", EVERY)
def test_a_story_is_short_and_tells_the_same_each_time(name):
    story = EVERY[name]
    assert len(story.faults) <= 7
    assert tell(story).trace.digest() == tell(story).trace.digest()


# ------------------------------------------------------------------------ what it costs
@pytest.mark.parametrize("n", [3, 5, 7])
def test_a_decision_takes_two_round_trips_and_5n_minus_1_messages(n):
    """Costs. A message takes 2 ms, a sync 10; those to oneself cost none."""
    cluster = Cluster(Paxos, servers=n, network=Network(2), disk=Disk(10))
    cluster.add_call(0, "s1", Call("propose", ("tea",)))
    cluster.run(until_ms=40)
    delivered = cluster.trace.where("deliver").between(0, 1000)
    assert len(delivered) == 5 * n - 1
    assert cluster.history[0].latency_ms == 4 * 2 + 3 * 10


# ------------------------------------------------------------------------ as it is read
GOLDEN = {
    "paxos": Story(calls=((0, "s1", stories.TEA),)),
    "paxos_finds_what_was_chosen": stories.FINDS_WHAT_WAS_CHOSEN,
    "paxos_forgets_a_promise": stories.FORGOTTEN_PROMISE,
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_run_reads_as_it_is_written_down(name, golden):
    golden(f"{name}.txt", told(tell(GOLDEN[name]).trace))
