"""What a command costs with one protocol and with another: the same run of each.

    compare((MultiPaxos, Raft, Viewstamped, Zab))
    compare((Raft, Zab), faults=lambda leader: (Crash(leader, BEGIN_MS + 10),))

Each runs twice from the same seed, once with the commands and once without. What the
first run sends more is what they cost; what the second sends is the price of waiting.

Every message takes as long as every other, and a sync a hundredth of that. So it can be
read off the time of an answer how many of both came one after the other: 4.03 ms are
four messages and three syncs, where a message takes 1 ms.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, Any

from distlab.codec import size_bytes
from distlab.errors import Misuse
from distlab.faults import Schedule
from distlab.history import Operation
from distlab.node import Call, Node, NodeId
from distlab.sim.cluster import Cluster
from distlab.sim.disk import Disk
from distlab.sim.network import Network

if TYPE_CHECKING:
    import pandas

WRITES = tuple(Call("write", ("x", i)) for i in range(21))
FIND_MS = 500  # by now there is a leader, and each client's first command finds it
BEGIN_MS = 1000  # from here on it is counted
SYNCS = 100  # so many in the time of a message
Faults = Schedule | Callable[[NodeId], Schedule]  # of the leader that was found


@dataclass(frozen=True)
class Costs:
    """What a command costs, on average, and how long one takes."""

    protocol: str
    answered: int
    unanswered: int
    messages: float  # with the request and the answer
    size_bytes: float  # of all of them
    syncs: float  # of the servers
    delays_in_a_row: int  # messages that wait for each other, of the median command
    syncs_in_a_row: int  # of the servers
    median_ms: float
    longest_ms: float
    idle_messages_per_s: float
    kinds: str  # the messages by their classes

    def __str__(self) -> str:
        return (
            f"{self.protocol}: {self.messages:g} messages of {self.size_bytes:.0f} "
            f"bytes in all, {self.delays_in_a_row} in a row; {self.syncs:g} syncs, "
            f"{self.syncs_in_a_row} in a row; {self.idle_messages_per_s:g} messages an "
            f"idle second; {self.kinds}"
        )


class Comparison(Sequence[Costs]):
    """The costs of several protocols, in the order in which they were named.

    `runs` are what was counted, by the protocol's name: with their traces, to be drawn.
    """

    def __init__(self, rows: Iterable[Costs], runs: Mapping[str, Cluster]):
        self.rows, self.runs = tuple(rows), runs

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return "\n".join(map(str, self.rows))

    def to_pandas(self) -> pandas.DataFrame:
        """A table with a row for each protocol."""
        import pandas

        names = [field.name for field in fields(Costs)]
        table = pandas.DataFrame(map(astuple, self.rows), columns=names)
        return table.set_index("protocol")


def compare(
    protocols: Iterable[type[Node]],
    calls: Sequence[Call] = WRITES,
    *,
    faults: Faults = (),
    until_ms: float = 5000,
    message_ms: float = 1,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    **groups: Any,
) -> Comparison:
    """One schedule and one workload with each of these protocols.

    Every client makes these `calls`, one after the other; the first, which finds the
    leader, is not counted. `settings` go by a protocol's name; `servers`, `clients` and
    `seed` are for all. Raises `Misuse` if a protocol answers none of the commands.
    """
    protocols = checked(protocols, calls, until_ms, message_ms)
    how = {"servers": 3, "clients": 1, **groups}
    check_groups(protocols, settings or {}, how)
    how |= {"network": Network(message_ms), "disk": Disk(message_ms / SYNCS)}
    rows, runs = [], {}
    for protocol in protocols:
        own = (settings or {}).get(protocol.__name__, {})
        make = functools.partial(made, protocol, {**how, **own})
        if callable(faults):
            schedule = faults(leader(make((), calls[:1], BEGIN_MS)))
        else:
            schedule = faults
        idle, busy = (make(schedule, some, until_ms) for some in (calls[:1], calls))
        rows.append(costs(protocol.__name__, idle, busy, until_ms, message_ms))
        runs[protocol.__name__] = busy
    return Comparison(rows, runs)


def checked(
    protocols: Any, calls: Sequence[Call], until_ms: float, message_ms: float
) -> tuple[type[Node], ...]:
    """The protocols. Raises `Misuse` for what cannot be compared or counted."""
    if isinstance(protocols, type) or not isinstance(protocols, Iterable):
        name = getattr(protocols, "__name__", repr(protocols))
        raise Misuse(f"compare({name}): give a tuple, even of one, `({name},)`.")
    if not (protocols := tuple(protocols)):
        raise Misuse("compare(()): give one protocol or more.")
    for protocol in protocols:
        if not (isinstance(protocol, type) and issubclass(protocol, Node)):
            raise Misuse(f"compare: {protocol!r} is no class of nodes, as `Raft` is.")
    if not isinstance(calls, Sequence) or len(calls) < 2:
        raise Misuse(
            f"calls={calls!r}: give two or more, for the first, which finds the "
            f"leader, is not counted."
        )
    if not message_ms > 0:
        raise Misuse(f"message_ms={message_ms!r}: a message takes more than no time.")
    if not until_ms > BEGIN_MS:
        raise Misuse(f"until_ms={until_ms!r}: what is counted begins at {BEGIN_MS} ms.")
    return protocols


def check_groups(
    protocols: Iterable[type[Node]], settings: Iterable[str], how: Mapping[str, Any]
) -> None:
    """Raise `Misuse` if nobody is there to ask or to answer, or none has a name."""
    names = [protocol.__name__ for protocol in protocols]
    for name in settings:
        if name not in names:
            there = ", ".join(names)
            raise Misuse(f"settings={{{name!r}: …}}: the protocols here are {there}.")
    if not (how["servers"] and how["clients"]):
        told = f"servers={how['servers']}, clients={how['clients']}"
        raise Misuse(f"{told}: give one or more of each, to ask and to answer.")


def made(
    protocol: type[Node],
    how: Mapping[str, Any],
    faults: Schedule,
    calls: Sequence[Call],
    until_ms: float,
) -> Cluster:
    """One run of one protocol."""
    cluster = Cluster(protocol, faults=faults, **how)
    for client in cluster.groups.members["clients"]:
        for i, call in enumerate(calls):
            cluster.add_call(BEGIN_MS if i else FIND_MS, client, call)
    return cluster.run(until_ms)


def leader(cluster: Cluster) -> NodeId:
    """Who has answered the first command. Raises `Misuse` if nobody has."""
    for at, step in enumerate(cluster.trace):
        if step.kind == "ok":
            before = cluster.trace[:at].where("deliver", node=step.node)
            return str(before[-1].peer)
    raise Misuse(
        f"{cluster!r}: nobody has answered, so nobody leads: take another seed."
    )


# -------------------------------------------------------------------- what it all costs
def costs(
    protocol: str, idle: Cluster, busy: Cluster, until_ms: float, message_ms: float
) -> Costs:
    """What the commands of the busy run have cost, beyond what waiting costs anyway.

    It may be less than nothing: a busy leader need not say that it lives.
    """
    asked = [op for op in busy.history if op.invoked_us >= BEGIN_MS * 1000]
    answered = [op for op in asked if op.outcome == "ok"]
    if not answered:
        raise Misuse(f"{protocol} answers none of {len(asked)} commands: {busy!r}.")
    spent, waiting = counted(busy), counted(idle)
    each = {name: (n - waiting[name]) / len(answered) for name, n in spent.items()}
    by_time = sorted(answered, key=latency_ms)
    median = by_time[(len(by_time) - 1) // 2]
    return Costs(
        protocol,
        len(answered),
        len(asked) - len(answered),
        round(each.pop("messages"), 2),
        round(each.pop("bytes"), 1),
        round(each.pop("syncs", 0), 2),
        *in_a_row(busy, median, message_ms),
        latency_ms(median),
        latency_ms(by_time[-1]),
        round(waiting["messages"] / (until_ms - BEGIN_MS) * 1000, 1),
        ", ".join(f"{n:.3g} {kind}" for kind, n in each.items() if n > 0),
    )


def counted(cluster: Cluster) -> Counter[str]:
    """Messages, their bytes and the servers' syncs; and each class of messages."""
    count: Counter[str] = Counter()
    servers = cluster.groups.members["servers"]
    for step in cluster.trace.where("send", "sync"):
        if step.at_ms < BEGIN_MS:
            continue
        if step.kind == "send":
            kind = type(step.what).__name__
            count.update({"messages": 1, "bytes": size_bytes(step.what), kind: 1})
        elif step.node in servers:
            count["syncs"] += 1
    return count


def in_a_row(cluster: Cluster, op: Operation, message_ms: float) -> tuple[int, int]:
    """How many messages, and syncs of servers, an answer waited for one by one."""
    begun_ms, took_ms = op.invoked_ms, latency_ms(op)
    own = cluster.trace.where("sync", node=op.process)
    mine = len(own.between(begun_ms, begun_ms + took_ms))
    delays, syncs = divmod(round(took_ms / message_ms * SYNCS), SYNCS)
    return delays, syncs - mine


def latency_ms(op: Operation) -> float:
    """How long an answered command took."""
    assert op.latency_ms is not None
    return op.latency_ms
