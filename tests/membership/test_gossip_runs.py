"""Gossip in simulated time: promises, mutants, and what is taken for granted."""

from collections.abc import Iterator
from functools import partial

import gossip_mutants
import pytest
import rumours_mutants
from gossip_claims import (
    all_become_equal,
    all_lose_interest,
    always_one_update_a_timestamp,
    updates_stay,
    what_nobody_wrote_is_nowhere,
)
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import OVER_MS, Drawing, menu
from test_gossip_in_arrays import WRONG as LIKE_ARRAYS
from test_gossip_steps import KILLED as KILLED_BY_A_STEP
from told import told

from distlab import faults
from distlab.faults import (
    Byzantine,
    CorruptRecord,
    Crash,
    Fault,
    LostWrites,
    Recover,
    Schedule,
    Split,
)
from distlab.membership import anti_entropy, rumours
from distlab.membership.anti_entropy import AntiEntropy, Entries, Entry, Site, Stamp
from distlab.membership.gossip import Gossip
from distlab.membership.rumours_minimized import Minimized
from distlab.node import Call
from distlab.sim import ClosedLoop, Cluster, Disk, Network, Uniform

ANTI_ENTROPY = (AntiEntropy, anti_entropy.Push, anti_entropy.Pull, Gossip)
RUMOURS = (
    rumours.Push,
    rumours.PushCoin,
    rumours.PushBlind,
    rumours.PushBlindCoin,
    rumours.Pull,
    rumours.PullCoin,
    rumours.PullBlind,
    rumours.PullBlindCoin,
    Minimized,
)
SITES = 7


def symmetric() -> Iterator[tuple[str, list[Call]]]:
    """All update the same few keys."""
    for i in range(1, SITES + 1):
        yield f"s{i}", [Call("update", ("xyz"[j % 3], f"{i}.{j}")) for j in range(6)]


def lopsided() -> Iterator[tuple[str, list[Call]]]:
    """One fills many keys, another one updates one of them now and then."""
    yield "s1", [Call("update", (f"{i:02}", i)) for i in range(40)]
    yield "s2", [Call("update", ("00", f"again {i}")) for i in range(5)]


WORKLOADS = {"symmetric": symmetric, "lopsided": lopsided}


def run(
    protocol: type[Site],
    seed: int,
    work: str = "symmetric",
    schedule: Schedule | None = None,
    **settings,
) -> Cluster:
    """One run, with faults until `OVER_MS` and quiet after them."""
    if schedule is None:
        nodes = [f"s{i + 1}" for i in range(SITES)]
        schedule = Drawing(seed, nodes).schedule(Site.assumes)
    cluster = Cluster(
        protocol,
        servers=SITES,
        seed=seed,
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed % 2]),
        faults=schedule,
        workload={
            site: ClosedLoop(calls, think_ms=Uniform(0, (400, 60)[len(calls) > 9]))
            for site, calls in WORKLOADS[work]()
        },
        **settings,
    )
    return cluster.run(until_ms=OVER_MS + 4500)


# ----------------------------------------------------------------------------- promises
ALWAYS = always_one_update_a_timestamp, what_nobody_wrote_is_nowhere, updates_stay
BY_ANTI_ENTROPY = *ALWAYS, all_become_equal
BY_RUMOURS = *ALWAYS, all_lose_interest


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("protocol", ANTI_ENTROPY, ids=lambda p: p.__qualname__)
def test_all_sites_become_equal_under_every_fault_that_is_admitted(protocol, work):
    for seed in range(3):
        assert broken(run(protocol, seed, work), *BY_ANTI_ENTROPY) == {}, seed


@pytest.mark.parametrize("protocol", RUMOURS, ids=lambda p: p.__qualname__)
def test_every_rumour_is_forgotten_in_the_end(protocol):
    """§1.4, removed: whoever has heard of it, and whatever was lost."""
    for seed, work in enumerate(WORKLOADS):
        assert broken(run(protocol, seed, work), *BY_RUMOURS) == {}, seed


@pytest.mark.soak
@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("protocol", ANTI_ENTROPY, ids=lambda p: p.__qualname__)
def test_all_sites_become_equal_for_many_seeds(protocol, work):
    for seed in range(100, 120):
        assert broken(run(protocol, seed, work), *BY_ANTI_ENTROPY) == {}, seed


@pytest.mark.soak
@pytest.mark.parametrize("protocol", RUMOURS, ids=lambda p: p.__qualname__)
def test_every_rumour_is_forgotten_for_many_seeds(protocol):
    for seed in range(100, 112):
        for work in WORKLOADS:
            assert broken(run(protocol, seed, work), *BY_RUMOURS) == {}, seed


# ------------------------------------------------------ rumours, and what backs them up
def one_update(protocol: type[Site], seed: int, **how) -> Cluster:
    """Thirty sites, one update at one of them, and thirty cycles."""
    calls = {"s1": (Call("update", ("x", 1)),)}
    cluster = Cluster(protocol, servers=30, seed=seed, workload=calls, **how)
    return cluster.run(until_ms=3000)


def missed(cluster: Cluster) -> list[str]:
    """Which sites have not heard of anything."""
    return [id for id, node in cluster.nodes.items() if not node.database]


