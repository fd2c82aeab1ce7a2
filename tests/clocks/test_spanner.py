"""Spanner: external consistency under skew, mutants, and what breaks it."""

import random

import pytest
import spanner_mutants as mutants
from killed import broken, each_mutant, first_harm, kill, mutants_in
from schedules import OVER_MS, Drawing, menu

from distlab import faults
from distlab.check import transactions
from distlab.clocks.spanner import (
    Commit,
    Done,
    NoAnswer,
    ReadAt,
    Spanner,
    Transaction,
    TransactionClient,
)
from distlab.clocks.true_time import Past
from distlab.faults import (
    Byzantine,
    ClockDrift,
    ClockFault,
    ClockJump,
    ClockSkew,
    CorruptRecord,
    Fault,
    LostWrites,
    Schedule,
)
from distlab.history import Operation
from distlab.node import (
    Call,
    Crash,
    Deliver,
    DiskReport,
    End,
    Fire,
    Log,
    Note,
    Recover,
    Send,
    SetTimer,
)
from distlab.sim import ClosedLoop, Cluster, Disk, Network, Uniform

SERVERS, CLIENTS = ("s1", "s2", "s3"), ("c1", "c2", "c3")
WRITE, READ = ("append", "x", 1), ("r", "x", None)


def server(*commits: Commit, now_ms: float = 100) -> Spanner:
    """A server that has been sent these; its ε is 7 ms."""
    s1 = Spanner("s1")
    for commit in commits:
        s1.step(Deliver("c1", commit), now_ms=now_ms)
    return s1


# ---------------------------------------------------------------------------- the steps
def test_a_transaction_gets_the_latest_that_the_time_may_be():
    """§4.1.2, Start; §4.1.2, Commit Wait: and nobody is told."""
    s1 = server()
    waits = SetTimer(Past(107_000), (14.001, 14.001))
    assert s1.step(Deliver("c1", Commit(1, (WRITE,))), now_ms=100) == [waits]
    assert s1.log == Log(Transaction("c1", 1, (WRITE,), 107_000))


def test_no_two_transactions_have_one_timestamp():
    """§4.1.2, Start: greater than any that was given."""
    s1 = server(Commit(1, (WRITE,)))
    s1.step(Deliver("c2", Commit(1, (WRITE,))), now_ms=99)
    assert [one.at_us for one in s1.log] == [107_000, 107_001]


def test_a_client_is_told_when_its_timestamp_is_past():
    """§4.1.2, Commit Wait."""
    s1 = server(Commit(1, (WRITE,)))
    told = [Send("c1", Done(1, (WRITE,)))]
    assert s1.step(Fire(Past(107_000)), now_ms=114.001) == told


def test_a_transaction_sees_what_was_written_before_it_at_its_server():
    s1 = server(Commit(1, (WRITE,)))
    both = (READ, ("append", "x", 2))
    s1.step(Deliver("c2", Commit(1, both)), now_ms=101)
    assert s1.log[2].ops == (("r", "x", (1,)), ("append", "x", 2))


def test_what_is_asked_again_is_answered_again_and_done_once():
    """§4.1.2, Commit Wait: also when it is past, and after a crash."""
    s1 = server(Commit(1, (WRITE,)))
    s1.step(Crash(s1.saved()))
    s1.step(Recover(DiskReport()))
    again = s1.step(Deliver("c1", Commit(1, (WRITE,))), now_ms=200)
    assert (again, s1.log.last_index) == ([Send("c1", Done(1, (WRITE,)))], 1)
    s1.step(Deliver("c1", Commit(2, (WRITE,))), now_ms=200)
    old = Note("has been answered", dropped=True)
    assert s1.step(Deliver("c1", Commit(1, (WRITE,))), now_ms=300) == [old]


def test_a_reading_sees_what_was_committed_by_its_time_and_no_more():
    """§4.1.3, t safe."""
    s1 = server(Commit(1, (WRITE,)), Commit(2, (("append", "x", 2),)))
    read = Deliver("c2", ReadAt(1, ("x",), 107_000))
    assert s1.step(read, now_ms=200) == [Send("c2", Done(1, (("r", "x", (1,)),)))]


