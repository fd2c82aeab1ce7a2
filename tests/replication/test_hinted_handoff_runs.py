"""Hinted handoff in simulated time: what it buys, what it costs, what it keeps."""

import random
from collections.abc import Callable
from itertools import combinations

import pytest
import test_hinted_handoff as steps
from killed import broken, each_mutant, kill
from promises import clients_finish
from quorum_stories import READ, Story, tell, write
from schedules import OVER_MS, Drawing
from test_golden import told as to_text

from distlab.check import freshness, siblings
from distlab.faults import (
    Assumes,
    Byzantine,
    CorruptRecord,
    Crash,
    Cut,
    LostWrites,
    Recover,
    Schedule,
    Split,
)
from distlab.node import Call
from distlab.replication.hinted_handoff import HintedHandoff
from distlab.replication.quorum import QuorumClient, Stored
from distlab.sim import ClosedLoop, Cluster, Disk, Uniform

SERVERS, FALLBACKS, CLIENTS = ("s1", "s2", "s3"), ("f1", "f2", "f3"), ("c1", "c2")


class Strict(HintedHandoff):
    """The same nodes, and clients that turn to the replicas alone."""

    client = QuorumClient


# ------------------------------------------------------------------ what it takes away
# c1 is cut off from the replicas, with two that stand in: w = 2 of them take its write.
# c2 is with the replicas, and r = 2 of them have never heard of it. r + w > n.
SLOPPY_QUORUM = Story(
    faults=(Split((("c1", "f1", "f2"), ("c2", "s1", "s2", "s3")), 5, until_ms=200),),
    calls=((10, "c1", write("new")), (100, "c2", READ), (400, "c2", READ)),
)

# Who stands in has the only copy, w = 1, and loses it before any replica is back.
STAND_IN_LOSES_ALL = Story(
    w=1,
    faults=(
        *(Cut("c1", server, at_ms=5, until_ms=70) for server in SERVERS),
        LostWrites("f1", at_ms=80, records=100),
        Crash("f1", at_ms=81),
        Recover("f1", at_ms=82),
    ),
    calls=((10, "c1", write("new")), (400, "c2", READ)),
)


def told(story: Story, protocol: type = HintedHandoff, fallbacks: int = 2) -> list:
    """What each read returned, and how each write ended."""
    cluster = tell(story, protocol, fallbacks=(HintedHandoff, fallbacks))
    return [
        [version.value for version in op.result] if op.f == "read" else op.outcome
        for op in cluster.history
    ]


def test_a_read_misses_a_write_that_others_have_taken_until_they_hand_it_over():
    """§4.6, sloppy quorum: r + w > n, and the two quorums have no node in common."""
    assert told(SLOPPY_QUORUM) == ["ok", [], ["new"]]


def test_a_strict_quorum_does_not_take_that_write():
    """And so nothing is missed by who does not find it."""
    assert told(SLOPPY_QUORUM, Strict) == ["info", [], []]


def test_what_only_one_has_who_stands_in_is_lost_with_its_disk():
    """As many disks as w were lost: what `assumes` excludes."""
    assert told(STAND_IN_LOSES_ALL, fallbacks=1) == ["ok", []]
    without_harm = STAND_IN_LOSES_ALL._replace(faults=STAND_IN_LOSES_ALL.faults[:3])
    assert told(without_harm, fallbacks=1) == ["ok", ["new"]]


def test_the_run_reads_as_it_is_written_down(golden):
    cluster = tell(SLOPPY_QUORUM, HintedHandoff, fallbacks=(HintedHandoff, 2))
    golden("hinted_handoff.txt", to_text(cluster.trace.between(0, 300)))


# --------------------------------------------------------------------- what is promised
def loop(calls, think_ms: float) -> ClosedLoop:
    return ClosedLoop(calls, think_ms=Uniform(0, think_ms))


def symmetric() -> dict[str, ClosedLoop]:
    """Both clients write the same keys and read them."""
    keys = "abcdefgh"
    calls = [
        Call(f, (key, i)[: 2 if f == "write" else 1])
        for i in range(3)
        for key in keys
        for f in ("write", "read")
    ]
    return {client: loop(calls, 40) for client in CLIENTS}


