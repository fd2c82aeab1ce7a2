"""The weaker models, judged of our own runs: what a copy that lags still promises."""

from __future__ import annotations

import pytest
from replication.test_phenomena import conversation

from distlab.check.causal import causally_consistent
from distlab.check.convergence import eventual_consistency
from distlab.check.linearizable import linearizable
from distlab.check.pram import pram
from distlab.check.sequential import sequentially_consistent
from distlab.history import History
from distlab.node import Call
from distlab.replication.client import KeyValueClient
from distlab.replication.sessions import SessionClient
from distlab.replication.single_leader import SingleLeader
from distlab.replication.two_shards import CausalClient, ShardedClient
from distlab.sim import Cluster, Network, Uniform

SEEDS = range(12)


def followed(client: type, seed: int, reads_at: dict[str, tuple[str, ...]]) -> Cluster:
    """Two writers and two readers at a leader and two followers, of which s3 is far."""
    far = {("s1", "s3"): Uniform(40, 60)}
    work = {
        name: tuple(
            call
            for i in range(6)
            for call in (
                Call("write", ("xy"[i % 2], 10 * n + i)),
                Call("read", ("yx"[i % 2],)),
            )
        )
        for n, name in enumerate(("c1", "c2"), 1)
    }
    looks = tuple(Call("read", (key,)) for key in "xy" * 12)
    return Cluster(
        SingleLeader,
        servers=3,
        clients=(client, 4),
        seed=seed,
        network=Network(per_link=far),
        workload={**work, "c3": looks, "c4": looks},
        per_node={name: {"reads_at": where} for name, where in reads_at.items()},
    ).run(until_ms=3000)


def told(cluster: Cluster) -> History:
    return cluster.history.where("read", "write")


PINNED = {"c1": (), "c2": (), "c3": ("s2",), "c4": ("s3",)}
ROVING = dict.fromkeys(("c1", "c2", "c3", "c4"), ("s2", "s3"))


def test_readers_who_stay_at_one_follower_see_one_order_but_late():
    """The log is the order of all: who reads at one place goes through it once."""
    histories = [told(followed(KeyValueClient, seed, PINNED)) for seed in SEEDS]
    assert all(sequentially_consistent(history).valid for history in histories)
    assert any(linearizable(history).invalid for history in histories)


def test_clients_who_change_the_follower_do_not_even_keep_their_own_order():
    histories = [told(followed(KeyValueClient, seed, ROVING)) for seed in SEEDS]
    assert any(pram(history).invalid for history in histories)


def test_a_session_makes_one_order_of_it_again():
    """Each client goes on in the log, with its own writes: nobody can tell the lag."""
    histories = [told(followed(SessionClient, seed, ROVING)) for seed in SEEDS]
    assert all(sequentially_consistent(history).valid for history in histories)
    assert any(linearizable(history).invalid for history in histories)


@pytest.mark.parametrize(
    ("client", "causal"), [(ShardedClient, "invalid"), (CausalClient, "valid")]
)
def test_an_answer_without_its_question_is_no_causality_but_pram(client, causal):
    history = told(conversation(client))
    assert causally_consistent(history).outcome == causal
    assert pram(history).valid


def test_followers_come_to_the_same_when_nobody_writes():
    cluster = Cluster(
        SingleLeader,
        servers=3,
        clients=(KeyValueClient, 3),
        seed=7,
        network=Network(per_link={("s1", "s3"): Uniform(40, 60)}),
        workload={"c1": tuple(Call("write", ("x", i)) for i in range(5))},
        per_node={"c2": {"reads_at": ("s2",)}, "c3": {"reads_at": ("s3",)}},
    )
    for at_ms in (40, 500):
        cluster.at(at_ms).call("c2", "read", "x").call("c3", "read", "x")
    history = told(cluster.run(until_ms=3000))
    early = history.where("read", test=lambda op: op.invoked_ms < 500)
    assert len({op.result for op in early}) == 2
    assert eventual_consistency(history).unknown
    assert eventual_consistency(history, at_rest_ms=400).valid
