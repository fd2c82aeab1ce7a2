"""Leaderless replication in simulated time: promises, mutants, assumptions."""

from collections.abc import Callable
from functools import partial

import pytest
import quorum_mutants as mutants
import test_quorum_steps
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import OVER_MS, Drawing, menu

from distlab.check import freshness, siblings
from distlab.faults import (
    Byzantine,
    ClockJump,
    ClockSkew,
    CorruptRecord,
    Crash,
    Fault,
    Loss,
    LostWrites,
    Recover,
    Resume,
    Schedule,
)
from distlab.node import Call
from distlab.replication.quorum import QuorumClient, Repair, Replica, Stored
from distlab.sim import ClosedLoop, Cluster, Disk, Uniform

CLIENTS = ("c1", "c2", "c3")  # c4 only looks, at the end, at all replicas
SIZES = ((3, 2, 2), (3, 1, 3), (3, 3, 1), (5, 3, 3), (3, 1, 1))  # n, r, w


# ---------------------------------------------------------------------------- schedules
class Losing(Drawing):
    """Harms the disks of some servers alone, and of each of them at least once."""

    def __init__(self, seed: int, n: int, losers: int):
        super().__init__(seed, [f"s{i + 1}" for i in range(n)], CLIENTS)
        self.losers = self.random.sample(self.servers, losers)

    def crashes(self, victims, kinds, harmed=True):
        found: list[Fault] = []
        for node in victims:
            losing = harmed and node in self.losers
            found += super().crashes([node], kinds, losing)
            found += self.restored(node) if losing else ()
        return found

    def restored(self, node: str) -> Schedule:
        """The disk forgets a little, or goes back to an old backup, or to nothing."""
        (at_ms,), records = self.times(1), self.random.choice((1, 5, 1000))
        back_ms = at_ms + self.random.randint(2, 400)
        lost = LostWrites(node, at_ms, records)
        return lost, Crash(node, at_ms + 1), Recover(node, back_ms)


def drawn(seed: int, n: int, losers: int) -> Schedule:
    """All that is admitted, and so many disks lost among it."""
    drawing = Losing(seed, n, losers)
    return drawing.schedule(Replica.assumes, w=losers + 1)


# ---------------------------------------------------------------------------- workloads
def symmetric() -> dict[str, ClosedLoop]:
    """Every client reads, writes and deletes the same keys, in turn."""
    return {
        client: ClosedLoop(
            tuple(
                (
                    Call("read", (key,)),
                    Call("write", (key, f"{client}.{i}")),
                    Call("write", (key, f"{client}.{i} again")),
                    Call("delete", (key,)),
                )[(i + j) % (3 if i % 5 else 4)]
                for i in range(14)
                for key in "xy"
            ),
            think_ms=Uniform(0, 60),
        )
        for j, client in enumerate(CLIENTS)
    }


def lopsided() -> dict[str, ClosedLoop]:
    """One client writes without a pause, one now and then, one only reads."""
    busy = tuple(Call("write", ("x", i)) for i in range(60))
    rare = tuple(Call("write", (key, "rare")) for key in "yzxy")
    reads = tuple(Call("read", (key,)) for _ in range(10) for key in "xy")
    return {
        "c1": ClosedLoop(busy),
        "c2": ClosedLoop(rare, think_ms=Uniform(0, 500)),
        "c3": ClosedLoop(reads, think_ms=Uniform(0, 100)),
    }


def ledger() -> dict[str, ClosedLoop]:
    """Every write has a key of its own: nothing hides the loss of one."""
    return {
        client: ClosedLoop(
            tuple(Call("write", (f"{client}.{i:02}", i)) for i in range(25)),
            think_ms=Uniform(0, 100),
        )
        for client in CLIENTS
    }


def watched() -> dict[str, ClosedLoop]:
    """One client writes now and then, and the others look all the time."""
    looks = ClosedLoop(tuple(Call("read", ("x",)) for _ in range(150)))
    writes = tuple(Call("write", ("x", i)) for i in range(30))
    return {"c1": ClosedLoop(writes, think_ms=Uniform(0, 60)), "c2": looks, "c3": looks}


SHAPES = {"symmetric": symmetric, "lopsided": lopsided, "ledger": ledger}
WORKLOADS = {**SHAPES, "watched": watched}


