"""A replica that asks the others for its clients: steps, runs, what it may forget."""

import pytest
import test_quorum_runs as runs
from killed import broken

from distlab.codec import from_json, to_json
from distlab.events import DiskReport
from distlab.faults import Crash as CrashFault
from distlab.node import (
    Call,
    CancelTimer,
    Crash,
    Deliver,
    End,
    Fire,
    Note,
    Recover,
    Send,
    SetTimer,
)
from distlab.replication.coordinator import Coordinate, Coordinator, ThinClient
from distlab.replication.quorum import Fetch, Fetched, Repair, Resend, Store, Stored
from distlab.replication.siblings import Tombstone, Vector, Version
from distlab.sim import Cluster, Network

SERVERS = ("s1", "s2", "s3")
WRITE, READ = Call("write", ("x", "milk")), Call("read", ("x",))
MILK = Version("milk", Vector((("c1", 1),)))
EGGS = Version("eggs", Vector((("c2", 1),)))
BOTH = Version("both", Vector((("c1", 1), ("c2", 2))))


def client(**settings) -> ThinClient:
    return ThinClient("c1", servers=SERVERS, **settings)


def coordinator(**settings) -> Coordinator:
    return Coordinator("s1", SERVERS, servers=SERVERS, **settings)


def please(s1: Coordinator, request: Store | Fetch, src: str = "c1") -> list:
    return s1.step(Deliver(src, Coordinate(request)))


def sends(effects: list) -> list[Send]:
    return [effect for effect in effects if isinstance(effect, Send)]


# --------------------------------------------------------------------------- the client
def test_a_client_asks_one_replica_to_do_it_in_its_place():
    """§4.5, coordinator: the version is its own, so that it is the same everywhere."""
    assert client().step(WRITE) == [
        Send("s3", Coordinate(Store(1, "x", (MILK,)))),
        SetTimer(Resend(1), (50, 50)),
    ]


def test_the_first_answer_is_the_answer():
    """§4.5, coordinator: whoever answers has asked enough replicas."""
    c1 = client(r=3, w=3)
    c1.step(WRITE)
    done = [End(WRITE, "ok", MILK.vector), CancelTimer(Resend(1))]
    assert c1.step(Deliver("s2", Stored(1))) == done
    c1.step(READ)
    deleted = Version(Tombstone(), Vector((("c3", 1),)))
    found = c1.step(Deliver("s3", Fetched(2, (EGGS, deleted))))
    assert found[0] == End(READ, "ok", (EGGS,))
    assert sends(found) == []  # it repairs nobody
    assert c1.pending == {}


def test_without_an_answer_another_replica_is_asked_for_the_same():
    """§4.5, coordinator."""
    c1 = client(tries=3)
    c1.step(WRITE)
    again = [c1.step(Fire(Resend(1)))[0] for _ in range(2)]
    same = Coordinate(Store(1, "x", (MILK,)))
    assert again == [Send("s1", same), Send("s2", same)]
    assert c1.step(Fire(Resend(1))) == [End(WRITE, "info", "too few answers")]


# ---------------------------------------------------------------------- the coordinator
def test_a_coordinator_asks_all_replicas_itself_included():
    """§5, state machine: the number is its own, the version its client's."""
    effects = please(coordinator(), Store(7, "x", (MILK,)))
    assert sends(effects) == [Send(s, Store(1, "x", (MILK,))) for s in SERVERS]
    effects = please(coordinator(), Fetch(7, "x"))
    assert sends(effects) == [Send(s, Fetch(1, "x")) for s in SERVERS]


def test_it_answers_its_client_when_w_replicas_have_the_write():
    """§5, state machine: under the client's number."""
    s1 = coordinator(w=2)
    please(s1, Store(7, "x", (MILK,)), "c5")
    assert s1.step(Deliver("s1", Stored(1))) == []
    assert s1.step(Deliver("s3", Stored(1))) == [Send("c5", Stored(7))]
    assert s1.step(Deliver("s2", Stored(1))) == [CancelTimer(Resend(1))]


