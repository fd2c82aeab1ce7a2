"""Single-leader replication in simulated time: promises, mutants, assumptions."""

from functools import partial

import pytest
import single_leader_mutants as mutants
import test_client
import test_single_leader
from killed import broken, each_mutant, first_harm, kill, mutants_in
from promises import (
    SERVERS,
    acknowledged_writes_stay,
    answered_when_on_enough_disks,
    clients_finish,
    confirmed_when_on_disk,
    each_request_once,
    one_entry_at_each_index,
    reads_are_recent,
    replicas_become_equal,
)
from schedules import OVER_MS, Drawing, menu

from distlab.faults import (
    Byzantine,
    CorruptRecord,
    Crash,
    Fault,
    LostWrites,
    Resume,
    Schedule,
)
from distlab.node import Call
from distlab.replication.single_leader import Appended, SingleLeader
from distlab.sim import ClosedLoop, Cluster, Disk, Uniform

CLIENTS = ("c1", "c2", "c3")
PROMISES = (
    one_entry_at_each_index,
    each_request_once,
    answered_when_on_enough_disks,
    confirmed_when_on_disk,
    acknowledged_writes_stay,
    reads_are_recent,
    replicas_become_equal,
    clients_finish,
)


def symmetric(seed: int) -> dict[str, ClosedLoop]:
    """Every client writes a key of its own once, and then x and y again and again."""
    return {
        client: ClosedLoop(
            (
                Call("write", (f"of {client}", 1)),
                *(
                    Call("write", (key, f"{client}.{i}"))
                    if (i + j) % 2
                    else Call("read", (key,))
                    for i in range(12)
                    for j, key in enumerate("xy")
                ),
            ),
            think_ms=Uniform(0, 60),
        )
        for client in CLIENTS
    }


def lopsided(seed: int) -> dict[str, ClosedLoop]:
    """One client writes without a pause, one now and then, one only reads."""
    busy = tuple(Call("write", ("x", f"c1.{i}")) for i in range(60))
    rare = tuple(Call("write", (key, f"c2.{key}")) for key in "yzx")
    reads = tuple(Call("read", (key,)) for _ in range(10) for key in "xy")
    return {
        "c1": ClosedLoop(busy),
        "c2": ClosedLoop(rare, think_ms=Uniform(0, 500)),
        "c3": ClosedLoop(reads, think_ms=Uniform(0, 100)),
    }


def ledger(seed: int) -> dict[str, ClosedLoop]:
    """Every write has a key of its own: nothing hides the loss of one."""
    return {
        client: ClosedLoop(
            tuple(Call("write", (f"{client}.{i:02}", 1)) for i in range(40)),
            think_ms=Uniform(0, 60),
        )
        for client in CLIENTS
    }


SHAPES = {"symmetric": symmetric, "lopsided": lopsided}
WORKLOADS = {**SHAPES, "ledger": ledger}


def run(
    protocol: type, seed: int, shape: str, faults: Schedule | None = None, **settings
) -> Cluster:
    """One run to its end, with the faults that the protocol admits."""
    if faults is None:
        faults = Drawing(seed, SERVERS, CLIENTS).schedule(SingleLeader.assumes)
    cluster = Cluster(
        protocol,
        servers=3,
        clients=settings.pop("clients", 3),
        seed=seed,
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed % 2]),
        states=True,
        faults=faults,
        workload=WORKLOADS[shape](seed),
        sync_followers=settings.pop("sync_followers", seed % 3),
        log_kept=settings.pop("log_kept", (1, 4, 100)[seed // 3 % 3]),
        **settings,
    )
    return cluster.run(until_ms=OVER_MS + 4500)


# --------------------------------------------------------------------- what is promised
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(50))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, shape):
    assert broken(run(SingleLeader, seed, shape), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(50, 1050))
def test_what_is_promised_is_kept_for_a_thousand_seeds(seed, shape):
    assert broken(run(SingleLeader, seed, shape), *PROMISES) == {}


def test_these_runs_take_the_rare_paths():
    runs = [run(SingleLeader, seed, shape) for seed in range(40) for shape in SHAPES]
    for mark in (
        "an entry in between is missing",
        "the log no longer reaches back",
        "back from a crash",
    ):
        assert any(cluster.saw(mark) for cluster in runs), mark
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored == {
        "a retry: the answer waits for followers",
        "an old request: its client has gone on",
        "answers an earlier request",
    }
    reports = [s.what for c in runs for s in c.trace.where("recover", node="s1")]
    assert any(report.torn for report in reports)
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(SingleLeader.assumes.kinds()) - {Resume}


