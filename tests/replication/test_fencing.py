"""Fencing: step by step, and over many seeds with leaders that do not know."""

import random

import pytest
from killed import kill
from promises import SERVERS
from schedules import OVER_MS, Drawing, menu
from test_single_leader_runs import CLIENTS, WORKLOADS

from distlab.faults import (
    Byzantine,
    CorruptRecord,
    Crash,
    LostWrites,
    Pause,
    Recover,
    TornWrite,
)
from distlab.node import Deliver, Log, Note, Send, Start
from distlab.replication.automatic_failover import AutomaticFailover
from distlab.replication.client import Write, WriteReply
from distlab.replication.failover import Epoch
from distlab.replication.fencing import (
    Effect,
    FencedLeader,
    Refused,
    Storage,
    Store,
    TrustingStorage,
)
from distlab.sim import Cluster, Disk, Uniform

OLD, NEW = Epoch(1, ""), Epoch(2, "s2")


def test_the_leader_shows_its_token_with_every_effect():
    """Sequencers."""
    s1 = FencedLeader("s1", SERVERS, storage=("storage1",))
    s1.step(Start())
    effects = s1.step(Deliver("c1", Write(1, "x", "a")))
    assert Send("storage1", Store(OLD, "x", "a")) in effects
    assert Send("c1", WriteReply(1)) in effects


@pytest.mark.parametrize(
    ("kind", "accepted"), [(Storage, False), (TrustingStorage, True)]
)
def test_who_compares_tokens_refuses_an_old_leader(kind, accepted):
    """Fencing tokens: one that nobody checks stops nobody."""
    storage = kind("storage1")
    assert storage.step(Deliver("s2", Store(NEW, "x", "new"))) == []
    effects = storage.step(Deliver("s1", Store(OLD, "x", "old")))
    refused = [Note("refuses an old leader"), Send("s1", Refused(NEW))]
    assert effects == ([] if accepted else refused)
    assert (storage.effects.last_index, storage.token) == (1 + accepted, NEW)


def test_the_same_leader_may_come_again():
    """Fencing tokens: an equal one is not older."""
    storage = Storage("storage1")
    for value in "ab":
        storage.step(Deliver("s2", Store(NEW, "x", value)))
    assert storage.effects == Log(Effect(NEW, "x", "a"), Effect(NEW, "x", "b"))


def test_a_refused_leader_leads_no_longer():
    s1 = FencedLeader("s1", SERVERS, storage=("storage1",))
    s1.step(Start())
    s1.step(Deliver("storage1", Refused(OLD)))
    assert s1.leading
    s1.step(Deliver("storage1", Refused(NEW)))
    assert (s1.leading, s1.leader) == (False, "s2")


# --------------------------------------------------------------------------- many seeds
def run(storage: type, seed: int, more: tuple = ()) -> Cluster:
    """Pauses, splits and crashes of all kinds: many leaders, some of them old."""
    dice = random.Random(f"fencing {seed}")
    drawn = Drawing(seed, SERVERS, CLIENTS).schedule(FencedLeader.assumes)
    pauses = tuple(
        Pause(server, at_ms, at_ms + dice.randint(100, 500))
        for server in SERVERS
        for at_ms in (dice.randint(50, 900),)
    )
    at_ms = dice.randint(600, 1000)
    harm = dice.choice((TornWrite, LostWrites, CorruptRecord))("storage1", at_ms - 1)
    crash = (harm, Crash("storage1", at_ms), Recover("storage1", at_ms + 50))
    cluster = Cluster(
        FencedLeader,
        servers=3,
        storage=(storage, 1),
        clients=3,
        seed=seed,
        disk=Disk(sync_ms=Uniform(0.1, 3)),
        faults=(*drawn, *pauses, *crash, *more),
        workload=WORKLOADS["ledger"](seed),
    )
    return cluster.run(until_ms=OVER_MS + 4500)


def out_of_order(cluster: Cluster) -> str | None:
    """An effect of an old leader after one of a newer."""
    latest = Epoch(0, "")
    for effect in cluster["storage1"].effects:
        if effect.token < latest:
            return f"{effect} after {latest}"
        latest = effect.token
    return None


@pytest.mark.parametrize("seed", range(30))
def test_effects_happen_in_the_order_of_epochs_under_every_fault(seed):
    assert out_of_order(run(Storage, seed)) is None


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(30, 1030))
def test_effects_happen_in_the_order_of_epochs_for_a_thousand_seeds(seed):
    assert out_of_order(run(Storage, seed)) is None


def test_these_runs_refuse_old_leaders():
    assert any(run(Storage, s).saw("refuses an old leader") for s in range(30))


# ------------------------------------------------------------------------------ mutants
class RemembersTheLast(Storage):
    """Forgets that the greatest is not always the last."""

    def accept(self, msg):
        super().accept(msg)
        self.token = msg.token

    def on_store(self, src, msg):
        if msg.token.number < self.token.number - 1:
            return self.send(src, Refused(self.token))
        self.accept(msg)


class ForgetsInCrash(Storage):
    def on_recover(self, report):
        self.token = Epoch(0, "")


class ShowsNoToken(FencedLeader):
    def answer(self, entry):
        self.send(self.storage, Store(Epoch(0, ""), entry.key, entry.value))
        AutomaticFailover.answer(self, entry)


def test_a_leader_that_shows_no_token_is_found(monkeypatch):
    monkeypatch.setitem(globals(), "FencedLeader", ShowsNoToken)
    with pytest.raises(AssertionError):
        test_the_leader_shows_its_token_with_every_effect()


@pytest.mark.parametrize(
    ("mutant", "seed"),
    [(TrustingStorage, 5), (RemembersTheLast, 5), (ForgetsInCrash, 124)],
)
def test_what_forgets_a_rule_lets_an_old_leader_in(mutant, seed):
    kill(mutant, seed, out_of_order, (out_of_order,), run, right=Storage)


class Indifferent(TrustingStorage):
    """A resource that lies is one that does not check."""


def test_a_resource_that_lies_lets_an_old_leader_in():
    liar = Byzantine("storage1", Indifferent)
    found = [seed for seed in range(20) if out_of_order(run(Storage, seed, (liar,)))]
    print(f"seeds {found}")
    assert found[0] == 5


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == {*FencedLeader.assumes.kinds(), Byzantine}
