"""ABD in simulated time: promises, mutants, assumptions, other shapes of quorum."""

from functools import partial

import abd_mutants as mutants
import pytest
import test_abd
from killed import broken, each_mutant, kill, mutants_in
from schedules import OVER_MS, Drawing, menu

from distlab.check.linearizable import linearizable
from distlab.faults import (
    Byzantine,
    CorruptRecord,
    Crash,
    Cut,
    Fault,
    Loss,
    LostWrites,
    Recover,
    Resume,
    Schedule,
)
from distlab.node import Call
from distlab.quorum import AtLeast, Majority, Quorum, Weighted, column, row
from distlab.replication.abd import AbdClient, AbdReplica, Store, Stored
from distlab.replication.abd_as_story import StoryClient
from distlab.sim import ClosedLoop, Cluster, Disk, Network, Uniform

CLIENTS = ("c1", "c2", "c3")  # c4 only reads, at the end
THREE, GRID = ("s1", "s2", "s3"), (("s1", "s2"), ("s3", "s4"))
HEAVY = Weighted((("s1", 2), ("s2", 1), ("s3", 1)))
SHAPES: tuple[tuple[int, Quorum | None, Quorum | None], ...] = (
    (3, None, None),
    (5, None, None),
    (3, AtLeast(THREE, 1), AtLeast(THREE, 3)),
    (3, AtLeast(THREE, 3), AtLeast(THREE, 1)),
    (3, HEAVY, HEAVY),
    (4, row(GRID), column(GRID)),
)


# ---------------------------------------------------------------------------- workloads
def symmetric() -> dict[str, ClosedLoop]:
    """Every client writes x and y and reads them, in turn."""
    return {
        client: ClosedLoop(
            tuple(
                Call("write", (key, f"{client}.{i}"))
                if (i + j + k) % 2
                else Call("read", (key,))
                for i in range(12)
                for k, key in enumerate("xy")
            ),
            think_ms=Uniform(0, 60),
        )
        for j, client in enumerate(CLIENTS)
    }


def lopsided() -> dict[str, ClosedLoop]:
    """One client writes without a pause, one now and then, one only reads."""
    busy = tuple(Call("write", ("x", f"c1.{i}")) for i in range(60))
    rare = tuple(Call("write", (key, f"c2.{i}")) for i, key in enumerate("yxyxy"))
    reads = tuple(Call("read", (key,)) for _ in range(20) for key in "xy")
    return {
        "c1": ClosedLoop(busy),
        "c2": ClosedLoop(rare, think_ms=Uniform(0, 500)),
        "c3": ClosedLoop(reads, think_ms=Uniform(0, 60)),
    }


WORKLOADS = {"symmetric": symmetric, "lopsided": lopsided}


def run(
    protocol: type,
    seed: int,
    work: str,
    schedule: Schedule | None = None,
    client: type = AbdClient,
    shape: int | None = None,
) -> Cluster:
    """One run to its end, with the faults that the protocol admits."""
    n, reads, writes = SHAPES[seed % len(SHAPES) if shape is None else shape]
    if schedule is None:
        schedule = drawing(seed, n).schedule(AbdReplica.assumes)
    cluster = Cluster(
        protocol,
        servers=n,
        clients=(client, 4),
        seed=seed,
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed % 2]),
        faults=schedule,
        workload=WORKLOADS[work](),
        read_quorum=reads,
        write_quorum=writes,
    )
    for i, key in enumerate("xyxy"):  # what the last write left, and that it stays
        cluster.at(OVER_MS + 2500 + i).call("c4", "read", key)
    return cluster.run(until_ms=OVER_MS + 4500)


def drawing(seed: int, n: int) -> Drawing:
    return Drawing(seed, [f"s{i + 1}" for i in range(n)], CLIENTS)


# ----------------------------------------------------------------------------- promises
def linearizable_registers(cluster: Cluster) -> str | None:
    """Reads and writes of each key are linearizable."""
    verdict = linearizable(cluster.history)
    return str(verdict) if verdict.invalid else None


def one_value_for_each_stamp(cluster: Cluster) -> str | None:
    """No two writes of a key have the same stamp, in whatever life of their client."""
    known: dict = {}
    for step in cluster.trace.where("send"):
        if isinstance(step.what, Store):
            row_ = step.what.row
            if known.setdefault((row_.key, row_.stamp), row_) != row_:
                return f"{step}: {row_.stamp} is {known[row_.key, row_.stamp].value!r}"
    return None