def run(
    protocol: type,
    seed: int,
    shape: str,
    faults: Schedule | None = None,
    client: type | None = None,
    size: tuple[int, int, int] | None = None,
) -> Cluster:
    """One run to its end; then a last client reads every key at all replicas.

    In every other run that is drawn w - 1 disks are lost, in the others none.
    """
    n, r, w = size or SIZES[seed % len(SIZES)]
    workload = WORKLOADS[shape]()
    cluster = Cluster(
        protocol,
        servers=n,
        clients=(client or protocol.client, 4),
        seed=seed,
        r=r,
        w=w,
        per_node={"c4": {"r": n}},
        disk=Disk(sync_ms=(Uniform(0.1, 3), Uniform(5, 20))[seed // 2 % 2]),
        faults=drawn(seed, n, seed % 2 * (w - 1)) if faults is None else faults,
        workload=workload,
        tries=(10, 2)[seed // 3 % 2],
        log_kept=(100, 2)[seed // 5 % 2],
    )
    keys = {call.args[0] for load in workload.values() for call in load.calls}
    for key in sorted(keys):
        cluster.add_call(OVER_MS + 4000, "c4", Call("read", (key,)))
    return cluster.run(until_ms=OVER_MS + 7000)


def rows(cluster: Cluster) -> dict[str, dict]:
    return {server: cluster[server].rows for server in cluster["s1"].nodes}


# --------------------------------------------------------------------- what is promised
def acknowledged_writes_stay(cluster: Cluster) -> str | None:
    """Every acknowledged write is there at the end, or superseded by what is."""
    verdict = siblings.acknowledged_writes(cluster.history, rows(cluster))
    return None if verdict.valid else str(verdict)


def reads_are_fresh(cluster: Cluster) -> str | None:
    """With r + w > n, while fewer than r + w - n disks have lost something."""
    one = cluster["c1"]
    if len(losers(cluster)) >= one.r + one.w - len(one.servers):
        return None
    verdict = freshness.fresh_reads(cluster.history)
    return str(verdict) if verdict.invalid else None


def replicas_become_equal(cluster: Cluster) -> str | None:
    """Once faults stop, after a read at all replicas."""
    verdict = siblings.convergence(rows(cluster))
    return str(verdict) if verdict.invalid else None


def siblings_knew_nothing_of_each_other(cluster: Cluster) -> str | None:
    """No version is returned or kept beside one that supersedes it."""
    several = [op.result for op in cluster.history.where("read", outcome="ok")]
    several += [kept for held in rows(cluster).values() for kept in held.values()]
    for kept in several:
        for one in kept:
            if any(o.vector.covers(one.vector) for o in kept if o is not one):
                return f"{one} beside what supersedes it: {kept}"
    return None


def no_number_is_used_twice(cluster: Cluster) -> str | None:
    """A request that a client sends has a number of its own."""
    known = {}
    for step in cluster.trace.where("send"):
        number = getattr(step.what, "number", None)
        if step.node in CLIENTS and number is not None:
            first = known.setdefault((step.node, number), step.what)
            if first != step.what:
                return f"{step}: that number was {first}"
    return None


def operations_end(cluster: Cluster) -> str | None:
    """Every operation ends, and one that none disturbs does so with an answer."""
    for op in cluster.history:
        if op.ended_us is None:
            return f"{op} never ends"
        if op.process == "c4" and op.outcome != "ok":
            return f"{op}, when nothing goes wrong any more"
    return None


def losers(cluster: Cluster) -> set[str]:
    """Whose disks have lost something."""
    lost = (f for f in cluster.schedule if isinstance(f, (LostWrites, CorruptRecord)))
    return {fault.node for fault in lost}


PROMISES = (
    acknowledged_writes_stay,
    reads_are_fresh,
    replicas_become_equal,
    siblings_knew_nothing_of_each_other,
    no_number_is_used_twice,
    operations_end,
)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(30))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, shape):
    assert broken(run(Replica, seed, shape), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("seed", range(30, 1030))
def test_what_is_promised_is_kept_for_a_thousand_seeds(seed, shape):
    assert broken(run(Replica, seed, shape), *PROMISES) == {}


def test_these_runs_take_the_rare_paths():
    runs = [run(Replica, seed, shape) for seed in range(30) for shape in SHAPES]
    ignored = {step.why for cluster in runs for step in cluster.trace.where("ignore")}
    assert ignored == {"answers a request that is over"}
    kinds = {type(fault) for cluster in runs for fault in cluster.schedule}
    assert kinds == set(Replica.assumes.kinds()) - {Resume}
    outcomes = {(op.f, op.outcome) for cluster in runs for op in cluster.history}
    assert outcomes >= {("write", "info"), ("delete", "info"), ("read", "fail")}
    sent = [step.what for cluster in runs for step in cluster.trace.where("send")]
    assert any(isinstance(message, Repair) for message in sent)
    assert any(two_siblings(cluster) for cluster in runs)
    assert {op.process for cluster in runs for op in cluster.history} > {"c1#2", "c1#3"}
    assert any(len(losers(cluster)) == 2 for cluster in runs)


# ----------------------------------------------------------------- what is not promised
def two_siblings(cluster: Cluster) -> bool:
    return any(len(op.result) > 1 for op in cluster.history.where("read", outcome="ok"))


def stale(cluster: Cluster) -> bool:
    return freshness.fresh_reads(cluster.history).invalid


def seen_and_not_again(outcome: str) -> Callable[[Cluster], bool]:
    """A version is read and then not, of a write that ended like this."""

    def judge(cluster: Cluster) -> bool:
        verdict = freshness.no_inversion(cluster.history)
        if not verdict.invalid:
            return False
        seen = {version.vector for version in verdict.evidence[0].result}
        known = {op.result for op in cluster.history.where("write", outcome="ok")}
        return bool(seen & known) == (outcome == "ok")

    return judge


LOSSY = (Loss(0.5, src="c1", until_ms=OVER_MS),)
# (the workload; n, r, w; the faults, None: drawn; the first seed; what is seen)
LIMITS = {
    "a concurrent write": ("symmetric", (3, 2, 2), (), 0, two_siblings),
    "a read during a write": ("watched", (3, 2, 2), LOSSY, 1, seen_and_not_again("ok")),
    "a failed write": ("watched", (3, 2, 2), LOSSY, 4, seen_and_not_again("info")),
    "an old backup": ("symmetric", (3, 2, 2), None, 21, stale),
    "too few to overlap": ("lopsided", (3, 1, 1), None, 0, stale),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_each_limit_of_the_promise_is_found_by_some_seed(limit):
    """And the promise itself is kept there."""
    shape, size, schedule, known, seen = LIMITS[limit]
    for seed in range(100):
        cluster = run(Replica, seed, shape, schedule, size=size)
        if seen(cluster):
            assert seed == known
            assert broken(cluster, *PROMISES) == {}
            return
    pytest.fail(f"{limit} does no harm: promise more")


@pytest.mark.parametrize(("n", "r", "w"), [(3, 2, 3), (5, 4, 4)])
def test_reads_are_fresh_while_fewer_disks_are_lost_than_quorums_share(n, r, w):
    for seed in range(20):
        lost = drawn(seed, n, losers=r + w - n - 1)
        assert not stale(run(Replica, seed, "symmetric", lost, size=(n, r, w)))


def test_a_read_is_stale_at_some_seed_when_as_many_are_lost():
    """Two of the two replicas that r = 2 and w = 3 share; no write is lost."""
    for seed in range(100):
        lost = drawn(seed, 3, losers=2)
        cluster = run(Replica, seed, "symmetric", lost, size=(3, 2, 3))
        if stale(cluster):
            assert seed == 25
            assert broken(cluster, *PROMISES) == {}
            return
    pytest.fail("no lost disk makes a read stale: promise more")


# ------------------------------------------------------------------------------ mutants
# (what it forgets, the workload and the seed that find it, the promise that it breaks)
KILLED = [
    (mutants.ForgetsItsOwnWrite, "symmetric", 0, acknowledged_writes_stay),
    (mutants.UsesANumberTwice, "symmetric", 0, no_number_is_used_twice),
    (mutants.ClaimsToHaveSeenEverything, "lopsided", 0, acknowledged_writes_stay),
    (mutants.RemembersWhatFailed, "symmetric", 7, reads_are_fresh),
    (mutants.AnswersWritesOneTooEarly, "lopsided", 0, reads_are_fresh),
    (mutants.AnswersReadsOneTooEarly, "symmetric", 2, reads_are_fresh),
    (mutants.CountsAnswersToOldRequests, "symmetric", 2, reads_are_fresh),
    (mutants.CallsUnknownFailed, "lopsided", 10, acknowledged_writes_stay),
    (mutants.ReturnsTheFirstAnswer, "symmetric", 2, reads_are_fresh),
    (
        mutants.ReturnsWhatIsSuperseded,
        "symmetric",
        0,
        siblings_knew_nothing_of_each_other,
    ),
    (mutants.ReturnsOneSibling, "symmetric", 0, reads_are_fresh),
    (mutants.RepairsNobody, "lopsided", 0, replicas_become_equal),
    (mutants.RepairsWithWhatItJustGot, "lopsided", 3, replicas_become_equal),
    (mutants.Overwrites, "symmetric", 0, acknowledged_writes_stay),
    (mutants.DropsSiblings, "symmetric", 0, acknowledged_writes_stay),
    (mutants.KeepsSuperseded, "symmetric", 0, siblings_knew_nothing_of_each_other),
    (mutants.AnswersBeforeItIsOnDisk, "lopsided", 12, acknowledged_writes_stay),
    (mutants.AnswersWithOneSibling, "symmetric", 0, reads_are_fresh),
    (mutants.IgnoresRepairs, "lopsided", 0, replicas_become_equal),
    (mutants.ForgetsRowsInCompaction, "lopsided", 15, acknowledged_writes_stay),
    (mutants.ForgetsRowsInCrash, "lopsided", 12, acknowledged_writes_stay),
]


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    runs = partial(run_mutant, shape=shape)
    kill(mutant, seed, promise, PROMISES, runs, right=Replica)


def run_mutant(mutant: type, seed: int, shape: str) -> Cluster:
    if issubclass(mutant, QuorumClient):
        return run(Replica, seed, shape, client=mutant)
    return run(mutant, seed, shape)


def test_every_mutant_has_what_kills_it():
    """By a step that `test_quorum_steps` looks at; most also by a broken promise."""
    assert mutants_in(mutants) == set(test_quorum_steps.KILLED)
    assert mutants_in(mutants) > {mutant for mutant, *_ in KILLED}


# ------------------------------------------------------------ what is taken for granted
class Lies(Replica):
    """Confirms everything and stores nothing."""

    def on_store(self, src, msg):
        self.send(src, Stored(msg.number))


def one_lies(seed: int, n: int, w: int) -> Schedule:
    return (*drawn(seed, n, 0), Byzantine("s1", Lies))


def w_disks_are_lost(seed: int, n: int, w: int) -> Schedule:
    return drawn(seed, n, w)


def a_client_forgets_its_number(seed: int, n: int, w: int) -> Schedule:
    lost = LostWrites("c1", 400, records=1000), Crash("c1", 401), Recover("c1", 402)
    return (*drawn(seed, n, 0), *lost)


EXCLUDED = {
    one_lies: (7, acknowledged_writes_stay),
    w_disks_are_lost: (15, acknowledged_writes_stay),
    a_client_forgets_its_number: (0, no_number_is_used_twice),
}


@pytest.mark.parametrize("schedule", EXCLUDED, ids=lambda of: of.__name__)
def test_a_fault_that_is_excluded_breaks_a_promise_at_some_seed(schedule):
    known, promise = EXCLUDED[schedule]

    def harmed(seed):
        n, _, w = SIZES[seed % len(SIZES)]
        faults = schedule(seed, n, w)
        of_servers = [f for f in faults if getattr(f, "node", "s1") not in CLIENTS]
        if schedule is not a_client_forgets_its_number:
            assert not Replica.assumes.admits(of_servers, n, w)
        return run(Replica, seed, "ledger", faults)

    assert first_harm(promise, harmed) == known


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(Replica.assumes.kinds()) | {Byzantine}


@pytest.mark.parametrize("seed", range(10))
def test_no_clock_changes_anything(seed):
    """Neither skew nor jumps: quorums read no clock."""
    n, _, _ = SIZES[seed % len(SIZES)]
    nodes = (*(f"s{i + 1}" for i in range(n)), *CLIENTS)
    wrong = [ClockSkew(node, 900 - 300 * i) for i, node in enumerate(nodes)]
    wrong += [ClockJump(node, -700, at_ms=50 * i) for i, node in enumerate(nodes)]
    right, off = (run(Replica, seed, "symmetric", faults) for faults in ((), wrong))
    assert right.history == off.history
    assert rows(right) == rows(off)
