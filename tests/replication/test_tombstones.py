"""Deletes: what comes back without tombstones, and after their time of grace."""

from functools import partial

import pytest
from killed import broken, each_mutant, kill
from promises import clients_finish
from schedules import OVER_MS, Drawing
from test_golden import told

from distlab.check import siblings
from distlab.faults import (
    Assumes,
    ClockJump,
    ClockSkew,
    CorruptRecord,
    Crash,
    LostWrites,
    Recover,
    Schedule,
)
from distlab.node import (
    Call,
    Deliver,
    DiskReport,
    Fire,
    Note,
    Send,
    SetTimer,
    Start,
)
from distlab.node import Crash as Crashed
from distlab.node import Recover as Recovered
from distlab.replication.anti_entropy import AntiEntropy
from distlab.replication.merkle import MerkleTree
from distlab.replication.quorum import QuorumClient, Store, Stored
from distlab.replication.siblings import Siblings, Vector, Version
from distlab.replication.tombstones import (
    Collect,
    Collecting,
    DatedTombstone,
    DatingClient,
)
from distlab.sim import ClosedLoop, Cluster, Disk, Network, Uniform

SERVERS, CLIENTS = ("s1", "s2", "s3"), ("c1", "c2")


# ------------------------------------------------------------------------- step by step
def version(value: object, **counts: int) -> Siblings:
    return (Version(value, Vector(tuple(sorted(counts.items())))),)


def gone(deleted_ms: float, **counts: int) -> Siblings:
    return version(DatedTombstone(deleted_ms), **counts)


def replica(rows: dict | None = None) -> Collecting:
    node = Collecting("s1", SERVERS, grace_ms=100, branching=2, depth=1)
    node.step(Start())
    for key, row in (rows or {}).items():
        node.step(Deliver("c1", Store(1, key, row)), now_ms=50)
    return node


def timers(effects: list) -> list:
    return [e for e in effects if isinstance(e, SetTimer)]


MILK, GONE = version("milk", c1=1), gone(40, c1=2)


def test_a_delete_says_when():
    """Grace period."""
    c1 = DatingClient("c1", ("c1",), servers=SERVERS)
    first, *_ = c1.step(Call("delete", ("x",)), now_ms=40)
    assert first == Send("s1", Store(1, "x", gone(40, c1=1)))


def test_a_tombstone_is_kept_for_what_is_left_of_its_time_of_grace():
    """Grace period: from the delete on, and not from its arrival."""
    s1 = replica({"x": MILK})
    effects = s1.step(Deliver("c1", Store(2, "x", GONE)), now_ms=50)
    assert effects == [SetTimer(Collect("x", GONE), (90, 90)), Send("c1", Stored(2))]
    assert s1.rows == {"x": GONE}


def test_one_that_is_old_already_supersedes_what_it_finds_and_goes():
    """Grace period: or replicas would give it back to each other for ever."""
    s1 = replica({"x": MILK})
    effects = s1.step(Deliver("c1", Store(2, "x", GONE)), now_ms=1000)
    assert timers(effects) == [SetTimer(Collect("x", GONE), (0, 0))]
    assert s1.rows == {"x": GONE}


def test_of_several_tombstones_the_last_one_counts():
    """Grace period."""
    effects = replica({"x": GONE}).step(
        Deliver("c2", Store(1, "x", gone(45, c2=1))), now_ms=50
    )
    assert [timer.after_ms for timer in timers(effects)] == [(95, 95)]


@pytest.mark.parametrize("row", [version("eggs", c2=1), MILK])
def test_a_row_that_is_not_wholly_deleted_stays(row):
    """Grace period: a sibling knew nothing of the delete."""
    effects = replica({"x": gone(40, c3=1)}).step(
        Deliver("c2", Store(1, "x", row)), now_ms=50
    )
    assert timers(effects) == []