def stored_by_a_quorum_first(cluster: Cluster) -> str | None:
    """What is returned is on the disks of a write quorum of different replicas."""
    asked: dict = {}
    told: dict = {}
    for step in cluster.trace.where("send", "deliver", "ok"):
        if step.kind == "send" and isinstance(step.what, Store):
            if asked.get(step.node) != step.what:
                asked[step.node], told[step.node] = step.what, set()
        elif step.kind == "deliver" and isinstance(step.what, Stored):
            if asked[step.node].number == step.what.number:
                told[step.node].add(step.peer)
        elif step.kind == "ok":
            client = cluster[step.node]
            quorum = client.write_quorum or Majority(client.servers)
            if not quorum.has(told.get(step.node, ())):
                return f"{step}: stored by {sorted(told.get(step.node, ()))} alone"
    return None


def clients_finish(cluster: Cluster) -> str | None:
    """Once faults stop, every operation ends."""
    for op in cluster.history:
        if op.ended_us is None:
            return f"{op} never ends"
    return None


PROMISES = (
    linearizable_registers,
    one_value_for_each_stamp,
    stored_by_a_quorum_first,
    clients_finish,
)


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(30))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    assert broken(run(AbdReplica, seed, work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(30, 1030))
def test_what_is_promised_is_kept_for_a_thousand_seeds(seed, work):
    assert broken(run(AbdReplica, seed, work), *PROMISES) == {}


def test_these_runs_take_the_rare_paths():
    runs = [run(AbdReplica, seed, work) for seed in range(9) for work in WORKLOADS]
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored == {"answers a phase that is over"}
    unknown = [op for c in runs for op in c.history if op.outcome == "info"]
    assert {op.result for op in unknown} == {"c1 crashed"}
    assert {op.f for op in unknown} == {"read", "write"}
    values = {op.result for c in runs for op in c.history.where("read", outcome="ok")}
    assert values & {op.args[1] for op in unknown if op.f == "write"}
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(AbdReplica.assumes.kinds()) - {Resume}


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(6))
def test_a_minority_may_be_gone_for_good(seed, work):
    gone = (Crash("s3", 50), Crash("s4", 100))
    cluster = run(AbdReplica, seed, work, gone, shape=1)
    assert broken(cluster, *PROMISES) == {}
    assert len(cluster.history.where(outcome="ok")) == len(cluster.history)


def test_without_a_majority_an_operation_waits_and_nothing_wrong_is_said():
    cluster = run(
        AbdReplica, 0, "symmetric", (Crash("s2", 50), Crash("s3", 50)), shape=0
    )
    waiting = [op for op in cluster.history if op.ended_us is None]
    assert {op.process for op in waiting} == {*CLIENTS, "c4"}
    assert not linearizable(cluster.history).invalid


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(6))
def test_the_story_makes_the_same_run_as_the_handlers(seed, work):
    """A read; A write: to the byte, under every fault."""
    plain, story = (
        run(AbdReplica, seed, work, client=client)
        for client in (AbdClient, StoryClient)
    )
    assert plain.history == story.history
    assert plain.trace.digest() == story.trace.digest()