def lopsided() -> dict[str, ClosedLoop]:
    """One client fills many keys, the other deletes or reads one now and then."""
    many = [Call("write", (f"{i:03}", i)) for i in range(60)]
    rare = [Call(f, (f"{i:03}",)) for i in range(0, 9, 2) for f in ("read", "delete")]
    return {"c1": loop(many, 20), "c2": loop(rare, 200)}


WORKLOADS = {"symmetric": symmetric, "lopsided": lopsided}
ANY_DISKS, INTACT = Assumes(disk="loses writes"), Assumes()


def w_of(seed: int) -> int:
    return (1, 2, 3)[seed % 3]


def run(protocol: type, seed: int, shape: str, faults: Schedule, **more) -> Cluster:
    """One run to its end, three replicas and three to stand in, r + w > n."""
    cluster = Cluster(
        protocol,
        servers=3,
        fallbacks=(protocol, 3),
        clients=more.pop("clients", 2),
        seed=seed,
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed % 2]),
        faults=faults,
        workload=WORKLOADS[shape](),
        w=w_of(seed),
        r=4 - w_of(seed),
        log_kept=(1, 100)[seed // 3 % 2],
    )
    return cluster.run(until_ms=OVER_MS + 6000)


def drawn(seed: int, assumes: Assumes) -> Schedule:
    return Drawing(seed, (*SERVERS, *FALLBACKS), CLIENTS).schedule(assumes)


def few_lose(seed: int) -> Schedule:
    """Everything may happen, but fewer than w disks lose what they had."""
    losers = ("s1", "f2", "s2", "f1")[seed % 2 :][: w_of(seed) - 1]
    harm = (LostWrites, CorruptRecord)
    faults = drawn(seed, ANY_DISKS)
    return tuple(f for f in faults if not isinstance(f, harm) or f.node in losers)


def writes_stay(cluster: Cluster) -> str | None:
    """Some replica, or who stands in for it, has each acknowledged write."""
    final = {node: cluster[node].rows for node in SERVERS}
    for node in FALLBACKS:
        for home, rows in cluster[node].hints.items():
            final[f"{node} for {home}"] = rows
    verdict = siblings.acknowledged_writes(cluster.history, final)
    return str(verdict) if verdict.invalid else None


def all_is_handed_over(cluster: Cluster) -> str | None:
    """In the end nobody keeps anything for another."""
    kept = {f: rows for f in FALLBACKS if any((rows := cluster[f].hints).values())}
    return f"still kept: {kept}" if kept else None


def w_replicas_have_them(cluster: Cluster) -> str | None:
    """Of n - w + 1 replicas one has each write, so w of all n have it."""
    some = len(SERVERS) - cluster["c1"].w + 1
    for few in combinations(SERVERS, some):
        final = {server: cluster[server].rows for server in few}
        verdict = siblings.acknowledged_writes(cluster.history, final)
        if verdict.invalid:
            return str(verdict)
    return None


KEPT = (writes_stay, all_is_handed_over, clients_finish)


@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(18))
def test_acknowledged_writes_stay_while_fewer_than_w_disks_are_lost(seed, shape):
    faults = few_lose(seed)
    assert HintedHandoff.assumes.admits(faults, n=6, w=w_of(seed))
    assert broken(run(HintedHandoff, seed, shape, faults), *KEPT) == {}


@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(12))
def test_in_the_end_w_replicas_have_each_of_them_if_no_disk_is_lost(seed, shape):
    cluster = run(HintedHandoff, seed, shape, drawn(seed, INTACT))
    assert broken(cluster, *KEPT, w_replicas_have_them) == {}


def test_reads_are_stale_at_some_seeds_and_at_none_where_quorums_are_strict():
    stale = {
        protocol: [
            seed
            for seed in range(10)
            if freshness.fresh_reads(
                run(protocol, seed, "symmetric", drawn(seed, INTACT)).history
            ).invalid
        ]
        for protocol in (HintedHandoff, Strict)
    }
    assert stale == {HintedHandoff: [1, 2, 3, 5, 7, 8], Strict: []}