def test_nothing_is_left_of_what_is_collected():
    """Zombies: neither in memory, nor in the tree, nor after a restart."""
    s1 = replica({"x": GONE})
    s1.step(Fire(Collect("x", GONE)))
    assert (s1.rows, s1.tree.hash()) == ({}, MerkleTree().hash())
    s1.step(Crashed(s1.saved()))
    assert s1.step(Recovered(DiskReport()), now_ms=200)[1:] == []
    assert s1.rows == {}


def test_what_was_written_after_the_delete_is_not_collected():
    eggs = version("eggs", c1=3)
    s1 = replica({"x": GONE})
    s1.step(Deliver("c1", Store(3, "x", eggs)), now_ms=60)
    assert s1.step(Fire(Collect("x", GONE))) == [Note("written since", dropped=True)]
    assert s1.rows == {"x": eggs}


def test_who_comes_back_still_collects_its_tombstones():
    """Grace period."""
    s1 = replica({"x": GONE, "y": MILK})
    s1.step(Crashed(s1.saved()))
    effects = s1.step(Recovered(DiskReport()), now_ms=120)
    assert effects[1:] == [SetTimer(Collect("x", GONE), (20, 20))]


# ---------------------------------------------------------------- grace against absence
def after_a_delete(
    grace_ms: float, away_ms: float, seed: int = 0, skew_ms: float = 0
) -> set:
    """What replicas show of a key that was deleted while s3 was away, in the end.

    It is deleted 10 ms after s3 is gone, by a client whose clock is off by `skew_ms`;
    replicas compare every 25 to 75 ms.
    """
    cluster = story(grace_ms, away_ms, seed, skew_ms)
    return {v.value for s in SERVERS for v in cluster[s].rows.get("x", ())}


def story(grace_ms: float, away_ms: float, seed: int, skew_ms: float) -> Cluster:
    cluster = Cluster(
        Collecting,
        servers=3,
        clients=1,
        seed=seed,
        network=Network(2),
        faults=(
            *([ClockSkew("c1", skew_ms)] if skew_ms else ()),
            Crash("s3", 50),
            Recover("s3", 50 + away_ms),
        ),
        round_ms=50,
        depth=0,
        grace_ms=grace_ms,
    )
    cluster.at(10).call("c1", "write", "x", "milk")
    cluster.at(60).call("c1", "delete", "x")
    return cluster.run(until_ms=50 + max(away_ms, 10 + grace_ms + skew_ms) + 500)


COMES_BACK: set = {"milk"}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("grace_ms", [0, 100, 200, 400, 800])
def test_what_was_deleted_comes_back_with_who_was_away_longer_than_the_grace(
    grace_ms, seed
):
    """Zombies: and stays away where replicas can compare in time."""
    for away_ms in range(50, 1050, 100):
        found = after_a_delete(grace_ms, away_ms, seed)
        if away_ms > grace_ms + 10:
            assert found == COMES_BACK
        if away_ms < grace_ms - 90:  # a round of s3, and some messages
            assert found == set()


def test_between_the_two_it_depends_on_who_compares_first():
    ends = [after_a_delete(400, 400, seed) for seed in range(20)]
    assert 0 < ends.count(COMES_BACK) < 20


def test_a_clock_that_is_behind_takes_from_the_grace():
    """As `assumes` says: clocks differ by much less than the grace."""
    assert after_a_delete(400, 200) == after_a_delete(400, 200, skew_ms=-50) == set()
    assert after_a_delete(400, 200, skew_ms=-400) == COMES_BACK


def test_a_clock_that_jumps_back_before_the_delete_takes_all_of_it():
    """The fault of clocks that `assumes` excludes."""
    assert ClockJump not in Collecting.assumes.kinds()
    jumps = (ClockJump("c1", -5000, at_ms=1), ClockJump("c2", -5000, at_ms=1))
    runs = (run(Collecting, seed, "symmetric", more=jumps) for seed in range(4))
    assert any(map(deleted_stays_deleted, runs))