def test_it_answers_its_client_when_r_replicas_have_answered_and_repairs_the_others():
    """§5, state machine: tombstones too, which belong to what the client has seen."""
    s1 = coordinator(r=2)
    gone = Version(Tombstone(), Vector((("c2", 1), ("c3", 1))))
    please(s1, Fetch(7, "x"), "c5")
    s1.step(Deliver("s1", Fetched(1, (EGGS,))))
    assert sends(s1.step(Deliver("s2", Fetched(1, (gone,))))) == [
        Send("c5", Fetched(7, (gone,))),
        Send("s1", Repair("x", (gone,))),
    ]


def test_it_serves_several_clients_at_once():
    """§5, state machine: one for each request."""
    s1 = coordinator(w=1, r=1)
    please(s1, Store(7, "x", (MILK,)), "c1")
    please(s1, Fetch(7, "x"), "c2")
    assert sends(s1.step(Deliver("s2", Fetched(2, ())))) == [Send("c2", Fetched(7, ()))]
    assert sends(s1.step(Deliver("s2", Stored(1)))) == [Send("c1", Stored(7))]


def test_what_too_few_answer_it_leaves_to_another():
    """§5, state machine: its client asks again, here or there."""
    s1 = coordinator(tries=1)
    please(s1, Store(7, "x", (MILK,)))
    left = [Note("leaves it to another coordinator")]
    assert s1.step(Fire(Resend(1))) == left
    assert (s1.pending, s1.clients) == ({}, {})


def test_it_is_a_replica_as_the_others_are():
    s1 = coordinator()
    assert s1.step(Deliver("s2", Store(4, "x", (MILK,)))) == [Send("s2", Stored(4))]
    s1.step(Deliver("s3", Repair("x", (EGGS,))))
    s1.step(Crash(s1.saved()))
    s1.step(Recover(DiskReport()))
    told = [Send("s2", Fetched(5, (MILK, EGGS)))]
    assert s1.step(Deliver("s2", Fetch(5, "x"))) == told


@pytest.mark.parametrize("request_", [Store(7, "x", (MILK,)), Fetch(7, "x")])
def test_what_is_asked_is_the_same_on_the_wire(request_):
    assert from_json(to_json(Coordinate(request_))) == Coordinate(request_)


def test_a_coordinator_that_comes_back_counts_no_answer_to_its_former_life():
    s1 = coordinator(w=1)
    please(s1, Store(7, "x", (MILK,)))
    s1.step(Crash(s1.saved()))
    s1.step(Recover(DiskReport()))
    please(s1, Store(8, "x", (EGGS,)), "c2")
    late = s1.step(Deliver("s2", Stored(1)))
    assert late == [Note("answers a request that is over", dropped=True)]


# ------------------------------------------------------------------------- once, or not
def asked_twice(protocol: type) -> Cluster:
    """c1 asks s3, which stores the write everywhere and dies; so it asks s1 as well."""
    cluster = Cluster(protocol, servers=3, clients=2, network=Network(2))
    cluster.at(10).call("c1", "write", "x", "milk")
    cluster.at(15).crash("s3").at(200).recover("s3")
    cluster.at(300).call("c2", "read", "x")
    return cluster.run(until_ms=1000)


def test_a_write_that_is_asked_of_two_coordinators_is_there_once():
    """§4.5, coordinator."""
    cluster = asked_twice(Coordinator)
    asked = [s.peer for s in cluster.trace.where("send", node="c1")]
    assert asked == ["s3", "s1"]
    assert [v.value for v in cluster.history[-1].result] == ["milk"]
    assert broken(cluster, runs.acknowledged_writes_stay) == {}


class NamesVersionsItself(Coordinator):
    """As in Dynamo: a version is named by its coordinator and a number of its."""

    def on_coordinate(self, src, msg):
        request = msg.request
        if isinstance(request, Store):
            (version,) = request.siblings
            seen = [pair for pair in version.vector.counts if pair[0] != src]
            vector = Vector(tuple(seen)).then(self.id, self.number + 1)
            named = (Version(version.value, vector),)
            msg = Coordinate(Store(request.number, request.key, named))
        super().on_coordinate(src, msg)


def test_named_by_its_coordinators_it_is_there_twice():
    """§4.5, coordinator: nobody can tell that the two are one."""
    cluster = asked_twice(NamesVersionsItself)
    assert [v.value for v in cluster.history[-1].result] == ["milk", "milk"]