def test_a_reading_waits_for_what_is_not_past():
    """§4.1.3, t safe: somebody else might not see it yet."""
    s1 = server(Commit(1, (WRITE,)))
    read = Deliver("c2", ReadAt(1, ("x",), 110_000))
    assert s1.step(read, now_ms=104) == [SetTimer(Past(107_000), (10.001, 10.001))]
    other = Deliver("c2", ReadAt(2, ("y",), 110_000))
    assert s1.step(other, now_ms=104) == [Send("c2", Done(2, (("r", "y", ()),)))]


def test_nothing_is_put_before_what_was_read():
    """§4.1.3, t safe; §4.1.2, Start."""
    s1 = server()
    s1.step(Deliver("c2", ReadAt(1, ("x",), 130_000)), now_ms=100)
    s1.step(Deliver("c1", Commit(1, (WRITE,))), now_ms=100)
    assert s1.log[1].at_us == 130_001


def test_a_reading_is_as_of_the_latest_that_the_time_may_be():
    """§4.2.2, s read: of all servers as of one time."""
    c1 = TransactionClient("c1", servers=SERVERS)
    asks = c1.step(Call("txn", (READ, ("r", "y", None))), now_ms=100)
    assert asks[:2] == [
        Send("s1", ReadAt(1, ("x",), 107_000)),
        Send("s2", ReadAt(1, ("y",), 107_000)),
    ]
    c1.step(Deliver("s2", Done(1, (("r", "y", (2,)),))), now_ms=101)
    (_, end) = c1.step(Deliver("s1", Done(1, (("r", "x", ()),))), now_ms=101)
    assert end.value == (("r", "x", ()), ("r", "y", (2,)))


def test_a_transaction_does_not_write_at_two_servers():
    c1 = TransactionClient("c1", servers=SERVERS)
    call = Call("txn", (WRITE, ("append", "y", 1)))
    assert c1.step(call, now_ms=1) == [End(call, "fail", "writes at several servers")]


@pytest.mark.parametrize(("op", "outcome"), [(WRITE, "info"), (READ, "fail")])
def test_who_gets_no_answer_does_not_know_whether_it_has_written(op, outcome):
    c1 = TransactionClient("c1", servers=SERVERS, tries=1)
    call = Call("txn", (op,))
    c1.step(call, now_ms=1)
    assert c1.step(Fire(NoAnswer()), now_ms=101) == [End(call, outcome, "no answer")]
    late = Note("answers an earlier question", dropped=True)
    assert c1.step(Deliver("s1", Done(1, (op,))), now_ms=102) == [late]


# ----------------------------------------------------------------------------- by seeds
EPSILON_MS = 10


def symmetric(seed: int) -> dict[str, ClosedLoop]:
    """All write and read everywhere."""
    dice = random.Random(f"spanner {seed}")
    return {client: ClosedLoop(calls(client, dice)) for client in CLIENTS}


def calls(client: str, dice: random.Random) -> tuple[Call, ...]:
    made = []
    for i in range(20):
        write = ("append", dice.choice("xyz"), f"{client}.{i}")
        made.append(Call("txn", ((("r", write[1], None),) * (i % 2) + (write,))))
        made.append(
            Call("txn", tuple(("r", key, None) for key in dice.sample("xyz", 2)))
        )
    return tuple(made)


def lopsided(seed: int) -> dict[str, ClosedLoop]:
    """One writes here and there, and others look."""
    writes = tuple(Call("txn", (("append", "xy"[i % 2], i),)) for i in range(30))
    look = (Call("txn", (("r", "y", None), ("r", "x", None))),)
    return {
        "c1": ClosedLoop(writes),
        "c2": ClosedLoop(look * 60, think_ms=Uniform(0, 9)),
        "c3": ClosedLoop(look * 60, think_ms=Uniform(0, 9)),
    }


WORKLOADS = {"symmetric": symmetric, "lopsided": lopsided}


def drawn(seed: int) -> Schedule:
    """All that is admitted; every clock is off, most of them as far as they may be."""
    dice = random.Random(f"skew {seed}")
    others = Drawing(seed, SERVERS, CLIENTS).schedule(Spanner.assumes)
    off_ms = (-EPSILON_MS, EPSILON_MS, dice.uniform(-EPSILON_MS, EPSILON_MS))
    return (
        *(ClockSkew(node, dice.choice(off_ms)) for node in SERVERS + CLIENTS),
        ClockSkew(dice.choice(SERVERS + CLIENTS), dice.choice(off_ms), 200),
        *(f for f in others if not isinstance(f, ClockFault)),
    )