def test_the_run_reads_as_it_is_written_down(golden):
    """Zombies: s3 comes back 10 ms after the others have forgotten the delete."""
    cluster = story(grace_ms=100, away_ms=120, seed=0, skew_ms=0)
    golden("tombstones.txt", told(cluster.trace.between(0, 250)))


# --------------------------------------------------------------------- what is promised
def symmetric() -> dict[str, ClosedLoop]:
    """Each client writes keys of its own, and deletes them one after the other."""
    return {
        client: ClosedLoop(
            [
                Call(f, (f"{client}.{i}", i)[: 2 if f == "write" else 1])
                for i in range(15)
                for f in ("write", "delete")
            ],
            think_ms=Uniform(0, 40),
        )
        for client in CLIENTS
    }


def lopsided() -> dict[str, ClosedLoop]:
    """One client fills many keys and then deletes some; the other watches."""
    writes = [Call("write", (f"{i:02}", i)) for i in range(40)]
    deletes = [Call("delete", (f"{i:02}",)) for i in range(0, 40, 3)]
    reads = [Call("read", (f"{i:02}",)) for i in range(40)]
    return {
        "c1": ClosedLoop(writes + deletes, think_ms=Uniform(0, 20)),
        "c2": ClosedLoop(reads, think_ms=Uniform(0, 60)),
    }


WORKLOADS = {"symmetric": symmetric, "lopsided": lopsided}


def few_lose(seed: int) -> Schedule:
    """Everything may happen, but clocks stay near, and one disk at most loses data."""
    drawn = Drawing(seed, SERVERS, CLIENTS).schedule(
        Assumes(clock="bounded drift", disk="loses writes")
    )
    harm = (LostWrites, CorruptRecord)
    return tuple(f for f in drawn if not isinstance(f, harm) or f.node == "s2")


def run(
    protocol: type,
    seed: int,
    shape: str,
    grace_ms: float = 4000,
    more: Schedule = (),
) -> Cluster:
    cluster = Cluster(
        protocol,
        servers=3,
        clients=2,
        seed=seed,
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed % 2]),
        faults=(*few_lose(seed), *more),
        workload=WORKLOADS[shape](),
        grace_ms=grace_ms,
        log_kept=(1, 100)[seed // 2 % 2],
    )
    return cluster.run(until_ms=OVER_MS + 7500)


def deleted_stays_deleted(cluster: Cluster) -> str | None:
    """Every key was written and deleted by one client, which knew what it deleted."""
    for delete in cluster.history.where("delete", outcome="ok"):
        for server in SERVERS:
            for v in cluster[server].rows.get(delete.args[0], ()):
                if not isinstance(v.value, DatedTombstone):
                    return f"{delete}, and {server} has {v}"
    return None


def tombstones_are_collected(cluster: Cluster) -> str | None:
    """In the end nothing is left of what was deleted."""
    for server in SERVERS:
        for key, row in cluster[server].rows.items():
            if any(isinstance(v.value, DatedTombstone) for v in row):
                return f"{server} still has {key}: {row}"
    return None


def replicas_become_equal(cluster: Cluster) -> str | None:
    verdict = siblings.convergence({s: cluster[s].rows for s in SERVERS})
    return str(verdict) if verdict.invalid else None


PROMISES = (
    deleted_stays_deleted,
    tombstones_are_collected,
    replicas_become_equal,
    clients_finish,
)


@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_deleted_stays_so_and_takes_no_room_in_the_end(seed, shape):
    of_servers = [f for f in few_lose(seed) if getattr(f, "node", "s1") in SERVERS]
    assert Collecting.assumes.admits(of_servers, n=3, w=2)
    assert broken(run(Collecting, seed, shape), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(12, 1012))
def test_what_is_deleted_stays_so_for_a_thousand_seeds(seed, shape):
    assert broken(run(Collecting, seed, shape), *PROMISES) == {}


