"""The logs in `logs/`: runs of our simulator, and made up ones, as others write them.

`pytest tests/check/test_checked_logs.py --update-golden` makes them anew.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import written_logs as written

from distlab.faults import Delay
from distlab.history import History, Operation
from distlab.machine import Counter, Machine, Queue, Register, Set, Texts
from distlab.node import Call
from distlab.replication.abd import AbdReplica
from distlab.replication.regular_register import RegularReplica
from distlab.sim import Cluster, Network

Choose = Callable[[random.Random, int], Call]


# ----------------------------------------------------------------------- made up stores
def stored(
    machine: Machine,
    choose: Choose,
    *,
    seed: int,
    count: int,
    clients: int = 5,
    lost: float = 0.0,
    stale: float = 0.0,
) -> History:
    """What clients of one store saw: linearizable, as long as no read is `stale`.

    An operation takes effect at a moment between its call and its end. A share of them
    is `lost` on the way there or back: nobody knows, and a new process goes on.
    """
    rng = random.Random(seed)
    free = [(rng.randrange(1000), f"c{n}") for n in range(clients)]
    points = []
    for number in range(count):
        free.sort()
        invoked_us, client = free.pop(0)
        point_us = invoked_us + rng.randrange(1, 4000)
        ended_us = point_us + rng.randrange(1, 4000)
        call = choose(rng, number)
        op = Operation(client, call.name, call.args, invoked_us, "ok", None, ended_us)
        arrived = True
        if rng.random() < lost:
            arrived = rng.random() < 0.5
            ended_us = invoked_us + 10_000
            op = op._replace(outcome="info", result="timed-out", ended_us=ended_us)
            client = f"c{clients + number}"
        points.append((point_us, op, arrived))
        free.append((ended_us + rng.randrange(1, 2000), client))
    return History(answered(machine, sorted(points), rng, stale))


def answered(
    machine: Machine, points: list, rng: random.Random, stale: float
) -> Iterator[Operation]:
    """The operations with what the store answered, each at its moment."""
    states = [machine.initial]
    for _, op, arrived in points:
        if arrived:
            late = op.f in ("read", "get") and rng.random() < stale
            seen = states[-min(len(states), 6)] if late else states[-1]
            state, result = machine.apply(seen, Call(op.f, op.args))
            states.append(states[-1] if late else state)
            op = op._replace(result=result) if op.outcome == "ok" else op
        yield op


def cas_register(rng: random.Random, number: int) -> Call:
    """A read, a write or a cas of a number below 5."""
    return rng.choice(
        [
            Call("read"),
            Call("write", (rng.randrange(5),)),
            Call("cas", (rng.randrange(5), rng.randrange(5))),
        ]
    )


def texts(rng: random.Random, number: int) -> Call:
    """A get, a put or an append of one of three keys."""
    key = rng.choice("012")
    told = f"x {number % 7} y"
    return rng.choice(
        [Call("get", (key,)), Call("put", (key, told)), Call("append", (key, told))]
    )


def queue(rng: random.Random, number: int) -> Call:
    """Something into a queue, or out of it."""
    return rng.choice([Call("enqueue", (number,)), Call("dequeue")])


def counter(rng: random.Random, number: int) -> Call:
    """Something added to a counter, or a look at it."""
    return rng.choice([Call("add", (rng.randrange(-3, 4),)), Call("read")])


def numbers(rng: random.Random, number: int) -> Call:
    """A number added to a set, or a look at all of them."""
    return rng.choice([Call("add", (number,)), Call("read")])


# ------------------------------------------------------------------- runs of protocols
SLOW_WRITE = (
    Delay(30, src="c1", dst="s2", messages=("Store",), at_ms=10),
    Delay(30, src="c1", dst="s3", messages=("Store",), at_ms=10),
    Delay(100, src="c2", dst="s3"),
    Delay(100, src="c3", dst="s1"),
)


def read_during_a_write(protocol: type) -> History:
    """The second write has reached s1 when c2 asks s1 and s2, and c3 then s2 and s3."""
    cluster = Cluster(
        protocol, servers=3, clients=3, network=Network(2), faults=SLOW_WRITE
    )
    cluster.at(0).call("c1", "write", "x", 1)
    cluster.at(10).call("c1", "write", "x", 2)
    cluster.at(20).call("c2", "read", "x")
    cluster.at(30).call("c3", "read", "x")
    return cluster.run(until_ms=200).history


# ------------------------------------------------------------------------- transactions
WRITE_SKEW = (
    ("c1", (("append", "x", 1), ("append", "y", 1)), 0, 1),
    ("c1", (("r", "x", (1,)), ("append", "y", 2)), 2, 5),
    ("c2", (("r", "y", (1,)), ("append", "x", 2)), 3, 4),
    ("c3", (("r", "x", (1, 2)), ("r", "y", (1, 2))), 6, 7),
)


def transactions(rows: tuple) -> History:
    """Each row: who, what with what was read, from when to when in milliseconds."""
    return History(
        Operation(
            process,
            "txn",
            tuple((f, k, None if f == "r" else v) for f, k, v in done),
            begin * 1000,
            "ok",
            done,
            end * 1000,
        )
        for process, done, begin, end in rows
    )


# ----------------------------------------------------------------------------- the logs
def logs() -> dict[str, str]:
    """Each log by the name of its file."""
    etcd = {"machine": Register(), "choose": cas_register, "count": 85, "lost": 0.15}
    kv = {"machine": Texts(), "choose": texts, "count": 60, "clients": 10}
    nemesis = "{:type :info, :process :nemesis, :f :slow, :value {:c1 [:s2 :s3]}}"
    inversion = written.as_jepsen(read_during_a_write(RegularReplica))
    adds = stored(Set(), numbers, seed=7, count=20, lost=0.1)
    return {
        "abd.jsonl": read_during_a_write(AbdReplica).to_jsonl(),
        "inversion.edn": "\n".join([nemesis, *inversion, ""]),
        "etcd.log": written.as_etcd(stored(**etcd, seed=1)),
        "etcd-bad.log": written.as_etcd(stored(**etcd, seed=4, stale=0.3)),
        "kv.txt": written.as_porcupine(stored(**kv, seed=3)),
        "kv-bad.txt": written.as_porcupine(stored(**kv, seed=6, stale=0.6)),
        "queue.edn": written.DRESSES["one vector"](
            stored(Queue(), queue, seed=5, count=30)
        ),
        "counter.edn": written.DRESSES["tagged"](
            stored(Counter(), counter, seed=6, count=30)
        ).replace("\r\n", "\n"),
        "broadcast.edn": written.DRESSES["one map a line"](adds).replace(
            ":f :add", ":f :broadcast"
        ),
        "write-skew.edn": written.DRESSES["one vector"](transactions(WRITE_SKEW)),
    }
