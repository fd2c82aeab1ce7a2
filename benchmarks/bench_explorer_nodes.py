"""The explorer on nodes, beside one that clones and steps, in the same run.

The little one is what a good afternoon gives: breadth first by `clone` and `step`, a
world being a tuple of fingerprints and messages. Both go through the library's classes.
Processor time is measured, so that other jobs of the machine disturb less.

    python benchmarks/bench_explorer_nodes.py            # prints the tables
    python benchmarks/bench_explorer_nodes.py --write    # and puts them into README.md
"""

import argparse
import gc
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tables import table, write

from distlab.check.explore import Budget, Worlds, always, explore
from distlab.check.limits import Limits, resident_mb
from distlab.check.linearizable import linearizable
from distlab.consensus.paxos import Paxos
from distlab.groups import Groups
from distlab.node import Call, Deliver, Message, Node, Send
from distlab.replication.abd import AbdReplica

Sent = tuple[str, str, Message]
Calls = Mapping[str, tuple[Call, ...]]
TWO = {"s1": (Call("propose", ("A",)),), "s2": (Call("propose", ("B",)),)}
WRITE_AND_READ = {"c1": (Call("write", ("x", 1)),), "c2": (Call("read", ("x",)),)}
ONE = {"s1": (Call("propose", ("A",)),)}
READS_AND_WRITES = {
    "c1": (Call("write", ("x", 1)),),
    "c2": (Call("read", ("x",)), Call("read", ("x",))),
}
ENOUGH = Limits(steps=5_000_000, time_s=3600, memory_mb=8000)


def always_one_value_is_decided(world: Any) -> str | None:
    decided = {node.decided for node in world.nodes.values() if node.decided}
    return "two values are decided" if len(decided) > 1 else None


# --------------------------------------------------------------------- the little one
class World:
    """Nodes, messages on their way, and calls that are still to be made."""

    def __init__(self, nodes: dict[str, Node], sent: tuple[Sent, ...], calls: Calls):
        self.nodes, self.sent, self.calls = nodes, sent, calls

    def key(self) -> tuple[Any, ...]:
        states = tuple(node.fingerprint() for node in self.nodes.values())
        counts = frozenset((sent, self.sent.count(sent)) for sent in self.sent)
        return states, counts, tuple(map(len, self.calls.values()))

    def after(self, id: str, event: Any, rest: tuple[Sent, ...], calls: Calls) -> Any:
        """The next world; None for a delivery of which nothing comes."""
        node = self.nodes[id]
        twin = node.clone()
        effects = twin.step(event)
        sent = [(id, e.dst, e.msg) for e in effects if isinstance(e, Send)]
        same = not sent and twin.fingerprint() == node.fingerprint()
        if same and isinstance(event, Deliver):
            return None
        return World({**self.nodes, id: twin}, (*rest, *sent), calls)

    def following(self) -> Iterator["World"]:
        for id, calls in self.calls.items():
            if calls and self.nodes[id].operation is None:
                later = {**self.calls, id: calls[1:]}
                yield self.after(id, calls[0], self.sent, later)
        for at, (src, dst, msg) in enumerate(self.sent):
            if self.sent.index((src, dst, msg)) == at:
                rest = self.sent[:at] + self.sent[at + 1 :]
                after = self.after(dst, Deliver(src, msg), rest, self.calls)
                if after is not None:
                    yield after


def little(protocol: type[Node], servers: int, calls: Calls, most: int) -> int:
    """How many worlds there are, or a few more than `most`."""
    groups = Groups(protocol, {"servers": servers, "retry_ms": None})
    nodes = {node.id: node for node, _ in groups.nodes({})}
    start = World(nodes, (), calls)
    known, to_do = {start.key()}, deque([start])
    while to_do and len(known) < most:
        for world in to_do.popleft().following():
            if (key := world.key()) not in known:
                known.add(key)
                to_do.append(world)
    return len(known)


# ------------------------------------------------------------------------ how both do
def timed(work: Callable[[], int]) -> float:
    """Unique worlds per second of processor time."""
    gc.collect()
    began_s = time.process_time()
    states = work()
    return states / (time.process_time() - began_s)