def run(
    kind: type = Spanner,
    seed: int = 0,
    work: str = "symmetric",
    schedule: Schedule | None = None,
    client: type = TransactionClient,
    epsilon_ms: float = EPSILON_MS,
) -> Cluster:
    """One run to its end, over links that are quick beside ε."""
    cluster = Cluster(
        kind,
        servers=(kind, 3),
        clients=(client, 3),
        seed=seed,
        network=Network(Uniform(0.1, 2)),
        disk=Disk(Uniform(0, 1)),
        faults=drawn(seed) if schedule is None else schedule,
        workload=WORKLOADS[work](seed),
        epsilon_ms=epsilon_ms,
    )
    return cluster.run(until_ms=OVER_MS + 6000)


def external_consistency(cluster: Cluster) -> str | None:
    """If one has ended before another begins, its timestamp is smaller."""
    stamps = {
        op: one.at_us
        for id in SERVERS
        for one in cluster[id].log
        for op in one.ops
        if op[0] == "append"
    }
    writes = [
        (op, stamps[op.args[-1]]) for op in cluster.history if op.args[-1] in stamps
    ]
    for one, earlier_us in writes:
        for other, later_us in writes:
            if one.outcome == "ok" and one.before(other) and earlier_us >= later_us:
                return f"{one} at {earlier_us} us, then {other} at {later_us} us"
    return None


def strictly_serializable(cluster: Cluster) -> str | None:
    verdict = transactions.judge(cluster.history, "strict serializable")
    return None if verdict.valid else str(verdict)


def readings_are_of_one_time(cluster: Cluster) -> str | None:
    """What was read is all that was ever committed by the time that was asked for."""
    sent = cluster.trace.where("send", test=lambda step: type(step.what) is ReadAt)
    asked = {(step.node, step.what.number): step for step in sent}
    ended = cluster.history.where(outcome="ok")
    logs = [one for id in SERVERS for one in cluster[id].log]
    for step in asked.values():
        for op in (op for op in ended if during(step, op)):
            by_then = [one.ops for one in logs if one.at_us <= step.what.at_us]
            for _, key, values in op.result:
                ops = [op for ops in by_then for op in ops if op[0] == "append"]
                there = tuple(value for _, name, value in ops if name == key)
                if values != there:
                    return f"{op} as of {step.what.at_us} us: there was {there}"
    return None


def during(step, op: Operation) -> bool:
    """Whether a client's step is a part of its operation: it has one at a time."""
    return (
        op.process.partition("#")[0] == step.node
        and op.invoked_ms <= step.at_ms < op.ended_ms
        and all(f == "r" for f, _, _ in op.args)
    )


def transactions_end(cluster: Cluster) -> str | None:
    """Faults are over long before the run is."""
    unended: list[Operation] = [op for op in cluster.history if op.ended_us is None]
    return f"{unended[0]}" if unended else None


PROMISES = (
    external_consistency,
    strictly_serializable,
    readings_are_of_one_time,
    transactions_end,
)


