"""The simulator beside SimPy, doing the same work in the same run.

SimPy's side is the pattern of its documentation ("Event Latency"): a process for each
message, which waits for the latency and puts the message into the receiver's Store.
Ours has the trace on and every feature there, and goes through the nodes' own handlers.
Processor time is measured, so that other jobs of the machine disturb less.

    python benchmarks/bench_simulator.py            # prints the tables
    python benchmarks/bench_simulator.py --write    # and puts them into README.md
"""

import argparse
import gc
import random
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import simpy
from tables import table, write

from distlab.faults import Loss
from distlab.node import Message, Node, Timer, durable, setting, volatile
from distlab.sim import Cluster, Disk, Network, Uniform

LOSS = 0.05
LOW_MS, HIGH_MS = 1.0, 5.0
NODES = 5
EVERY_MS = 1.0  # each node pings all others
PATIENCE_MS = 20.0


# ---------------------------------------------------------- ours: what a learner writes
class Ping(Message):
    n: int


class Pong(Message):
    n: int


class Beat(Timer):
    pass


class Retry(Timer):
    n: int


class Pinger(Node):
    """Pings every peer once a beat, and counts the answers."""

    beats: int = setting(0)
    beat: int = volatile(0)
    answers: int = volatile(0)

    def on_start(self):
        self.set_timer(Beat(), EVERY_MS)

    def on_beat(self, timer):
        self.beat += 1
        for peer in self.peers:
            self.send(peer, Ping(self.beat))
        if self.beat < self.beats:
            self.set_timer(Beat(), EVERY_MS)

    def on_ping(self, src, msg):
        self.send(src, Pong(msg.n))

    def on_pong(self, src, msg):
        self.answers += 1


class Reviewer(Pinger):
    def after_event(self):
        pass


class Guarded(Pinger):
    def invariant(self):
        return None


class Writer(Pinger):
    """Writes each ping to its disk before it answers."""

    seen: int = durable(0)
    last: int = durable(0)

    def on_ping(self, src, msg):
        self.seen += 1
        self.send(src, Pong(msg.n))


class Asker(Node):
    """Asks the next peer and waits: asks again when no answer comes in time."""

    requests: int = setting(0)
    asked: int = volatile(0)
    answers: int = volatile(0)

    def on_start(self):
        self.ask()

    def ask(self):
        self.asked += 1
        self.on_retry(Retry(self.asked))

    def on_retry(self, timer):
        peer = self.peers[timer.n % len(self.peers)]
        self.send(peer, Ping(timer.n))
        self.set_timer(timer, PATIENCE_MS)

    def on_ping(self, src, msg):
        self.send(src, Pong(msg.n))

    def on_pong(self, src, msg):
        if msg.n == self.asked:
            self.cancel_timer(Retry(msg.n))
            self.answers += 1
            if self.asked < self.requests:
                self.ask()


class Carrier(Node):
    """Passes every token on, to a peer that the token's own count names."""

    tokens: int = setting(0)
    hops: int = setting(0)

    def on_start(self):
        place = self.nodes.index(self.id)
        for token in range(place, self.tokens, len(self.nodes)):
            self.send(self.peers[token % len(self.peers)], Ping(1))

    def on_ping(self, src, msg):
        if msg.n < self.hops:
            self.send(self.peers[msg.n * 7919 % len(self.peers)], Ping(msg.n + 1))


def ours(protocol: type[Node], servers: int = NODES, loss: float = LOSS, **settings):
    """Build a cluster, and time its run alone: messages sent, and seconds."""
    cluster = Cluster(
        protocol,
        servers=servers,
        seed=1,
        network=Network(Uniform(LOW_MS, HIGH_MS)),
        faults=(Loss(loss),) if loss else (),
        **settings,
    )
    begun = time.process_time()
    cluster.run(until_ms=10**9, max_steps=10**9)
    seconds = time.process_time() - begun
    return len(cluster.trace.where("send")), seconds, cluster