def ours(properties: list[Any]) -> int:
    verdict = explore(
        Paxos, servers=3, retry_ms=None, workload=TWO, properties=properties,
        limits=ENOUGH, progress=False,
    )  # fmt: skip
    assert verdict.valid and verdict.states == 487_649
    return verdict.states


def with_histories() -> int:
    verdict = explore(
        AbdReplica, servers=2, clients=3, workload=READS_AND_WRITES,
        properties=[always(linearizable)], budget=Budget(timers=1),
        limits=ENOUGH, progress=False,
    )  # fmt: skip
    assert verdict.valid
    return verdict.states


def speed(rounds: int) -> Iterator[list[str]]:
    most = 4000
    assert (
        little(Paxos, 3, ONE, 10**9)
        == explore(Paxos, servers=3, retry_ms=None, workload=ONE, progress=False).states
    )
    works: dict[str, Callable[[], int]] = {
        f"the little explorer, the first {most:,} worlds of Paxos": lambda: little(
            Paxos, 3, TWO, most
        ),
        "Paxos, two proposers of three": lambda: ours([]),
        "the same, one value is decided": lambda: ours([always_one_value_is_decided]),
        "ABD, a writer and two reads, linearizable": with_histories,
    }
    best = dict.fromkeys(works, 0.0)
    for _ in range(rounds):
        for name, work in works.items():
            best[name] = max(best[name], timed(work))
    peer = next(iter(best.values()))
    for name, rate in best.items():
        yield [name, f"{rate:,.0f}", f"{rate / peer:.1f}"]


def memory() -> Iterator[list[str]]:
    """What a process grows by, divided by the worlds that it holds."""
    gc.collect()
    before_mb = resident_mb()
    worlds = Worlds(Paxos, servers=3, retry_ms=None, workload=TWO)
    verdict = explore(worlds, limits=ENOUGH, progress=False)
    steps = sum(worlds.rules.hygiene.met.values())
    cells = sum(len(local.cells) for local in worlds.locals)
    grown_bytes = (resident_mb() - before_mb) * 2**20
    yield [
        f"{verdict.states:,}", f"{verdict.transitions:,}", f"{steps:,}", f"{cells:,}",
        f"{grown_bytes / verdict.states:.0f}",
    ]  # fmt: skip


COMMUTING: list[tuple[str, type[Node], dict[str, Any]]] = [
    *(
        (f"Paxos, one of {n} proposes", Paxos, {"servers": n, "workload": ONE})
        for n in (3, 4, 5)
    ),
    ("Paxos, two of 3 propose", Paxos, {"servers": 3, "workload": TWO}),
    *(
        (f"ABD, {n} replicas, a write and a read, histories", AbdReplica, {
            "servers": n, "clients": 2, "workload": WRITE_AND_READ, "history": True,
            "budget": Budget(timers=0),
        })
        for n in (2, 3)
    ),
]  # fmt: skip


def commuting() -> Iterator[list[str]]:
    """The worlds and the processor time of searches, whole and reduced."""
    for name, protocol, cluster in COMMUTING:
        more = {"retry_ms": None} if protocol is Paxos else {}
        states, took_s = [], []
        for reduced in (False, True):
            gc.collect()
            began_s = time.process_time()
            verdict = explore(
                protocol, commuting=reduced, limits=ENOUGH, progress=False,
                **cluster, **more,
            )  # fmt: skip
            took_s.append(time.process_time() - began_s)
            assert verdict.valid
            states.append(verdict.states)
        whole, left = states
        yield [
            name, f"{whole:,}", f"{left:,}", f"{whole / left:.1f}",
            f"{took_s[0] / took_s[1]:.1f}",
        ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="one round")
    arguments = parser.parse_args()
    heads = "worlds", "transitions", "steps of nodes", "cells", "bytes a world"
    fewer = "work", "worlds", "deliveries alone", "times fewer", "times faster"
    found = {
        "explorer-commuting": table(fewer, list(commuting())),
        "explorer-nodes-memory": table(heads, list(memory())),
        "explorer-nodes": table(
            ["work", "worlds/s", "times the little one"],
            list(speed(1 if arguments.quick else 3)),
        ),
    }
    for name, text in found.items():
        print(f"\n{name}\n\n{text}")
        if arguments.write:
            write(Path(__file__).with_name("README.md"), name, text)


if __name__ == "__main__":
    sys.exit(main())