@pytest.mark.parametrize(
    ("protocol", "left"),
    [(Coordinator, ["milk", "eggs"]), (NamesVersionsItself, ["eggs"])],
)
def test_named_by_one_coordinator_two_clients_overwrite_each_other_unseen(
    protocol, left
):
    """§4.5, coordinator: a number of its own looks as if the second knew the first."""
    s1 = protocol("s1", SERVERS, servers=SERVERS)
    for version, client in ((MILK, "c1"), (EGGS, "c2")):
        please(s1, Store(1, "x", (version,)), client)
    for pending in list(s1.pending.values()):
        s1.step(Deliver("s1", pending.request))
    (told,) = s1.step(Deliver("s2", Fetch(5, "x")))
    assert [version.value for version in told.msg.siblings] == left


# ----------------------------------------------------------------------------- by seeds
@pytest.mark.parametrize("shape", runs.SHAPES)
@pytest.mark.parametrize("seed", range(15))
def test_what_quorums_promise_a_coordinator_keeps(seed, shape):
    assert broken(runs.run(Coordinator, seed, shape), *runs.PROMISES) == {}


@pytest.mark.soak
@pytest.mark.parametrize("shape", runs.SHAPES)
@pytest.mark.parametrize("seed", range(15, 515))
def test_what_quorums_promise_a_coordinator_keeps_for_five_hundred_seeds(seed, shape):
    assert broken(runs.run(Coordinator, seed, shape), *runs.PROMISES) == {}


def test_these_runs_take_the_rare_paths():
    made = [runs.run(Coordinator, seed, "symmetric") for seed in range(15)]
    assert any(cluster.saw("leaves it to another coordinator") for cluster in made)
    assert any(
        isinstance(fault, CrashFault) and fault.node.startswith("s")
        for cluster in made
        for fault in cluster.schedule
    )


# ------------------------------------------------------------------------------ mutants
class AsksTheSameAgain(ThinClient):
    def transmit(self, pending):
        self.send(self.servers[0], Coordinate(pending.request))


class WritesANewVersionAgain(ThinClient):
    def transmit(self, pending):
        if pending.tried > 1:
            version = self.version(pending.request.key, "milk")
            pending.request = Store(pending.request.number, "x", (version,))
        super().transmit(pending)


class CountsCoordinators(ThinClient):
    def enough(self, pending):
        return len(pending.held) >= self.w


class AnswersAtOnce(Coordinator):
    def enough(self, pending):
        return True


class KeepsTombstonesBack(Coordinator):
    def succeed(self, pending, newest):
        there = [v for v in newest if not isinstance(v.value, Tombstone)]
        super().succeed(pending, tuple(there))


class ForgetsItsNumber(Coordinator):
    def on_recover(self, report):
        super().on_recover(report)
        self.number = 0


class AnswersUnderItsOwnNumber(Coordinator):
    def succeed(self, pending, newest):
        number = pending.request.number
        self.clients[number] = self.clients[number][0], number
        super().succeed(pending, newest)


KILLED = {
    AsksTheSameAgain: test_without_an_answer_another_replica_is_asked_for_the_same,
    WritesANewVersionAgain: (
        test_without_an_answer_another_replica_is_asked_for_the_same
    ),
    CountsCoordinators: test_the_first_answer_is_the_answer,
    AnswersAtOnce: test_it_answers_its_client_when_w_replicas_have_the_write,
    KeepsTombstonesBack: (
        test_it_answers_its_client_when_r_replicas_have_answered_and_repairs_the_others
    ),
    ForgetsItsNumber: (
        test_a_coordinator_that_comes_back_counts_no_answer_to_its_former_life
    ),
    AnswersUnderItsOwnNumber: (
        test_it_answers_its_client_when_w_replicas_have_the_write
    ),
    NamesVersionsItself: (test_a_write_that_is_asked_of_two_coordinators_is_there_once),
}


@pytest.mark.parametrize("mutant", KILLED, ids=lambda mutant: mutant.__name__)
def test_what_forgets_a_rule_takes_a_wrong_step(mutant, monkeypatch):
    monkeypatch.setitem(globals(), mutant.__bases__[0].__name__, mutant)
    with pytest.raises(AssertionError):
        KILLED[mutant]()
