"""What can be seen when copies lag and leaders change: a story each, as in the lesson.

Every story is a cluster with a seed, what happens to it, and the verdict of a checker.
The same story is told to the mend, and comes out well.
"""

import pytest

from distlab.check import durability, sessions
from distlab.history import History
from distlab.node import Call
from distlab.replication.after_commit import AfterCommit
from distlab.replication.automatic_failover import AutomaticFailover
from distlab.replication.client import KeyValueClient
from distlab.replication.failover import Failover
from distlab.replication.fencing import FencedLeader, Storage, TrustingStorage
from distlab.replication.sessions import SessionClient
from distlab.replication.single_leader import SingleLeader
from distlab.replication.two_shards import CausalClient, ShardedClient
from distlab.sim import Cluster, Network, Uniform

SERVERS = ("s1", "s2", "s3")


def writes(key: str, values: range) -> tuple[Call, ...]:
    return tuple(Call("write", (key, value)) for value in values)


def final(cluster: Cluster) -> dict[str, dict]:
    return {
        server: {key: entry.value for key, entry in cluster[server].rows.items()}
        for server in SERVERS
    }


def of_clients(cluster: Cluster) -> History:
    return cluster.history.where("read", "write")


# --------------------------------------------------------------- a lost acknowledgement
def leader_dies(sync_followers: int) -> Cluster:
    """The leader loses its followers, answers on, and dies. s2 is promoted."""
    cluster = Cluster(
        Failover,
        servers=3,
        clients=1,
        seed=7,
        sync_followers=sync_followers,
        workload={"c1": writes("x", range(1, 6))},
    )
    cluster.at(12).split(("s1", "c1"), ("s2", "s3"))
    cluster.at(40).crash("s1").heal().call("s2", "promote")
    cluster.at(700).recover("s1")
    return cluster.run(until_ms=3000)


@pytest.mark.parametrize(("sync_followers", "outcome"), [(0, "invalid"), (1, "valid")])
def test_an_asynchronous_leader_takes_answered_writes_with_it(sync_followers, outcome):
    cluster = leader_dies(sync_followers)
    verdict = durability.acknowledged_writes(of_clients(cluster), final(cluster))
    assert verdict.outcome == outcome


def test_what_the_old_leader_had_is_discarded_when_it_comes_back():
    cluster = leader_dies(sync_followers=0)
    assert cluster.saw("discards the end of its log")
    assert cluster["s1"].log == cluster["s2"].log


# -------------------------------------------------------------------------- two leaders
def split_brain(sync_followers: int) -> Cluster:
    """s1 and c1 on one side, everybody else on the other; healed after a second."""
    cluster = Cluster(
        AutomaticFailover,
        servers=3,
        clients=2,
        seed=7,
        sync_followers=sync_followers,
        workload={
            "c1": writes("x", range(1, 40)),
            "c2": writes("y", range(1, 200)),
        },
    )
    cluster.at(100).split(("s1", "c1"), ("s2", "s3", "c2")).at(1100).heal()
    return cluster.run(until_ms=3000)


def leading_at(cluster: Cluster, at_ms: float) -> list[str]:
    """Who leads at this time, by their own notes."""
    leads = {"s1": True}
    for step in cluster.trace.where("note").between(0, at_ms):
        if str(step.what).startswith("leads"):
            leads[step.node] = str(step.what).startswith("leads epoch")
    return sorted(server for server, leading in leads.items() if leading)


def test_a_split_makes_two_leaders():
    cluster = split_brain(sync_followers=0)
    assert leading_at(cluster, 90) == ["s1"]
    assert len(leading_at(cluster, 1000)) == 2
    assert len(leading_at(cluster, 1500)) == 1


@pytest.mark.parametrize(("sync_followers", "outcome"), [(0, "invalid"), (1, "valid")])
def test_of_two_asynchronous_leaders_one_has_answered_in_vain(sync_followers, outcome):
    cluster = split_brain(sync_followers)
    verdict = durability.acknowledged_writes(of_clients(cluster), final(cluster))
    assert verdict.outcome == outcome