@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("seed", range(12))
def test_what_is_promised_is_kept_under_every_fault_that_is_admitted(seed, work):
    """§4.1.2, Start; §4.1.2, Commit Wait; §4.1.3, t safe; §4.2.2, s read."""
    assert broken(run(seed=seed, work=work), *PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("work", WORKLOADS)
@pytest.mark.parametrize("hundred", range(3))
def test_what_is_promised_is_kept_for_three_hundred_seeds(hundred, work):
    for seed in range(100 * hundred, 100 * hundred + 100):
        assert broken(run(seed=seed, work=work), *PROMISES) == {}, seed


def test_a_commit_takes_twice_epsilon_and_a_reading_none_of_it():
    """§4.1.2, Commit Wait: with messages of 1 ms, and a microsecond to be past."""
    cluster = Cluster(
        Spanner,
        servers=3,
        clients=1,
        network=Network(1),
        workload={"c1": (Call("txn", (WRITE,)), Call("txn", (READ,)))},
        epsilon_ms=4,
    ).run()
    assert [op.latency_ms for op in cluster.history] == [10.001, 2]


# ------------------------------------------------------------------------------ mutants
KILLED = [
    (mutants.SpannerTellsAtOnce, "symmetric", 0, external_consistency),
    (mutants.SpannerWaitsHalf, "symmetric", 0, external_consistency),
    (mutants.SpannerIsSureOfItself, "symmetric", 0, external_consistency),
    (mutants.StampsWithTheEarliest, "symmetric", 0, external_consistency),
    (mutants.ForgetsWhatItPromised, "symmetric", 0, readings_are_of_one_time),
    (mutants.PromisesNothing, "symmetric", 0, readings_are_of_one_time),
    (mutants.ShowsWhatIsNotPast, "lopsided", 0, strictly_serializable),
    (mutants.ReadsWhatIsThere, "lopsided", 0, readings_are_of_one_time),
    (mutants.DoesItAgain, "symmetric", 0, strictly_serializable),
    (mutants.ForgetsInACrash, "symmetric", 0, strictly_serializable),
    (mutants.ReadsAsOfTheEarliest, "symmetric", 0, strictly_serializable),
]


def shaped(work: str, kind: type, seed: int) -> Cluster:
    if issubclass(kind, Spanner):
        return run(kind, seed, work)
    return run(Spanner, seed, work, client=kind)


@each_mutant(KILLED)
def test_what_forgets_a_rule_breaks_a_promise(mutant, shape, seed, promise):
    right = Spanner if issubclass(mutant, Spanner) else TransactionClient
    kill(
        mutant,
        seed,
        promise,
        PROMISES,
        lambda kind, seed: shaped(shape, kind, seed),
        right,
    )


def test_no_mutant_is_forgotten():
    mixed_in = {
        mutants.TellsAtOnce,
        mutants.WaitsHalf,
        mutants.IsSureOfItself,
        mutants.TellsWhenTheTimerSaysSo,
    }
    assert mutants_in(mutants) == {mutant for mutant, *_ in KILLED} | mixed_in


# -------------------------------------------------------------------------- assumptions
def test_where_clocks_are_off_by_more_than_epsilon_an_earlier_one_comes_later():
    """Everything else is as it should be: ε is 7 ms for clocks 14 ms apart, then 2."""
    skew = (ClockSkew("s1", 7), ClockSkew("s2", -7))
    assert broken(run(schedule=skew, epsilon_ms=7), *PROMISES) == {}
    first_harm(
        external_consistency,
        lambda seed: run(seed=seed, schedule=skew, epsilon_ms=2),
    )
    first_harm(
        strictly_serializable,
        lambda seed: run(seed=seed, work="lopsided", schedule=skew, epsilon_ms=2),
    )


class Forgetful(Spanner):
    """A server that lies: it tells at once."""

    def send_when_past(self, at_us, dst, msg):
        self.send(dst, msg)


CRASHES = tuple(
    fault
    for i, id in enumerate(SERVERS)
    for fault in (faults.Crash(id, 300 + 20 * i), faults.Recover(id, 330 + 20 * i))
)
EXCLUDED: dict[type[Fault], Schedule] = {
    ClockDrift: (ClockDrift("s1", 100_000),),
    ClockJump: (ClockJump("s1", 60, at_ms=50),),
    LostWrites: (*(LostWrites(id, 290, records=5) for id in SERVERS), *CRASHES),
    CorruptRecord: (*(CorruptRecord(id, 299, 1) for id in SERVERS), *CRASHES),
    Byzantine: (
        ClockSkew("s1", 10),
        ClockSkew("s2", -10),
        Byzantine("s1", Forgetful),
    ),
}


@pytest.mark.parametrize("kind", EXCLUDED, ids=lambda kind: kind.__name__)
def test_what_is_not_admitted_breaks_the_promise_at_some_seed(kind):
    assert kind not in Spanner.assumes.kinds()
    first_harm(
        strictly_serializable,
        lambda seed: run(seed=seed, work="lopsided", schedule=EXCLUDED[kind]),
    )


def test_no_fault_of_the_menu_is_neither_admitted_nor_excluded():
    assert menu() == set(Spanner.assumes.kinds()) | EXCLUDED.keys()
