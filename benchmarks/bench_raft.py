"""Raft: messages and syncs a command, and how many commands a real second commits.

The costs are counted in one run and do not change. The rate is what the simulator gets
through: it runs the protocol's own handlers, with the trace on, and no network.

    python benchmarks/bench_raft.py            # prints the tables
    python benchmarks/bench_raft.py --write    # and puts them into README.md
"""

import argparse
import gc
import statistics
import sys
import time
from pathlib import Path

from tables import table, write

from distlab.consensus.raft import Raft
from distlab.consensus.raft_leases import RaftLeases
from distlab.consensus.raft_membership import RaftMembership
from distlab.consensus.raft_reads import RaftReads
from distlab.consensus.raft_snapshot import RaftSnapshot
from distlab.node import Call
from distlab.sim import ClosedLoop, Cluster, Disk, Network

KINDS = (Raft, RaftReads, RaftLeases, RaftSnapshot, RaftMembership)
SIZES = (3, 5, 7)
COUNT = 500  # commands whose costs are counted
TIMED = 2_000  # commands that are timed, in each of several runs
RUNS = 5
START_MS = 1000  # by then there is a leader, and the client knows it


def costs(kind: type[Raft], servers: int, name: str) -> list[str]:
    """What a command costs the servers, and how long its client waits."""
    cluster = Cluster(
        kind,
        servers=servers,
        clients=1,
        seed=1,
        network=Network(1),
        disk=Disk(sync_ms=1),
    )
    until_ms = START_MS + 10 * COUNT
    cluster.at(START_MS - 100).call("c1", "read", "x")
    for i in range(COUNT):
        args = ("x",) if name == "read" else ("x", i)
        cluster.at(START_MS + 10 * i).call("c1", name, *args)
    trace = cluster.run(until_ms=until_ms).trace.between(START_MS, until_ms)
    among = [s for s in trace.where("send") if s.node[0] == s.peer[0] == "s"]
    synced = [s for s in trace.where("sync") if s.node[0] == "s"]
    waits = [op.ended_us - op.invoked_us for op in list(cluster.history)[1:]]
    return [
        kind.__name__,
        str(servers),
        name,
        f"{len(among) / COUNT:.1f}",
        f"{len(synced) / COUNT:.1f}",
        f"{statistics.median(waits) / 1000:.0f} ms",
    ]


def rate(kind: type[Raft], servers: int) -> list[str]:
    """How many writes a second of processor time commits."""
    rates = []
    for _ in range(RUNS):
        calls = tuple(Call("write", ("x", i)) for i in range(TIMED))
        cluster = Cluster(
            kind, servers=servers, clients=1, seed=1, workload={"c1": ClosedLoop(calls)}
        )
        gc.collect()
        began = time.process_time()
        cluster.run(until_ms=100 * TIMED, max_steps=10**8)
        rates.append(TIMED / (time.process_time() - began))
        assert all(op.outcome == "ok" for op in cluster.history)
    return [
        kind.__name__,
        str(servers),
        f"{statistics.median(rates):,.0f}",
        f"{min(rates):,.0f} to {max(rates):,.0f}",
    ]


def main() -> None:
    """Print the tables, or put them into README.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true")
    counted = [
        costs(kind, servers, name)
        for kind in KINDS
        for servers in (SIZES if kind is Raft else (5,))
        for name in ("write", "read")
    ]
    heads = ["protocol", "servers", "command", "messages", "syncs", "its client waits"]
    text = table(heads, counted)
    heads = ["protocol", "servers", "writes a second", "of five runs"]
    rates = [rate(Raft, servers) for servers in SIZES]
    text += "\n\n" + table(heads, rates)
    print(text)
    if parser.parse_args().write:
        write(Path(__file__).with_name("README.md"), "raft", text)


if __name__ == "__main__":
    sys.exit(main())