# ------------------------------------------------------------------------------ mutants
# What it forgets, the workload and the seed that find it, the promise that it breaks
KILLED = [
    (mutants.TakesWhatIsOlder, "symmetric", 0, linearizable_registers),
    (mutants.TakesNoEqualNumber, "symmetric", 5, linearizable_registers),
    (mutants.TakesEveryEqualNumber, "symmetric", 38, linearizable_registers),
    (mutants.AcknowledgesOnlyWhatIsNew, "symmetric", 0, clients_finish),
    (mutants.AcknowledgesBeforeItKeeps, "lopsided", 2, linearizable_registers),
    (mutants.ForgetsItsDisk, "lopsided", 2, linearizable_registers),
    (mutants.RemembersWhatCameFirst, "lopsided", 8, linearizable_registers),
    (mutants.SkipsTheWriteBack, "symmetric", 0, stored_by_a_quorum_first),
    (mutants.WritesBackUnderItsOwnName, "symmetric", 1, linearizable_registers),
    (mutants.WritesWithoutAsking, "symmetric", 0, linearizable_registers),
    (mutants.WritesAfterOneAnswer, "lopsided", 17, linearizable_registers),
    (mutants.ReadsAfterOneAnswer, "symmetric", 1, linearizable_registers),
    (mutants.ReturnsTheLastAnswer, "symmetric", 1, linearizable_registers),
    (mutants.AnswersBeforeAQuorumHasIt, "symmetric", 0, stored_by_a_quorum_first),
    (mutants.CountsAReplicaTwice, "symmetric", 0, stored_by_a_quorum_first),
    (mutants.TakesAnswersOfAnyTime, "lopsided", 0, linearizable_registers),
    (mutants.TakesAnswersOfAnyPhase, "symmetric", 0, stored_by_a_quorum_first),
    (mutants.NeverAsksAgain, "symmetric", 1, clients_finish),
    (mutants.ForgetsItsStamp, "lopsided", 32, one_value_for_each_stamp),
    (mutants.StampsWithoutAName, "symmetric", 1, one_value_for_each_stamp),
    (mutants.StampsByItsOwnCountAlone, "symmetric", 0, linearizable_registers),
    (mutants.TellsNothing, "symmetric", 0, linearizable_registers),
    (mutants.LeavesOutTheSecondPage, "symmetric", 0, stored_by_a_quorum_first),
    (mutants.LeavesOutTheFirstPage, "symmetric", 0, linearizable_registers),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    runs = partial(run_mutant, work=shape)
    kill(mutant, seed, promise, PROMISES, runs, right=AbdReplica)


def run_mutant(mutant: type, seed: int, work: str) -> Cluster:
    if issubclass(mutant, AbdReplica):
        return run(mutant, seed, work)
    return run(AbdReplica, seed, work, client=mutant)


def test_every_mutant_has_what_kills_it():
    """By a broken promise here, or by a step that `test_abd` looks at."""
    assert mutants_in(mutants) == {*test_abd.KILLED, *(mutant for mutant, *_ in KILLED)}


# ------------------------------------------------------------ what is taken for granted
class Lies(AbdReplica):
    """Says that it has stored everything, and has stored nothing."""

    def on_store(self, src, msg):
        self.send(src, Stored(msg.number))


def worse(kind: type[Fault], seed: int) -> Schedule:
    """An admitted schedule, and with it a fault of a kind that is excluded."""
    n, *_ = SHAPES[seed % len(SHAPES)]
    admitted = drawing(seed, n).schedule(AbdReplica.assumes)
    if kind is Byzantine:
        return (*admitted, Byzantine("s2", Lies))
    crashes = [f for f in admitted if isinstance(f, Crash) and f.node[0] == "s"]
    if kind is LostWrites:  # all of them: an old backup
        return (*admitted, *(kind(f.node, f.at_ms - 1, 1000) for f in crashes))
    return (*admitted, *(kind(f.node, f.at_ms - 1) for f in crashes))


EXCLUDED = {
    Byzantine: ("lopsided", 2),
    LostWrites: ("lopsided", 2),
    CorruptRecord: ("symmetric", 21),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_a_fault_that_is_excluded_breaks_the_promise_at_some_seed(kind):
    assert kind not in AbdReplica.assumes.kinds()
    work, known = EXCLUDED[kind]
    for seed in (known, *range(200)):
        cluster = run(AbdReplica, seed, work, worse(kind, seed))
        if said := linearizable_registers(cluster):
            print(f"seed {seed}: {said}")
            return
    pytest.fail(f"{kind.__name__} does no harm: admit it")


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(AbdReplica.assumes.kinds()) | EXCLUDED.keys()


@pytest.mark.parametrize("disk", ["kept", "lost"])
def test_a_client_that_loses_its_disk_gives_a_stamp_twice(disk):
    """So clients, too, are taken to keep what they wrote down."""
    forgets = (LostWrites("c1", 6, 1000),) if disk == "lost" else ()
    cluster = Cluster(
        AbdReplica,
        servers=3,
        clients=1,
        network=Network(2),
        faults=(
            Loss(1, src="c1", dst="s2", messages=("Store",), until_ms=10),
            Loss(1, src="c1", dst="s3", messages=("Store",), until_ms=10),
            *forgets,
            Crash("c1", 7),
            Recover("c1", 20),
            Cut("c1", "s1", 20),
        ),
    )
    cluster.at(0).call("c1", "write", "x", 1).at(30).call("c1", "write", "x", 2)
    cluster.run(until_ms=200)
    assert bool(one_value_for_each_stamp(cluster)) == (disk == "lost")


def test_where_reads_and_writes_need_not_meet_the_promise_is_broken(monkeypatch):
    """Any two of four: r + w = n."""
    four = tuple(f"s{i}" for i in range(1, 5))
    shape = (4, AtLeast(four, 2), AtLeast(four, 2))
    monkeypatch.setitem(globals(), "SHAPES", (shape,))
    runs = (run(AbdReplica, seed, "symmetric") for seed in range(100))
    assert any(linearizable_registers(cluster) for cluster in runs)
