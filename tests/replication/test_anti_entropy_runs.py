"""Anti-entropy in simulated time: replicas become equal, and nobody has to read."""

import pytest
import test_anti_entropy as steps
from killed import broken, each_mutant, kill
from promises import clients_finish
from schedules import OVER_MS, Drawing
from test_golden import told

from distlab.check import siblings
from distlab.faults import (
    Assumes,
    Byzantine,
    CorruptRecord,
    Isolate,
    LostWrites,
    Schedule,
)
from distlab.node import Call
from distlab.replication.anti_entropy import AntiEntropy, WholeBuckets
from distlab.replication.merkle import MerkleTree
from distlab.sim import ClosedLoop, Cluster, Disk, Network, Uniform

SERVERS, CLIENTS = ("s1", "s2", "s3"), ("c1", "c2")
ANY_DISKS = Assumes(disk="loses writes")


def symmetric() -> dict[str, ClosedLoop]:
    """Both clients write the same keys, and delete some of them."""
    calls = [
        Call("delete", (str(i % 20),))
        if i % 5 == 4
        else Call("write", (str(i % 20), i))
        for i in range(40)
    ]
    return {client: ClosedLoop(calls, think_ms=Uniform(0, 40)) for client in CLIENTS}


def lopsided() -> dict[str, ClosedLoop]:
    """One client fills many keys at once, the other writes one now and then."""
    many = [Call("write", (f"{i:03}", i)) for i in range(100)]
    rare = [Call("write", ("x", i)) for i in range(6)]
    return {"c1": ClosedLoop(many), "c2": ClosedLoop(rare, think_ms=Uniform(0, 400))}


WORKLOADS = {"symmetric": symmetric, "lopsided": lopsided}


def run(
    protocol: type, seed: int, shape: str, faults: Schedule | None = None, **settings
) -> Cluster:
    """One run to its end. Nobody ever reads, so no read repairs anything."""
    if faults is None:
        faults = Drawing(seed, SERVERS, CLIENTS).schedule(ANY_DISKS)
    cluster = Cluster(
        protocol,
        servers=3,
        clients=2,
        seed=seed,
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed % 2]),
        faults=faults,
        workload=WORKLOADS[shape](),
        branching=(2, 4, 16)[seed % 3],
        depth=settings.pop("depth", (0, 1, 3)[seed // 3 % 3]),
        log_kept=(1, 100)[seed // 9 % 2],
        w=(1, 2, 3)[seed % 3],
        **settings,
    )
    return cluster.run(until_ms=OVER_MS + 6000)


# --------------------------------------------------------------------- what is promised
def replicas_become_equal(cluster: Cluster) -> str | None:
    """Once faults stop all replicas hold the same, and have the tree of it."""
    verdict = siblings.convergence({s: cluster[s].rows for s in SERVERS})
    return str(verdict) if verdict.invalid else None


def trees_are_of_rows(cluster: Cluster) -> str | None:
    """At any time; it is looked at in the end."""
    for server in SERVERS:
        node = cluster[server]
        tree = MerkleTree(node.branching, node.depth)
        tree.update(node.rows)
        if tree.hash() != node.tree.hash():
            return f"{server} has another tree than its rows have"
    return None


def writes_stay(cluster: Cluster) -> str | None:
    """What was acknowledged is there, or superseded, if fewer than w disks lost it."""
    final = {server: cluster[server].rows for server in SERVERS}
    verdict = siblings.acknowledged_writes(cluster.history, final)
    return str(verdict) if verdict.invalid else None


PROMISES = (replicas_become_equal, trees_are_of_rows, clients_finish)


@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(18))
def test_once_faults_stop_all_replicas_are_equal_whatever_their_disks_lost(seed, shape):
    assert broken(run(AntiEntropy, seed, shape), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(18, 1018))
def test_all_replicas_are_equal_for_a_thousand_seeds(seed, shape):
    assert broken(run(AntiEntropy, seed, shape), *PROMISES) == {}


def few_lose(seed: int) -> Schedule:
    """The same faults, but fewer than w disks lose anything."""
    losers = SERVERS[: (1, 2, 3)[seed % 3] - 1]
    drawn = Drawing(seed, SERVERS, CLIENTS).schedule(ANY_DISKS)
    harm = (LostWrites, CorruptRecord)
    return tuple(f for f in drawn if not isinstance(f, harm) or f.node in losers)


@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(9))
def test_with_it_the_promise_of_the_quorum_is_kept_on_every_replica(seed, shape):
    cluster = run(AntiEntropy, seed, shape, few_lose(seed))
    assert AntiEntropy.assumes.admits(few_lose(seed), n=3, w=(1, 2, 3)[seed % 3])
    assert broken(cluster, *PROMISES, writes_stay) == {}


def test_without_it_replicas_stay_apart_until_somebody_reads():
    class Idle(AntiEntropy):
        def on_round(self, timer):
            pass

    apart = [s for s in range(8) if replicas_become_equal(run(Idle, s, "lopsided"))]
    assert apart == [0, 1, 3, 4, 6, 7]


@pytest.mark.parametrize("shape", WORKLOADS)
def test_those_who_send_everything_become_equal_too(shape):
    for seed in range(6):
        cluster = run(WholeBuckets, seed, shape, depth=0)
        assert broken(cluster, replicas_become_equal) == {}


# ----------------------------------------------------------- as a text, and with a liar
def test_the_run_reads_as_it_is_written_down(golden):
    """s3 misses a write; then it asks, or is asked, and nobody has read anything."""
    cluster = Cluster(
        AntiEntropy,
        servers=3,
        clients=1,
        network=Network(2),
        faults=(Isolate("s3", at_ms=5, until_ms=30),),
        branching=2,
        depth=1,
    )
    cluster.at(1).call("c1", "write", "milk", 1)
    cluster.at(10).call("c1", "write", "eggs", 12)
    cluster.run(until_ms=120)
    assert replicas_become_equal(cluster) is None
    golden("anti_entropy.txt", told(cluster.trace))


class Lies(AntiEntropy):
    """Takes part in everything and takes nothing over."""

    def on_exchange(self, src, msg):
        pass


def test_a_liar_breaks_the_promise():
    """The one fault that `assumes` excludes, beside too many lost disks."""
    faults = (*few_lose(1), Byzantine("s3", Lies))
    assert replicas_become_equal(run(AntiEntropy, 1, "lopsided", faults))


# ------------------------------------------------------------------------------ mutants
# (what it forgets, the workload and the seed that find it, the promise that it breaks)
KILLED = [
    (steps.NeverComparesAgain, "lopsided", 3, replicas_become_equal),
    (steps.LetsTheTreeAge, "lopsided", 0, replicas_become_equal),
    (steps.ComesBackAndRests, "lopsided", 7, replicas_become_equal),
    (steps.ComesBackWithoutTree, "symmetric", 0, trees_are_of_rows),
    (steps.OverwritesRows, "symmetric", 0, writes_stay),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    def few_losing(protocol, tried):
        return run(protocol, tried, shape, few_lose(tried))

    promises = *PROMISES, writes_stay
    kill(mutant, seed, promise, promises, few_losing, right=AntiEntropy)