def test_some_site_never_hears_and_nobody_tells_it_any_more():
    """§1.4, removed: a rumour dies out, though nothing was lost."""
    cluster = one_update(rumours.Push, seed=2)
    assert missed(cluster) == ["s15"]
    assert all_lose_interest(cluster) is None
    late = cluster.trace.where("send", test=lambda step: step.at_ms > 2000)
    assert len(late) == 0


def test_anti_entropy_brings_it_to_those_whom_rumours_missed():
    """§1.5, backup."""
    assert [seed for seed in range(8) if missed(one_update(rumours.Push, seed))]
    for seed in range(8):
        assert missed(one_update(Gossip, seed)) == []


APART = tuple(f"s{i}" for i in range(1, 4)), tuple(f"s{i}" for i in range(4, 8))
FOR_A_WHILE: Schedule = (Split(APART, 0, OVER_MS),)


def in_a_split(protocol: type[Site], seed: int) -> Cluster:
    """One update while the network is split; then three seconds more."""
    cluster = Cluster(
        protocol,
        servers=SITES,
        seed=seed,
        faults=FOR_A_WHILE,
        workload={"s1": (Call("update", ("x", 1)),)},
    )
    return cluster.run(until_ms=OVER_MS + 3000)


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_a_rumour_dies_behind_a_split_before_it_heals(seed):
    """§1.4, removed: what it takes for granted, and anti-entropy does not."""
    cluster = in_a_split(rumours.Push, seed)
    assert missed(cluster) == list(APART[1])
    assert all_lose_interest(cluster) is None
    for protocol in ANTI_ENTROPY:
        assert all_become_equal(in_a_split(protocol, seed)) is None


def test_the_blind_lose_interest_even_if_nobody_hears_them():
    """§1.4, blind; §1.4, feedback: those who wait for answers go on."""
    alone = (Split((("s1",), tuple(f"s{i}" for i in range(2, 8))), 0),)
    blind, patient = (
        run(protocol, 0, "lopsided", alone)["s1"]
        for protocol in (rumours.PushBlind, rumours.Push)
    )
    assert len(patient.hot) == 40
    assert blind.hot == {}


def test_these_runs_take_the_rare_paths():
    runs = [run(Gossip, seed) for seed in range(12)]
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(Site.assumes.kinds()) - {faults.Resume}


# ----------------------------------------------------------------------- as a text
def test_the_run_reads_as_it_is_written_down(golden):
    """A rumour misses s4, and in the end s4 hears of it all the same."""
    cluster = Cluster(
        Gossip,
        servers=4,
        seed=8,
        k=1,
        backup=8,
        network=Network(1),
        workload={"s1": (Call("update", ("x", 1)),)},
    )
    trace = cluster.run(until_ms=1000).trace
    golden("gossip.txt", told(trace.where("call", "ok", "deliver")))


# ------------------------------------------------------------------------------ mutants
KILLED = [
    (gossip_mutants.NamesNoSite, "symmetric", 0, always_one_update_a_timestamp),
    (gossip_mutants.TakesWhateverComes, "symmetric", 1, updates_stay),
    (gossip_mutants.ComesBackEmpty, "lopsided", 2, updates_stay),
    (gossip_mutants.ComparesOnce, "symmetric", 0, all_become_equal),
    (gossip_mutants.NeverLooksAgain, "lopsided", 0, all_become_equal),
    (rumours_mutants.NeverLosesInterest, "symmetric", 0, all_lose_interest),
    (rumours_mutants.StopsAfterTheFirst, "symmetric", 0, all_lose_interest),
    (rumours_mutants.CatchesItTwice, "symmetric", 0, all_lose_interest),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    right = mutant.__base__
    kill(mutant, seed, promise, (*ALWAYS, promise), partial(run, work=shape), right)


def test_every_mutant_has_what_kills_it():
    killed = {mutant for mutant, *_ in KILLED} | KILLED_BY_A_STEP.keys()
    assert mutants_in(gossip_mutants) <= killed
    assert killed | LIKE_ARRAYS.keys() >= rumours_mutants.OF_RUNS


# ------------------------------------------------------------ what is taken for granted
class Lies(AntiEntropy):
    """Sends other values than it was sent, with the same timestamps."""

    def on_compare(self, src, msg):
        false = (Entry(key, stamp, "false") for key, stamp in msg.stamps)
        newer = (Entry(e.key, Stamp(10**6, e.stamp.site), e.value) for e in false)
        self.send(src, Entries(tuple(newer)))


def just_after(harm: type[Fault], at_ms: float) -> Schedule:
    return harm("s1", at_ms), Crash("s1", at_ms + 1), Recover("s1", at_ms + 2)


EXCLUDED = {
    LostWrites: lambda seed: just_after(LostWrites, 160 + 20 * seed),
    CorruptRecord: lambda seed: just_after(CorruptRecord, 160 + 20 * seed),
    Byzantine: lambda seed: (Byzantine("s3", Lies),),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    assert kind not in Site.assumes.kinds()
    promise = what_nobody_wrote_is_nowhere if kind is Byzantine else updates_stay
    first_harm(
        promise,
        lambda seed: run(AntiEntropy, seed, "lopsided", EXCLUDED[kind](seed)),
    )


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(Site.assumes.kinds()) | EXCLUDED.keys()