# ----------------------------------------------------- SimPy: as its documentation does
class Net:
    """A Store for each node, and a process for each message under way."""

    def __init__(self, env: simpy.Environment):
        self.env, self.sent = env, 0
        self.random = random.Random(1)
        self.stores = [simpy.Store(env) for _ in range(NODES)]

    def put(self, src: int, dst: int, kind: str, n: int) -> None:
        self.sent += 1
        self.env.process(self.latency(dst, (src, kind, n)))

    def latency(self, dst: int, message: tuple[int, str, int]):
        yield self.env.timeout(self.random.uniform(LOW_MS, HIGH_MS))
        if self.random.random() >= LOSS:
            self.stores[dst].put(message)


def simpy_pinger(net: Net, me: int, beats: int):
    for beat in range(1, beats + 1):
        yield net.env.timeout(EVERY_MS)
        for peer in range(NODES):
            if peer != me:
                net.put(me, peer, "ping", beat)


def simpy_answerer(net: Net, me: int, answers: list[int]):
    while True:
        src, kind, n = yield net.stores[me].get()
        if kind == "ping":
            net.put(me, src, "pong", n)
        else:
            answers[me] += 1


def simpy_broadcast(beats: int):
    env = simpy.Environment()
    net, answers = Net(env), [0] * NODES
    for me in range(NODES):
        env.process(simpy_pinger(net, me, beats))
        env.process(simpy_answerer(net, me, answers))
    begun = time.process_time()
    env.run()
    return net.sent, time.process_time() - begun, answers


def simpy_asker(net: Net, me: int, requests: int, answered: list):
    for n in range(1, requests + 1):
        answered[me] = (n, net.env.event())
        while True:
            net.put(me, (me + 1 + n % (NODES - 1)) % NODES, "ping", n)
            patience = net.env.timeout(PATIENCE_MS)
            yield answered[me][1] | patience
            if answered[me][1].triggered:
                break


def simpy_receiver(net: Net, me: int, answered: list):
    while True:
        src, kind, n = yield net.stores[me].get()
        if kind == "ping":
            net.put(me, src, "pong", n)
        elif answered[me][0] == n and not answered[me][1].triggered:
            answered[me][1].succeed()


def simpy_requests(requests: int):
    env = simpy.Environment()
    net, answered = Net(env), [(0, env.event())] * NODES
    for me in range(NODES):
        env.process(simpy_asker(net, me, requests, answered))
        env.process(simpy_receiver(net, me, answered))
    begun = time.process_time()
    env.run()
    return net.sent, time.process_time() - begun, answered


# --------------------------------------------------------------------- what is measured
def rate(run: Callable, *arguments, **settings) -> float:
    """Messages a second, after a full collection, with what is left thrown away."""
    gc.collect()
    sent, seconds, _ = run(*arguments, **settings)
    return sent / seconds


def without_collector(run: Callable) -> Callable:
    """The same with the cyclic garbage collector paused, as `Cluster.run` pauses it."""

    def paused(*arguments):
        gc.disable()
        try:
            return run(*arguments)
        finally:
            gc.enable()

    return paused


def beside_simpy(rounds: int, size: int) -> list[list[str]]:
    """Both in turn, several times; the ratio is the median of the rounds' ratios."""
    works = {
        "broadcast and answer": (
            lambda: rate(ours, Pinger, beats=size),
            simpy_broadcast,
        ),
        "request, reply and a timer each": (
            lambda: rate(ours, Asker, requests=4 * size),
            lambda size: simpy_requests(4 * size),
        ),
    }
    rows = []
    for work, (mine, theirs) in works.items():
        peers = {
            "SimPy": theirs,
            "SimPy, collector paused too": without_collector(theirs),
        }
        for peer, run in peers.items():
            pairs = [(mine(), rate(run, size)) for _ in range(rounds)]
            ratios = [a / b for a, b in pairs]
            rows.append(
                [
                    work,
                    peer,
                    f"{statistics.median(a for a, _ in pairs):,.0f}",
                    f"{statistics.median(b for _, b in pairs):,.0f}",
                    f"{statistics.median(ratios):.1f}",
                    f"{min(ratios):.1f} to {max(ratios):.1f}",
                ]
            )
    return rows


