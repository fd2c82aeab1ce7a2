"""Automatic failover in simulated time: what a timeout promises, and what it cannot."""

import random

import pytest
from killed import broken
from promises import (
    SERVERS,
    acknowledged_writes_stay,
    clients_finish,
    entries_agree_in_each_epoch,
    in_each_log_once,
    reads_are_recent,
    replicas_become_equal,
)
from schedules import OVER_MS, Drawing, menu
from test_single_leader_runs import CLIENTS, WORKLOADS

from distlab.faults import (
    Byzantine,
    CorruptRecord,
    Crash,
    Cut,
    Delay,
    Fault,
    Isolate,
    Loss,
    LostWrites,
    Pause,
    Reordering,
    Schedule,
    SlowLink,
    Split,
)
from distlab.replication.automatic_failover import AutomaticFailover, Position
from distlab.replication.failover import Appended, Epoch
from distlab.sim import Cluster, Disk, Uniform

PROMISES = (
    entries_agree_in_each_epoch,
    in_each_log_once,
    acknowledged_writes_stay,
    reads_are_recent,
    replicas_become_equal,
    clients_finish,
)
IN_TIME = {"pause_ms": 20, "delay_ms": 6}  # what the timeouts below leave room for


def run(
    protocol: type, seed: int, shape: str, faults: Schedule | None = None, **settings
) -> Cluster:
    """One run to its end, with the faults that the protocol admits, all in time."""
    if faults is None:
        drawing = Drawing(seed, SERVERS, CLIENTS, **IN_TIME)
        faults = drawing.schedule(AutomaticFailover.assumes)
    cluster = Cluster(
        protocol,
        servers=3,
        clients=settings.pop("clients", 3),
        seed=seed,
        disk=Disk(sync_ms=Uniform(0.1, 3)),
        faults=faults,
        workload=WORKLOADS[shape](seed),
        **{"sync_followers": 1, "failover_ms": 300, "poll_ms": 100, **settings},
    )
    return cluster.run(until_ms=OVER_MS + 4500)


# --------------------------------------------------------------------- what is promised
@pytest.mark.parametrize("shape", WORKLOADS)
@pytest.mark.parametrize("seed", range(20))
def test_an_answered_write_survives_the_crash_of_any_node(seed, shape):
    assert broken(run(AutomaticFailover, seed, shape), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20, 1020))
def test_an_answered_write_survives_any_crash_for_a_thousand_seeds(seed):
    shape = tuple(WORKLOADS)[seed % 3]
    assert broken(run(AutomaticFailover, seed, shape), *PROMISES) == {}


def test_these_runs_take_the_rare_paths():
    runs = [run(AutomaticFailover, seed, "ledger") for seed in range(50)]
    for mark in ("s1 misses its leader", "leads epoch 2"):
        assert any(cluster.saw(mark) for cluster in runs), mark
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored >= {
        "a later choice has been made, or this one carried out",
        "a retry: the answer waits for followers",
        "knows no leader",
    }


# ------------------------------------------------------------ what is taken for granted
class Boasts(AutomaticFailover):
    """Confirms everything, stores nothing, and says that it is furthest ahead."""

    def on_append(self, src, msg):
        self.expect_leader()
        if msg.entries:
            self.send(src, Appended(msg.epoch, msg.entries[-1].index))

    def on_poll(self, src, msg):
        self.send(src, Position(self.epoch, Epoch(99, self.id), 99))


def severe(kind: type[Fault], seed: int) -> Schedule:
    """Faults of one kind between servers, longer than any timeout."""
    if kind is Byzantine:
        return (Byzantine("s3", Boasts),)
    dice = random.Random(f"severe {seed}")
    schedule = []
    for _ in range(dice.randint(2, 5)):
        src, dst = dice.sample(SERVERS, 2)
        at_ms = dice.randint(1, 700)
        times = {"at_ms": at_ms, "until_ms": at_ms + dice.randint(300, 750)}
        apart = (src, "c1"), tuple(n for n in (*SERVERS, "c2", "c3") if n != src)
        schedule.append(SEVERE[kind](src, dst, apart, times))
    return tuple(schedule)


SEVERE = {
    Loss: lambda src, dst, apart, times: Loss(0.9, **times, src=src, dst=dst),
    Cut: lambda src, dst, apart, times: Cut(src, dst, **times),
    Delay: lambda src, dst, apart, times: Delay(500, **times, src=src, dst=dst),
    SlowLink: lambda src, dst, apart, times: SlowLink(200, **times, src=src, dst=dst),
    Reordering: lambda src, dst, apart, times: Reordering(0.9, 900, **times, src=src),
    Pause: lambda src, dst, apart, times: Pause(src, **times),
    Isolate: lambda src, dst, apart, times: Isolate(src, **times),
    Split: lambda src, dst, apart, times: Split(apart, **times),
}

# The first seed at which a fault loses an answered write: kinds that are excluded, and
# kinds that are admitted while they are in time.
HARMFUL = {Loss: 13, Cut: 2, Split: 0, Isolate: 0, Byzantine: 1}
UNTIMELY = {Pause: 108, Delay: 2, SlowLink: 2, Reordering: 13}


@pytest.mark.parametrize("kind", HARMFUL | UNTIMELY, ids=lambda kind: kind.__name__)
def test_what_is_not_assumed_loses_an_answered_write(kind):
    """Who is silent is not dead: two lead, and what one of them answered is lost."""
    assert (kind in AutomaticFailover.assumes.kinds()) == (kind in UNTIMELY)
    for seed in range(150):
        schedule = (*admitted(seed), *severe(kind, seed))
        said = acknowledged_writes_stay(
            run(AutomaticFailover, seed, "ledger", schedule)
        )
        if said and "lost" in said:
            print(f"seed {seed}: {said}")
            assert seed == (HARMFUL | UNTIMELY)[kind]
            return
    pytest.fail(f"{kind.__name__} does no harm: admit it")


def admitted(seed: int) -> Schedule:
    return Drawing(seed, SERVERS, CLIENTS, **IN_TIME).schedule(
        AutomaticFailover.assumes
    )


FORGETFUL = {LostWrites: 1, CorruptRecord: 1}  # the first seed


@pytest.mark.parametrize("kind", FORGETFUL, ids=lambda kind: kind.__name__)
def test_a_leader_whose_disk_forgets_shows_less_than_it_has_shown(kind):
    for seed in range(150):
        crashes = [f for f in admitted(seed) if isinstance(f, Crash)]
        harm = (kind(f.node, f.at_ms - 1) for f in crashes if f.node in SERVERS)
        schedule = (*admitted(seed), *harm)
        said = reads_are_recent(run(AutomaticFailover, seed, "lopsided", schedule))
        if said:
            print(f"seed {seed}: {said}")
            assert seed == FORGETFUL[kind]
            return
    pytest.fail(f"{kind.__name__} does no harm: admit it")


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == {*AutomaticFailover.assumes.kinds(), *HARMFUL, *FORGETFUL}