# ------------------------------------------------------------- a long pause, or a death
def silence(pause: bool) -> Cluster:
    """s1 says nothing more: it stands still, or it is dead."""
    cluster = Cluster(
        AutomaticFailover,
        servers=3,
        clients=1,
        seed=7,
        workload={"c1": writes("x", range(1, 30))},
    )
    if pause:
        cluster.at(100).pause("s1").at(900).resume("s1")
    else:
        cluster.at(100).crash("s1").at(900).recover("s1")
    return cluster.run(until_ms=2000)


def seen_by(cluster: Cluster, server: str, until_ms: float) -> list:
    """All that has happened to a node, as it sees it."""
    steps = cluster.trace.where("deliver", "fire", node=server).between(0, until_ms)
    return [(step.at_us, step.kind, step.peer, step.what) for step in steps]


def test_a_long_pause_looks_like_a_death():
    paused, dead = silence(pause=True), silence(pause=False)
    for server in ("s2", "s3"):
        assert seen_by(paused, server, 899) == seen_by(dead, server, 899)
    assert leading_at(paused, 800) == ["s1", "s2"]  # one of them stands still
    assert leading_at(paused, 950) == ["s2"]


# --------------------------------------------------------------------- the phantom read
def phantom(order: type) -> Cluster:
    """c2 reads while c1's write waits for followers that the leader cannot reach."""
    cluster = Cluster(
        order,
        servers=3,
        clients=2,
        seed=7,
        sync_followers=1,
        tries=3,
        workload={"c1": writes("x", range(1, 3))},
    )
    cluster.at(12).split(("s1", "c1", "c2"), ("s2", "s3"))
    cluster.at(30).call("c2", "read", "x")
    cluster.at(60).crash("s1").heal().call("s2", "promote")
    cluster.at(61).isolate("c1")  # nobody writes it again
    cluster.at(100).call("c2", "read", "x")
    return cluster.run(until_ms=3000)


@pytest.mark.parametrize(
    ("order", "seen", "outcome"),
    [(AfterCommit, [2, 1], "invalid"), (Failover, [1, 1], "valid")],
)
def test_after_commit_shows_what_nobody_finds_again(order, seen, outcome):
    cluster = phantom(order)
    reads = of_clients(cluster).where("read", process="c2")
    assert [op.result for op in reads] == seen
    assert sessions.monotonic_reads(of_clients(cluster)).outcome == outcome
    # whoever wrote has been told nothing wrong by either
    states = {s: final(cluster)[s] for s in ("s2", "s3")}
    verdict = durability.acknowledged_writes(of_clients(cluster), states)
    assert verdict.outcome == "valid"


# ---------------------------------------------------------------------------------- lag
def lag(client: type, reads_at: tuple[str, ...], sync_followers: int = 0) -> Cluster:
    """Write, then read at followers, of which s3 is far away."""
    far = {("s1", "s3"): Uniform(40, 60)}
    calls = tuple(
        call
        for value in range(1, 6)
        for call in (Call("write", ("x", value)), *[Call("read", ("x",))] * 3)
    )
    cluster = Cluster(
        SingleLeader,
        servers=3,
        clients=(client, 1),
        seed=7,
        network=Network(per_link=far),
        workload={"c1": calls},
        reads_at=reads_at,
        sync_followers=sync_followers,
    )
    return cluster.run(until_ms=3000)


def verdicts(cluster: Cluster) -> dict[str, str]:
    history = of_clients(cluster)
    return {
        name: getattr(sessions, name)(history).outcome
        for name in ("read_your_writes", "monotonic_reads")
    }


def test_a_follower_that_lags_does_not_show_what_one_has_written():
    cluster = lag(KeyValueClient, reads_at=("s3",))
    assert verdicts(cluster)["read_your_writes"] == "invalid"


