"""The fast engine and a slow, obvious one agree on random small runs, step by step."""

import random

import pytest
from sim_nodes import Echo, Pinger
from slow_twin import Twin

from distlab.faults import Crash, Cut, Duplication, Loss, Pause, Recover
from distlab.node import Call, Message, Node, NodeId, Timer, durable, setting, volatile
from distlab.sim import Cluster, Disk, Network, Uniform
from distlab.sim.disk import Journal, Records
from distlab.sim.mailbox import Mailbox
from distlab.sim.timers import Timers


class Rumour(Message):
    n: int


class Spread(Timer):
    n: int


class Gossip(Node):
    """Does a bit of everything: choices, timers, notes, outputs, a word to oneself."""

    fanout: int = setting(2)
    known: tuple[int, ...] = durable(())
    heard: dict[int, NodeId] = volatile({})

    def tell(self, n):
        self.send(self.id, Rumour(n))
        self.ok(n)

    def on_rumour(self, src, msg) -> None:
        if msg.n in self.heard:
            self.ignore("an old rumour")
            return
        self.heard[msg.n] = src
        self.send(src, Rumour(msg.n))
        if msg.n not in self.known:
            self.note(f"hears {msg.n}")
            self.known = (*self.known, msg.n)
        self.set_timer(Spread(msg.n), 1, 8)
        self.output(msg.n)
        self.set_timer(Spread(-msg.n), 5)

    def on_spread(self, timer):
        if timer.n > 0:
            self.send(self.choose(self.fanout, self.peers), Rumour(timer.n))
            self.cancel_timer(Spread(-timer.n))
        elif len(self.heard) % 2:
            self.set_timer(Spread(-timer.n), 3, 4)

    def on_recover(self, report):
        self.output(report)
        for n in self.known:
            self.set_timer(Spread(n), 1, 8)


def drawn_faults(draw, nodes):
    """A few faults at random times; a crash is mostly followed by a recovery."""
    faults = []
    for _ in range(draw.randrange(5)):
        node, at_ms = draw.choice(nodes), draw.randrange(60_000) / 1000
        kind = draw.choice(["loss", "cut", "crash", "pause", "duplication"])
        until_ms = at_ms + draw.randrange(40_000) / 1000
        if kind == "loss":
            faults.append(Loss(draw.random(), at_ms, until_ms, src=node))
        elif kind == "cut":
            faults.append(Cut(node, draw.choice(nodes), at_ms, until_ms))
        elif kind == "pause":
            faults.append(Pause(node, at_ms, until_ms))
        elif kind == "crash":
            faults.append(Crash(node, at_ms))
            if draw.random() < 0.8:
                faults.append(Recover(node, until_ms))
        elif not any(isinstance(fault, Duplication) for fault in faults):
            faults.append(Duplication(draw.random(), at_ms, until_ms, dst=node))
    return tuple(faults)


def both(protocol, seed, sync_ms, faults, workload, **groups):
    """The steps of the engine and of the twin."""
    arguments = {"seed": seed, "faults": faults, "workload": workload}
    cluster = Cluster(
        protocol,
        network=Network(Uniform(1, 9)),
        disk=Disk(sync_ms),
        **arguments,
        **groups,
    )
    fresh = Cluster(protocol, **groups).nodes.values()
    twin = Twin(
        fresh, latency_us=(1000, 9000), sync_us=round(sync_ms * 1000), **arguments
    )
    fast = [tuple(step) for step in cluster.run(until_ms=150).trace]
    return fast, twin.run(until_ms=150)


def apart(steps):
    """The choices, and all else: the twin tells a step's choices before its effects."""
    choices = [step for step in steps if step[1] == "choose"]
    return choices, [step for step in steps if step[1] != "choose"]


def compare_gossip(seed):
    draw = random.Random(seed)
    nodes = ("s1", "s2", "s3", "s4")
    faults = drawn_faults(draw, nodes)
    work = {node: [Call("tell", (draw.randrange(1, 9),))] for node in nodes[:2]}
    fast, slow = both(
        Gossip, seed, draw.choice([0, 0, 2.5]), faults, work, servers=4, fanout=2
    )
    assert apart(fast) == apart(slow), f"seed {seed}"
    return fast


def compare_pings(seed):
    draw = random.Random(seed)
    faults = drawn_faults(draw, ("s1", "s2", "c1", "c2"))
    work = {c: [Call("ping", (n,)) for n in range(4)] for c in ("c1", "c2")}
    fast, slow = both(
        Echo, seed, draw.choice([0, 4]), faults, work, servers=2, clients=2
    )
    assert apart(fast) == apart(slow), f"seed {seed}"
    return fast


SEEDS = range(150)


def test_engine_and_twin_agree_on_gossip():
    seen = {step[1] for seed in SEEDS for step in compare_gossip(seed)}
    rare = {"drop", "ignore", "sync", "crash", "recover", "pause", "resume", "cancel"}
    assert rare <= seen, "the runs exercise what they were made for"


def test_engine_and_twin_agree_on_clients_and_servers():
    seen = {step[1] for seed in SEEDS for step in compare_pings(seed)}
    assert {"ok", "info", "call", "set", "fire", "note"} <= seen
    assert issubclass(Echo.client, Pinger)


def forgets_to_cancel(timers, timer):
    pass


def keeps_timers_in_a_crash(timers):
    pass


def takes_what_was_under_way(mailbox, way_in):
    return way_in


def keeps_what_was_not_synced(records, between):
    records.synced = len(records.written)


def is_synced_at_once(journal):
    journal.records.synced = len(journal.records.written)


MUTANTS = [
    (Timers, "cancel", forgets_to_cancel),
    (Timers, "clear", keeps_timers_in_a_crash),
    (Mailbox, "if_reached", takes_what_was_under_way),
    (Records, "crash", keeps_what_was_not_synced),
    (Journal, "sync", is_synced_at_once),
]


@pytest.mark.parametrize(
    ("owner", "name", "mutant"),
    MUTANTS,
    ids=[mutant.__name__ for *_, mutant in MUTANTS],
)
def test_an_engine_that_is_wrong_disagrees_with_the_twin(
    owner, name, mutant, monkeypatch
):
    monkeypatch.setattr(owner, name, mutant)
    with pytest.raises(AssertionError, match="seed"):
        for seed in SEEDS:
            compare_gossip(seed)
            compare_pings(seed)


@pytest.mark.soak
def test_engine_and_twin_agree_on_many_more_seeds():
    for seed in range(1000, 6000):
        compare_gossip(seed)
        compare_pings(seed)
