"""Equal arguments, equal runs: to the byte, in every process and beside anyone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sim_nodes import Echo

from distlab.faults import (
    ClockDrift,
    Crash,
    Duplication,
    Loss,
    Pause,
    Recover,
    Reordering,
    Split,
)
from distlab.node import Call, Message, Node, NodeId, Timer, setting
from distlab.sim import ClosedLoop, Cluster, Disk, Exponential, Network, Uniform


def eventful(seed, **arguments):
    """A run with clients, a disk, and most kinds of trouble; integer draws only."""
    return Cluster(
        Echo,
        servers=3,
        clients=2,
        seed=seed,
        network=Network(Uniform(1, 9), per_message={"Pong": Uniform(2, 30)}),
        disk=Disk(sync_ms=Uniform(0, 3)),
        faults=(
            Loss(0.1),
            Duplication(0.1),
            Reordering(0.2, within_ms=15),
            Crash("s1", 40),
            Recover("s1", 80),
            Pause("c2", 50, until_ms=90),
            Split((("s2", "c1"), ("s3", "c2")), 100, until_ms=150),
            ClockDrift("c1", 50_000),
        ),
        workload=lambda client, choose: tuple(
            Call("ping", choose(1, range(50))) for _ in range(12)
        ),
        **arguments,
    )


def digests(seed):
    cluster = eventful(seed).run()
    return cluster.trace.digest(), cluster.history.digest()


def test_the_same_seed_gives_the_same_digest_and_another_seed_another():
    assert digests(7) == digests(7)
    assert len({digests(seed) for seed in range(20)}) == 20


def test_digests_are_those_of_every_machine():
    # Pinned: a change of the engine that changes them changes every lesson's outputs.
    assert digests(7) == (
        "28e82dfe280ab086f10860973f78e3ae392fc2d4ff0bd9943abe5e0b020a81ee",
        "07952b7bb5c86c7790dc3dbf49d5757e47b54d9509fbe43d6dfb609f1f4c3170",
    )


def test_digests_do_not_depend_on_the_salt_of_hash():
    here = Path(__file__).parent
    code = "from test_determinism import digests; print(*digests(7))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=here,
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()[0]
        for salt in ("0", "4242")
    }
    assert printed == {digests(7)[0]}


def test_writing_states_down_changes_nothing_else():
    plain = eventful(3).run().trace
    with_states = eventful(3, states=True).run().trace
    assert with_states.where("state")
    left = [step for step in with_states if step.kind != "state"]
    assert left == list(plain)


# --------------------------------------------------------- streams are forked by name
class Word(Message):
    n: int


class Beat(Timer):
    pass


class Chatter(Node):
    """Says a word to everyone it knows at random times; hears and does not answer."""

    everyone: tuple[NodeId, ...] = setting(())

    def on_start(self):
        self.set_timer(Beat(), 1, 20)

    def on_beat(self, timer):
        for one in self.choose(2, self.everyone):
            self.send(one, Word(1))
        self.set_timer(Beat(), 1, 20)

    def on_word(self, src, msg):
        pass


def chatted(*newcomers, seed=5):
    old = ("s1", "s2", "s3", "s4")
    cluster = Cluster(
        Chatter,
        servers=4 + len(newcomers),
        seed=seed,
        everyone=old,
        network=Network(Exponential(5)),
        faults=(Loss(0.2), Duplication(0.2)),
    )
    trace = cluster.run(until_ms=400).trace
    ids = {}
    return [
        (
            s.at_us,
            s.kind,
            s.node,
            s.peer,
            s.what,
            s.why,
            ids.setdefault(s.msg_id, len(ids)),
        )
        for s in trace
        if s.node in old and s.peer in (*old, "") and s.kind != "fault"
    ]


@pytest.mark.parametrize("seed", range(5))
def test_a_new_node_that_talks_changes_no_draw_of_the_others(seed):
    before, after = chatted(seed=seed), chatted("s5", "s6", seed=seed)
    assert len(before) > 300
    assert before == after


def test_a_client_more_changes_no_call_and_no_think_time_of_the_others():
    def calls(clients):
        work = {
            f"c{n}": ClosedLoop(
                tuple(Call("ping", (k,)) for k in range(6)), think_ms=Exponential(9)
            )
            for n in range(1, clients + 1)
        }
        cluster = Cluster(
            Echo, servers=9, clients=clients, seed=8, network=Network(3), workload=work
        ).run()
        return [op for op in cluster.history if op.process == "c1"]

    assert calls(1) == calls(4)


def test_a_fault_on_one_link_changes_no_draw_of_another():
    def latencies(*faults):
        cluster = Cluster(
            Chatter, servers=3, everyone=("s1", "s2", "s3"), seed=2, faults=faults
        ).run(until_ms=300)
        trace = cluster.trace.where("send", "deliver", "drop")
        return [s for s in trace if "s3" not in (s.node, s.peer)]

    def without_numbers(steps):
        return [step._replace(msg_id=0) for step in steps]

    harmed = latencies(Loss(0.5, dst="s3"), Duplication(0.5, src="s3"))
    assert without_numbers(harmed) == without_numbers(latencies())


@pytest.mark.soak
def test_a_thousand_eventful_runs_are_the_same_twice():
    for seed in range(1000):
        assert digests(seed) == digests(seed), f"seed {seed}"
