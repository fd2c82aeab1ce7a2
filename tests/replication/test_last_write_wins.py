"""Last write wins: what stays, what is lost for it, and what clocks do to it."""

import random

import pytest
import test_quorum_runs as runs
from killed import broken, first_harm
from quorum_stories import CONCURRENT_WRITES, tell

from distlab.check import siblings
from distlab.faults import ClockDrift, ClockFault, ClockJump, ClockSkew, Schedule
from distlab.history import Operation
from distlab.node import Call, Deliver
from distlab.replication.last_write_wins import (
    LastWriteWins,
    Stamped,
    StampingClient,
    latest,
)
from distlab.replication.quorum import Fetch, Replica, Store
from distlab.replication.siblings import Vector
from distlab.sim import Cluster


def stamped(
    value: object, at_ms: float, writer: str = "c1", number: int = 1
) -> Stamped:
    return Stamped(value, Vector(((writer, number),)), at_ms)


# ----------------------------------------------------------------------------- by steps
def test_a_write_is_stamped_with_its_clients_own_clock():
    """Last write wins, stamp."""
    c1 = StampingClient("c1", servers=("s1", "s2", "s3"))
    (store, *_) = c1.step(Call("write", ("x", "milk")), now_ms=123.5)
    assert store.msg.siblings == (stamped("milk", 123.5),)


def test_of_two_versions_the_one_with_the_later_stamp_is_kept():
    """Last write wins, discard: whichever comes first."""
    early, late = stamped("early", 5), stamped("late", 6, "c2")
    for first, second in ((early, late), (late, early)):
        s1 = LastWriteWins("s1")
        for number, version in enumerate((first, second)):
            s1.step(Deliver("c1", Store(number, "x", (version,))))
        (answer,) = s1.step(Deliver("c3", Fetch(1, "x")))
        assert answer.msg.siblings == (late,)


def test_of_equal_stamps_all_replicas_choose_the_same():
    """Last write wins, discard: it does not matter which."""
    one, other = stamped("one", 5, "c1", 9), stamped("other", 5, "c2", 1)
    assert latest((one,), (other,)) == latest((other,), (one,)) == (other,)


def test_what_its_writer_had_seen_does_not_matter():
    """Last write wins, discard: a slow clock loses against what it overwrites."""
    seen = stamped("seen", 50, "c2")
    mine = Stamped("mine", seen.vector.then("c1", 1), 40)
    assert latest((seen,), (mine,)) == (seen,)


@pytest.mark.parametrize("seed", range(50))
def test_it_does_not_matter_in_which_order_or_how_often_versions_are_merged(seed):
    rng = random.Random(seed)
    made = [stamped(i, rng.randrange(5), rng.choice("abc"), i) for i in range(6)]
    winner = latest(tuple(made))
    for _ in range(10):
        rng.shuffle(made)
        one_by_one = ()
        for version in [*made, *made[:2]]:
            one_by_one = latest(one_by_one, (version,))
        assert one_by_one == winner
    assert latest() == latest((), ()) == ()


# ----------------------------------------------------------------------------- by seeds
def schedule(seed: int) -> Schedule:
    """All that quorums admit, but for what clocks do."""
    n, _, w = runs.SIZES[seed % len(runs.SIZES)]
    drawn = runs.drawn(seed, n, seed % 2 * (w - 1))
    return tuple(fault for fault in drawn if not isinstance(fault, ClockFault))


def last_writes_stay(cluster: Cluster) -> str | None:
    """What is there at the end is no older than any acknowledged write of its key."""
    for held in runs.rows(cluster).values():
        for key, (version,) in held.items():
            for write in cluster.history.where("write", "delete", outcome="ok"):
                if write.args[0] == key and newer(write, version, cluster):
                    return f"{write}, and there is {version}"
    return None


def newer(write: Operation, version: Stamped, cluster: Cluster) -> bool:
    """Whether a write began when the one that made the version had ended."""
    makers = [op for op in cluster.history if op.result == version.vector]
    return any(maker.before(write) for maker in makers)


@pytest.mark.parametrize("shape", runs.SHAPES)
@pytest.mark.parametrize("seed", range(10))
def test_the_last_write_stays_while_no_clock_is_off(seed, shape):
    cluster = runs.run(LastWriteWins, seed, shape, schedule(seed))
    promises = last_writes_stay, runs.replicas_become_equal, runs.operations_end
    assert broken(cluster, *promises) == {}


@pytest.mark.soak
@pytest.mark.parametrize("shape", runs.SHAPES)
@pytest.mark.parametrize("seed", range(10, 210))
def test_the_last_write_stays_for_two_hundred_seeds(seed, shape):
    cluster = runs.run(LastWriteWins, seed, shape, schedule(seed))
    promises = last_writes_stay, runs.replicas_become_equal, runs.operations_end
    assert broken(cluster, *promises) == {}


def test_siblings_lose_nothing_where_the_last_write_wins_does():
    """The same seed, the same calls, no faults: what clocks cannot order is lost."""
    wins = runs.run(LastWriteWins, 0, "symmetric", ())
    verdict = siblings.acknowledged_writes(wins.history, runs.rows(wins))
    assert verdict.invalid
    assert broken(runs.run(Replica, 0, "symmetric", ()), *runs.PROMISES) == {}


OFF = {
    ClockSkew: lambda seed: (ClockSkew("c1", offset_ms=500),),
    ClockDrift: lambda seed: (ClockDrift("c1", ppm=300_000),),
    ClockJump: lambda seed: (ClockJump("c1", by_ms=500, at_ms=100),),
}


@pytest.mark.parametrize("kind", OFF, ids=lambda kind: kind.__name__)
def test_with_a_clock_that_is_off_a_later_write_is_lost_at_some_seed(kind):
    assert kind not in LastWriteWins.assumes.kinds()

    def harmed(seed):
        return runs.run(LastWriteWins, seed, "symmetric", OFF[kind](seed))

    assert first_harm(last_writes_stay, harmed) == 1


# ------------------------------------------------------------------------------ mutants
class KeepsTheFirst(LastWriteWins):
    merge = staticmethod(lambda *several: next(filter(None, several), ()))


class KeepsTheLastToArrive(LastWriteWins):
    merge = staticmethod(lambda *several: several[-1])


class KeepsBoth(LastWriteWins):
    merge = staticmethod(lambda *several: tuple(v for s in several for v in s))


class StampsNothing(StampingClient):
    def version(self, key, value):
        return Stamped(value, super().version(key, value).vector, 0)


KILLED = {
    KeepsTheFirst: test_of_two_versions_the_one_with_the_later_stamp_is_kept,
    KeepsTheLastToArrive: test_of_two_versions_the_one_with_the_later_stamp_is_kept,
    KeepsBoth: test_of_two_versions_the_one_with_the_later_stamp_is_kept,
    StampsNothing: test_a_write_is_stamped_with_its_clients_own_clock,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), mutant.__bases__[0].__name__, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()


def test_replicas_that_break_ties_by_arrival_do_not_become_equal():
    assert tell(CONCURRENT_WRITES, LastWriteWins).history[2].outcome == "ok"
    for seed in range(20):
        cluster = runs.run(KeepsTheFirst, seed, "symmetric", ())
        if runs.replicas_become_equal(cluster):
            return
    pytest.fail("KeepsTheFirst survives")