def test_with_too_short_a_grace_it_comes_back_at_most_seeds():
    """Zombies."""
    seeds = range(8)
    runs = [run(Collecting, seed, "symmetric", grace_ms=100) for seed in seeds]
    back = [seed for seed in seeds if deleted_stays_deleted(runs[seed])]
    assert len(back) > 4


# ------------------------------------------------------------------------------ mutants
class DatesNothing(DatingClient):
    def delete(self, key):
        QuorumClient.delete(self, key)


class BeginsTheGraceAnew(Collecting):
    def await_grace(self, key):
        row = self.rows.get(key, ())
        if row and all(isinstance(v.value, DatedTombstone) for v in row):
            self.set_timer(Collect(key, row), self.grace_ms)


class CountsFromTheFirst(Collecting):
    def await_grace(self, key):
        row = self.rows.get(key, ())
        if row and all(isinstance(v.value, DatedTombstone) for v in row):
            over_ms = min(v.value.deleted_ms for v in row) + self.grace_ms
            self.set_timer(Collect(key, row), max(0, over_ms - self.now_ms))


class CollectsSiblings(Collecting):
    def await_grace(self, key):
        row = self.rows.get(key, ())
        dated = [v.value.deleted_ms for v in row if isinstance(v.value, DatedTombstone)]
        if dated:
            over_ms = max(dated) + self.grace_ms
            self.set_timer(Collect(key, row), max(0, over_ms - self.now_ms))


class NeverCollects(Collecting):
    def await_grace(self, key):
        pass


class CollectsWhatWasWrittenSince(Collecting):
    def on_collect(self, timer):
        super().on_collect(Collect(timer.key, self.rows.get(timer.key, ())))


class CollectsFromMemoryAlone(Collecting):
    def on_collect(self, timer):
        log = self.log
        super().on_collect(timer)
        self.log = log


class LeavesItInTheTree(Collecting):
    def on_collect(self, timer):
        super().on_collect(timer)
        self.written = {}


class ComesBackWithEmptyRows(Collecting):
    def on_recover(self, report):
        AntiEntropy.on_recover(self, report)


class ForgetsWhenInCrash(Collecting):
    def on_recover(self, report):
        AntiEntropy.on_recover(self, report)
        self.rows = {key: row for key, row in self.rows.items() if row}


KILLED = {
    DatesNothing: test_a_delete_says_when,
    BeginsTheGraceAnew: test_one_that_is_old_already_supersedes_what_it_finds_and_goes,
    CountsFromTheFirst: test_of_several_tombstones_the_last_one_counts,
    CollectsSiblings: lambda: test_a_row_that_is_not_wholly_deleted_stays(MILK),
    NeverCollects: (test_a_tombstone_is_kept_for_what_is_left_of_its_time_of_grace),
    CollectsWhatWasWrittenSince: (
        test_what_was_written_after_the_delete_is_not_collected
    ),
    CollectsFromMemoryAlone: test_nothing_is_left_of_what_is_collected,
    LeavesItInTheTree: test_nothing_is_left_of_what_is_collected,
    ComesBackWithEmptyRows: test_nothing_is_left_of_what_is_collected,
    ForgetsWhenInCrash: test_who_comes_back_still_collects_its_tombstones,
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    KILLED[mutant]()
    name = "DatingClient" if issubclass(mutant, DatingClient) else "Collecting"
    monkeypatch.setitem(globals(), name, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()


# (what it forgets, the workload and the seed that find it, the promise that it breaks)
BREAKS = [
    (BeginsTheGraceAnew, "symmetric", 0, tombstones_are_collected),
    (NeverCollects, "lopsided", 0, tombstones_are_collected),
    (ForgetsWhenInCrash, "symmetric", 0, tombstones_are_collected),
    (ComesBackWithEmptyRows, "symmetric", 0, replicas_become_equal),
]


@each_mutant(BREAKS)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    runs = partial(run, shape=shape)
    kill(mutant, seed, promise, PROMISES, runs, right=Collecting)