# ------------------------------------------------------------------------------ mutants
# (what it forgets, the workload and the seed that find it, the promise that it breaks)
KILLED = [
    (mutants.AnswersBeforeSync, "symmetric", 1, answered_when_on_enough_disks),
    (mutants.CountsOneFollowerTwice, "symmetric", 2, answered_when_on_enough_disks),
    (mutants.ShowsBeforeSync, "symmetric", 1, answered_when_on_enough_disks),
    (mutants.AnswersRetriesAtOnce, "symmetric", 5, answered_when_on_enough_disks),
    (mutants.CompactsUnsafe, "lopsided", 1, answered_when_on_enough_disks),
    (mutants.WritesRetriesAgain, "symmetric", 0, each_request_once),
    (mutants.WritesOldRequests, "symmetric", 2, each_request_once),
    (mutants.ForgetsRequestsInCrash, "lopsided", 8, each_request_once),
    (mutants.NumbersRetriesAnew, "symmetric", 0, each_request_once),
    (mutants.AppliesOutOfOrder, "lopsided", 6, one_entry_at_each_index),
    (mutants.FollowsAndLeads, "symmetric", 0, one_entry_at_each_index),
    (mutants.AppliesTwice, "symmetric", 0, confirmed_when_on_disk),
    (mutants.ConfirmsWhatItLacks, "symmetric", 0, confirmed_when_on_disk),
    (mutants.TrustsTornRecord, "symmetric", 83, confirmed_when_on_disk),
    (mutants.ReadsAnywhere, "symmetric", 15, reads_are_recent),
    (mutants.ForgetsSafe, "lopsided", 5, reads_are_recent),
    (mutants.TakesAnyAnswer, "symmetric", 21, reads_are_recent),
    (mutants.DropsRowsInSnapshot, "symmetric", 0, acknowledged_writes_stay),
    (mutants.ForgetsRowsInCrash, "symmetric", 0, acknowledged_writes_stay),
    (mutants.KeepsOldRowsAfterInstall, "lopsided", 4, replicas_become_equal),
    (mutants.NeverRetransmits, "symmetric", 178, replicas_become_equal),
    (mutants.ForgetsItsNumber, "lopsided", 1, clients_finish),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    runs = partial(run_mutant, shape=shape)
    kill(mutant, seed, promise, PROMISES, runs, right=SingleLeader)


def run_mutant(mutant, seed, shape):
    if issubclass(mutant, SingleLeader):
        return run(mutant, seed, shape)
    return run(SingleLeader, seed, shape, clients=(mutant, 3))


def test_every_mutant_has_what_kills_it():
    """By a broken promise here, or by a step that `test_single_leader` looks at."""
    by_step = {*test_single_leader.KILLED, *test_client.KILLED}
    assert mutants_in(mutants) == by_step | {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class Lies(SingleLeader):
    """A follower that confirms everything and stores nothing."""

    def on_append(self, src, msg):
        if msg.entries:
            self.send(src, Appended(msg.entries[-1].index))


def worse(kind: type[Fault], seed: int) -> Schedule:
    """An admitted schedule, and with it a fault of a kind that is excluded."""
    drawing = Drawing(seed, SERVERS, CLIENTS)
    admitted = drawing.schedule(SingleLeader.assumes)
    crashes = [f for f in admitted if isinstance(f, Crash) and f.node in SERVERS]
    if kind is Byzantine:
        return (*admitted, Byzantine("s2", Lies))
    return (*admitted, *(kind(crash.node, crash.at_ms - 1) for crash in crashes))


EXCLUDED = {
    Byzantine: (0, replicas_become_equal),
    LostWrites: (0, acknowledged_writes_stay),
    CorruptRecord: (9, acknowledged_writes_stay),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(kind):
    assert kind not in SingleLeader.assumes.kinds()
    known, promise = EXCLUDED[kind]

    def harmed(seed):
        return run(SingleLeader, seed, "ledger", worse(kind, seed))

    assert first_harm(promise, harmed) == known


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(SingleLeader.assumes.kinds()) | EXCLUDED.keys()
