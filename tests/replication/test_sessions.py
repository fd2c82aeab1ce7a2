"""Session guarantees at followers that lag: step by step, and over many seeds."""

import pytest
from killed import broken, kill
from promises import SERVERS, clients_finish, session
from schedules import OVER_MS, Drawing

from distlab.node import Call, CancelTimer, Deliver, End, Note, Send
from distlab.replication.client import (
    KeyValueClient,
    Read,
    ReadReply,
    Timeout,
    WriteReply,
)
from distlab.replication.sessions import SessionClient
from distlab.replication.single_leader import SingleLeader
from distlab.sim import ClosedLoop, Cluster, Disk, Network, Uniform

GUARANTEES = tuple(
    session(name)
    for name in (
        "read_your_writes",
        "monotonic_reads",
        "monotonic_writes",
        "writes_follow_reads",
    )
)
CLIENTS = ("c1", "c2", "c3")
READ, WRITE = Call("read", ("x",)), Call("write", ("x", 1))


def client(**settings) -> SessionClient:
    return SessionClient("c1", servers=SERVERS, reads_at=("s2",), **settings)


def after_write(index: int, **settings) -> SessionClient:
    """A client that has written at this place of the log, and now reads."""
    c1 = client(**settings)
    c1.step(WRITE)
    c1.step(Deliver("s1", WriteReply(1, index)))
    c1.step(READ, choices=[("s2",)])
    return c1


def after_read(index: int, **settings) -> SessionClient:
    """A client that has read from a replica that was that far, and reads again."""
    c1 = client(**settings)
    c1.step(READ, choices=[("s2",)])
    c1.step(Deliver("s2", ReadReply(1, "a", index)))
    c1.step(READ, choices=[("s2",)])
    return c1


TOO_OLD = [Note("too old for this session"), Send("s1", Read(2, "x"))]


def taken(value) -> list:
    return [CancelTimer(Timeout()), End(READ, "ok", value)]


def test_an_answer_without_the_own_write_is_not_taken():
    """Table 1, updated on write, and Table 1, checked on read: read your writes."""
    assert after_write(7).step(Deliver("s2", ReadReply(2, None, 6))) == TOO_OLD
    assert after_write(7).step(Deliver("s2", ReadReply(2, 1, 7))) == taken(1)


def test_an_answer_older_than_the_last_is_not_taken():
    """Table 1, updated on read, and Table 1, checked on read: monotonic reads."""
    assert after_read(7).step(Deliver("s2", ReadReply(2, None, 6))) == TOO_OLD
    assert after_read(7).step(Deliver("s2", ReadReply(2, 1, 8))) == taken(1)


def test_a_guarantee_that_is_not_asked_for_is_not_given():
    stale = Deliver("s2", ReadReply(2, None, 6))
    assert after_write(7, read_your_writes=False).step(stale) == taken(None)
    assert after_read(7, monotonic_reads=False).step(stale) == taken(None)
    assert after_write(7, monotonic_reads=False).step(stale) == TOO_OLD
    assert after_read(7, read_your_writes=False).step(stale) == TOO_OLD


def test_an_answer_of_the_leader_may_be_too_old_as_well():
    """The follower had the write before the leader showed it: ask again, later."""
    c1 = after_read(7)
    c1.step(Deliver("s2", ReadReply(2, None, 6)))
    c1.step(Deliver("s1", ReadReply(2, None, 6)))
    assert c1.operation == READ


def test_the_answer_to_an_earlier_request_says_nothing_about_this_one():
    c1 = after_read(7)
    assert c1.step(Deliver("s2", ReadReply(1, "late", 9)))[0].dropped
    assert c1.read_index == 7


# --------------------------------------------------------------------------- many seeds
def run(client: type, seed: int, **settings) -> Cluster:
    """Three clients read at followers, one of them far away, under admitted faults."""
    calls = {
        c: tuple(
            Call("write", (key, f"{c}.{i}")) if i % 3 == 0 else Call("read", (key,))
            for i in range(16)
            for key in "xy"
        )
        for c in CLIENTS
    }
    cluster = Cluster(
        SingleLeader,
        servers=3,
        clients=(client, 3),
        seed=seed,
        network=Network(per_link={("s1", "s3"): Uniform(20, 80)}),
        disk=Disk(sync_ms=Uniform(0.1, 3)),
        faults=Drawing(seed, SERVERS, CLIENTS).schedule(SingleLeader.assumes),
        workload={c: ClosedLoop(calls[c], think_ms=Uniform(0, 30)) for c in CLIENTS},
        sync_followers=seed % 3,
        reads_at=("s2", "s3"),
        **settings,
    )
    return cluster.run(until_ms=OVER_MS + 4500)


@pytest.mark.parametrize("seed", range(30))
def test_a_session_keeps_its_guarantees_under_every_fault_that_is_admitted(seed):
    cluster = run(SessionClient, seed)
    assert broken(cluster, *GUARANTEES, clients_finish) == {}
    if seed % 3 == 0:  # all asynchronous: it has work to do
        assert cluster.saw("too old for this session")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(30, 1030))
def test_a_session_keeps_its_guarantees_for_a_thousand_seeds(seed):
    assert broken(run(SessionClient, seed), *GUARANTEES, clients_finish) == {}


# ------------------------------------------------------------------------------ mutants
class RemembersNoWrites(SessionClient):
    def on_write_reply(self, src, msg):
        KeyValueClient.on_write_reply(self, src, msg)


class RemembersNoReads(SessionClient):
    def on_read_reply(self, src, msg):
        before = self.read_index
        super().on_read_reply(src, msg)
        self.read_index = before


class ComparesNothing(SessionClient):
    def fresh_enough(self, msg):
        return True


class TakesTheLeadersWord(SessionClient):
    def fresh_enough(self, msg):
        return not self.request.anywhere or super().fresh_enough(msg)


@pytest.mark.parametrize(
    ("mutant", "guarantee"),
    [
        (RemembersNoWrites, "read_your_writes"),
        (RemembersNoReads, "monotonic_reads"),
        (ComparesNothing, "read_your_writes"),
        (ComparesNothing, "monotonic_reads"),
    ],
)
def test_what_forgets_a_rule_breaks_a_guarantee(mutant, guarantee):
    promise = session(guarantee)
    kill(mutant, 0, promise, (promise,), run, right=SessionClient)


def test_what_trusts_the_leader_takes_a_wrong_step(monkeypatch):
    monkeypatch.setitem(globals(), "SessionClient", TakesTheLeadersWord)
    with pytest.raises(AssertionError):
        test_an_answer_of_the_leader_may_be_too_old_as_well()