def by_nodes(rounds: int, hops: int) -> list[list[str]]:
    """Microseconds a message with 3,000 messages in flight, for more and more nodes."""
    sizes = (3, 10, 100, 1000)
    spent: dict[int, list[float]] = {n: [] for n in sizes}
    for _ in range(rounds):
        for n in sizes:
            settings = {"tokens": 3000, "hops": hops}
            spent[n].append(1e6 / rate(ours, Carrier, servers=n, loss=0, **settings))
    base = statistics.median(spent[3])
    return [
        [str(n), f"{statistics.median(us):.2f}", f"{statistics.median(us) / base:.2f}"]
        for n, us in spent.items()
    ]


def by_messages(rounds: int) -> list[list[str]]:
    """Microseconds a message for longer and longer runs, and for more in flight."""
    rows = []
    for beats in (250, 2500, 25_000):
        us = [1e6 / rate(ours, Pinger, beats=beats) for _ in range(rounds)]
        rows.append([f"{beats * 39:,} messages", f"{statistics.median(us):.2f}"])
    for tokens in (30, 300, 3000, 30_000):
        settings = {"tokens": tokens, "hops": max(10, 90_000 // tokens)}
        us = [1e6 / rate(ours, Carrier, loss=0, **settings) for _ in range(rounds)]
        rows.append([f"{tokens:,} in flight", f"{statistics.median(us):.2f}"])
    return rows


def features(rounds: int, beats: int) -> list[list[str]]:
    """Microseconds a message for nodes of which a step is more than its rule."""
    kinds: dict[str, tuple[type[Node], dict]] = {
        "nothing more": (Pinger, {}),
        "an `after_event`": (Reviewer, {}),
        "an `invariant`": (Guarded, {}),
        "durable fields, disk at no cost": (Writer, {}),
        "durable fields, 0.5 ms a sync": (Writer, {"disk": Disk(sync_ms=0.5)}),
        "`states=True`": (Pinger, {"states": True}),
    }
    rows = []
    for name, (kind, settings) in kinds.items():
        us = [1e6 / rate(ours, kind, beats=beats, **settings) for _ in range(rounds)]
        rows.append([name, f"{statistics.median(us):.2f}"])
    return rows


def memory() -> list[list[str]]:
    """Bytes that a run holds for each message: the record, and the trace made of it."""
    rows = []
    for work, protocol, settings in (
        ("broadcast and answer", Pinger, {"beats": 500}),
        ("request, reply and a timer each", Asker, {"requests": 2000}),
    ):
        tracemalloc.start()
        cluster = Cluster(protocol, servers=NODES, faults=(Loss(LOSS),), **settings)
        before = tracemalloc.get_traced_memory()[0]
        cluster.run(until_ms=10**9)
        record = tracemalloc.get_traced_memory()[0] - before
        sent = len(cluster.trace.where("send"))
        whole = tracemalloc.get_traced_memory()[0] - before
        tracemalloc.stop()
        rows.append([work, f"{record / sent:,.0f}", f"{whole / sent:,.0f}"])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="update README.md")
    parser.add_argument("--quick", action="store_true", help="smaller, and less exact")
    arguments = parser.parse_args()
    rounds, size = (3, 300) if arguments.quick else (7, 2000)
    heads = ["work", "peer", "ours, msg/s", "peer, msg/s", "ratio", "range of ratios"]
    found = {
        "simulator": table(heads, beside_simpy(rounds, size)),
        "simulator-nodes": table(
            ["nodes", "µs a message", "times that of 3 nodes"], by_nodes(rounds, 30)
        ),
        "simulator-growth": table(["run", "µs a message"], by_messages(3)),
        "simulator-features": table(
            ["steps have", "µs a message"], features(rounds, size // 2)
        ),
        "simulator-memory": table(
            ["work", "bytes a message, run", "with `cluster.trace` made"], memory()
        ),
    }
    for name, text in found.items():
        print(f"\n{name}\n\n{text}")
        if arguments.write:
            write(Path(__file__).with_name("README.md"), name, text)


if __name__ == "__main__":
    sys.exit(main())