def test_two_followers_show_the_newer_and_then_the_older():
    cluster = lag(KeyValueClient, reads_at=("s2", "s3"))
    assert verdicts(cluster)["monotonic_reads"] == "invalid"


@pytest.mark.parametrize("reads_at", [("s3",), ("s2", "s3"), ()])
def test_a_session_shows_neither(reads_at):
    cluster = lag(SessionClient, reads_at)
    assert set(verdicts(cluster).values()) == {"valid"}
    assert cluster.saw("too old for this session") == bool(reads_at)


def test_reads_at_the_leader_show_neither():
    cluster = lag(KeyValueClient, reads_at=())
    assert set(verdicts(cluster).values()) == {"valid"}


def test_nor_do_reads_anywhere_if_all_followers_are_synchronous():
    cluster = lag(KeyValueClient, reads_at=("s2", "s3"), sync_followers=2)
    assert set(verdicts(cluster).values()) == {"valid"}


# -------------------------------------------------------------------- consistent prefix
def conversation(client: type, boundary: str = "n") -> Cluster:
    """c1 asks, c2 sees it and answers, c3 watches at followers: q's is far away."""

    def asks(db):
        yield db.write("question", "How far can you see?")

    def answers(db):
        while not (yield db.read("question")):
            pass
        yield db.write("answer", "About ten seconds.")

    def watches(db):
        while not (yield db.read("answer")):
            pass
        yield db.read("question")

    cluster = Cluster(
        SingleLeader,
        left=(SingleLeader, 2),
        right=(SingleLeader, 2),
        clients=(client, 3),
        seed=7,
        network=Network(per_link={("r1", "r2"): Uniform(80, 90)}),
        workload={"c1": asks, "c2": answers, "c3": watches},
        per_node={"c3": {"reads_at": ("l2", "r2")}},
        boundary=boundary,
    )
    return cluster.run(until_ms=3000)


@pytest.mark.parametrize(
    ("client", "boundary", "outcome"),
    [
        (ShardedClient, "n", "invalid"),  # the answer is left, the question right
        (CausalClient, "n", "valid"),  # an answer says what it depends on
        (ShardedClient, "a", "valid"),  # both are right: one log, one order
        (ShardedClient, "z", "valid"),  # both are left
    ],
)
def test_an_answer_is_seen_before_its_question(client, boundary, outcome):
    cluster = conversation(client, boundary)
    history = of_clients(cluster)
    assert sessions.consistent_prefix(history).outcome == outcome
    assert sessions.writes_follow_reads(history).outcome == outcome
    last = history.where("read", process="c3")[-1]
    assert last.args == ("question",)
    assert (last.result is None) == (outcome == "invalid")


def test_the_causal_reader_goes_to_the_leader_for_what_a_follower_lacks():
    assert conversation(CausalClient).saw("a value came before what it depends on")


# ------------------------------------------------------------------------------ fencing
def old_leader_wakes_up(storage: type) -> Cluster:
    """s1 stands still with a write in its mailbox; meanwhile another leads."""
    cluster = Cluster(
        FencedLeader,
        servers=3,
        storage=(storage, 1),
        clients=2,
        seed=7,
        tries=2,
    )
    cluster.at(95).call("c1", "write", "x", "old")
    cluster.at(96).pause("s1").at(900).resume("s1")
    cluster.at(600).call("c2", "write", "x", "new")
    return cluster.run(until_ms=3000)


@pytest.mark.parametrize(
    ("storage", "effects"),
    [(Storage, ["new"]), (TrustingStorage, ["new", "old"])],
)
def test_a_token_stops_an_old_leader_only_where_it_is_checked(storage, effects):
    cluster = old_leader_wakes_up(storage)
    happened = [effect.value for effect in cluster["storage1"].effects]
    assert list(dict.fromkeys(happened)) == effects
    assert cluster.saw("refuses an old leader") == (storage is Storage)