@pytest.mark.soak
@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(18, 1018))
def test_acknowledged_writes_stay_for_a_thousand_seeds(seed, shape):
    assert broken(run(HintedHandoff, seed, shape, few_lose(seed)), *KEPT) == {}
    cluster = run(HintedHandoff, seed, shape, drawn(seed, INTACT))
    assert broken(cluster, *KEPT, w_replicas_have_them) == {}


# ------------------------------------------------------------ what is taken for granted
def test_w_lost_disks_lose_a_write_at_some_seed():
    faults = drawn(10, ANY_DISKS)
    assert not HintedHandoff.assumes.admits(faults, n=6, w=w_of(10))
    assert writes_stay(run(HintedHandoff, 10, "lopsided", faults))


class KeepsNothing(HintedHandoff):
    """A liar who says that it stands in."""

    def on_store_hint(self, src, msg):
        self.send(src, Stored(msg.number))


def test_a_liar_loses_a_write_at_some_seed():
    faults = (*drawn(5, INTACT), Byzantine("f1", KeepsNothing))
    assert w_replicas_have_them(run(HintedHandoff, 5, "lopsided", faults))


# ---------------------------------------------------------------------- what it buys
def acknowledged(protocol: type, faults: Callable, seeds: range) -> float:
    """The part of the writes that end with success within 100 ms, n = 3 and w = 2."""
    writes = tuple(Call("write", ("x", i)) for i in range(100))
    done = []
    for seed in seeds:
        cluster = Cluster(
            protocol,
            servers=3,
            fallbacks=(protocol, 2),
            clients=1,
            seed=seed,
            faults=faults(seed),
            workload={"c1": ClosedLoop(writes, think_ms=Uniform(0, 40))},
            tries=2,
        )
        done += cluster.run(until_ms=1000).history.where("write")
    ended = [op for op in done if op.ended_us is not None]
    return sum(op.outcome == "ok" for op in ended) / len(ended)


def down(*nodes: str) -> Callable:
    """These nodes are down all the time."""
    return lambda seed: tuple(Crash(node, at_ms=0) for node in nodes)


def split(seed: int) -> Schedule:
    """The client is with one replica, and with those who stand in."""
    return (Split((("c1", "s1", "f1", "f2"), ("s2", "s3")), at_ms=0),)


def come_and_go(seed: int) -> Schedule:
    """Each of the five nodes is down for three of ten tenths of a second."""
    dice = random.Random(f"come and go {seed}")
    return tuple(
        fault
        for node in (*SERVERS, "f1", "f2")
        for tenth in dice.sample(range(10), 3)
        for fault in (Crash(node, 100 * tenth), Recover(node, 100 * tenth + 99))
    )


@pytest.mark.parametrize(
    ("faults", "strict", "sloppy"),
    [
        (down("s1"), 1, 1),
        (down("s1", "s2"), 0, 1),
        (split, 0, 1),
        (down("s1", "s2", "f2"), 0, 1),  # two disks are left, and w = 2
        (down("s1", "s2", "f1", "f2"), 0, 0),
        (come_and_go, 0.937, 0.997),
    ],
    ids=["one down", "two down", "split", "three down", "four down", "come and go"],
)
def test_where_replicas_are_down_others_take_the_writes(faults, strict, sloppy):
    """§4.6, sloppy quorum: what it buys."""
    shares = [acknowledged(p, faults, range(10)) for p in (Strict, HintedHandoff)]
    assert [round(share, 3) for share in shares] == [strict, sloppy]


# ------------------------------------------------------------------------------ mutants
KILLED = [
    (steps.KeepsHintsInMemory, "lopsided", 5, w_replicas_have_them),
    (steps.KeepsHintsAmongRows, "lopsided", 1, w_replicas_have_them),
    (steps.DeletesWhatItSends, "lopsided", 2, w_replicas_have_them),
    (steps.OffersOnce, "symmetric", 0, all_is_handed_over),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    def keeping_disks(protocol, tried):
        return run(protocol, tried, shape, drawn(tried, INTACT))

    promises = *KEPT, w_replicas_have_them
    kill(mutant, seed, promise, promises, keeping_disks, right=HintedHandoff)
